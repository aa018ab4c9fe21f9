// Durable detection in Postgres: one transaction a batch, one statement a table, whatever the number of scopes.
// What a state or a transition means is the domain's business.
import type { Instant } from '../../domain/json.ts';
import type { Transition } from '../../domain/trigger.ts';
import type { Digest } from '../../ports/digest.ts';
import type { EventRow, SeenRow, SeriesRow, SignalStore, SlotRow, StateRow } from '../../ports/signal-store.ts';
import type { Time } from '../../ports/time.ts';
import type { Client, Database } from './connection.ts';
import { fenceOf } from './fence.ts';

type Batch = Parameters<SignalStore['commit']>[0];
type Columns = { [column: string]: unknown };

/** A counter that nobody has fed for this long before the pruned past is forgotten. */
const SERIES_KEPT_MS = 7 * 24 * 3_600_000;

export function createSignalStore(database: Database, deps: { readonly digest: Digest; readonly time: Time }): SignalStore {
  return {
    commit: async (batch) => {
      const id = deps.time.uuid();
      let tries = 0;
      await database.transact(
        async (client) => {
          tries += 1;
          // Increments must not be added twice: a commit whose answer was lost is looked for before it is repeated.
          if (tries > 1 && (await client.query('select 1 from belay.signal_commit where id = $1', [id])).rowCount === 1) return;
          await writeBatch(client, batch, id);
        },
        { fence: fenceOf(deps.digest, `signal/${id}`) },
      );
    },
    known: async (source, ids) => {
      const rows = await database.query<{ id: string }>('select id from belay.signal_event where source = $1 and id = any($2::text[])', [
        source,
        ids,
      ]);
      return new Set(rows.map((row) => row.id));
    },
    load: async (since) => {
      const [slots, series, states, seen] = await Promise.all([
        database.query<SlotRow & Columns>(
          'select signal, scope, slot, bad, total as "all", sum from belay.slot where slot >= $1 order by slot, signal, scope',
          [since],
        ),
        database.query<SeriesRow & Columns>('select source, series, total, at from belay.series order by source, series'),
        database.query<StateRow & Columns>('select trigger, scope, state from belay.trigger_state order by trigger, scope'),
        database.query<SeenRow & Columns>('select signal, scope, digest, slot, depth from belay.seen where slot >= $1', [since]),
      ]);
      return { slots, series, states, seen };
    },
    unanswered: async () =>
      bodies(await database.query<{ body: Transition }>('select body from belay.trigger_transition where answered_at is null order by id')),
    answered: async (transition) => {
      await database.query('update belay.trigger_transition set answered_at = now() where key = $1 and answered_at is null', [
        transitionKey(transition),
      ]);
    },
    transitions: async (filter) => {
      const rows = await database.query<{ body: Transition }>(
        `select body from belay.trigger_transition
         where ($1::text is null or trigger = $1) and ($2::text is null or scope = $2) and ($3::float8 is null or at >= $3) order by id desc limit $4`,
        [filter.trigger ?? null, filter.scope ?? null, filter.since ?? null, filter.limit ?? null],
      );
      return bodies(rows).toReversed();
    },
    prune: async (before) => {
      await database.query('delete from belay.slot where slot < $1', [before]);
      await database.query('delete from belay.seen where slot < $1', [before]);
      await database.query(`delete from belay.series where at < $1 and series not like '#cursor:%'`, [before - SERIES_KEPT_MS]);
      await database.query('delete from belay.signal_event where at < $1', [before - SERIES_KEPT_MS]);
      await database.query(`delete from belay.signal_commit where made_at < now() - interval '1 hour'`);
    },
  } satisfies SignalStore;
}

function bodies(rows: readonly { readonly body: Transition }[]): readonly Transition[] {
  return rows.map((row) => row.body);
}

/** Two transitions with the same key are one: a batch that is written again appends nothing. */
function transitionKey(one: Transition): string {
  return JSON.stringify([one.trigger, one.scope, one.episode, one.from, one.to, one.at, one.announced]);
}

async function writeBatch(client: Client, batch: Batch, id: string): Promise<void> {
  await client.query('insert into belay.signal_commit (id) values ($1)', [id]);
  if (batch.slots.length > 0) await writeSlots(client, summed(batch.slots));
  if (batch.series.length > 0)
    await writeSeries(
      client,
      latest(batch.series, (row) => [row.source, row.series]),
    );
  if (batch.states.length > 0)
    await writeStates(
      client,
      latest(batch.states, (row) => [row.trigger, row.scope]),
    );
  if (batch.transitions.length > 0) await writeTransitions(client, batch.transitions);
  if (batch.seen !== undefined && batch.seen.length > 0) await writeSeen(client, newest(batch.seen));
  if (batch.events !== undefined && batch.events.length > 0) await writeEvents(client, batch.events);
}

// Rows go in the order of their keys, so that two writers never wait for each other in a circle.
async function writeSlots(client: Client, rows: readonly SlotRow[]): Promise<void> {
  await client.query(
    `insert into belay.slot as s (slot, signal, scope, bad, total, sum)
     select * from unnest($1::float8[], $2::text[], $3::text[], $4::float8[], $5::float8[], $6::float8[])
     on conflict (slot, signal, scope) do update set bad = s.bad + excluded.bad, total = s.total + excluded.total, sum = s.sum + excluded.sum`,
    [
      rows.map((row) => row.slot),
      rows.map((row) => row.signal),
      rows.map((row) => row.scope),
      rows.map((row) => row.bad),
      rows.map((row) => row.all),
      rows.map((row) => row.sum),
    ],
  );
}

async function writeSeries(client: Client, rows: readonly SeriesRow[]): Promise<void> {
  await client.query(
    `insert into belay.series as s (source, series, total, at)
     select * from unnest($1::text[], $2::text[], $3::float8[], $4::float8[])
     on conflict (source, series) do update set total = excluded.total, at = excluded.at where s.total <> excluded.total or s.at <> excluded.at`,
    [rows.map((row) => row.source), rows.map((row) => row.series), rows.map((row) => row.total), rows.map((row) => row.at)],
  );
}

async function writeStates(client: Client, rows: readonly StateRow[]): Promise<void> {
  await client.query(
    `insert into belay.trigger_state as s (trigger, scope, state)
     select t, c, body::json from unnest($1::text[], $2::text[], $3::text[]) as n (t, c, body)
     on conflict (trigger, scope) do update set state = excluded.state where s.state::text <> excluded.state::text`,
    [rows.map((row) => row.trigger), rows.map((row) => row.scope), rows.map((row) => JSON.stringify(row.state))],
  );
}

async function writeTransitions(client: Client, rows: readonly Transition[]): Promise<void> {
  await client.query(
    `insert into belay.trigger_transition (key, trigger, scope, at, body)
     select key, trigger, scope, at, body::json
     from unnest($1::text[], $2::text[], $3::text[], $4::float8[], $5::text[]) with ordinality as n (key, trigger, scope, at, body, place)
     order by place on conflict (key) do nothing`,
    [
      rows.map(transitionKey),
      rows.map((one) => one.trigger),
      rows.map((one) => one.scope),
      rows.map((one) => one.at),
      rows.map((one) => JSON.stringify(one)),
    ],
  );
}

async function writeSeen(client: Client, rows: readonly SeenRow[]): Promise<void> {
  await client.query(
    `insert into belay.seen as s (signal, scope, digest, slot, depth)
     select * from unnest($1::text[], $2::text[], $3::float8[], $4::float8[], $5::int[])
     on conflict (signal, scope, digest) do update set slot = excluded.slot, depth = excluded.depth where excluded.slot > s.slot`,
    [
      rows.map((row) => row.signal),
      rows.map((row) => row.scope),
      rows.map((row) => row.digest),
      rows.map((row) => row.slot),
      rows.map((row) => row.depth),
    ],
  );
}

async function writeEvents(client: Client, rows: readonly EventRow[]): Promise<void> {
  await client.query(
    `insert into belay.signal_event (source, id, at) select * from unnest($1::text[], $2::text[], $3::float8[]) as n (source, id, at)
     order by source, id on conflict (source, id) do nothing`,
    [rows.map((row) => row.source), rows.map((row) => row.id), rows.map((row) => row.at)],
  );
}

/** A character that no text in Postgres can hold. */
const SEPARATOR = '\u0000';

/** One row a key: Postgres refuses to touch a row twice in one statement. */
function summed(rows: readonly SlotRow[]): readonly SlotRow[] {
  const byKey = new Map<string, SlotRow>();
  for (const row of rows) {
    const key = [slotOrder(row.slot), row.signal, row.scope].join(SEPARATOR);
    const before = byKey.get(key);
    byKey.set(
      key,
      before === undefined ? row : { ...row, bad: before.bad + row.bad, all: before.all + row.all, sum: before.sum + row.sum },
    );
  }
  return inOrder(byKey);
}

function slotOrder(slot: Instant): string {
  return String(slot).padStart(20, '0');
}

function newest(rows: readonly SeenRow[]): readonly SeenRow[] {
  const byKey = new Map<string, SeenRow>();
  for (const row of rows) {
    const key = [row.signal, row.scope, row.digest].join(SEPARATOR);
    if ((byKey.get(key)?.slot ?? -Infinity) < row.slot) byKey.set(key, row);
  }
  return inOrder(byKey);
}

function latest<T>(rows: readonly T[], keyOf: (row: T) => readonly [string, string]): readonly T[] {
  return inOrder(new Map(rows.map((row) => [keyOf(row).join(SEPARATOR), row])));
}

function inOrder<T>(byKey: ReadonlyMap<string, T>): readonly T[] {
  return [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
}
