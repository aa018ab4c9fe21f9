// `approve`: shows a fresh plan and waits until enough people have approved its hash. Never approves by itself.
import type { ApproveStep } from '../../domain/ir.ts';
import { rolesMeant } from '../../domain/runbook-roles.ts';
import { type ApprovalRequest, askApproval, stricter } from '../approval.ts';
import { failed } from '../fail.ts';
import { adoptPlan, replan } from '../replan.ts';
import type { Next, Visit } from '../run.ts';
import { finish, NEXT } from '../run.ts';

export async function runApprove(visit: Visit<ApproveStep>): Promise<Next> {
  const { step } = visit;
  const plan = await replan(visit);
  const request: ApprovalRequest = {
    from: rolesMeant(visit.run.runbook, step.from),
    min: step.min,
    fourEyes: step.fourEyes,
    timeoutMs: step.timeoutMs ?? null,
    onTimeout: step.onTimeout,
  };
  const granted = await askApproval(visit, 'approval', plan, stricter(request, plan));
  await finish(visit, granted ? 'done' : 'failed', { planHash: plan.planHash, granted });
  if (!granted) return failed(visit, 'the plan was not approved');
  await adoptPlan(visit, plan);
  return NEXT;
}
