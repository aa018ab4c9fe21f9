// The guards once more, right before the first act of a run: between the decision and the act the world may have changed.
import type { GuardVerdict } from '../domain/guardrail.ts';
import type { Json } from '../domain/json.ts';
import { approvalNeeds, askApproval } from './approval.ts';
import { isOpen, judgeNow } from './decide.ts';
import { lookupIn } from './facts.ts';
import { runbookGuards } from './plan.ts';
import type { Next, Visit } from './run.ts';
import { append, BELAY, factsOf, finish, partName } from './run.ts';

/**
 * Null: go on. A `require` or `never` that does not hold stops the run; anything else that is open asks people, and stops a part of a fan-out,
 * which asks nobody.
 * `round` above 1: a pause lay between, so the guards are asked again whatever was answered before.
 */
export async function recheckGuards(visit: Visit, round: number): Promise<Next | null> {
  const { run } = visit;
  if (run.rechecked && round === 1) return null;
  const part = round === 1 ? 'guards' : `guards${round}`;
  const open = (await run.context.step(
    partName(visit, part),
    async () => (await openNow(visit, round)) as unknown as Json,
  )) as unknown as readonly GuardVerdict[];
  if (open.length === 0) return null;
  await append(run, partName(visit, `${part}-open`), (at) => ({
    events: [
      {
        type: 'decision.made',
        data: {
          choice: 'ask',
          by: 'belay',
          runbook: run.course.runbook.id,
          planHash: run.course.plan.planHash,
          guards: open,
          options: ['ask', 'refuse'],
          reason: `right before ${visit.step.id}: guard ${open[0]?.guard ?? ''}`,
        },
        at,
        actor: BELAY,
      },
    ],
  }));
  const own = open.find((guard) => (guard.answer === 'fail' || run.isPart === true) && isRunbookGuard(visit, guard));
  if (own !== undefined) {
    await finish(visit, 'failed', { code: 'BELAY_GUARD_REFUSED', guard: own.guard, reason: own.reason });
    const why = own.answer === 'fail' ? 'does not hold' : `cannot be told: ${own.reason}`;
    return { to: 'stop', reason: `${visit.step.id}: guard ${own.guard} ${why}` };
  }
  const granted = await askApproval(visit, `${part}-approval`, run.course.plan, approvalNeeds(run, run.course.plan));
  if (granted) {
    run.course.alone = null;
    run.vouched = open.map((guard) => guard.guard);
    return null;
  }
  await finish(visit, 'failed', { code: 'BELAY_GUARD_REFUSED', denied: true });
  return { to: 'stop', reason: `${visit.step.id}: not approved`, people: true };
}

/**
 * What people approved they may run although Belay's own guards would not act alone; the runbook's guards always count, and one that nobody
 * can measure now is no pass: what people said yes to was measured then.
 */
async function openNow(visit: Visit, round: number): Promise<readonly GuardVerdict[]> {
  const { run } = visit;
  const own = await runbookGuards(run.world, run.runbook, lookupIn(run.world.system, factsOf(run), null));
  const { alone, plan, completed } = run.course;
  if (run.isPart === true) return own.filter(isOpen);
  if (alone === null) return own.filter((guard) => guard.answer === 'fail' || (isBlind(guard) && !isVouched(visit, guard, round)));
  // Each runbook asks its own before its first act. Belay's judge the whole run, and were asked before its first act, whose effect they see now.
  if (round === 1 && completed.length > 0) return own.filter(isOpen);
  return (await judgeNow(run, { ...plan, guards: own }, alone, true)).filter(isOpen);
}

/** It was to be measured and cannot be. A question is another thing: whoever began the run has answered it. */
const isBlind = ({ answer, facts }: GuardVerdict): boolean => answer === 'inconclusive' && facts['ask'] === undefined;

/** People have said yes in this run although it could not be measured, and no pause lay between. */
const isVouched = ({ run }: Visit, { guard }: GuardVerdict, round: number): boolean => round === 1 && run.vouched?.includes(guard) === true;

function isRunbookGuard({ run }: Visit, guard: GuardVerdict): boolean {
  return [...run.runbook.require, ...run.runbook.never].some((one) => one.id === guard.guard);
}
