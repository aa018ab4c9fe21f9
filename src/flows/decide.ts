// The decision: a plan, ten guards and the runbook's own, all at one watermark, and what follows: act, ask or refuse.
// Everything that was known goes into the record, so the decision can be read years later.
import { BelayError } from '../domain/errors.ts';
import type { EventDraft } from '../domain/event.ts';
import type { DecisionFacts, GuardVerdict, Locality, TargetFacts } from '../domain/guardrail.ts';
import { judgeAll, localityOf as localityAmong } from '../domain/guardrail.ts';
import type { Instant, Json } from '../domain/json.ts';
import type { Plan } from '../domain/plan.ts';
import { restrictionsOf } from '../domain/silence.ts';
import type { System } from '../domain/system.ts';
import type { Transition, TriggerRule } from '../domain/trigger.ts';
import { keepPlan, makePlan } from './plan.ts';
import { provenanceFacts } from './provenance.ts';
import { pastRollbacks } from './rollback-history.ts';
import type { Run } from './run.ts';
import { BELAY, factsOf, readIncident, update } from './run.ts';
import { upstreamFacts } from './upstreams.ts';
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

/** Plans and judges inside one engine step, then writes the decision with its frozen inputs. */
export async function decide(run: Run, transition: Transition, round: number): Promise<Decision> {
  const decision = (await run.context.step(
    `decide#${round}`,
    async () => (await decideNow(run, transition)) as unknown as Json,
  )) as unknown as Decision;
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
  const plan = await makePlan(run.world, { runbook: run.runbook, irHash: run.irHash }, factsOf(run));
  await keepPlan(run.world, plan);
  const guards = await judgeNow(run, plan, transition);
  return { plan, guards, ...choose(run, plan, guards) };
}

/** Belay's own ten guards and the runbook's, as they answer now. `decided`: this very rollback is already counted in the incident. */
export async function judgeNow(run: Run, plan: Plan, transition: Transition, decided = false): Promise<readonly GuardVerdict[]> {
  const facts = await decisionFacts(run, plan, transition);
  const rollbacksInIncident = facts.rollbacksInIncident - (decided ? 1 : 0);
  return [...judgeAll({ ...facts, rollbacksInIncident }, run.world.system.guards), ...plan.guards];
}

function choose(run: Run, plan: Plan, guards: readonly GuardVerdict[]): Pick<Decision, 'choice' | 'reason'> {
  const blocked = plan.guards.find((guard) => guard.answer === 'fail');
  if (blocked !== undefined) return { choice: 'refuse', reason: `guard ${blocked.guard}` };
  if (run.course.runbook.start !== 'auto') return { choice: 'ask', reason: 'the runbook asks' };
  const open = guards.find(isOpen);
  if (open !== undefined) return { choice: 'ask', reason: `guard ${open.guard}` };
  if (plan.unknowns.length > 0) return { choice: 'ask', reason: `unknown: ${plan.unknowns[0]?.step ?? ''}` };
  if (plan.steps.some((step) => step.irreversible !== undefined && step.effect !== 'noop'))
    return { choice: 'ask', reason: 'irreversible' };
  return { choice: 'act', reason: '' };
}

export const isOpen = (guard: GuardVerdict): boolean => guard.answer !== 'pass' && guard.answer !== 'not-applicable';

async function decisionFacts(run: Run, plan: Plan, transition: Transition): Promise<DecisionFacts> {
  const { world } = run;
  const now = world.time.now();
  const incident = await readIncident(run);
  const rule = world.system.triggers.find((one) => one.id === transition.trigger);
  const users = await world.readings.users({ trigger: transition.trigger, scope: plan.org });
  const silences = await world.silences.list({ endingAfter: now });
  return {
    now,
    rule: rule ?? null,
    transition,
    scope: plan.org,
    views: await world.readings.views(transition.trigger),
    changes: await changesOf(world, plan),
    rollbacks: await pastRollbacks(world, { since: now - 24 * 3_600_000, except: run.incident }),
    rollbacksInIncident: incident.automaticRollbacks,
    health: await world.readings.health({ sources: transition.inputs.sources }),
    ...(users === undefined ? {} : { users }),
    pause: await world.pause.read(),
    start: run.course.runbook.start,
    upstreams: await upstreamFacts(world, incident.scope.components),
    restrictions: restrictionsOf(silences, {
      trigger: transition.trigger,
      members: membersOf(world.system, rule),
      scope: transition.scope,
      org: plan.org,
      now,
    }),
    cadenceMs: cadenceOf(world, transition),
    provenance: await provenanceFacts(world, transition),
  };
}

/** The triggers that a trigger over triggers is made of. */
function membersOf({ signals }: System, rule: TriggerRule | undefined): readonly string[] {
  const signal = signals.find((one) => one.id === rule?.signal)?.signal;
  return signal?.kind === 'composite' ? signal.of : [];
}

/** Of the slowest source behind it. */
function cadenceOf({ system }: Pick<World, 'system'>, { inputs }: Transition): number {
  return Math.max(0, ...system.sources.filter(({ id }) => inputs.sources.includes(id)).map((source) => source.everyMs));
}

/** What each changing step would touch, and when that last changed: nothing recent means that a rollback is not the answer. */
async function changesOf(world: Pick<World, 'actions'>, plan: Plan): Promise<readonly TargetFacts[]> {
  const changing = plan.steps.filter((step) => step.action !== undefined && step.effect !== 'noop' && step.args !== undefined);
  const changes = changing.map(async (step): Promise<TargetFacts | null> => {
    const action = world.actions[step.action ?? ''];
    if (action === undefined || step.args === undefined) return null;
    const facts = { step: step.id, target: action.target(step.args), switches: SWITCHING.has(step.action ?? ''), to: step.desired ?? null };
    try {
      const last = await action.lastChange(step.args);
      return { ...facts, at: last?.at ?? null, impossible: await action.impossible(step.args) };
    } catch (error) {
      // A target that cannot be asked is an open guard, not the end of the run.
      if (!BelayError.is(error)) throw error;
      return { ...facts, at: null, impossible: error.message };
    }
  });
  return (await Promise.all(changes)).filter((change) => change !== null);
}

/** Actions that put another release or flow live; freezing and pausing are not a rollback. */
const SWITCHING: ReadonlySet<string> = new Set(['deploy.rollback', 'deploy.activate', 'flow.set']);
