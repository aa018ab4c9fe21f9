// The running sum on simulated traffic with a fixed seed: how often it is wrong, how soon it is right, and what no method can beat.
import { describe, expect, test } from 'vitest';
import { addedTo, expectedOf, LEAST_USUAL, NOTHING_USUAL, summed } from '../../src/domain/cusum.ts';
import { criticalTable } from '../../src/domain/evidence-test.ts';

const MINUTE = 60_000;
const YEAR_MINUTES = 365 * 24 * 60;
const LIMIT = 0.02;
const HEALTHY = 0.003;
const PER_MINUTE = 10;

function random(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return ((state >>> 0) + 0.5) / 2 ** 32;
  };
}

/** A fortnight of ten requests a minute. */
const usual = (bad: number) => ({ bad, all: 14 * 24 * 60 * PER_MINUTE, since: 0 });
const known = expectedOf(usual(605), LIMIT, 14 * 24 * 60 * MINUTE);
if (known === null) throw new Error('a fortnight says what is usual');
const { usual: p0, enough } = known;

/** Events until the sum is enough, or until `most` have passed. Between two errors it only falls. */
function eventsUntilAlarm(next: () => number, p: number, most: number): number {
  let sum = 0;
  let events = 0;
  while (events < most) {
    const good = Math.floor(Math.log(next()) / Math.log1p(-p));
    events += good + 1;
    sum = addedTo(addedTo(sum, { bad: 0, all: good }, p0, LIMIT), { bad: 1, all: 1 }, p0, LIMIT);
    if (sum >= enough) return events;
  }
  return Number.POSITIVE_INFINITY;
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

describe('what is usual', () => {
  test('is not known of fewer than a thousand events, nor so near to the limit that it cannot be told from it', () => {
    expect(expectedOf({ ...usual(0), all: LEAST_USUAL - 1 }, LIMIT, MINUTE)).toBeNull();
    expect(expectedOf({ ...usual(0), all: LEAST_USUAL }, LIMIT, MINUTE)).not.toBeNull();
    expect(expectedOf(usual(0.0099 * 201_600), LIMIT, MINUTE)).toBeNull();
    expect(p0).toBeGreaterThan(HEALTHY);
    expect(p0).toBeLessThan(0.0035);
    // ln of ten requests a minute for a year.
    expect(enough).toBeCloseTo(Math.log(PER_MINUTE * YEAR_MINUTES), 6);
  });

  test('is learnt at rest alone, and fades at the same share and rate', () => {
    let sum = NOTHING_USUAL(0);
    const o = (hour: number) => ({ limit: LIMIT, at: hour * 60 * MINUTE, atRest: true });
    for (let hour = 1; hour <= 30; hour += 1) sum = summed(sum, { bad: 300, all: 100_000 }, o(hour));
    expect(sum.bad / sum.all).toBeCloseTo(0.003, 6);
    expect(sum.all).toBeLessThanOrEqual(1_000_000);
    expect(expectedOf(sum, LIMIT, 30 * 60 * MINUTE)?.enough).toBeCloseTo(Math.log(100_000 * 24 * 365), 1);
    const after = summed(sum, { bad: 3, all: 10 }, { ...o(31), atRest: false });
    expect([after.bad, after.all]).toEqual([sum.bad, sum.all]);
    expect(after.sum).toBeGreaterThan(3);
  });

  test('does not rise with what is judged: the share that was usual stays until the sum is back at 0', () => {
    let sum = NOTHING_USUAL(0);
    const o = (minute: number) => ({ limit: LIMIT, at: minute * MINUTE, atRest: true });
    for (let minute = 1; minute <= 200; minute += 1) sum = summed(sum, { bad: 0, all: 10 }, o(minute));
    const before = sum.expected?.usual;
    for (let minute = 201; minute <= 210; minute += 1) sum = summed(sum, { bad: 1, all: 10 }, o(minute));
    expect(sum.expected?.usual).toBe(before);
    for (let minute = 211; minute <= 600; minute += 1) sum = summed(sum, { bad: 0, all: 10 }, o(minute));
    expect(sum.sum).toBe(0);
    expect(sum.expected?.usual).toBeGreaterThan(before ?? 1);
  });
});

describe('simulated traffic of ten requests a minute', () => {
  test('healthy for 400 years: chance alone is enough no more often than once a year', () => {
    const next = random(12_345);
    let alarms = 0;
    for (let events = 400 * YEAR_MINUTES * PER_MINUTE; events > 0; ) {
      const until = eventsUntilAlarm(next, HEALTHY, events);
      if (until === Number.POSITIVE_INFINITY) break;
      alarms += 1;
      events -= until;
    }
    console.log(`cusum: ${alarms} false alarms in 400 healthy years`);
    expect(alarms).toBeLessThanOrEqual(400);
  });

  test('five percent instead of 0.3 % are found sooner than by a window, and no sooner than theory allows', () => {
    const next = random(7);
    const runs = 400;
    const sums = Array.from({ length: runs }, () => eventsUntilAlarm(next, 0.05, 100_000) / PER_MINUTE);
    const windows = Array.from({ length: runs }, () => minutesUntilWindow(next));
    const floor = (alpha: number): number => Math.log(1 / alpha) / (0.05 * Math.log(0.05 / p0) + 0.95 * Math.log(0.95 / (1 - p0)));
    const mean = sums.reduce((sum, one) => sum + one, 0) / runs;
    const least = floor(Math.exp(-enough)) / PER_MINUTE;
    console.log(
      `cusum: median ${median(sums)} min, mean ${mean.toFixed(1)}; window: median ${median(windows)} min; floor ${least.toFixed(1)} min`,
    );
    expect(median(sums)).toBeLessThan(median(windows));
    // Standard error of the mean is about 2 %.
    expect(mean).toBeGreaterThan(0.94 * least);
  });
});

/** The window of 15 minutes, looked at each minute, at the level that asks. */
function minutesUntilWindow(next: () => number): number {
  const table = criticalTable(LIMIT, 1e-3);
  const minutes: number[] = Array.from({ length: 15 }, () => errorsOf(next, HEALTHY));
  for (let minute = 1; minute <= 600; minute += 1) {
    minutes.push(errorsOf(next, 0.05));
    const errors = minutes.slice(-15).reduce((sum, one) => sum + one, 0);
    if (errors >= table.critical(15 * PER_MINUTE)) return minute;
  }
  return Number.POSITIVE_INFINITY;
}

function errorsOf(next: () => number, p: number): number {
  let errors = 0;
  for (let event = 0; event < PER_MINUTE; event += 1) if (next() < p) errors += 1;
  return errors;
}
