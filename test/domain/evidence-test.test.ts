// Critical values, tails, intervals and comparisons against published and hand-computed tables.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  binomialTail,
  cleanEventsToProve,
  countInterval,
  criticalTable,
  growthChance,
  meanAbove,
  meanInterval,
  poissonCritical,
  poissonCriticalLow,
  poissonHead,
  poissonTail,
  shareInterval,
  sharesDiffer,
  shareUpper,
  silenceChance,
} from '../../src/domain/evidence-test.ts';

const SIZES = [2, 3, 4, 5, 8, 10, 20, 50, 100, 200, 500, 1000, 2000];
const _ = null;
const TABLE: readonly (readonly [threshold: number, alpha: number, values: readonly (number | null)[]])[] = [
  [0.02, 1e-3, [2, 3, 3, 3, 3, 3, 4, 6, 8, 12, 22, 36, 62]],
  [0.02, 1e-5, [_, 3, 4, 4, 5, 5, 6, 8, 11, 16, 27, 42, 70]],
  [0.02, 1e-7, [_, _, _, 5, 6, 6, 7, 10, 14, 19, 31, 48, 77]],
  [0.01, 1e-3, [2, 2, 2, 2, 3, 3, 4, 5, 6, 9, 14, 22, 36]],
  [0.01, 1e-5, [_, 3, 3, 3, 4, 4, 5, 7, 8, 11, 18, 27, 43]],
  [0.01, 1e-7, [_, _, 4, 4, 5, 5, 6, 8, 10, 14, 21, 31, 48]],
  [0.05, 1e-3, [_, 3, 3, 4, 4, 5, 6, 9, 14, 22, 42, 74, 132]],
  [0.05, 1e-5, [_, _, 4, 5, 6, 6, 8, 12, 17, 26, 49, 83, 145]],
  [0.05, 1e-7, [_, _, _, _, 7, 7, 10, 15, 21, 30, 55, 90, 155]],
];

/** The slow way: sum of the probabilities themselves, in logarithms of factorials by addition. */
function slowTail(k: number, n: number, p: number): number {
  let sum = 0;
  for (let x = k; x <= n; x += 1) {
    let ln = 0;
    for (let i = 1; i <= x; i += 1) ln += Math.log((n - x + i) / i);
    sum += Math.exp(ln + x * Math.log(p) + (n - x) * Math.log1p(-p));
  }
  return sum;
}

describe('the critical number of errors', () => {
  for (const [threshold, alpha, values] of TABLE) {
    test(`at a threshold of ${threshold} and α = ${alpha} follows the design table for every size`, () => {
      const table = criticalTable(threshold, alpha);
      const found = SIZES.map((n) => (table.critical(n) > n ? null : table.critical(n)));
      expect(found).toEqual(values);
    });
  }

  test('is the smallest number below α, on both sides of the end of the exact table', () => {
    for (const [threshold, alpha] of TABLE) {
      for (const n of [700, 2_999, 3_000]) {
        const c = criticalTable(threshold, alpha).critical(n);
        expect(binomialTail(c, n, threshold)).toBeLessThan(alpha);
        expect(binomialTail(c - 1, n, threshold)).toBeGreaterThanOrEqual(alpha);
      }
      for (const n of [3_001, 10_000, 100_000, 1_000_000]) {
        expect(binomialTail(criticalTable(threshold, alpha).critical(n), n, threshold)).toBeLessThan(alpha * 1.35);
      }
      const seam = criticalTable(threshold, alpha);
      expect(Math.abs(seam.critical(3_001) - seam.critical(3_000))).toBeLessThanOrEqual(1);
    }
  });

  test('never falls when there are more events', () => {
    for (const [threshold, alpha] of TABLE) {
      const table = criticalTable(threshold, alpha);
      for (let n = 1; n < 3_000; n += 1) expect(table.critical(n + 1) - table.critical(n)).toBeGreaterThanOrEqual(0);
    }
  });

  test('of a rate of 10 a minute is 22 and 27 in 1 minute, 74 and 84 in 5, 190 and 206 in 15', () => {
    const values = [10, 50, 150].map((mean) => [poissonCritical(mean, 1e-3), poissonCritical(mean, 1e-5)]);
    expect(values).toEqual([
      [22, 27],
      [74, 84],
      [190, 206],
    ]);
  });

  test('of a rate that is too low is the largest count that chance does not explain', () => {
    expect(poissonCriticalLow(3, 1e-3)).toBe(-1);
    expect(poissonCriticalLow(7, 1e-3)).toBe(0);
    expect(poissonCriticalLow(20, 1e-3)).toBe(7);
  });

  test('of a huge rate is the one that the exact tail gives, and is there at once', () => {
    for (const mean of [2e6, 6e7]) {
      for (const alpha of [1e-3, 1e-5, 1e-7]) {
        const high = poissonCritical(mean, alpha);
        expect([poissonTail(high - 1, mean) >= alpha, poissonTail(high, mean) < alpha]).toEqual([true, true]);
        const low = poissonCriticalLow(mean, alpha);
        expect([poissonHead(low + 1, mean) >= alpha, poissonHead(low, mean) < alpha]).toEqual([true, true]);
      }
    }
    expect(poissonCritical(6e13, 1e-5)).toBeGreaterThan(6e13);
  });
});

describe('tails', () => {
  test('of the binomial agree with the plain sum', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 120 }), fc.nat({ max: 120 }), fc.double({ min: 0.001, max: 0.9, noNaN: true }), (n, k, p) => {
        const exact = slowTail(Math.min(k, n), n, p);
        expect(Math.abs(binomialTail(Math.min(k, n), n, p) - exact)).toBeLessThan(1e-10 + exact * 1e-9);
      }),
    );
  });

  test('are all, nothing, and hit known values', () => {
    expect(binomialTail(0, 10, 0.02)).toBe(1);
    expect(binomialTail(11, 10, 0.02)).toBe(0);
    expect(binomialTail(4, 9, 0.02)).toBeCloseTo(1.86e-5, 8);
    expect(poissonTail(0, 3)).toBe(1);
    expect(poissonTail(1, 3)).toBeCloseTo(1 - Math.exp(-3), 12);
    expect(poissonTail(27, 10)).toBeLessThan(1e-5);
    expect(silenceChance(1 / 1_000, 11_500)).toBeCloseTo(1.01e-5, 7);
  });
});

describe('intervals', () => {
  test('of a share without errors follow 1 − 0.05^(1/n) and the rule of three', () => {
    expect(cleanEventsToProve(0.02)).toBe(149);
    expect(cleanEventsToProve(0.01)).toBe(299);
    expect(cleanEventsToProve(0.05)).toBe(59);
    expect(shareUpper(0, 30)).toBeCloseTo(0.095, 4);
    expect(shareUpper(0, 60)).toBeLessThan(0.049);
    expect(shareUpper(0, 100)).toBeLessThan(0.03);
    expect(shareUpper(0, 149)).toBeLessThan(0.02);
    expect(shareUpper(0, 148)).toBeGreaterThan(0.02);
  });

  test('of a share equal the published Clopper–Pearson values', () => {
    const near = (interval: { lower: number; upper: number }, lower: number, upper: number): void => {
      expect(interval.lower).toBeCloseTo(lower, 4);
      expect(interval.upper).toBeCloseTo(upper, 4);
    };
    near(shareInterval(0, 10), 0, 0.3085);
    near(shareInterval(1, 10), 0.0025, 0.445);
    near(shareInterval(5, 10), 0.1871, 0.8129);
    near(shareInterval(10, 10), 0.6915, 1);
    near(shareInterval(8, 100), 0.0352, 0.1516);
  });

  test('of a count equal the published Garwood values', () => {
    expect(countInterval(0).upper).toBeCloseTo(3.6889, 3);
    expect(countInterval(1).lower).toBeCloseTo(0.0253, 3);
    expect(countInterval(1).upper).toBeCloseTo(5.5716, 3);
    expect(countInterval(10).lower).toBeCloseTo(4.7954, 3);
    expect(countInterval(10).upper).toBeCloseTo(18.3904, 3);
  });

  test('always hold the share that was seen', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50_000 }), fc.double({ min: 0, max: 1, noNaN: true }), (all, share) => {
        const bad = Math.round(all * share);
        const { lower, upper } = shareInterval(bad, all);
        expect(lower).toBeLessThanOrEqual(bad / all + 1e-9);
        expect(upper).toBeGreaterThanOrEqual(bad / all - 1e-9);
      }),
    );
  });

  test('of a mean use Student with the right degrees of freedom', () => {
    const interval = meanInterval([1, 2, 3, 4, 5]);
    expect(interval?.lower).toBeCloseTo(1.0368, 3);
    expect(interval?.upper).toBeCloseTo(4.9632, 3);
    expect(meanAbove([1], 0)).toBeNull();
    expect(meanAbove([5, 5, 5], 4)).toBe(0);
    expect(meanAbove([5, 5, 5], 6)).toBe(1);
    expect(meanAbove([1, 2, 3, 4, 5], 1)).toBeCloseTo(0.0237, 3);
  });
});

describe('comparisons', () => {
  test('of two shares equal the textbook values of Fisher', () => {
    // The tea tasting: 3 of 4 against 1 of 4 is 17/70.
    expect(sharesDiffer({ bad: 3, all: 4 }, { bad: 1, all: 4 })).toBeCloseTo(17 / 70, 10);
    expect(sharesDiffer({ bad: 4, all: 4 }, { bad: 0, all: 4 })).toBeCloseTo(1 / 70, 10);
    expect(sharesDiffer({ bad: 0, all: 4 }, { bad: 4, all: 4 })).toBeCloseTo(1, 10);
    expect(sharesDiffer({ bad: 5, all: 0 }, { bad: 4, all: 4 })).toBe(1);
    expect(sharesDiffer({ bad: 16, all: 200 }, { bad: 0, all: 400 })).toBeLessThan(1e-6);
  });

  test('of halves say when the later one has grown', () => {
    expect(growthChance(0, 0)).toBe(1);
    expect(growthChance(10, 10)).toBeGreaterThan(0.4);
    expect(growthChance(2, 12)).toBeLessThan(0.05);
    expect(growthChance(12, 2)).toBeGreaterThan(0.99);
  });
});
