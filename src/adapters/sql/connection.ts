// One reading over one connection of its own: a cursor in a transaction that can only read, with an end in time, rows and bytes.
// A connection for each reading needs no repair when the server restarts, and leaves nothing of ours in a pooler between two readings.
import { Socket } from 'node:net';
import type pg from 'pg';
import type { Address } from './address.ts';
import { MOST_ROWS, type Table } from './samples.ts';

/** Later than the server's own limit, so that its words are the ones that are told. */
const GRACE_MS = 500;
const MOST_BYTES = 32 * 1024 * 1024;
const LOOK_MS = 20;
const PART_ROWS = 500;
const TIMED_OUT = '57014';

/** Values stay as the server writes them: a bigint is no JavaScript number, and a time zone is nobody's guess. */
const AS_WRITTEN = { getTypeParser: () => (written: unknown) => written } as unknown as pg.CustomTypesConfig;

export interface Question {
  readonly text: string;
  readonly values?: readonly (string | null)[];
}

/** @throws Error with what the server or the way to it said; it may hold the password */
export async function readTable(
  address: Address,
  { query, timeoutMs }: { readonly query: string; readonly timeoutMs: number },
  signal: AbortSignal,
): Promise<Table> {
  const [table] = await readTables(address, { questions: [{ text: query }], timeoutMs }, signal);
  return table as Table;
}

/** All in one transaction, so that they see the same. @throws as `readTable` */
export async function readTables(
  address: Address,
  o: { readonly questions: readonly Question[]; readonly timeoutMs: number },
  signal: AbortSignal,
): Promise<readonly Table[]> {
  const { client, socket } = await dial(address);
  const limits = limitsOf(socket, o.timeoutMs, signal);
  try {
    return await Promise.race([ask(client, o), limits.broken]);
  } finally {
    limits.lift();
    socket.destroy();
  }
}

/** A client that is not connected yet, and the socket that ends it. */
export async function dial(address: Address): Promise<{ readonly client: pg.Client; readonly socket: Socket }> {
  // Loaded with the first reading: commands that only look at the configuration do not pay for it.
  const { default: postgres } = await import('pg');
  const socket = new Socket();
  const client = new postgres.Client({
    connectionString: address.url,
    application_name: 'belay',
    stream: () => socket,
    types: AS_WRITTEN,
  });
  // A broken connection is told by the query that is under way; unheard, the event would end the process.
  client.on('error', () => undefined);
  return { client, socket };
}

async function ask(
  client: pg.Client,
  o: { readonly questions: readonly Question[]; readonly timeoutMs: number },
): Promise<readonly Table[]> {
  try {
    await client.connect();
    await client.query(beginning(o.timeoutMs));
    const tables: Table[] = [];
    for (const { text, values = [] } of o.questions) {
      // DECLARE takes nothing but a SELECT, and the extended protocol nothing but one statement.
      const declared = { text: `declare reading no scroll cursor for ${text}`, values: [...values], queryMode: 'extended' };
      await client.query(declared as pg.QueryConfig);
      tables.push(await fetchAll(client));
      await client.query('close reading');
    }
    await client.query('rollback');
    // The reading is whole; how the connection ends changes nothing.
    client.end().catch(() => undefined);
    return tables;
  } catch (error) {
    if ((error as { readonly code?: unknown }).code === TIMED_OUT) throw new Error(`no answer within ${o.timeoutMs} ms`, { cause: error });
    throw error;
  }
}

/** In parts: the server holds each of them whole before it sends. One row more than may be is enough to know that there are too many. */
async function fetchAll(client: pg.Client): Promise<Table> {
  const rows: (string | null)[][] = [];
  for (;;) {
    const part = await client.query<(string | null)[]>({ text: `fetch ${PART_ROWS} from reading`, rowMode: 'array' });
    rows.push(...part.rows);
    if (part.rows.length === PART_ROWS && rows.length <= MOST_ROWS) continue;
    return { columns: part.fields.map(({ name, dataTypeID }) => ({ name, type: dataTypeID })), rows };
  }
}

/** All settings are local to the transaction: behind a pooler the session belongs to others as well. */
function beginning(timeoutMs: number): string {
  return [
    'begin transaction read only',
    'set local default_transaction_read_only = on',
    `set local statement_timeout = ${timeoutMs}`,
    `set local idle_in_transaction_session_timeout = ${timeoutMs + GRACE_MS}`,
    // All rows are wanted: a plan for the first tenth would be the wrong one.
    'set local cursor_tuple_fraction = 1',
    `set local timezone = 'UTC'`,
    `set local datestyle = 'ISO'`,
  ].join('; ');
}

/** Ends the reading when it is cancelled, too late or too large; `broken` then rejects with the reason. */
function limitsOf(socket: Socket, timeoutMs: number, signal: AbortSignal): { readonly broken: Promise<never>; readonly lift: () => void } {
  let onAbort = (): void => undefined;
  let timers: readonly NodeJS.Timeout[] = [];
  const broken = new Promise<never>((_resolve, reject) => {
    const stop = (why: string): void => {
      reject(new Error(why));
      socket.destroy();
    };
    onAbort = () => stop('it was cancelled');
    timers = [
      setTimeout(() => stop(`no answer within ${timeoutMs} ms`), timeoutMs + GRACE_MS),
      setInterval(() => socket.bytesRead > MOST_BYTES && stop(`the result is larger than ${MOST_BYTES} bytes`), LOOK_MS),
    ];
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
  return {
    broken,
    lift: () => {
      signal.removeEventListener('abort', onAbort);
      for (const timer of timers) clearTimeout(timer);
    },
  };
}
