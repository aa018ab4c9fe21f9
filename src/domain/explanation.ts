// Why a trigger fired, or why it did not, and what Belay made of it: the figures that the sentences are put together from. Pure.
import { chanceOf, compileRule } from './condition.ts';
import type { Event } from './event.ts';
import type { GuardVerdict } from './guardrail.ts';
import type { Instant } from './json.ts';
import type { SignalKind } from './signal.ts';
import { covers, endOf, type Silence } from './silence.ts';
import type { FrozenInputs, TriggerRule, TriggerView } from './trigger.ts';

export interface Explanation {
  readonly trigger: string;
  /** '' = the whole system. */
  readonly scope: string;
  readonly kind: SignalKind['kind'];
  /** Of a quantile: the share of events that may be above the limit. */
  readonly share: number | null;
  readonly rule: TriggerRule;
  /** How it stands: of the incident's moment where there is one, else of now. */
  readonly status: TriggerView['status'];
  readonly since: Instant | null;
  readonly unknown: boolean;
  readonly warming: boolean;
  readonly overLimit: boolean;
  readonly level: TriggerView['level'];
  readonly value: number | null;
  readonly bad: number;
  readonly all: number;
  readonly baseline: { readonly bad: number; readonly all: number } | null;
  /** By a running sum, before the window is sure: the share that is usual. */
  readonly early: { readonly usual: number } | null;
  /** Chance of so much at the limit; null where the kind has no such test, or nobody asked. */
  readonly chance: number | null;
  /** Bad events that would have been enough to ask, and to act; null where that is not counted. */
  readonly needed: { readonly suspect: number; readonly act: number } | null;
  /** Silences that hold now: of the trigger itself, or of one that it is made of (`of`). */
  readonly silences: readonly ExplainedSilence[];
  readonly decisions: readonly {
    readonly at: Instant;
    readonly choice: string;
    readonly reason: string;
    readonly open: readonly GuardVerdict[];
  }[];
}

export interface ExplainedSilence {
  readonly id: string;
  /** The member of a composite trigger that it is about; null: the trigger itself. */
  readonly of: string | null;
  readonly until: Instant;
  readonly by: string;
  readonly reason: string;
}

interface Watched {
  readonly rule: TriggerRule;
  readonly kind: SignalKind['kind'];
  /** Of a quantile. */
  readonly q?: number;
}

/** What keeps people untold, or Belay from acting alone, about this scope. */
export function silencesOn(
  silences: readonly Silence[],
  o: { readonly trigger: string; readonly members: readonly string[]; readonly scope: string; readonly now: Instant },
): readonly ExplainedSilence[] {
  const about = (trigger: string): readonly Silence[] => silences.filter((one) => covers(one, { trigger, org: o.scope, now: o.now }));
  const told = (one: Silence, of: string | null): ExplainedSilence => ({
    id: one.id,
    of,
    until: endOf(one),
    by: one.by,
    reason: one.reason,
  });
  const own = about(o.trigger);
  const others = o.members.flatMap((member) => about(member).flatMap((one) => (own.includes(one) ? [] : [told(one, member)])));
  return [...own.map((one) => told(one, null)), ...others];
}

/** How one scope of a trigger stands now. A scope that was never seen has no view. */
export function explainNow(watched: Watched, view: TriggerView, silences: readonly ExplainedSilence[] = []): Explanation {
  const measured = figures(watched, view);
  return {
    ...measured,
    silences,
    trigger: watched.rule.id,
    scope: view.scope,
    status: view.status,
    since: view.since,
    unknown: view.unknown,
    warming: view.warming,
    overLimit: view.overLimit,
    level: view.level,
    early: view.early ?? null,
    baseline: view.baseline ?? null,
    chance: chanceNow(watched, view, measured.needed),
    decisions: [],
  };
}

/** Only where it is what the level comes from: what may merely ask although it would be enough to act has another reason. */
function chanceNow(
  { rule, kind }: Watched,
  { value, bad, all, overLimit, level }: TriggerView,
  needed: Explanation['needed'],
): number | null {
  const isCapped = level === 'suspect' && needed !== null && bad >= needed.act;
  if (!overLimit || level === 'none' || isCapped || rule.breach?.vs !== undefined) return null;
  const condition = { value, bad, all, limit: overLimit, level, below: null, still: overLimit };
  return chanceOf(compileRule(rule, { kind } as SignalKind), condition);
}

/** The trigger of an incident as it stood when Belay last looked before deciding. Null: people started it. */
export function explainIncident(
  watched: Watched,
  events: readonly Event[],
  silencesOf: (scope: string) => readonly ExplainedSilence[] = () => [],
): Explanation | null {
  const told = events.filter((event) => event.type === 'trigger.changed' && ['suspect', 'breached'].includes(event.data.transition.to));
  const last = told.findLast((event) => event.type === 'trigger.changed' && event.data.transition.to === 'breached') ?? told.at(-1);
  if (last?.type !== 'trigger.changed') return null;
  const { transition } = last.data;
  const { inputs } = transition;
  return {
    ...figures(watched, inputs),
    trigger: transition.trigger,
    scope: transition.scope,
    status: transition.to,
    since: transition.since,
    unknown: inputs.unknown,
    warming: inputs.warming,
    overLimit: true,
    level: inputs.level,
    early: inputs.early ?? null,
    baseline: inputs.baseline ?? null,
    chance: inputs.pValue,
    silences: silencesOf(transition.scope),
    decisions: events.flatMap((event) =>
      event.type !== 'decision.made'
        ? []
        : [
            {
              at: event.at,
              choice: event.data.choice,
              reason: event.data.reason,
              open: event.data.guards.filter((guard) => guard.answer !== 'pass' && guard.answer !== 'not-applicable'),
            },
          ],
    ),
  };
}

function figures({ rule, kind, q }: Watched, { value, bad, all }: Pick<FrozenInputs, 'value' | 'bad' | 'all'>) {
  const compiled = compileRule(rule, { kind, q } as SignalKind);
  const { suspect, act } = compiled;
  const needed = suspect === null || act === null || compiled.inverse ? null : { suspect: suspect.critical(all), act: act.critical(all) };
  return { kind, share: q === undefined ? null : 1 - q, rule, value, bad, all, needed };
}
