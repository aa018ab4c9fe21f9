// What is usual for one scope, from counts of two weeks: old and many enough to act on, and not raised by incidents that lie in it.
// Hours that chance does not explain are left out. It knows no store and no trigger.
import { type Expected, enoughOf, LEAST_USUAL } from './cusum.ts';
import { binomialTail, shareUpper } from './evidence-test.ts';
import type { Instant } from './json.ts';

/** What was counted in one part of the time. */
export interface PartCounts {
  readonly bad: number;
  readonly all: number;
}

/** Less of it is too young to act on. */
export const LEAST_BASELINE_MS = 7 * 86_400_000;
/** How rare chance must make a part before it is an incident: among 84 parts chance leaves one out in a hundred scopes. */
const INCIDENT_ALPHA = 1e-4;
/** With more of its parts in incidents nobody can say what is usual. */
const MOST_LEFT_OUT = 1 / 3;
const ROUNDS = 10;
/** To ask, chance may take a year of one scope; to act, a hundred: there may be ten thousand scopes. */
const ACT_MORE = Math.log(100);

/** The parts without incidents: each that has more bad ones than the others explain goes, and then the others are looked at again. */
export function withoutIncidents(parts: readonly PartCounts[]): readonly PartCounts[] {
  let kept = parts.filter((part) => part.all > 0);
  for (let round = 0; round < ROUNDS; round += 1) {
    const { bad, all } = sumOf(kept);
    const share = bad / Math.max(1, all);
    const next = kept.filter((part) => part.bad <= part.all * share || binomialTail(part.bad, part.all, share) >= INCIDENT_ALPHA);
    if (next.length === kept.length) break;
    kept = next;
  }
  return kept;
}

const sumOf = (parts: readonly PartCounts[]): PartCounts =>
  parts.reduce((sum, part) => ({ bad: sum.bad + part.bad, all: sum.all + part.all }), { bad: 0, all: 0 });

/**
 * Null: younger than seven days, fewer than 1,000 events, mostly incidents, or too near to the limit to be told from it. `first` is the
 * first time that anything was counted, `to` the end of what is known.
 */
export function baselineOf(
  parts: readonly PartCounts[],
  limit: number,
  { first, to }: { readonly first: Instant; readonly to: Instant },
): Expected | null {
  if (to - first < LEAST_BASELINE_MS) return null;
  const counted = parts.filter((part) => part.all > 0);
  const kept = withoutIncidents(counted);
  const { bad, all } = sumOf(kept);
  if (all < LEAST_USUAL || kept.length < counted.length * (1 - MOST_LEFT_OUT)) return null;
  // As high as it may be: a share that is too low would call chance a rise.
  const usual = shareUpper(bad, all);
  if (usual > limit / 2) return null;
  const enough = enoughOf(sumOf(counted).all, to - first);
  return { usual, enough, act: enough + ACT_MORE };
}
