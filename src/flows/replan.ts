// Plans again inside a run. What the run has done stays as it was approved, and what it rolled away from is never proposed again.
import type { Json } from '../domain/json.ts';
import type { Plan, PlanStep } from '../domain/plan.ts';
import { keepPlan, makePlan, withSteps } from './plan.ts';
import type { Run, Visit } from './run.ts';
import { append, BELAY, partName, readIncident, wholeFacts } from './run.ts';

export async function replan(visit: Visit): Promise<Plan> {
  const { run } = visit;
  return (await run.context.step(partName(visit, 'replan'), async () => {
    const { skips = {} } = await readIncident(run);
    const pinned = { runbook: run.course.runbook, irHash: run.irHash };
    const fresh = await makePlan(run.world, pinned, wholeFacts(run), { called: run.course.outputs, skip: Object.keys(skips) });
    const plan = withSteps(
      run.world,
      fresh,
      fresh.steps.map((step) => stepNow(run, step)),
    );
    await keepPlan(run.world, plan);
    return plan as unknown as Json;
  })) as unknown as Plan;
}

function stepNow(run: Run, step: PlanStep): PlanStep {
  const { completed, plan, left, meant = [] } = run.course;
  const done = completed.some((one) => one.step === step.id);
  const before = plan.steps.find((one) => one.id === step.id);
  if (done && before !== undefined) return before;
  const action = step.action === undefined ? undefined : run.world.actions[step.action];
  if (action === undefined || step.args === undefined || step.effect !== 'change') return step;
  const target = action.target(step.args);
  const isDesired = ({ value }: { readonly value: Json }): boolean => JSON.stringify(value) === JSON.stringify(step.desired ?? null);
  const meantToLeave = [...meant, ...leftBy(plan)].some((one) => one.step === step.id && isDesired(one));
  const back = meantToLeave || left.some((one) => one.target === target && isDesired(one));
  // Putting back what this run rolled away from, or was to roll away from when somebody deployed something else, is never the answer: the step
  // is not known until people say where to go.
  return back ? { ...step, effect: 'unknown' } : step;
}

/** What a plan means to leave, step by step. */
const leftBy = ({ steps }: Plan): readonly { readonly step: string; readonly value: Json }[] =>
  steps.flatMap(({ id, effect, current }) => (effect === 'change' && current !== undefined ? [{ step: id, value: current }] : []));

/** From now on no plan of this run proposes what this one means to leave. */
export function keepMeaning({ course }: Run, plan: Plan): void {
  const { meant = [] } = course;
  const known = new Set(meant.map((one) => JSON.stringify(one)));
  course.meant = [...meant, ...leftBy(plan).filter((one) => !known.has(JSON.stringify(one)))];
}

/** A fresh plan of a run that is not at work yet, as an earlier one of it would have it. */
export function asMeant(run: Run, fresh: Plan): Plan {
  const steps = fresh.steps.map((step) => stepNow(run, step));
  return steps.every((step, index) => step === fresh.steps[index]) ? fresh : withSteps(run.world, fresh, steps);
}

/** A plan that people approved in the middle of a run: the incident names it from now on. */
export async function adoptPlan(visit: Visit, plan: Plan): Promise<void> {
  const { run } = visit;
  keepMeaning(run, run.course.plan);
  run.course.plan = plan;
  run.course.alone = null;
  await append(run, partName(visit, 'adopted'), (at) => ({
    events: [
      {
        type: 'decision.made',
        data: {
          choice: 'act',
          by: 'people',
          runbook: run.course.runbook.id,
          planHash: plan.planHash,
          guards: plan.guards,
          options: ['act'],
          reason: `approved at ${visit.step.id}`,
        },
        at,
        actor: BELAY,
      },
    ],
  }));
}
