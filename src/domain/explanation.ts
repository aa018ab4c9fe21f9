// Why a trigger fired, or why it did not, and what Belay made of it: the figures that the sentences are put together from. Pure.
import { compileRule } from './condition.ts';
import type { Event } from './event.ts';
import type { GuardVerdict } from './guardrail.ts';
import type { Instant } from './json.ts';
import type { SignalKind } from './signal.ts';
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
  /** Suspect by a running sum: the share that is usual. */
  readonly early: { readonly usual: number } | null;
  /** Chance of so much at the limit; null where the kind has no such test, or nobody asked. */
  readonly chance: number | null;
  /** Bad events that would have been enough to ask, and to act; null where that is not counted. */
  readonly needed: { readonly suspect: number; readonly act: number } | null;
  readonly decisions: readonly {
    readonly at: Instant;
    readonly choice: string;
    readonly reason: string;
    readonly open: readonly GuardVerdict[];
  }[];
}

interface Watched {
  readonly rule: TriggerRule;
  readonly kind: SignalKind['kind'];
  /** Of a quantile. */
  readonly q?: number;
}

/** How one scope of a trigger stands now. A scope that was never seen has no view. */
export function explainNow(watched: Watched, view: TriggerView): Explanation {
  return {
    ...figures(watched, view),
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
    chance: null,
    decisions: [],
  };
}

/** The trigger of an incident as it stood when Belay last looked before deciding. Null: people started it. */
export function explainIncident(watched: Watched, events: readonly Event[]): Explanation | null {
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
