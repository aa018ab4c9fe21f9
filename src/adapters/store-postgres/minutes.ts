// The month store: slots that leave their pages become minutes in the same transaction, many scopes packed into one row, one partition a day.
// It knows how minutes lie in Postgres; what they count is the domain's business.
import type { Instant } from '../../domain/json.ts';
import { type BlockEntry, packBlock, unpackBlock } from '../../domain/minute-block.ts';
import { inOrder, MINUTE_MS, type MinuteRow, minutesKey, minutesOf, parseSlotKey, type SlotSum, slotKeysOf } from '../../domain/minutes.ts';
import { Rings } from '../../domain/ring.ts';
import type { HistoryKept, SignalStore } from '../../ports/signal-store.ts';
import type { Client, Database } from './connection.ts';
import { foldSlots } from './signal-fold.ts';
import { type SlotColumns, slotColumns, unpackPage } from './signal-page.ts';

const DAY_MS = 86_400_000;
/** Scopes in one row. */
const BUCKET = 256;

type Columns = { [column: string]: unknown };

const dayOf = (at: Instant): number => Math.floor(at / DAY_MS);

export interface MinuteStore {
  /** Keeps what these slots counted; in the transaction that takes them away, which must be alone. */
  keep(client: Client, gone: SlotColumns, kept: HistoryKept): Promise<void>;
  /** Drops the days that are wholly before the instant. */
  drop(before: Instant): Promise<void>;
  read: SignalStore['history'];
}

export function createMinuteStore(database: Database): MinuteStore {
  return {
    keep: async (client, gone, kept) => {
      const sums = await sumsOf(
        (ids) => namesOf(client, ids),
        gone,
        (signal) => !kept.coarser.includes(signal),
      );
      for (const [series, rows] of minutesOf(sums))
        await write(
          client,
          series,
          rows.filter((row) => row.at >= kept.since),
        );
    },
    drop: async (before) => {
      const rows = await database.query<{ name: string }>(
        `select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
         where n.nspname = 'belay' and c.relkind = 'r' and c.relname ~ '^minute(_scope)?_[0-9]+$' order by 1`,
      );
      for (const { name } of rows)
        if (Number(name.replace(/^\D+/, '')) < dayOf(before)) await database.query(`drop table if exists belay.${name}`);
    },
    read: (o) => read(database, o),
  };
}

type AskNames = (ids: readonly number[]) => Promise<ReadonlyMap<number, string>>;
interface NameRow extends Columns {
  readonly id: string;
  readonly name: string;
}

const NAMES = 'select id, name from belay.signal_name where id = any($1::bigint[])';
const named = (rows: readonly NameRow[]): ReadonlyMap<number, string> => new Map(rows.map(({ id, name }) => [Number(id), name]));
const namesOf = async (client: Client, ids: readonly number[]): Promise<ReadonlyMap<number, string>> =>
  named((await client.query<NameRow>(NAMES, [ids])).rows);

/** Sums by the minute, of the signals that are wanted. Added up as numbers: most slots share their minute with eleven others. */
async function sumsOf(ask: AskNames, slots: SlotColumns, isWanted: (signal: string) => boolean): Promise<readonly SlotSum[]> {
  const signals = await ask([...new Set(slots.signal.subarray(0, slots.size))]);
  const slotMs = new Map<number, number>();
  for (const [id, name] of signals) {
    const key = isWanted(name) ? parseSlotKey(name) : null;
    if (key !== null) slotMs.set(id, Rings.slotMsOf(key.overMs));
  }
  const wanted = slotColumns(slots.size);
  let size = 0;
  for (let index = 0; index < slots.size; index += 1) {
    const ms = slotMs.get(slots.signal[index] as number);
    if (ms === undefined) continue;
    for (const column of ['signal', 'scope', 'slot', 'bad', 'all', 'sum'] as const) wanted[column][size] = slots[column][index] as number;
    // Longer slots are kept as they are.
    if (ms <= MINUTE_MS) wanted.slot[size] = Math.floor((wanted.slot[size] as number) / MINUTE_MS) * MINUTE_MS;
    size += 1;
  }
  const folded = foldSlots([{ ...wanted, size }], -Infinity);
  const scopes = await ask([...new Set(folded.scope.subarray(0, folded.size))]);
  return Array.from(
    { length: folded.size },
    (_, index): SlotSum => ({
      signal: signals.get(folded.signal[index] as number) ?? '',
      scope: scopes.get(folded.scope[index] as number) ?? '',
      first: folded.slot[index] as number,
      bad: folded.bad[index] as number,
      all: folded.all[index] as number,
      sum: folded.sum[index] as number,
    }),
  );
}

async function write(client: Client, series: string, rows: readonly MinuteRow[]): Promise<void> {
  const byDay = groupBy(rows, (row) => dayOf(row.at));
  for (const [day, ofDay] of byDay) {
    await makeDay(client, day);
    const idOf = await numbersOf(client, day, [...new Set(ofDay.map((row) => row.scope))]);
    const blocks = groupBy(ofDay, (row) => JSON.stringify([row.at, row.spanMs, Math.floor(idOf(row.scope) / BUCKET)]));
    const made = [...blocks].map(([place, of]) => {
      const [at = 0, spanMs = 0, bucket = 0] = JSON.parse(place) as readonly number[];
      return {
        at,
        spanMs,
        bucket,
        body: packBlock(of.map((row): BlockEntry => ({ ...row, id: idOf(row.scope) % BUCKET })).sort((a, b) => a.id - b.id)),
      };
    });
    await client.query(
      `insert into belay.minute (day, span_ms, at, bucket, series, body)
       select $1, span, at, bucket, $2, body from unnest($3::int[], $4::bigint[], $5::int[], $6::bytea[]) as n (span, at, bucket, body)`,
      [
        day,
        series,
        made.map((one) => one.spanMs),
        made.map((one) => one.at),
        made.map((one) => one.bucket),
        made.map((one) => Buffer.from(one.body)),
      ],
    );
  }
}

function groupBy<T, K>(rows: readonly T[], keyOf: (row: T) => K): ReadonlyMap<K, readonly T[]> {
  const groups = new Map<K, T[]>();
  for (const row of rows) {
    const key = keyOf(row);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [row]);
    else group.push(row);
  }
  return groups;
}

async function makeDay(client: Client, day: number): Promise<void> {
  const { rows } = await client.query<{ known: boolean }>(`select to_regclass('belay.minute_${day}') is not null as known`);
  if (rows[0]?.known === true) return;
  for (const table of ['minute', 'minute_scope'])
    await client.query(`create table belay.${table}_${day} partition of belay.${table} for values from (${day}) to (${day + 1})`);
}

async function numbersOf(client: Client, day: number, scopes: readonly string[]): Promise<(scope: string) => number> {
  await client.query(
    `insert into belay.minute_scope (day, id, scope)
     select $1, (select coalesce(max(id), -1) from belay.minute_scope where day = $1) + row_number() over (order by scope collate "C"), scope
     from unnest($2::text[]) as n (scope) where not exists (select 1 from belay.minute_scope m where m.day = $1 and m.scope = n.scope)`,
    [day, scopes],
  );
  const { rows } = await client.query<{ id: number; scope: string }>(
    'select id, scope from belay.minute_scope where day = $1 and scope = any($2::text[])',
    [day, scopes],
  );
  const ids = new Map(rows.map(({ id, scope }) => [scope, id]));
  return (scope) => ids.get(scope) ?? 0;
}

type Asked = Parameters<SignalStore['history']>[0];
interface Found extends Columns {
  readonly day: number | null;
  readonly at: string | null;
  readonly span_ms: number | null;
  readonly bucket: number | null;
  readonly body: Buffer;
}

/** Blocks and pages in one statement: what a fold moves between them is in one of them, never in both. */
async function read(database: Database, asked: Asked): Promise<readonly MinuteRow[]> {
  const { signal, by, scope, from, to } = asked;
  const days = [dayOf(from), dayOf(to - 1)] as const;
  const found = await database.query<Found>(
    `select day, at, span_ms, bucket, body from belay.minute where series = $1 and at >= $2 and at < $3 and day >= $4 and day <= $5
       and ($6::text is null or bucket in (select id / ${BUCKET} from belay.minute_scope where day >= $4 and day <= $5 and scope = $6))
     union all
     select null, null, null, null, body from belay.signal_page where to_slot >= $2 and from_slot < $3`,
    [minutesKey(signal, by), from, to, ...days, scope ?? null],
  );
  const nameOf = scopeNames(await numbersByDay(database, days, scope ?? null));
  const kept: MinuteRow[] = [];
  const folded = new Set<string>();
  for (const { day, at, span_ms: spanMs, bucket, body } of found) {
    if (day === null) continue;
    unpackBlock(body, (id, bad, all, sum) => {
      const name = nameOf(day, (bucket ?? 0) * BUCKET + id);
      if (name === undefined || (scope !== undefined && name !== scope)) return;
      kept.push({ at: Number(at), spanMs: spanMs ?? MINUTE_MS, scope: name, bad, all, sum });
      folded.add(`${at} ${name}`);
    });
  }
  const pages = found.filter(({ day }) => day === null).map(({ body }) => unpackPage(body).slots);
  const isMine = (one: string): boolean => one.startsWith(slotKeysOf(signal, by));
  const ask: AskNames = async (ids) => named(await database.query<NameRow>(NAMES, [ids]));
  const sums = pages.length === 0 ? [] : await sumsOf(ask, foldSlots(pages, from), isMine);
  const open = (minutesOf(sums).get(minutesKey(signal, by)) ?? []).filter(
    // Longer windows of the signal still have slots of minutes that are kept already.
    (row) => row.at < to && (scope ?? row.scope) === row.scope && !folded.has(`${row.at} ${row.scope}`),
  );
  return inOrder([...kept, ...open]);
}

interface Numbered {
  readonly day: number;
  readonly id: number;
  readonly scope: string;
}

const numbersByDay = (database: Database, [first, last]: readonly [number, number], scope: string | null): Promise<readonly Numbered[]> =>
  database.query<Numbered & Columns>(
    'select day, id, scope from belay.minute_scope where day >= $1 and day <= $2 and ($3::text is null or scope = $3)',
    [first, last, scope],
  );

function scopeNames(numbers: readonly Numbered[]): (day: number, id: number) => string | undefined {
  const byDay = new Map<number, Map<number, string>>();
  for (const { day, id, scope } of numbers) {
    const names = byDay.get(day) ?? new Map<number, string>();
    byDay.set(day, names.set(id, scope));
  }
  return (day, id) => byDay.get(day)?.get(id);
}
