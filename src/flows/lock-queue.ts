// How a run waits for what another one holds: it queues, says for whom, is woken when the lock is free, and cancels nobody. It takes nothing itself.

import type { IncidentId } from '../domain/incident.ts';
import type { Instant, Json } from '../domain/json.ts';
import type { HeldLock } from '../ports/part-locks.ts';
import { isAtWork } from './engine-runs.ts';
import type { Run } from './run.ts';
import { append, BELAY } from './run.ts';
import { EXPIRE } from './start-expiry.ts';
import type { World } from './world.ts';

/** Whoever waits is woken when the lock is free (wake.ts). This is for a wake-up that never came: each look is a row of the run's history. */
const LOOK_MS = { first: 60_000, most: 3_600_000 };

/** Something is sent here when the lock that a run waits for is free. */
export const LOCK_TOPIC = 'lock';

/** Who holds it, as far as it is known. */
export interface Held {
  readonly lock: string;
  readonly behind: IncidentId | null;
}

interface Turn {
  /** Tries to have it, once; null: it is had. */
  readonly take: (attempt: number) => Promise<Held | null>;
  /** Said once, before the first wait. */
  readonly tell: (held: Held) => Promise<void>;
  /** Why waiting is no use; asked once the waiting stands in the record. */
  readonly hopeless?: (held: Held, attempt: number) => Promise<string | null>;
  readonly until?: Instant;
}

/** Null: it is had. Otherwise why it never was. */
export async function waitTurn({ context }: Pick<Run, 'context'>, { take, tell, hopeless, until }: Turn): Promise<string | null> {
  for (let attempt = 1, waitMs = LOOK_MS.first; ; attempt += 1, waitMs = Math.min(4 * waitMs, LOOK_MS.most)) {
    const held = await take(attempt);
    if (held === null) return null;
    if (attempt === 1) await tell(held);
    const why = (await hopeless?.(held, attempt)) ?? null;
    if (why !== null) return why;
    const now = await context.now();
    if (until !== undefined && now >= until) return `${held.behind ?? 'another run'} holds ${held.lock}, and the time for it is over`;
    // A stop of the run ends the wait as it ends any other.
    await context.receive(LOCK_TOPIC, until === undefined ? now + waitMs : Math.min(until, now + waitMs));
  }
}

/** In the record, once under `name`. `step`: the call that waits; absent: the run itself. */
export function tellQueued(run: Run, name: string, { lock, behind }: Held, step?: string): Promise<void> {
  return append(run, name, (at) => ({
    events: [
      { type: 'run.queued', data: { run: run.context.runId, lock, behind, ...(step === undefined ? {} : { step }) }, at, actor: BELAY },
    ],
  }));
}

/** A run of an incident, a part of a fan-out or a call: whichever holds it now. */
export async function holderNow(
  world: Pick<World, 'incidents' | 'partLocks'>,
  lock: string,
): Promise<{ readonly incident: IncidentId; readonly since: Instant | null } | null> {
  const [run] = await world.incidents.list({ lock, limit: 1 });
  if (run !== undefined) return { incident: run.id, since: run.lockedAt ?? null };
  const part = await world.partLocks.find(lock);
  return part === null ? null : { incident: part.incident, since: part.since };
}

/**
 * Runs that wait for one another in a circle would wait for ever: the youngest of them, by the number of its incident, gives way. Each has
 * said that it waits before it looks, so the last one to look sees the whole circle. Where that is an older one, it wakes the youngest: an undo
 * waits for less time than may lie between two looks.
 */
export async function circleAt(
  world: Pick<World, 'incidents' | 'partLocks' | 'engine' | 'time'>,
  me: IncidentId,
  { lock, behind }: Held,
): Promise<string | null> {
  // What is taken back beside its run ends by itself.
  if (behind === me) return (await isAside(world, lock)) ? null : `${me} holds ${lock} itself, in another step`;
  const mine = (await world.incidents.load(me))?.number;
  const way: { readonly id: IncidentId; readonly number: number; readonly run: string | null; readonly waitsFor: string }[] = [];
  for (let at = behind; at !== null; ) {
    if (at === me) {
      const youngest = way.toSorted((a, b) => b.number - a.number)[0];
      if (youngest === undefined || youngest.number < (mine ?? 0)) return circleText(lock, way);
      await wakeYoungest(world, youngest);
      return null;
    }
    const one = await world.incidents.load(at);
    if (one?.queued == null || way.some(({ id }) => id === one.id)) return null;
    way.push({ id: one.id, number: one.number, run: one.run, waitsFor: one.queued.lock });
    at = (await holderNow(world, one.queued.lock))?.incident ?? null;
  }
  return null;
}

async function wakeYoungest(
  world: Pick<World, 'engine' | 'time'>,
  { run, waitsFor }: { readonly run: string | null; readonly waitsFor: string },
): Promise<void> {
  if (run !== null && (await isAtWork(world, run)))
    await world.engine.signal(run, LOCK_TOPIC, true, `circle/${waitsFor}/${world.time.now()}`);
}

async function isAside({ partLocks }: Pick<World, 'partLocks'>, lock: string): Promise<boolean> {
  const held = await partLocks.find(lock);
  return held === null || isBeside(held);
}

/** The run that takes back an expired measure is named by what it does. */
export const isBeside = ({ holder }: Pick<HeldLock, 'holder'>): boolean => holder.startsWith(`${EXPIRE}/`);

const circleText = (lock: string, way: readonly { readonly id: IncidentId; readonly waitsFor: string }[]): string => {
  const others = way.map(({ id, waitsFor }) => `${id} waits for ${waitsFor}`).join(', ');
  return `${way[0]?.id ?? 'another run'} holds ${lock}, and ${others}, which this run holds: neither would ever go on`;
};

export const asHeld = (held: Held | null): Json => held as unknown as Json;
