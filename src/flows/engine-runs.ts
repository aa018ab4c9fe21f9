// What flows ask of the engine about other runs.
import type { Incident } from '../domain/incident.ts';
import type { RunSummary } from '../ports/engine.ts';
import { EACH_LANE } from './each/record.ts';
import type { World } from './world.ts';

/** It runs, waits, or stands in its queue. */
export async function isAtWork(world: Pick<World, 'engine'>, run: string): Promise<boolean> {
  const status = (await world.engine.find(run))?.status;
  return status === 'running' || status === 'queued';
}

/** Somebody stopped it, and a kill came before the log said so: it does nothing any more, and holds what it held. */
export async function isCutShort(world: Pick<World, 'engine'>, { run, isRunning }: Pick<Incident, 'run' | 'isRunning'>): Promise<boolean> {
  return run !== null && isRunning === true && (await world.engine.find(run))?.status === 'cancelled';
}

/** The lanes of the fan-outs of a run that are at work. */
export async function lanesOf(world: Pick<World, 'engine'>, run: string): Promise<readonly string[]> {
  return (await laneRuns(world, run)).map((one) => one.id);
}

export async function laneRuns(world: Pick<World, 'engine'>, run: string): Promise<readonly RunSummary[]> {
  const runs = [...(await world.engine.list({ status: 'running' })), ...(await world.engine.list({ status: 'queued' }))];
  return runs.filter((one) => one.flow === EACH_LANE && one.id.startsWith(`${run}/`));
}
