// Earlier runs of a runbook, newest first, for what they took. It looks at a bounded number of incidents and judges nothing.
import type { Incident } from '../domain/incident.ts';
import type { Plan } from '../domain/plan.ts';
import { withPast } from '../domain/time-budget.ts';
import type { World } from './world.ts';

const MOST_LOOKED_AT = 200;

export async function pastRunsOf(world: Pick<World, 'incidents'>, runbook: string): Promise<readonly Incident[]> {
  const incidents = await world.incidents.list({ limit: MOST_LOOKED_AT });
  return incidents.filter((one) => one.runbook === runbook && Object.keys(one.steps).length > 0);
}

/** The plan with what the last runs of its runbook really took. */
export async function planWithPast(world: Pick<World, 'incidents'>, plan: Plan): Promise<Plan> {
  if (plan.budgets === undefined) return plan;
  return { ...plan, budgets: withPast(plan.budgets, await pastRunsOf(world, plan.runbook)) };
}
