// Permissions that depend on the incident: who may decide this approval, who may answer this step. The commands check the
// plan and the state again under the incident's lock; this refuses early and names what is missing.
import { mayAnswer, mayApprove } from '../domain/authorization.ts';
import { BelayError } from '../domain/errors.ts';
import { requestedBy } from '../domain/incident-view-action.ts';
import { refusal } from '../flows/caller.ts';
import type { Caller } from './commands.ts';
import { findIncident, type ReadWorld } from './snapshot.ts';

/** @returns the incident's own id. @throws BELAY_NOT_FOUND, BELAY_FORBIDDEN */
export async function permitDecision(
  world: ReadWorld,
  caller: Caller,
  o: { readonly incident: string; readonly approval: string; readonly decision: 'grant' | 'deny' },
): Promise<string> {
  const incident = await findIncident(world, o.incident);
  const approval = incident.approvals[o.approval];
  if (approval === undefined)
    throw new BelayError('BELAY_NOT_FOUND', `${incident.id} has no approval ${o.approval}`, {
      hint: `See what waits: GET /v1/incidents/${incident.id}`,
    });
  const may = mayApprove(approval, caller, requestedBy(await world.incidents.events(incident.id)));
  // Saying no is open to everybody who is named: stopping needs no second pair of eyes.
  if (may.allowed || (o.decision === 'deny' && may.why !== 'needs-role')) return incident.id;
  throw refusal(caller, may, 'approve this');
}

/** @returns the incident's own id. @throws BELAY_NOT_FOUND, BELAY_FORBIDDEN */
export async function permitAnswer(
  world: ReadWorld,
  caller: Caller,
  o: { readonly incident: string; readonly step: string },
): Promise<string> {
  const incident = await findIncident(world, o.incident);
  const may = mayAnswer(incident.tasks[o.step]?.who, caller);
  if (may.allowed) return incident.id;
  throw refusal(caller, may, `answer ${o.step}`);
}
