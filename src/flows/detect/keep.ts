// Between memory and the store: fills a book from what was committed, and says what a turn has to commit.
// A book is only a cache of the store: when a commit fails it is thrown away and loaded again.
import { isAhead, MOST_AHEAD_MS, notAhead, stateNotAhead } from '../../domain/ahead.ts';
import type { Instant } from '../../domain/json.ts';
import { scopeOf } from '../../domain/selector.ts';
import type { Cell } from '../../domain/spread.ts';
import type { System } from '../../domain/system.ts';
import { decodeState } from '../../domain/trigger-machine.ts';
import type { SeenRow, SeriesRow, SignalStore, SlotRow, StateRow } from '../../ports/signal-store.ts';
import { FEEDS, feederRows, feeds, mayFeed, restoreFeeder } from './feeders.ts';
import { TRUNCATED } from './heard.ts';
import { awaitSources, noteInstant } from './instants.ts';
import { ALIVE, CURSOR, INCREMENTS, incrementsRow, PROBE, SPREAD_MARK, TRACKS, trackRow } from './kept-rows.ts';
import type { Findings } from './looks.ts';
import { rateOf } from './looks.ts';
import { nameIn } from './series-key.ts';
import type { Book, ExtraWindow, SourceState, Track } from './track.ts';
import { newBook, partMsOf, rowOf, sourceOf } from './track.ts';
import { watchUsers } from './users.ts';

/** As `TRACKS`: not a source. */
const SILENCE = '#silence';
const SLACK_MS = 120_000;

export interface KeepDeps {
  readonly system: System;
  readonly store: SignalStore;
  readonly sources: readonly { readonly id: string; readonly everyMs: number }[];
  readonly windows: readonly ExtraWindow[];
}

export async function loadBook({ system, store, sources, windows }: KeepDeps, now: Instant): Promise<Book> {
  const book = newBook(system, now, windows);
  watchUsers(book, system, now);
  const longest = Math.max(0, ...[...book.tracks.values()].map((track) => track.overMs));
  const stored = await store.load(now - 2 * longest - SLACK_MS, now + MOST_AHEAD_MS);
  const { slots, states, seen } = stored;
  const series = stored.series.map((row) => rowNotAhead(row, now));
  for (const source of sources) sourceOf(book, system, source.id, source.everyMs);
  for (const track of book.tracks.values()) for (const source of book.sources.values()) if (isExpected(track, source)) feeds(track, source);
  restoreSources(book, system, series, new Set([...system.sources, ...sources].map((one) => one.id)));
  restoreTracks(book, series);
  for (const row of slots) restoreSlot(book, row);
  restoreSeen(book, seen);
  for (const row of states) restoreState(book, row, now);
  for (const track of book.tracks.values()) settleTrack(book, system, track, now);
  restoreSilence(book, series);
  takeBack(book, stored.series, now);
  return book;
}

/** Its total is an instant, too. */
const isTime = ({ series, source }: SeriesRow): boolean => series === ALIVE || series === TRUNCATED || source === TRACKS;

function rowNotAhead(row: SeriesRow, now: Instant): SeriesRow {
  if (!isAhead(row.at, now) && !(isTime(row) && isAhead(row.total, now))) return row;
  return { ...row, at: notAhead(row.at, now), total: isTime(row) ? notAhead(row.total, now) : row.total };
}

/** Windows begin again: of the time in which the clock was wrong nothing is known. */
function takeBack(book: Book, rows: readonly SeriesRow[], now: Instant): void {
  const newest = rows.reduce((last, row) => (row.series === ALIVE && book.sources.has(row.source) ? Math.max(last, row.at) : last), 0);
  if (!isAhead(newest, now)) return;
  book.takenBack = { byMs: newest - now, isStored: false };
  // Counters may be gone from the store, too: what none is known of counts from its next reading on.
  for (const source of book.sources.values()) source.knownSince = null;
  for (const track of book.tracks.values()) if (track.since !== null) track.since = now;
}

/** This machine's clock was set back: what is in memory would stand still until it has caught up. */
export const liesAhead = (book: Book, now: Instant): boolean =>
  isAhead(book.startedAt, now) || [...book.sources.values()].some((source) => isAhead(source.newest, now));

export const coveredAnew = (book: Book): readonly Track[] => [...book.tracks.values()].filter((track) => track.since !== null);

/** Sources that a signal names feed it from the start; where it names none, the samples decide. */
const isExpected = (track: Track, source: SourceState): boolean =>
  (track.spec.sources.length > 0 || track.spec.signal.kind === 'probe') && mayFeed(track, source.id);

/** A source that is named no more stays in the store and is nobody's business. */
function restoreSources(book: Book, system: System, rows: readonly SeriesRow[], named: ReadonlySet<string>): void {
  for (const row of rows) {
    if (row.series !== ALIVE || !named.has(row.source)) continue;
    const source = sourceOf(book, system, row.source, 1_000);
    source.knownSince = row.total;
    source.newest = row.at;
    for (const track of book.tracks.values()) if (isExpected(track, source)) feeds(track, source);
  }
  for (const row of rows) {
    const source = book.sources.get(row.source);
    if (source === undefined || row.series === ALIVE) continue;
    if (row.series.startsWith(PROBE)) restorePoint(book, source, row);
    else if (row.series === TRUNCATED) source.truncatedAt = row.total;
    else if (row.series.startsWith(INCREMENTS)) restoreIncrements(book, source, row);
    else if (row.series.startsWith(FEEDS)) restoreFeeder(book.tracks, source, row);
    else if (row.series.startsWith(CURSOR)) source.cursor = { ...source.cursor, [row.series.slice(CURSOR.length)]: row.total };
    // Rows are written when a total changes; the source was last read at its own time.
    else {
      source.restored.set(row.series, { total: row.total, at: Math.max(row.at, source.newest), storedAt: row.at });
      restoreInstant(book, source, row);
    }
  }
}

function restoreIncrements(book: Book, source: SourceState, row: SeriesRow): void {
  const track = book.tracks.get(row.series.slice(INCREMENTS.length));
  if (track === undefined || !mayFeed(track, source.id)) return;
  feeds(track, source);
  track.pushedBy.add(source.id);
  track.pushSeenAt = source.newest;
}

/** Of an age: the last good thing that a series told stands until it tells another, whichever source speaks first after a start. */
function restoreInstant(book: Book, source: SourceState, { series, total }: SeriesRow): void {
  for (const track of book.tracks.values()) {
    if (track.spec.signal.kind !== 'age' || !mayFeed(track, source.id)) continue;
    const named = nameIn(series);
    if (named === null || track.roles.all?.(named.name, named.labels) !== true) continue;
    feeds(track, source);
    noteInstant(track, rowOf(track, scopeOf(named.labels, track.by)), { key: `${source.id}/${series}`, total, at: source.newest });
  }
}

function restorePoint(book: Book, source: SourceState, row: SeriesRow): void {
  for (const track of book.tracks.values()) {
    if (track.spec.signal.kind !== 'probe' || !mayFeed(track, source.id)) continue;
    rowOf(track, '');
    track.points.set(row.series.slice(PROBE.length), { fails: row.total, at: row.at, seenAt: source.newest });
  }
}

function restoreTracks(book: Book, rows: readonly SeriesRow[]): void {
  for (const row of rows) {
    const track = row.source === TRACKS ? book.tracks.get(row.series) : undefined;
    if (track !== undefined) track.since = row.total;
  }
}

function restoreSlot(book: Book, row: SlotRow): void {
  const track = book.tracks.get(row.signal);
  if (track === undefined) {
    restoreSpread(book, row);
    return;
  }
  // Of these the slots are kept for the history alone: what they are judged by stands among the series.
  if (track.spec.signal.kind === 'probe' || track.spec.signal.kind === 'age') return;
  const index = rowOf(track, row.scope);
  track.rings.add(index, Math.round(row.slot / track.slotMs), row.bad, row.all, row.sum);
  if (row.all > 0) track.eventAt[index] = Math.max(track.eventAt[index] ?? 0, row.slot + track.slotMs);
}

function restoreSpread(book: Book, row: SlotRow): void {
  const [key = '', cell = ''] = row.signal.split(SPREAD_MARK);
  const track = book.tracks.get(key);
  if (track !== undefined && /^(?:le|v):/.test(cell))
    track.spread?.add(rowOf(track, row.scope), cell as Cell, Math.round(row.slot / partMsOf(track)), row.all);
}

function restoreSeen(book: Book, rows: readonly SeenRow[]): void {
  const byRow = new Map<Track, Map<number, SeenRow[]>>();
  for (const row of rows) {
    const track = book.tracks.get(row.signal);
    if (track === undefined || track.values === null) continue;
    const index = rowOf(track, row.scope);
    const ofTrack = byRow.get(track) ?? new Map<number, SeenRow[]>();
    const ofRow = ofTrack.get(index) ?? [];
    ofRow.push(row);
    byRow.set(track, ofTrack.set(index, ofRow));
    track.eventAt[index] = Math.max(track.eventAt[index] ?? 0, row.slot + track.slotMs);
  }
  for (const [track, ofTrack] of byRow)
    for (const [index, ofRow] of ofTrack)
      track.values?.restore(
        index,
        ofRow.map(({ digest, slot, depth }) => ({ digest, slot: Math.round(slot / track.slotMs), depth })),
      );
}

function restoreState(book: Book, row: StateRow, now: Instant): void {
  const state = stateNotAhead(decodeState(row.state), now);
  const manual = book.manual.get(row.trigger);
  if (manual !== undefined) manual.states.set(row.scope, state);
  book.composites.get(row.trigger)?.states.set(row.scope, state);
  if (book.clock?.compiled.rule.id === row.trigger && book.sources.has(row.scope)) book.clock.states.set(row.scope, state);
  const known = book.trackOf.get(row.trigger);
  if (known === undefined) return;
  const index = rowOf(known.track, row.scope);
  known.watcher.states[index] = state;
  if (state.status !== 'ok' || state.limitSince !== null) known.watcher.active.add(index);
}

/** What is not stored follows from what is: scopes were last seen when their source was last read. */
function settleTrack(book: Book, system: System, track: Track, now: Instant): void {
  const lastRead = Math.max(0, ...[...book.sources.values()].filter((source) => mayFeed(track, source.id)).map((source) => source.newest));
  track.lookedAt = lastRead;
  for (let row = 0; row < track.scopes.length; row += 1) {
    track.lastSeen[row] = lastRead;
    track.seenAt[row] = lastRead;
  }
  awaitSources(track, system.sources, now);
  if (track.spec.signal.kind !== 'absent') return;
  for (const scope of track.by === null ? [''] : system.organizations.map((org) => org.id)) rowOf(track, scope);
  track.since ??= now;
  // While Belay itself was away nobody listened: that silence does not count.
  const awayMs = lastRead > 0 && now - lastRead > Math.max(track.absentMs, 1) ? now - lastRead : 0;
  track.since += awayMs;
  for (let row = 0; row < track.scopes.length; row += 1)
    if ((track.eventAt[row] ?? 0) > 0) track.eventAt[row] = (track.eventAt[row] ?? 0) + awayMs;
}

function restoreSilence(book: Book, rows: readonly SeriesRow[]): void {
  for (const row of rows) {
    if (row.source !== SILENCE || row.total <= 0) continue;
    const [key, scope] = JSON.parse(row.series) as [string, string];
    const track = book.tracks.get(key);
    const index = track?.rowOf.get(scope);
    if (track === undefined || index === undefined) continue;
    // The same rate again, in the form in which it is learned.
    track.events[index] = 1_001;
    track.eventAt[index] = Math.max(track.eventAt[index] ?? 0, row.at);
    track.firstEventAt[index] = (track.eventAt[index] ?? row.at) - 1_000 / row.total;
  }
}

export interface ChangeSet {
  readonly slots: readonly SlotRow[];
  readonly series: readonly SeriesRow[];
  readonly states: readonly StateRow[];
  readonly transitions: Findings['transitions'];
  readonly seen: readonly SeenRow[];
}

export function changeSet(book: Book, series: readonly SeriesRow[], findings: Findings, newTracks: readonly Track[]): ChangeSet {
  const slots: SlotRow[] = book.heard.rows.splice(0);
  const seen: SeenRow[] = [];
  for (const track of book.tracks.values()) {
    track.freshSlots.takeInto(slots, track);
    for (const row of track.freshSpread.values()) slots.push(row);
    track.freshSpread.clear();
    if (track.freshSeen.length > 0) for (const row of track.freshSeen.splice(0)) seen.push(row);
  }
  book.turn += 1;
  return {
    slots,
    series: newTracks.length === 0 ? series : [...series, ...newTracks.map(trackRow)],
    states: [...findings.states.values()],
    transitions: findings.transitions,
    seen,
  };
}

/** Written now and then: that tracks are still kept, and how often scopes of absence triggers speak. */
export function upkeepRows(book: Book): readonly SeriesRow[] {
  const rows: SeriesRow[] = [];
  for (const track of book.tracks.values()) {
    if (track.since !== null) rows.push(trackRow(track));
    for (const id of track.pushedBy) rows.push(incrementsRow(track, book.sources.get(id) as SourceState));
    for (const id of track.keptFeeders) rows.push(...feederRows(track, book.sources.get(id) as SourceState));
    if (track.spec.signal.kind !== 'absent') continue;
    for (const [scope, row] of track.rowOf) {
      const perMs = rateOf(track, row);
      if (perMs !== null)
        rows.push({ source: SILENCE, series: JSON.stringify([track.key, scope]), total: perMs, at: track.eventAt[row] ?? 0 });
    }
  }
  return rows;
}

/** Slots older than this are of no window any more. */
export function keptFrom(book: Book, now: Instant): Instant {
  let from = now;
  for (const track of book.tracks.values()) from = Math.min(from, now - 2 * track.overMs - SLACK_MS);
  return from;
}
