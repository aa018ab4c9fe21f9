// Comparisons: a relative change and a least number together, judged by exact tests.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareRates, compareShares } from '../../src/domain/comparison.ts';
import { binomialTail } from '../../src/domain/evidence-test.ts';
import type { Comparison } from '../../src/domain/trigger.ts';

const EVIDENCE = { suspect: 1e-3, act: 1e-5 };
const THREE_TIMES: Comparison = { with: 'others', times: 3, least: 10 };

describe('shares', () => {
  test.each([
    ['ten times as many of many', { bad: 50, all: 1_000 }, { bad: 50, all: 10_000 }, true, 'act'],
    ['three times, not more', { bad: 30, all: 1_000 }, { bad: 10, all: 1_000 }, false, 'none'],
    ['more than three times, and hardly by chance', { bad: 31, all: 1_000 }, { bad: 10, all: 1_000 }, true, 'suspect'],
    ['fewer bad ones than wanted, though all of them are bad', { bad: 9, all: 9 }, { bad: 0, all: 10_000 }, false, 'none'],
    ['ten of ten where nobody else has any', { bad: 10, all: 10 }, { bad: 0, all: 10_000 }, true, 'act'],
    ['a baseline of four says little', { bad: 10, all: 100 }, { bad: 0, all: 4 }, true, 'none'],
    ['nothing here', { bad: 0, all: 0 }, { bad: 5, all: 100 }, null, 'none'],
    ['nothing there', { bad: 50, all: 100 }, { bad: 0, all: 0 }, null, 'none'],
  ] as const)('%s', (_what, now, base, limit, level) => {
    expect(compareShares(THREE_TIMES, EVIDENCE, now, base)).toMatchObject({ limit, level });
  });

  test('the chance is that of the hypergeometric distribution', () => {
    // 3 bad of 4 here, 1 of 5 there: C(4,3)C(5,1)/C(9,4) + C(4,4)C(5,0)/C(9,4) = 21/126.
    const { chance } = compareShares({ ...THREE_TIMES, least: 1 }, EVIDENCE, { bad: 3, all: 4 }, { bad: 1, all: 5 });
    expect(chance).toBeCloseTo(21 / 126, 12);
  });

  test('nothing is said of what is not worse, and more bad ones are never less worse', () => {
    const counts = fc
      .integer({ min: 1, max: 3_000 })
      .chain((all) => fc.record({ bad: fc.integer({ min: 0, max: all }), all: fc.constant(all) }));
    fc.assert(
      fc.property(counts, counts, (now, base) => {
        const one = compareShares(THREE_TIMES, EVIDENCE, now, base);
        expect(one.chance).toBeGreaterThanOrEqual(0);
        expect(one.chance).toBeLessThanOrEqual(1);
        if (one.limit !== true) expect(one.level).toBe('none');
        const worse = compareShares(THREE_TIMES, EVIDENCE, { ...now, bad: now.all }, base);
        if (one.limit === true) expect(worse.chance).toBeLessThanOrEqual(one.chance + 1e-12);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('the level', () => {
  const chance = compareShares(THREE_TIMES, EVIDENCE, { bad: 20, all: 100 }, { bad: 10, all: 1_000 }).chance;
  const levelAt = (suspect: number, act: number) =>
    compareShares(THREE_TIMES, { suspect, act }, { bad: 20, all: 100 }, { bad: 10, all: 1_000 }).level;

  test('is reached below its α, not at it', () => {
    expect([levelAt(2 * chance, 2 * chance), levelAt(2 * chance, chance), levelAt(chance, chance / 2)]).toEqual(['act', 'suspect', 'none']);
  });
});

describe('what cannot be told', () => {
  test('is no limit, no level, and a chance of everything', () => {
    const nothing = { limit: null, chance: 1, level: 'none' };
    expect(compareShares(THREE_TIMES, EVIDENCE, { bad: 0, all: 0 }, { bad: 5, all: 100 })).toEqual(nothing);
    expect(compareShares(THREE_TIMES, EVIDENCE, { bad: 5, all: 5 }, { bad: 0, all: 0 })).toEqual(nothing);
    for (const ms of [0, -1]) {
      expect(compareRates(THREE_TIMES, EVIDENCE, { count: 99, ms }, { count: 5, ms: 100 })).toEqual(nothing);
      expect(compareRates(THREE_TIMES, EVIDENCE, { count: 99, ms: 100 }, { count: 5, ms })).toEqual(nothing);
    }
  });

  test('is not the same as what is no worse', () => {
    expect(compareShares(THREE_TIMES, EVIDENCE, { bad: 1, all: 100 }, { bad: 5, all: 100 })).toEqual({
      limit: false,
      chance: 1,
      level: 'none',
    });
    expect(compareRates(THREE_TIMES, EVIDENCE, { count: 1, ms: 100 }, { count: 5, ms: 100 })).toEqual({
      limit: false,
      chance: 1,
      level: 'none',
    });
  });
});

test('of two counters that were read one after the other no share is more than everything', () => {
  const full = compareShares(THREE_TIMES, EVIDENCE, { bad: 50, all: 50 }, { bad: 10, all: 1_000 });
  expect(compareShares(THREE_TIMES, EVIDENCE, { bad: 53, all: 50 }, { bad: 10, all: 1_000 })).toEqual(full);
  expect(compareShares(THREE_TIMES, EVIDENCE, { bad: 40, all: 50 }, { bad: 12, all: 10 })).toMatchObject({ limit: false, chance: 1 });
});

describe('rates', () => {
  const TWICE: Comparison = { with: { beforeMs: 3_600_000 }, times: 2, least: 10 };

  test('are beyond the baseline when they are more than so many times it, whatever the two times are', () => {
    const at = (count: number, ms: number) => compareRates(TWICE, EVIDENCE, { count, ms }, { count: 60, ms: 3_600_000 }).limit;
    expect([at(10, 300_000), at(11, 300_000), at(120, 3_600_000), at(121, 3_600_000), at(240, 7_200_000), at(241, 7_200_000)]).toEqual([
      false,
      true,
      false,
      true,
      false,
      true,
    ]);
  });

  test('a spike over the hour before is told by the conditional binomial', () => {
    const found = compareRates(TWICE, EVIDENCE, { count: 40, ms: 300_000 }, { count: 60, ms: 3_600_000 });
    expect(found).toMatchObject({ limit: true, level: 'act' });
    expect(found.chance).toBeCloseTo(binomialTail(40, 100, 300 / 3_900), 12);
    // 3 of 4 in half of the time: 5/16 by chance, by hand.
    expect(compareRates({ ...TWICE, least: 1 }, EVIDENCE, { count: 3, ms: 70 }, { count: 1, ms: 70 }).chance).toBeCloseTo(5 / 16, 12);
    // 2 of 2 in a quarter of it.
    expect(compareRates({ ...TWICE, least: 1 }, EVIDENCE, { count: 2, ms: 10 }, { count: 0, ms: 30 }).chance).toBeCloseTo(1 / 16, 12);
  });

  test('few events are no spike, however quiet it was before', () => {
    expect(compareRates(TWICE, EVIDENCE, { count: 9, ms: 300_000 }, { count: 0, ms: 3_600_000 })).toMatchObject({
      limit: false,
      level: 'none',
    });
    expect(compareRates(TWICE, EVIDENCE, { count: 10, ms: 300_000 }, { count: 0, ms: 3_600_000 })).toMatchObject({
      limit: true,
      level: 'act',
    });
  });
});
