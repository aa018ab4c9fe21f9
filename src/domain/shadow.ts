// What Belay would have done about a trigger in shadow, as it is kept, and what people said of it later. It asks nobody.
import type { GuardVerdict, Locality, RollbackFacts } from './guardrail.ts';
import type { Instant, Json } from './json.ts';
import type { Transition, TriggerStatus, TriggerView } from './trigger.ts';

export type ShadowChoice = 'act' | 'ask' | 'refuse';

/** A step that would have changed something. */
export interface WouldChange {
  readonly step: string;
  readonly title: string;
  readonly target: string;
  readonly from: Json;
  readonly to: Json;
}

export interface ShadowDecision {
  readonly trigger: string;
  readonly scope: string;
  readonly episode: string;
  readonly to: TriggerStatus;
  /** Of the change of state that it answers. */
  readonly at: Instant;
  readonly since: Instant;
  readonly judgedAt: Instant;
  readonly locality: Locality;
  /** The runbook that would have answered; null: none is written for it, so that people are told. */
  readonly runbook: string | null;
  readonly choice: ShadowChoice;
  readonly reason: string;
  readonly guards: readonly GuardVerdict[];
  readonly changes: readonly WouldChange[];
  /** The episode whose incident would have taken this one in; null: it would have opened one of its own. */
  readonly joins: string | null;
}

export type ShadowVerdict = 'right' | 'false';

/** What a person says of an episode, afterwards. */
export interface ShadowMark {
  readonly episode: string;
  readonly trigger: string;
  /** When the episode began. */
  readonly since: Instant;
  readonly verdict: ShadowVerdict;
  readonly why: string;
  readonly by: string;
  readonly at: Instant;
}

/** Reason of a decision that was taken over from the one that it joins: nothing was judged again. */
export const JOINS = 'joins';

/** One decision for each change of state that people would have been told of. */
export const shadowKey = ({ episode, to, at }: Pick<Transition, 'episode' | 'to' | 'at'>): string => `${episode}/${to}/${at}`;

/**
 * The decision whose incident would still be open and would take this one in: of everybody, in an episode that has not ended. `enough`:
 * its evidence is no weaker, so that nothing would have been decided again.
 */
export function coveringDecision(
  { episode, to }: Pick<Transition, 'episode' | 'to'>,
  decisions: readonly ShadowDecision[],
  views: readonly TriggerView[],
): { readonly decision: ShadowDecision; readonly enough: boolean } | null {
  const standing = new Set(views.flatMap((view) => (view.status === 'ok' || view.episode === null ? [] : [view.episode])));
  const others = decisions.filter((one) => one.locality === 'global' && one.episode !== episode && standing.has(one.joins ?? one.episode));
  const strongest = others.find((one) => one.to === 'breached') ?? others[0];
  if (strongest === undefined) return null;
  return { decision: strongest, enough: strongest.to === 'breached' || to !== 'breached' };
}

/** What it would have rolled back lately: guard G7 counts it, for the trigger that would have done it. */
export function wouldBeRollbacks(decisions: readonly ShadowDecision[]): readonly RollbackFacts[] {
  return decisions
    .filter((one) => one.choice === 'act')
    .flatMap((one) =>
      one.changes.map(({ target, from, to }) => ({
        incident: one.joins ?? one.episode,
        at: one.judgedAt,
        scope: one.locality === 'global' ? '*' : one.scope,
        target,
        from,
        to,
      })),
    );
}
