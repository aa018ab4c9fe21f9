// `choose`: a branch with its reason. An arm marked for people is never taken by the expression.
import type { ChooseStep } from '../../domain/ir.ts';
import { evaluateCondition } from '../conditions.ts';
import { failed } from '../fail.ts';
import type { Next, Visit } from '../run.ts';
import { askPeopleUntil, finish, NEXT, setOutputs } from '../run.ts';

export async function runChoose(visit: Visit<ChooseStep>): Promise<Next> {
  const { run, step } = visit;
  const chosen = (await byExpression(visit)) ?? (await byPeople(visit));
  if (chosen === null) {
    await finish(visit, 'failed', { late: true });
    return failed(visit, 'nobody chose in time');
  }
  setOutputs(run, step.id, { choice: chosen.arm });
  await finish(visit, 'done', { choice: chosen.arm, by: chosen.by });
  const arm = step.arms[chosen.arm];
  return arm?.goto === undefined ? NEXT : { to: 'goto', step: arm.goto };
}

async function byExpression(visit: Visit<ChooseStep>): Promise<{ arm: string; by: string } | null> {
  const { step } = visit;
  if (step.by === undefined) return null;
  const { value } = await evaluateCondition(visit, 'by', step.by);
  if (typeof value !== 'string') return null;
  const arm = step.arms[value];
  return arm === undefined || arm.human ? null : { arm: value, by: `belay: ${step.by}` };
}

async function byPeople(visit: Visit<ChooseStep>): Promise<{ arm: string; by: string } | null> {
  const [first, ...rest] = Object.keys(visit.step.arms);
  if (first === undefined) throw new Error(`${visit.step.id} has no arms`);
  const { run, step } = visit;
  const until = step.timeoutMs === undefined ? null : (await run.context.now()) + step.timeoutMs;
  const said = await askPeopleUntil(visit, step.ask ?? step.title, [first, ...rest], until);
  return said === null ? null : { arm: said.choice, by: said.by };
}
