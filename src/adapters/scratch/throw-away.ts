// Databases that are made for one piece of work and dropped after it, by a name that says what they are and since when. A session lives as long
// as the work does: what nobody holds any more, a process that was killed has left, and it is removed. It touches no other name.
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { BelayError } from '../../domain/errors.ts';
import { copySettings } from './settings.ts';

export interface ThrowAwayOptions {
  /** Of the database that it stands for. */
  readonly id: string;
  /** Of a server; which database of it is asked does not matter. */
  readonly url: string;
  /** What people call the server. */
  readonly called: 'scratch' | 'drill';
  /** What is copied; nobody may be connected to it. */
  readonly template?: string;
  /** The database whose own settings it gets. */
  readonly settingsOf?: string;
  /** The most that making it may take. */
  readonly makeMs?: number;
}

const CONNECT_MS = 10_000;
const LEFT_OVER_S = 600;

/** Made, given to the work by its name, and dropped whatever the work comes to. @throws BELAY_TARGET_UNREACHABLE, BELAY_LOCK_HELD (effect none) */
export async function withThrowAway<T>(o: ThrowAwayOptions, work: (name: string) => Promise<T>): Promise<T> {
  const holder = clientOf(o.url);
  try {
    const name = await make(holder, o);
    try {
      return await work(name);
    } finally {
      await drop(holder, o, name);
    }
  } finally {
    holder.end().catch(() => undefined);
  }
}

async function make(holder: pg.Client, o: ThrowAwayOptions): Promise<string> {
  try {
    await holder.connect();
    await sweep(holder);
    const { rows } = await holder.query<{ now: string }>('select extract(epoch from now())::bigint::text as now');
    const name = `belay_${o.called}_${(rows[0]?.now ?? '').padStart(10, '0')}_${randomBytes(8).toString('hex')}`;
    // Before there is a database: at no moment is there one that nobody holds.
    await holder.query(`set application_name = '${name}'`);
    await holder.query(`set statement_timeout = ${o.makeMs ?? CONNECT_MS}`);
    await holder.query(`create database ${name} template ${o.template === undefined ? 'template0' : quote(o.template)}`);
    if (o.settingsOf !== undefined) await dressed(holder, o, { name, from: o.settingsOf });
    return name;
  } catch (cause) {
    throw refusal(o, cause);
  }
}

async function dressed(
  holder: pg.Client,
  o: ThrowAwayOptions,
  { name, from }: { readonly name: string; readonly from: string },
): Promise<void> {
  try {
    await copySettings(holder, from, name);
  } catch (cause) {
    await holder.query('rollback').catch(() => undefined);
    await drop(holder, o, name);
    throw cause;
  }
}

const IN_USE = '55006';

function refusal({ id, called, template }: ThrowAwayOptions, cause: unknown): BelayError {
  const said = cause instanceof Error ? cause.message.slice(0, 200) : '';
  if ((cause as { readonly code?: unknown }).code === IN_USE)
    return new BelayError('BELAY_LOCK_HELD', `database ${id}: ${template ?? called} cannot be copied while somebody is connected to it`, {
      hint: 'See who it is: select pid, usename, application_name from pg_stat_activity. Nothing but Belay should use it.',
      cause,
    });
  return new BelayError('BELAY_TARGET_UNREACHABLE', `database ${id}: ${called} cannot be used: ${said}`, {
    hint: 'It needs an address of a Postgres whose role may create databases (alter role … createdb).',
    cause,
  });
}

/** By the session that made it, else by a new one: the first may have been lost meanwhile. */
async function drop(holder: pg.Client, o: ThrowAwayOptions, name: string): Promise<void> {
  const statement = `drop database if exists ${name} with (force)`;
  try {
    await holder.query(statement);
  } catch {
    await onServer(o, (client) => client.query(statement));
  }
}

async function onServer<T>(o: ThrowAwayOptions, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = clientOf(o.url);
  try {
    await client.connect();
    return await work(client);
  } catch (cause) {
    throw refusal(o, cause);
  } finally {
    client.end().catch(() => undefined);
  }
}

function clientOf(url: string): pg.Client {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_MS,
    statement_timeout: CONNECT_MS,
    keepAlive: true,
  });
  // A broken connection rejects the query that is under way.
  client.on('error', () => undefined);
  return client;
}

/** Of a kill in the middle: removed where its name says that it is older than ten minutes, it is ours to drop, and no session holds it. */
const LEFT = `select made.datname as name from pg_database made
  where made.datname ~ '^belay_(scratch|drill)_[0-9]{10}_[0-9a-f]{16}$'
    and substring(made.datname from '_([0-9]{10})_')::bigint < extract(epoch from now()) - ${LEFT_OVER_S}
    and pg_has_role(made.datdba, 'usage')
    and not exists (select from pg_stat_activity held where held.application_name = made.datname)`;

/** One that cannot be dropped now, because another Belay is just doing it, keeps nobody from working: the next time finds it again. */
async function sweep(client: pg.Client): Promise<readonly string[]> {
  const { rows } = await client.query<{ name: string }>(LEFT);
  const gone: string[] = [];
  for (const { name } of rows) {
    const isGone = await client.query(`drop database if exists ${name} with (force)`).then(
      () => true,
      () => false,
    );
    if (isGone) gone.push(name);
  }
  return gone;
}

/** Gives the names of those that were left over. @throws BELAY_TARGET_UNREACHABLE */
export const sweepServer = (o: ThrowAwayOptions): Promise<readonly string[]> => onServer(o, sweep);

export const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`;

export function addressWith(url: string, o: { readonly name: string; readonly port?: number }): string {
  const address = new URL(url);
  address.pathname = `/${o.name}`;
  if (o.port !== undefined) {
    address.host = `127.0.0.1:${o.port}`;
    address.search = '';
  }
  return address.href;
}
