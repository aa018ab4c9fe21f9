// Kinds of signals as people write them: what each becomes, and what is said of one that cannot be.
import { describe, expect, test } from 'vitest';
import type { SignalKind } from '../../src/domain/signal.ts';
import type { TriggerRule } from '../../src/domain/trigger.ts';
import { fixture, lintFolder, told, workspace } from './workspace.ts';

const BASE = fixture('base/belay.yaml');
const SIGNAL = `    ratio: { bad: 'http_requests_total{code=~"5.."}', all: http_requests_total }\n`;
const BREACH = 'breach: { above: 2%, over: 10s }\n    clear: { below: 1%, for: 5s }';

function loaded(signal: string, trigger: string) {
  expect(BASE).toContain(SIGNAL);
  expect(BASE).toContain(BREACH);
  const text = BASE.replace(SIGNAL, `    ${signal}\n`).replace(BREACH, trigger);
  return lintFolder(workspace({ 'belay.yaml': text }));
}

const of = (name: string) => ({ name, labels: [] });

describe('a signal', () => {
  test.each<[string, string, SignalKind, Partial<TriggerRule>]>([
    [
      'fractionAbove: { of: latency_seconds, limit: 500ms }',
      'breach: { above: 20%, over: 10s }\n    clear: { below: 10%, for: 5s }',
      { kind: 'fractionAbove', of: of('latency_seconds'), limit: 0.5 },
      { breach: { above: 0.2, overMs: 10_000, stillMs: 833, forMs: 0 } },
    ],
    [
      'quantile: { of: latency_seconds, q: 99% }',
      'breach: { above: 500ms, over: 5m }\n    clear: { below: 300ms, for: 5m }',
      { kind: 'quantile', of: of('latency_seconds'), q: 0.99 },
      { breach: { above: 0.5, overMs: 300_000, stillMs: 25_000, forMs: 0 }, clear: { below: 0.3, forMs: 300_000 } },
    ],
    [
      'count: failures_total',
      'breach: { above: 3, over: 10m }\n    clear: { below: 1, for: 5m }',
      { kind: 'count', of: of('failures_total') },
      { breach: { above: 3, overMs: 600_000, stillMs: 50_000, forMs: 0 } },
    ],
    [
      'event: { of: crashes }',
      'breach: { over: 1h }\n    clear: { for: 10m }',
      { kind: 'event', of: of('crashes') },
      { breach: { overMs: 3_600_000, stillMs: 300_000, forMs: 0 }, clear: { forMs: 600_000 } },
    ],
    [
      'distinct: { of: \'complaints{kind="bug"}\', label: user }',
      'breach: { above: 3, over: 1h }\n    clear: { below: 1, for: 10m }',
      { kind: 'distinct', of: { name: 'complaints', labels: [{ label: 'kind', op: '=', value: 'bug' }] }, label: 'user' },
      { breach: { above: 3, overMs: 3_600_000, stillMs: 300_000, forMs: 0 } },
    ],
    [
      'age: last_backup_seconds',
      'breach: { above: 15m }\n    clear: { below: 10m, for: 1m }',
      { kind: 'age', of: of('last_backup_seconds') },
      { breach: { above: 900, overMs: 1, stillMs: 1, forMs: 0 }, clear: { below: 600, forMs: 60_000 }, rearmMs: 60_000 },
    ],
  ])('%s is read with its trigger', (signal, trigger, kind, rule) => {
    const { system, diagnostics } = loaded(signal, trigger);
    expect(diagnostics.filter((one) => one.severity === 'error')).toEqual([]);
    expect(system?.signals[0]?.signal).toEqual(kind);
    expect(system?.triggers[0]).toMatchObject(rule);
  });

  test('over triggers names them and how many', () => {
    const more = `${BASE}`.replace(
      'triggers:\n',
      `triggers:
  tardy: { signal: { count: slow_total, by: org }, scope: org, breach: { above: 1, over: 1m }, clear: { for: 1m } }
  several: { signal: { composite: { of: [http-5xx, tardy], atLeast: 2 } }, scope: org, clear: { for: 5m } }
`,
    );
    const { system, diagnostics } = lintFolder(workspace({ 'belay.yaml': more }));
    expect(diagnostics.filter((one) => one.severity === 'error')).toEqual([]);
    expect(system?.signals.find((one) => one.id === 'several.signal')?.signal).toEqual({
      kind: 'composite',
      of: ['http-5xx', 'tardy'],
      atLeast: 2,
    });
  });
});

describe('what cannot be', () => {
  test.each<[string, string, string, string]>([
    [
      'a limit of an age without a window is no mistake, but no limit is',
      'age: last_backup_seconds',
      'breach: { over: 1m }\n    clear: { for: 1m }',
      'missing-key',
    ],
    ['a count without a window', 'count: failures_total', 'breach: { above: 3 }\n    clear: { for: 1m }', 'trigger-window-missing'],
    [
      'a duration as the limit of a share',
      'fractionAbove: { of: a, limit: 1s }',
      'breach: { above: 500ms, over: 1m }\n    clear: { for: 1m }',
      'limit',
    ],
    ['a limit of a histogram that is neither number nor duration', 'fractionAbove: { of: a, limit: soon }', BREACH, 'wrong-type'],
    [
      'a composite of a trigger that is not there',
      'composite: { of: [http-5xxx, two], atLeast: 1 }',
      'clear: { for: 1m }',
      'unknown-trigger',
    ],
    ['a quantile of everything', 'quantile: { of: a, q: 1 }', 'breach: { above: 1s, over: 1m }\n    clear: { for: 1m }', 'wrong-type'],
    ['a quantile that is too low', 'quantile: { of: a, q: 0.5 }', 'breach: { below: 1s, over: 1m }\n    clear: { for: 1m }', 'limit'],
    ['distinct values of what is no label', 'distinct: { of: a, label: "a b" }', BREACH, 'wrong-type'],
    [
      'different organizations in each organization',
      'distinct: { of: a, label: org }',
      'breach: { above: 3, over: 1m }\n    clear: { for: 1m }',
      'signal-kind',
    ],
    ['a share of distinct values', 'distinct: { of: a, label: user }', 'breach: { above: 5m, over: 1m }\n    clear: { for: 1m }', 'limit'],
    ['a composite of itself', 'composite: { of: [http-5xx, http-5xx], atLeast: 1 }', 'clear: { for: 1m }', 'unknown-trigger'],
  ])('%s', (_name, signal, trigger, rule) => {
    expect(told(loaded(signal, trigger)).map((line) => line.split(' ')[1])).toContain(rule);
  });

  test('a running sum of what is no share, or is not above a limit', () => {
    const rules = (signal: string, breach: string) =>
      told(loaded(signal, `detector: cusum\n    breach: ${breach}\n    clear: { for: 5s }`)).map((line) => line.split(' ')[1]);
    const ratio = SIGNAL.trim();
    expect(rules('rate: a', '{ above: 5/min, over: 1m }')).toContain('detector');
    expect(rules(ratio, '{ below: 5%, over: 1m }')).toContain('detector');
    expect(rules(ratio, '{ above: 2%, over: 10s }')).not.toContain('detector');
  });

  test('users that are counted by one signal alone, by a share, or without telling organizations apart', () => {
    const guarded = (guards: string) =>
      BASE.replace(
        'signals:\n',
        `guards: ${guards}\nsignals:\n  users: { distinct: { of: requests, label: user }, by: org }\n  visitors: { distinct: { of: requests, label: user } }\n`,
      );
    const rules = (guards: string) => told(lintFolder(workspace({ 'belay.yaml': guarded(guards) }))).map((line) => line.split(' ')[1]);
    expect(rules('{ affected: users, active: users }')).toEqual(
      told(lintFolder(workspace({ 'belay.yaml': BASE }))).map((line) => line.split(' ')[1]),
    );
    expect(rules('{ affected: users }')).toContain('missing-key');
    expect(rules('{ affected: users, active: userss }')).toContain('unknown-signal');
    expect(rules('{ affected: http.errors, active: users }')).toContain('signal-kind');
    expect(rules('{ affected: users, active: visitors }')).toContain('trigger-scope');
    const own = BASE.replace('mode: armed', 'guards: { affected: users, active: users }\n    mode: armed').replace(
      'signals:\n',
      'signals:\n  users: { distinct: { of: requests, label: user }, by: org }\n',
    );
    expect(lintFolder(workspace({ 'belay.yaml': own })).system?.triggers[0]?.users).toEqual({ affected: 'users', active: 'users' });
  });

  test('a composite that more triggers than it has would have to breach', () => {
    const more = BASE.replace(
      'triggers:\n',
      'triggers:\n  several: { signal: { composite: { of: [http-5xx, http-5xx], atLeast: 3 } }, scope: org, clear: { for: 5m } }\n',
    );
    expect(told(lintFolder(workspace({ 'belay.yaml': more })))).toContain('belay.yaml:21 limit');
  });
});
