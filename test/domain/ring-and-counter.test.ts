// Counts in slots against a list of events: nothing is lost, nothing is counted twice, nothing stays too long.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { skewOf, withLag } from '../../src/domain/clock-skew.ts';
import { incrementOf, knownBefore, spread, spreadEvenly } from '../../src/domain/counter.ts';
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

  test('refuse what is older than their origin, and leave the row before as it is', () => {
    const rings = new Rings(1_000);
    const [first, second] = [rings.addRow(), rings.addRow()];
    rings.add(first, 1_059, 1, 2);
    expect(rings.add(second, 999, 5, 5)).toBe(false);
    expect(rings.add(second, 1_000, 3, 4)).toBe(true);
    expect(rings.window(first, into())).toEqual({ bad: 1, all: 2 });
    expect(rings.window(second, into())).toEqual({ bad: 3, all: 4 });
  });

  test('take the oldest slot of the window and refuse the one before it, which is the place of the newest', () => {
    const rings = new Rings(0);
    const row = rings.addRow();
    rings.add(row, 100, 0, 1);
    expect([rings.add(row, 100 - WINDOW_SLOTS, 0, 2), rings.add(row, 99 - WINDOW_SLOTS, 0, 4)]).toEqual([true, false]);
    expect(rings.window(row, into()).all).toBe(3);
    expect(rings.newest(row, 0, into()).all).toBe(1);
  });

  test('know whether a window holds any bad event', () => {
    const rings = new Rings(0);
    const row = rings.addRow();
    rings.add(row, 1, 0, 5);
    expect(rings.isFaultless(row, 1)).toBe(true);
    rings.add(row, 2, 1, 1);
    expect(rings.isFaultless(row, 2 + WINDOW_SLOTS)).toBe(false);
    expect(rings.isFaultless(row, 3 + WINDOW_SLOTS)).toBe(true);
    expect(rings.headOf(row)).toBe(3 + WINDOW_SLOTS);
    expect(rings.rows).toBe(1);
  });

  test('that were asked whether they are faultless are as if they had been moved', () => {
    const step = fc.record({ how: fc.constantFrom('ask', 'move', 'add'), slot: fc.nat(150), bad: fc.constantFrom(0, 0, 0, 1) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const [asked, moved] = [new Rings(0), new Rings(0)];
        const row = asked.addRow();
        moved.addRow();
        for (const { how, slot, bad } of steps) {
          if (how === 'add') expect(asked.add(row, slot, bad, 2)).toBe(moved.add(row, slot, bad, 2));
          else moved.advanceTo(row, slot);
          if (how === 'move') asked.advanceTo(row, slot);
          if (how === 'ask') expect(asked.isFaultless(row, slot)).toBe(moved.window(row, into()).bad === 0);
        }
        expect(asked.headOf(row)).toBe(moved.headOf(row));
        expect(asked.window(row, into())).toEqual(moved.window(row, into()));
      }),
      { numRuns: 2_000 },
    );
  });

  test('are moved by time only forward', () => {
    const rings = new Rings(1_000);
    const row = rings.addRow();
    rings.add(row, 1_080, 1, 2);
    rings.advanceTo(row, 1_030);
    expect([rings.headOf(row), rings.window(row, into())]).toEqual([1_080, { bad: 1, all: 2 }]);
    rings.advanceTo(row, 1_080);
    expect(rings.window(row, into())).toEqual({ bad: 1, all: 2 });
    rings.advanceTo(row, 1_081);
    expect([rings.headOf(row), rings.window(row, into())]).toEqual([1_081, { bad: 1, all: 2 }]);
  });

  test('answer for slots of the middle, as far as they are still held', () => {
    const rings = new Rings(1_000);
    const [row, other] = [rings.addRow(), rings.addRow()];
    for (let slot = 1_001; slot <= 1_100; slot += 1) rings.add(row, slot, 1, 2);
    rings.add(other, 1_050, 7, 7);
    expect(rings.between(row, 1_050, 1_059, into())).toEqual({ bad: 10, all: 20 });
    expect(rings.between(row, 1_000, 1_200, into()).all).toBe(2 * (WINDOW_SLOTS + 1));
    expect(rings.between(row, 1_000, 1_041, into()).all).toBe(4);
    expect(rings.between(row, 1_000, 1_039, into()).all).toBe(0);
    expect(rings.newest(row, 4, into()).all).toBe(10);
  });

  test('keep sums beside the counts of a slot, tell them oldest first, and leave empty slots out', () => {
    const rings = new Rings(1_000, true, 1);
    const [row, other] = [rings.addRow(), rings.addRow()];
    for (const [slot, all, sum] of [
      [1_001, 2, 3],
      [1_001, 1, 4],
      [1_040, 5, -6.5],
      [1_041, 0, 9],
      [1_050, 1, 0],
    ] as const)
      rings.add(row, slot, 0, all, sum);
    rings.add(other, 1_040, 0, 8, 80);
    expect(rings.slotSums(row, 1_000, 2_000)).toEqual([
      { sum: 7, all: 3 },
      { sum: -6.5, all: 5 },
      { sum: 0, all: 1 },
    ]);
    expect(rings.slotSums(row, 1_040, 1_040)).toEqual([{ sum: -6.5, all: 5 }]);
    expect(rings.slotSums(row, 1_002, 1_039)).toEqual([]);
    expect(rings.slotSums(row, 900, 1_001)).toEqual([{ sum: 7, all: 3 }]);
    expect(rings.slotSums(other, 0, 9_999)).toEqual([{ sum: 80, all: 8 }]);
  });

  test('forget sums with the slot, one after the other and all at once', () => {
    const rings = new Rings(0, true);
    const [row, other] = [rings.addRow(), rings.addRow()];
    rings.add(row, 1, 0, 1, 10);
    rings.add(row, 2, 0, 1, 20);
    rings.add(other, 3, 0, 1, 30);
    rings.advanceTo(row, 2 + WINDOW_SLOTS);
    expect(rings.slotSums(row, 0, 999)).toEqual([{ sum: 20, all: 1 }]);
    rings.add(row, 2 + WINDOW_SLOTS, 0, 1);
    expect(rings.slotSums(row, 3, 999)).toEqual([{ sum: 0, all: 1 }]);
    // Beyond the whole window: the places are used again, and what was in them is gone.
    rings.advanceTo(row, 1_000);
    for (let slot = 940; slot <= 1_000; slot += 1) rings.add(row, slot, 0, 1);
    expect(rings.slotSums(row, 0, 9_999).every(({ sum }) => sum === 0)).toBe(true);
    expect(rings.slotSums(other, 0, 999)).toEqual([{ sum: 30, all: 1 }]);
  });

  test('have slots of a sixtieth of the window, in whole milliseconds and never of none', () => {
    expect([900_000, 100, 89, 1].map((overMs) => Rings.slotMsOf(overMs))).toEqual([15_000, 2, 1, 1]);
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

  test('of a counter that began anew after the last total are all of the new total, from its beginning on', () => {
    const previous = { total: 10, at: 100 };
    expect(incrementOf(previous, { total: 50, at: 200, since: 150 }, 0)).toEqual({ delta: 50, from: 150 });
    expect(incrementOf(previous, { total: 50, at: 200, since: 101 }, 0)).toEqual({ delta: 50, from: 101 });
    // At the very instant of the last total it is the same counter, and so is one that began before.
    expect(incrementOf(previous, { total: 50, at: 200, since: 100 }, 0)).toEqual({ delta: 40, from: 100 });
    expect(incrementOf(previous, { total: 50, at: 200, since: 20 }, 0)).toEqual({ delta: 40, from: 100 });
    // A beginning that lies in the future is none.
    expect(incrementOf(previous, { total: 50, at: 200, since: 900 }, 0)).toEqual({ delta: 50, from: 200 });
    expect(incrementOf(previous, { total: 10, at: 200 }, 0)).toEqual({ delta: 0, from: 100 });
    expect(incrementOf(previous, { total: 99, at: 99 }, 0)).toBeNull();
  });

  test('of a new series are known from its birth, or from when its source was last read', () => {
    const known = (since: number | undefined, readAt: number | null, knownSince: number | null) =>
      knownBefore(since, { readAt, knownSince });
    expect([known(undefined, 90, 50), known(undefined, null, 50), known(undefined, 90, null)]).toEqual([90, null, 90]);
    expect([known(60, 90, 50), known(95, 90, 50), known(60, null, 50), known(50, null, 50)]).toEqual([90, 95, 60, 50]);
    // Born before anybody watched, or watched by nobody.
    expect([known(49, 90, 50), known(49, null, 50), known(60, null, null), known(60, 90, null)]).toEqual([90, null, null, 90]);
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

  test('fall into the slot of the sample where they began in it, or at no other time', () => {
    const slotsOf = (lay: typeof spread, from: number, to: number) => {
      const parts: [slot: number, part: number][] = [];
      lay(7, from, to, { slotMs: 1_000, slots: 60 }, (slot, part) => parts.push([slot, part]));
      return parts;
    };
    for (const lay of [spread, spreadEvenly]) {
      expect(slotsOf(lay, 5_100, 5_900)).toEqual([[5, 7]]);
      expect(slotsOf(lay, 5_900, 5_900)).toEqual([[5, 7]]);
      expect(slotsOf(lay, 5_000, 5_000)).toEqual([[5, 7]]);
      expect(slotsOf(lay, 9_500, 5_900)).toEqual([[5, 7]]);
      // A slot begins with its first millisecond: what ends right there has nothing in it but what does not divide.
      expect(slotsOf(lay, 4_000, 5_000)).toEqual([[4, 7]]);
    }
  });

  test('that began before the window leave it what is inside, by time', () => {
    const inside = (lay: typeof spread) => {
      const parts: [slot: number, part: number][] = [];
      lay(1_000, 0, 100_000, { slotMs: 1_000, slots: 10 }, (slot, part) => parts.push([slot, part]));
      return parts;
    };
    for (const lay of [spread, spreadEvenly]) {
      expect(inside(lay).map(([slot]) => slot)).toEqual([90, 91, 92, 93, 94, 95, 96, 97, 98, 99]);
      for (const [, part] of inside(lay)) expect(part).toBeCloseTo(10, 9);
    }
  });

  test('that need not be whole are laid by their share of the time', () => {
    const parts: [slot: number, part: number][] = [];
    spreadEvenly(1, 500, 3_000, { slotMs: 1_000, slots: 60 }, (slot, part) => parts.push([slot, part]));
    expect(parts.map(([slot]) => slot)).toEqual([0, 1, 2]);
    for (const [index, share] of [0.2, 0.4, 0.4].entries()) expect(parts[index]?.[1]).toBeCloseTo(share, 12);
    const whole: [slot: number, part: number][] = [];
    spread(10, 500, 3_000, { slotMs: 1_000, slots: 60 }, (slot, part) => whole.push([slot, part]));
    expect(whole).toEqual([
      [0, 2],
      [1, 4],
      [2, 4],
    ]);
  });

  test('that are fewer than the slots leave the empty ones alone', () => {
    const parts: [slot: number, part: number][] = [];
    spread(1, 0, 4_000, { slotMs: 1_000, slots: 60 }, (slot, part) => parts.push([slot, part]));
    expect(parts).toEqual([[3, 1]]);
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
    expect(skewOf(lags(30_000, 30_000), 5_000)).toBe(0);
  });

  test('is one that is off by more than the limit, and varies by no more than it', () => {
    expect([skewOf(lags(5_000, 5_000, 5_000), 5_000), skewOf(lags(5_001, 5_001, 5_001), 5_000)]).toEqual([0, 5_001]);
    expect([skewOf(lags(30_000, 35_000, 30_000), 5_000), skewOf(lags(30_000, 35_001, 30_000), 5_000)]).toEqual([30_000, 0]);
  });

  test('is believed by its latest eight deliveries: what it did before does not count', () => {
    const mended = (n: number) => lags(...Array.from({ length: 20 }, () => 30_000), ...Array.from({ length: n }, () => 10));
    expect(mended(8)).toHaveLength(8);
    expect([skewOf(mended(0), 5_000), skewOf(mended(7), 5_000), skewOf(mended(8), 5_000)]).toEqual([30_000, 0, 0]);
    const broken = lags(...Array.from({ length: 20 }, () => 10), ...Array.from({ length: 8 }, () => 30_000));
    expect(skewOf(broken, 5_000)).toBe(30_000);
  });
});
