// What the ten guards look at, read at one moment: of an incident that decides, or of a trigger in shadow that has none.
// It reads only, and judges nothing.
import { BelayError } from '../domain/errors.ts';
import type { DecisionFacts, RollbackFacts, TargetFacts } from '../domain/guardrail.ts';
import type { Runbook } from '../domain/ir.ts';
import type { Plan } from '../domain/plan.ts';
import { LIVE_SWITCHES } from '../domain/put-live.ts';
import { restrictionsOf } from '../domain/silence.ts';
import type { System } from '../domain/system.ts';
import type { Transition, TriggerRule } from '../domain/trigger.ts';
import { provenanceFacts } from './provenance.ts';
import { pastRollbacks } from './rollback-history.ts';
import { upstreamFacts } from './upstreams.ts';
import type { World } from './world.ts';

export type FactsWorld = Pick<World, 'system' | 'readings' | 'silences' | 'incidents' | 'documents' | 'actions' | 'pause' | 'time'>;

/** From where a decision is looked at. */
export interface Standpoint {
  readonly transition: Transition;
  readonly start: Runbook['start'];
  /** What is hit. */
  readonly components: readonly string[];
  /** The incident that decides; null: there is none. */
  readonly incident: string | null;
  readonly rollbacksInIncident: number;
  /** Beside those that the incidents know of. */
  readonly rollbacks?: readonly RollbackFacts[];
}

/** Reads only. */
export async function decisionFacts(world: FactsWorld, plan: Plan, at: Standpoint): Promise<DecisionFacts> {
  const { transition } = at;
  const now = world.time.now();
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
    rollbacks: [...(at.rollbacks ?? []), ...(await pastRollbacks(world, { since: now - 24 * 3_600_000, except: at.incident }))],
    rollbacksInIncident: at.rollbacksInIncident,
    health: await world.readings.health({ sources: transition.inputs.sources }),
    ...(users === undefined ? {} : { users }),
    pause: await world.pause.read(),
    start: at.start,
    upstreams: await upstreamFacts(world, at.components),
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
    const facts = {
      step: step.id,
      target: action.target(step.args),
      switches: LIVE_SWITCHES.has(step.action ?? ''),
      to: step.desired ?? null,
    };
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
