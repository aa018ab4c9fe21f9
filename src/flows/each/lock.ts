// How a lane holds what an organization's part holds alone, on the way out and on the way back: what somebody else has is asked for again, for so
// long. What the lock is called, the part says.
import type { Lane } from './part.ts';
import { holderOf } from './record.ts';

/** A lock that somebody else holds is asked for again after the lane's other organizations, and then for so long. */
const LOCK_WAIT_MS = { first: 1_000, most: 30_000, limit: 900_000 };
export const LOCK_HELD = 'another run holds its lock';

/** Asks for a turn until it is had. False: not within the time that the step gives. */
export async function waitForTurn({ context, step }: Lane, haveTurn: () => Promise<boolean>): Promise<boolean> {
  const until = (await context.now()) + (step.timeoutMs ?? LOCK_WAIT_MS.limit);
  for (let waitMs = LOCK_WAIT_MS.first; ; waitMs = Math.min(2 * waitMs, LOCK_WAIT_MS.most)) {
    if (await haveTurn()) return true;
    const now = await context.now();
    if (now >= until) return false;
    await context.sleepUntil(Math.min(until, now + waitMs));
  }
}

export async function releaseLock(lane: Lane, org: string): Promise<void> {
  if (lane.step.runbook.lock === undefined) return;
  await lane.world.partLocks.release({ incident: lane.input.incident, holders: [holderOf(lane, org)] });
}
