// A Postgres of the user's as a server of named queries and of changes in one transaction. It knows no query and no migration tool.
import type pg from 'pg';
import { BelayError } from '../../domain/errors.ts';
import type { SqlServer, SqlSession, SqlTable, Statement } from '../../ports/database.ts';
import { type Address, addressOf } from './address.ts';
import { dial, readTables } from './connection.ts';
import { said } from './said.ts';
import { plain } from './samples.ts';

/** A change that waits for a lock holds up everybody who comes after it. */
const LOCK_WAIT_MS = 3_000;
/** Later than the server's own limit. */
const GRACE_MS = 1_000;
const LONGEST_ROW = 10_000;

interface Options {
  readonly id: string;
  readonly url: string;
  readonly timeoutMs: number;
}

/** @throws BELAY_CONFIG_INVALID for a url that is not the address of a Postgres */
export function createPostgres({ id, url, timeoutMs }: Options): SqlServer {
  const address = addressOf(id, url, 'database');
  const told = (error: unknown): string => plain(address.mask(`${id} (${address.label}): ${said(error)}`));
  return {
    read: async (statements, o = {}) => {
      try {
        return await readTables(address, { questions: statements, timeoutMs: o.timeoutMs ?? timeoutMs }, new AbortController().signal);
      } catch (error) {
        throw new BelayError('BELAY_TARGET_UNREACHABLE', told(error), { hint: HINT, cause: error });
      }
    },
    change: (work, o = {}) => changeIn(address, { timeoutMs: o.timeoutMs ?? timeoutMs, told }, work),
  } satisfies SqlServer;
}

const HINT = 'Try the same query with psql and the same address; its role needs the right to read what it names.';

interface Limits {
  readonly timeoutMs: number;
  readonly told: (error: unknown) => string;
}

async function changeIn<T>(address: Address, { timeoutMs, told }: Limits, work: (session: SqlSession) => Promise<T>): Promise<T> {
  const { client, socket } = await dial(address);
  const late = setTimeout(() => socket.destroy(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs + GRACE_MS);
  const unreachable = (error: unknown): BelayError =>
    new BelayError('BELAY_TARGET_UNREACHABLE', told(error), { hint: 'Look whether the server answers.', cause: error });
  try {
    await client.connect().catch((error: unknown) => {
      throw unreachable(error);
    });
    const result = await begun(client, timeoutMs, told, work);
    await client.query('commit').catch((error: unknown) => {
      throw new BelayError('BELAY_TIMEOUT', `${told(error)}; whether it was committed is not known`, { effect: 'unknown', cause: error });
    });
    client.end().catch(() => undefined);
    return result;
  } finally {
    clearTimeout(late);
    // What was not committed is taken back by the server when the connection ends.
    socket.destroy();
  }
}

async function begun<T>(client: pg.Client, timeoutMs: number, told: Limits['told'], work: (session: SqlSession) => Promise<T>): Promise<T> {
  const failed = (error: unknown): BelayError =>
    new BelayError('BELAY_ACT_FAILED', told(error), { hint: 'Nothing was changed: the transaction was taken back.', cause: error });
  const left = (): BelayError =>
    new BelayError('BELAY_ACT_FAILED', told(new Error('the script ended the transaction that it runs in')), {
      effect: 'unknown',
      hint: 'Take BEGIN, COMMIT and ROLLBACK out of the file: Belay brings the transaction.',
    });
  const lost = (error: unknown): BelayError =>
    new BelayError('BELAY_ACT_FAILED', `${told(error)}; a script was under way, and whether anything of it stays is not known`, {
      effect: 'unknown',
      hint: 'Look at what it was to change. Without BEGIN, COMMIT and ROLLBACK in the file the server takes all of it back.',
      cause: error,
    });
  let transaction: string | null = null;
  let isScripted = false;
  try {
    await client.query(`begin; set local statement_timeout = ${timeoutMs}; set local lock_timeout = ${LOCK_WAIT_MS}`);
    transaction = await idOf(client);
    await client.query(`savepoint ${OURS}`);
    const script: SqlSession['script'] = (sql) => {
      isScripted = true;
      return scriptIn(client, sql);
    };
    const result = await work({ ask: (statement) => askIn(client, statement), script });
    // A script that commits by itself has left the transaction: what it did then stays, and must not be called undone.
    if ((await idOf(client)) !== transaction) throw left();
    return result;
  } catch (error) {
    if (BelayError.is(error) && error.effect !== 'none') throw error;
    // Only a script can end the transaction; what it did then stays, also where somebody found it wanting afterwards.
    const state = isScripted ? await stateOf(client, transaction) : 'ours';
    if (state === 'left') throw left();
    if (state === 'unknown') throw lost(error);
    throw BelayError.is(error) ? error : failed(error);
  }
}

/** Where the transaction of ours begins: one that a script has begun does not have it. */
const OURS = 'belay_begun';
const [NO_SAVEPOINT, NO_TRANSACTION] = ['3B001', '25P01'];

/** After a failure. The savepoint is asked first: a transaction that failed takes no other statement. */
async function stateOf(client: pg.Client, transaction: string | null): Promise<'ours' | 'left' | 'unknown'> {
  try {
    await client.query(`rollback to savepoint ${OURS}`);
    return (await idOf(client)) === transaction ? 'ours' : 'left';
  } catch (error) {
    const code = (error as pg.DatabaseError).code;
    return code === NO_SAVEPOINT || code === NO_TRANSACTION ? 'left' : 'unknown';
  }
}

async function idOf(client: pg.Client): Promise<string | null> {
  const { rows } = await client.query<(string | null)[]>({ text: 'select pg_current_xact_id()::text', rowMode: 'array' });
  return rows[0]?.[0] ?? null;
}

const CHANGING = new Set(['INSERT', 'UPDATE', 'DELETE', 'MERGE']);

async function scriptIn(client: pg.Client, sql: string): Promise<number> {
  const given: pg.QueryResult | readonly pg.QueryResult[] = await client.query(sql);
  const results: readonly pg.QueryResult[] = Array.isArray(given) ? given : [given as pg.QueryResult];
  return results.reduce((sum, { command, rowCount }) => sum + (CHANGING.has(command) ? (rowCount ?? 0) : 0), 0);
}

async function askIn(client: pg.Client, { text, values }: Statement): Promise<SqlTable> {
  const { fields, rows } = await client.query<(string | null)[]>({ text, values: [...values], rowMode: 'array' });
  return { columns: fields.map(({ name, dataTypeID }) => ({ name, type: dataTypeID })), rows: rows.slice(0, LONGEST_ROW) };
}
