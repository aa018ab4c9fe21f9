// Puts pages together: increments of a slot add up, of a counter the last value stays. It reads and writes nothing.
import type { Instant } from '../../domain/json.ts';
import { SERIES_COLUMNS, type SeriesColumns, SLOT_COLUMNS, type SlotColumns, seriesColumns, slotColumns } from './signal-page.ts';

const FIRST_ROWS = 4_096;

/** Where rows stand that are told by three numbers: a table of places, the next free one where it is taken. */
class Places {
  #table = new Int32Array(2 * FIRST_ROWS);
  #last = -1;

  /** The place of such a row among those that `columns` hold; -1 where it is not among them, and then it is placed at `size`. */
  of([as, bs, cs]: Told, size: number, a: number, b: number, c: number): number {
    // Pages keep their order: mostly it stands behind the one before.
    const guess = this.#last + 1;
    if (guess < size && bs[guess] === b && as[guess] === a && cs[guess] === c) {
      this.#last = guess;
      return guess;
    }
    const most = this.#table.length - 1;
    for (let at = mixed(a, b, c) & most; ; at = (at + 1) & most) {
      const place = (this.#table[at] as number) - 1;
      if (place < 0) {
        this.#table[at] = size + 1;
        this.#last = size;
        return -1;
      }
      if (bs[place] !== b || as[place] !== a || cs[place] !== c) continue;
      this.#last = place;
      return place;
    }
  }

  /** There is room for so many. */
  grow([as, bs, cs]: Told, size: number): void {
    this.#table = new Int32Array(2 * this.#table.length);
    const most = this.#table.length - 1;
    for (let place = 0; place < size; place += 1) {
      let at = mixed(as[place] as number, bs[place] as number, cs[place] as number) & most;
      while (this.#table[at] !== 0) at = (at + 1) & most;
      this.#table[at] = place + 1;
    }
  }
}

type Told = readonly [Float64Array, Float64Array, Float64Array];

function mixed(a: number, b: number, c: number): number {
  const sum = Math.imul(a | 0, 0x9e37_79b1) ^ Math.imul(b | 0, 0x85eb_ca6b) ^ Math.imul(c | 0, 0xc2b2_ae35);
  return Math.imul(sum ^ (sum >>> 15), 0x2c1b_3c6d) >>> 7;
}

function moreSlots(from: SlotColumns): SlotColumns {
  const to = slotColumns(2 * from.slot.length);
  for (const name of SLOT_COLUMNS) to[name].set(from[name]);
  return to;
}

function moreSeries(from: SeriesColumns): SeriesColumns {
  const to = seriesColumns(2 * from.at.length);
  for (const name of SERIES_COLUMNS) to[name].set(from[name]);
  return to;
}

/** One row for each signal, scope and slot, in the order in which they came; slots before `since`, or not before `until`, are left out. */
export class SlotFold {
  readonly #since: Instant;
  readonly #until: Instant;
  readonly #places = new Places();
  #into = slotColumns(FIRST_ROWS);
  #told: Told = [this.#into.signal, this.#into.scope, this.#into.slot];
  #size = 0;

  constructor(since: Instant, until = Infinity) {
    this.#since = since;
    this.#until = until;
  }

  add(page: SlotColumns): void {
    for (let index = 0; index < page.size; index += 1) {
      const slot = page.slot[index] as number;
      if (slot < this.#since || slot >= this.#until) continue;
      const place = this.#placeOf(page.signal[index] as number, page.scope[index] as number, slot);
      const { bad, all, sum } = this.#into;
      bad[place] = (bad[place] as number) + (page.bad[index] as number);
      all[place] = (all[place] as number) + (page.all[index] as number);
      sum[place] = (sum[place] as number) + (page.sum[index] as number);
    }
  }

  taken(): SlotColumns {
    return { ...this.#into, size: this.#size };
  }

  #placeOf(signal: number, scope: number, slot: number): number {
    const known = this.#places.of(this.#told, this.#size, signal, scope, slot);
    if (known >= 0) return known;
    const place = this.#size;
    this.#into.signal[place] = signal;
    this.#into.scope[place] = scope;
    this.#into.slot[place] = slot;
    this.#size += 1;
    if (this.#size === this.#into.slot.length) {
      this.#into = moreSlots(this.#into);
      this.#told = [this.#into.signal, this.#into.scope, this.#into.slot];
      this.#places.grow(this.#told, this.#size);
    }
    return place;
  }
}

/** The last row of each counter, pages oldest first. */
export class SeriesFold {
  readonly #places = new Places();
  #into = seriesColumns(FIRST_ROWS);
  #told: Told = [this.#into.source, this.#into.series, this.#into.source];
  #size = 0;

  add(page: SeriesColumns): void {
    for (let index = 0; index < page.size; index += 1) {
      const place = this.#placeOf(page.source[index] as number, page.series[index] as number);
      this.#into.total[place] = page.total[index] as number;
      this.#into.at[place] = page.at[index] as number;
    }
  }

  /** Without those that `isOver`; nothing can be added any more. */
  taken(isOver: (series: number, at: Instant) => boolean): SeriesColumns {
    return without({ ...this.#into, size: this.#size }, isOver);
  }

  #placeOf(source: number, series: number): number {
    const known = this.#places.of(this.#told, this.#size, source, series, source);
    if (known >= 0) return known;
    const place = this.#size;
    this.#into.source[place] = source;
    this.#into.series[place] = series;
    this.#size += 1;
    if (this.#size === this.#into.at.length) {
      this.#into = moreSeries(this.#into);
      this.#told = [this.#into.source, this.#into.series, this.#into.source];
      this.#places.grow(this.#told, this.#size);
    }
    return place;
  }
}

export function foldSlots(pages: Iterable<SlotColumns>, since: Instant, until = Infinity): SlotColumns {
  const fold = new SlotFold(since, until);
  for (const page of pages) fold.add(page);
  return fold.taken();
}

export function foldSeries(pages: Iterable<SeriesColumns>, isOver: (series: number, at: Instant) => boolean): SeriesColumns {
  const fold = new SeriesFold();
  for (const page of pages) fold.add(page);
  return fold.taken(isOver);
}

function without(columns: SeriesColumns, isOver: (series: number, at: Instant) => boolean): SeriesColumns {
  let size = 0;
  for (let index = 0; index < columns.size; index += 1) {
    if (isOver(columns.series[index] as number, columns.at[index] as number)) continue;
    for (const column of [columns.source, columns.series, columns.total, columns.at]) column[size] = column[index] as number;
    size += 1;
  }
  return { ...columns, size };
}
