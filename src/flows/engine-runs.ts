// What flows ask of the engine about other runs.
import type { World } from './world.ts';

/** It runs, waits, or stands in its queue. */
export async function isAtWork(world: Pick<World, 'engine'>, run: string): Promise<boolean> {
  const status = (await world.engine.find(run))?.status;
  return status === 'running' || status === 'queued';
}
