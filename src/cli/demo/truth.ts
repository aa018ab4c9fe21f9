// When a rule truly held, worked out from every single answered request. It shares no code with detection: it is what detection is
// measured against. Pure: requests in, an instant out.
import type { Instant } from '../../domain/json.ts';
import type { TriggerRule } from '../../domain/trigger.ts';
import type { Served } from './log-lines.ts';

type Rule = Pick<TriggerRule, 'breach' | 'evidence'>;

/** The first instant at which the rule held for one organization, with evidence to act on; null when it never did. */
export function firstTruth(served: readonly Served[], org: string, rule: Rule): Instant | null {
  const { above, overMs, stillMs, forMs } = rule.breach ?? {};
  if (above === undefined || overMs === undefined || stillMs === undefined || forMs === undefined) return null;
  const series = seriesOf(served.filter((one) => one.org === org));
  let since: Instant | null = null;
  for (const at of instants(series.times, [overMs, stillMs, forMs])) {
    const over = countIn(series, at - overMs, at);
    const still = countIn(series, at - stillMs, at);
    const holds = over.bad > above * over.all && still.bad > above * still.all;
    since = holds ? (since ?? at) : null;
    if (since !== null && at - since >= forMs && tail(over.bad, over.all, above) < rule.evidence.act) return at;
  }
  return null;
}

interface Series {
  readonly times: readonly Instant[];
  /** Failures among the first i requests. */
  readonly badBefore: readonly number[];
}

function seriesOf(served: readonly Served[]): Series {
  const sorted = served.toSorted((a, b) => a.t - b.t);
  const badBefore = [0];
  for (const [index, one] of sorted.entries()) badBefore.push((badBefore[index] ?? 0) + (one.status >= 500 ? 1 : 0));
  return { times: sorted.map((one) => one.t), badBefore };
}

/** Instants at which an answer can change: when a request comes, and when one leaves a window. */
function instants(times: readonly Instant[], windowsMs: readonly number[]): readonly Instant[] {
  const all = new Set(times.flatMap((t) => [t, ...windowsMs.map((ms) => t + ms)]));
  const last = times.at(-1) ?? 0;
  return [...all].filter((t) => t <= last).sort((a, b) => a - b);
}

/** After `from`, up to and with `to`. */
function countIn({ times, badBefore }: Series, from: Instant, to: Instant): { readonly bad: number; readonly all: number } {
  const [low, high] = [upTo(times, from), upTo(times, to)];
  return { bad: (badBefore[high] ?? 0) - (badBefore[low] ?? 0), all: high - low };
}

/** How many are not later than `t`. */
function upTo(times: readonly Instant[], t: Instant): number {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((times[middle] ?? 0) <= t) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** P(X ≥ bad) for `all` requests that fail with probability `p` each, term by term. */
export function tail(bad: number, all: number, p: number): number {
  if (bad <= 0) return 1;
  let sum = 0;
  // ln of C(all, k)·p^k·(1-p)^(all-k), from one k to the next.
  let term = all * Math.log1p(-p);
  for (let k = 1; k <= all; k += 1) {
    term += Math.log((all - k + 1) / k) + Math.log(p) - Math.log1p(-p);
    if (k >= bad) sum += Math.exp(term);
  }
  return Math.min(1, sum);
}
