// Every condition of a runbook, type-checked: checks see only what their probe gives, steps see inputs, answers and the time.
import type { ExprType } from '../domain/catalog.ts';
import { conditionNames } from '../domain/condition-names.ts';
import type { Check, EachStep, Step } from '../domain/ir.ts';
import { findQuery, probeSpecFor } from '../domain/named-query.ts';
import { overNames, readOver } from '../domain/over.ts';
import type { RunbookDraft } from './draft.ts';
import { orgFields, spanInScalar } from './lint-refs.ts';
import type { LintContext } from './lint-types.ts';
import type { Problems } from './problems.ts';
import { entryAt } from './read.ts';
import type { Span } from './source-text.ts';
import type { StepDraft } from './steps.ts';
import type { Value } from './yaml.ts';

type Probed = Pick<Check, 'probe' | 'with'>;

interface Condition {
  readonly source: string;
  readonly names: Readonly<Record<string, ExprType>>;
  readonly wants: 'bool' | 'string' | 'list';
  readonly span: Span;
}

export function lintConditions(draft: RunbookDraft, context: LintContext, problems: Problems): void {
  const names = conditionNames(draft.runbook, orgFields(context));
  const all = [...guardConditions(draft, context), ...[...draft.steps.values()].flatMap((place) => stepConditions(place, names, context))];
  for (const condition of all) {
    if (condition.source === '') continue;
    // An answer of a step that could not be read is not known here.
    if (!draft.complete && condition.names === names && condition.source.includes('steps.')) continue;
    checkOne(condition, context, problems);
  }
}

/** A bare name that is a bool of the probe needs no comparison; everything else is CEL's business. */
function checkOne({ source, names, wants, span }: Condition, context: LintContext, problems: Problems): void {
  for (const { message, offset, rule, hint } of context.check(source, names, wants)) {
    const place = spanInScalar(problems.source, span, source, offset, wordLength(source, offset));
    problems.error(rule === undefined || rule === 'type' || rule === 'syntax' ? 'condition' : rule, place, message, {
      hint,
      known: namesIn(names),
    });
  }
}

/** Every name with its parts, as conditions write them: `steps.answers.out.count`. */
function* namesIn(names: Readonly<Record<string, ExprType>>, before = ''): Generator<string> {
  for (const [name, type] of Object.entries(names)) {
    if (typeof type === 'object') yield* namesIn(type, `${before}${name}.`);
    else yield `${before}${name}`;
  }
}

function wordLength(source: string, offset: number): number {
  return /^[\w.]+/.exec(source.slice(offset))?.[0].length ?? 1;
}

function guardConditions(draft: RunbookDraft, context: LintContext): readonly Condition[] {
  const at = (section: string, index: number, key: string): Span => entryAt(draft.front, [section, index, key]).value.span;
  const require = draft.runbook.require.flatMap((one, index) =>
    'ask' in one ? [] : probed(one, one.expect, at('require', index, 'expect'), context),
  );
  const never = draft.runbook.never.flatMap((one, index) =>
    'ask' in one ? [] : probed(one, one.when, at('never', index, 'when'), context),
  );
  return [...require, ...never];
}

/** Nothing can be said of a probe that does not exist. */
function probed(one: Probed, source: string, span: Span, context: LintContext): readonly Condition[] {
  const spec = Object.hasOwn(context.probes, one.probe) ? context.probes[one.probe] : undefined;
  if (spec === undefined || (one.probe === 'sql' && findQuery(context.system, one.with) === null)) return [];
  return [{ source, names: probeSpecFor(context.system, spec, one.with).result, wants: 'bool', span }];
}

function stepConditions(place: StepDraft, names: Condition['names'], context: LintContext): readonly Condition[] {
  const { step, body } = place;
  const own = (source: string | undefined, path: readonly (string | number)[], wants: Condition['wants'] = 'bool'): readonly Condition[] =>
    source === undefined ? [] : [{ source, names, wants, span: entryAt(body, path).value.span }];
  return [
    ...own(step.when, ['when']),
    ...(step.whenCheck === undefined
      ? []
      : probed(step.whenCheck, step.whenCheck.expect, entryAt(body, ['when', 'expect']).value.span, context)),
    ...(step.pre ?? []).flatMap((source, index) => own(source, isList(entryAt(body, ['pre']).value) ? ['pre', index] : ['pre'])),
    ...(step.kind === 'wait' ? own(step.until, ['until']) : []),
    ...(step.kind === 'choose' ? own(step.by, ['by'], 'string') : []),
    ...(step.kind === 'each' ? overCondition(step, names, entryAt(body, ['over']).value.span) : []),
    ...checksOf(step).flatMap(({ check, path }) => probed(check, check.expect, entryAt(body, [...path, 'expect']).value.span, context)),
  ];
}

/** `orgs("…")` is a list by the name of its trigger: what is told of the rest stands where it is written, or before. */
function overCondition({ over }: EachStep, names: Condition['names'], span: Span): readonly Condition[] {
  if (typeof over !== 'string') return [];
  const read = readOver(over);
  return [{ source: read.source, names: { ...names, ...overNames(read) }, wants: 'list', span }];
}

function checksOf(
  step: Step,
): readonly { readonly check: Probed & { readonly expect: string }; readonly path: readonly (string | number)[] }[] {
  if (step.kind === 'do') return step.verify.map((check, index) => ({ check, path: ['verify', index] }));
  if (step.kind === 'verify' || step.kind === 'watch') return step.checks.map((check, index) => ({ check, path: [step.mode, index] }));
  return [];
}

function isList(value: Value): boolean {
  return value.kind === 'list';
}
