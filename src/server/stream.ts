// The live stream (SSE) over all incidents. The event log is the buffer: a reader is told from its own cursor on, so a
// reconnect with Last-Event-ID loses nothing and a slow reader costs no memory here.
import type { Context } from 'hono';
import { type SSEStreamingApi, streamSSE } from 'hono/streaming';
import { BelayError } from '../domain/errors.ts';
import type { PauseState } from '../ports/pause.ts';
import type { ReadWorld } from './snapshot.ts';
import { listTriggers } from './triggers.ts';

export interface StreamOptions {
  readonly heartbeatMs: number;
  readonly maxConnections: number;
  /** A reader that does not take a message within this time is dropped; it comes back with its cursor. */
  readonly stallMs: number;
  /** How often the pause switch is read while somebody watches. */
  readonly pauseEveryMs: number;
  /** How often readers are told where triggers stand, when anything was looked at since. */
  readonly triggersEveryMs: number;
}
export const STREAM_DEFAULTS: StreamOptions = {
  heartbeatMs: 10_000,
  maxConnections: 64,
  stallMs: 30_000,
  pauseEveryMs: 1000,
  triggersEveryMs: 2000,
};

const MAX_FOLLOWED = 100;

export interface Streams {
  open(c: Context, o: { readonly incident: string | undefined; readonly lastEventId: string | undefined }): Promise<Response>;
  /** Ends every connection. */
  close(): void;
  readonly connections: number;
}

export function createStreams(world: ReadWorld, options: StreamOptions): Streams {
  const open = new Set<Connection>();
  const triggers = createTriggerNews(world, options.triggersEveryMs);
  const unsubscribe = world.incidents.subscribe((id) => {
    for (const one of open) one.wake(id);
  });
  return {
    get connections() {
      return open.size;
    },
    async open(c, { incident, lastEventId }) {
      if (open.size >= options.maxConnections) {
        throw new BelayError('BELAY_LOCK_HELD', `${open.size} live streams are open, the most allowed`, {
          hint: 'Close other tabs of the war room.',
        });
      }
      const cursors = await firstCursors(world, incident, lastEventId);
      c.header('X-Accel-Buffering', 'no');
      return streamSSE(c, async (stream) => {
        const connection = createConnection(world, stream, { cursors, only: incident ?? null, options, triggers });
        open.add(connection);
        stream.onAbort(connection.stop);
        try {
          await connection.run();
        } catch {
          // The store does not answer: the stream ends, the screen says STALE, and the reader comes back with its cursor.
        } finally {
          open.delete(connection);
        }
      });
    },
    close() {
      unsubscribe();
      for (const one of open) one.stop();
    },
  };
}

/** `INC-3:41,INC-2:7`: the event itself first, then where this reader stands with the other incidents. */
export function parseCursors(text: string): Map<string, number> {
  const pairs = [...text.matchAll(/(INC-\d{1,9}):(\d{1,9})/g)].slice(0, 2 * MAX_FOLLOWED);
  return new Map(pairs.map(([, id, seq]) => [id ?? '', Number(seq)]));
}

function formatCursors(first: string, cursors: ReadonlyMap<string, number>): string {
  const others = [...cursors].filter(([id]) => id !== first).slice(-MAX_FOLLOWED);
  return [[first, cursors.get(first)], ...others].map(([id, seq]) => `${id}:${seq}`).join(',');
}

/** A new reader starts at the present; one that comes back starts where it was, and at the beginning of what it has never seen. */
async function firstCursors(world: ReadWorld, only: string | undefined, lastEventId: string | undefined): Promise<Map<string, number>> {
  const known = parseCursors(lastEventId ?? '');
  const incidents = await world.incidents.list({ limit: MAX_FOLLOWED });
  const cursors = new Map<string, number>();
  for (const one of incidents) {
    if (only !== undefined && one.id !== only) continue;
    cursors.set(one.id, known.get(one.id) ?? (known.size > 0 ? 0 : one.seq));
  }
  for (const [id, seq] of known) if (only === undefined || id === only) cursors.set(id, seq);
  return cursors;
}

interface Connection {
  wake(id: string): void;
  stop(): void;
  run(): Promise<void>;
}

interface ConnectionState {
  readonly cursors: Map<string, number>;
  readonly only: string | null;
  readonly options: StreamOptions;
  readonly triggers: () => Promise<string>;
}

/** Worked out once for all readers, however many there are. */
function createTriggerNews(world: ReadWorld, everyMs: number): () => Promise<string> {
  let news = Promise.resolve('');
  let askedAt = Number.NEGATIVE_INFINITY;
  return () => {
    const now = world.time.monotonicMs();
    if (now - askedAt < everyMs) return news;
    askedAt = now;
    news = listTriggers(world, { limit: 0, offset: 0 }).then(({ summaries }) =>
      JSON.stringify({
        triggers: summaries.map(({ trigger, counts, lastEvaluatedAt, silencedUntil }) => ({
          trigger,
          counts,
          lastEvaluatedAt,
          silencedUntil,
        })),
      }),
    );
    return news;
  };
}

type Send = (message: { readonly event: string; readonly data: string; readonly id?: string }) => Promise<void>;

/** What changes without an incident, each when it has changed. */
function newsOf(world: ReadWorld, triggers: () => Promise<string>, send: Send): () => Promise<void> {
  let pause = '';
  let news = '';
  return async () => {
    const state: PauseState = await world.pause.read();
    const paused = JSON.stringify(state);
    if (paused !== pause) await send({ event: 'pause', data: paused });
    pause = paused;
    // The first one is only remembered: the page that was just loaded shows it already.
    const text = await triggers();
    if (news !== '' && text !== news) await send({ event: 'triggers', data: text });
    news = text;
  };
}

function createConnection(world: ReadWorld, stream: SSEStreamingApi, { cursors, only, options, triggers }: ConnectionState): Connection {
  const dirty = new Set<string>(cursors.keys());
  let stopped = false;
  let ring = (): void => undefined;
  let sentAt = 0;

  const send: Send = async (message) => {
    const stall = setTimeout(stop, options.stallMs);
    await stream.writeSSE(message);
    clearTimeout(stall);
    // Heartbeats carry the server's time: they come also between news of triggers.
    if (message.event !== 'triggers') sentAt = world.time.monotonicMs();
  };
  const sendNews = newsOf(world, triggers, send);
  function stop(): void {
    stopped = true;
    ring();
    stream.abort();
  }
  const sendEvents = async (id: string): Promise<void> => {
    for (const event of await world.incidents.events(id, cursors.get(id) ?? 0)) {
      if (stopped) return;
      cursors.set(id, event.seq);
      await send({ id: formatCursors(id, cursors), event: 'incident', data: JSON.stringify(event) });
    }
  };
  return {
    wake(id) {
      if (only !== null && id !== only) return;
      dirty.add(id);
      ring();
    },
    stop,
    async run() {
      await send({ event: 'hello', data: JSON.stringify({ now: world.time.now(), heartbeatMs: options.heartbeatMs }) });
      while (!stopped && !stream.aborted) {
        const [id] = dirty;
        if (id !== undefined) {
          dirty.delete(id);
          await sendEvents(id);
          continue;
        }
        await sendNews();
        if (world.time.monotonicMs() - sentAt >= options.heartbeatMs)
          await send({ event: 'heartbeat', data: JSON.stringify({ now: world.time.now() }) });
        await new Promise<void>((resolve) => {
          ring = resolve;
          if (dirty.size > 0 || stopped) resolve();
          else setTimeout(resolve, Math.min(options.pauseEveryMs, options.heartbeatMs)).unref();
        });
      }
    },
  };
}
