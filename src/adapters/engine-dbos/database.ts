// The adapter's own connections to the store: a small pool, and what an error of `pg` means. It knows no table.
import pg from 'pg';
import type { Effect } from '../../domain/errors.ts';
import { BelayError } from '../../domain/errors.ts';

/** An answer that takes longer is as good as none: leases are counted in seconds. */
export const ANSWER_MS = 4_000;

export function openPool(databaseUrl: string, name: string): pg.Pool {
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    application_name: name,
    max: 3,
    connectionTimeoutMillis: ANSWER_MS,
    query_timeout: ANSWER_MS,
    keepAlive: true,
  });
  // Errors of idle connections are emitted; unheard they would end the process. The next use gets a new connection.
  pool.on('error', () => undefined);
  return pool;
}

/** A connection of its own, for what belongs to a session. */
export async function connect(databaseUrl: string, name: string, onLost: () => void = () => undefined): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: databaseUrl,
    application_name: name,
    connectionTimeoutMillis: ANSWER_MS,
    keepAlive: true,
  });
  client.on('error', onLost);
  client.on('end', onLost);
  await client.connect();
  return client;
}

export async function end(client: pg.Client): Promise<void> {
  await client.end().catch(() => undefined); // Already gone is as good.
}

export function storeUnavailable(error: unknown, effect: Effect = 'none'): BelayError {
  const why = error instanceof Error ? error.message : String(error);
  return new BelayError('BELAY_STORE_UNAVAILABLE', `the store does not answer: ${why}`, {
    hint: 'Check that its Postgres runs and is reachable: belay doctor',
    effect,
    cause: error,
  });
}
