// Tells listeners which incidents changed, by any process: notifications for speed, a slow look at the table for certainty.
// A notification may be lost (killed after the commit, connection broken); the look finds the change within its period.
import type { IncidentId } from '../../domain/incident.ts';
import type { Time } from '../../ports/time.ts';
import type { Database } from './connection.ts';
import { CHANNEL } from './session.ts';

const LOOK_EVERY_MS = 1_000;
/** How far back a look goes: longer than any transaction may last, since a row is stamped before it is committed. */
const LOOK_BACK = '60 seconds';
/** What is younger than this at the first look may have happened after the subscription: told rather than missed. */
const FRESH = '3 seconds';
const REMEMBERED = 5_000;

export interface Committed {
  readonly id: IncidentId;
  /** When its row was written: two tellings of one commit carry the same. */
  readonly stamp: string;
}

export interface Changes {
  /** After a commit. Best effort: never fails the caller, whose work is durable already. */
  announce(commit: Committed): void;
  /** A notification of any process, this one included. */
  received(payload: string): void;
  subscribe(listener: (id: IncidentId) => void): () => void;
  close(): Promise<void>;
}

export function createChanges(database: Database, time: Time): Changes {
  const listeners = new Set<(id: IncidentId) => void>();
  const told = new Map<IncidentId, string>();
  const unsent = new Map<IncidentId, string>();
  const stop = new AbortController();
  let looking: Promise<void> | null = null;
  let sending: Promise<void> | null = null;

  /** Each commit once, whichever way it is heard of first. */
  const tell = ({ id, stamp }: Committed): void => {
    if (told.get(id) === stamp) return;
    if (told.size > REMEMBERED) told.clear();
    told.set(id, stamp);
    for (const listener of [...listeners]) queueMicrotask(() => listener(id));
  };
  const send = async (): Promise<void> => {
    while (unsent.size > 0) {
      const payloads = [...unsent].map(([id, stamp]) => `${stamp} ${id}`);
      unsent.clear();
      // A statement of its own after the commit: NOTIFY inside a transaction keeps all other commits of the database waiting.
      await database.query(`select pg_notify('${CHANNEL}', payload) from unnest($1::text[]) as a (payload)`, [payloads]);
    }
  };
  return {
    announce: (commit) => {
      tell(commit);
      unsent.set(commit.id, commit.stamp);
      sending ??= send()
        .catch(() => undefined) // The look of each process finds the change without a notification.
        .finally(() => {
          sending = null;
        });
    },
    received: (payload) => {
      const gap = payload.indexOf(' ');
      tell({ stamp: payload.slice(0, gap), id: payload.slice(gap + 1) });
    },
    subscribe: (listener) => {
      const own = (id: IncidentId): void => listener(id);
      listeners.add(own);
      if (!stop.signal.aborted) looking ??= look(database, time, { stop: stop.signal, isWanted: () => listeners.size > 0, tell, told });
      return () => void listeners.delete(own);
    },
    close: async () => {
      stop.abort();
      listeners.clear();
      await Promise.all([looking, sending]);
    },
  };
}

interface Look {
  readonly stop: AbortSignal;
  readonly isWanted: () => boolean;
  readonly tell: (commit: Committed) => void;
  readonly told: Map<IncidentId, string>;
}

async function look(database: Database, time: Time, o: Look): Promise<void> {
  for (let isFirst = true; !o.stop.aborted; ) {
    try {
      if (o.isWanted()) {
        await lookOnce(database, isFirst, o);
        isFirst = false;
      }
    } catch {
      // The store is away: whoever writes or reads learns that from its own call, and the next look catches up.
    }
    await time.sleep(LOOK_EVERY_MS, o.stop);
  }
}

async function lookOnce(database: Database, isFirst: boolean, { tell, told }: Look): Promise<void> {
  const rows = await database.query<Committed & { fresh: boolean }>(
    `select id, extract(epoch from changed_at)::text as stamp, changed_at > clock_timestamp() - interval '${FRESH}' as fresh
     from belay.incident where changed_at > clock_timestamp() - interval '${LOOK_BACK}'`,
  );
  for (const row of rows) {
    if (isFirst && !row.fresh) told.set(row.id, row.stamp);
    else tell(row);
  }
}
