// Packed columns and pages: what was packed is read, whatever the numbers are, and pages put together count what their parts counted.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ColumnReader, ColumnWriter } from '../../../src/adapters/store-postgres/columns.ts';
import { foldSeries, foldSlots } from '../../../src/adapters/store-postgres/signal-fold.ts';
import { packPage, pageOf, spanOf, unpackPage } from '../../../src/adapters/store-postgres/signal-page.ts';
import type { SeriesRow, SlotRow } from '../../../src/ports/signal-store.ts';

const number = fc.oneof(
  fc.integer({ min: 0, max: 300 }),
  fc.integer({ min: -1_000_000, max: 1_000_000 }),
  fc.maxSafeInteger(),
  fc.double(),
  fc.constantFrom(0, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 51, -(2 ** 51), 1_800_000_000_000),
);

test('columns are read as they were packed', () => {
  fc.assert(
    fc.property(fc.array(fc.array(number, { minLength: 3, maxLength: 3 }), { maxLength: 40 }), (rows) => {
      const columns = [0, 1, 2].map((column) => Float64Array.from(rows, (row) => row[column] as number));
      const writer = new ColumnWriter();
      writer.count(rows.length);
      for (const column of columns) writer.column(column, rows.length);
      const reader = new ColumnReader(writer.taken());
      const size = reader.count();
      // Of the two zeros a whole column keeps one.
      const plain = (values: Float64Array): readonly number[] => [...values].map((value) => (value === 0 ? 0 : value));
      for (const column of columns) expect(plain(reader.column(size))).toEqual(plain(column));
    }),
    { numRuns: 10_000 },
  );
});

test('columns that end too early are refused', () => {
  const writer = new ColumnWriter();
  writer.column(Float64Array.from([1, 2, 300]), 3);
  const bytes = writer.taken();
  expect(() => new ColumnReader(bytes.subarray(0, bytes.length - 1)).column(3)).toThrow('end too early');
  expect(() => new ColumnReader(Buffer.from([7, 1, 1])).column(2)).toThrow('unknown form');
});

const NAMES = ['a', 'b', 'c', 'd'];
const numberOf = (name: string): number => NAMES.indexOf(name) + 1;
const name = fc.constantFrom(...NAMES);
const slotRow = fc.record({
  signal: name,
  scope: name,
  slot: fc.integer({ min: 0, max: 5 }).map((slot) => slot * 15_000),
  bad: fc.nat(50),
  all: fc.nat(5_000),
  sum: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 900 })),
});
const seriesRow = fc.record({ source: name, series: name, total: fc.nat(1_000), at: fc.nat(1_000) });
const pageRows = fc.array(fc.tuple(fc.array(slotRow, { maxLength: 12 }), fc.array(seriesRow, { maxLength: 12 })), { maxLength: 5 });

test('pages that are put together add up the increments of a slot and keep the last value of a counter', () => {
  fc.assert(
    fc.property(pageRows, fc.nat(60_000), (parts, since) => {
      const pages = parts.map(([slots, series]) => unpackPage(packPage(pageOf(slots, series, numberOf).page)));
      const sums = new Map<string, readonly number[]>();
      for (const row of parts.flatMap(([slots]) => slots).filter(({ slot }) => slot >= since)) {
        const key = keyOf(row);
        const [bad = 0, all = 0, sum = 0] = sums.get(key) ?? [];
        sums.set(key, [bad + row.bad, all + row.all, sum + row.sum]);
      }
      const slots = foldSlots(
        pages.map((page) => page.slots),
        since,
      );
      const found = Array.from({ length: slots.size }, (_, index): [string, readonly number[]] => [
        JSON.stringify([slots.signal[index], slots.scope[index], slots.slot[index]]),
        [slots.bad[index] ?? 0, slots.all[index] ?? 0, slots.sum[index] ?? 0],
      ]);
      expect(new Map(found)).toEqual(sums);
      expect(found).toHaveLength(sums.size);
      const times = parts.flatMap(([rows]) => rows.map(({ slot }) => slot)).filter((slot) => slot >= since);
      expect(spanOf(slots)).toEqual(times.length === 0 ? [null, null] : [Math.min(...times), Math.max(...times)]);

      const last = new Map(parts.flatMap(([, series]) => series).map((row) => [`${row.source}${row.series}`, row]));
      const kept = foldSeries(
        pages.map((page) => page.series),
        (one, at) => one === 1 && at < 500,
      );
      const expected = [...last.values()].filter((row) => !(row.series === 'a' && row.at < 500));
      expect(Array.from({ length: kept.size }, (_, index) => rowAt(kept, index)).sort(byName)).toEqual(expected.sort(byName));
    }),
    { numRuns: 1_000 },
  );
});

test('a page names what has no number, and is of no use until it has one', () => {
  const row: SlotRow = { signal: 'a', scope: 'new', slot: 0, bad: 0, all: 1, sum: 0 };
  expect([...pageOf([row, row], [], () => 1).missing]).toEqual([]);
  expect([...pageOf([row], [{ source: 'a', series: 'other', total: 1, at: 1 }], (one) => (one === 'a' ? 1 : 0)).missing]).toEqual([
    'new',
    'other',
  ]);
});

const keyOf = (row: SlotRow): string => JSON.stringify([numberOf(row.signal), numberOf(row.scope), row.slot]);
const byName = (a: SeriesRow, b: SeriesRow): number => (`${a.source}${a.series}` < `${b.source}${b.series}` ? -1 : 1);

function rowAt(columns: ReturnType<typeof foldSeries>, index: number): SeriesRow {
  const named = (id: number | undefined): string => NAMES[(id ?? 0) - 1] ?? '';
  return {
    source: named(columns.source[index]),
    series: named(columns.series[index]),
    total: columns.total[index] ?? 0,
    at: columns.at[index] ?? 0,
  };
}
