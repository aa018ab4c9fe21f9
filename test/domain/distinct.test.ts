// Different values in a window: exact, then by a sample, in bounded memory, and the same after a restart.
import { describe, expect, test } from 'vitest';
import { DistinctValues, digestNumber, EXACT_VALUES, type Noted } from '../../src/domain/distinct.ts';

const count = (values: DistinctValues, slot: number, row = 0): number => {
  values.advanceTo(row, slot);
  return values.between(row, slot - 60, slot).count;
};

function add(
  values: DistinctValues,
  o: { readonly from: number; readonly to: number; readonly slot: number; readonly row?: number },
): Noted[] {
  const noted: Noted[] = [];
  for (let one = o.from; one < o.to; one += 1) {
    const told = values.add(o.row ?? 0, digestNumber(`+55 11 9${one}`), o.slot);
    if (told !== null) noted.push(told);
  }
  return noted;
}

describe('digests', () => {
  test('twenty thousand telephone numbers are all told apart, and each bit is set for half of them', () => {
    const digests = Array.from({ length: 20_000 }, (_, n) => digestNumber(`+5511${900_000_000 + n}`));
    expect(new Set(digests).size).toBe(20_000);
    expect(digests.every((one) => Number.isSafeInteger(one) && one >= 0)).toBe(true);
    for (let bit = 0; bit < 52; bit += 1) {
      const set = digests.filter((one) => Math.floor(one / 2 ** bit) % 2 === 1).length;
      expect(Math.abs(set - 10_000)).toBeLessThan(450);
    }
  });
});

describe('a window', () => {
  test('counts a value once, in the slot where it was seen last, and lets it go', () => {
    const values = new DistinctValues();
    add(values, { from: 0, to: 10, slot: 100 });
    add(values, { from: 5, to: 12, slot: 130 });
    expect(count(values, 130)).toBe(12);
    expect(values.between(0, 126, 130).count).toBe(7);
    expect(count(values, 160)).toBe(12);
    expect(count(values, 161)).toBe(7);
    expect(count(values, 191)).toBe(0);
    // A value that comes late, and one that is older than the window.
    expect(values.add(0, digestNumber('late'), 150)).not.toBeNull();
    expect(values.add(0, digestNumber('old'), 130)).toBeNull();
    expect(count(values, 191)).toBe(1);
  });

  test('is exact up to ten thousand values, and within four percent of three hundred thousand', () => {
    const values = new DistinctValues();
    add(values, { from: 0, to: EXACT_VALUES, slot: 100 });
    add(values, { from: 0, to: EXACT_VALUES, slot: 101 });
    expect(values.between(0, 41, 101)).toEqual({ count: EXACT_VALUES, error: 0 });
    for (const end of [30_000, 300_000]) {
      add(values, { from: 0, to: end, slot: 102 });
      const { count: told, error } = values.between(0, 42, 102);
      expect(Math.abs(told / end - 1)).toBeLessThan(0.04);
      expect(error).toBeGreaterThan(0.01);
      expect(error).toBeLessThan(0.02);
    }
    expect(values.size).toBeLessThanOrEqual(EXACT_VALUES * 2);
  });

  test('counts one by one again when the many have left', () => {
    const values = new DistinctValues();
    add(values, { from: 0, to: 100_000, slot: 100 });
    for (let slot = 101; slot < 230; slot += 1) add(values, { from: 0, to: 500, slot });
    expect(values.between(0, 169, 229)).toEqual({ count: 500, error: 0 });
    expect(values.size).toBeLessThan(2_000);
  });

  test('of very many scopes each keeps fewer: all together stay within the bound, and their counts stay near the truth', () => {
    const values = new DistinctValues({ most: 20_000 });
    for (let row = 0; row < 1_000; row += 1) add(values, { from: row * 40, to: row * 40 + 40, slot: 100, row });
    expect(values.size).toBeLessThanOrEqual(20_000);
    const told = Array.from({ length: 1_000 }, (_, row) => values.between(row, 40, 100).count);
    expect(told.reduce((sum, one) => sum + one, 0) / 40_000).toBeCloseTo(1, 1);
  });
});

test('what was noted counts the same in the next life, sampled or not', () => {
  for (const many of [500, 60_000]) {
    const values = new DistinctValues();
    const stored = new Map<number, Noted>();
    for (let slot = 100; slot < 150; slot += 1) {
      const from = Math.floor(((slot - 100) * many) / 50);
      for (const noted of add(values, { from, to: Math.floor(((slot - 99) * many) / 50), slot })) stored.set(noted.digest, noted);
    }
    const next = new DistinctValues();
    next.restore(0, [...stored.values()]);
    for (const slot of [149, 170, 190, 220]) expect([slot, count(next, slot)]).toEqual([slot, count(values, slot)]);
    expect(next.size).toBeLessThanOrEqual(2 * EXACT_VALUES);
  }
});
