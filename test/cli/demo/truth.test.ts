// The brute-force judge: its tail against known values, its truth against stories that can be counted by hand.
import { describe, expect, it } from 'vitest';
import type { Served } from '../../../src/cli/demo/log-lines.ts';
import { firstTruth, tail } from '../../../src/cli/demo/truth.ts';

const RULE = { breach: { above: 0.02, overMs: 10_000, stillMs: 2_000, forMs: 0 }, evidence: { suspect: 1e-3, act: 1e-5 } };

/** c(n): the smallest number of failures that is significant, for n = 2, 3, 4, 5, 8, 10, 20, 50, 100, 200, 500, 1000, 2000; 0: none is. */
const SIZES = [2, 3, 4, 5, 8, 10, 20, 50, 100, 200, 500, 1000, 2000];
const KNOWN = [
  { p: 0.02, alpha: 1e-3, needs: [2, 3, 3, 3, 3, 3, 4, 6, 8, 12, 22, 36, 62] },
  { p: 0.02, alpha: 1e-5, needs: [0, 3, 4, 4, 5, 5, 6, 8, 11, 16, 27, 42, 70] },
  { p: 0.02, alpha: 1e-7, needs: [0, 0, 0, 5, 6, 6, 7, 10, 14, 19, 31, 48, 77] },
  { p: 0.01, alpha: 1e-5, needs: [0, 3, 3, 3, 4, 4, 5, 7, 8, 11, 18, 27, 43] },
  { p: 0.05, alpha: 1e-5, needs: [0, 0, 4, 5, 6, 6, 8, 12, 17, 26, 49, 83, 145] },
];

/** One request of `org` every `everyMs` from `from` on; those for which `fails` holds answer 500. */
function traffic(o: {
  readonly from: number;
  readonly count: number;
  readonly everyMs: number;
  readonly org?: string;
  readonly fails?: (i: number) => boolean;
}): Served[] {
  return Array.from({ length: o.count }, (_, i) => ({
    t: o.from + i * o.everyMs,
    n: i,
    org: o.org ?? 'acme',
    release: 'v1.1.0',
    flow: 'stable',
    status: (o.fails?.(i) ?? false) ? 500 : 200,
  }));
}

describe('the tail of the binomial', () => {
  it.each(KNOWN)('gives the known thresholds at $p and $alpha', ({ p, alpha, needs }) => {
    const least = SIZES.map((n) => Array.from({ length: n }, (_, k) => k + 1).find((bad) => tail(bad, n, p) < alpha) ?? 0);
    expect(least).toEqual(needs);
  });

  it('is one for no failure and the product for all of them', () => {
    expect(tail(0, 10, 0.02)).toBe(1);
    expect(tail(3, 3, 0.02)).toBeCloseTo(8e-6, 12);
  });
});

describe('the first truth', () => {
  it('is the failure that makes it significant', () => {
    const good = traffic({ from: 0, count: 200, everyMs: 50 });
    const bad = traffic({ from: 10_000, count: 40, everyMs: 50, fails: (i) => i % 2 === 1 });
    // 200 requests in the window: 16 failures are needed; the 16th is the 32nd of the bad ones.
    expect(firstTruth([...good, ...bad], 'acme', RULE)).toBe(10_000 + 31 * 50);
  });

  it('never comes for an organization that is well, or for thin evidence', () => {
    expect(firstTruth(traffic({ from: 0, count: 500, everyMs: 50, fails: (i) => i % 100 === 0 }), 'acme', RULE)).toBeNull();
    expect(firstTruth(traffic({ from: 0, count: 2, everyMs: 50, fails: () => true }), 'acme', RULE)).toBeNull();
    expect(firstTruth(traffic({ from: 0, count: 300, everyMs: 10, org: 'globex', fails: () => true }), 'acme', RULE)).toBeNull();
  });

  it('needs the failures to be still there', () => {
    const bad = traffic({ from: 0, count: 2, everyMs: 10, fails: () => true });
    const good = traffic({ from: 2_100, count: 1, everyMs: 10 });
    // The third failure makes it significant over ten seconds; of the last two seconds it is the only one, and enough.
    const third = traffic({ from: 5_000, count: 1, everyMs: 10, fails: () => true });
    expect(firstTruth([...bad, ...good], 'acme', RULE)).toBeNull();
    expect(firstTruth([...bad, ...third], 'acme', RULE)).toBe(5_000);
  });

  it('waits for the hold without a break', () => {
    const rule = { ...RULE, breach: { ...RULE.breach, forMs: 3_000 } };
    const bad = traffic({ from: 0, count: 100, everyMs: 50, fails: () => true });
    expect(firstTruth(bad, 'acme', rule)).toBe(3_000);
    const short = traffic({ from: 0, count: 20, everyMs: 50, fails: () => true });
    expect(firstTruth([...short, ...traffic({ from: 1_000, count: 400, everyMs: 5 })], 'acme', rule)).toBeNull();
  });
});
