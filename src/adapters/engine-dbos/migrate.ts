// Brings the engine's schemas (the vendor's and our lease tables) to this version, one process at a time.
import type pg from 'pg';
import { BelayError } from '../../domain/errors.ts';
import { connect, end, storeUnavailable } from './database.ts';
import type { Log } from './vendor.ts';
import { migrateVendor } from './vendor.ts';

/** The number that everything of Belay that migrates takes; "belay" on a telephone. */
const LOCK = 23_529;
const OLDEST_SERVER = 150_000;

const OWN_TABLES = `
  create schema if not exists belay;
  create table if not exists belay.lease (
    executor_id text primary key,
    until timestamptz not null,
    dead_at timestamptz,
    closed boolean not null default false,
    host text not null, pid int not null, version text not null
  );
  create table if not exists belay.takeover (
    run text primary key,
    times int not null,
    checkpoints bigint not null,
    without_progress int not null,
    from_executor text not null, to_executor text not null, at timestamptz not null
  );`;

/**
 * Safe for any number of processes at once, on an empty database or a current one; creates the database when it is missing.
 * @throws BELAY_STORE_UNAVAILABLE, BELAY_STORE_UNSUPPORTED
 */
export async function migrateEngine(databaseUrl: string, log: Log): Promise<void> {
  // The vendor builds indexes concurrently, which waits for every snapshot in the same database, also for that of a session
  // waiting for a lock: so the lock lives in another database.
  const gate = await connect(besides(databaseUrl), 'belay migrations').catch((error: unknown) => {
    throw storeUnavailable(error);
  });
  try {
    await refuseOldServer(gate);
    await gate.query(`select pg_advisory_lock(${LOCK})`);
    await createDatabase(gate, databaseUrl);
    await migrateVendor(databaseUrl, log);
    await migrateOwn(databaseUrl);
  } finally {
    // The lock ends with the session.
    await end(gate);
  }
}

function besides(databaseUrl: string): string {
  const url = new URL(databaseUrl);
  url.pathname = '/postgres';
  return url.href;
}

async function refuseOldServer(gate: pg.Client): Promise<void> {
  const { rows } = await gate.query<{ version: string; vendor: string }>(
    "select current_setting('server_version_num') as version, version() as vendor",
  );
  const [server] = rows;
  if (server !== undefined && Number(server.version) >= OLDEST_SERVER && /^PostgreSQL/.test(server.vendor)) return;
  throw new BelayError('BELAY_STORE_UNSUPPORTED', `the store is ${server?.vendor ?? 'unknown'}`, {
    hint: 'Set BELAY_DATABASE_URL to a PostgreSQL 15 or newer.',
  });
}

async function createDatabase(gate: pg.Client, databaseUrl: string): Promise<void> {
  const name = decodeURIComponent(new URL(databaseUrl).pathname.slice(1));
  const known = await gate.query('select 1 from pg_database where datname = $1', [name]);
  if (known.rowCount === 0) await gate.query(`create database ${gate.escapeIdentifier(name)} encoding 'UTF8' template template0`);
}

/** Under the same number within the database itself, because the store's own migration creates the same schema. */
async function migrateOwn(databaseUrl: string): Promise<void> {
  const client = await connect(databaseUrl, 'belay migrations');
  try {
    await client.query(`begin; select pg_advisory_xact_lock(${LOCK}); ${OWN_TABLES} commit`);
  } finally {
    await end(client);
  }
}
