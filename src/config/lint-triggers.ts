// Triggers, wherever they are written: the window, the two thresholds, and whether the signal can feed them.
import type { Diagnostic } from '../domain/diagnostic.ts';
import type { SignalSpec } from '../domain/signal.ts';
import { parseDuration, writeDuration, writePercent } from '../domain/units.ts';
import { lintDoubts } from './lint-doubts.ts';
import { demandKnown } from './lint-names.ts';
import type { Asking, LintContext } from './lint-types.ts';
import { lintUsers } from './lint-users.ts';
import type { Problems } from './problems.ts';
import { collectProblems } from './problems.ts';
import { entryAt } from './read.ts';
import type { Span } from './source-text.ts';
import { isWritten } from './steps.ts';
import type { TriggerDraft } from './triggers.ts';

export function lintTriggers(context: LintContext): readonly Diagnostic[] {
  const found = context.drafts.system.triggers.flatMap((draft) => lintTrigger(draft, context));
  const problems = collectProblems(context.drafts.source);
  for (const signal of context.system.signals) lintSignal(signal, context, problems);
  const { users } = context.system.guards;
  const isPerOrg = context.system.triggers.some((one) => one.scope === 'org' && one.users === undefined);
  if (users !== undefined) lintUsers(users, { value: context.drafts.system.value, isPerOrg, problems }, context);
  return [...found, ...problems.found];
}

function lintTrigger(draft: TriggerDraft, context: LintContext): readonly Diagnostic[] {
  const problems = collectProblems(draft.problems.source);
  const at = (...path: readonly string[]): Span => entryAt(draft.value, path).value.span;
  const { rule } = draft;
  if (draft.signal === null)
    demandKnown({ rule: 'unknown-signal', what: 'signal', name: rule.signal, known: context.known.signals, span: at('signal') }, problems);
  if (rule.impact !== undefined) demandRole(rule.impact.who, at('impact', 'who'), draft, context, problems);
  const signal = context.system.signals.find((one) => one.id === rule.signal);
  if (signal === undefined) return problems.found;
  if (signal.signal.kind === 'manual' && draft.signal !== null) {
    const who = entryAt(draft.value, ['signal', 'manual', 'who']).value;
    for (const [index, role] of signal.signal.who.entries()) demandRole(role, entryAt(who, [index]).value.span, draft, context, problems);
  }
  const asking: Asking = { draft, signal, problems, at };
  lintWindow(asking);
  lintLimits(asking);
  lintClear(asking);
  lintScope(asking);
  lintCadence(asking, context);
  lintDetector(asking);
  lintDoubts(asking, context);
  if (rule.users !== undefined) lintUsers(rule.users, { value: draft.value, isPerOrg: rule.scope === 'org', problems }, context);
  if (rule.evidence.act > rule.evidence.suspect)
    problems.error('evidence-levels', at('evidence'), 'act must be rarer than suspect', {
      expected: 'act below suspect, such as { suspect: 1e-3, act: 1e-5 }',
    });
  return problems.found;
}

/** Roles of a runbook's own front matter count there; the lint of a system's trigger knows the system's. */
function demandRole(name: string, span: Span, draft: TriggerDraft, context: LintContext, problems: Problems): void {
  const runbook = context.drafts.runbooks.find((one) => one.problems.source.file === draft.problems.source.file);
  const known = new Set([...context.known.roles, ...Object.keys(runbook?.runbook.roles ?? {})]);
  demandKnown({ rule: 'unknown-role', what: 'role', name, known, span }, problems);
}

/** Kinds whose breach is a state of now. */
const WINDOWLESS: ReadonlySet<string> = new Set(['manual', 'probe', 'age', 'composite']);
/** Kinds whose breach needs no limit of its own. */
const LIMITLESS: ReadonlySet<string> = new Set(['manual', 'probe', 'absent', 'event', 'composite']);

function lintWindow({ draft, signal, problems, at }: Asking): void {
  const { kind } = signal.signal;
  if (WINDOWLESS.has(kind)) return;
  const breach = entryAt(draft.value, ['breach']).value;
  const written = isWritten(draft.value, 'breach');
  const recovered = draft.rule.breach !== undefined && draft.rule.breach.overMs > 1;
  if (written && (isWritten(breach, 'over') || isWritten(breach, 'for') || recovered)) return;
  if (!written && draft.rule.breach !== undefined) return;
  problems.error(
    'trigger-window-missing',
    written ? at('breach') : draft.idSpan,
    `the trigger ${draft.rule.id} has no window: a single bad event would be a breach`,
    { hint: 'Add over (how far back it looks) or for (how long it must hold): breach: { above: 2%, over: 15m }.' },
  );
}

function lintLimits({ draft, signal, problems, at }: Asking): void {
  const { breach } = draft.rule;
  const { kind } = signal.signal;
  lintComparison({ draft, signal, problems, at });
  if (breach?.vs !== undefined || breach === undefined || LIMITLESS.has(kind)) return;
  const limits = [breach.above, breach.below].filter((one) => one !== undefined);
  const written = ['above', 'below'].filter((key) => isWritten(entryAt(draft.value, ['breach']).value, key));
  if (written.length === 0 && limits.length === 0)
    problems.error('missing-key', at('breach'), `the trigger ${draft.rule.id} has no limit`, { hint: 'Add above or below.' });
  if (kind === 'quantile' && breach.below !== undefined)
    problems.error('limit', at('breach', 'below'), 'a quantile breaches above its limit');
  if (limits.length === 2) problems.error('wrong-type', at('breach'), 'a breach is either above or below a limit, not both');
  for (const side of ['above', 'below'] as const) {
    limitFits(draft.rule.breach?.[side], ['breach', side], { draft, signal, problems, at });
    limitFits(draft.rule.clear?.[side], ['clear', side], { draft, signal, problems, at });
  }
}

/** `above: 3x` and `vs` belong together, and what is compared is counted. */
function lintComparison({ draft, signal, problems, at }: Asking): void {
  const written = entryAt(draft.value, ['breach', 'above']).value;
  const isFactor = written.kind === 'scalar' && /x$/.test(String(written.value));
  const vs = draft.rule.breach?.vs;
  if (vs === undefined) {
    if (isFactor)
      problems.error('comparison', at('breach', 'above'), `${String(written.value)} of what?`, {
        hint: 'Add vs: others, or vs: { before: 1h }.',
      });
    return;
  }
  if (!isFactor) problems.error('comparison', at('breach'), 'a comparison has a factor', { expected: 'above: 3x, with vs' });
  const { kind } = signal.signal;
  const fits = kind === 'ratio' || kind === 'fractionAbove' || (kind === 'rate' && vs.with !== 'others');
  if (!fits)
    problems.error('comparison', at('breach', 'vs'), `a ${kind} cannot be compared so: shares can, and rates with the time before`);
  if (vs.with === 'others' && draft.rule.scope !== 'org')
    problems.error('comparison', at('breach', 'vs'), 'there are no others to compare with: the trigger is about all organizations');
  if (draft.rule.clear?.below === undefined)
    problems.error('comparison', at('clear'), 'a comparison clears below a fixed limit: what it is compared with moves', {
      expected: 'clear: { below: 2%, for: 10m }',
    });
}

function limitFits(value: number | undefined, path: readonly [string, string], { draft, signal, problems, at }: Asking): void {
  if (value === undefined) return;
  const written = entryAt(draft.value, path).value;
  const text = written.kind === 'scalar' ? String(written.value) : '';
  const { kind } = signal.signal;
  const isShare = kind === 'ratio' || kind === 'fractionAbove';
  if ((isShare || kind === 'rate' || kind === 'count' || kind === 'distinct') && parseDuration(text).ok)
    problems.error('limit', at(...path), `${text} is a duration, and the signal is a ${kind}`);
  if (isShare && value > 1)
    problems.error('limit', at(...path), `${text} is no share: a ratio is between 0 and 1`, {
      expected: `a percentage such as ${Math.min(value, 100)}%`,
    });
  if (kind === 'rate' && text.endsWith('%'))
    problems.error('limit', at(...path), `${text} is no rate`, { expected: 'a rate such as 10/min' });
  if (kind !== 'rate' && text.includes('/')) problems.error('limit', at(...path), `${text} is a rate, and the signal is a ${kind}`);
}

/** A running sum is over single good and bad events, against a limit that is above what is usual. */
function lintDetector({ draft: { rule }, signal, problems, at }: Asking): void {
  const { kind } = signal.signal;
  if (rule.detector === undefined) return;
  if ((kind !== 'ratio' && kind !== 'fractionAbove') || rule.breach?.above === undefined || rule.breach.above >= 1)
    problems.error('detector', at('detector'), `a running sum is kept of shares that breach above a limit; this is a ${kind}`, {
      expected: 'a ratio or fractionAbove with breach: { above: 2%, over: 15m }',
    });
}

function lintClear({ draft, signal, problems, at }: Asking): void {
  const { breach, clear } = draft.rule;
  if (signal.signal.kind === 'manual') return;
  if (clear === undefined) {
    if (!isWritten(draft.value, 'clear'))
      problems.error('never-clears', draft.idSpan, `the trigger ${draft.rule.id} never clears`, {
        hint: 'Add clear: { below: 1%, for: 10m }.',
      });
    return;
  }
  const { kind } = signal.signal;
  const show = (value: number): string => {
    if (kind === 'ratio' || kind === 'fractionAbove') return writePercent(value);
    return kind === 'age' ? writeDuration(value * 1_000) : String(value);
  };
  if (breach?.above !== undefined && clear.below !== undefined && clear.below >= breach.above) {
    problems.error(
      'clear-not-below-breach',
      at('clear', 'below'),
      `it clears below ${show(clear.below)} and breaches above ${show(breach.above)}: it would flap`,
      { expected: `less than ${show(breach.above)}` },
    );
  }
  if (breach?.below !== undefined && clear.above !== undefined && clear.above <= breach.below) {
    problems.error(
      'clear-not-below-breach',
      at('clear', 'above'),
      `it clears above ${show(clear.above)} and breaches below ${show(breach.below)}: it would flap`,
      { expected: `more than ${show(breach.below)}` },
    );
  }
}

function lintScope({ draft, signal, problems, at }: Asking): void {
  if (draft.rule.scope !== 'org' || signal.by !== null || ['manual', 'composite'].includes(signal.signal.kind)) return;
  problems.error('trigger-scope', at('scope'), `the trigger ${draft.rule.id} is per organization, and its signal is not split`, {
    hint: `Add "by: org" to the signal ${signal.id}.`,
  });
}

/** A window of four samples or fewer sees a breach late, or never. */
function lintCadence({ draft, signal, problems, at }: Asking, context: LintContext): void {
  const { breach } = draft.rule;
  if (breach === undefined || breach.overMs <= 1) return;
  for (const source of context.system.sources) {
    if (!signal.sources.includes(source.id) || source.everyMs <= breach.overMs / 4) continue;
    problems.warn(
      'cadence-too-slow',
      at('breach'),
      `${source.id} gives a sample every ${writeDuration(source.everyMs)}: too rarely for a window of ${writeDuration(breach.overMs)}`,
      { expected: `every ${writeDuration(Math.max(1, Math.floor(breach.overMs / 4)))} or faster` },
    );
  }
}

function lintSignal(signal: SignalSpec, context: LintContext, problems: Problems): void {
  const { value } = context.drafts.system;
  // Signals inside triggers have no entry of their own; their sources are rarely named.
  const own = entryAt(value, ['signals', signal.id]);
  const path = entryAt(own.value, ['sources']).value;
  for (const [index, name] of signal.sources.entries()) {
    const span =
      signal.signal.kind === 'probe' && signal.signal.source === name
        ? entryAt(own.value, ['probe', 'source']).value.span
        : entryAt(path, [index]).value.span;
    demandKnown({ rule: 'unknown-source', what: 'source', name, known: context.known.sources, span }, problems);
  }
  if (signal.signal.kind === 'distinct' && signal.signal.label === signal.by)
    problems.error(
      'signal-kind',
      own.value.span,
      `signal ${signal.id} counts the values of ${signal.by} in each ${signal.by}: always one`,
      {
        hint: 'Name another label, or remove "by".',
      },
    );
  if (signal.signal.kind === 'composite') lintMembers(signal, signal.signal, context, problems);
  if (signal.signal.kind !== 'manual' || context.system.triggers.some((one) => `${one.id}.signal` === signal.id)) return;
  const who = entryAt(own.value, ['manual', 'who']).value;
  for (const [index, name] of signal.signal.who.entries())
    demandKnown({ rule: 'unknown-role', what: 'role', name, known: context.known.roles, span: entryAt(who, [index]).value.span }, problems);
}

/** Members are triggers that measure or are reported, of the same scope where it is per organization. */
function lintMembers(
  signal: SignalSpec,
  { of, atLeast }: Extract<SignalSpec['signal'], { kind: 'composite' }>,
  context: LintContext,
  problems: Problems,
): void {
  const inTrigger = context.drafts.system.triggers.find((one) => one.signal?.id === signal.id);
  const where =
    inTrigger === undefined
      ? entryAt(context.drafts.system.value, ['signals', signal.id]).value
      : entryAt(inTrigger.value, ['signal']).value;
  const at = (...path: readonly (string | number)[]): Span => entryAt(where, ['composite', ...path]).value.span;
  const { triggers, signals } = context.system;
  const isComposite = (id: string): boolean =>
    signals.find((one) => one.id === triggers.find((rule) => rule.id === id)?.signal)?.signal.kind === 'composite';
  const known = new Set(triggers.map((one) => one.id).filter((id) => !isComposite(id)));
  const isPerOrg = triggers.some((one) => one.signal === signal.id && one.scope === 'org');
  for (const [index, name] of of.entries()) {
    if (!demandKnown({ rule: 'unknown-trigger', what: 'trigger that a composite may have', name, known, span: at('of', index) }, problems))
      continue;
    if (isPerOrg && triggers.find((one) => one.id === name)?.scope !== 'org')
      problems.error('trigger-scope', at('of', index), `${name} is about all organizations, and the composite is about each`);
  }
  if (atLeast > of.length) problems.error('limit', at('atLeast'), `${atLeast} of ${of.length} triggers can never be in breach`);
}
