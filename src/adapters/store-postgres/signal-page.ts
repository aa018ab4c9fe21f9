// A page: slots and last values of many scopes in one body, names as numbers. What is read from one is columns; rows are made of them
// only where somebody needs rows.
import type { SeriesRow, SlotRow } from '../../ports/signal-store.ts';
import { ColumnReader, ColumnWriter } from './columns.ts';

export interface SlotColumns {
  readonly size: number;
  readonly signal: Float64Array;
  readonly scope: Float64Array;
  readonly slot: Float64Array;
  readonly bad: Float64Array;
  readonly all: Float64Array;
  readonly sum: Float64Array;
}

export interface SeriesColumns {
  readonly size: number;
  readonly source: Float64Array;
  readonly series: Float64Array;
  readonly total: Float64Array;
  readonly at: Float64Array;
}

export interface Page {
  readonly slots: SlotColumns;
  readonly series: SeriesColumns;
}

export const SLOT_COLUMNS = ['signal', 'scope', 'slot', 'bad', 'all', 'sum'] as const;
export const SERIES_COLUMNS = ['source', 'series', 'total', 'at'] as const;

export function slotColumns(size: number): SlotColumns {
  const of = (): Float64Array => new Float64Array(size);
  return { size, signal: of(), scope: of(), slot: of(), bad: of(), all: of(), sum: of() };
}

export function seriesColumns(size: number): SeriesColumns {
  const of = (): Float64Array => new Float64Array(size);
  return { size, source: of(), series: of(), total: of(), at: of() };
}

/** Columns that are filled again and again: what they hold is there until they are filled the next time. */
export class PageRoom {
  #slots = slotColumns(0);
  #series = seriesColumns(0);

  slots(size: number): SlotColumns {
    if (size > MOST_KEPT) return slotColumns(size);
    if (size > this.#slots.slot.length) this.#slots = slotColumns(Math.min(MOST_KEPT, 2 * size));
    return { ...this.#slots, size };
  }

  series(size: number): SeriesColumns {
    if (size > MOST_KEPT) return seriesColumns(size);
    if (size > this.#series.at.length) this.#series = seriesColumns(Math.min(MOST_KEPT, 2 * size));
    return { ...this.#series, size };
  }
}

/** Rows of a commit that is larger than this are seldom. */
const MOST_KEPT = 32_768;
const room = new PageRoom();

/**
 * The page is there until the next one is made. `missing`: the names that have no number (0 says so); as long as there are any, the page
 * is of no use.
 */
export function pageOf(
  slots: readonly SlotRow[],
  series: readonly SeriesRow[],
  numberOf: (name: string) => number,
): { readonly page: Page; readonly missing: ReadonlySet<string> } {
  const page = { slots: room.slots(slots.length), series: room.series(series.length) };
  const missing = new Set<string>();
  const idOf = (name: string): number => {
    const id = numberOf(name);
    if (id === 0) missing.add(name);
    return id;
  };
  // Neighbours mostly share these two.
  const signalOf = lastKnown(idOf);
  const sourceOf = lastKnown(idOf);
  for (let index = 0; index < slots.length; index += 1) {
    const row = slots[index] as SlotRow;
    page.slots.signal[index] = signalOf(row.signal);
    page.slots.scope[index] = idOf(row.scope);
    page.slots.slot[index] = row.slot;
    page.slots.bad[index] = row.bad;
    page.slots.all[index] = row.all;
    page.slots.sum[index] = row.sum;
  }
  for (let index = 0; index < series.length; index += 1) {
    const row = series[index] as SeriesRow;
    page.series.source[index] = sourceOf(row.source);
    page.series.series[index] = idOf(row.series);
    page.series.total[index] = row.total;
    page.series.at[index] = row.at;
  }
  return { page, missing };
}

function lastKnown(idOf: (name: string) => number): (name: string) => number {
  let last: string | null = null;
  let id = 0;
  return (name) => {
    if (name !== last) {
      id = idOf(name);
      last = name;
    }
    return id;
  };
}

/** One for all: nothing waits between the first byte and the last. */
const writer = new ColumnWriter();

export function packPage({ slots, series }: Page): Buffer {
  writer.clear();
  writer.count(slots.size);
  for (const name of SLOT_COLUMNS) writer.column(slots[name], slots.size);
  writer.count(series.size);
  for (const name of SERIES_COLUMNS) writer.column(series[name], series.size);
  return writer.taken();
}

/** With a room the page is there until the next one is unpacked into it. */
export function unpackPage(body: Buffer, into?: PageRoom): Page {
  const reader = new ColumnReader(body);
  const ofSlots = reader.count();
  const slots = into === undefined ? slotColumns(ofSlots) : into.slots(ofSlots);
  for (const name of SLOT_COLUMNS) reader.columnInto(slots[name], ofSlots);
  const ofSeries = reader.count();
  const series = into === undefined ? seriesColumns(ofSeries) : into.series(ofSeries);
  for (const name of SERIES_COLUMNS) reader.columnInto(series[name], ofSeries);
  return { slots, series };
}

/** First and last slot; null where there is none. */
export function spanOf({ size, slot }: SlotColumns): readonly [from: number | null, to: number | null] {
  if (size === 0) return [null, null];
  let from = Infinity;
  let to = -Infinity;
  for (let index = 0; index < size; index += 1) {
    const one = slot[index] as number;
    if (one < from) from = one;
    if (one > to) to = one;
  }
  return [from, to];
}
