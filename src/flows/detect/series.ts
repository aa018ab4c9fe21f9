// What a trigger's signal counted lately, for people: the slots that were committed, and where nothing is known.
// It reads a book and the store and changes neither; what it read of the store it remembers for a while.
import type { Instant } from '../../domain/json.ts';
import { WINDOW_SLOTS } from '../../domain/ring.ts';
import { hasSeries, merged, type SignalSeries, type SlotCounts, type Span } from '../../domain/series.ts';
import type { SignalStore, SlotRow } from '../../ports/signal-store.ts';
import { keptFrom } from './keep.ts';
import { type Book, countsBad, isUnknown, newestOf, slotOf, type Track, type Watcher } from './track.ts';

export interface SeriesQuery {
  readonly trigger: string;
  readonly scope: string;
  /** Two windows before `to`, when absent. */
  readonly from?: Instant | undefined;
  /** Now, when absent. */
  readonly to?: Instant | undefined;
}

/** Slots that one answer may look at. */
export const MOST_SLOTS = 3_000;

interface Known {
  readonly book: Book;
  readonly now: Instant;
}

interface Stored {
  readonly at: Instant;
  readonly from: Instant;
  readonly rows: readonly SlotRow[];
  readonly spoken: ReadonlySet<Instant>;
}

/** Scopes that people look at now. */
const MOST_STORED = 32;

/**
 * Null: the trigger keeps no slots, or the scope was never seen. The store is read once and then as often as half a window has passed: a
 * screen that is looked at asks every other second, and the last window is in memory.
 */
export function createSeriesReader(store: Pick<SignalStore, 'slots'>): (known: Known, query: SeriesQuery) => Promise<SignalSeries | null> {
  const read = new Map<string, Stored>();
  const stored = async (track: Track, o: { readonly scope: string; readonly from: Instant; readonly now: Instant }): Promise<Stored> => {
    const key = JSON.stringify([track.key, o.scope]);
    const before = read.get(key);
    const isFresh = before !== undefined && before.from <= o.from && o.now >= before.at && o.now - before.at < track.overMs / 2;
    read.delete(key);
    const found = isFresh
      ? before
      : { at: o.now, from: o.from, ...(await store.slots({ signal: track.key, scope: o.scope, from: o.from, to: o.now + track.slotMs })) };
    read.set(key, found);
    for (const oldest of [...read.keys()].slice(0, -MOST_STORED)) read.delete(oldest);
    return found;
  };
  return (known, query) => seriesOf(known, stored, query);
}

async function seriesOf(
  { book, now }: Known,
  stored: (track: Track, o: { readonly scope: string; readonly from: Instant; readonly now: Instant }) => Promise<Stored>,
  query: SeriesQuery,
): Promise<SignalSeries | null> {
  const found = book.trackOf.get(query.trigger);
  const row = found?.track.rowOf.get(query.scope);
  if (found === undefined || row === undefined || !hasSeries(found.track.spec.signal.kind)) return null;
  const { track, watcher } = found;
  const kept = keptFrom(book, now);
  const [since, newest] = [track.since ?? now, newestOf(book, track)];
  const to = Math.min(query.to ?? now, now);
  const asked = Math.max(query.from ?? to - 2 * track.overMs, to - MOST_SLOTS * track.slotMs + track.overMs);
  const from = Math.min(to, Math.max(asked, kept, since));
  const starts = startsOf(track, Math.max(from - track.overMs, kept), Math.min(to, Math.max(newest, since)));
  const { rows: old, spoken } = await stored(track, { scope: query.scope, from: starts[0] ?? from, now });
  const rows = withNewest(track, row, old);
  const silence = silenceOf(book, { track, watcher, row, now }, rows);
  const byStart = new Map(rows.map((one) => [one.slot, one]));
  const isMissing = (at: Instant): boolean => !byStart.has(at) && !silence.isKnown(at, spoken.has(at));
  const spans = merged(starts.filter(isMissing).map((at) => ({ from: at, to: at + track.slotMs })));
  // Counters that go on make up for a silence: what they told late lies in its slots, and what is left between is no silence.
  const missing = spans.filter((gap) => gap.to - gap.from > track.absentMs || gap.from === starts[0]);
  const slots = starts
    .filter((at) => !missing.some((gap) => at >= gap.from && at < gap.to))
    .map((at) => countsOf(track, at, byStart.get(at)));
  const open = silence.openSince === null ? [] : [{ from: silence.openSince, to }];
  const gaps = [...missing, ...open].map((gap) => ({ from: Math.max(gap.from, from), to: Math.min(gap.to, to) }));
  return {
    slotMs: track.slotMs,
    overMs: track.overMs,
    from,
    to,
    tellsFrom: since >= kept ? since : kept + track.overMs,
    slots,
    gaps: merged(gaps),
  };
}

/** What memory holds is newer than what was read. */
function withNewest(track: Track, row: number, old: readonly SlotRow[]): readonly SlotRow[] {
  const head = track.rings.headOf(row);
  const first = head - WINDOW_SLOTS;
  const rows = old.filter((one) => one.slot < first * track.slotMs);
  const counts = { bad: 0, all: 0 };
  for (let slot = first; slot <= head; slot += 1) {
    track.rings.between(row, slot, slot, counts);
    const sum = track.rings.slotSums(row, slot, slot)[0]?.sum ?? 0;
    const isEmpty = counts.all === 0 && counts.bad === 0;
    if (!isEmpty) rows.push({ signal: track.key, scope: track.scopes[row] ?? '', slot: slot * track.slotMs, ...counts, sum });
  }
  return rows;
}

function startsOf(track: Track, from: Instant, to: Instant): readonly Instant[] {
  const starts: Instant[] = [];
  for (let slot = slotOf(track, from); slot * track.slotMs < to && starts.length <= MOST_SLOTS; slot += 1) starts.push(slot * track.slotMs);
  return starts;
}

/** A histogram tells the good ones. */
function countsOf(track: Track, at: Instant, row: SlotRow | undefined): SlotCounts {
  const { bad, all, sum } = row ?? { bad: 0, all: 0, sum: 0 };
  return { at, bad: countsBad(track) ? bad : Math.max(0, all - bad), all, sum };
}

interface Silence {
  /** Since then nothing has come, and it is too long for no traffic. */
  readonly openSince: Instant | null;
  /** Of a slot without counts: nothing happened in it, and that is known. */
  isKnown(at: Instant, spoken: boolean): boolean;
}

interface Seen {
  readonly track: Track;
  readonly watcher: Watcher;
  readonly row: number;
  readonly now: Instant;
}

function silenceOf(book: Book, { track, watcher, row, now }: Seen, rows: readonly SlotRow[]): Silence {
  const gaps = commonGaps([...track.fedBy].map((id) => book.sources.get(id)?.gaps ?? []));
  // Of increments the source speaks, of everything else the scope.
  const lastSeen = track.pushedBy.size > 0 ? newestOf(book, track) : (track.lastSeen[row] ?? 0);
  const openSince = isUnknown(track, row, now) ? lastSeen : null;
  const own = ownGap(watcher.states[row]?.coveredSince ?? null, rows, track.slotMs);
  // A gauge says by itself how much of a slot is known: nothing of it, where it has no row.
  const needsRow = track.spec.signal.kind === 'gauge';
  return {
    openSince,
    isKnown: (at, spoken) => {
      const end = at + track.slotMs;
      if (needsRow || (openSince !== null && end > openSince)) return false;
      if ([...gaps, ...own].some((gap) => at >= gap.from && end <= gap.to)) return false;
      // What was before this start is known by what was counted of anybody.
      return at >= book.startedAt || spoken;
    },
  };
}

/** The scope's last gap ended at `covered`: what is right before it, back to the last count, is missing. */
function ownGap(covered: Instant | null, rows: readonly SlotRow[], slotMs: number): readonly Span[] {
  if (covered === null) return [];
  const last = rows.findLast((one) => one.slot + slotMs <= covered);
  return [{ from: last === undefined ? 0 : last.slot + slotMs, to: covered }];
}

/** Spans in which none of the sources spoke. */
function commonGaps(all: readonly (readonly Span[])[]): readonly Span[] {
  const [first = [], ...others] = all;
  return others.reduce<readonly Span[]>(
    (gaps, more) =>
      gaps.flatMap((gap) =>
        more.flatMap((one) => {
          const both = { from: Math.max(gap.from, one.from), to: Math.min(gap.to, one.to) };
          return both.to > both.from ? [both] : [];
        }),
      ),
    first,
  );
}
