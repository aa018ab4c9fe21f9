// Overriding a guard: when a person starts a run, and when a run asks right before its first act. What was said is in the incident before
// anything is done, so that a kill in between loses it not; what it means is domain/guard-override.ts.
import { OPERATOR } from '../domain/authorization.ts';
import { BelayError } from '../domain/errors.ts';
import type { EventDraft } from '../domain/event.ts';
import { isBlind, OVERRIDE_LASTS_MS, REVIEW_WITHIN_MS } from '../domain/guard-override.ts';
import type { GuardVerdict } from '../domain/guardrail.ts';
import type { Instant } from '../domain/json.ts';
import type { Plan } from '../domain/plan.ts';
import type { Caller } from './caller.ts';
import { isFreezeGuard } from './freezes.ts';

export interface AskedOverride {
  readonly guard: string;
  readonly reason: string;
}

interface Word {
  readonly by: string;
  readonly why: string;
  readonly planHash: string;
  readonly at: Instant;
}

export function overridden({ guard, answer, reason, facts }: GuardVerdict, { by, why, planHash, at }: Word): EventDraft {
  const ends = { until: at + OVERRIDE_LASTS_MS, reviewBy: at + REVIEW_WITHIN_MS };
  return {
    type: 'guard.overridden',
    data: { guard, answer, reason, facts, planHash, by, why, ...ends },
    at,
    actor: { kind: 'user', id: by },
  };
}

/** What a person who starts a run overrides. @throws BELAY_GUARD_REFUSED, BELAY_FORBIDDEN, BELAY_INPUT_INVALID, before anything is begun */
export function demandOverrides(
  caller: Caller,
  { runbook, guards }: Pick<Plan, 'runbook' | 'guards'>,
  asked: readonly AskedOverride[],
): readonly GuardVerdict[] {
  for (const { guard, reason } of asked) {
    if (reason.trim() === '')
      throw new BelayError('BELAY_INPUT_INVALID', `The record wants to know why the guard ${guard} is overridden; nothing was started.`, {
        hint: 'Add --reason "<why>".',
      });
    demandNeeded(runbook, guards, guard);
  }
  const meant = guards.filter((one) => !isFreezeGuard(one) && asked.some(({ guard }) => guard === one.guard));
  for (const one of meant) demandMay(caller, one);
  const blocking = guards.find((one) => one.answer === 'fail' && !meant.includes(one));
  if (blocking !== undefined)
    throw new BelayError('BELAY_GUARD_REFUSED', `Guard ${blocking.guard} does not hold: ${blocking.reason}.`, {
      hint: hintFor(runbook, blocking),
    });
  return meant;
}

function demandNeeded(runbook: string, guards: readonly GuardVerdict[], id: string): void {
  const found = guards.filter(({ guard }) => guard === id);
  const hint = `See all guards: belay plan ${runbook}`;
  if (found.length === 0) throw new BelayError('BELAY_NOT_FOUND', `${runbook} has no guard ${id}; nothing was started.`, { hint });
  if (found.some((one) => one.answer === 'fail' || isBlind(one))) return;
  throw new BelayError('BELAY_INPUT_INVALID', `Guard ${id} is in nobody's way; nothing was started.`, {
    hint: `Leave out --override ${id}.`,
  });
}

function demandMay({ person, roles }: Caller, { guard, override }: GuardVerdict): void {
  if (override === undefined)
    throw new BelayError('BELAY_GUARD_REFUSED', `Guard ${guard} does not pass, and nobody may override it; nothing was started.`, {
      hint: 'Have what it asks for put right first. Who may override a guard is written in the runbook, as its override.',
    });
  if (roles.includes(OPERATOR) || override.some((one) => one === person || roles.includes(one))) return;
  throw new BelayError('BELAY_FORBIDDEN', `${person} may not override the guard ${guard}: it needs ${override.join(' or ')}.`, {
    hint: 'Ask one of them to start it.',
  });
}

function hintFor(runbook: string, { guard, override, ...rest }: GuardVerdict): string {
  if (isFreezeGuard({ guard, ...rest })) return `Thaw it first: belay thaw ${String(rest.facts['scope'])} --why "…"`;
  if (override === undefined) return `See all guards: belay plan ${runbook}`;
  return `${override.join(' or ')} may override it: belay run ${runbook} --override ${guard} --reason "<why>"`;
}
