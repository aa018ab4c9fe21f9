// One connection for one look or one change, with an end in time, always in a transaction. What went wrong is told with its effect: only a
// connection that is lost while the transaction is being committed leaves a doubt.
import type pg from 'pg';
import { BelayError } from '../../domain/errors.ts';
import type { RowSettings } from './options.ts';

/** Later than the server's own limit, so that its words are the ones that are told. */
const GRACE_MS = 500;

export type Ask = (text: string, values?: readonly (string | null)[]) => Promise<readonly Readonly<Record<string, string | null>>[]>;

/** @throws BELAY_TARGET_UNREACHABLE (effect none), BELAY_ACT_FAILED (effect unknown) */
export async function inTransaction<T>(
  settings: RowSettings,
  mode: 'read only' | 'read write',
  work: (ask: Ask) => Promise<T>,
): Promise<T> {
  // Loaded with the first use: commands that only look at the configuration do not pay for it.
  const { default: postgres } = await import('pg');
  const client = new postgres.Client({
    connectionString: settings.url,
    application_name: 'belay',
    connectionTimeoutMillis: settings.timeoutMs,
    query_timeout: settings.timeoutMs + GRACE_MS,
  });
  // A broken connection is told by the query that is under way; unheard, the event would end the process.
  client.on('error', () => undefined);
  let committing = false;
  try {
    await client.connect();
    await client.query(`begin transaction ${mode}`);
    await client.query(`set local statement_timeout = ${settings.timeoutMs}; set local lock_timeout = ${settings.timeoutMs}`);
    const result = await work(async (text, values = []) => (await client.query(text, [...values])).rows as Awaited<ReturnType<Ask>>);
    committing = mode === 'read write';
    await client.query('commit');
    return result;
  } catch (error) {
    if (BelayError.is(error)) throw error;
    throw told(settings, error, committing);
  } finally {
    await leave(client);
  }
}

/** What is not committed is taken back by the server when the connection ends. */
async function leave(client: pg.Client): Promise<void> {
  await client.end().catch(() => undefined);
}

function told({ mask, table }: RowSettings, error: unknown, committing: boolean): BelayError {
  const said = mask(
    error instanceof AggregateError ? error.errors.map(String).join('; ') : error instanceof Error ? error.message : String(error),
  );
  const refused = (error as { readonly code?: unknown }).code === '42501';
  const hint = refused
    ? `Grant Belay's user SELECT, INSERT and UPDATE on ${table}.`
    : 'Check url and table in belay.yaml, and that the database answers.';
  return committing
    ? new BelayError('BELAY_ACT_FAILED', `${table}: ${said}`, { effect: 'unknown', hint, cause: error })
    : new BelayError('BELAY_TARGET_UNREACHABLE', `${table}: ${said}`, { hint, cause: error });
}
