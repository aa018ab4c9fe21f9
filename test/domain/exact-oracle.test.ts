// Every tail and comparison against exact arithmetic: whole numbers of any length, no logarithm, no approximation.
import { describe, expect, test } from 'vitest';
import {
  binomialTail,
  countInterval,
  countUpper,
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
} from '../../src/domain/evidence-test.ts';

const ONE = 10n ** 60n;

/** a / b, for numbers far beyond a double. */
const ratio = (a: bigint, b: bigint): number => Number((a * ONE) / b) / Number(ONE);

function choose(n: number, k: number): bigint {
  let result = 1n;
  for (let i = 1; i <= k; i += 1) result = (result * BigInt(n - k + i)) / BigInt(i);
  return result;
}

/** P(X ≥ k) for each k from 0 to n + 1, at a share of `per` in 1,000. */
function exactBinomial(n: number, per: number): readonly number[] {
  const tails = [0];
  let sum = 0n;
  for (let x = n; x >= 0; x -= 1) {
    sum += choose(n, x) * BigInt(per) ** BigInt(x) * BigInt(1_000 - per) ** BigInt(n - x);
    tails.unshift(ratio(sum, 1_000n ** BigInt(n)));
  }
  return tails;
}

/** P(first has `bad` or more of the bad ones). */
function exactFisher(first: { bad: number; all: number }, second: { bad: number; all: number }): number {
  const bad = first.bad + second.bad;
  let sum = 0n;
  for (let k = Math.max(first.bad, bad - second.all); k <= Math.min(bad, first.all); k += 1)
    sum += choose(first.all, k) * choose(second.all, bad - k);
  return ratio(sum, choose(first.all + second.all, bad));
}

/** P(X ≤ k) for each k from 0 on, for a whole mean: the terms mean^i / i! over their whole series. */
function exactPoisson(mean: number): readonly number[] {
  let term = 10n ** 120n;
  let all = 0n;
  const sums: bigint[] = [];
  for (let i = 0; term > 0n; i += 1) {
    all += term;
    sums.push(all);
    term = (term * BigInt(mean)) / BigInt(i + 1);
  }
  return sums.map((sum) => ratio(sum, all));
}

function near(found: number, exact: number): void {
  expect(Math.abs(found - exact)).toBeLessThanOrEqual(1e-14 + exact * 1e-9);
}

describe('the tail of the binomial', () => {
  test.each([1, 20, 100, 500, 900, 999])('of %i in a thousand is the exact sum for every count', (per) => {
    for (const n of [1, 2, 3, 7, 30, 101]) {
      expect(binomialTail(-1, n, per / 1_000)).toBe(1);
      for (const [k, exact] of exactBinomial(n, per).entries()) near(binomialTail(k, n, per / 1_000), exact);
    }
  });

  test('far out keeps its leading digits, so that α = 1e-7 means 1e-7', () => {
    for (const [k, n, per] of [
      [19, 200, 20],
      [31, 500, 20],
      [40, 100, 100],
      [12, 12, 1],
    ] as const) {
      const exact = exactBinomial(n, per)[k] ?? 1;
      expect(exact).toBeLessThan(1e-6);
      expect(binomialTail(k, n, per / 1_000) / exact).toBeCloseTo(1, 8);
    }
  });

  test('is 0 at a share of 0 and 1 at a share of 1, as soon as anything is asked', () => {
    expect([binomialTail(1, 10, 0), binomialTail(0, 10, 0), binomialTail(10, 10, 1), binomialTail(11, 10, 1)]).toEqual([0, 1, 1, 0]);
  });
});

describe('the tails of Poisson', () => {
  test.each([1, 2, 5, 10, 40, 150])('of a mean of %i are the exact sums, and together they are everything', (mean) => {
    for (const [k, head] of exactPoisson(mean)
      .slice(0, 3 * mean + 5)
      .entries()) {
      near(poissonHead(k, mean), head);
      near(poissonTail(k + 1, mean), 1 - head);
    }
    expect(poissonTail(0, mean)).toBe(1);
  });

  test('of nothing expected: one event is impossible, none is certain', () => {
    expect([poissonTail(0, 0), poissonTail(1, 0), poissonHead(0, 0), poissonHead(-1, 0), poissonHead(-1, 5)]).toEqual([1, 0, 1, 0, 0]);
  });

  test('of counts that a busy system sees in a window stay a half at the mean', () => {
    for (const mean of [1e5, 1e6, 1e7, 1e8, 1e9]) {
      // P(X ≥ mean) = 1/2 + 1/(3·sqrt(2π·mean)) + …
      const expected = 0.5 + 1 / (3 * Math.sqrt(2 * Math.PI * mean));
      expect(Math.abs(poissonTail(mean, mean) - expected)).toBeLessThan(1e-4);
      expect(poissonHead(mean + 3 * Math.sqrt(mean), mean)).toBeCloseTo(0.99865, 3);
    }
  });
});

describe('the smallest count that chance does not explain', () => {
  test.each([1, 20, 100, 300, 980])('at %i in a thousand is exact for every small number of events', (per) => {
    for (const alpha of [1e-3, 1e-5]) {
      const table = criticalTable(per / 1_000, alpha);
      for (let n = 0; n <= 40; n += 1) {
        const least = exactBinomial(n, per).findIndex((chance) => chance < alpha);
        expect({ n, critical: table.critical(n) }).toEqual({ n, critical: least });
      }
    }
  });

  test('of events that must never happen is one, however many events there were', () => {
    expect([0, 1, 10, 3_000, 3_001, 1_000_000].map((n) => criticalTable(0, 1e-5).critical(n))).toEqual([1, 1, 1, 1, 1, 1]);
  });

  test('above the table is that of the exact tail, or one beside it, at low, middling and high shares', () => {
    for (const threshold of [0.001, 0.02, 0.05, 0.3, 0.7]) {
      for (const alpha of [1e-3, 1e-5]) {
        for (const n of [3_001, 20_000]) {
          const found = criticalTable(threshold, alpha).critical(n);
          expect(binomialTail(found + 1, n, threshold)).toBeLessThan(alpha);
          expect(binomialTail(found - 2, n, threshold)).toBeGreaterThanOrEqual(alpha);
        }
      }
    }
  });

  test('of a rate is exact in both directions', () => {
    for (const mean of [1, 3, 7, 20, 60]) {
      const heads = exactPoisson(mean);
      for (const alpha of [1e-3, 1e-5]) {
        const high = heads.findIndex((head) => 1 - head < alpha) + 1;
        const low = heads.findIndex((head) => head >= alpha) - 1;
        expect([mean, poissonCritical(mean, alpha), poissonCriticalLow(mean, alpha)]).toEqual([mean, high, low]);
      }
    }
  });

  test('of a rate below one event a window counts from one event on', () => {
    expect([poissonCritical(0, 1e-3), poissonCritical(1e-6, 1e-3), poissonCritical(0.5, 1e-3)]).toEqual([1, 1, 5]);
    expect([poissonCriticalLow(0, 1e-3), poissonCriticalLow(0.5, 1e-3)]).toEqual([-1, -1]);
  });
});

describe('two shares', () => {
  test('differ by chance exactly as often as all tables with the same margins say', () => {
    const sizes = [1, 2, 5, 9, 14];
    for (const a of sizes) {
      for (const b of sizes) {
        for (let x = 0; x <= a; x += 1)
          for (let y = 0; y <= b; y += 1)
            near(sharesDiffer({ bad: x, all: a }, { bad: y, all: b }), exactFisher({ bad: x, all: a }, { bad: y, all: b }));
      }
    }
  });

  test.each([
    [
      { bad: 60, all: 800 },
      { bad: 40, all: 900 },
    ],
    [
      { bad: 40, all: 900 },
      { bad: 60, all: 800 },
    ],
    [
      { bad: 25, all: 200 },
      { bad: 1_000, all: 1_500 },
    ],
    [
      { bad: 0, all: 700 },
      { bad: 650, all: 700 },
    ],
    [
      { bad: 700, all: 700 },
      { bad: 650, all: 700 },
    ],
    [
      { bad: 700, all: 700 },
      { bad: 700, all: 700 },
    ],
    [
      { bad: 3, all: 1_000 },
      { bad: 3, all: 1_000 },
    ],
  ])('of hundreds are compared exactly, too: %o and %o', (first, second) => {
    near(sharesDiffer(first, second), exactFisher(first, second));
  });

  test('that are far better than the others are never called worse, however large the numbers are', () => {
    expect(sharesDiffer({ bad: 100, all: 1_000 }, { bad: 90_000, all: 100_000 })).toBe(1);
    expect(sharesDiffer({ bad: 0, all: 10_000 }, { bad: 9_000, all: 10_000 })).toBe(1);
    expect(sharesDiffer({ bad: 1, all: 4_000 }, { bad: 3_000, all: 4_000 })).toBe(1);
  });

  test('of the two directions one always says that it may be chance', () => {
    for (const bad of [0, 10, 100, 1_000, 5_000, 10_000]) {
      const [one, other] = [
        { bad, all: 10_000 },
        { bad: 2_500, all: 5_000 },
      ];
      expect(sharesDiffer(one, other) + sharesDiffer(other, one)).toBeGreaterThanOrEqual(1 - 1e-9);
    }
  });
});

describe('intervals', () => {
  test('of a share are where the exact tails are 2.5 %', () => {
    for (const [bad, all] of [
      [1, 10],
      [5, 10],
      [9, 10],
      [8, 100],
      [300, 400],
    ] as const) {
      const { lower, upper } = shareInterval(bad, all);
      near(binomialTail(bad, all, lower), 0.025);
      near(1 - binomialTail(bad + 1, all, upper), 0.025);
      near(1 - binomialTail(bad + 1, all, shareUpper(bad, all)), 0.05);
    }
  });

  test('of a share end at nothing and at everything', () => {
    expect([shareInterval(0, 10).lower, shareInterval(10, 10).upper, shareInterval(0, 0)]).toEqual([0, 1, { lower: 0, upper: 1 }]);
    expect([shareUpper(1, 1), shareUpper(2, 1), shareUpper(0, 0)]).toEqual([1, 1, 1]);
    near(shareUpper(0, 20), 1 - 0.05 ** (1 / 20));
    near(shareInterval(20, 20).lower, 0.025 ** (1 / 20));
  });

  test('of a count are where the exact tails are 2.5 %', () => {
    for (const count of [1, 2, 10, 400, 90_000]) {
      const { lower, upper } = countInterval(count);
      near(poissonTail(count, lower), 0.025);
      near(poissonHead(count, upper), 0.025);
      near(poissonHead(count, countUpper(count)), 0.05);
    }
    expect(countInterval(0).lower).toBe(0);
    near(countUpper(0), -Math.log(0.05));
  });

  test('of the halves of a window ask whether the later one has more than a fair coin gives', () => {
    for (const [earlier, later] of [
      [0, 1],
      [1, 0],
      [3, 9],
      [20, 20],
    ] as const)
      near(growthChance(earlier, later), exactBinomial(earlier + later, 500)[later] ?? 1);
  });
});

describe('means', () => {
  test('of two values already say something, on both sides of the limit', () => {
    // Student with one degree of freedom: t = ±1 cuts off a quarter.
    expect(meanAbove([1, 3], 1)).toBeCloseTo(0.25, 9);
    expect(meanAbove([1, 3], 3)).toBeCloseTo(0.75, 9);
    expect(meanAbove([1, 3], 2)).toBeCloseTo(0.5, 9);
    expect(meanInterval([1, 3])?.upper).toBeCloseTo(2 + 12.7062, 3);
  });

  test('of one value, of none and of equal ones need no distribution', () => {
    expect([meanAbove([7], 1), meanAbove([], 1), meanInterval([7]), meanInterval([])]).toEqual([null, null, null, null]);
    expect([meanAbove([5, 5], 4), meanAbove([5, 5], 5), meanAbove([5, 5], 6)]).toEqual([0, 1, 1]);
  });
});
