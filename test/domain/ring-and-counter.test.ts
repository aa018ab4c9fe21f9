// Counts in slots against a list of events: nothing is lost, nothing is counted twice, nothing stays too long.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { skewOf, withLag } from '../../src/domain/clock-skew.ts';
import { incrementOf, spread, spreadEvenly } from '../../src/domain/counter.ts';
import { type Counts, Rings, WINDOW_SLOTS } from '../../src/domain/ring.ts';

const into = (): Counts => ({ bad: 0, all: 0 });

describe('rings', () => {
  test('agree with the list of events, whatever the order of rows and slots', () => {
    const event = fc.record({
      row: fc.nat({ max: 3 }),
      step: fc.integer({ min: -5, max: 90 }),
      bad: fc.nat({ max: 3 }),
      good: fc.nat({ max: 5 }),
    });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 120 }), fc.nat({ max: 70 }), (events, newest) => {
        const rings = new Rings(0, true, 1);
        for (let row = 0; row < 4; row += 1) rings.addRow();
        const heads = [0, 0, 0, 0];
        const told: { row: number; slot: number; bad: number; all: number }[] = [];
        for (const { row, step, bad, good } of events) {
          const slot = Math.max(0, (heads[row] ?? 0) + step);
          const taken = rings.add(row, slot, bad, bad + good, bad);
          expect(taken).toBe(slot > (heads[row] ?? 0) - WINDOW_SLOTS - 1);
          heads[row] = Math.max(heads[row] ?? 0, slot);
          if (taken) told.push({ row, slot, bad, all: bad + good });
        }
        for (let row = 0; row < 4; row += 1) {
          const head = heads[row] ?? 0;
          const inside = (slots: number) => told.filter((one) => one.row === row && one.slot >= head - Math.min(slots, WINDOW_SLOTS));
          const sum = (list: typeof told) => ({
            bad: list.reduce((a, one) => a + one.bad, 0),
            all: list.reduce((a, one) => a + one.all, 0),
          });
          expect(rings.window(row, into())).toEqual(sum(inside(WINDOW_SLOTS)));
          expect(rings.newest(row, newest, into())).toEqual(sum(inside(newest)));
          expect(rings.headOf(row)).toBe(head);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('grow without disturbing the rows that are there', () => {
    const rings = new Rings(1_000);
    for (let row = 0; row < 100; row += 1) {
      rings.addRow();
      rings.add(row, 1_005, row, 2 * row);
    }
    for (let row = 0; row < 100; row += 1) expect(rings.window(row, into())).toEqual({ bad: row, all: 2 * row });
  });

  test('that are full stay full, and give back no more than they took', () => {
    const rings = new Rings(0);
    const row = rings.addRow();
    for (let n = 0; n < 3; n += 1) rings.add(row, 1, 2_000_000_000, 4_000_000_000);
    expect(rings.window(row, { bad: 0, all: 0 })).toEqual(rings.between(row, 0, 1, { bad: 0, all: 0 }));
    rings.add(row, 70, 1, 2);
    rings.advanceTo(row, 71);
    expect(rings.window(row, { bad: 0, all: 0 })).toEqual({ bad: 1, all: 2 });
  });

  test('forget everything when time jumps over the whole window', () => {
    const rings = new Rings(0);
    rings.addRow();
    rings.add(0, 10, 1, 2);
    rings.advanceTo(0, 10 + WINDOW_SLOTS);
    expect(rings.window(0, into())).toEqual({ bad: 1, all: 2 });
    rings.advanceTo(0, 11 + WINDOW_SLOTS);
    expect(rings.window(0, into())).toEqual({ bad: 0, all: 0 });
    expect(rings.add(0, 5, 1, 1)).toBe(false);
  });
});

describe('increments', () => {
  test('follow the rules of counters', () => {
    const at = (total: number, when: number) => ({ total, at: when });
    expect(incrementOf(at(10, 100), at(15, 200), 100)).toEqual({ delta: 5, from: 100 });
    expect(incrementOf(at(10, 100), at(4, 200), 100)).toEqual({ delta: 4, from: 100 });
    expect(incrementOf(at(10, 100), at(15, 100), 100)).toBeNull();
    expect(incrementOf(undefined, at(15, 200), null)).toBeNull();
    expect(incrementOf(undefined, at(15, 200), 150)).toEqual({ delta: 15, from: 150 });
    expect(incrementOf(undefined, at(15, 200), 200)).toBeNull();
  });

  test('of any run of totals, resets included, add up to what was counted', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ add: fc.nat({ max: 1_000 }), reset: fc.boolean() }), { maxLength: 40 }), (steps) => {
        let total = 0;
        let counted = 0;
        let found = 0;
        let previous = { total: 0, at: 0 };
        for (const [index, step] of steps.entries()) {
          // A reset that has already overtaken the old total cannot be seen by anybody.
          if (step.reset && step.add < total) total = 0;
          total += step.add;
          counted += step.add;
          const sample = { total, at: index + 1 };
          found += incrementOf(previous, sample, 0)?.delta ?? 0;
          previous = sample;
        }
        expect(found).toBe(counted);
      }),
    );
  });

  test('laid into slots stay whole, stay in order and add up to all that is inside the window', () => {
    fc.assert(
      fc.property(
        fc.nat({ max: 100_000 }),
        fc.nat({ max: 50_000 }),
        fc.integer({ min: 1, max: 50_000 }),
        fc.integer({ min: 1, max: 3_000 }),
        (count, from, length, slotMs) => {
          const parts: [slot: number, part: number][] = [];
          spread(count, from, from + length, { slotMs, slots: 60 }, (slot, part) => parts.push([slot, part]));
          const last = Math.floor((from + length) / slotMs);
          expect(parts.every(([slot, part]) => Number.isInteger(part) && part >= 0 && slot <= last && slot >= last - 60)).toBe(true);
          const sum = parts.reduce((a, [, part]) => a + part, 0);
          if (Math.floor(from / slotMs) >= last - 60) expect(sum).toBe(count);
          else expect(sum).toBeLessThanOrEqual(count);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  test('of a long gap do not land in one slot', () => {
    const parts = new Map<number, number>();
    spread(600, 0, 60_000, { slotMs: 10_000, slots: 60 }, (slot, part) => parts.set(slot, part));
    expect([...parts.values()]).toEqual([100, 100, 100, 100, 100, 100]);
    let even = 0;
    spreadEvenly(1, 0, 60_000, { slotMs: 7_000, slots: 60 }, (_slot, part) => {
      even += part;
    });
    expect(even).toBeCloseTo(1, 12);
  });
});

describe('a clock that is off', () => {
  const lags = (...all: number[]) => all.reduce<readonly number[]>((known, lag) => withLag(known, lag), []);

  test('is corrected by its steady lag, in both directions', () => {
    expect(skewOf(lags(30_010, 30_020, 30_005), 5_000)).toBe(30_005);
    expect(skewOf(lags(-30_010, -30_020, -30_005), 5_000)).toBe(-30_020);
  });

  test('is not assumed from one delivery, from small lags, or from a backlog that shrinks', () => {
    expect(skewOf(lags(30_000), 5_000)).toBe(0);
    expect(skewOf(lags(900, 1_000, 800, 1_100), 5_000)).toBe(0);
    expect(skewOf(lags(60_000, 50_000, 40_000, 30_000), 5_000)).toBe(0);
  });
});
