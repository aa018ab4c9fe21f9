// Silences in Postgres: numbered one after the other, found again by the key that made them.
import { ended, endOf, type Silence } from '../../domain/silence.ts';
import type { Digest } from '../../ports/digest.ts';
import type { SilenceStore } from '../../ports/silence-store.ts';
import type { Client, Database } from './connection.ts';
import { fenceOf } from './fence.ts';

interface Row {
  readonly number: number;
  readonly body: Silence;
  readonly [column: string]: unknown;
}

export function createSilenceStore(database: Database, digest: Digest): SilenceStore {
  // One writer at a time: numbers have no gaps, and a repeated request waits for the first.
  const fence = fenceOf(digest, 'silences');
  return {
    add: (draft, key) =>
      database.transact(
        async (client) => {
          const { rows } = await client.query<Row>('select number, body from belay.silence where key = $1', [key]);
          const silence = rows[0]?.body ?? { ...draft, id: await nextId(client), ended: null };
          if (rows[0] === undefined) await insert(client, silence, key);
          return silence;
        },
        { fence },
      ),
    end: (id, { by, at }) =>
      database.transact(
        async (client) => {
          const { rows } = await client.query<Row>('select number, body from belay.silence where number = $1', [numberOf(id)]);
          const before = rows[0]?.body;
          if (before === undefined) return null;
          const after = ended(before, by, at);
          const values = [numberOf(id), endOf(after), JSON.stringify(after)];
          if (after !== before) await client.query('update belay.silence set ends = $2, body = $3 where number = $1', values);
          return after;
        },
        { fence },
      ),
    list: async ({ endingAfter }) => {
      const rows = await database.query<Row>('select number, body from belay.silence where ends > $1 order by number', [endingAfter]);
      return rows.map((row) => row.body);
    },
  } satisfies SilenceStore;
}

async function nextId(client: Client): Promise<string> {
  const { rows } = await client.query<{ next: number }>('select coalesce(max(number), 0) + 1 as next from belay.silence');
  return `SIL-${rows[0]?.next ?? 1}`;
}

async function insert(client: Client, silence: Silence, key: string): Promise<void> {
  await client.query('insert into belay.silence (number, key, ends, body) values ($1, $2, $3, $4)', [
    numberOf(silence.id),
    key,
    endOf(silence),
    JSON.stringify(silence),
  ]);
}

/** 0, which no silence has, for what is not an id. */
function numberOf(id: string): number {
  return Number(/^SIL-(\d{1,9})$/.exec(id)?.[1] ?? 0);
}
