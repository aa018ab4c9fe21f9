// A running sum that notices a small, lasting rise sooner than any window: it falls with each good event, rises with each bad one, and
// never below 0. It needs to know what is usual, and says so when it does not. It knows no trigger and no time of day.
import { shareUpper } from './evidence-test.ts';
import type { Instant } from './json.ts';

/** What is usual, and when the sum is enough. */
export interface Expected {
  readonly usual: number;
  readonly enough: number;
}

/** The sum of one scope, and the events of its good times that say what is usual. */
export interface RunningSum {
  readonly sum: number;
  readonly bad: number;
  readonly all: number;
  readonly since: Instant;
  /** As it was when the sum was last 0: a rise does not become usual while it is judged. */
  readonly expected: Expected | null;
  /** Of so many events it was worked out. */
  readonly expectedOf: number;
}

/** Fewer events say nothing of what is usual. */
export const LEAST_USUAL = 1_000;
/** Of more than so many the older half fades, so that what is usual may change. */
const MOST_USUAL = 1_000_000;
const YEAR_MS = 365 * 86_400_000;

export const NOTHING_USUAL = (since: Instant): RunningSum => ({
  sum: 0,
  bad: 0,
  all: 0,
  since,
  expected: null,
  expectedOf: 0,
});

/**
 * Null while too few events are known, or when what is usual lies too near to the limit to be told from it. What is usual is taken as high
 * as it may be (95 %): a sum over a share that is too low would call chance a rise. `enough` lets chance alone reach it about once a year.
 */
export function expectedOf({ bad, all, since }: Pick<RunningSum, 'bad' | 'all' | 'since'>, limit: number, now: Instant): Expected | null {
  if (all < LEAST_USUAL || now <= since) return null;
  const usual = shareUpper(bad, all);
  if (usual > limit / 2) return null;
  const aYear = (all * YEAR_MS) / (now - since);
  return { usual, enough: Math.log(Math.max(LEAST_USUAL, aYear)) };
}

/** Events that were counted together are added together. */
export function addedTo(sum: number, counts: { readonly bad: number; readonly all: number }, usual: number, limit: number): number {
  const bad = Math.min(counts.bad, counts.all);
  return Math.max(0, sum + bad * Math.log(limit / usual) + (counts.all - bad) * Math.log((1 - limit) / (1 - usual)));
}

/** After what was counted. While the scope is `atRest` its events say what is usual, which is worked out anew for each fiftieth more of them. */
export function summed(
  before: RunningSum,
  counts: { readonly bad: number; readonly all: number },
  o: { readonly limit: number; readonly at: Instant; readonly atRest: boolean },
): RunningSum {
  const { expected } = before;
  const sum = expected === null ? 0 : addedTo(before.sum, counts, expected.usual, o.limit);
  const next = { ...(o.atRest ? learnt(before, counts, o.at) : before), sum };
  const isDue = sum === 0 && (next.all > before.expectedOf * 1.02 || next.all < before.expectedOf);
  return isDue ? { ...next, expected: expectedOf(next, o.limit, o.at), expectedOf: next.all } : next;
}

/** Events of a good time. */
export function learnt(before: RunningSum, counts: { readonly bad: number; readonly all: number }, now: Instant): RunningSum {
  const bad = before.bad + Math.min(counts.bad, counts.all);
  const all = before.all + counts.all;
  if (all <= MOST_USUAL) return { ...before, bad, all };
  return { ...before, bad: bad / 2, all: all / 2, since: now - (now - before.since) / 2 };
}
