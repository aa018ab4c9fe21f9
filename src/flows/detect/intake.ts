// Takes one delivery of a source into the tracks: event times, increments, gaps, probe results. It judges nothing.
import { skewOf, withLag } from '../../domain/clock-skew.ts';
import { incrementOf, knownBefore, spread, spreadEvenly } from '../../domain/counter.ts';
import { digestNumber } from '../../domain/distinct.ts';
import type { Instant } from '../../domain/json.ts';
import { WINDOW_SLOTS } from '../../domain/ring.ts';
import type { Batch, Cursor } from '../../domain/signal.ts';
import { type Cell, cellOfBound, cellOfValue, SPREAD_PARTS } from '../../domain/spread.ts';
import type { SeriesRow } from '../../ports/signal-store.ts';
import { feeds, mayFeed, newFeeder } from './feeders.ts';
import { keep, keepResult } from './fresh-slots.ts';
import { noteHeard, noteTruncated, TRUNCATED } from './heard.ts';
import { AHEAD_MS, noteInstant } from './instants.ts';
import { seriesOf } from './known-series.ts';
import { heardOf } from './origins.ts';
import { type CounterSample, numberIn } from './series-key.ts';
import { isStale, spreadOut, storeAgain } from './stored-again.ts';
import { counting, hasHistograms } from './targets.ts';
import type { Book, Series, SourceState, Target, Track } from './track.ts';
import { partMsOf, rowOf, slotOf } from './track.ts';

const MARKS = 256;
const GAPS = 64;
const MAX_PART = 4_000_000_000;

export interface Intake {
  readonly book: Book;
  readonly source: SourceState;
  readonly now: Instant;
  /** Event time of the delivery. */
  readonly at: Instant;
  readonly previousAt: Instant;
  readonly shiftMs: number;
  readonly series: Map<string, SeriesRow>;
}

/** @returns rows of the store's series that changed. */
export function takeIn(book: Book, source: SourceState, batch: Batch, now: Instant): Map<string, SeriesRow> {
  const shiftMs = skewIn(book, source, batch, now);
  const at = ownTime(source, source.pulled ? batch.at : batch.at + shiftMs, now);
  const intake: Intake = { book, source, now, at, previousAt: source.newest, shiftMs, series: new Map() };
  noteSilence(intake, batch);
  let newest = at;
  // A count may come before the buckets it is read with.
  if (hasHistograms(book)) for (const sample of batch.samples) if (sample.kind !== 'probe') seriesOf(intake, sample);
  for (const sample of batch.samples) {
    const eventAt = eventTime(intake, batch, sample.at);
    newest = Math.max(newest, eventAt);
    if (sample.kind === 'probe') takeProbe(intake, sample.point, sample.ok, eventAt);
    else if (Number.isFinite(numberIn(sample))) takeCounter(intake, sample, eventAt);
  }
  heard(intake, newest);
  moveCursor(intake, batch.cursor ?? {});
  if (batch.truncated === true) intake.series.set(TRUNCATED, noteTruncated(source, at));
  return intake.series;
}

/** The wall clock of this machine may be set back: event time then stands still until it has caught up, and counting goes on. */
function ownTime(source: SourceState, at: Instant, now: Instant): Instant {
  return source.pulled ? Math.max(at, source.newest + 1) : Math.min(at, now + AHEAD_MS);
}

function eventTime(intake: Intake, batch: Batch, at: Instant): Instant {
  if (intake.source.pulled && at === batch.at) return intake.at;
  return Math.min(at + intake.shiftMs, Math.max(intake.now, intake.at) + AHEAD_MS);
}

/** A wrong clock of the sender is corrected when it would push counts out of a quarter of the shortest window. */
function skewIn(book: Book, source: SourceState, batch: Batch, now: Instant): number {
  const stamped = batch.samples.filter((sample) => !source.pulled || sample.at !== batch.at);
  if (stamped.length === 0) return 0;
  const newest = stamped.reduce((last, sample) => Math.max(last, sample.at), -Infinity);
  // A source that we read ourselves says how far it has read: working off a backlog is not a wrong clock.
  source.lags = withLag(source.lags, (source.pulled ? batch.at : now) - newest);
  let limitMs = Infinity;
  for (const track of book.tracks.values()) if (mayFeed(track, source.id)) limitMs = Math.min(limitMs, track.overMs / 4);
  return skewOf(source.lags, limitMs);
}

/** Silence of a source that tells increments is a gap for all scopes it feeds, less what this delivery makes up for. */
function noteSilence({ book, source, at, previousAt, now, series }: Intake, batch: Batch): void {
  for (const track of book.tracks.values()) {
    const isPushed = track.pushedBy.has(source.id);
    if (isPushed) track.pushSeenAt = now;
    // Who was there in a gap is not known, however the others are told.
    const isFed = isPushed || (track.values !== null && track.fedBy.has(source.id));
    if (!isFed || previousAt === 0 || at - previousAt <= track.absentMs) continue;
    const gapMs = silentMs(track, batch, previousAt, at);
    if (isPushed) for (let row = 0; row < track.scopes.length; row += 1) track.gapMs[row] = (track.gapMs[row] ?? 0) + gapMs;
    if (track.values === null || track.since === null || gapMs === 0) continue;
    track.since = Math.max(track.since, at);
    series.set(`${TRACKS}/${track.key}`, trackRow(track));
  }
}

function silentMs({ absentMs }: Track, batch: Batch, previousAt: Instant, at: Instant): number {
  const times = [
    previousAt,
    ...batch.samples
      .map((sample) => sample.at)
      .filter((one) => one > previousAt && one < at)
      .sort((a, b) => a - b),
    at,
  ];
  return times
    .slice(1)
    .reduce((sum, time, index) => sum + (time - (times[index] ?? time) > absentMs ? time - (times[index] ?? time) : 0), 0);
}

function heard({ book, source, now, previousAt, series }: Intake, newest: Instant): void {
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
    for (const row of newFeeder(track, source)) series.set(row.series, row);
  }
  series.set(ALIVE, { source: source.id, series: ALIVE, total: source.knownSince, at: source.newest });
}

function noteGap(book: Book, source: SourceState, newest: Instant, previousAt: Instant): void {
  const isGap = (track: Track): boolean => track.fedBy.has(source.id) && newest - previousAt > track.absentMs;
  if (previousAt === 0 || ![...book.tracks.values()].some(isGap)) return;
  source.gaps.push({ from: previousAt, to: newest });
  if (source.gaps.length > GAPS) source.gaps.splice(0, source.gaps.length - GAPS);
}

function moveCursor({ source, series, at }: Intake, cursor: Cursor): void {
  for (const [key, total] of Object.entries(cursor))
    if (source.cursor[key] !== total) series.set(`${CURSOR}${key}`, { source: source.id, series: `${CURSOR}${key}`, total, at });
  source.cursor = { ...source.cursor, ...cursor };
}

/** Names of what is not a source but kept among the series. No source of belay.yaml begins with `#`. */
export const TRACKS = '#tracks';
/** Series of the store that are not counters: no name of a metric holds a `#`. */
export const ALIVE = '#alive';
/** Between the key of a track and the bucket of a spread that a slot counts. */
export const SPREAD_MARK = '\n';
export const PROBE = '#probe:';
export const CURSOR = '#cursor:';
/** Sources that tell increments of a track: after a start, their silence is again no traffic, and not no data. */
export const INCREMENTS = '#increments:';

function takeCounter(intake: Intake, sample: CounterSample, at: Instant): void {
  const series = seriesOf(intake, sample);
  const readAt = series.origin === null ? intake.previousAt : heardOf(series.origin, at);
  if (series.targets.length === 0) return;
  if (sample.kind === 'delta') {
    for (const one of series.targets) {
      const target = counting(one);
      if (target === null) continue;
      if (target.track.values !== null)
        takeSeen(intake, target, { labels: sample.labels, isSeen: sample.delta > 0, at, from: -Infinity, pushed: true });
      else takeIncrement(intake, target, { delta: sample.delta, count: Math.round(sample.delta), from: at, at }, true);
    }
    return;
  }
  const value = numberIn(sample);
  const { previous } = series;
  if (series.isPlain && value >= 0 && previous?.total === value && at > previous.at && sinceOf(intake, sample) === undefined) {
    // Half of all counters: nothing was added, and that is known up to now.
    for (const target of series.targets) seen(intake, target, at, previous.at);
    previous.at = at;
    if (isStale(series, at)) storeAgain(intake, series, previous);
    return;
  }
  const total = { total: value, at };
  const since = sinceOf(intake, sample);
  const before = previous === undefined ? readBefore(intake, since, readAt) : null;
  const increment = value < 0 ? null : incrementOf(previous, since === undefined ? total : { ...total, since }, before);
  for (const one of series.targets) {
    const target = counting(one);
    if (target === null) continue;
    const { signal } = target.track.spec;
    if (signal.kind === 'distinct') {
      const isSeen = sample.kind === 'value' ? value > 0 : (increment?.delta ?? 0) > 0;
      takeSeen(intake, target, {
        labels: sample.labels,
        isSeen,
        at,
        from: sample.kind === 'total' ? (increment?.from ?? at) : -Infinity,
        pushed: false,
      });
    } else if (signal.kind === 'gauge') takeGauge(intake, target, previous, total);
    else if (signal.kind === 'age') takeInstant(intake, target, { ...total, key: `${intake.source.id}/${series.key}` });
    else if (target.track.limit !== null && sample.kind === 'value') takeSingle(intake, target, { value, limit: target.track.limit, at });
    else if (increment === null) seen(intake, target, at, previous === undefined ? Infinity : at);
    else takeIncrement(intake, target, { ...increment, count: Math.round(value) - Math.round(value - increment.delta), at }, false);
  }
  if (!series.kept || (previous !== undefined && at <= previous.at)) return;
  const isChanged = previous?.total !== value;
  // In place: there are hundreds of thousands.
  if (previous === undefined) series.previous = total;
  else {
    previous.total = value;
    previous.at = at;
  }
  if (isChanged || isStale(series, at)) storeAgain(intake, series, total);
  if (previous === undefined) spreadOut(series, intake.source.series.size);
}

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

/** In our own time, as the time of the sample is. */
const sinceOf = ({ shiftMs }: Intake, sample: CounterSample): Instant | undefined =>
  sample.kind === 'total' && sample.since !== undefined ? sample.since + shiftMs : undefined;

function readBefore({ source }: Intake, since: Instant | undefined, readAt: Instant): Instant | null {
  const { knownSince } = source;
  return knownBefore(since, { readAt: knownSince === null || readAt === 0 ? null : readAt, knownSince });
}

interface Laid {
  readonly delta: number;
  readonly count: number;
  readonly from: Instant;
  readonly at: Instant;
}

function takeIncrement(intake: Intake, target: Target, laid: Laid, pushed: boolean): void {
  const { track, row } = target;
  if (pushed && isTooLate(intake, track, laid.at)) return;
  seen(intake, target, laid.at, pushed ? -Infinity : laid.from);
  const o = { slotMs: track.slotMs, slots: WINDOW_SLOTS };
  const count = Math.min(Math.max(0, laid.count), MAX_PART);
  if (count > 0 && (target.bad || target.all)) {
    spread(count, laid.from, laid.at, o, (slot, part) => put(track, row, slot, target.bad ? part : 0, target.all ? part : 0, 0));
    track.newBad[row] = (track.newBad[row] ?? 0) + (target.bad ? count : 0);
    track.newAll[row] = (track.newAll[row] ?? 0) + (target.all ? count : 0);
    if (target.all) noteEvents(track, row, count, laid.at);
  }
  if (track.spread !== null) {
    if (target.le !== null && count > 0) putSpread(target, cellOfBound(target.le), { ...laid, count });
  } else if (target.sum && laid.delta !== 0)
    spreadEvenly(laid.delta, laid.from, laid.at, o, (slot, part) => put(track, row, slot, 0, 0, part));
}

/** Notes that its source tells increments of the track. */
function isTooLate(intake: Intake, track: Track, at: Instant): boolean {
  if (!track.pushedBy.has(intake.source.id)) {
    track.pushedBy.add(intake.source.id);
    const row = incrementsRow(track, intake.source);
    intake.series.set(row.series, row);
  }
  track.pushSeenAt = intake.now;
  // Where our own clock was set back a little, what comes now is not late.
  const late = at < Math.min(intake.previousAt, intake.now) - intake.source.disorderMs - track.spec.lateMs;
  if (late) intake.book.late += 1;
  return late;
}

interface Sighting {
  readonly labels: Readonly<Record<string, string>>;
  readonly isSeen: boolean;
  readonly at: Instant;
  /** It speaks for the time since then. */
  readonly from: Instant;
  readonly pushed: boolean;
}

/** A user, a phone: seen again it counts no second time, so nothing is lost where a sender repeats itself. */
function takeSeen(intake: Intake, target: Target, { labels, isSeen, at, from, pushed }: Sighting): void {
  const { track, row } = target;
  const { signal } = track.spec;
  if (track.values === null || signal.kind !== 'distinct' || (pushed && isTooLate(intake, track, at))) return;
  seen(intake, target, at, from);
  const value = labels[signal.label] ?? '';
  if (!isSeen || value === '') return;
  const noted = track.values.add(row, digestNumber(value), slotOf(track, at));
  noteEvents(track, row, 1, at);
  if (noted !== null)
    track.freshSeen.push({ signal: track.key, scope: track.scopes[row] ?? '', ...noted, slot: noted.slot * track.slotMs });
}

/** A gauge holds its value until the next sample: value × ms and the known ms go into the slots. */
function takeGauge(
  intake: Intake,
  target: Target,
  previous: Series['previous'],
  sample: { readonly total: number; readonly at: Instant },
): void {
  const { track, row } = target;
  const spanMs = previous === undefined ? 0 : sample.at - previous.at;
  seen(intake, target, sample.at, spanMs > 0 && spanMs <= track.absentMs ? -Infinity : Infinity);
  if (previous === undefined || spanMs <= 0 || spanMs > track.absentMs) return;
  const o = { slotMs: track.slotMs, slots: WINDOW_SLOTS };
  spread(Math.round(spanMs), previous.at, sample.at, o, (slot, part) => put(track, row, slot, 0, part, previous.total * part));
  track.newAll[row] = (track.newAll[row] ?? 0) + Math.round(spanMs);
}

/** One event with its value. */
function takeSingle(
  intake: Intake,
  target: Target,
  { value, limit, at }: { readonly value: number; readonly limit: number; readonly at: Instant },
): void {
  const one = { delta: 1, count: 1, from: at, at };
  takeIncrement(intake, { ...target, bad: value <= limit, all: true }, one, true);
  if (target.track.spread !== null) putSpread(target, cellOfValue(value), one);
}

function putSpread({ track, row }: Target, cell: Cell, { count, from, at }: Laid): void {
  const partMs = partMsOf(track);
  spread(count, from, at, { slotMs: partMs, slots: SPREAD_PARTS }, (part, amount) => {
    if (track.spread?.add(row, cell, part, amount) !== true) return;
    const key = `${row}/${part}/${cell}`;
    const fresh = track.freshSpread.get(key);
    if (fresh !== undefined) fresh.all += amount;
    else
      track.freshSpread.set(key, {
        signal: `${track.key}${SPREAD_MARK}${cell}`,
        scope: track.scopes[row] ?? '',
        slot: part * partMs,
        bad: 0,
        all: amount,
        sum: 0,
      });
  });
}

function takeInstant(
  intake: Intake,
  target: Target,
  { total, at, key }: { readonly total: number; readonly at: Instant; readonly key: string },
): void {
  const { track, row } = target;
  seen(intake, target, at, -Infinity);
  noteInstant(track, row, { key, total, at });
  track.newAll[row] = (track.newAll[row] ?? 0) + 1;
  // For the history: the mean of the last good things of a slot.
  keep(track, row, Math.floor(at / track.slotMs), 0, 1, (track.eventAt[row] ?? 0) / 1_000);
}

function put(track: Track, row: number, slot: number, bad: number, all: number, sum: number): void {
  if (track.rings.add(row, slot, bad, all, sum)) keep(track, row, slot, bad, all, sum);
}

/** Data of a scope at `at` that speaks for everything after `from`. */
function seen({ now, source }: Intake, { track, row }: Target, at: Instant, from: Instant): void {
  const last = track.lastSeen[row] ?? 0;
  if (last > 0 && at - last > track.absentMs && from > last && !track.pushedBy.has(source.id))
    track.gapMs[row] = (track.gapMs[row] ?? 0) + at - last;
  if (at > last) track.lastSeen[row] = at;
  track.seenAt[row] = now;
  track.touched.add(row);
}

function noteEvents(track: Track, row: number, count: number, at: Instant): void {
  if ((track.firstEventAt[row] ?? 0) === 0) track.firstEventAt[row] = at;
  track.events[row] = (track.events[row] ?? 0) + count;
  track.eventAt[row] = Math.max(track.eventAt[row] ?? 0, at);
}

function takeProbe(intake: Intake, point: string, ok: boolean, at: Instant): void {
  const { book, source, now } = intake;
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
    keepResult(track, point, { at, ok, turned: fails - before.fails });
    if (fails !== before.fails) intake.series.set(`${PROBE}${point}`, { source: source.id, series: `${PROBE}${point}`, total: fails, at });
  }
}
