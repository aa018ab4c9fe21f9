// The runbook of an incident as it was pinned. Whoever reads it from today's files judges people's answers by a text they never saw.
import { BelayError } from '../domain/errors.ts';
import type { Incident } from '../domain/incident.ts';
import type { Runbook, Step } from '../domain/ir.ts';
import { stepsOf } from '../domain/ir.ts';
import type { World } from './world.ts';

type PinWorld = Pick<World, 'runbooks' | 'documents'>;

/** Today's file only where nothing was pinned: an incident whose run never began. */
export async function pinnedRunbook(world: PinWorld, incident: Incident): Promise<Runbook | null> {
  if (incident.irHash === undefined) return incident.runbook === null ? null : (world.runbooks[incident.runbook]?.runbook ?? null);
  return (await world.documents.get(incident.irHash)) as unknown as Runbook;
}

/** @throws BELAY_NOT_FOUND */
export async function pinnedStep(world: PinWorld, incident: Incident, id: string): Promise<Step> {
  const runbook = await pinnedRunbook(world, incident);
  const step = runbook === null ? undefined : stepsOf(runbook).find((one) => one.id === id);
  if (step !== undefined) return step;
  throw new BelayError('BELAY_NOT_FOUND', `${incident.id} has no step ${id}.`, { hint: `See its steps: belay incident ${incident.id}` });
}
