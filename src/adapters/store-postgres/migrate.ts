// Brings the schema `belay` to this version: numbered files, once each, one process at a time, recorded with their checksums.
// It never goes back, and refuses a database that a newer Belay has changed.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { BelayError } from '../../domain/errors.ts';
import type { Digest } from '../../ports/digest.ts';
import { clientConfig } from './connection.ts';
import { asStoreError, codeOf } from './store-errors.ts';

export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly sql: string;
}

/** Any constant; held by whoever migrates. "belay" on a telephone. */
const LOCK = '23529';
const OLDEST_SERVER = 140_000;
const LOCK_TIMEOUT_MS = 60_000;
/** A server that is just starting (or recovering from a crash) refuses connections for a while. */
const PATIENCE_MS = 15_000;

export function readMigrations(dir = join(import.meta.dirname, 'migrations')): readonly Migration[] {
  return readdirSync(dir)
    .filter((file) => file.endsWith('.sql'))
    .sort()
    .map((file) => ({ version: Number(file.slice(0, 4)), name: file.slice(5, -4), sql: readFileSync(join(dir, file), 'utf8') }));
}

/** Safe to call from any number of processes at once, on an empty or a current database; creates the database when it is missing. */
export async function migrate(databaseUrl: string, digest: Digest, migrations = readMigrations()): Promise<readonly Migration[]> {
  try {
    // A direct connection of its own: the lock belongs to the session, and a pool would give another one.
    return await withClient(databaseUrl, (client) => migrateOn(client, digest, migrations));
  } catch (error) {
    // Each file runs in a transaction of its own and is recorded in it: what did not commit did not happen.
    throw asStoreError(error, 'none');
  }
}

async function migrateOn(client: pg.Client, digest: Digest, migrations: readonly Migration[]): Promise<readonly Migration[]> {
  const server = await client.query<{ server_version_num: string }>('show server_version_num');
  if (Number(server.rows[0]?.server_version_num) < OLDEST_SERVER) {
    throw new BelayError('BELAY_STORE_UNSUPPORTED', `the store runs Postgres ${server.rows[0]?.server_version_num}`, {
      hint: 'Use Postgres 14 or newer.',
    });
  }
  await client.query(`set lock_timeout = ${LOCK_TIMEOUT_MS}`);
  await client.query(`select pg_advisory_lock(${LOCK})`);
  await client.query(`create schema if not exists belay;
    create table if not exists belay.migration (version integer primary key, name text not null, checksum text not null, applied_at timestamptz not null default now())`);
  const applied = await client.query<{ version: number; checksum: string }>(
    'select version, checksum from belay.migration order by version',
  );
  check(applied.rows, digest, migrations);
  const missing = migrations.filter((one) => !applied.rows.some((row) => row.version === one.version));
  for (const one of missing) await apply(client, one, digest);
  // The lock ends with the session.
  return missing;
}

function check(applied: readonly { version: number; checksum: string }[], digest: Digest, migrations: readonly Migration[]): void {
  for (const row of applied) {
    const known = migrations.find((one) => one.version === row.version);
    if (known === undefined) {
      throw new BelayError('BELAY_STORE_UNSUPPORTED', `the store has migration ${row.version}, which this Belay does not know`, {
        hint: 'A newer Belay has used this store; run that version or a newer one.',
      });
    }
    if (digest.ofText(known.sql) !== row.checksum) {
      throw new BelayError(
        'BELAY_STORE_UNSUPPORTED',
        `migration ${row.version} (${known.name}) is not the one that was applied to this store`,
        {
          hint: 'Reinstall this version of Belay: an applied migration never changes.',
        },
      );
    }
  }
}

async function apply(client: pg.Client, one: Migration, digest: Digest): Promise<void> {
  await client.query('begin');
  try {
    await client.query(one.sql);
    await client.query('insert into belay.migration (version, name, checksum) values ($1, $2, $3)', [
      one.version,
      one.name,
      digest.ofText(one.sql),
    ]);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => undefined); // The session ends right after; the first error is the one to tell.
    throw error;
  }
}

async function withClient<T>(databaseUrl: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = await connect(databaseUrl);
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => undefined); // Already gone is as good.
  }
}

async function connect(databaseUrl: string): Promise<pg.Client> {
  for (let waitedMs = 0; ; waitedMs += 200) {
    const client = new pg.Client(clientConfig(databaseUrl, 'belay migrations'));
    // A lost connection rejects the statement under way; without a listener it would also end the process.
    client.on('error', () => undefined);
    try {
      await client.connect();
      return client;
    } catch (error) {
      if (codeOf(error) === '3D000') await createDatabase(databaseUrl);
      else if (codeOf(error) !== '57P03' || waitedMs >= PATIENCE_MS) throw error;
      await wait(200);
    }
  }
}

async function createDatabase(databaseUrl: string): Promise<void> {
  const url = new URL(databaseUrl);
  const name = decodeURIComponent(url.pathname.slice(1));
  url.pathname = '/postgres';
  await withClient(url.href, async (client) => {
    await client.query(`select pg_advisory_lock(${LOCK})`);
    const known = await client.query('select 1 from pg_database where datname = $1', [name]);
    if (known.rowCount === 0) await client.query(`create database ${client.escapeIdentifier(name)} encoding 'UTF8' template template0`);
  });
}
