// Takes one delivery of a source in: event times, gaps, probe results, where its reading ended. What its rows count is counting.ts; it
// judges nothing.
import { skewOf, withLag } from '../../domain/clock-skew.ts';
import type { Instant } from '../../domain/json.ts';
import type { Batch, Cursor, Probe, SampleColumns } from '../../domain/signal.ts';
import type { SeriesRow } from '../../ports/signal-store.ts';
import { type Intake, takeRow } from './counting.ts';
import { feeds, mayFeed, newFeeder } from './feeders.ts';
import { noteHeard, noteTruncated } from './heard.ts';
import { AHEAD_MS } from './instants.ts';
import { ALIVE, CURSOR, PROBE, trackRow } from './kept-rows.ts';
import { seriesOf } from './known-series.ts';
import { hasHistograms } from './targets.ts';
import type { Book, SourceState, Track } from './track.ts';
import { rowOf } from './track.ts';

const MARKS = 256;
const GAPS = 64;

/** A delivery with its samples as columns. */
export interface Delivery extends Omit<Batch, 'samples'> {
  readonly columns: SampleColumns;
}

/** Adds to `changed` the rows of the store's series that this delivery changes. */
export function takeIn(book: Book, source: SourceState, delivery: Delivery, now: Instant, changed: SeriesRow[]): void {
  const shiftMs = skewIn(book, source, delivery, now);
  const at = ownTime(source, source.pulled ? delivery.at : delivery.at + shiftMs, now);
  const intake: Intake = { book, source, now, at, previousAt: source.newest, shiftMs, changed };
  noteSilence(intake, delivery);
  const newest = Math.max(takeRows(intake, delivery), takeProbes(intake, delivery));
  heard(intake, newest);
  moveCursor(intake, delivery.cursor ?? {});
  if (delivery.truncated === true) changed.push(noteTruncated(source, at));
}

/** @returns the newest event time */
function takeRows(intake: Intake, delivery: Delivery): Instant {
  const { book, source } = intake;
  const { columns } = delivery;
  const { series, at } = columns;
  // A count may come before the buckets it is read with.
  if (hasHistograms(book)) for (const told of series) seriesOf(book, source, told);
  let newest = intake.at;
  for (let row = 0; row < series.length; row += 1) {
    const eventAt = eventTime(intake, delivery, at[row] as number);
    if (eventAt > newest) newest = eventAt;
    takeRow(intake, columns, row, eventAt);
  }
  return newest;
}

function takeProbes(intake: Intake, delivery: Delivery): Instant {
  let newest = intake.at;
  for (const probe of delivery.columns.probes) {
    const eventAt = eventTime(intake, delivery, probe.at);
    newest = Math.max(newest, eventAt);
    takeProbe(intake, probe, eventAt);
  }
  return newest;
}

/** The wall clock of this machine may be set back: event time then stands still until it has caught up, and counting goes on. */
function ownTime(source: SourceState, at: Instant, now: Instant): Instant {
  return source.pulled ? Math.max(at, source.newest + 1) : Math.min(at, now + AHEAD_MS);
}

function eventTime(intake: Intake, delivery: Delivery, at: Instant): Instant {
  if (intake.source.pulled && at === delivery.at) return intake.at;
  return Math.min(at + intake.shiftMs, Math.max(intake.now, intake.at) + AHEAD_MS);
}

/** A wrong clock of the sender is corrected when it would push counts out of a quarter of the shortest window. */
function skewIn(book: Book, source: SourceState, delivery: Delivery, now: Instant): number {
  const newest = newestStamp(delivery, source.pulled ? delivery.at : null);
  if (newest === -Infinity) return 0;
  // A source that we read ourselves says how far it has read: working off a backlog is not a wrong clock.
  source.lags = withLag(source.lags, (source.pulled ? delivery.at : now) - newest);
  let limitMs = Infinity;
  for (const track of book.tracks.values()) if (mayFeed(track, source.id)) limitMs = Math.min(limitMs, track.overMs / 4);
  return skewOf(source.lags, limitMs);
}

/** @returns -Infinity where no sample has a time of its own */
function newestStamp({ columns }: Delivery, unstamped: Instant | null): Instant {
  const { series, at, probes } = columns;
  let newest = -Infinity;
  for (let row = 0; row < series.length; row += 1) {
    const one = at[row] as number;
    if (one > newest && one !== unstamped) newest = one;
  }
  for (const probe of probes) if (probe.at > newest && probe.at !== unstamped) newest = probe.at;
  return newest;
}

/** Silence of a source that tells increments is a gap for all scopes it feeds, less what this delivery makes up for. */
function noteSilence({ book, source, at, previousAt, now, changed }: Intake, delivery: Delivery): void {
  for (const track of book.tracks.values()) {
    const isPushed = track.pushedBy.has(source.id);
    if (isPushed) track.pushSeenAt = now;
    // Who was there in a gap is not known, however the others are told.
    const isFed = isPushed || (track.values !== null && track.fedBy.has(source.id));
    if (!isFed || previousAt === 0 || at - previousAt <= track.absentMs) continue;
    const gapMs = silentMs(track, delivery, previousAt, at);
    if (isPushed) for (let row = 0; row < track.scopes.length; row += 1) track.gapMs[row] = (track.gapMs[row] ?? 0) + gapMs;
    if (track.values === null || track.since === null || gapMs === 0) continue;
    track.since = Math.max(track.since, at);
    changed.push(trackRow(track));
  }
}

function silentMs({ absentMs }: Track, { columns }: Delivery, previousAt: Instant, at: Instant): number {
  const told = [...columns.at.subarray(0, columns.series.length), ...columns.probes.map((probe) => probe.at)];
  const times = [previousAt, ...told.filter((one) => one > previousAt && one < at).sort((a, b) => a - b), at];
  return times
    .slice(1)
    .reduce((sum, time, index) => sum + (time - (times[index] ?? time) > absentMs ? time - (times[index] ?? time) : 0), 0);
}

function heard({ book, source, now, previousAt, changed }: Intake, newest: Instant): void {
  source.knownSince ??= newest;
  noteGap(book, source, newest, previousAt);
  source.newest = Math.max(source.newest, newest);
  source.heardAt = now;
  source.dead = null;
  noteHeard(book, source);
  source.marks.push(newest);
  if (source.marks.length > MARKS) source.marks.splice(0, source.marks.length - MARKS);
  for (const track of book.tracks.values()) {
    track.awaited.delete(source.id);
    if (!track.fedBy.has(source.id)) continue;
    track.since ??= previousAt === 0 ? newest : previousAt;
    changed.push(...newFeeder(track, source));
  }
  changed.push({ source: source.id, series: ALIVE, total: source.knownSince, at: source.newest });
}

function noteGap(book: Book, source: SourceState, newest: Instant, previousAt: Instant): void {
  const isGap = (track: Track): boolean => track.fedBy.has(source.id) && newest - previousAt > track.absentMs;
  if (previousAt === 0 || ![...book.tracks.values()].some(isGap)) return;
  source.gaps.push({ from: previousAt, to: newest });
  if (source.gaps.length > GAPS) source.gaps.splice(0, source.gaps.length - GAPS);
}

function moveCursor({ source, changed, at }: Intake, cursor: Cursor): void {
  for (const [key, total] of Object.entries(cursor))
    if (source.cursor[key] !== total) changed.push({ source: source.id, series: `${CURSOR}${key}`, total, at });
  source.cursor = { ...source.cursor, ...cursor };
}

function takeProbe({ book, source, now, changed }: Intake, { point, ok }: Probe, at: Instant): void {
  for (const track of book.tracks.values()) {
    if (track.spec.signal.kind !== 'probe' || !mayFeed(track, source.id)) continue;
    feeds(track, source);
    const row = rowOf(track, '');
    const before = track.points.get(point) ?? { fails: 0, at: 0, seenAt: 0 };
    const fails = ok ? 0 : before.fails + 1;
    track.points.set(point, { fails, at, seenAt: now });
    track.newAll[row] = (track.newAll[row] ?? 0) + (ok ? 1 : 0);
    track.newBad[row] = (track.newBad[row] ?? 0) + (ok ? 0 : 1);
    track.lastSeen[row] = at;
    track.seenAt[row] = now;
    track.touched.add(row);
    track.freshSlots.addResult(track, point, { at, ok, turned: fails - before.fails });
    if (fails !== before.fails) changed.push({ source: source.id, series: `${PROBE}${point}`, total: fails, at });
  }
}
