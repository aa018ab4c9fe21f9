// Quantiles from the buckets of histograms, as Prometheus tells them, and from single values, within five percent.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Cell, cellOfBound, cellOfValue, quantileOf, Spreads } from '../../src/domain/spread.ts';

const sums = (...buckets: readonly (readonly [number, number])[]) =>
  new Map<Cell, number>(buckets.map(([le, count]) => [cellOfBound(le), count]));

test('buckets of a histogram are interpolated as histogram_quantile does', () => {
  // Worked out by hand from its documentation: rank = q · total, linear within the bucket, 0 below the first, the last finite bound above it.
  const buckets = sums([0.1, 10], [0.5, 90], [1, 98], [Infinity, 100]);
  expect(quantileOf(0.05, buckets)).toBeCloseTo(0.05, 10);
  expect(quantileOf(0.5, buckets)).toBeCloseTo(0.1 + (0.4 * 40) / 80, 10);
  expect(quantileOf(0.95, buckets)).toBeCloseTo(0.5 + (0.5 * 5) / 8, 10);
  expect(quantileOf(0.99, buckets)).toBe(1);
  expect(quantileOf(0.5, sums([0.1, 0]))).toBeNull();
  expect(quantileOf(0.5, new Map())).toBeNull();
  expect(quantileOf(0.5, sums([Infinity, 5]))).toBeNull();
  // Read one after the other: the later bucket must not be smaller.
  expect(quantileOf(0.5, sums([1, 10], [2, 9], [Infinity, 10]))).toBeCloseTo(0.5, 10);
  expect(quantileOf(0.2, sums([-1, 5], [1, 10]))).toBe(-1);
});

test('of ten thousand sets of values any quantile is within five percent of the true one', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 1e-5, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 40 }),
      fc.double({ min: 0.01, max: 0.99, noNaN: true }),
      (values, q) => {
        const spreads = new Spreads();
        for (const value of values) spreads.add(0, cellOfValue(value), 7, 1);
        const told = quantileOf(q, spreads.between([0], 0, 7)) ?? Number.NaN;
        const ranked = values.toSorted((a, b) => a - b);
        const isNear = (truth: number | undefined): boolean => truth !== undefined && Math.abs(told / truth - 1) <= 0.0501;
        const rank = Math.ceil(q * values.length - 1e-9) - 1;
        return isNear(ranked[rank]) || isNear(ranked[rank + 1]) || isNear(ranked[rank - 1]);
      },
    ),
    { numRuns: 10_000 },
  );
});

test('parts leave the window, rows are told together, and neither wild values nor wild bounds fill the memory', () => {
  const spreads = new Spreads();
  spreads.add(0, cellOfValue(1), 100, 3);
  spreads.add(1, cellOfValue(1), 105, 4);
  expect([...spreads.between([0, 1], 93, 105).values()]).toEqual([7]);
  expect([...spreads.between([0, 1], 101, 105).values()]).toEqual([4]);
  expect(spreads.add(1, cellOfValue(1), 92, 1)).toBe(false);
  spreads.add(0, cellOfValue(2), 113, 1);
  expect([...spreads.between([0], 0, 113).values()]).toEqual([1]);
  const cells = new Set(Array.from({ length: 100_000 }, (_, n) => cellOfValue(n === 0 ? -5 : n % 2 === 0 ? n ** 4 : 1 / n ** 4)));
  expect(cells.size).toBeLessThan(400);
  for (let n = 0; n < 1_000; n += 1) spreads.add(2, cellOfBound(n), 1, 1);
  expect(spreads.between([2], 0, 1).size).toBe(128);
});
