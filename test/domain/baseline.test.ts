// What is usual from days of counts: when it is enough to act on, that an incident in it does not raise it, and, on simulated traffic with a
// fixed seed, how often acting on it is wrong and how soon it is right.
import { describe, expect, test } from 'vitest';
import { baselineOf, LEAST_BASELINE_MS, type PartCounts, withoutIncidents } from '../../src/domain/baseline.ts';
import { addedTo, type Expected, NOTHING_USUAL, summed } from '../../src/domain/cusum.ts';
import { criticalTable } from '../../src/domain/evidence-test.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const LIMIT = 0.02;
const HEALTHY = 0.003;
const PARTS = 84;

function random(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return ((state >>> 0) + 0.5) / 2 ** 32;
  };
}

/** So many of `all`, by jumps from one to the next. */
function badOf(next: () => number, all: number, p: number): number {
  let bad = -1;
  for (let at = 0; at <= all; bad += 1) at += Math.floor(Math.log(next()) / Math.log1p(-p)) + 1;
  return bad;
}

/** A fortnight in parts of four hours. */
const fortnight = (next: () => number, perMinute: number, p = HEALTHY): PartCounts[] =>
  Array.from({ length: PARTS }, () => {
    const all = Math.round(240 * perMinute * (0.5 + next()));
    return { bad: badOf(next, all, p), all };
  });

const OLD = { first: 0, to: 14 * DAY };

describe('what is usual is enough to act on', () => {
  const parts = (all: number): readonly PartCounts[] => [{ bad: 2, all }];

  test.each([
    ['7 d and 1,000 events', 1_000, LEAST_BASELINE_MS, true],
    ['6 d 23 h and 1,000 events', 1_000, LEAST_BASELINE_MS - HOUR, false],
    ['a millisecond less than 7 d', 1_000, LEAST_BASELINE_MS - 1, false],
    ['7 d and 999 events', 999, LEAST_BASELINE_MS, false],
    ['a month and 999 events', 999, 31 * DAY, false],
  ])('from %s: %s', (_what, all, to, isEnough) => {
    expect(baselineOf(parts(all), LIMIT, { first: 0, to })?.act !== undefined).toBe(isEnough);
  });

  test('neither where it is too near to the limit, nor where incidents fill a third of the time', () => {
    expect(baselineOf([{ bad: 99, all: 10_000 }], LIMIT, OLD)).toBeNull();
    const next = random(3);
    const broken = fortnight(next, 10).map((part, index) => (index % 5 < 2 ? { bad: part.all, all: part.all } : part));
    expect(baselineOf(broken, LIMIT, OLD)).toBeNull();
  });

  test('by the events of a year, in which chance may ask falsely, and of a hundred, in which it may act falsely', () => {
    const all = 14 * 24 * 60 * 10;
    const found = baselineOf([{ bad: 605, all }], LIMIT, OLD);
    expect(found?.enough).toBeCloseTo(Math.log(10 * 365 * 24 * 60), 6);
    expect(found?.act).toBeCloseTo(Math.log(100 * 10 * 365 * 24 * 60), 6);
  });
});

describe('an incident within the fortnight', () => {
  test('of two hours without a single good answer, or of a day at five percent, leaves what is usual as it was', () => {
    const next = random(11);
    const healthy = fortnight(next, 10);
    const clean = baselineOf(healthy, LIMIT, OLD);
    const outage = healthy.map((part, index) => (index === 40 ? { bad: part.bad + part.all / 2, all: part.all } : part));
    const day = healthy.map((part, index) => (index >= 40 && index < 46 ? { bad: Math.round(part.all * 0.05), all: part.all } : part));
    const pooled = (parts: readonly PartCounts[]): number =>
      parts.reduce((sum, one) => sum + one.bad, 0) / parts.reduce((sum, one) => sum + one.all, 0);
    expect(pooled(outage)).toBeGreaterThan(2.5 * HEALTHY);
    expect(pooled(day)).toBeGreaterThan(2 * HEALTHY);
    for (const poisoned of [outage, day]) {
      const found = baselineOf(poisoned, LIMIT, OLD);
      expect(Math.abs((found?.usual ?? 1) / (clean?.usual ?? 0) - 1)).toBeLessThan(0.05);
    }
  });

  test('that is too mild to be told from chance raises what is usual, which asks later and never sooner', () => {
    const next = random(5);
    const healthy = fortnight(next, 0.5);
    const mild = healthy.map((part, index) => (index >= 60 && index < 72 ? { bad: Math.round(part.all * 0.02), all: part.all } : part));
    const [usual, raised] = [baselineOf(healthy, LIMIT, OLD)?.usual ?? 1, baselineOf(mild, LIMIT, OLD)?.usual ?? 0];
    expect(raised).toBeGreaterThan(usual);
  });

  test('is left out, and of a thousand healthy fortnights hardly a part is', () => {
    const next = random(77);
    let left = 0;
    for (let round = 0; round < 1_000; round += 1) {
      const parts = fortnight(next, 3);
      left += parts.length - withoutIncidents(parts).length;
    }
    // Chance leaves out one in ten thousand.
    expect(left).toBeLessThan(20);
    const [first = { bad: 0, all: 0 }, ...rest] = fortnight(next, 3);
    expect(withoutIncidents([{ bad: first.all, all: first.all }, ...rest])).toHaveLength(PARTS - 1);
  });
});

describe('a running sum over days of counts', () => {
  const days: Expected = { usual: 0.004, enough: 12, act: 16 };
  const o = { limit: LIMIT, at: DAY, atRest: true };

  test('takes what is usual from them while it is 0, and keeps it while it is above', () => {
    const first = summed(NOTHING_USUAL(0), { bad: 0, all: 10 }, { ...o, baseline: days });
    expect(first.expected).toEqual(days);
    const rising = summed(first, { bad: 3, all: 10 }, { ...o, baseline: { ...days, usual: 0.008 } });
    expect([rising.expected, rising.sum > 0]).toEqual([days, true]);
    expect(summed(rising, { bad: 0, all: 5_000 }, { ...o, baseline: { ...days, usual: 0.008 } }).expected?.usual).toBe(0.008);
  });

  test('of days just below the limit is not enough to act on any more soon after all is well', () => {
    let sum = summed(NOTHING_USUAL(0), { bad: 0, all: 10 }, { ...o, baseline: days });
    for (let minute = 0; minute < 3 * 24 * 60; minute += 1) sum = summed(sum, { bad: 9, all: 600 }, { ...o, baseline: days });
    expect(sum.sum).toBeGreaterThanOrEqual(days.act ?? Infinity);
    // One in 300 fails, as always: a blip of two bad ones in a thin window is no reason to act.
    for (let minute = 0; minute < 2; minute += 1) sum = summed(sum, { bad: 2, all: 600 }, { ...o, baseline: days });
    expect(sum.sum).toBeLessThan(days.act ?? 0);
  });

  test('goes on with them after a restart, until they are read again and say less', () => {
    const before = summed(NOTHING_USUAL(0), { bad: 0, all: 10 }, { ...o, baseline: days });
    const restored = JSON.parse(JSON.stringify(before)) as typeof before;
    expect(summed(restored, { bad: 0, all: 10 }, o).expected).toEqual(days);
    expect(summed(restored, { bad: 0, all: 10 }, { ...o, baseline: null }).expected).toBeNull();
    // Another limit by now: half of it is below what was usual.
    expect(summed(restored, { bad: 0, all: 10 }, { ...o, limit: 0.006 }).expected).toBeNull();
  });
});

/** Minutes until the sum is enough; the looks are those of the events. */
function minutesToAct(next: () => number, { usual, act = Infinity }: Expected, p: number, perMinute: number, mostMinutes: number): number {
  let sum = 0;
  for (let events = 0; events < mostMinutes * perMinute; ) {
    const good = Math.floor(Math.log(next()) / Math.log1p(-p));
    events += good + 1;
    if (events > mostMinutes * perMinute) break;
    sum = addedTo(addedTo(sum, { bad: 0, all: good }, usual, LIMIT), { bad: 1, all: 1 }, usual, LIMIT);
    if (sum >= act) return events / perMinute;
  }
  return Number.POSITIVE_INFINITY;
}

const WEEK_MINUTES = 7 * 24 * 60;

describe('simulated traffic', () => {
  test('of 10,000 healthy organizations for a week: none is acted on', () => {
    const next = random(12_345);
    let acted = 0;
    let judged = 0;
    for (let index = 0; index < 10_000; index += 1) {
      const perMinute = 0.05 * 12_000 ** (index / 10_000);
      const known = baselineOf(fortnight(next, perMinute), LIMIT, OLD);
      if (known === null) continue;
      judged += 1;
      if (minutesToAct(next, known, HEALTHY, perMinute, WEEK_MINUTES) < Infinity) acted += 1;
    }
    console.log(`cusum, act: ${acted} false acts in 10,000 healthy organization-weeks, ${judged} of them with enough of a baseline`);
    expect(judged).toBeGreaterThan(9_000);
    expect(acted).toBe(0);
  }, 120_000);

  test('that breaks is acted on sooner than by the window, the more so the milder it is', () => {
    const next = random(7);
    const rows = [1, 10, 100].flatMap((perMinute) =>
      [0.05, 0.2, 1].map((p) => {
        const found = Array.from({ length: 200 }, () => {
          const known = baselineOf(fortnight(next, perMinute), LIMIT, OLD);
          return known === null ? Number.POSITIVE_INFINITY : minutesToAct(next, known, Math.min(p, 1 - 1e-9), perMinute, 600);
        });
        const windows = Array.from({ length: 200 }, () => minutesUntilWindow(next, perMinute, p));
        return { perMinute, p, sum: median(found), soon: within(found), window: median(windows), windowSoon: within(windows) };
      }),
    );
    for (const row of rows)
      console.log(
        `cusum, act: ${row.perMinute}/min ${row.p * 100} %: median ${row.sum.toFixed(1)} min (${row.soon * 100} % within the hour); window ${row.window} min (${row.windowSoon * 100} %)`,
      );
    const at = (perMinute: number, p: number) => rows.find((row) => row.perMinute === perMinute && row.p === p);
    expect(at(10, 0.05)?.sum).toBeLessThan(at(10, 0.05)?.window ?? 0);
    expect(at(10, 0.05)?.soon).toBeGreaterThan(0.95);
    expect(at(10, 0.05)?.windowSoon).toBeLessThan(0.6);
    for (const row of rows) expect(row.sum).toBeLessThan(600);
  }, 120_000);
});

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
const within = (minutes: readonly number[]): number => minutes.filter((one) => one <= 60).length / minutes.length;

/** The window of 15 minutes, looked at each minute, at the level that acts. */
function minutesUntilWindow(next: () => number, perMinute: number, p: number): number {
  const table = criticalTable(LIMIT, 1e-5);
  const minute = (share: number): number => badOf(next, perMinute, Math.min(share, 1 - 1e-9));
  const minutes = Array.from({ length: 15 }, () => minute(HEALTHY));
  for (let at = 1; at <= 600; at += 1) {
    minutes.push(minute(p));
    const errors = minutes.slice(-15).reduce((sum, one) => sum + one, 0);
    if (errors >= table.critical(15 * perMinute)) return at;
  }
  return Number.POSITIVE_INFINITY;
}
