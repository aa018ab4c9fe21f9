// Rule files as people write them: what says one of Belay's signals becomes exactly that, and everything else says why not.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { importPrometheusRules } from '../../../src/adapters/prometheus-rules/index.ts';
import { recognise } from '../../../src/adapters/prometheus-rules/recognise.ts';
import { parsePromql } from '../../../src/adapters/prometheus-rules/syntax.ts';
import { loadAndLint } from '../../../src/config/lint.ts';
import { BelayError } from '../../../src/domain/errors.ts';
import type { System } from '../../../src/domain/system.ts';
import { TOOLS } from '../../config/workspace.ts';

const ENV = { PROMETHEUS_URL: 'http://127.0.0.1:9090', ALERTS_SECRET: 'c2VjcmV0' };
const fileOf = (name: string) => ({ name, text: readFileSync(path.join(import.meta.dirname, 'rules', name), 'utf8') });
const importText = (text: string) => importPrometheusRules([{ name: 'rules.yml', text }], (what) => `why ${what}`);
const ruleOf = (expr: string): string => `groups:\n  - name: g\n    rules:\n      - alert: One\n        expr: ${JSON.stringify(expr)}\n`;

/** As the loader reads it; it has nothing to say. */
function loaded(fragment: string): System {
  const { system, diagnostics } = load(fragment);
  expect(diagnostics.filter((one) => one.severity === 'error')).toEqual([]);
  if (system === null) throw new Error('the fragment cannot be read');
  return system;
}

function load(fragment: string): ReturnType<typeof loadAndLint> {
  const folder = mkdtempSync(path.join(tmpdir(), 'belay-imported-'));
  try {
    // Where no rule is polled, the counters come from a page that is there already.
    const sources = fragment.startsWith('sources:') ? '' : 'sources:\n  shop: { driver: push, every: 1s }\n';
    writeFileSync(path.join(folder, 'belay.yaml'), `belay: 1\nname: Imported\n${sources}${fragment}`);
    return loadAndLint(folder, { ...TOOLS, env: ENV });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe('rules of a shop', () => {
  const { fragment, rules } = importPrometheusRules([fileOf('shop.yml')], (what) => `why ${what}`);
  const system = loaded(fragment);
  const of = (id: string) => {
    const rule = system.triggers.find((one) => one.id === id);
    return { rule, spec: system.signals.find((one) => one.id === rule?.signal) };
  };
  const all = { name: 'http_requests_total', labels: [] };
  const bad = { name: 'http_requests_total', labels: [{ label: 'code', op: '=~', value: '5..' }] };
  const MINUTE = 60_000;

  test.each([
    ['error-ratio', { kind: 'ratio', bad, all }, 'org', { above: 0.02, overMs: 5 * MINUTE, stillMs: 5 * MINUTE, forMs: 10 * MINUTE }],
    ['error-percent', { kind: 'ratio', bad, all }, null, { above: 0.05, overMs: 15 * MINUTE, stillMs: 15 * MINUTE, forMs: 0 }],
    ['error-budget-burn', { kind: 'ratio', bad, all }, null, { above: 0.0144, overMs: 60 * MINUTE, stillMs: 5 * MINUTE, forMs: 0 }],
    ['error-budget-burn-2', { kind: 'ratio', bad, all }, null, { above: 0.006, overMs: 360 * MINUTE, stillMs: 30 * MINUTE, forMs: 0 }],
    [
      'slow',
      { kind: 'fractionAbove', of: { name: 'http_request_duration_seconds', labels: [] }, limit: 0.5 },
      'org',
      { above: 0.01, overMs: 10 * MINUTE, stillMs: 10 * MINUTE, forMs: 0 },
    ],
    [
      'mean-slow',
      {
        kind: 'mean',
        sum: { name: 'http_request_duration_seconds_sum', labels: [] },
        count: { name: 'http_request_duration_seconds_count', labels: [] },
      },
      null,
      { above: 0.3, overMs: 10 * MINUTE, stillMs: 10 * MINUTE, forMs: 0 },
    ],
    ['many-crashes', { kind: 'count', of: { name: 'crashes_total', labels: [] } }, null, { above: 3, overMs: 30 * MINUTE, forMs: 0 }],
    [
      'login-storm',
      { kind: 'rate', of: { name: 'logins_failed_total', labels: [] } },
      'org',
      { above: 30, overMs: 5 * MINUTE, stillMs: 5 * MINUTE, forMs: 0 },
    ],
    ['quiet', { kind: 'absent', of: all }, 'org', { overMs: 30 * MINUTE, forMs: 0 }],
    ['errors-with-traffic', { kind: 'ratio', bad, all }, 'org', { above: 0.05, overMs: 5 * MINUTE, stillMs: 5 * MINUTE, forMs: 0 }],
  ])('%s is that signal with that limit and those windows', (id, kind, by, breach) => {
    const { rule, spec } = of(id);
    expect(spec?.signal).toEqual(kind);
    expect([spec?.by, rule?.scope]).toEqual([by, by === null ? 'all' : 'org']);
    expect(rule?.breach).toMatchObject(breach);
    expect(rule?.mode).toBe('shadow');
  });

  test('a longer firing is the time of the end', () => {
    expect(of('error-ratio').rule?.clear?.forMs).toBe(15 * MINUTE);
  });

  test.each([
    ['ErrorsByPath', 'polled', 'labels'],
    ['AnyErrors', 'polled', 'each-series'],
    ['SuccessLow', 'polled', 'direction'],
    ['QueueBehind', 'foreign', 'no-comparison'],
    ['ErrorsUnlessDeploy', 'foreign', 'no-comparison'],
    ['Broken', 'foreign', 'syntax'],
    ['HighErrorRatio', 'polled', 'form'],
  ])('%s is no signal of Belay: it is offered as %s, because of %s', (name, became, why) => {
    expect(rules.find((one) => one.rule === name)).toMatchObject({ became, why });
  });

  test('what is polled asks for the value with its worst series, and what is foreign for the alert itself', () => {
    const [engine, alerts] = system.sources;
    expect(engine).toMatchObject({
      id: 'engine',
      driver: 'promql',
      as: 'values',
      queries: {
        success_low: 'min(sum(rate(http_requests_total{code="200"}[5m])) / sum(rate(http_requests_total[5m])))',
        any_errors: 'max(rate(http_requests_total{code="500"}[5m]))',
      },
    });
    expect(alerts).toMatchObject({ id: 'alerts', driver: 'alerts' });
    expect(of('success-low')).toMatchObject({ rule: { breach: { below: 0.95 } }, spec: { sources: ['engine'] } });
    expect(of('broken').spec?.signal).toEqual({
      kind: 'gauge',
      of: { name: 'alert_firing', labels: [{ label: 'alertname', op: '=', value: 'Broken' }] },
    });
  });

  test('what a person must look at is told, rule by rule', () => {
    expect(rules.find((one) => one.rule === 'ErrorPercent')?.notes).toEqual(['or-equal']);
    expect(rules.find((one) => one.rule === 'ErrorsWithTraffic')?.notes).toEqual(['minimum-dropped']);
    expect(rules.find((one) => one.rule === 'ErrorRatio')?.notes).toEqual([]);
    expect(fragment).toContain('# ! why minimum-dropped');
  });
});

describe('rules of exporters', () => {
  const { fragment, rules } = importPrometheusRules([fileOf('node.yml')], (what) => `why ${what}`);
  const system = loaded(fragment);

  test('each became what its expression says, or says why not', () => {
    expect(rules.map(({ rule, became, why }) => [rule, became, why])).toEqual([
      ['HostOutOfMemory', 'polled', 'form'],
      ['HostHighCpuLoad', 'polled', 'form'],
      ['HostLoad', 'trigger', null],
      ['TargetDown', 'foreign', 'form'],
      ['FilesystemFillsUp', 'polled', 'form'],
      ['BackupOld', 'trigger', null],
      ['TextfileOld', 'trigger', null],
      ['NoRequests', 'trigger', null],
      ['ExporterGone', 'foreign', 'form'],
    ]);
    expect(rules.find((one) => one.rule === 'BackupOld')).toMatchObject({ line: 27, group: 'node', notes: ['not-org'] });
    expect(system.triggers.find((one) => one.id === 'backup-old')?.breach?.above).toBe(93_600);
    expect(system.triggers.find((one) => one.id === 'no-requests')?.breach).toMatchObject({ overMs: 600_000, forMs: 0 });
  });

  test('labels and annotations stand beside them as comments, with their templates unread', () => {
    for (const text of [
      'severity: warning',
      'instance {{ $labels.instance }}',
      'runbook_url: https://runbooks.example/load',
      '  VALUE = {{ $value }}',
    ])
      expect(fragment).toContain(text);
    expect(
      fragment
        .split('\n')
        .filter((line) => line.includes('{{'))
        .every((line) => line.trimStart().startsWith('#')),
    ).toBe(true);
  });
});

describe('a file', () => {
  test.each([
    ['that is no YAML', 'groups:\n  - name: [\n', /^rules\.yml:\d+:\d+: this is no YAML/],
    ['without groups', 'hello: 1\n', /rules\.yml:1:1: there is no list "groups"/],
    ['with a rule without expr', 'groups:\n  - name: g\n    rules:\n      - alert: A\n', /^rules\.yml:4:9: a rule has no expr/],
    ['with a time that is none', `${ruleOf('up')}        for: soon\n`, /^rules\.yml:4:9: for is no duration/],
    ['that would read the environment', ruleOf('x{a="{env.HOME}"} > 1'), /^rules\.yml:4:9: expr holds "\{env\."/],
    ['that is too long', `groups: []\n#${'x'.repeat(4 * 1024 * 1024)}`, /longer than 4194304 characters/],
    [
      'of too many rules',
      `groups:\n  - name: g\n    rules:\n${'      - { alert: A, expr: up }\n'.repeat(5_001)}`,
      /5001 rules, and at most 5000/,
    ],
    [
      'whose aliases multiply',
      `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefgh'
        .split('')
        .map((key, at) => `${key}: &${key} [${Array(9).fill(`*${'abcdefg'[at]}`).join(',')}]`)
        .join('\n')}\ngroups: *h\n`,
      /cannot be read|no list/,
    ],
  ])('%s is refused with its place', (_what, text, says) => {
    expect(() => importText(text)).toThrow(says);
    expect(() => importText(text)).toThrow(BelayError);
  });

  test('of no alerting rule is an empty fragment', () => {
    expect(importText('groups:\n  - name: g\n    rules:\n      - { record: a, expr: b }\n')).toEqual({ fragment: '', rules: [] });
  });

  test('whose names and comments try to be something else stays what it is', () => {
    const evil = 'x_total{a="\\n  evil: 1 # }} "} > 1';
    const text = `groups:\n  - name: "g\\n  evil: 1"\n    rules:\n      - alert: "A\\nb: 1"\n        expr: ${JSON.stringify(`max(${evil})`)}\n        annotations: { "k\\nz: 1": "v\\r\\u2028y: 1" }\n`;
    const system = loaded(importText(text).fragment);
    expect(system.triggers.map(({ id }) => id)).toEqual(['a-b-1']);
  });

  test('of topk is polled by its worst series, and not cut by a label of which it gives several', () => {
    const { fragment, rules } = importText(ruleOf('topk by (org) (3, rate(x_total[5m])) > 4'));
    expect(rules).toMatchObject([{ became: 'polled', why: 'form', notes: [] }]);
    expect(fragment).toContain('one: "max(topk by (org) (3, rate(x_total[5m])))"');
  });

  test('of five thousand rules is read within bounds', () => {
    const one = `      - { alert: R, expr: 'sum(rate(a{code=~"5.."}[1h])) / sum(rate(a[1h])) > 0.01 and sum(rate(a{code=~"5.."}[5m])) / sum(rate(a[5m])) > 0.01' }\n`;
    const { rules } = importText(`groups:\n  - name: g\n    rules:\n${one.repeat(5_000)}`);
    expect(rules.filter(({ became }) => became === 'trigger')).toHaveLength(5_000);
  }, 180_000);

  test('of forty polled rules asks in sources of thirty-two', () => {
    const rules = Array.from({ length: 40 }, (_, n) => `      - { alert: R${n}, expr: "g${n} > 1" }`).join('\n');
    const system = loaded(importText(`groups:\n  - name: g\n    rules:\n${rules}\n`).fragment);
    expect(system.sources.map((one) => (one.driver === 'promql' ? Object.keys(one.queries).length : one.driver))).toEqual([32, 8]);
    expect(system.signals.at(-1)?.sources).toEqual(['engine-2']);
  });
});

const PIECE = fc.constantFrom(
  ...[
    'sum',
    ' by (org) ',
    '(',
    ')',
    'rate',
    'increase',
    'x_total',
    '{a="b"}',
    '{a=~"(("}',
    '[5m]',
    ' / ',
    ' * ',
    '100',
    '0.02',
    ' > ',
    ' >= ',
    ' == ',
  ],
  ...[
    ' and ',
    ' or ',
    'absent',
    'time()',
    ' - ',
    '1',
    'avg_over_time',
    'histogram_quantile',
    ',',
    'le',
    '"',
    ' offset 5m',
    ' bool ',
    '#',
    '1e999',
    '-',
  ],
);
const PIECES = fc.array(PIECE, { maxLength: 14 }).map((parts) => parts.join(''));
const TERM = fc.constantFrom(
  'sum(rate(a_total[5m]))',
  'sum by (org) (increase(b_total[1h]))',
  'avg(avg_over_time(g[2m]))',
  '3',
  'x',
  'absent(a_total)',
);
const SHAPED = fc
  .array(fc.tuple(TERM, fc.constantFrom(' / ', ' * ', ' - ', ' > ', ' < ', ' == ', ' and ', ' or ')), { minLength: 1, maxLength: 4 })
  .map((parts) => `${parts.flat().join('')}5`);

test('ten thousand expressions are signals with finite limits, or say why not', () => {
  let taken = 0;
  fc.assert(
    fc.property(fc.oneof(PIECES, { weight: 2, arbitrary: SHAPED }, fc.string({ maxLength: 60 })), (expr) => {
      const parsed = parsePromql(expr);
      if (!parsed.ok) return;
      const found = recognise(parsed.expr);
      if (!found.ok) return;
      taken += 1;
      if (found.shapes.length === 0) throw new Error('a rule without a signal');
      const numbers = found.shapes.flatMap(({ above, below, overMs, stillMs }) => [above, below, overMs, stillMs]);
      if (!numbers.every((one) => one === undefined || Number.isFinite(one))) throw new Error(`a limit that is no number: ${expr}`);
    }),
    { numRuns: 10_000 },
  );
  expect(taken).toBeGreaterThan(100);
});

test('hundreds of expressions give fragments that the loader takes', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(PIECES, SHAPED, fc.string({ maxLength: 60 })), { minLength: 1, maxLength: 40 }), (exprs) => {
      const rules = exprs.filter((one) => one.trim() !== '').map((expr) => `      - { alert: Rule, expr: ${JSON.stringify(expr)} }`);
      if (rules.length === 0) return;
      const { fragment } = importText(`groups:\n  - name: g\n    rules:\n${rules.join('\n')}\n`);
      expect(load(fragment).diagnostics.filter((one) => one.severity === 'error')).toEqual([]);
    }),
    { numRuns: 60 },
  );
});

test('recordings that multiply are read in time, and what would be too long keeps the name', () => {
  const sum = (name: string): string => Array.from({ length: 40 }, () => name).join(' + ');
  const record = [0, 1, 2, 3, 4].map((n) => `      - { record: "job:a${n}", expr: "${sum(n === 0 ? 'x' : `job:a${n - 1}`)}" }\n`).join('');
  const began = performance.now();
  const { rules } = importText(`groups:\n  - name: g\n    rules:\n${record}      - { alert: One, expr: "${sum('job:a4')} > 1" }\n`);
  expect(rules).toMatchObject([{ rule: 'One', became: 'polled' }]);
  expect(performance.now() - began).toBeLessThan(5_000);
});
