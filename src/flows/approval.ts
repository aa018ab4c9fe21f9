// Asking for an approval of exactly one plan, and waiting for it. Never granted by time-out; a grant of another plan never counts.
import type { GuardVerdict } from '../domain/guardrail.ts';
import type { Instant } from '../domain/json.ts';
import type { Plan } from '../domain/plan.ts';
import { isLossy } from '../domain/rollback-safety.ts';
import { attention } from './attention.ts';
import { mergeIfGlobal } from './merge.ts';
import type { Run, Visit } from './run.ts';
import { BELAY, PATIENCE_MS, partName, readIncident, update } from './run.ts';

export interface ApprovalRequest {
  readonly from: readonly string[];
  readonly min: number;
  readonly fourEyes: boolean;
  /** Null: as long as it takes. */
  readonly timeoutMs: number | null;
  readonly onTimeout: 'abort' | 'escalate';
  /** The guard that saying yes overrides; with the prefix of its runbook. */
  readonly override?: GuardVerdict;
}

/** What a plan needs whoever asks: two people where something cannot be taken back, or data would be lost. */
export function approvalNeeds(run: Run, plan: Plan): ApprovalRequest {
  const irreversible =
    plan.steps.some((step) => step.irreversible !== undefined && step.effect !== 'noop') || isLossy(plan.safety?.verdict);
  return {
    from: [run.course.runbook.owner ?? 'commander'],
    min: irreversible ? 2 : 1,
    fourEyes: irreversible,
    timeoutMs: null,
    onTimeout: 'escalate',
  };
}

/** What an `approve` step asks for, and never less than a loss of data demands. */
export const stricter = (request: ApprovalRequest, plan: Plan): ApprovalRequest =>
  isLossy(plan.safety?.verdict) ? { ...request, min: Math.max(2, request.min), fourEyes: true } : request;

/** True when enough people granted this plan; false when somebody denied it or the time ran out under `abort`. */
export async function askApproval(visit: Visit, part: string, plan: Plan, request: ApprovalRequest): Promise<boolean> {
  const { run } = visit;
  if (run.isPart === true) return false;
  const name = partName(visit, part);
  const id = `${run.context.runId}/${name}`;
  const withinMs = request.timeoutMs ?? PATIENCE_MS;
  let deadline = await requestApproval(run, { name, step: visit.step.id, plan, request, withinMs });
  if (await run.context.step(`${name}:merged`, () => mergeIfGlobal(run.world, run.incident))) return false;
  for (let round = 1; ; round += 1) {
    await run.context.receive(`approval:${name}`, deadline);
    const state = await approvalState(run, `${name}:state${round}`, id, plan);
    if (state === 'granted') return true;
    if (state === 'denied' || state === 'merged') return false;
    const now = await run.context.now();
    if (now < deadline) continue;
    const settled = await expire(run, { name: `${name}:expired${round}`, id, plan, request });
    if (settled !== 'open') return settled === 'granted';
    deadline = now + withinMs;
  }
}

export interface Asking {
  readonly name: string;
  readonly step: string | null;
  readonly plan: Plan;
  readonly request: ApprovalRequest;
  readonly withinMs: number;
}

/** The request and the messages that tell the responders of it, in one transaction. @returns until when it is open */
export async function requestApproval(run: Run, { name, step, plan, request, withinMs }: Asking): Promise<Instant> {
  const id = `${run.context.runId}/${name}`;
  const askedAt = await update(run, `${name}:request`, (incident, at) => {
    // Another incident asks by now.
    if (incident.mergedInto !== undefined) return null;
    const told = attention(run, incident, { revision: name, at, asks: 'approval', of: request.from });
    return {
      events: [
        {
          type: 'approval.requested',
          data: {
            id,
            step,
            planHash: plan.planHash,
            from: request.from,
            min: request.min,
            fourEyes: request.fourEyes,
            expiresAt: at + withinMs,
            ...(request.override === undefined ? {} : { override: request.override }),
          },
          at,
          actor: BELAY,
        },
        ...told.events,
      ],
      deliveries: told.deliveries,
    };
  });
  return askedAt + withinMs;
}

/** `merged`: another incident goes on with it, and nobody is asked here any more. */
export type ApprovalState = 'open' | 'granted' | 'denied' | 'expired' | 'merged';

/** Read inside its own engine step. A grant that names another plan is none. */
export async function approvalState(run: Run, name: string, id: string, plan: Plan): Promise<ApprovalState> {
  return (await run.context.step(name, async () => {
    const { approvals, mergedInto } = await readIncident(run);
    if (mergedInto !== undefined) return 'merged';
    const approval = approvals[id];
    if (approval === undefined || approval.planHash !== plan.planHash) return 'open';
    return approval.state;
  })) as ApprovalState;
}

/** Under `abort` an open approval ends here; one that was settled in the same moment keeps what people said. */
async function expire(
  run: Run,
  o: { readonly name: string; readonly id: string; readonly plan: Plan; readonly request: ApprovalRequest },
): Promise<ApprovalState> {
  const escalate = o.request.onTimeout === 'escalate';
  await update(run, o.name, (incident, at) => {
    if (incident.approvals[o.id]?.state !== 'open') return null;
    if (!escalate) return { events: [{ type: 'approval.expired', data: { id: o.id, escalated: false }, at, actor: BELAY }] };
    const told = attention(run, incident, { revision: o.name, at, asks: 'approval', of: o.request.from });
    return {
      events: [
        { type: 'escalation.fired', data: { to: o.request.from.join(', '), why: `approval ${o.id} waits` }, at, actor: BELAY },
        ...told.events,
      ],
      deliveries: told.deliveries,
    };
  });
  const state = await approvalState(run, `${o.name}:after`, o.id, o.plan);
  return escalate || state === 'granted' ? state : 'denied';
}
