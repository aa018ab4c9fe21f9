// Plans again inside a run, keeps the plan by its hash, and never changes what is already approved.
import type { Json } from '../domain/json.ts';
import type { Plan } from '../domain/plan.ts';
import { keepPlan, makePlan } from './plan.ts';
import type { Visit } from './run.ts';
import { factsOf, partName } from './run.ts';

export async function replan(visit: Visit): Promise<Plan> {
  const { run } = visit;
  return (await run.context.step(partName(visit, 'replan'), async () => {
    const plan = await makePlan(run.world, { runbook: run.runbook, irHash: run.irHash }, factsOf(run));
    await keepPlan(run.world, plan);
    return plan as unknown as Json;
  })) as unknown as Plan;
}
