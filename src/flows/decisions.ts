// Deciding an approval: exactly the plan that was read, in time, by somebody who may. All of it is asked under the incident's lock.
import { mayApprove } from '../domain/authorization.ts';
import { BelayError } from '../domain/errors.ts';
import type { EventDraft } from '../domain/event.ts';
import type { Approval, Incident } from '../domain/incident.ts';
import { isOpen } from '../domain/incident-fold.ts';
import { requestedBy } from '../domain/incident-view-action.ts';
import { stepsOf } from '../domain/ir.ts';
import { formatTime } from '../domain/time-text.ts';
import type { Caller } from './caller.ts';
import { actorOf, incidentOf, refusal } from './caller.ts';
import { overridden } from './overrides.ts';
import { pinnedRunbook } from './pinned.ts';
import { wakeRun } from './wake.ts';
import type { World } from './world.ts';

export interface ApproveRequest {
  readonly incident: string;
  readonly approval: string;
  /** The plan that the caller has read. */
  readonly planHash: string;
  readonly decision: 'grant' | 'deny';
  readonly reason?: string | undefined;
  readonly key: string;
}

/** Repeating a decision of one person under one key changes nothing and answers the same. */
export async function approve(world: World, caller: Caller, request: ApproveRequest): Promise<Incident> {
  const before = await incidentOf(world, request.incident);
  const { id, planHash } = approvalOf(before, request.approval);
  // An approval never changes its plan, so this may be asked before the lock.
  if (planHash !== request.planHash) {
    throw new BelayError('BELAY_PLAN_CHANGED', 'The plan changed since you read it; nothing was approved.', {
      hint: 'Read the new plan and approve again.',
    });
  }
  const said = request.reason;
  const why = said === undefined || world.hidden === undefined ? said : await world.hidden(said);
  const fixed = {
    requester: requestedBy(await world.incidents.events(before.id)),
    ends: await endsInTime(world, before, request.approval),
  };
  const key = `approve/${id}/${caller.person}/${request.decision}/${request.key}`;
  const incident = await world.incidents.update(before.id, key, (current) => {
    const at = world.time.now();
    const approval = approvalOf(current, id);
    demandDecidable(current, approval, { caller, decision: request.decision, at, ...fixed });
    const stamp = { at, actor: actorOf(caller) };
    return request.decision === 'grant'
      ? {
          events: [
            ...overrideEvents(current, approval, { caller, why, at }),
            { type: 'approval.granted', data: { id, planHash, by: caller.person }, ...stamp },
          ],
        }
      : { events: [{ type: 'approval.denied', data: { id, by: caller.person, reason: why ?? '' }, ...stamp }] };
  });
  await wakeRun(world, incident);
  return incident;
}

function approvalOf(incident: Incident, id: string): Approval {
  const approval = incident.approvals[id];
  if (approval === undefined)
    throw new BelayError('BELAY_NOT_FOUND', `${incident.id} has no approval ${id}.`, {
      hint: `See what waits: belay incident ${incident.id}`,
    });
  return approval;
}

/** Under `abort` the deadline ends the approval, also while no run is there to say so; under `escalate` it only calls more people. */
async function endsInTime(world: World, incident: Incident, approval: string): Promise<boolean> {
  const { step: id } = approvalOf(incident, approval);
  const runbook = id === null ? null : await pinnedRunbook(world, incident);
  const step = runbook === null ? undefined : stepsOf(runbook).find((one) => one.id === id);
  return step?.kind === 'approve' && step.onTimeout === 'abort';
}

interface Decision {
  readonly caller: Caller;
  readonly decision: 'grant' | 'deny';
  readonly at: number;
  readonly requester: string | null;
  readonly ends: boolean;
}

function demandDecidable(incident: Incident, approval: Approval, o: Decision): void {
  const changed = (message: string) => new BelayError('BELAY_PLAN_CHANGED', message, { hint: 'Reload to see what happened.' });
  if (incident.mergedInto !== undefined) throw changed(`${incident.id} is a part of ${incident.mergedInto} now; nothing was decided.`);
  if (!isOpen(incident)) throw changed(`${incident.id} is ${incident.phase}; nothing was decided.`);
  if (approval.state !== 'open') throw changed(`This approval is already ${approval.state}.`);
  if (o.ends && o.at >= approval.expiresAt)
    throw changed(
      `The time for this approval ran out at ${formatTime(approval.expiresAt, { lang: 'en', zone: 'UTC' })}; nothing was decided.`,
    );
  const may = mayApprove(approval, o.caller, o.requester);
  // Saying no is open to everybody who is named: stopping needs no second pair of eyes.
  if (may.allowed || (o.decision === 'deny' && may.why !== 'needs-role')) return;
  throw refusal(o.caller, may, 'approve this');
}

/** Saying yes to a guard that does not pass is a word of its own, with its reason. */
function overrideEvents(
  { id: incident }: Incident,
  { override, planHash }: Approval,
  o: { readonly caller: Caller; readonly why: string | undefined; readonly at: number },
): readonly EventDraft[] {
  if (override === undefined) return [];
  const why = o.why?.trim() ?? '';
  if (why === '')
    throw new BelayError('BELAY_INPUT_INVALID', `This overrides the guard ${override.guard}, and the record wants to know why.`, {
      hint: `belay approve ${incident} --plan ${planHash.slice(0, 8)} --reason "<why>"`,
    });
  return [overridden(override, { by: o.caller.person, why, planHash, at: o.at })];
}
