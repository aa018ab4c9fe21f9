// Counts and last values as pages: appended as they are committed, put together now and then. What is in them is signal-page.ts.
import type { Instant } from '../../domain/json.ts';
import type { HistoryKept, SeriesRow, SignalStore, SlotRow } from '../../ports/signal-store.ts';
import type { Client, Database } from './connection.ts';
import type { MinuteStore } from './minutes.ts';
import { SeriesFold, SlotFold } from './signal-fold.ts';
import { SignalNames } from './signal-names.ts';
import { type Page, PageRoom, packPage, pageOf, type SlotColumns, seriesColumns, slotColumns, spanOf, unpackPage } from './signal-page.ts';
import { storedNames, sweepNames } from './signal-sweep.ts';

const TIER = { committed: 0, slots: 1, series: 2 } as const;
/** Held by whoever puts pages together: one at a time, and nobody waits for it. */
const FOLD_LOCK = 23_531n;
/** So many small pages are put together once more; a large one is left alone. */
const SMALL_PAGES = 24;
const SMALL_BYTES = 64 * 1024;
/** Put together at once: more waits for the next time. */
const MOST_COMMITTED = 2_000;
/** A counter that nobody has fed for this long before the pruned past is forgotten. */
export const SERIES_KEPT_MS = 7 * 24 * 3_600_000;
const CURSOR = '#cursor:';

/** Names were taken away since numbers were learned. */
export class StaleNames extends Error {}

export interface Packed {
  readonly body: Buffer;
  readonly span: readonly [from: number | null, to: number | null];
  readonly epoch: string;
}

interface PageRow {
  readonly [column: string]: unknown;
  readonly id: string;
  readonly tier: number;
  readonly body: Buffer;
}

/** So many more names are stored than were left the last time before they are looked through. */
const SWEPT_AFTER = 50_000;

export class SignalLog {
  readonly #database: Database;
  /** Names that the last look left; none was looked through in this life yet. */
  #left = 0;
  readonly #minutes: MinuteStore;
  readonly #names: SignalNames;

  constructor(database: Database, minutes: MinuteStore) {
    this.#database = database;
    this.#minutes = minutes;
    this.#names = new SignalNames(database);
  }

  /** Gives numbers to new names, in a transaction of its own: a number without a page does no harm. */
  async pack(slots: readonly SlotRow[], series: readonly SeriesRow[]): Promise<Packed | null> {
    if (slots.length + series.length === 0) return null;
    let { page, missing } = pageOf(slots, series, this.#names.idOf);
    if (missing.size > 0) {
      await this.#names.learn(missing);
      ({ page, missing } = pageOf(slots, series, this.#names.idOf));
      // Another commit has just found out that all numbers must be asked for again.
      if (missing.size > 0) throw new StaleNames('names');
    }
    return { body: packPage(page), span: spanOf(page.slots), epoch: this.#names.epoch };
  }

  forgetNames(): void {
    this.#names.forget();
  }

  /** Slots from `since` on and before `until` by time, and all counters. */
  async load(since: Instant, until = Infinity): Promise<{ readonly slots: readonly SlotRow[]; readonly series: readonly SeriesRow[] }> {
    return this.#database.transact(async (client) => {
      // One statement, one moment: a page that is being put together is seen as it was or as it is, never twice and never not at all.
      const { rows } = await client.query<PageRow & { horizon: number }>(
        `select p.id, p.tier, p.body, h.slot as horizon from belay.signal_page p, belay.signal_horizon h
         where p.tier <> ${TIER.slots} or p.to_slot >= $1 order by p.tier desc, p.id`,
        [since],
      );
      const slots = new SlotFold(Math.max(since, believed(rows[0]?.horizon, until)), until);
      const series = new SeriesFold();
      addPages(rows, [slots], series);
      const page = { slots: slots.taken(), series: series.taken(() => false) };
      return rowsOf(page, await namesOf(client, page));
    });
  }

  /** Of one scope: the columns of all scopes are looked through, rows are made of its own alone. */
  async slotsOf({ signal, scope, from, to }: Parameters<SignalStore['slots']>[0]): ReturnType<SignalStore['slots']> {
    return this.#database.transact(async (client) => {
      const { rows: names } = await client.query<{ id: string; name: string }>(
        'select id, name from belay.signal_name where name = any($1::text[])',
        [[signal, scope]],
      );
      const idOf = (wanted: string): number => Number(names.find(({ name }) => name === wanted)?.id ?? 0);
      const { rows: pages } = await client.query<PageRow & { horizon: number }>(
        `select p.id, p.tier, p.body, h.slot as horizon from belay.signal_page p, belay.signal_horizon h
         where p.tier <> ${TIER.series} and p.to_slot >= $1 and p.from_slot < $2 order by p.id`,
        [from, to],
      );
      const wanted = { signal: idOf(signal), scope: idOf(scope), from: Math.max(from, pages[0]?.horizon ?? from), to };
      const { counts, spoken } = slotsIn(pages, wanted);
      const rows = [...counts.values()].map((one) => ({ signal, scope, ...one })).sort((a, b) => a.slot - b.slot);
      return { rows, spoken };
    });
  }

  /** Now and then: pods and their labels come and go, and their names with them. What is stored is counted: short lives add up, too. */
  async sweep(after = SWEPT_AFTER): Promise<void> {
    const stored = await storedNames(this.#database);
    if (stored - this.#left < after) return;
    this.#left = stored - (await sweepNames(this.#database));
  }

  /**
   * Forgets slots before the instant and counters a week older, and puts together what was committed since the last time. A slot leaves
   * its page in one transaction, once: there it becomes a part of its minute. What lies ahead, from `until` on, was written while a clock was
   * wrong: it goes, and so does a horizon that was set then.
   */
  async fold({ before, until }: Span, kept?: HistoryKept): Promise<void> {
    await this.#database.query('update belay.signal_horizon set slot = case when slot < $2 then greatest(slot, $1) else $1 end', [
      before,
      until,
    ]);
    await this.#database.transact(async (client) => {
      const { rows: locked } = await client.query<{ mine: boolean }>(`select pg_try_advisory_xact_lock(${FOLD_LOCK}) as mine`);
      if (locked[0]?.mine !== true) return;
      const gone = await foldPages(client, { before, until }, kept !== undefined);
      if (kept !== undefined && gone.size > 0) await this.#minutes.keep(client, gone, kept);
    });
  }
}

/** What stays: slots that begin at `before` or later, and before `until`. */
interface Span {
  readonly before: Instant;
  readonly until: Instant;
}

/** A horizon in the future hides nothing. */
const believed = (horizon: number | undefined, until: Instant): Instant =>
  horizon === undefined || horizon >= until ? -Infinity : horizon;

type Counted = Omit<{ -readonly [K in keyof SlotRow]: SlotRow[K] }, 'signal' | 'scope'>;

function slotsIn(
  pages: readonly PageRow[],
  wanted: { readonly signal: number; readonly scope: number; readonly from: Instant; readonly to: Instant },
): { readonly counts: ReadonlyMap<Instant, Counted>; readonly spoken: ReadonlySet<Instant> } {
  const counts = new Map<Instant, Counted>();
  const spoken = new Set<Instant>();
  if (wanted.signal === 0) return { counts, spoken };
  for (const { body } of pages) {
    const { slots } = unpackPage(body);
    for (let index = 0; index < slots.size; index += 1) {
      const slot = slots.slot[index] ?? 0;
      if (slots.signal[index] !== wanted.signal || slot < wanted.from || slot >= wanted.to) continue;
      spoken.add(slot);
      if (slots.scope[index] !== wanted.scope) continue;
      const one = counts.get(slot) ?? { slot, bad: 0, all: 0, sum: 0 };
      one.bad += slots.bad[index] ?? 0;
      one.all += slots.all[index] ?? 0;
      one.sum += slots.sum[index] ?? 0;
      counts.set(slot, one);
    }
  }
  return { counts, spoken };
}

/** @returns the slots that are over; none where nobody keeps them */
async function foldPages(client: Client, { before, until }: Span, isKept: boolean): Promise<SlotColumns> {
  if (!isKept) await client.query(`delete from belay.signal_page where tier = ${TIER.slots} and to_slot < $1`, [before]);
  const committed = await pagesOf(client, `tier = ${TIER.committed} order by id limit ${MOST_COMMITTED}`);
  const last = await pagesOf(client, `tier = ${TIER.series} order by id`);
  const small = await pagesOf(client, `tier = ${TIER.slots} and octet_length(body) < ${SMALL_BYTES} order by id`);
  const again = small.length >= SMALL_PAGES ? small : [];
  // Whole minutes leave at once, whatever page their slots are on.
  const from = isKept ? before : -Infinity;
  const ending = await pagesOf(client, `tier = ${TIER.slots} and (from_slot < $1 or to_slot >= $2) order by id`, [from, until]);
  const ended = ending.filter((page) => !again.some((one) => one.id === page.id));
  if (committed.length + again.length + ended.length === 0) return slotColumns(0);
  // What cannot have been yet is kept nowhere.
  const over = new SlotFold(-Infinity, Math.min(before, until));
  const folds = { slots: new SlotFold(before, until), over, series: new SeriesFold() };
  addPages([...again, ...ended, ...last, ...committed], isKept ? [folds.slots, folds.over] : [folds.slots], folds.series);
  const cursors = await cursorsIn(client);
  const kept = before - SERIES_KEPT_MS;
  const slots = folds.slots.taken();
  const series = folds.series.taken((one, at) => at < kept && !cursors.has(one));
  const gone = [...committed, ...last, ...again, ...ended].map(({ id }) => id);
  await client.query('delete from belay.signal_page where id = any($1::bigint[])', [gone]);
  if (slots.size > 0) await insertPage(client, TIER.slots, { slots, series: seriesColumns(0) });
  if (series.size > 0) await insertPage(client, TIER.series, { slots: slotColumns(0), series });
  return folds.over.taken();
}

/** Unpacked one after the other: together they may be large. */
function addPages(pages: readonly Pick<PageRow, 'body'>[], slots: readonly SlotFold[], series: SeriesFold): void {
  for (const { body } of pages) {
    const page = unpackPage(body, room);
    for (const fold of slots) fold.add(page.slots);
    series.add(page.series);
  }
}

const room = new PageRoom();

const pagesOf = async (client: Client, where: string, values: readonly unknown[] = []): Promise<readonly PageRow[]> =>
  (await client.query<PageRow>(`select id, tier, body from belay.signal_page where ${where}`, [...values])).rows;

const insertPage = async (client: Client, tier: number, page: Page): Promise<void> =>
  void (await client.query('insert into belay.signal_page (tier, from_slot, to_slot, body) values ($1, $2, $3, $4)', [
    tier,
    ...spanOf(page.slots),
    packPage(page),
  ]));

async function cursorsIn(client: Client): Promise<ReadonlySet<number>> {
  const { rows } = await client.query<{ id: string }>(`select id from belay.signal_name where name >= $1 and name < $2`, [
    CURSOR,
    `${CURSOR}\u{10FFFF}`,
  ]);
  return new Set(rows.map(({ id }) => Number(id)));
}

async function namesOf(client: Client, { slots, series }: Page): Promise<ReadonlyMap<number, string>> {
  const ids = new Set<number>();
  for (const column of [slots.signal, slots.scope]) for (let index = 0; index < slots.size; index += 1) ids.add(column[index] as number);
  for (const column of [series.source, series.series])
    for (let index = 0; index < series.size; index += 1) ids.add(column[index] as number);
  const { rows } = await client.query<{ id: string; name: string }>('select id, name from belay.signal_name where id = any($1::bigint[])', [
    [...ids],
  ]);
  return new Map(rows.map(({ id, name }) => [Number(id), name]));
}

function rowsOf(
  { slots, series }: Page,
  names: ReadonlyMap<number, string>,
): { readonly slots: readonly SlotRow[]; readonly series: readonly SeriesRow[] } {
  const name = (id: number | undefined): string => names.get(id ?? 0) ?? '';
  const slotRows = Array.from(
    { length: slots.size },
    (_, index): SlotRow => ({
      signal: name(slots.signal[index]),
      scope: name(slots.scope[index]),
      slot: slots.slot[index] ?? 0,
      bad: slots.bad[index] ?? 0,
      all: slots.all[index] ?? 0,
      sum: slots.sum[index] ?? 0,
    }),
  );
  const seriesRows = Array.from(
    { length: series.size },
    (_, index): SeriesRow => ({
      source: name(series.source[index]),
      series: name(series.series[index]),
      total: series.total[index] ?? 0,
      at: series.at[index] ?? 0,
    }),
  );
  return { slots: slotRows.sort((a, b) => a.slot - b.slot), series: seriesRows };
}
