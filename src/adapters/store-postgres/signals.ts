// Durable detection in Postgres: one transaction a batch, one statement a table, whatever the number of scopes. Counts go into pages.
// What a state or a transition means is the domain's business.
import type { Instant } from '../../domain/json.ts';
import type { Transition } from '../../domain/trigger.ts';
import type { Digest } from '../../ports/digest.ts';
import type { EventRow, HistoryKept, SeenRow, SignalStore, StateRow } from '../../ports/signal-store.ts';
import type { Time } from '../../ports/time.ts';
import type { Client, Database } from './connection.ts';
import { fenceOf } from './fence.ts';
import { createMinuteStore, type MinuteStore } from './minutes.ts';
import { type Packed, SERIES_KEPT_MS, SignalLog, StaleNames } from './signal-log.ts';
import { NAMES_LOCK } from './signal-names.ts';

type Batch = Parameters<SignalStore['commit']>[0];
type Columns = { [column: string]: unknown };

export function createSignalStore(database: Database, deps: { readonly digest: Digest; readonly time: Time }): SignalStore {
  const minutes = createMinuteStore(database);
  const log = new SignalLog(database, minutes);
  return {
    commit: async (batch) => {
      const id = deps.time.uuid();
      const write = async (): Promise<void> =>
        writeOnce(database, batch, { packed: await log.pack(batch.slots, batch.series), id, fence: fenceOf(deps.digest, `signal/${id}`) });
      try {
        await write();
      } catch (error) {
        if (!(error instanceof StaleNames)) throw error;
        // Nothing was written: the numbers are asked for again.
        log.forgetNames();
        await write();
      }
    },
    known: async (source, ids) => {
      const rows = await database.query<{ id: string }>('select id from belay.signal_event where source = $1 and id = any($2::text[])', [
        source,
        ids,
      ]);
      return new Set(rows.map((row) => row.id));
    },
    load: async (since, until = Infinity) => {
      const [kept, states, seen] = await Promise.all([
        log.load(since, until),
        database.query<StateRow & Columns>('select trigger, scope, state from belay.trigger_state order by trigger, scope'),
        database.query<SeenRow & Columns>('select signal, scope, digest, slot, depth from belay.seen where slot >= $1 and slot < $2', [
          since,
          until,
        ]),
      ]);
      return { ...kept, states, seen };
    },
    slots: (wanted) => log.slotsOf(wanted),
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
    history: minutes.read,
    prune: (before, history, until = Infinity) => prune({ database, log, minutes }, { before, until, history }),
  } satisfies SignalStore;
}

interface Kept {
  readonly database: Database;
  readonly log: SignalLog;
  readonly minutes: MinuteStore;
}

async function prune(
  { database, log, minutes }: Kept,
  { before, until, history }: { readonly before: Instant; readonly until: Instant; readonly history: HistoryKept | undefined },
): Promise<void> {
  await log.fold({ before, until }, history);
  if (history !== undefined) await minutes.drop(history.since);
  await log.sweep();
  await database.query('delete from belay.seen where slot < $1 or slot >= $2', [before, until]);
  await database.query('delete from belay.signal_event where at < $1', [before - SERIES_KEPT_MS]);
  await database.query(`delete from belay.signal_commit where made_at < now() - interval '1 hour'`);
}

/** Whatever becomes of a connection, what is in the batch is added once. */
async function writeOnce(
  database: Database,
  batch: Batch,
  { packed, id, fence }: { readonly packed: Packed | null; readonly id: string; readonly fence: bigint },
): Promise<void> {
  let tries = 0;
  const work = async (client: Client): Promise<void> => {
    tries += 1;
    // Increments must not be added twice: a commit whose answer was lost is looked for before it is repeated.
    if (tries > 1 && (await client.query('select 1 from belay.signal_commit where id = $1', [id])).rowCount === 1) return;
    await writeBatch(client, batch, packed, id);
  };
  const locks = { fence, shared: NAMES_LOCK };
  if (packed === null || batch.states.length + batch.transitions.length + (batch.seen?.length ?? 0) + (batch.events?.length ?? 0) > 0)
    return database.transact(work, locks);
  const alone = async (client: Client): Promise<void> => {
    tries += 1;
    await commitPage(client, packed, { id, fence });
  };
  return database.transact(work, { ...locks, alone });
}

function bodies(rows: readonly { readonly body: Transition }[]): readonly Transition[] {
  return rows.map((row) => row.body);
}

/** Two transitions with the same key are one: a batch that is written again appends nothing. */
function transitionKey(one: Transition): string {
  return JSON.stringify([one.trigger, one.scope, one.episode, one.from, one.to, one.at, one.announced]);
}

async function writeBatch(client: Client, batch: Batch, packed: Packed | null, id: string): Promise<void> {
  if (packed === null)
    await client.query({ name: 'signal-commit', text: 'insert into belay.signal_commit (id) values ($1)', values: [id] });
  else await writePage(client, packed, id);
  if (batch.states.length > 0)
    await writeStates(
      client,
      latest(batch.states, (row) => [row.trigger, row.scope]),
    );
  if (batch.transitions.length > 0) await writeTransitions(client, batch.transitions);
  if (batch.seen !== undefined && batch.seen.length > 0) await writeSeen(client, newest(batch.seen));
  if (batch.events !== undefined && batch.events.length > 0) await writeEvents(client, batch.events);
}

/** Nearly all commits: counts and last values, and nothing beside them. */
async function commitPage(
  client: Client,
  { body, span, epoch }: Packed,
  o: { readonly id: string; readonly fence: bigint },
): Promise<void> {
  const { rows } = await client.query<{ made: boolean }>({
    name: 'signal-page-commit',
    text: 'select belay.commit_page($1, $2, $3, $4, $5, $6, $7) as made',
    values: [o.fence, NAMES_LOCK, o.id, ...span, body, epoch],
  });
  if (rows[0]?.made !== true) throw new StaleNames('names');
}

async function writePage(client: Client, { body, span, epoch }: Packed, id: string): Promise<void> {
  const { rowCount } = await client.query({
    name: 'signal-page',
    text: `with made as (insert into belay.signal_commit (id) values ($1))
      insert into belay.signal_page (tier, from_slot, to_slot, body)
      select 0, $2::float8, $3::float8, $4::bytea from belay.signal_horizon where names = $5::bigint`,
    values: [id, ...span, body, epoch],
  });
  if (rowCount !== 1) throw new StaleNames('names');
}

// Rows go in the order of their keys, so that two writers never wait for each other in a circle.
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
