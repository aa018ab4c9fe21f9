// Puts pages together: increments of a slot add up, of a counter the last value stays. It reads and writes nothing.
import type { Instant } from '../../domain/json.ts';
import { type SeriesColumns, type SlotColumns, seriesColumns, slotColumns } from './signal-page.ts';

/** Places of rows by two numbers. Rows that stand together share the first: it is looked up only when it changes. */
class Places {
  readonly #outer = new Map<string, Map<number, number>>();
  #inner = new Map<number, number>();
  #first = Number.NaN;
  #second = Number.NaN;

  /** By `first` and `second`, which seldom change. */
  of(first: number, second: number): Map<number, number> {
    if (first === this.#first && second === this.#second) return this.#inner;
    const key = `${first} ${second}`;
    const inner = this.#outer.get(key) ?? new Map<number, number>();
    this.#outer.set(key, inner);
    this.#inner = inner;
    this.#first = first;
    this.#second = second;
    return inner;
  }
}

/** One row for each signal, scope and slot, in this order; slots before `since`, or not before `until`, are left out. */
export function foldSlots(pages: readonly SlotColumns[], since: Instant, until = Infinity): SlotColumns {
  const capacity = pages.reduce((sum, page) => sum + page.size, 0);
  const into = slotColumns(capacity);
  const places = new Places();
  let size = 0;
  for (const page of pages) {
    for (let index = 0; index < page.size; index += 1) {
      const slot = page.slot[index] as number;
      if (slot < since || slot >= until) continue;
      const signal = page.signal[index] as number;
      const scope = page.scope[index] as number;
      const scopes = places.of(slot, signal);
      let place = scopes.get(scope);
      if (place === undefined) {
        place = size;
        size += 1;
        scopes.set(scope, place);
        into.signal[place] = signal;
        into.scope[place] = scope;
        into.slot[place] = slot;
      }
      into.bad[place] = (into.bad[place] as number) + (page.bad[index] as number);
      into.all[place] = (into.all[place] as number) + (page.all[index] as number);
      into.sum[place] = (into.sum[place] as number) + (page.sum[index] as number);
    }
  }
  return { ...into, size };
}

/** The last row of each counter, pages oldest first; those that `isOver` are left out. */
export function foldSeries(pages: readonly SeriesColumns[], isOver: (series: number, at: Instant) => boolean): SeriesColumns {
  const capacity = pages.reduce((sum, page) => sum + page.size, 0);
  const into = seriesColumns(capacity);
  const places = new Places();
  let size = 0;
  for (const page of pages) {
    for (let index = 0; index < page.size; index += 1) {
      const source = page.source[index] as number;
      const series = page.series[index] as number;
      const ofSource = places.of(source, 0);
      let place = ofSource.get(series);
      if (place === undefined) {
        place = size;
        size += 1;
        ofSource.set(series, place);
        into.source[place] = source;
        into.series[place] = series;
      }
      into.total[place] = page.total[index] as number;
      into.at[place] = page.at[index] as number;
    }
  }
  return without({ ...into, size }, isOver);
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
