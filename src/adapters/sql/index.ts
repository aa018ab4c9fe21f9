// A query against a Postgres of the user's as a source of signals: one SELECT at each beat, its rows handed over as samples.
// It judges nothing and changes nothing; what cannot be read is told as a dead reading, never with the password in it.
import type { Batch } from '../../domain/signal.ts';
import type { SourceSpec } from '../../domain/source-catalog.ts';
import type { SignalReader } from '../../ports/signal-source.ts';
import type { Time } from '../../ports/time.ts';
import { addressOf } from './address.ts';
import { readTable } from './connection.ts';
import { said } from './said.ts';
import { plain, samplesOf, type Table } from './samples.ts';

export { createPostgres } from './server.ts';

export type SqlSpec = Extract<SourceSpec, { driver: 'sql' }>;

/**
 * @example createSqlReader({ id: 'crm', driver: 'sql', url, query: 'select org, count(*) as contacts from contact group by org',
 *   as: 'values', everyMs: 60_000, timeoutMs: 10_000 }, { time })
 * @throws BELAY_CONFIG_INVALID for a url that is not the address of a Postgres
 */
export function createSqlReader(spec: SqlSpec, { time }: { readonly time: Pick<Time, 'now'> }): SignalReader {
  const { url, query, timeoutMs } = spec;
  const address = addressOf(spec.id, url);
  const dead = (at: number, why: string): Batch => ({
    source: spec.id,
    at,
    alive: false,
    reason: plain(address.mask(`${address.label}: ${why}`)),
    samples: [],
  });

  const read = async (signal: AbortSignal): Promise<Batch> => {
    // The start of the reading: what is counted may be newer than that, never older.
    const at = time.now();
    let table: Table;
    try {
      table = await readTable(address, { query, timeoutMs }, signal);
    } catch (error) {
      // Whatever the server, the network or the client library says is trouble of this source.
      return dead(at, said(error));
    }
    const reading = samplesOf(table, { as: spec.as, at });
    return reading.ok ? { source: spec.id, at, alive: true, samples: reading.samples } : dead(at, reading.why);
  };

  return { id: spec.id, everyMs: spec.everyMs, read } satisfies SignalReader;
}
