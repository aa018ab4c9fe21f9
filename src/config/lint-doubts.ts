// Triggers that are well written and will not do what people hope: told as warnings, as far as the files alone can tell.
import { writeDuration, writePercent } from '../domain/units.ts';
import type { Asking, LintContext } from './lint-types.ts';

/** Of the cap on scopes, what the organizations may need before it is said. */
const NEARLY_FULL = 0.8;
const LATENCY = /latency|duration|elapsed|response_?time|_(?:seconds|milliseconds|ms)_sum$/i;

export function lintDoubts(asking: Asking, context: LintContext): void {
  lintReach(asking, context);
  lintHold(asking, context);
  lintOverflow(asking, context);
  lintSilence(asking, context);
  lintMean(asking);
  lintQuantile(asking);
}

/** What can never be beyond its limit, and what a runbook that starts by itself waits for in vain. */
function lintReach({ draft, signal: { signal }, problems, at }: Asking, context: LintContext): void {
  const { rule } = draft;
  const { above, below } = rule.breach ?? {};
  const isShare = signal.kind === 'ratio' || signal.kind === 'fractionAbove';
  const never =
    rule.breach?.vs === undefined &&
    // More than all is an error of its own.
    ((isShare && above === 1) ||
      (below !== undefined && below <= 0 && ['ratio', 'fractionAbove', 'rate', 'count', 'distinct'].includes(signal.kind)));
  if (never)
    problems.warn('evidence-unreachable', at('breach'), `the trigger ${rule.id} can never be beyond its limit`, {
      hint: isShare ? 'A share lies between 0 % and 100 %.' : 'No count is below 0.',
    });
  const points = signal.kind === 'probe' ? pointsOf(signal.source, context) : null;
  if (signal.kind === 'probe' && points !== null && signal.failing > points)
    problems.warn('evidence-unreachable', draft.idSpan, `${signal.failing} of ${points} points can never fail`, {
      expected: `failing: ${points} or less`,
    });
  const onlyAsks = ['mean', 'absent', 'distinct'].includes(signal.kind) || points === 1;
  const auto = context.drafts.runbooks.find((one) => one.runbook.start === 'auto' && one.runbook.triggers.includes(rule.id));
  if (onlyAsks && auto !== undefined)
    problems.warn(
      'evidence-unreachable',
      draft.idSpan,
      `${auto.runbook.id} starts by itself, and ${rule.id} never has enough evidence for that: ${points === 1 ? 'a probe of one point' : `a ${signal.kind}`} only asks`,
      { hint: 'Write "start: ask", or add a trigger that may act.' },
    );
}

function pointsOf(source: string, { system }: LintContext): number | null {
  const spec = system.sources.find((one) => one.id === source);
  return spec?.driver === 'http' ? spec.points.length : null;
}

/** A hold is time that has passed before anybody hears of it. */
function lintHold({ draft, signal, problems, at }: Asking, { system, drafts }: LintContext): void {
  const { breach, id } = draft.rule;
  if (breach === undefined || breach.forMs <= 0) return;
  const runbooks = drafts.runbooks.filter((one) => one.runbook.triggers.includes(id));
  const clocks = [system.clocks, ...runbooks.map((one) => one.runbook.clocks)].flatMap((some) => Object.entries(some));
  const holdMs = breach.forMs + signal.lateMs;
  const [name, clock] = clocks.filter(([, one]) => one.budgetMs <= holdMs).toSorted(([, a], [, b]) => a.budgetMs - b.budgetMs)[0] ?? [];
  if (name === undefined || clock === undefined) return;
  problems.warn(
    'hold-longer-than-sla',
    at('breach', 'for'),
    `it must hold for ${writeDuration(breach.forMs)} before anybody hears of it, and the clock ${name} is ${writeDuration(clock.budgetMs)}`,
    { hint: 'Use over (how far back it looks) instead of for, or a shorter for.' },
  );
}

function lintOverflow({ draft, signal, problems }: Asking, { system }: LintContext): void {
  const needed = system.organizations.length;
  if (draft.rule.scope !== 'org' || signal.by === null || needed <= NEARLY_FULL * signal.max) return;
  problems.warn('overflow-likely', draft.idSpan, `${needed} organizations, and ${signal.id} has room for ${signal.max}`, {
    expected: `max: ${Math.ceil(needed / NEARLY_FULL) + 1} or more`,
  });
}

/** Nobody is missed whom nobody expects. */
function lintSilence({ draft, signal, problems }: Asking, { system }: LintContext): void {
  if (signal.signal.kind !== 'absent' || draft.rule.scope !== 'org' || system.organizations.length > 0) return;
  problems.warn('absent-without-baseline', draft.idSpan, 'no organization is expected: one that never sends is not missed', {
    hint: 'List them under "organizations:".',
  });
}

function lintMean({ draft, signal: { signal }, problems }: Asking): void {
  if (signal.kind !== 'mean' || !LATENCY.test(signal.sum.name)) return;
  const of = signal.sum.name.replace(/_sum$/, '');
  const limit = draft.rule.breach?.above;
  problems.warn('mean-latency', draft.idSpan, 'a mean hides the slow ones: one answer in twenty may take a minute and nobody is told', {
    hint: `If ${of} is a histogram: fractionAbove: { of: ${of}, limit: ${limit ?? 1} } with breach: { above: 5%, … }.`,
  });
}

function lintQuantile({ draft, signal: { signal }, problems }: Asking): void {
  if (signal.kind !== 'quantile') return;
  const share = writePercent(Math.round((1 - signal.q) * 1e9) / 1e9);
  problems.warn('quantile-without-need', draft.idSpan, 'the same can be said as a share, which is counted exactly', {
    hint: `fractionAbove: { of: ${signal.of.name}, limit: ${draft.rule.breach?.above ?? 1} } with breach: { above: ${share}, … }.`,
  });
}
