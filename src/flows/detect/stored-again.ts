// When a counter's row goes to the store: when it changed, and now and then while it stands still. The store forgets what nobody feeds for a
// week, and what it forgot would count from 0 after the next start. It counts nothing.
import type { Instant } from '../../domain/json.ts';
import type { SeriesRow } from '../../ports/signal-store.ts';
import type { Book, LastTotal, Series } from './track.ts';

const AGAIN_MS = 24 * 3_600_000;
/** Counters that came together are told again in so many parts of half a day. */
const PARTS = 1_024;

export const isStale = ({ storedAt }: Series, at: Instant): boolean => at - storedAt > AGAIN_MS;

interface Keeping {
  readonly book: Book;
  readonly changed: SeriesRow[];
}

/** Once a commit: what is committed is how it stands then. */
export function storeAgain({ book, changed }: Keeping, series: Series, last: LastTotal): void {
  series.storedAt = last.at;
  if (series.changedIn === book.turn) return;
  series.changedIn = book.turn;
  changed.push(last);
}

/** `nth`: how many its source had before it. */
export function spreadOut(series: Series, nth: number): void {
  series.storedAt -= ((nth % PARTS) * AGAIN_MS) / (2 * PARTS);
}
