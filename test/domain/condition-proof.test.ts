// The clear limit, the chance of what was seen, and the proof that it is over.
import { describe, expect, test } from 'vitest';
import { chanceOf, isProven, lookAtGauge, lookAtRatio, provenBound } from '../../src/domain/condition.ts';
import { binomialTail, countUpper, poissonHead, poissonTail, shareUpper } from '../../src/domain/evidence-test.ts';
import type { SignalKind } from '../../src/domain/signal.ts';
import type { TriggerRule } from '../../src/domain/trigger.ts';
import { ERRORS, LATENCY, QUEUE, REQUESTS, SILENCE } from '../flows/detect-rules.ts';
import { AGE, ALL_OF, type Breach, COUNT, counts, EVENT, MINUTE, OF, PROBE, rule, SLOW } from './kinds-of-rules.ts';

describe('the clear limit', () => {
  const below = (kind: SignalKind, breach: Breach, clear: TriggerRule['clear'] | null, value: number) =>
    lookAtGauge(rule(kind, breach, clear), [{ sum: value * MINUTE, all: MINUTE }], [], false).below;

  test('may have two sides, and is kept between them', () => {
    const clear = { above: 2, below: 4, forMs: 1 };
    expect([1.9, 2, 2.1, 3.9, 4].map((value) => below(QUEUE, { above: 5 }, clear, value))).toEqual([false, false, true, true, false]);
  });

  test('of a trigger that never clears is not there', () => {
    expect(below(QUEUE, { above: 5 }, null, 0)).toBeNull();
  });

  test('that is not written is the limit of the breach, whatever its unit is', () => {
    const share = (good: number) => lookAtRatio(rule(ERRORS, { below: 0.75 }), counts(good, 100), counts(0, 0), false).below;
    expect([share(74), share(75), share(76)]).toEqual([false, true, true]);
    expect([below(QUEUE, { below: 0.25 }, undefined, 0.2), below(QUEUE, { below: 0.25 }, undefined, 0.25)]).toEqual([false, true]);
  });
});

describe('the chance of what was seen', () => {
  const seen = (value: number | null, bad: number, all: number) =>
    ({ value, bad, all, limit: true, level: 'none', below: null, still: true }) as const;

  test('is the tail of the distribution of the kind, from the side that is bad', () => {
    expect(chanceOf(rule(ERRORS, { above: 0.02 }), seen(0.08, 8, 100))).toBe(binomialTail(8, 100, 0.02));
    expect(chanceOf(rule(ERRORS, { below: 0.95 }), seen(0.9, 90, 100))).toBe(binomialTail(10, 100, 1 - 0.95));
    expect(chanceOf(rule(REQUESTS, { above: 10, overMs: 2 * MINUTE }), seen(15, 30, 30))).toBe(poissonTail(30, 20));
    expect(chanceOf(rule(REQUESTS, { below: 10, overMs: 2 * MINUTE }), seen(2, 4, 4))).toBe(poissonHead(4, 20));
    expect(chanceOf(rule(COUNT, { above: 3 }), seen(9, 9, 9))).toBe(poissonTail(9, 3));
    expect(chanceOf(rule(EVENT, { above: 0 }), seen(1, 1, 1))).toBe(0);
  });

  test('is that of the difference where things are compared', () => {
    expect(chanceOf(rule(ERRORS, { above: 0.02 }), { ...seen(0.08, 8, 100), compared: { bad: 1, all: 2, chance: 0.25 } })).toBe(0.25);
  });

  test('is unknown without data, and where the kind has no such test', () => {
    expect(chanceOf(rule(ERRORS, { above: 0.02 }), seen(null, 0, 0))).toBeNull();
    expect(chanceOf(rule(REQUESTS, { above: 10 }), seen(null, 0, 0))).toBeNull();
    expect(chanceOf(rule(QUEUE, { above: 10 }), seen(12, 0, 100))).toBeNull();
  });
});

describe('the proof that it is over', () => {
  const clean = (bad: number, all: number, ms = MINUTE) => ({ bad, all, ms });

  test('of a share is the traffic that its limit would not have let pass', () => {
    const share = rule(ERRORS, { above: 0.02 });
    expect([clean(0, 148), clean(0, 149), clean(1, 235), clean(1, 236), clean(0, 0)].map((one) => isProven(share, one, 1))).toEqual([
      false,
      true,
      false,
      true,
      false,
    ]);
    expect([isProven(rule(SLOW, { above: 0.02 }), clean(0, 148), 1), isProven(rule(SLOW, { above: 0.02 }), clean(0, 149), 1)]).toEqual([
      false,
      true,
    ]);
  });

  test('of a share that was too low counts the others', () => {
    const low = rule(ERRORS, { below: 0.98 });
    expect([clean(148, 148), clean(149, 149), clean(0, 149)].map((one) => isProven(low, one, 1))).toEqual([false, true, false]);
  });

  test('of a rate is the time in which more should have come', () => {
    const rate = rule(REQUESTS, { above: 10 });
    // e^-10 · Σ 10^i/i! is 0.0293 for 4 and 0.0671 for 5.
    expect([clean(0, 4), clean(0, 5), clean(0, 0, 0), clean(0, 0, 1)].map((one) => isProven(rate, one, 1))).toEqual([
      true,
      false,
      false,
      false,
    ]);
    expect([isProven(rate, clean(0, 5, 2 * MINUTE), 1), isProven(rule(REQUESTS, { below: 10 }), clean(0, 500), 1)]).toEqual([true, true]);
  });

  test('of a comparison is that of its clear limit', () => {
    const vs = { with: 'others', times: 3, least: 10 } as const;
    const shares = rule(ERRORS, { vs }, { below: 0.02, forMs: 1 });
    expect([isProven(shares, clean(0, 148), 1), isProven(shares, clean(0, 149), 1)]).toEqual([false, true]);
    const rates = rule(REQUESTS, { vs: { ...vs, with: { beforeMs: MINUTE } } }, { below: 10, forMs: 1 });
    expect([isProven(rates, clean(0, 4), 1), isProven(rates, clean(0, 5), 1)]).toEqual([true, false]);
  });

  test('of counts, events and members lies in themselves, of others in one answer, of a probe in so many', () => {
    for (const kind of [COUNT, EVENT, ALL_OF, { kind: 'distinct', of: OF, label: 'user' } as const])
      expect(isProven(rule(kind, { above: 0 }), clean(0, 0), 1)).toBe(true);
    for (const kind of [QUEUE, LATENCY, SILENCE, AGE]) {
      expect(isProven(rule(kind, { above: 0 }), clean(0, 0), 3)).toBe(false);
      expect(isProven(rule(kind, { above: 0 }), clean(0, 1), 3)).toBe(true);
    }
    expect([isProven(rule(PROBE, {}), clean(0, 2), 3), isProven(rule(PROBE, {}), clean(0, 3), 3)]).toEqual([false, true]);
    expect([isProven(rule(REQUESTS, { below: 5 }), clean(0, 0), 1), isProven(rule(REQUESTS, { below: 5 }), clean(0, 1), 1)]).toEqual([
      false,
      true,
    ]);
  });

  test('is told as a bound for shares and rates', () => {
    expect(provenBound(rule(ERRORS, { above: 0.02 }), clean(1, 400))).toBe(shareUpper(1, 400));
    expect(provenBound(rule(REQUESTS, { above: 10 }), clean(0, 4, 30_000))).toBe(2 * countUpper(4));
    const quantile = rule({ kind: 'quantile', of: OF, q: 0.9 }, { above: 0.5 });
    for (const one of [rule(QUEUE, { above: 1 }), rule(ERRORS, { below: 0.9 }), rule(REQUESTS, { below: 9 }), quantile])
      expect(provenBound(one, clean(1, 400))).toBeUndefined();
  });
});
