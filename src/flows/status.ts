// Keeps the public page true: publishes it when an incident changes, and often enough that silence shows as stale.

import type { Instant } from '../domain/json.ts';
import { statusModel } from '../domain/status-model.ts';
import type { World } from './world.ts';

export type StatusWorld = Pick<World, 'incidents' | 'statusPage' | 'system' | 'time'>;

const RENEW_MS = 300_000;
const LISTED = 50;

/** Publishes once; returns the path or address, or null when there is no page. */
export async function publishStatus(world: StatusWorld, now: Instant = world.time.now(), renewMs = RENEW_MS): Promise<string | null> {
  if (world.statusPage === null) return null;
  const incidents = await world.incidents.list({ limit: LISTED });
  const withEvents = await Promise.all(
    incidents.map(async (incident) => ({ incident, events: await world.incidents.events(incident.id) })),
  );
  return world.statusPage.publish(statusModel({ system: world.system, incidents: withEvents, now, renewMs: renewMs * 2 }));
}

export interface StatusLoop {
  start(): void;
  /** Resolves when the last publishing has ended. */
  stop(): Promise<void>;
}

/** Changes close together become one page. */
const GATHER_MS = 200;

export function createStatusLoop(
  world: StatusWorld,
  o: { readonly renewMs?: number; readonly onTrouble?: (error: unknown) => void } = {},
): StatusLoop {
  const renewMs = o.renewMs ?? RENEW_MS;
  let stopping: AbortController | null = null;
  let running: Promise<void> = Promise.resolve();

  const run = async (stop: AbortSignal): Promise<void> => {
    let nap = new AbortController();
    stop.addEventListener('abort', () => nap.abort());
    const unsubscribe = world.incidents.subscribe(() => nap.abort());
    while (!stop.aborted) {
      nap = new AbortController();
      try {
        await publishStatus(world, world.time.now(), renewMs);
      } catch (error) {
        // The page that is there shows itself as stale; the next change or renewal tries again.
        o.onTrouble?.(error);
      }
      if (!stop.aborted) await world.time.sleep(renewMs, nap.signal);
      if (!stop.aborted) await world.time.sleep(GATHER_MS, stop);
    }
    unsubscribe();
  };

  return {
    start: () => {
      if (stopping !== null || world.statusPage === null) return;
      stopping = new AbortController();
      running = run(stopping.signal);
    },
    stop: async () => {
      stopping?.abort();
      await running;
      stopping = null;
    },
  };
}
