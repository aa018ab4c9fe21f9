// Evidence that a person keeps by hand, where no step could: without a way to give it, a log that was unreadable that night would hold the
// incident open for ever. What the log itself tells (when it was detected, by what, who decided) cannot be given.
import { BelayError } from '../domain/errors.ts';
import { EVIDENCE_OF_THE_LOG } from '../domain/evidence-ids.ts';
import type { Incident } from '../domain/incident.ts';
import type { JsonObject } from '../domain/json.ts';
import { masked } from '../domain/mask.ts';
import type { Caller } from './caller.ts';
import { actorOf, incidentOf } from './caller.ts';
import { pinnedRunbook } from './pinned.ts';
import type { World } from './world.ts';

export interface KeptEvidence {
  readonly incident: string;
  /** As the runbook names it. */
  readonly evidence: string;
  /** Up to 64 KiB; what looks like a secret in it is hidden before it is kept. */
  readonly text: string;
  readonly key: string;
}

/** @throws BELAY_NOT_FOUND, BELAY_INPUT_INVALID where the runbook wants no such evidence, BELAY_GUARD_REFUSED once the incident has ended */
export async function keepEvidence(world: World, caller: Caller, request: KeptEvidence): Promise<Incident> {
  const before = await incidentOf(world, request.incident);
  demandWanted(before, (await pinnedRunbook(world, before))?.evidence ?? [], request.evidence);
  const value: JsonObject = { known: true, by: caller.person, text: await (world.hidden ?? shaped)(request.text) };
  const data = { evidence: request.evidence, step: '', by: caller.person, sha256: world.digest.of(value), value };
  return world.incidents.update(before.id, `evidence/${request.evidence}/${caller.person}/${request.key}`, (incident) => {
    if (incident.phase === 'closed' || incident.phase === 'cancelled' || incident.mergedInto !== undefined)
      throw new BelayError('BELAY_GUARD_REFUSED', `${incident.id} is ${incident.phase}: its record does not change any more.`, {
        hint: `See it: belay incident ${incident.id}`,
      });
    return { events: [{ type: 'evidence.captured', data, at: world.time.now(), actor: actorOf(caller) }] };
  });
}

const shaped = async (text: string): Promise<string> => masked(text);

function demandWanted({ id }: Incident, wanted: readonly string[], evidence: string): void {
  if (EVIDENCE_OF_THE_LOG.includes(evidence))
    throw new BelayError('BELAY_INPUT_INVALID', `${evidence} comes from the log itself and cannot be given.`, {
      hint: `See the log: belay incident ${id}`,
    });
  if (wanted.includes(evidence)) return;
  const named = wanted.filter((one) => !EVIDENCE_OF_THE_LOG.includes(one));
  throw new BelayError('BELAY_INPUT_INVALID', `The runbook of ${id} asks for no evidence ${evidence}.`, {
    hint: named.length === 0 ? `Write a note instead: belay note ${id} <text>` : `It asks for: ${named.join(', ')}`,
  });
}
