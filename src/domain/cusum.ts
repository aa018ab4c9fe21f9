// A running sum that notices a small, lasting rise sooner than any window: it falls with each good event, rises with each bad one, and
// never below 0. It needs to know what is usual, and says so when it does not. It knows no trigger and no time of day.
import { shareUpper } from './evidence-test.ts';
import type { Instant } from './json.ts';

/** What is usual, and when the sum is enough. */
export interface Expected {
  readonly usual: number;
  readonly enough: number;
  /** The sum that is enough to act on; only from a baseline of at least seven days and 1,000 events. */
  readonly act?: number;
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
/** The sum rises no further above what is enough: that of a week just below the limit would stay enough for days after all was well. */
const MOST_ABOVE = Math.log(100);

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
  return { usual, enough: enoughOf(all, now - since) };
}

/** ln of the events of a year, from `all` events in `spanMs`. */
export const enoughOf = (all: number, spanMs: number): number => Math.log(Math.max(LEAST_USUAL, (all * YEAR_MS) / spanMs));

/** Events that were counted together are added together. */
export function addedTo(sum: number, counts: { readonly bad: number; readonly all: number }, usual: number, limit: number): number {
  const bad = Math.min(counts.bad, counts.all);
  return Math.max(0, sum + bad * Math.log(limit / usual) + (counts.all - bad) * Math.log((1 - limit) / (1 - usual)));
}

export interface Adding {
  readonly limit: number;
  readonly at: Instant;
  readonly atRest: boolean;
  /** What days of counts say. Null: not enough; undefined: they were not read yet. */
  readonly baseline?: Expected | null | undefined;
}

/**
 * After what was counted. What is usual changes only while the sum is 0: to what the days say, where they say it. Else the events while the
 * scope is `atRest` tell, and it is worked out anew for each fiftieth more of them.
 */
export function summed(before: RunningSum, counts: { readonly bad: number; readonly all: number }, o: Adding): RunningSum {
  const { expected } = before;
  const most = expected === null ? 0 : (expected.act ?? expected.enough) + MOST_ABOVE;
  const sum = expected === null ? 0 : Math.min(most, addedTo(before.sum, counts, expected.usual, o.limit));
  const next = { ...(o.atRest ? learnt(before, counts, o.at) : before), sum };
  if (sum === 0) {
    const days = o.baseline === undefined ? ofDays(expected, o.limit) : o.baseline;
    if (days !== null) return sameAs(days, expected) ? next : { ...next, expected: days };
    // What was taken from days counts no more.
    if (expected?.act !== undefined) return { ...next, expected: expectedOf(next, o.limit, o.at), expectedOf: next.all };
  }
  const isDue = sum === 0 && (next.all > before.expectedOf * 1.02 || next.all < before.expectedOf);
  return isDue ? { ...next, expected: expectedOf(next, o.limit, o.at), expectedOf: next.all } : next;
}

/** As an earlier life took it from the days, unless the limit has changed since. */
const ofDays = (expected: Expected | null, limit: number): Expected | null =>
  expected?.act !== undefined && expected.usual <= limit / 2 ? expected : null;

const sameAs = (a: Expected, b: Expected | null): boolean => a.usual === b?.usual && a.enough === b.enough && a.act === b.act;

/** Events of a good time. */
export function learnt(before: RunningSum, counts: { readonly bad: number; readonly all: number }, now: Instant): RunningSum {
  const bad = before.bad + Math.min(counts.bad, counts.all);
  const all = before.all + counts.all;
  if (all <= MOST_USUAL) return { ...before, bad, all };
  return { ...before, bad: bad / 2, all: all / 2, since: now - (now - before.since) / 2 };
}
