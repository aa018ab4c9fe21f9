// Who asks for a verb, and the ways in which a verb is refused to them.
import type { CallerFacts, Permission } from '../domain/authorization.ts';
import { BelayError } from '../domain/errors.ts';
import type { Actor } from '../domain/event.ts';
import type { Incident } from '../domain/incident.ts';
import type { World } from './world.ts';

export type Caller = CallerFacts;

export const actorOf = (caller: Caller): Actor => ({ kind: 'user', id: caller.person });

/** @throws BELAY_NOT_FOUND */
export async function incidentOf(world: Pick<World, 'incidents'>, id: string): Promise<Incident> {
  const incident = await world.incidents.load(id);
  if (incident === null) throw new BelayError('BELAY_NOT_FOUND', `There is no incident ${id}.`, { hint: 'List them with `belay status`.' });
  return incident;
}

export function refusal(caller: Caller, may: Exclude<Permission, { readonly allowed: true }>, what: string): BelayError {
  const why = {
    'needs-level': 'this needs another role',
    'needs-role': may.why === 'needs-role' ? `it needs the role ${may.roles.join(' or ')}` : '',
    'already-granted': 'they have approved already, and another person must do it too',
    'requested-by-you': 'they started the run, and under four eyes another person must approve it',
  }[may.why];
  return new BelayError('BELAY_FORBIDDEN', `${caller.person} may not ${what}: ${why}`, { hint: 'Ask somebody who may.' });
}
