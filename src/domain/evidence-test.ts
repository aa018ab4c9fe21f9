// How sure are we? Exact tests on counts: tails, critical values, intervals and comparisons. Design: α is per look, not per day.
// It knows no window, no time and no trigger: counts in, probabilities out.
import { incompleteBeta, lnGamma, lowerGamma, normalQuantile, solveFalling } from './special-functions.ts';

/** P(X ≥ k) for X ~ Binomial(n, p). */
export function binomialTail(k: number, n: number, p: number): number {
  if (k <= 0) return 1;
  return k > n ? 0 : incompleteBeta(p, k, n - k + 1);
}

/** P(X ≥ k) for X ~ Poisson(mean). */
export function poissonTail(k: number, mean: number): number {
  if (k <= 0) return 1;
  return mean <= 0 ? 0 : lowerGamma(k, mean);
}

/** P(X ≤ k) for X ~ Poisson(mean). */
export function poissonHead(k: number, mean: number): number {
  if (k < 0) return 0;
  return mean <= 0 ? 1 : 1 - lowerGamma(k + 1, mean);
}

/** Above this the table of exact values ends and the expansion begins. */
const TABLE_END = 3_000;

export interface CriticalTable {
  /** Smallest number of bad events among `n` whose chance at the threshold is below α; above `n` when nothing is enough. */
  critical(n: number): number;
}

const tables = new Map<string, CriticalTable>();

/**
 * c(n) for a threshold and α: one array read a look. Above 3,000 events the normal formula with its skewness term
 * (z² − 1)(1 − 2θ)/6: without the term it lets through two to four times α at thresholds of a few percent.
 */
export function criticalTable(threshold: number, alpha: number): CriticalTable {
  const key = `${threshold}/${alpha}`;
  const known = tables.get(key);
  if (known !== undefined) return known;
  const exact = exactValues(threshold, alpha);
  const z = normalQuantile(alpha);
  const skew = ((z * z - 1) * (1 - 2 * threshold)) / 6;
  const table: CriticalTable = {
    // What must never happen says all by happening once.
    critical: (n) =>
      n <= TABLE_END || threshold <= 0
        ? (exact[Math.min(n, TABLE_END)] ?? n + 1)
        : Math.ceil(n * threshold + z * Math.sqrt(n * threshold * (1 - threshold)) + skew),
  };
  tables.set(key, table);
  return table;
}

/** c(n + 1) is c(n) or one more, so the table is one walk. */
function exactValues(threshold: number, alpha: number): Uint16Array {
  const values = new Uint16Array(TABLE_END + 1);
  let c = 1;
  for (let n = 0; n <= TABLE_END; n += 1) {
    c = Math.min(c, n + 1);
    while (c <= n && binomialTail(c, n, threshold) >= alpha) c += 1;
    values[n] = c;
  }
  return values;
}

/** Smallest count whose chance at the expected `mean` is below α. */
export function poissonCritical(mean: number, alpha: number): number {
  if (mean > EXACT_END) return Math.ceil(mean + normalQuantile(alpha) * Math.sqrt(mean) + poissonSkew(alpha));
  const start = Math.max(1, Math.floor(mean));
  return start + firstStep((step) => poissonTail(start + step, mean) < alpha);
}

/** Largest count whose chance to be this low at the expected `mean` is below α; -1 when nothing is low enough. */
export function poissonCriticalLow(mean: number, alpha: number): number {
  if (mean > EXACT_END) return Math.floor(mean - normalQuantile(alpha) * Math.sqrt(mean) + poissonSkew(alpha) - 1);
  const start = Math.ceil(mean);
  return start - firstStep((step) => start - step < 0 || poissonHead(start - step, mean) < alpha);
}

/** Above this mean the exact tail costs more than it tells: the normal formula with its skewness term gives the same counts. */
const EXACT_END = 1e6;

/** (z² − 1)/6, and the half event between two counts. */
function poissonSkew(alpha: number): number {
  const z = normalQuantile(alpha);
  return (z * z - 1) / 6 + 0.5;
}

/** Smallest step from 0 on from which on it holds: doubled until it does, then halved. */
function firstStep(holds: (step: number) => boolean): number {
  let failed = -1;
  let held = 0;
  while (!holds(held)) {
    failed = held;
    held = 2 * held + 1;
  }
  while (held - failed > 1) {
    const middle = Math.floor((held + failed) / 2);
    if (holds(middle)) held = middle;
    else failed = middle;
  }
  return held;
}

export interface Interval {
  readonly lower: number;
  readonly upper: number;
}

/** Exact two-sided 95 % interval of a share (Clopper–Pearson). */
export function shareInterval(bad: number, all: number): Interval {
  return { lower: shareLower(bad, all, 0.025), upper: shareUpper(bad, all, 0.025) };
}

/** The share that `bad` of `all` would exceed with probability `miss` only. With 0 bad of n this is 1 − miss^(1/n), about 3/n at 5 %. */
export function shareUpper(bad: number, all: number, miss = 0.05): number {
  if (bad >= all) return 1;
  if (bad <= 0) return 1 - miss ** (1 / all);
  return solveFalling((p) => 1 - binomialTail(bad + 1, all, p), miss, 0, 1);
}

function shareLower(bad: number, all: number, miss: number): number {
  if (bad <= 0 || all <= 0) return 0;
  return solveFalling((p) => 1 - binomialTail(bad, all, p), 1 - miss, 0, 1);
}

/** Exact two-sided 95 % interval of an expected count (Garwood). */
export function countInterval(count: number): Interval {
  return {
    lower: count <= 0 ? 0 : solveFalling((mean) => 1 - poissonTail(count, mean), 0.975, 0, ceilingOf(count)),
    upper: countUpper(count, 0.025),
  };
}

export function countUpper(count: number, miss = 0.05): number {
  return solveFalling((mean) => poissonHead(count, mean), miss, 0, ceilingOf(count));
}

const ceilingOf = (count: number): number => count + 20 * Math.sqrt(count + 1) + 50;

/** Clean events that prove a share below `limit` at 95 %: 149 for 2 %, 299 for 1 %, 59 for 5 %. */
export function cleanEventsToProve(limit: number): number {
  return Math.ceil(Math.log(0.05) / Math.log1p(-limit));
}

/** Student's t: probability of a mean this far above `limit` by chance, from independent values; null for fewer than two. */
export function meanAbove(values: readonly number[], limit: number): number | null {
  const { mean, error, freedom } = meanOf(values);
  if (freedom < 1) return null;
  if (error === 0) return mean > limit ? 0 : 1;
  return studentTail((mean - limit) / error, freedom);
}

/** 95 % interval of a mean over slot means; null for fewer than two. */
export function meanInterval(values: readonly number[]): Interval | null {
  const { mean, error, freedom } = meanOf(values);
  if (freedom < 1) return null;
  const t = solveFalling((x) => studentTail(x, freedom), 0.025, 0, 1_000);
  return { lower: mean - t * error, upper: mean + t * error };
}

function meanOf(values: readonly number[]): { mean: number; error: number; freedom: number } {
  const n = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / Math.max(1, n);
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, error: n < 2 ? 0 : Math.sqrt(squares / (n - 1) / n), freedom: n - 1 };
}

function studentTail(t: number, freedom: number): number {
  const half = incompleteBeta(freedom / (freedom + t * t), freedom / 2, 0.5) / 2;
  return t >= 0 ? half : 1 - half;
}

/** Exact one-sided test (Fisher) that the first share is larger than the second. */
export function sharesDiffer(
  first: { readonly bad: number; readonly all: number },
  second: { readonly bad: number; readonly all: number },
): number {
  if (first.all === 0 || second.all === 0) return 1;
  const bad = first.bad + second.bad;
  const all = first.all + second.all;
  const chanceOf = (k: number): number => Math.exp(lnChoose(first.all, k) + lnChoose(second.all, bad - k) - lnChoose(all, bad));
  // Sums begin where the terms are largest: the first term of a tail that holds nearly everything may be too small for a number.
  if (first.bad * all > bad * first.all) return upwards(first.bad, chanceOf(first.bad), { first: first.all, second: second.all, bad });
  const better = first.bad - 1;
  const lowest = Math.max(0, bad - second.all);
  if (better < lowest) return 1;
  // Seen from the other side: so few bad ones here are so many good ones.
  const good = { first: first.all, second: second.all, bad: all - bad };
  return Math.max(0, 1 - upwards(first.all - better, chanceOf(better), good));
}

/** Sum of the hypergeometric terms from `from` on, whose first one is `term`: each follows from the one before. */
function upwards(from: number, term: number, o: { readonly first: number; readonly second: number; readonly bad: number }): number {
  const top = Math.min(o.bad, o.first);
  let next = term;
  let sum = term;
  for (let k = from; k < top && next > sum * 1e-17; k += 1) {
    next *= ((o.first - k) * (o.bad - k)) / ((k + 1) * (o.second - o.bad + k + 1));
    sum += next;
  }
  return Math.min(1, sum);
}

function lnChoose(n: number, k: number): number {
  return lnGamma(n + 1) - lnGamma(k + 1) - lnGamma(n - k + 1);
}

/** Probability of silence for `silentMs` from a scope that sends `perMs` events. */
export function silenceChance(perMs: number, silentMs: number): number {
  return Math.exp(-perMs * silentMs);
}

/** Chance that the later half of a window has this many more events than the earlier one although the rate did not change. */
export function growthChance(earlier: number, later: number): number {
  return earlier + later === 0 ? 1 : binomialTail(later, earlier + later, 0.5);
}
