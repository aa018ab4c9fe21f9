// Two small tables for the doors: the store's place of the pause switch, and answers kept for repeated requests.
import { BelayError } from '../../domain/errors.ts';
import type { Json } from '../../domain/json.ts';
import type { PauseState } from '../../ports/pause.ts';
import type { Time } from '../../ports/time.ts';
import type { Database } from './connection.ts';

/** Pausing must stop every new effect within a second, whatever the store does. */
const PAUSE_ANSWER_MS = 700;

export interface PauseRow {
  /** Null: not paused here. It is asked right before acts: a store that does not answer soon is BELAY_STORE_UNAVAILABLE. */
  read(): Promise<PauseState['by'][number] | null>;
  /** Pausing what is paused keeps the first one's name and reason. */
  set(who: string, reason: string): Promise<void>;
  /** Who cleared it is for the caller's journal; the row is gone. */
  clear(who: string): Promise<void>;
}

export interface StoredAnswer {
  readonly status: number;
  readonly body: Json;
}
export interface IdempotencyKeys {
  get(key: string, route: string): Promise<StoredAnswer | null>;
  /** The first answer stays. */
  put(key: string, route: string, status: number, body: Json): Promise<void>;
  prune(before: number): Promise<void>;
}

export function createPauseRow(database: Database, time: Time): PauseRow {
  return {
    read: async () => {
      const [row] = await soon(
        time,
        database.query<{ who: string; reason: string; at: number }>('select who, reason, at from belay.pause'),
      );
      return row === undefined ? null : { where: 'store', who: row.who, reason: row.reason, at: row.at };
    },
    set: async (who, reason) => {
      await database.query('insert into belay.pause (who, reason, at) values ($1, $2, $3) on conflict do nothing', [
        who,
        reason,
        time.now(),
      ]);
    },
    clear: async () => {
      const [row] = await database.query<{ at: number }>('select at from belay.pause');
      // Only the one that was there: a broken connection repeats the statement, and a pause set meanwhile must stay.
      if (row !== undefined) await database.query('delete from belay.pause where at = $1', [row.at]);
    },
  };
}

async function soon<T>(time: Time, answer: Promise<T>): Promise<T> {
  const answered = new AbortController();
  const late = time.sleep(PAUSE_ANSWER_MS, answered.signal).then(() => {
    throw new BelayError('BELAY_STORE_UNAVAILABLE', `the store did not answer within ${PAUSE_ANSWER_MS} ms`, {
      hint: 'Check that its Postgres runs and is reachable: belay doctor',
    });
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    late.catch(() => undefined); // It throws after every answer too, to nobody.
    answered.abort();
  }
}

export function createIdempotencyKeys(database: Database, time: Time): IdempotencyKeys {
  return {
    get: async (key, route) => {
      const [row] = await database.query<{ status: number; body: Json }>(
        'select status, body from belay.idempotency where key = $1 and route = $2',
        [key, route],
      );
      return row ?? null;
    },
    put: async (key, route, status, body) => {
      const values = [key, route, status, JSON.stringify(body), time.now()];
      await database.query(
        'insert into belay.idempotency (key, route, status, body, at) values ($1, $2, $3, $4, $5) on conflict do nothing',
        values,
      );
    },
    prune: async (before) => {
      await database.query('delete from belay.idempotency where at < $1', [before]);
    },
  };
}
