// Whose counts are in a track. Where no signal names its sources the samples decide, and that outlives the process: what an unsigned sender
// told before a start is in the window after it. Whose word is enough is judged elsewhere.
import type { SeriesRow } from '../../ports/signal-store.ts';
import type { SourceState, Track } from './track.ts';

/** Kept among the series of the store. */
export const FEEDS = '#feeds:';

/** Sources that may feed a track. */
export const mayFeed = ({ spec }: Track, source: string): boolean =>
  spec.signal.kind === 'probe' ? spec.signal.source === source : spec.sources.length === 0 || spec.sources.includes(source);

/** Called when a source is known to feed a track: cadences become milliseconds. */
export function feeds(track: Track, source: SourceState): void {
  if (track.fedBy.has(source.id)) return;
  track.fedBy.add(source.id);
  const { absentAfter } = track.spec;
  if ('cadences' in absentAfter) track.absentMs = Math.max(track.absentMs, absentAfter.cadences * source.everyMs);
}

/** Called with each delivery. @returns what the store does not know yet */
export function newFeeder(track: Track, source: SourceState): readonly SeriesRow[] {
  if (track.keptFeeders.has(source.id)) return [];
  track.keptFeeders.add(source.id);
  return feederRows(track, source);
}

/** Sources that a signal names are known without it. */
export const feederRows = (track: Track, source: SourceState): readonly SeriesRow[] =>
  track.spec.sources.length > 0 || track.spec.signal.kind === 'probe'
    ? []
    : [{ source: source.id, series: `${FEEDS}${track.key}`, total: 1, at: source.newest }];

export function restoreFeeder(tracks: ReadonlyMap<string, Track>, source: SourceState, row: SeriesRow): void {
  const track = tracks.get(row.series.slice(FEEDS.length));
  if (track === undefined || !mayFeed(track, source.id)) return;
  feeds(track, source);
  track.keptFeeders.add(source.id);
}
