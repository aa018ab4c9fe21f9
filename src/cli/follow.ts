// Follows one incident live: prints what happens as it is written and returns when the condition holds. A server that goes away
// and comes back is waited for: events are asked for by sequence number, so nothing is missed and nothing is told twice.
import { setTimeout as sleep } from 'node:timers/promises';
import type { ErrorCode } from '../domain/errors.ts';
import { BelayError } from '../domain/errors.ts';
import type { Event } from '../domain/event.ts';
import { describeEvent } from '../domain/event-text.ts';
import type { Incident } from '../domain/incident.ts';
import type { Lang } from '../domain/system.ts';
import type { Client } from './client.ts';
import { Detached } from './exit-code.ts';

export interface FollowOptions {
  readonly incident: string;
  readonly lang: Lang;
  readonly say: (line: string) => void;
  /** Returns true when there is nothing more to wait for. */
  readonly until: (incident: Incident, events: readonly Event[]) => boolean;
  readonly timeoutMs: number;
  /** A new client for each question: the server may come back on another port. */
  readonly connect: () => Client;
  readonly afterSeq?: number;
  /** Aborted: the follower lets go; what it followed goes on. */
  readonly signal?: AbortSignal;
  /** One event as a line; with the time of day in UTC when not given. */
  readonly line?: (event: Event) => string;
}

const LOOK_EVERY_MS = 200;
/** How a server that restarts looks from outside. */
const AWAY: readonly ErrorCode[] = ['BELAY_SERVER_UNREACHABLE', 'BELAY_HTTP_FAILED', 'BELAY_STORE_UNAVAILABLE'];

/** @throws BELAY_TIMEOUT when the condition does not hold in time, Detached when the signal aborts. */
export async function follow(o: FollowOptions): Promise<{ readonly incident: Incident; readonly events: readonly Event[] }> {
  const events: Event[] = [];
  let after = o.afterSeq ?? 0;
  const end = Date.now() + o.timeoutMs;
  for (;;) {
    if (o.signal?.aborted === true) throw new Detached(`no longer following ${o.incident}`);
    const seen = await lookOrNull(o, after);
    if (seen !== null) {
      for (const event of seen.events) o.say(o.line?.(event) ?? lineOf(event, o.lang));
      events.push(...seen.events);
      after = seen.events.at(-1)?.seq ?? after;
      if (seen.complete && o.until(seen.incident, events)) return { incident: seen.incident, events };
    }
    if (Date.now() > end) {
      throw new BelayError('BELAY_TIMEOUT', `${o.incident} has not come to its end within ${Math.round(o.timeoutMs / 1000)} s.`, {
        hint: `See why: belay incident ${o.incident}`,
      });
    }
    await sleep(LOOK_EVERY_MS);
  }
}

async function lookOrNull(
  o: FollowOptions,
  after: number,
): Promise<{ incident: Incident; events: readonly Event[]; complete: boolean } | null> {
  try {
    const client = o.connect();
    const { events, next } = await client.get<{ events: readonly Event[]; next: number | null }>(
      `/v1/incidents/${o.incident}/events?after=${after}`,
    );
    const { incident } = await client.get<{ incident: Incident }>(`/v1/incidents/${o.incident}`);
    return { incident, events, complete: next === null && incident.seq === (events.at(-1)?.seq ?? after) };
  } catch (error) {
    if (BelayError.is(error) && AWAY.includes(error.code)) return null;
    throw error;
  }
}

export function lineOf(event: Event, lang: Lang): string {
  return `${new Date(event.at).toISOString().slice(11, 23)}  ${describeEvent(event, lang)}`;
}
