// Which tracks a series feeds, and as what. Of a histogram the bucket at the limit counts, and the rest only where it is known.
import { scopeOf } from '../../domain/selector.ts';
import { feeds, mayFeed } from './feeders.ts';
import { boundOf } from './roles.ts';
import { seriesKey } from './series-key.ts';
import type { Book, SourceState, Target } from './track.ts';
import { rowOf } from './track.ts';

type Labels = Readonly<Record<string, string>>;

export const hasHistograms = (book: Book): boolean => {
  for (const track of book.tracks.values()) if (track.limit !== null) return true;
  return false;
};

export function targetsOf(book: Book, source: SourceState, name: string, labels: Labels): readonly Target[] {
  const targets: Target[] = [];
  for (const track of book.tracks.values()) {
    if (!mayFeed(track, source.id)) continue;
    const { roles } = track;
    const [bad, all, sum] = [roles.bad, roles.all, roles.sum].map((role) => role?.(name, labels) === true);
    if (bad !== true && all !== true && sum !== true) continue;
    feeds(track, source);
    const { signal } = track.spec;
    const isSingle = track.limit === null || !('of' in signal) || !('name' in signal.of) || name === signal.of.name;
    const needs = isSingle ? null : histogramKey(source, labels);
    const le = needs === null || (bad !== true && sum !== true) ? null : boundOf(labels);
    if (needs !== null && le !== null && bad === true) track.bucketed.set(needs, Math.min(le, track.bucketed.get(needs) ?? Infinity));
    const row = rowOf(track, scopeOf(labels, track.by));
    targets.push({ track, row, needs, le, bad: bad === true, all: all === true, sum: sum === true });
  }
  return targets;
}

function histogramKey(source: SourceState, labels: Labels): string {
  const { le: _, ...own } = labels;
  return JSON.stringify([source.id, seriesKey('', own)]);
}

/** Of several buckets from the limit on, only the nearest says what is within it: what is above that is above the limit for sure. */
export function counting(target: Target): Target | null {
  if (target.needs === null) return target;
  const nearest = target.track.bucketed.get(target.needs);
  if (nearest === undefined) return null;
  return target.bad && target.le !== nearest ? { ...target, bad: false } : target;
}
