// Triggers as a rule file of Prometheus and tests for promtool. A rule is weaker than its trigger, and says so.
import type { System } from '../../domain/system.ts';
import type { TriggerRule } from '../../domain/trigger.ts';
import { writeDuration } from '../../domain/units.ts';
import type { Exported } from '../../ports/rule-files.ts';
import { type Expressed, express } from './express.ts';
import { firing, healthy, type Series, scopeLabels } from './series.ts';

const RULES_FILE = 'belay.rules.yml';
const MOST_STEPS = 50_000;

export function exportPrometheusRules(system: Pick<System, 'signals' | 'triggers'>): Exported {
  const rules: string[] = [];
  const tests: Record<string, string> = {};
  const names = new Set<string>();
  const triggers = system.triggers.map((rule): Exported['triggers'][number] => {
    const spec = system.signals.find((one) => one.id === rule.signal);
    const one = spec === undefined ? 'no-limit' : express(rule, spec);
    if (typeof one === 'string') return { trigger: rule.id, alert: null, why: one, tested: false };
    const alert = alertName(rule.id, names);
    rules.push(ruleText(rule, one, alert));
    const test = testText(rule, one, alert);
    if (test !== null) tests[`belay-${rule.id}.test.yml`] = test;
    return { trigger: rule.id, alert, why: null, tested: test !== null };
  });
  if (rules.length === 0) return { files: {}, triggers };
  return { files: { [RULES_FILE]: `${HEAD}groups:\n  - name: belay\n    rules:\n${rules.join('\n')}`, ...tests }, triggers };
}

const HEAD = `# Written by belay export prometheus. These rules are weaker than the triggers that they come from: PromQL knows no evidence test (a least
# number of events stands in for it), no watermark (what comes late is never looked at again) and no "unknown" (what is missing counts as over).
# rate and increase need two samples in a window, and do not count the first sample of a series: scrape at least four times in the shortest one.
# The counters must be in that Prometheus under the names that the signals of belay.yaml use.
`;

function ruleText(rule: TriggerRule, one: Expressed, alert: string): string {
  const { breach, clear } = rule;
  const lost = [
    ...(one.least === null ? [] : [`at least ${one.least} events, instead of the evidence test`]),
    ...(clear?.below === undefined && clear?.above === undefined ? [] : ['its own limit for the end is not said']),
    ...(rule.impact === undefined ? [] : [`${rule.impact.who} is not asked whether it hurts`]),
  ];
  return [
    `      # ${rule.id}: ${one.signal.kind}${lost.length === 0 ? '' : `; ${lost.join('; ')}`}`,
    `      - alert: ${alert}`,
    `        expr: ${JSON.stringify(one.expr)}`,
    ...((breach?.forMs ?? 0) > 0 ? [`        for: ${writeDuration(breach?.forMs ?? 0)}`] : []),
    ...((clear?.forMs ?? 0) > 0 ? [`        keep_firing_for: ${writeDuration(clear?.forMs ?? 0)}`] : []),
    `        labels: { belay_trigger: ${JSON.stringify(rule.id)} }`,
    `        annotations: { summary: ${JSON.stringify(summaryOf(rule))} }`,
    '',
  ].join('\n');
}

const summaryOf = (rule: TriggerRule): string => `${rule.id}, by the weaker rule of Prometheus`;

/** Null where no series can be made up, or too many samples would be needed. */
function testText(rule: TriggerRule, one: Expressed, alert: string): string | null {
  const forMs = rule.breach?.forMs ?? 0;
  const windowMs = one.signal.kind === 'age' ? one.limit * 1_000 : one.overMs;
  const shortestMs = Math.min(windowMs, one.stillMs ?? Infinity);
  const stepMs = shortestMs < 5_000 ? Math.floor(shortestMs / 5) : Math.floor(shortestMs / 5_000) * 1_000;
  const steps = Math.ceil((windowMs * 1.2 + forMs) / stepMs) + 6;
  if (stepMs < 10 || steps > MOST_STEPS) return null;
  const [bad, good] = [firing(one, { stepMs, steps }), healthy(one, { stepMs, steps })];
  if (bad === null) return null;
  const labels = { ...scopeLabels(one), belay_trigger: rule.id };
  const expected = [
    `          - exp_labels: ${JSON.stringify(labels)}`,
    `            exp_annotations: { summary: ${JSON.stringify(summaryOf(rule))} }`,
  ];
  const o = { stepMs, evalMs: (steps - 1) * stepMs, alert };
  const cases = [caseText('fires', bad, expected, o), ...(good === null ? [] : [caseText('is quiet', good, null, o)])];
  return [`rule_files: [${RULES_FILE}]`, `evaluation_interval: ${writeDuration(stepMs)}`, 'tests:', ...cases, ''].join('\n');
}

function caseText(
  name: string,
  series: readonly Series[],
  expected: readonly string[] | null,
  o: { readonly stepMs: number; readonly evalMs: number; readonly alert: string },
): string {
  return [
    `  - name: ${name}`,
    `    interval: ${writeDuration(o.stepMs)}`,
    '    input_series:',
    ...series.map((one) => `      - { series: ${quotedPlain(one.series)}, values: "${one.values}" }`),
    '    alert_rule_test:',
    `      - eval_time: ${writeDuration(o.evalMs)}`,
    `        alertname: ${o.alert}`,
    expected === null ? '        exp_alerts: []' : `        exp_alerts:\n${expected.join('\n')}`,
  ].join('\n');
}

const quotedPlain = (text: string): string => JSON.stringify(text);

function alertName(id: string, taken: Set<string>): string {
  const base = id
    .split('-')
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join('');
  let name = base;
  for (let count = 2; taken.has(name); count += 1) name = `${base}_${count}`;
  taken.add(name);
  return name;
}
