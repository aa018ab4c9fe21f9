// Edges of the guards that ask about the breach (G1–G5), and the facts that a verdict carries.
import { describe, expect, test } from 'vitest';
import { sharesDiffer } from '../../src/domain/evidence-test.ts';
import {
  type DecisionFacts,
  judgeControl,
  judgeLocalization,
  judgeRecentChange,
  judgeSignificance,
  judgeUpstream,
  localityOf,
  type TargetFacts,
} from '../../src/domain/guardrail.ts';
import type { TriggerView } from '../../src/domain/trigger.ts';
import { trigger } from '../flows/detect-rules.ts';
import { breached, change, facts, HOUR, limits, MINUTE, many, NOW, SINCE, transition, view } from './guard-case.ts';

describe('G1, what it sees', () => {
  const look = (o: Partial<DecisionFacts>) => judgeSignificance(facts(o), limits);

  test('is the view of the organization that the plan touches, as it is now', () => {
    expect(look({ views: [view('globex', { value: 9 }), breached('acme')] })).toEqual({
      guard: 'G1',
      answer: 'pass',
      reason: 'G1.act-level',
      facts: {
        scope: 'acme',
        status: 'breached',
        level: 'act',
        value: 0.4,
        bad: 200,
        all: 500,
        unknown: false,
        warming: false,
        watermark: NOW - 3,
        pValue: 1e-90,
        alpha: { suspect: 1e-3, act: 1e-5 },
      },
    });
  });

  test('is that of the breach where the plan touches all, or somebody that the trigger does not know', () => {
    const views = [view('globex'), breached('acme')];
    expect([look({ views, scope: null }).answer, look({ views, scope: 'initech' }).answer]).toEqual(['pass', 'pass']);
    expect(look({ views, scope: 'globex' })).toMatchObject({ reason: 'G1.not-breached', facts: { scope: 'globex' } });
  });

  test('is nothing where neither is known', () => {
    expect(look({ views: [view('globex')], scope: null })).toEqual({
      guard: 'G1',
      answer: 'inconclusive',
      reason: 'G1.no-data',
      facts: { scope: null },
    });
  });
});

describe('G2, the time of a change', () => {
  const reason = (changes: readonly TargetFacts[], now = NOW) => judgeRecentChange({ now, changes, transition }, limits).reason;

  test('may lie one window after the first crossing, and no millisecond more', () => {
    const latest = SINCE + 5 * MINUTE;
    expect([reason([change({ at: latest })]), reason([change({ at: latest + 1 })])]).toEqual([
      'G2.recent-change',
      'G2.changed-after-breach',
    ]);
  });

  test('may lie an hour before the first crossing, and no millisecond more', () => {
    const earliest = SINCE - limits.changedWithinMs;
    expect([reason([change({ at: earliest })]), reason([change({ at: earliest - 1 })])]).toEqual([
      'G2.recent-change',
      'G2.no-recent-change',
    ]);
  });

  test('is measured from now where a clock puts the breach into the future', () => {
    const early = SINCE - HOUR;
    expect([reason([change({ at: early - HOUR })], early), reason([change({ at: early - HOUR - 1 })], early)]).toEqual([
      'G2.recent-change',
      'G2.no-recent-change',
    ]);
  });

  test('counts of every target that the plan switches, and of no other', () => {
    const old = { at: SINCE - 2 * HOUR };
    expect(reason([change(), change({ step: 'flag', ...old })])).toBe('G2.no-recent-change');
    expect(reason([change(), change({ step: 'flag', ...old, switches: false })])).toBe('G2.recent-change');
    expect(reason([change(), change({ at: null })])).toBe('G2.change-unknown');
    expect(reason([change({ at: SINCE + HOUR }), change({ at: null })])).toBe('G2.change-unknown');
    expect(reason([change({ at: null }), change({ impossible: 'pruned' })])).toBe('G2.not-restorable');
    expect(reason([change(), change({ at: SINCE + HOUR })])).toBe('G2.changed-after-breach');
    expect(reason([])).toBe('G2.nothing-switches');
  });

  test('is told with every target', () => {
    expect(judgeRecentChange({ now: NOW, changes: [change(), change({ switches: false })], transition }, limits).facts).toEqual({
      since: SINCE,
      changedWithinMs: HOUR,
      targets: [{ step: 'roll', target: 'target:shop', at: SINCE - MINUTE, to: 'v1', impossible: null }],
    });
  });
});

describe('G3, one or all', () => {
  test('is nobody where nothing is active, and counts the breached one whatever its view says by now', () => {
    expect(localityOf([], 'acme', limits)).toBe('inconclusive');
    expect(localityOf([view('acme', { all: 0 }), view('b')], 'acme', limits)).toBe('local');
    expect(localityOf([view('b', { all: 0 }), view('c', { all: 0 })], 'acme', limits)).toBe('inconclusive');
  });

  test('is local below a fifth, with one healthy organization, and global from a fifth on', () => {
    const of = (hit: number, healthy: number, sick = 0) =>
      localityOf(
        [
          breached('acme'),
          ...many(hit - 1, breached, 'b'),
          ...many(healthy, view, 'h'),
          ...many(sick, (s) => view(s, { overLimit: true }), 's'),
        ],
        'acme',
        limits,
      );
    expect([of(5, 21), of(5, 20), of(6, 25), of(6, 24)]).toEqual(['local', 'global', 'local', 'global']);
    expect([of(5, 0, 21), of(5, 0, 20), of(4, 0, 1), of(4, 1)]).toEqual(['inconclusive', 'global', 'inconclusive', 'local']);
  });

  test('takes an organization for healthy only when it is seen at rest, with traffic', () => {
    const other = (o: Partial<TriggerView>) => localityOf([breached('acme'), view('b', o)], 'acme', limits);
    expect(other({})).toBe('local');
    for (const o of [{ status: 'cleared' }, { unknown: true }, { warming: true }, { overLimit: true }] as const)
      expect([o, other(o)]).toEqual([o, 'inconclusive']);
    expect(other({ all: 0 })).toBe('global');
  });

  test('is told with the counts, twenty names at most and the newest watermark', () => {
    const views = [breached('acme'), ...many(24, breached, 'b'), ...many(2, view, 'h'), view('late', { watermark: NOW })];
    const { facts: seen, reason, answer } = judgeLocalization(facts({ views }), limits);
    expect([reason, answer]).toEqual(['G3.global-but-plan-is-not', 'fail']);
    expect(seen).toEqual({
      locality: 'global',
      active: 28,
      inBreach: 25,
      knownHealthy: 3,
      localShare: 0.2,
      plan: 'acme',
      hit: ['acme', ...Array.from({ length: 19 }, (_, index) => `b${index}`)],
      watermark: NOW,
    });
    expect(judgeLocalization(facts({ views, scope: null }), limits)).toMatchObject({
      answer: 'pass',
      reason: 'G3.global',
      facts: { plan: '*' },
    });
    expect(judgeLocalization(facts(), limits)).toMatchObject({ answer: 'pass', reason: 'G3.local' });
    expect(judgeLocalization(facts({ views: [] }), limits).facts).toMatchObject({ watermark: 0, active: 0 });
  });

  test('does not apply without a rule or with one scope', () => {
    for (const rule of [null, trigger('ratio', { scope: 'all' })])
      expect(judgeLocalization(facts({ rule }), limits)).toEqual({
        guard: 'G3',
        answer: 'not-applicable',
        reason: 'G3.one-scope',
        facts: {},
      });
  });
});

describe('G4, the services of others', () => {
  test('one that is down weighs more than one that is not known', () => {
    const upstreams = [
      { id: 'pay', healthy: null },
      { id: 'db', healthy: false },
      { id: 'mail', healthy: true },
    ];
    expect(judgeUpstream({ upstreams }, limits)).toEqual({ guard: 'G4', answer: 'fail', reason: 'G4.upstream-down', facts: { upstreams } });
    expect(judgeUpstream({ upstreams: [upstreams[2], upstreams[0]] as typeof upstreams }, limits).reason).toBe('G4.upstream-unknown');
    expect(judgeUpstream({}, limits)).toEqual({
      guard: 'G4',
      answer: 'not-applicable',
      reason: 'G4.none-declared',
      facts: { upstreams: [] },
    });
  });
});

describe('G5, worse than the others', () => {
  const judge = (o: Partial<DecisionFacts>) => judgeControl(facts(o), limits);

  test('never passes an organization that is better than the others, however large the numbers are', () => {
    const views = [breached('acme', { bad: 100, all: 1_000 }), breached('globex', { bad: 90_000, all: 100_000 })];
    expect(judge({ views })).toMatchObject({ answer: 'inconclusive', reason: 'G5.not-worse', facts: { pValue: 1 } });
  });

  test('compares with all others that are seen, together', () => {
    const views = [
      breached('acme', { bad: 8, all: 100 }),
      view('globex', { bad: 1, all: 300 }),
      view('initech', { bad: 2, all: 400 }),
      view('hidden', { bad: 400, all: 400, unknown: true }),
      view('idle', { bad: 7, all: 0 }),
    ];
    const pValue = sharesDiffer({ bad: 8, all: 100 }, { bad: 3, all: 700 });
    expect(judge({ views })).toEqual({
      guard: 'G5',
      answer: 'pass',
      reason: 'G5.worse',
      facts: { scope: 'acme', bad: 8, all: 100, controlBad: 3, controlAll: 700, alpha: 1e-3, pValue },
    });
  });

  test('asks for less than one in a thousand', () => {
    const at = (bad: number) => judge({ views: [breached('acme', { bad, all: 100 }), view('globex', { bad: 1, all: 100 })] });
    const first = Array.from({ length: 100 }, (_, bad) => bad).find((bad) => at(bad).answer === 'pass') ?? 0;
    expect(at(first).facts['pValue']).toBeLessThan(1e-3);
    expect(at(first - 1).facts['pValue']).toBeGreaterThanOrEqual(1e-3);
    expect(at(first - 1).answer).toBe('inconclusive');
  });

  test('takes a bad event more than there are events for a reading between two counters', () => {
    const views = [breached('acme', { bad: 12, all: 10 }), view('globex', { bad: 11, all: 10 })];
    expect(judge({ views })).toMatchObject({ reason: 'G5.not-worse', facts: { bad: 12, all: 10, pValue: 1 } });
  });

  test('says nothing without traffic on both sides', () => {
    expect(judge({ views: [view('globex')] })).toEqual({
      guard: 'G5',
      answer: 'inconclusive',
      reason: 'G5.no-data',
      facts: { scope: 'acme' },
    });
    expect(judge({ views: [breached('acme', { all: 0 }), view('globex')] }).reason).toBe('G5.no-data');
    expect(judge({ views: [breached('acme')] })).toMatchObject({ reason: 'G5.no-control-data', facts: { controlAll: 0 } });
  });

  test('does not apply to all, nor to a trigger without organizations, nor without one', () => {
    for (const o of [{ scope: null }, { rule: null }, { rule: trigger('ratio', { scope: 'all' }) }])
      expect(judge(o)).toEqual({ guard: 'G5', answer: 'not-applicable', reason: 'G5.no-control', facts: {} });
  });
});
