// What flows ask of the engine about other runs.
import type { World } from './world.ts';

/** It runs, waits, or stands in its queue. */
export async function isAtWork(world: Pick<World, 'engine'>, run: string): Promise<boolean> {
  const [running, queued] = await Promise.all([world.engine.list({ status: 'running' }), world.engine.list({ status: 'queued' })]);
  return [...running, ...queued].some((one) => one.id === run);
}
