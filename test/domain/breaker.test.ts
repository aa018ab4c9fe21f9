// The breaker of an intake: from tables, and from any run of answers against a reference that keeps the whole history and counts it anew.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Answer,
  type Breaker,
  type BreakerSpec,
  breakerAfter,
  breakerAt,
  CLOSED,
  restOf,
  retryAfterOf,
} from '../../src/domain/breaker.ts';

const SPEC: BreakerSpec = { on: [429, 503, 'timeout'], opensAfter: 5, retryAfterMs: 900_000, closesAfterMs: 30_000 };
const said = (status: number | null, retryAfterMs = 0): Answer => ({ status, retryAfterMs });
const breakerOf = (answers: readonly Answer[], from: Breaker = CLOSED, everyMs = 1_000): Breaker =>
  answers.reduce((breaker, answer, n) => breakerAfter(breaker, answer, SPEC, n * everyMs), from);

describe('a breaker', () => {
  test('opens after five failures in a row of the kinds that it watches, and rests for a quarter of an hour from the last', () => {
    expect(breakerOf([said(429), said(503), said(null), said(503)])).toMatchObject({ state: 'closed', failures: 4 });
    const open = breakerOf([said(429), said(503), said(null), said(503), said(429)]);
    expect(open).toEqual({ state: 'open', failures: 5, since: 4_000, at: 4_000, notBefore: 904_000 });
    expect([restOf(open, 4_000), restOf(open, 903_999), restOf(open, 904_000)]).toEqual([900_000, 1, 0]);
  });

  test('forgets its failures at a success, and at nothing else', () => {
    const four = [said(503), said(503), said(503), said(503)];
    expect(breakerOf([...four, said(200), said(503)])).toMatchObject({ state: 'closed', failures: 1 });
    expect(breakerOf([...four, said(400), said(500), said(404), said(503)])).toMatchObject({ state: 'open' });
  });

  test('is not opened by messages that are wrong, however many', () => {
    expect(breakerOf(Array.from({ length: 500 }, (_, n) => said([400, 422, 413][n % 3] ?? 400)))).toBe(CLOSED);
  });

  test('is half-open after one success, and closed after thirty seconds without a failure', () => {
    const open = breakerOf([said(503), said(503), said(503), said(503), said(503)]);
    const half = breakerAfter(open, said(202), SPEC, 904_000);
    expect([half.state, restOf(half, 904_000)]).toEqual(['half-open', 0]);
    expect(breakerAt(half, SPEC, 933_999)).toBe(half);
    expect(breakerAt(half, SPEC, 934_000)).toBe(CLOSED);
    expect(breakerAfter(half, said(503), SPEC, 933_999)).toMatchObject({ state: 'open', since: 933_999, notBefore: 1_833_999 });
    expect(breakerAfter(half, said(503), SPEC, 934_000)).toMatchObject({ state: 'closed', failures: 1 });
  });

  test('stays open since it opened when the one try fails, and rests anew', () => {
    const open = breakerOf([said(503), said(503), said(503), said(503), said(503)]);
    expect(breakerAfter(open, said(null), SPEC, 904_000)).toMatchObject({ since: 4_000, at: 904_000, notBefore: 1_804_000 });
  });

  test('keeps what its receiver asks for where that is longer, and an hour at most', () => {
    expect(restOf(breakerOf([said(429, 20_000)]), 0)).toBe(20_000);
    const four = [said(503), said(503), said(503), said(503)];
    expect(restOf(breakerOf([...four, said(429, 1_200_000)]), 4_000)).toBe(1_200_000);
    expect(restOf(breakerOf([...four, said(429, 60_000)]), 4_000)).toBe(900_000);
    expect(restOf(breakerOf([...four, said(429, 86_400_000)]), 4_000)).toBe(3_600_000);
  });

  test('does not wait for ever when the clock of the machine was set back', () => {
    const open = breakerOf([said(503), said(503), said(503), said(503), said(503)]);
    expect(restOf(open, 3_999)).toBe(0);
  });
});

describe('a Retry-After', () => {
  test.each([
    ['120', 120_000],
    [' 7 ', 7_000],
    ['Sun, 01 Mar 2026 12:02:00 GMT', 0],
    ['-5', 0],
    ['1.5', 0],
    ['soon', 0],
    [undefined, 0],
  ])('of %j means %i ms', (header, ms) => {
    expect(retryAfterOf(header)).toBe(ms);
  });

  test('of any text is a time that is not below nothing', () => {
    fc.assert(
      fc.property(fc.string(), (header) => {
        const ms = retryAfterOf(header);
        return Number.isFinite(ms) && ms >= 0;
      }),
      { numRuns: 10_000 },
    );
  });
});

interface Heard extends Answer {
  readonly at: number;
}

/** Counts the whole history anew: no state but what was heard. */
function reference(
  history: readonly Heard[],
  now: number,
  spec: BreakerSpec,
): { readonly state: Breaker['state']; readonly restMs: number } {
  let state: Breaker['state'] = 'closed';
  let row = 0;
  let successAt = 0;
  let until = 0;
  const pass = (time: number): void => {
    if (state !== 'half-open' || time < successAt + spec.closesAfterMs) return;
    [state, row, until] = ['closed', 0, 0];
  };
  for (const { status, retryAfterMs, at } of history) {
    pass(at);
    const good = status !== null && status < 300;
    const bad = status === null ? spec.on.includes('timeout') : spec.on.includes(status);
    if (good && state === 'open') [state, successAt] = ['half-open', at];
    if (good) [row, until] = [0, 0];
    if (!bad) continue;
    row += 1;
    const opens = state !== 'closed' || row === spec.opensAfter;
    if (opens) state = 'open';
    until = at + Math.max(opens ? spec.retryAfterMs : 0, Math.min(retryAfterMs, 3_600_000));
  }
  pass(now);
  return { state, restMs: Math.max(0, until - now) };
}

test('whatever is answered, and whenever, the breaker is as a count of the whole history has it', () => {
  const spec = fc.record({
    on: fc.subarray<BreakerSpec['on'][number]>([429, 500, 503, 'timeout'], { minLength: 1 }),
    opensAfter: fc.integer({ min: 1, max: 6 }),
    retryAfterMs: fc.integer({ min: 1, max: 100_000 }),
    closesAfterMs: fc.integer({ min: 1, max: 60_000 }),
  });
  const answer = fc.record({
    status: fc.constantFrom(200, 204, 400, 404, 429, 429, 500, 503, 503, null),
    retryAfterMs: fc.constantFrom(0, 0, 0, 20_000, 9_000_000),
    afterMs: fc.integer({ min: 0, max: 50_000 }),
  });
  fc.assert(
    fc.property(spec, fc.array(answer, { maxLength: 40 }), fc.integer({ min: 0, max: 200_000 }), (own, answers, laterMs) => {
      let now = 0;
      let breaker: Breaker = CLOSED;
      const history: Heard[] = [];
      for (const { status, retryAfterMs, afterMs } of answers) {
        now += afterMs;
        // It is tried when it may be, as the line does; what is kept is read back as it was written.
        now += restOf(breaker, now);
        breaker = breakerAfter(JSON.parse(JSON.stringify(breaker)) as Breaker, { status, retryAfterMs }, own, now);
        history.push({ status, retryAfterMs, at: now });
        const counted = reference(history, now, own);
        if (breaker.state !== counted.state || restOf(breaker, now) !== counted.restMs) return false;
      }
      const later = breakerAt(breaker, own, now + laterMs);
      const counted = reference(history, now + laterMs, own);
      return later.state === counted.state && restOf(later, now + laterMs) === counted.restMs;
    }),
    { numRuns: 2_000 },
  );
});
