// Asking for an approval of exactly one plan, and waiting for it. Never granted by time-out.
import type { Plan } from '../domain/plan.ts';
import type { Instant } from '../domain/json.ts';
import type { Run, Visit } from './run.ts';
import { append, BELAY, partName, PATIENCE_MS, readIncident } from './run.ts';

export interface ApprovalRequest {
  readonly from: readonly string[];
  readonly min: number;
  readonly fourEyes: boolean;
  /** Null: as long as it takes. */
  readonly timeoutMs: number | null;
  readonly onTimeout: 'abort' | 'escalate';
}

export const approvalId = (runId: string, name: string): string => `${runId}/${name}`;

/** True when enough people granted this plan; false when somebody denied it or the time ran out under `abort`. */
export async function askApproval(visit: Visit, plan: Plan, request: ApprovalRequest): Promise<boolean> {
  return askApprovalOf(visit.run, partName(visit, 'approval'), visit.step.id, plan, request);
}

export async function askApprovalOf(run: Run, name: string, step: string | null, plan: Plan, request: ApprovalRequest): Promise<boolean> {
  const id = approvalId(run.context.runId, name);
  let deadline = (await run.context.now()) + (request.timeoutMs ?? PATIENCE_MS);
  await append(run, `${name}:request`, (at) => ({
    events: [
      {
        type: 'approval.requested',
        data: { id, step, planHash: plan.planHash, from: request.from, min: request.min, fourEyes: request.fourEyes, expiresAt: deadline },
        at,
        actor: BELAY,
      },
    ],
  }));
  for (let round = 1; ; round += 1) {
    await run.context.receive(`approval:${name}`, deadline);
    const state = await run.context.step(`${name}:state${round}`, async () => (await readIncident(run)).approvals[id]?.state ?? 'open');
    if (state === 'granted') return true;
    if (state === 'denied') return false;
    const now = await run.context.now();
    if (now < deadline) continue;
    const escalate = request.onTimeout === 'escalate';
    await append(run, `${name}:expired${round}`, (at) => ({ events: escalate ? escalated(id, request, at) : expired(id, at) }));
    if (!escalate) return false;
    deadline = now + (request.timeoutMs ?? PATIENCE_MS);
  }
}

const expired = (id: string, at: Instant) => [{ type: 'approval.expired' as const, data: { id, escalated: false }, at, actor: BELAY }];
const escalated = (id: string, request: ApprovalRequest, at: Instant) => [
  { type: 'escalation.fired' as const, data: { to: request.from.join(', '), why: `approval ${id} waits` }, at, actor: BELAY },
];
