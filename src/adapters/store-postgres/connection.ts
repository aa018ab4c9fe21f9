// Connections to Postgres and the one way to run a transaction. A commit whose answer was lost is run again behind a fence
// that waits for the first one to end, so the outcome is read, never assumed. It knows no table.
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { assert } from '../../domain/assert.ts';
import type { Effect } from '../../domain/errors.ts';
import { asStoreError, isCollision, isUnavailable } from './store-errors.ts';

export type Client = pg.PoolClient;
export type Row = pg.QueryResultRow;

const STATEMENT_TIMEOUT_MS = 15_000;
/** Pauses before the second, third … try. A store that is away longer is reported. */
const RETRY_PAUSES_MS = [20, 100, 400, 1_000];
const COLLISION_TRIES = 8;

/** Both are held to the end of the transaction. */
export interface Locks {
  readonly fence?: bigint;
  /** Many may hold it together; whoever wants it alone waits for them. */
  readonly shared?: bigint;
}

export interface Transaction<T> extends Locks {
  /** The same as one statement, which takes the locks itself: tried first, and never repeated. */
  readonly alone?: (client: Client) => Promise<T>;
}

export interface Database {
  /** One statement. It must be safe to repeat: a broken connection repeats it. */
  query<T extends Row>(text: string, values?: readonly unknown[]): Promise<readonly T[]>;
  /**
   * One transaction. `work` must be safe to repeat from the start, and must find its own earlier commit: with a row lock, or with
   * `fence` (any number), which is held to the end of the transaction and makes a second try wait for the first to be over.
   */
  transact<T>(work: (client: Client) => Promise<T>, o?: Transaction<T>): Promise<T>;
  close(): Promise<void>;
}

export function clientConfig(databaseUrl: string, applicationName: string): pg.ClientConfig {
  return {
    connectionString: databaseUrl,
    application_name: applicationName,
    connectionTimeoutMillis: 5_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  };
}

export function openDatabase(databaseUrl: string, poolSize: number): Database {
  const pool = new pg.Pool({
    ...clientConfig(databaseUrl, 'belay store'),
    max: poolSize,
    idleTimeoutMillis: 60_000,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    lock_timeout: STATEMENT_TIMEOUT_MS - 5_000,
    idle_in_transaction_session_timeout: STATEMENT_TIMEOUT_MS,
    // Later than the server's own limit: it fires only when the server does not answer at all.
    query_timeout: STATEMENT_TIMEOUT_MS + 5_000,
  });
  // Errors of idle connections are emitted; unheard they would end the process. The next use meets a new connection.
  pool.on('error', () => undefined);
  let closing: Promise<void> | null = null;
  return {
    query: (text, values = []) => repeatable(async () => (await pool.query(text, [...values])).rows),
    transact: (work, o = {}) => transact(pool, work, o),
    close: () => (closing ??= pool.end()),
  };
}

async function repeatable<T>(work: () => Promise<T>): Promise<T> {
  for (let tried = 0; ; tried += 1) {
    try {
      return await work();
    } catch (error) {
      const pause = RETRY_PAUSES_MS[tried];
      if (!isUnavailable(error) || pause === undefined) throw asStoreError(error, 'none');
      await wait(pause);
    }
  }
}

/** Thrown inside only: the commit was sent and nobody knows what became of it. */
class CommitUnknown extends Error {}
/** Thrown inside only: its cause is what went wrong, and the connection cannot be used any more. */
class NotRolledBack extends Error {}

async function transact<T>(pool: pg.Pool, work: (client: Client) => Promise<T>, o: Transaction<T>): Promise<T> {
  let effect: Effect = 'none';
  let collisions = 0;
  let { alone } = o;
  for (let tried = 0; ; ) {
    try {
      return await (alone === undefined ? once(pool, work, o) : atOnce(pool, alone));
    } catch (error) {
      alone = undefined;
      if (error instanceof CommitUnknown) effect = 'unknown';
      const cause = error instanceof CommitUnknown ? error.cause : error;
      if (isCollision(cause) && collisions < COLLISION_TRIES) {
        collisions += 1;
        continue;
      }
      const pause = RETRY_PAUSES_MS[tried];
      if (!isUnavailable(cause) || pause === undefined) throw asStoreError(cause, effect);
      tried += 1;
      await wait(pause);
    }
  }
}

async function atOnce<T>(pool: pg.Pool, work: (client: Client) => Promise<T>): Promise<T> {
  return onClient(pool, async (client) => {
    try {
      return await work(client);
    } catch (error) {
      if (isUnavailable(error)) throw new CommitUnknown('commit', { cause: error });
      throw error;
    }
  });
}

async function once<T>(pool: pg.Pool, work: (client: Client) => Promise<T>, locks: Locks): Promise<T> {
  return onClient(pool, async (client) => {
    try {
      await client.query(beginning(locks));
      const result = await work(client);
      await commit(client);
      return result;
    } catch (error) {
      if (error instanceof CommitUnknown || isUnavailable(error)) throw error;
      throw (await isRolledBack(client)) ? error : new NotRolledBack('rollback', { cause: error });
    }
  });
}

/** A connection that broke, or that could not roll back, is not used again. */
async function onClient<T>(pool: pg.Pool, work: (client: Client) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  const onError = (error: Error): void => {
    broken ??= error;
  };
  client.on('error', onError);
  try {
    return await work(client);
  } catch (error) {
    if (error instanceof CommitUnknown || error instanceof NotRolledBack || isUnavailable(error)) broken ??= error as Error;
    throw error instanceof NotRolledBack ? error.cause : error;
  } finally {
    client.off('error', onError);
    client.release(broken ?? false);
  }
}

function beginning({ fence, shared }: Locks): string {
  const statements = ['begin'];
  if (fence !== undefined) statements.push(`select pg_advisory_xact_lock(${fence})`);
  if (shared !== undefined) statements.push(`select pg_advisory_xact_lock_shared(${shared})`);
  return statements.join('; ');
}

async function commit(client: Client): Promise<void> {
  let tag: string;
  try {
    tag = (await client.query('commit')).command;
  } catch (error) {
    // An answer of the server other than "I am going away" is a refusal: rolled back.
    if (isUnavailable(error)) throw new CommitUnknown('commit', { cause: error });
    throw error;
  }
  assert(tag === 'COMMIT', `the commit was answered with ${tag}`);
}

async function isRolledBack(client: Client): Promise<boolean> {
  try {
    await client.query('rollback');
    return true;
  } catch {
    // Whatever it was: what went wrong before it is what is told.
    return false;
  }
}
