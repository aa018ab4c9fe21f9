// Notes who was heard in which minute, and says what the store may forget: the part of detection that later looks back are made from.
// It judges nothing.
import type { Instant } from '../../domain/json.ts';
import { DEFAULT_HISTORY_MS, HEARD_KEY, MINUTE_MS, minutesKey } from '../../domain/minutes.ts';
import type { System } from '../../domain/system.ts';
import type { HistoryKept, SeriesRow } from '../../ports/signal-store.ts';
import type { Book, SourceState } from './track.ts';

const SLACK_MS = 120_000;

const minuteOf = (at: Instant): Instant => Math.floor(at / MINUTE_MS) * MINUTE_MS;

/** A source spoke: noted once a minute of its own time. */
export const noteHeard = (book: Book, source: SourceState): void => noteMinute(book.heard, source.id, source.newest);

/** Belay itself ran. */
export const noteRunning = (book: Book, now: Instant): void => noteMinute(book.heard, '', now);

function noteMinute({ minutes, rows }: Book['heard'], who: string, at: Instant): void {
  const minute = minuteOf(at);
  if (minute <= (minutes.get(who) ?? -1)) return;
  minutes.set(who, minute);
  rows.push({ signal: HEARD_KEY, scope: who, slot: minute, bad: 0, all: 1, sum: 0 });
}

/** Not a counter: when the sender last left something out. */
export const TRUNCATED = '#truncated';

/** Kept, so that no restart makes what was incomplete complete. */
export function noteTruncated(source: SourceState, at: Instant): SeriesRow {
  source.truncatedAt = Math.max(source.truncatedAt, at);
  return { source: source.id, series: TRUNCATED, total: source.truncatedAt, at: source.truncatedAt };
}

/** Slots that are of no window any more, and what is kept of them. */
export function forgettable(book: Book, system: System, now: Instant): { readonly before: Instant; readonly history?: HistoryKept } {
  const keepMs = system.history?.keepMs ?? DEFAULT_HISTORY_MS;
  const tracks = [...book.tracks.values()];
  // Whole minutes at once.
  const before = minuteOf(now - SLACK_MS - 2 * Math.max(0, ...tracks.map((track) => track.overMs)));
  if (keepMs === 0) return { before };
  const finest = new Map<string, number>();
  for (const { spec, by, overMs } of tracks) {
    const name = minutesKey(spec.id, by);
    finest.set(name, Math.min(finest.get(name) ?? Infinity, overMs));
  }
  const coarser = tracks.filter(({ spec, by, overMs }) => (finest.get(minutesKey(spec.id, by)) ?? 0) < overMs).map(({ key }) => key);
  return { before, history: { since: now - keepMs, coarser } };
}
