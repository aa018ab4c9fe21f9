// What a step that acts has in the plan, and what happens when that cannot be carried out: it is planned again, and people are asked.
import { assert } from '../domain/assert.ts';
import type { PlanStep } from '../domain/plan.ts';
import { approvalNeeds, askApproval } from './approval.ts';
import { askHow } from './fail.ts';
import { adoptPlan, replan } from './replan.ts';
import type { Next, Visit } from './run.ts';

export function plannedStep(visit: Visit): PlanStep {
  const planned = visit.run.course.plan.steps.find((one) => one.id === visit.step.id);
  assert(planned !== undefined, `${visit.step.id} is not in the plan`);
  return planned;
}

export async function askWithNewPlan(visit: Visit, why: string): Promise<Next> {
  const plan = await replan(visit);
  if (plan.steps.find((one) => one.id === visit.step.id)?.effect === 'unknown') {
    const told = plan.unknowns.find((one) => one.step === visit.step.id)?.why;
    const still = told === undefined ? 'still it cannot be known' : `still it cannot be done: ${told}`;
    return askHow(visit, `${why}, and ${still}; mend that and try again, or do it by hand and continue`);
  }
  const granted = await askApproval(visit, 'replan-approval', plan, approvalNeeds(visit.run, plan));
  if (!granted) return { to: 'stop', reason: `${visit.step.id}: ${why}, and the new plan was not approved`, people: true };
  await adoptPlan(visit, plan);
  return { to: 'goto', step: visit.step.id };
}
