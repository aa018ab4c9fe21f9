// One look at what is counted, at its edges: beyond the limit or not, how sure that is, what cannot be told.
import { describe, expect, test } from 'vitest';
import {
  compileRule,
  lookAtComparison,
  lookAtCount,
  lookAtDistinct,
  lookAtQuantile,
  lookAtRate,
  lookAtRatio,
  withSum,
} from '../../src/domain/condition.ts';
import type { SignalKind } from '../../src/domain/signal.ts';
import { ERRORS, LATENCY, QUEUE, REQUESTS, SILENCE, trigger } from '../flows/detect-rules.ts';
import { type Breach, COUNT, counts, EVENT, MINUTE, rule, SLOW } from './kinds-of-rules.ts';

describe('a compiled rule', () => {
  test('of a share has a table of bad events for each level', () => {
    for (const kind of [ERRORS, SLOW]) {
      const { limit, inverse, overMs, stillMs, forMs, suspect, act } = rule(kind, { above: 0.02 });
      expect({ limit, inverse, overMs, stillMs, forMs }).toEqual({
        limit: 0.02,
        inverse: false,
        overMs: MINUTE,
        stillMs: 5_000,
        forMs: 1_000,
      });
      expect([suspect?.critical(100), act?.critical(100)]).toEqual([8, 11]);
    }
  });

  test('of a share that is too low counts the others', () => {
    const { limit, inverse, suspect, act } = rule(ERRORS, { below: 0.95 });
    expect(inverse).toBe(true);
    expect(limit).toBeCloseTo(0.05, 12);
    expect([suspect?.critical(100), act?.critical(100)]).toEqual([14, 17]);
  });

  test('of a rate expects what the window holds at the limit', () => {
    const critical = (over: number, breach: Breach) => {
      const { suspect, act } = rule(REQUESTS, { overMs: over * MINUTE, ...breach });
      return [suspect?.critical(1), act?.critical(9)];
    };
    expect([critical(1, { above: 10 }), critical(5, { above: 10 })]).toEqual([
      [22, 27],
      [74, 84],
    ]);
    expect([critical(1, { below: 3 }), critical(2, { below: 10 })]).toEqual([
      [-1, -1],
      [7, 3],
    ]);
  });

  test('of a count expects the limit itself, however long the window is', () => {
    for (const kind of [COUNT, EVENT]) {
      const { suspect, act, limit } = rule(kind, { above: 10, overMs: 7 * MINUTE });
      expect([limit, suspect?.critical(1), act?.critical(1)]).toEqual([10, 22, 27]);
    }
  });

  test('has no table where nothing is counted, nor where it compares', () => {
    const vs = { with: 'others', times: 2, least: 5 } as const;
    for (const one of [
      rule(QUEUE, { above: 5 }),
      rule(LATENCY, { above: 5 }),
      rule(SILENCE, {}),
      rule(ERRORS, { vs }),
      rule(REQUESTS, { vs }),
    ])
      expect([one.suspect, one.act]).toEqual([null, null]);
    expect(rule(QUEUE, { below: 5 })).toMatchObject({ inverse: true, limit: 5 });
    expect(rule(QUEUE, { above: 5, below: 2 })).toMatchObject({ inverse: false, limit: 5 });
  });

  test('without a breach has the window of its rearm time and no hold', () => {
    const { breach: _none, ...manual } = trigger('a', { rearmMs: 1_200 });
    const kind: SignalKind = { kind: 'manual', who: ['all'], ask: '?' };
    expect(compileRule(manual, kind)).toMatchObject({ overMs: 1_200, stillMs: 100, forMs: 0, limit: 0, inverse: false });
    expect(compileRule({ ...manual, rearmMs: 0 }, kind).overMs).toBe(1);
  });
});

describe('a share', () => {
  const over = rule(ERRORS, { above: 0.02 }, { below: 0.01, forMs: 1 });
  const look = (bad: number, all: number, still = counts(1, 1), before = false) => lookAtRatio(over, counts(bad, all), still, before);

  test('is beyond the limit when it is more, not when it is equal', () => {
    expect([look(2, 100).limit, look(3, 100).limit, look(20, 1_000).limit, look(21, 1_000).limit]).toEqual([false, true, false, true]);
  });

  test('is sure by the table: the first number of bad events of each level', () => {
    expect([7, 8, 10, 11].map((bad) => look(bad, 100).level)).toEqual(['none', 'suspect', 'suspect', 'act']);
    expect(look(2, 100).level).toBe('none');
  });

  test('must be beyond in the short window, too, which keeps its last answer while it is empty', () => {
    expect(look(50, 100, counts(1, 50))).toMatchObject({ limit: false, still: false, level: 'none' });
    expect(look(50, 100, counts(2, 50))).toMatchObject({ limit: true, still: true, level: 'act' });
    expect(look(50, 100, counts(0, 0), true)).toMatchObject({ limit: true, still: true });
    expect(look(50, 100, counts(0, 0), false)).toMatchObject({ limit: false, still: false });
    expect(look(50, 100, counts(0, 9), true)).toMatchObject({ limit: false, still: false });
  });

  test('of nothing cannot be told', () => {
    expect(look(0, 0, counts(0, 0), true)).toEqual({ value: null, bad: 0, all: 0, limit: null, level: 'none', below: null, still: true });
    expect(look(3, 0)).toMatchObject({ value: null, bad: 3, all: 0, limit: null });
  });

  test('is never more than everything', () => {
    expect(look(7, 5, counts(9, 5))).toMatchObject({ value: 1, bad: 5, all: 5, limit: true, still: true });
    const low = rule(ERRORS, { below: 0.5 });
    expect(lookAtRatio(low, counts(7, 5), counts(9, 5), false)).toMatchObject({ value: 1, limit: false, still: false });
  });

  test('that is too low is judged by the events that are missing from it', () => {
    const low = rule(ERRORS, { below: 0.95 });
    const at = (bad: number) => lookAtRatio(low, counts(bad, 100), counts(bad, 100), false);
    expect([at(96), at(94), at(87), at(86), at(83)].map(({ limit, level }) => [limit, level])).toEqual([
      [false, 'none'],
      [true, 'none'],
      [true, 'none'],
      [true, 'suspect'],
      [true, 'act'],
    ]);
  });

  test('is clear below the clear limit, not at it', () => {
    expect([look(0, 100).below, look(1, 100).below, look(2, 100).below]).toEqual([true, false, false]);
  });
});

describe('a rate', () => {
  const over = rule(REQUESTS, { above: 10, overMs: 2 * MINUTE, stillMs: 6_000 }, { below: 8, forMs: 1 });
  const look = (all: number, still: number) => lookAtRate(over, counts(0, all), counts(0, still));

  test('is told a minute, of both windows, and must be more than the limit in both', () => {
    expect(look(30, 2)).toMatchObject({ value: 15, bad: 30, all: 30, limit: true, still: true });
    expect(look(20, 2)).toMatchObject({ value: 10, limit: false, still: true, level: 'none' });
    expect(look(30, 1)).toMatchObject({ limit: false, still: false, level: 'none' });
  });

  test('is sure by the Poisson table of its window', () => {
    const { suspect, act } = over;
    const first = [suspect?.critical(0) ?? 0, act?.critical(0) ?? 0];
    expect(first.flatMap((n) => [look(n - 1, 9).level, look(n, 9).level])).toEqual(['none', 'suspect', 'suspect', 'act']);
  });

  test('of no event is 0, because the source is alive', () => {
    expect(look(0, 0)).toMatchObject({ value: 0, limit: false, below: true });
    expect([look(15, 0).below, look(16, 0).below]).toEqual([true, false]);
  });

  test('that is too low is sure by the low end of the table', () => {
    const low = rule(REQUESTS, { below: 10, overMs: 2 * MINUTE, stillMs: 6_000 }, { above: 12, forMs: 1 });
    const at = (all: number, still = 0) => lookAtRate(low, counts(0, all), counts(0, still));
    expect([at(20), at(19), at(8), at(7), at(4), at(3)].map(({ limit, level }) => [limit, level])).toEqual([
      [false, 'none'],
      [true, 'none'],
      [true, 'none'],
      [true, 'suspect'],
      [true, 'suspect'],
      [true, 'act'],
    ]);
    expect(at(3, 1)).toMatchObject({ limit: false, still: false, level: 'none' });
    expect([at(24).below, at(25).below]).toEqual([false, true]);
  });

  test('that is too low is never sure where even silence is likely', () => {
    const rare = rule(REQUESTS, { below: 3 });
    expect(lookAtRate(rare, counts(0, 0), counts(0, 0))).toMatchObject({ limit: true, level: 'none' });
  });
});

describe('a comparison', () => {
  const others = rule(ERRORS, { vs: { with: 'others', times: 3, least: 10 } }, { below: 0.01, forMs: 1 });
  const base = counts(10, 10_000);

  test('is beyond its baseline in the window and in the short window, which needs one event only', () => {
    const windows = (still: ReturnType<typeof counts>) => ({ over: counts(50, 1_000), still });
    expect(lookAtComparison(others, windows(counts(1, 10)), base, false)).toMatchObject({
      value: 0.05,
      bad: 50,
      all: 1_000,
      limit: true,
      level: 'act',
      below: false,
      still: true,
      compared: { bad: 10, all: 10_000 },
    });
    expect(lookAtComparison(others, windows(counts(0, 10)), base, true)).toMatchObject({ limit: false, level: 'none', still: false });
    expect(lookAtComparison(others, windows(counts(0, 0)), base, true)).toMatchObject({ limit: true, still: true });
    expect(lookAtComparison(others, windows(counts(0, 0)), base, false)).toMatchObject({ limit: false, level: 'none', still: false });
  });

  test('needs as many bad events as the rule says', () => {
    const at = (bad: number) => lookAtComparison(others, { over: counts(bad, 100), still: counts(1, 1) }, base, false).limit;
    expect([at(9), at(10)]).toEqual([false, true]);
  });

  test('cannot be told without a baseline or without traffic, and keeps what the short window said', () => {
    const window = { over: counts(5, 1_000), still: counts(1, 1) };
    expect(lookAtComparison(others, window, null, true)).toEqual({
      value: 0.005,
      bad: 5,
      all: 1_000,
      below: true,
      limit: null,
      level: 'none',
      still: true,
    });
    expect(lookAtComparison(others, { over: counts(0, 0), still: counts(0, 0) }, base, false)).toMatchObject({
      value: null,
      limit: null,
      below: null,
      still: false,
    });
    expect(lookAtComparison(others, window, counts(0, 0), false)).toMatchObject({ limit: null, level: 'none' });
  });

  test('of a rate takes the time before into account', () => {
    const before = rule(
      REQUESTS,
      { overMs: 5 * MINUTE, stillMs: 25_000, vs: { with: { beforeMs: 60 * MINUTE }, times: 2, least: 10 } },
      { below: 3, forMs: 1 },
    );
    const look = (all: number, still: number, was: number) =>
      lookAtComparison(before, { over: counts(0, all), still: counts(0, still) }, counts(0, was), true);
    expect(look(40, 4, 60)).toMatchObject({ value: 8, bad: 40, all: 40, limit: true, level: 'act', still: true, below: false });
    expect(look(40, 0, 60)).toMatchObject({ limit: false, still: false, level: 'none' });
    expect(look(10, 4, 60)).toMatchObject({ value: 2, limit: false, below: true });
    expect(look(0, 0, 60)).toMatchObject({ value: 0, limit: false, below: true, still: false });
  });
});

describe('a count', () => {
  const over = rule(COUNT, { above: 3 }, { below: 2, forMs: 1 });

  test('beyond what people wanted is always worth a question, and an act when chance does not explain it', () => {
    const act = over.act?.critical(0) ?? 0;
    expect([3, 4, act - 1, act].map((n) => lookAtCount(over, counts(0, n)).level)).toEqual(['none', 'suspect', 'suspect', 'act']);
    expect(lookAtCount(over, counts(0, 4))).toMatchObject({ value: 4, bad: 4, all: 4, limit: true, still: true, below: false });
    expect(lookAtCount(over, counts(9, 3))).toMatchObject({ limit: false, still: false });
    expect([lookAtCount(over, counts(0, 1)).below, lookAtCount(over, counts(0, 2)).below]).toEqual([true, false]);
  });

  test('of events that must never happen is sure with the first one', () => {
    expect(lookAtCount(rule(EVENT, { above: 0 }), counts(0, 1))).toMatchObject({ limit: true, level: 'act' });
    expect(lookAtCount(rule(EVENT, { above: 0 }), counts(0, 0))).toMatchObject({ limit: false, level: 'none', below: true });
  });

  test('that is too small is judged from below', () => {
    const low = rule(COUNT, { below: 20 });
    expect([20, 19, 8, 3].map((n) => lookAtCount(low, counts(0, n))).map(({ limit, level }) => [limit, level])).toEqual([
      [false, 'none'],
      [true, 'suspect'],
      [true, 'suspect'],
      [true, 'act'],
    ]);
  });
});

describe('different values', () => {
  test('are worth a question when they are more than people wanted, or fewer, and never an act', () => {
    const distinct: SignalKind = { kind: 'distinct', of: { name: 'a', labels: [] }, label: 'user' };
    const over = rule(distinct, { above: 3 });
    expect(lookAtDistinct(over, 4)).toEqual({ value: 4, bad: 4, all: 4, limit: true, level: 'suspect', below: false, still: true });
    expect(lookAtDistinct(over, 3)).toMatchObject({ limit: false, level: 'none', below: true, still: false });
    expect([lookAtDistinct(rule(distinct, { below: 3 }), 3).limit, lookAtDistinct(rule(distinct, { below: 3 }), 2).limit]).toEqual([
      false,
      true,
    ]);
  });
});

describe('a running sum', () => {
  const share = rule(ERRORS, { above: 0.02 });
  const mild = lookAtRatio(share, counts(3, 100), counts(1, 1), false);
  const running = (sum: number, enough: number | null) => ({
    sum,
    bad: 3,
    all: 1_000,
    since: 0,
    expected: enough === null ? null : { usual: 0.005, enough },
    expectedOf: 1_000,
  });

  test('that is enough makes a question of what is beyond the limit and may be chance', () => {
    expect(withSum(mild, running(9, 9))).toEqual({ ...mild, level: 'suspect', early: { usual: 0.005 } });
    for (const sum of [running(8.9, 9), running(9, null), null]) expect(withSum(mild, sum)).toBe(mild);
  });

  test('changes nothing of what is not beyond the limit, or sure already', () => {
    for (const [bad, level] of [
      [2, 'none'],
      [8, 'suspect'],
      [11, 'act'],
    ] as const) {
      const look = lookAtRatio(share, counts(bad, 100), counts(1, 1), false);
      expect([withSum(look, running(9, 9)) === look, look.level]).toEqual([true, level]);
    }
  });
});

describe('a quantile', () => {
  const q = rule({ kind: 'quantile', of: { name: 'a', labels: [] }, q: 0.9 }, { above: 0.5 });
  const look = (bad: number, all: number, value: number | null) =>
    lookAtQuantile(q, { over: counts(bad, all), still: counts(bad, all) }, { stillBefore: false, value });

  test('is beyond its limit when more events than the rest are above it, and is told as itself', () => {
    expect(q.limit).toBeCloseTo(0.1, 12);
    expect(look(10, 101, 0.49)).toMatchObject({ value: 0.49, limit: false, below: true });
    expect(look(40, 100, 0.9)).toMatchObject({ value: 0.9, bad: 40, all: 100, limit: true, level: 'act', below: false });
    expect([look(10, 100, 0.5).below, look(10, 100, 0.51).below]).toEqual([true, false]);
  });

  test('without events cannot be told', () => {
    expect(look(0, 0, 0.3)).toMatchObject({ value: null, limit: null, below: null });
    expect(look(0, 5, null)).toMatchObject({ value: null, limit: false, below: null });
  });
});
