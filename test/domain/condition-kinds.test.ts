// One look at what is not counted, at its edges: ages, members, means, gauges, silence, probes.
import { describe, expect, test } from 'vitest';
import { lookAtAge, lookAtGauge, lookAtMean, lookAtMembers, lookAtProbe, lookAtSilence } from '../../src/domain/condition.ts';
import { LATENCY, QUEUE, SILENCE } from '../flows/detect-rules.ts';
import { AGE, MINUTE, rule, slots } from './kinds-of-rules.ts';

describe('an age', () => {
  test('is exact, in seconds, and unknown while no good thing is known', () => {
    const old = rule(AGE, { above: 60 }, { below: 30, forMs: 1 });
    expect(lookAtAge(old, 100_000, 39_999)).toEqual({
      value: 60.001,
      bad: 0,
      all: 1,
      limit: true,
      level: 'act',
      below: false,
      still: true,
    });
    expect(lookAtAge(old, 100_000, 40_000)).toMatchObject({ value: 60, limit: false, level: 'none', still: false });
    expect(lookAtAge(old, 100_000, 70_001)).toMatchObject({ below: true });
    expect(lookAtAge(old, 100_000, null)).toEqual({ value: null, bad: 0, all: 0, limit: null, level: 'none', below: null, still: false });
  });

  test('of a thing that is said to come from the future is nothing', () => {
    expect(lookAtAge(rule(AGE, { above: 60 }), 100_000, 200_000)).toMatchObject({ value: 0, limit: false });
  });

  test('that is too young is judged from below', () => {
    const young = rule(AGE, { below: 60 });
    expect([lookAtAge(young, 100_000, 40_000).limit, lookAtAge(young, 100_000, 40_001).limit]).toEqual([false, true]);
  });
});

describe('members', () => {
  test('breach together, ask together, and are not counted while nobody sees them', () => {
    const look = (...members: Parameters<typeof lookAtMembers>[0][number][]) => {
      const { limit, level, below, value } = lookAtMembers(members, 2);
      return [value, limit, level, below];
    };
    expect(look('breached', 'breached', 'ok')).toEqual([2, true, 'act', false]);
    expect(look('breached', 'suspect', 'ok')).toEqual([2, true, 'suspect', false]);
    expect(look('breached', 'cleared', 'ok')).toEqual([1, false, 'none', true]);
    expect(look('breached', 'unknown', 'ok')).toEqual([1, null, 'none', null]);
    expect(look('ok', 'unknown', 'ok')).toEqual([0, false, 'none', true]);
    expect(look('unknown', 'unknown', 'ok')).toEqual([0, null, 'none', null]);
    expect(lookAtMembers(['breached', 'suspect'], 2)).toMatchObject({ bad: 2, all: 2, still: true });
    expect(lookAtMembers(['breached', 'ok'], 2)).toMatchObject({ bad: 1, all: 2, still: false });
  });
});

describe('a mean', () => {
  const over = rule(LATENCY, { above: 100 }, { below: 80, forMs: 1 });
  const noisy = (n: number) => Array.from({ length: n }, (_, i) => ({ sum: 2 * (149 + (i % 3)), all: 2 }));

  test('asks when its slots differ less than the limit is away, and never acts', () => {
    expect(lookAtMean(over, noisy(8), noisy(1), false)).toMatchObject({
      bad: 0,
      all: 16,
      limit: true,
      level: 'suspect',
      still: true,
      below: false,
    });
    expect(lookAtMean(over, noisy(8), noisy(1), false).value).toBeCloseTo(149.875, 9);
  });

  test('says nothing with fewer than eight slots, or when it may be chance', () => {
    expect(lookAtMean(over, noisy(7), noisy(1), false)).toMatchObject({ limit: true, level: 'none' });
    const wild = Array.from({ length: 8 }, (_, i) => ({ sum: i === 0 ? 10_000 : 1, all: 1 }));
    expect(lookAtMean(over, wild, wild, false)).toMatchObject({ limit: true, level: 'none' });
  });

  test('is weighted by events, not by slots', () => {
    const look = lookAtMean(over, [...slots(1, 900, 9), ...slots(1, 200, 1)], [], true);
    expect(look).toMatchObject({ value: 110, all: 10, limit: true, still: true });
  });

  test('must be beyond in the short window, too, which keeps its last answer while it is empty', () => {
    expect(lookAtMean(over, noisy(8), slots(1, 100), true)).toMatchObject({ limit: false, still: false, level: 'none' });
    expect(lookAtMean(over, noisy(8), [], false)).toMatchObject({ limit: false, still: false });
    expect(lookAtMean(over, noisy(8), [], true)).toMatchObject({ limit: true, still: true });
  });

  test('of nothing cannot be told', () => {
    expect(lookAtMean(over, [], [], true)).toEqual({ value: null, bad: 0, all: 0, limit: null, level: 'none', below: null, still: true });
  });

  test('that is too low is judged from below', () => {
    const low = rule(LATENCY, { below: 200 });
    expect(lookAtMean(low, noisy(8), noisy(1), false)).toMatchObject({ limit: true, level: 'suspect', below: false });
    expect(lookAtMean(low, slots(8, 200), slots(1, 200), false)).toMatchObject({ limit: false, below: true });
    expect(lookAtMean(over, slots(8, 100), slots(1, 100), false)).toMatchObject({ limit: false });
  });
});

describe('a gauge', () => {
  const over = rule(QUEUE, { above: 5 }, { below: 4, forMs: 1 });
  const known = (value: number, ms: number) => [{ sum: value * ms, all: ms }];

  test('is exact where four fifths of the window are known, and not told where less is', () => {
    expect(lookAtGauge(over, known(6, 48_000), known(6, 1), false)).toEqual({
      value: 6,
      bad: 0,
      all: 48_000,
      limit: true,
      level: 'act',
      below: false,
      still: true,
    });
    expect(lookAtGauge(over, known(6, 47_999), known(6, 1), false)).toMatchObject({ value: 6, limit: null, level: 'none', below: null });
  });

  test('is beyond the limit when its mean over time is more, in both windows', () => {
    expect(lookAtGauge(over, known(5, MINUTE), known(9, 1), false)).toMatchObject({ limit: false, level: 'none', below: false });
    expect(lookAtGauge(over, known(6, MINUTE), known(5, 1), true)).toMatchObject({ limit: false, still: false });
    expect(lookAtGauge(over, known(6, MINUTE), [], true)).toMatchObject({ limit: true, still: true });
    expect(lookAtGauge(over, known(6, MINUTE), [], false)).toMatchObject({ limit: false, still: false });
    expect([lookAtGauge(over, known(4, MINUTE), [], false).below, lookAtGauge(over, known(3.9, MINUTE), [], false).below]).toEqual([
      false,
      true,
    ]);
    const halves = [...known(0, 30_000), ...known(12, 30_000)];
    expect(lookAtGauge(over, halves, known(12, 1), false)).toMatchObject({ value: 6, all: MINUTE, limit: true });
  });

  test('of which nothing is known cannot be told', () => {
    expect(lookAtGauge(over, [], [], true)).toEqual({ value: null, bad: 0, all: 0, limit: null, level: 'none', below: null, still: true });
  });

  test('that is too low over its time is judged from below', () => {
    const low = rule(QUEUE, { below: 5 }, { above: 7, forMs: 1 });
    expect(lookAtGauge(low, known(5, MINUTE), known(1, 1), false)).toMatchObject({ limit: false, below: false });
    expect(lookAtGauge(low, known(4, MINUTE), known(1, 1), false)).toMatchObject({ limit: true, level: 'act' });
    expect(lookAtGauge(low, known(4, MINUTE), known(5, 1), false)).toMatchObject({ limit: false, still: false });
    expect(lookAtGauge(low, known(8, MINUTE), [], false)).toMatchObject({ below: true });
  });
});

describe('silence', () => {
  test('is beyond the limit when it lasts longer than the window, and sure when the scope is known to be loud', () => {
    const quiet = rule(SILENCE, {});
    const perMs = 10 / MINUTE;
    expect(lookAtSilence(quiet, 60_001, perMs)).toEqual({
      value: 60.001,
      bad: 0,
      all: 0,
      limit: true,
      level: 'suspect',
      below: false,
      still: true,
    });
    expect(lookAtSilence(quiet, 60_000, perMs)).toMatchObject({ value: 60, limit: false, level: 'none', below: true, still: false });
    expect(lookAtSilence(quiet, 60_001, null)).toMatchObject({ limit: true, level: 'none' });
    // e^-6.9 is just above 1e-3, e^-7 below it.
    expect(lookAtSilence(quiet, 69_000, 6 / MINUTE)).toMatchObject({ limit: true, level: 'none' });
    expect(lookAtSilence(quiet, 70_000, 6 / MINUTE)).toMatchObject({ limit: true, level: 'suspect' });
  });
});

describe('probe points', () => {
  const point = (fails: number, known = true) => ({ fails, known });
  const look = (failing: number, ...points: ReturnType<typeof point>[]) => {
    const { value, all, limit, level, below, still } = lookAtProbe(points, { failing, consecutive: 2 });
    return { value, all, limit, level, below, still };
  };

  test('fail after so many failures on end; one alone asks, two act', () => {
    expect(look(1, point(1), point(0))).toEqual({ value: 0, all: 2, limit: false, level: 'none', below: false, still: false });
    expect(look(1, point(2), point(0))).toEqual({ value: 1, all: 2, limit: true, level: 'suspect', below: false, still: true });
    expect(look(1, point(2), point(3))).toMatchObject({ value: 2, limit: true, level: 'act' });
    expect(look(2, point(2), point(1))).toMatchObject({ value: 1, limit: false, level: 'none' });
    expect(look(2, point(2), point(2))).toMatchObject({ value: 2, limit: true, level: 'act' });
    expect(lookAtProbe([point(2), point(0)], { failing: 1, consecutive: 2 }).bad).toBe(1);
  });

  test('that are all well are clear, and those that nobody has heard of tell nothing', () => {
    expect(look(1, point(0), point(0))).toMatchObject({ limit: false, below: true });
    expect(look(1, point(0), point(0, false))).toMatchObject({ value: 0, limit: null, below: null });
    expect(look(1, point(0), point(5, false))).toMatchObject({ value: 0, limit: null, below: null, level: 'none' });
    expect(look(1, point(1), point(0, false))).toMatchObject({ limit: null, below: false });
    expect(look(1, point(2), point(0, false))).toMatchObject({ limit: true, level: 'suspect', below: false });
    expect(look(1)).toMatchObject({ all: 0, limit: null, below: null });
  });
});
