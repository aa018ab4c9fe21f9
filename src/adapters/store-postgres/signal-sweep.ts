// Takes away names that no page speaks of any more. Numbers are never given again, and whoever remembers one that is gone is told.
import type { Client, Database } from './connection.ts';
import { NAMES_LOCK } from './signal-names.ts';
import { unpackPage } from './signal-page.ts';

/** @returns how many there were; nobody writes a page meanwhile */
export async function sweepNames(database: Database): Promise<number> {
  return database.transact(async (client) => {
    await client.query(`select pg_advisory_xact_lock(${NAMES_LOCK})`);
    const { rowCount } = await client.query(
      'delete from belay.signal_name n where not exists (select 1 from unnest($1::bigint[]) as used (id) where used.id = n.id)',
      [[...(await usedNames(client))]],
    );
    const gone = rowCount ?? 0;
    if (gone > 0) await client.query('update belay.signal_horizon set names = names + 1');
    return gone;
  });
}

/** One page after the other: together they may be large. */
async function usedNames(client: Client): Promise<ReadonlySet<number>> {
  const used = new Set<number>();
  const { rows: pages } = await client.query<{ id: string }>('select id from belay.signal_page');
  for (const { id } of pages) {
    const { rows } = await client.query<{ body: Buffer }>('select body from belay.signal_page where id = $1', [id]);
    for (const { body } of rows) {
      const { slots, series } = unpackPage(body);
      for (const column of [slots.signal, slots.scope, series.source, series.series]) for (const name of column) used.add(name);
    }
  }
  return used;
}

export async function storedNames(database: Database): Promise<number> {
  const rows = await database.query<{ stored: string }>('select count(*) as stored from belay.signal_name');
  return Number(rows[0]?.stored ?? 0);
}
