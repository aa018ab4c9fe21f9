// Breaking the glass: which guard of a runbook people may override, who may, for how long it counts, and by how many. It judges, and asks nobody.
import type { GuardAnswer, GuardVerdict } from './guardrail.ts';
import type { Guard, Never, Runbook } from './ir.ts';
import { stepsOf } from './ir.ts';
import type { Instant } from './json.ts';
import { rolesMeant } from './runbook-roles.ts';
import { isDeletion } from './scope-freeze.ts';

/** So long the act may be begun under it; then the guard counts again. */
export const OVERRIDE_LASTS_MS = 30 * 60_000;
/** By then somebody has looked at whether it was right. */
export const REVIEW_WITHIN_MS = 24 * 3_600_000;

/** One person's word, for one plan. */
export interface Override {
  /** With the prefix of a called runbook. */
  readonly guard: string;
  /** What it said then: who lets pass what nobody could measure has not let pass what is known to fail. */
  readonly answer: GuardAnswer;
  readonly planHash: string;
  readonly by: string;
  readonly why: string;
  readonly at: Instant;
}

/** `secret`: it asks about a secret; `deletion`: its runbook deletes for good. Neither is anybody's to override. */
export type Unbreakable = 'question' | 'secret' | 'deletion';

/** Why nobody may, whatever the runbook says; null: the runbook decides. */
export function unbreakable(runbook: Pick<Runbook, 'phases'>, guard: Guard | Never): Unbreakable | null {
  if ('ask' in guard) return 'question';
  if (guard.probe === 'secret') return 'secret';
  return deletes(runbook) ? 'deletion' : null;
}

/** In the steps of what it calls, too, and of what it does for each organization. */
function deletes(runbook: Pick<Runbook, 'phases'>): boolean {
  return stepsOf(runbook).some((step) => {
    if (step.kind === 'each') return deletes(step.runbook);
    return step.kind === 'do' && (isDeletion(step.do) || (step.undo !== undefined && isDeletion(step.undo.do)));
  });
}

/** Roles and people who may; null: nobody may. `whole`: the runbook that calls it, which may delete behind what this one has looked at. */
export function overridersOf(runbook: Runbook, guard: Guard | Never, whole: Runbook): readonly string[] | null {
  if ('ask' in guard || guard.override === undefined) return null;
  if (unbreakable(runbook, guard) !== null || unbreakable(whole, guard) !== null) return null;
  return rolesMeant(runbook, guard.override);
}

/** Whether it says of any of its guards who may. */
export const isOverridable = ({ require, never }: Pick<Runbook, 'require' | 'never'>): boolean =>
  [...require, ...never].some((one) => 'override' in one);

/** It was to be measured and cannot be. A question is another thing: whoever began the run has answered it. */
export const isBlind = ({ answer, facts }: Pick<GuardVerdict, 'answer' | 'facts'>): boolean =>
  answer === 'inconclusive' && facts['ask'] === undefined;

/** Who has overridden it, for this plan and not too long ago: each person counts once, by the last word. */
export function overriddenBy(
  overrides: readonly Override[],
  o: { readonly guard: string; readonly planHash: string; readonly now: Instant },
): readonly Override[] {
  const valid = overrides.filter(
    (one) => one.guard === o.guard && one.planHash === o.planHash && o.now - one.at < OVERRIDE_LASTS_MS && o.now >= one.at,
  );
  return valid.filter((one, at) => valid.findLastIndex(({ by }) => by === one.by) === at);
}

export const covers = (said: Override, answer: GuardAnswer): boolean => said.answer === 'fail' || answer === 'inconclusive';

/** For people and the journal: `guard fresh-backup overridden by ana: the old one will do`. */
export const overrideText = ({ guard, by, why }: Pick<Override, 'guard' | 'by' | 'why'>): string =>
  `guard ${guard} overridden by ${by}: ${why}`;
