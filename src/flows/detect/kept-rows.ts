// What is kept among the series of the store and is no counter: its names, and the rows that tell it. No name of a metric holds a `#`.
import type { SeriesRow } from '../../ports/signal-store.ts';
import type { SourceState, Track } from './track.ts';

/** Names of what is not a source but kept among the series. No source of belay.yaml begins with `#`. */
export const TRACKS = '#tracks';
export const ALIVE = '#alive';
/** Between the key of a track and the bucket of a spread that a slot counts. */
export const SPREAD_MARK = '\n';
export const PROBE = '#probe:';
export const CURSOR = '#cursor:';
/** Sources that tell increments of a track: after a start, their silence is again no traffic, and not no data. */
export const INCREMENTS = '#increments:';

export const incrementsRow = (track: Track, source: SourceState): SeriesRow => ({
  source: source.id,
  series: `${INCREMENTS}${track.key}`,
  total: 1,
  at: source.newest,
});

/** Since when its window is covered. */
export const trackRow = (track: Track): SeriesRow => ({
  source: TRACKS,
  series: track.key,
  total: track.since ?? 0,
  at: Math.max(track.evaluatedAt, track.since ?? 0),
});
