// Exports the evidence of one incident as one self-contained file. It collects; what proves it is `domain/evidence.ts`.

import { BelayError } from '../domain/errors.ts';
import { documentsNamed, sealEvidence } from '../domain/evidence.ts';
import { foldLog } from '../domain/incident-fold.ts';
import type { Json } from '../domain/json.ts';
import type { World } from './world.ts';

export { verifyEvidence } from '../domain/evidence.ts';

export const EVIDENCE_FILE = 'evidence.json';

export type EvidenceWorld = Pick<World, 'incidents' | 'documents' | 'journal' | 'outbox' | 'digest' | 'artefacts' | 'time'>;

export interface ExportedEvidence {
  readonly path: string;
  readonly events: number;
  readonly head: string;
}

/** Writes `evidence.json` of the incident; repeating it replaces the file. @throws BELAY_NOT_FOUND */
export async function exportEvidence(world: EvidenceWorld, incidentId: string): Promise<ExportedEvidence> {
  const { text, events, head } = await evidenceText(world, incidentId);
  return { path: await world.artefacts.write(incidentId, EVIDENCE_FILE, text), events, head };
}

export async function evidenceText(
  world: Omit<EvidenceWorld, 'artefacts'>,
  incidentId: string,
): Promise<{ readonly text: string; readonly events: number; readonly head: string }> {
  // Deliveries before events: an end that is read here has its event there.
  const deliveries = await world.outbox.ofIncident(incidentId);
  const events = await world.incidents.events(incidentId);
  const incident = foldLog(events);
  if (incident === null)
    throw new BelayError('BELAY_NOT_FOUND', `there is no incident ${incidentId}`, { hint: 'Run `belay status` to list incidents.' });
  const documents: Record<string, Json> = {};
  const absent: string[] = [];
  for (const hash of documentsNamed(events)) {
    const value = await documentOrNull(world, hash);
    if (value === null) absent.push(hash);
    else documents[hash] = value.value;
  }
  const runs = new Set(events.flatMap((event) => (event.type === 'run.started' ? [event.data.run] : [])));
  const journal = (await world.journal.all()).filter((line) => line.incident === incidentId || runs.has(line.run));
  const content = {
    incident,
    exportedAt: world.time.now(),
    count: events.length,
    head: incident.head,
    events,
    documents,
    absent,
    journal,
    deliveries,
  };
  return { text: sealEvidence(content, world.digest), events: events.length, head: incident.head };
}

async function documentOrNull(world: Pick<World, 'documents'>, hash: string): Promise<{ readonly value: Json } | null> {
  try {
    return { value: await world.documents.get(hash) };
  } catch (error) {
    if (BelayError.is(error, 'BELAY_NOT_FOUND')) return null;
    throw error;
  }
}
