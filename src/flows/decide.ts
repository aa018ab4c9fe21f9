// The decision: a plan, ten guards and the runbook's own, all at one watermark, and what follows: act, ask or refuse.
// Everything that was known goes into the record, so the decision can be read years later.
import type { EventDraft } from '../domain/event.ts';
import type { GuardVerdict, Locality } from '../domain/guardrail.ts';
import { judgeAll, localityOf as localityAmong } from '../domain/guardrail.ts';
import type { Runbook } from '../domain/ir.ts';
import type { Instant, Json } from '../domain/json.ts';
import type { Plan } from '../domain/plan.ts';
import { isLossy } from '../domain/rollback-safety.ts';
import { surroundingsAsk } from '../domain/surroundings.ts';
import type { Transition, TriggerRule } from '../domain/trigger.ts';
import { decisionFacts, type FactsWorld, type Standpoint } from './decision-facts.ts';
import { isFreezeGuard } from './freezes.ts';
import { mergeIfGlobal } from './merge.ts';
import { keepPlan, makePlan } from './plan.ts';
import { asMeant } from './replan.ts';
import type { Run } from './run.ts';
import { BELAY, factsOf, readIncident, update } from './run.ts';
import type { World } from './world.ts';

export interface Decision {
  readonly choice: 'act' | 'ask' | 'refuse';
  readonly plan: Plan;
  readonly guards: readonly GuardVerdict[];
  readonly reason: string;
}

/** One organization or all of them, judged at one watermark (guard G3). */
export async function localityOf(world: Pick<World, 'system' | 'readings'>, rule: TriggerRule, scope: string): Promise<Locality> {
  return rule.scope === 'all' ? 'global' : localityAmong(await world.readings.views(rule.id), scope, world.system.guards);
}

/**
 * Plans and judges inside one engine step, then writes the decision with its frozen inputs. `merged`: another incident has it by now, and
 * nothing is decided here.
 */
export async function decide(run: Run, transition: Transition, round: number): Promise<Decision | 'merged'> {
  const decision = (await run.context.step(`decide#${round}`, async () =>
    (await mergeIfGlobal(run.world, run.incident)) ? 'merged' : ((await decideNow(run, transition)) as unknown as Json),
  )) as unknown as Decision | 'merged';
  if (decision === 'merged') return decision;
  // One that has become a part of another incident meanwhile decides nothing: the caller looks for that next.
  await update(run, `decided#${round}`, (incident, at) =>
    incident.mergedInto === undefined ? { events: decisionEvents(run, decision, at) } : null,
  );
  return decision;
}

function decisionEvents(run: Run, { choice, plan, guards, reason }: Decision, at: Instant): EventDraft[] {
  const options = ['act', 'ask', 'refuse'];
  const data = { choice, by: 'belay', runbook: run.runbook.id, planHash: plan.planHash, guards, options, reason };
  const made: EventDraft = { type: 'decision.made', data, at, actor: BELAY };
  if (choice !== 'refuse') return [made];
  return [made, { type: 'escalation.fired', data: { to: run.runbook.owner ?? 'commander', why: reason }, at, actor: BELAY }];
}

async function decideNow(run: Run, transition: Transition): Promise<Decision> {
  const plan = asMeant(run, await makePlan(run.world, { runbook: run.runbook, irHash: run.irHash }, factsOf(run)));
  await keepPlan(run.world, plan);
  const guards = await judgeNow(run, plan, transition);
  return { plan, guards, ...choose(run.course.runbook.start, plan, guards) };
}

/** Belay's own ten guards and the runbook's, as they answer now. `decided`: this very rollback is already counted in the incident. */
export async function judgeNow(run: Run, plan: Plan, transition: Transition, decided = false): Promise<readonly GuardVerdict[]> {
  const incident = await readIncident(run);
  return judgeFrom(run.world, plan, {
    transition,
    start: run.course.runbook.start,
    components: incident.scope.components,
    incident: run.incident,
    rollbacksInIncident: incident.automaticRollbacks - (decided ? 1 : 0),
  });
}

/** All guards as they answer now, from wherever the decision is looked at. Reads only. */
export async function judgeFrom(world: FactsWorld, plan: Plan, standpoint: Standpoint): Promise<readonly GuardVerdict[]> {
  return [...judgeAll(await decisionFacts(world, plan, standpoint), world.system.guards), ...plan.guards];
}

/** What follows from the guards' answers. `start` is the runbook's. */
export function choose(start: Runbook['start'], plan: Plan, guards: readonly GuardVerdict[]): Pick<Decision, 'choice' | 'reason'> {
  const blocked = plan.guards.find((guard) => guard.answer === 'fail' && !isFreezeGuard(guard));
  if (blocked !== undefined) return { choice: 'refuse', reason: `guard ${blocked.guard}` };
  if (start !== 'auto') return { choice: 'ask', reason: 'the runbook asks' };
  const open = guards.find(isOpen);
  if (open !== undefined) return { choice: 'ask', reason: `guard ${open.guard}` };
  if (plan.unknowns.length > 0) return { choice: 'ask', reason: `unknown: ${plan.unknowns[0]?.step ?? ''}` };
  if (isLossy(plan.safety?.verdict)) return { choice: 'ask', reason: `safety: ${plan.safety?.verdict ?? ''}` };
  const around = surroundingsAsk(plan.safety);
  if (around !== null) return { choice: 'ask', reason: `safety: ${around}` };
  if (plan.steps.some((step) => step.irreversible !== undefined && step.effect !== 'noop'))
    return { choice: 'ask', reason: 'irreversible' };
  if (plan.steps.some((step) => step.notes?.includes('rewrites-history') && step.effect !== 'noop'))
    return { choice: 'ask', reason: 'rewrites-history' };
  return { choice: 'act', reason: '' };
}

export const isOpen = (guard: GuardVerdict): boolean => guard.answer !== 'pass' && guard.answer !== 'not-applicable';
