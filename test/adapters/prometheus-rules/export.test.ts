// Triggers as rules of Prometheus: the real promtool takes the rules and their tests, of every example; and what is read back is the same.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { exportPrometheusRules, importPrometheusRules } from '../../../src/adapters/prometheus-rules/index.ts';
import { loadAndLint } from '../../../src/config/lint.ts';
import type { Selector, SignalSpec } from '../../../src/domain/signal.ts';
import type { TriggerRule } from '../../../src/domain/trigger.ts';
import { TOOLS } from '../../config/workspace.ts';
import { signal, trigger } from '../../flows/detect-world.ts';
import { environmentOf } from '../../world/example-env.ts';
import * as prometheus from '../../world/parts/prometheus.ts';

const EXAMPLES = path.join(import.meta.dirname, '../../../examples');
const HERE = prometheus.available().ok;

function folderOf(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'belay-rules-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text);
  return folder;
}

/** Every variable that an example names, whatever it is. */
function systemOf(example: string) {
  const folder = path.join(EXAMPLES, example);
  const text = readFileSync(path.join(folder, 'belay.yaml'), 'utf8');
  const { system } = loadAndLint(folder, { ...TOOLS, driverProblem: () => null, env: environmentOf(text) });
  if (system === null) throw new Error(`${example} cannot be read`);
  return system;
}

function promtool(folder: string, args: readonly string[]): { readonly status: number | null; readonly said: string } {
  const ran = spawnSync(prometheus.promtool().file, args, { cwd: folder, encoding: 'utf8' });
  return { status: ran.status, said: `${ran.stdout}${ran.stderr}` };
}

const only = (kind: SignalSpec['signal'], breach: TriggerRule['breach'], o: Partial<TriggerRule> = {}) => ({
  signals: [signal(kind, { id: 's' })],
  triggers: [trigger('s', { id: 'one', ...(breach === undefined ? {} : { breach }), ...o })],
});
const selector = (name: string, labels: Selector['labels'] = []): Selector => ({ name, labels });
const window = { overMs: 900_000, stillMs: 75_000, forMs: 0 };

describe('the triggers of an example', () => {
  test.skipIf(!HERE).each(readdirSync(EXAMPLES))('%s are rules that the real promtool takes, with tests that pass in it', (example) => {
    const { files, triggers } = exportPrometheusRules(systemOf(example));
    const said = triggers.filter(({ alert }) => alert !== null);
    expect(triggers.filter(({ alert, why }) => (alert === null) === (why === null))).toEqual([]);
    if (said.length === 0) {
      expect(files).toEqual({});
      return;
    }
    const folder = folderOf(files);
    const checked = promtool(folder, ['check', 'rules', 'belay.rules.yml']);
    expect(checked.said).toContain(`SUCCESS: ${said.length} rules found`);
    expect(checked.status).toBe(0);
    const tests = Object.keys(files).filter((name) => name.endsWith('.test.yml'));
    expect(tests).toHaveLength(said.filter(({ tested }) => tested).length);
    const tested = promtool(folder, ['test', 'rules', ...tests]);
    expect(tested.said).not.toContain('FAILED');
    expect(tested.status).toBe(0);
  });
});

describe('a rule', () => {
  test('says where it is weaker than its trigger, and asks for a least number of events', () => {
    const system = only(
      { kind: 'ratio', bad: selector('x_total', [{ label: 'code', op: '=~', value: '5..' }]), all: selector('x_total') },
      { above: 0.02, ...window },
    );
    const [rules = ''] = Object.values(exportPrometheusRules(system).files);
    expect(rules).toMatch(/weaker than the triggers[\s\S]*no evidence test[\s\S]*no watermark[\s\S]*no "unknown"/);
    expect(rules).toContain('at least 100 events, instead of the evidence test; its own limit for the end is not said');
    expect(rules).toContain(
      JSON.stringify(
        'sum by (org) (rate(x_total{code=~"5.."}[15m])) / sum by (org) (rate(x_total[15m])) > 0.02' +
          ' and sum by (org) (rate(x_total{code=~"5.."}[75s])) / sum by (org) (rate(x_total[75s])) > 0.02' +
          ' and sum by (org) (increase(x_total[15m])) >= 100',
      ),
    );
  });

  test.each([
    ['manual', only({ kind: 'manual', who: ['ops'], ask: 'Is it?' }, undefined)],
    ['probe', only({ kind: 'probe', source: 'shop', failing: 1, consecutive: 3 }, { above: 0.5, ...window })],
    ['composite', only({ kind: 'composite', of: ['a', 'b'], atLeast: 2 }, undefined)],
    ['distinct', only({ kind: 'distinct', of: selector('x_total'), label: 'user' }, { above: 3, ...window })],
    ['comparison', only({ kind: 'rate', of: selector('x_total') }, { ...window, vs: { with: 'others', times: 3, least: 10 } })],
    ['no-limit', only({ kind: 'rate', of: selector('x_total') }, window)],
  ] as const)('is not made where PromQL cannot say it, and the reason is told: %s', (why, system) => {
    expect(exportPrometheusRules(system)).toEqual({ files: {}, triggers: [{ trigger: 'one', alert: null, why, tested: false }] });
  });

  test.skipIf(!HERE)('of a percentile is one of histogram_quantile, whose tests pass, and is read back as the same condition', () => {
    const system = only({ kind: 'quantile', of: selector('lat_seconds'), q: 0.99 }, { above: 0.5, ...window });
    const { files } = exportPrometheusRules(system);
    const tested = promtool(folderOf(files), ['test', 'rules', 'belay-one.test.yml']);
    expect(tested).toMatchObject({ status: 0, said: expect.stringContaining('SUCCESS') });
    const { fragment } = importPrometheusRules([{ name: 'r.yml', text: files['belay.rules.yml'] ?? '' }], (what) => what);
    expect(fragment).toMatch(/fractionAbove: \{ of: lat_seconds, limit: 0.5 \}[\s\S]*breach: \{ above: 1%, over: 15m, still: 75s \}/);
  });

  test.skipIf(!HERE)('that is broken does not pass: promtool is really asked', () => {
    const system = only({ kind: 'count', of: selector('x_total') }, { above: 3, ...window });
    const { files } = exportPrometheusRules(system);
    const folder = folderOf({ ...files, 'belay.rules.yml': (files['belay.rules.yml'] ?? '').replace('> 3', '> 30000') });
    expect(() =>
      execFileSync(prometheus.promtool().file, ['test', 'rules', 'belay-one.test.yml'], { cwd: folder, stdio: 'pipe' }),
    ).toThrow();
  });
});

const NAME = fc.constantFrom('x_total', 'http_requests_total', 'job:errors:total', 'a_b');
const LABEL = fc.record({
  label: fc.constantFrom('code', 'method', 'route'),
  op: fc.constantFrom('=' as const, '!=' as const, '=~' as const, '!~' as const),
  value: fc.constantFrom('500', '5..', 'a|b', 'say "hi"', 'back\\\\slash', '/v1/.+', ''),
});
const SELECTOR = fc.record({ name: NAME, labels: fc.uniqueArray(LABEL, { maxLength: 2, selector: ({ label }) => label }) });
const KIND: fc.Arbitrary<SignalSpec['signal']> = fc.oneof(
  fc.record({ kind: fc.constant('ratio' as const), bad: SELECTOR, all: SELECTOR }),
  SELECTOR.map((of) => ({ kind: 'fractionAbove' as const, of: { ...of, name: 'lat_seconds' }, limit: 0.5 })),
  SELECTOR.map((of) => ({ kind: 'fractionAbove' as const, of: { ...of, name: 'lat_seconds' }, limit: 2 })),
  SELECTOR.map(({ labels }) => ({ kind: 'mean' as const, sum: { name: 'lat_sum', labels }, count: { name: 'lat_count', labels } })),
  ...(['rate', 'count', 'gauge', 'absent', 'age'] as const).map((kind) => SELECTOR.map((of) => ({ kind, of }))),
);
const SPAN = fc.integer({ min: 1, max: 2_000 }).map((count) => count * 1_000);
const LIMIT = fc.oneof(
  fc.double({ min: 1e-6, max: 0.9, noNaN: true }),
  fc.integer({ min: 1, max: 90 }).map((n) => n / 100),
);

test('three hundred triggers that are written as rules and read back have the same limits, windows, counters and scopes', () => {
  fc.assert(
    fc.property(
      fc.record({ kind: KIND, over: SPAN, still: SPAN, hold: fc.oneof(fc.constant(0), SPAN), limit: LIMIT, org: fc.boolean() }),
      ({ kind, over, still, hold, limit, org }) => {
        const overMs = Math.max(over, still) + 1_000;
        const above = kind.kind === 'age' || kind.kind === 'count' ? Math.ceil(limit * 1_000) : limit;
        const breach = { ...(kind.kind === 'absent' ? {} : { above }), overMs, stillMs: still, forMs: hold };
        const system = only(kind, breach, { scope: org ? 'org' : 'all' });
        const { files } = exportPrometheusRules(system);
        const text = files['belay.rules.yml'] ?? '';
        const back = importPrometheusRules([{ name: 'belay.rules.yml', text }], (what) => what);
        expect(back.rules.map(({ became }) => became)).toEqual(['trigger']);
        const folder = folderOf({ 'belay.yaml': `belay: 1\nname: Back\nsources:\n  shop: { driver: push, every: 1s }\n${back.fragment}` });
        const { system: read, diagnostics } = loadAndLint(folder, { ...TOOLS, env: {} });
        rmSync(folder, { recursive: true, force: true });
        expect(diagnostics.filter((one) => one.severity === 'error')).toEqual([]);
        const [rule, spec] = [read?.triggers[0], read?.signals[0]];
        expect(spec?.signal).toEqual(kind);
        expect([rule?.scope, spec?.by]).toEqual(org ? ['org', 'org'] : ['all', null]);
        const { stillMs: _, ...wanted } = breach;
        const { stillMs, ...got } = rule?.breach ?? { stillMs: -1 };
        const isAge = kind.kind === 'age';
        expect(got).toEqual(isAge ? { ...wanted, overMs: (got as { overMs?: number }).overMs } : wanted);
        if (['ratio', 'fractionAbove', 'mean', 'rate', 'gauge'].includes(kind.kind)) expect(stillMs).toBe(still);
      },
    ),
    { numRuns: 300 },
  );
});
