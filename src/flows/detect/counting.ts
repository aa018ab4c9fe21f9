// What the rows of a delivery count: increments of counters, single values, gauges, instants, values that are seen. When a delivery came
// and how late it is, it is told; it judges nothing.
import { type CounterState, incrementOf, knownBefore, spread, spreadEvenly } from '../../domain/counter.ts';
import { digestNumber } from '../../domain/distinct.ts';
import type { Instant } from '../../domain/json.ts';
import { WINDOW_SLOTS } from '../../domain/ring.ts';
import type { SampleColumns, ToldSeries } from '../../domain/signal.ts';
import { type Cell, cellOfBound, cellOfValue, SPREAD_PARTS } from '../../domain/spread.ts';
import type { SeriesRow } from '../../ports/signal-store.ts';
import { noteInstant } from './instants.ts';
import { incrementsRow, SPREAD_MARK } from './kept-rows.ts';
import { seriesOf } from './known-series.ts';
import { heardOf } from './origins.ts';
import { isStale, spreadOut, storeAgain } from './stored-again.ts';
import { counting } from './targets.ts';
import type { Book, LastTotal, Series, SourceState, Target, Track } from './track.ts';
import { partMsOf, slotOf } from './track.ts';

const MAX_PART = 4_000_000_000;

export interface Intake {
  readonly book: Book;
  readonly source: SourceState;
  readonly now: Instant;
  /** Event time of the delivery. */
  readonly at: Instant;
  readonly previousAt: Instant;
  readonly shiftMs: number;
  /** Rows of the store's series that changed since the last commit; of a series the last one counts. */
  readonly changed: SeriesRow[];
}

export function takeRow(intake: Intake, columns: SampleColumns, row: number, at: Instant): void {
  const value = columns.value[row] as number;
  if (!Number.isFinite(value)) return;
  const told = columns.series[row] as ToldSeries;
  const series = seriesOf(intake.book, intake.source, told);
  const readAt = series.origin === null ? intake.previousAt : heardOf(series.origin, at);
  if (series.targets.length === 0) return;
  if (told.kind === 'delta') {
    takeDelta(intake, told, series, value, at);
    return;
  }
  const { last } = series;
  const since = columns.since === null ? Number.NaN : (columns.since[row] as number);
  // Nearly all of them: it goes on where it was read before.
  if (series.isPlain && last !== undefined && value >= 0 && value >= last.total && at > last.at && Number.isNaN(since))
    takeNext(intake, series, last, value, at);
  else takeTotal(intake, told, series, { value, at, readAt, since: Number.isNaN(since) ? undefined : since + intake.shiftMs });
}

/** What `takeNext` lays: one for all, because there are a hundred thousand. */
const next: Mutable<Laid> = { delta: 0.5, count: 0.5, from: 0.5, at: 0.5 };

/** As `takeTotal` would, without asking what is known already. */
function takeNext(intake: Intake, series: Series, last: LastTotal, value: number, at: Instant): void {
  const delta = value - last.total;
  next.delta = delta;
  next.count = Math.round(value) - Math.round(value - delta);
  next.from = last.at;
  next.at = at;
  last.at = at;
  if (delta === 0) {
    // Half of all counters: nothing was added, and that is known up to now.
    for (const target of series.targets) seen(intake, target, next.at, next.from);
    if (isStale(series, at)) storeAgain(intake, series, last);
    return;
  }
  for (const target of series.targets) takeIncrement(intake, target, next, false);
  last.total = value;
  storeAgain(intake, series, last);
}

function takeDelta(intake: Intake, told: ToldSeries, { targets }: Series, delta: number, at: Instant): void {
  for (const one of targets) {
    const target = counting(one);
    if (target === null) continue;
    if (target.track.values !== null)
      takeSeen(intake, target, { labels: told.labels, isSeen: delta > 0, at, from: -Infinity, pushed: true });
    else takeIncrement(intake, target, { delta, count: Math.round(delta), from: at, at }, true);
  }
}

interface ReadTotal {
  readonly value: number;
  readonly at: Instant;
  readonly readAt: Instant;
  /** In our own time, as the time of the sample is. */
  readonly since: Instant | undefined;
}

function takeTotal(intake: Intake, told: ToldSeries, series: Series, { value, at, readAt, since }: ReadTotal): void {
  const { last } = series;
  const total = { total: value, at };
  const before = last === undefined ? readBefore(intake, since, readAt) : null;
  const increment = value < 0 ? null : incrementOf(last, since === undefined ? total : { ...total, since }, before);
  for (const one of series.targets) {
    const target = counting(one);
    if (target === null) continue;
    const { signal } = target.track.spec;
    if (signal.kind === 'distinct') {
      const isSeen = told.kind === 'value' ? value > 0 : (increment?.delta ?? 0) > 0;
      const from = told.kind === 'total' ? (increment?.from ?? at) : -Infinity;
      takeSeen(intake, target, { labels: told.labels, isSeen, at, from, pushed: false });
    } else if (signal.kind === 'gauge') takeGauge(intake, target, last, total);
    else if (signal.kind === 'age') takeInstant(intake, target, { ...total, key: `${intake.source.id}/${series.key}` });
    else if (target.track.limit !== null && told.kind === 'value') takeSingle(intake, target, { value, limit: target.track.limit, at });
    else if (increment === null) seen(intake, target, at, last === undefined ? Infinity : at);
    else takeIncrement(intake, target, { ...increment, count: Math.round(value) - Math.round(value - increment.delta), at }, false);
  }
  if (series.kept && (last === undefined || at > last.at)) remember(intake, series, total);
}

function remember(intake: Intake, series: Series, { total, at }: CounterState): void {
  const { last } = series;
  if (last === undefined) {
    series.last = { source: intake.source.id, series: series.key, total, at };
    storeAgain(intake, series, series.last);
    spreadOut(series, intake.source.series.size);
    return;
  }
  const isChanged = last.total !== total;
  last.total = total;
  last.at = at;
  if (isChanged || isStale(series, at)) storeAgain(intake, series, last);
}

function readBefore({ source }: Intake, since: Instant | undefined, readAt: Instant): Instant | null {
  const { knownSince } = source;
  return knownBefore(since, { readAt: knownSince === null || readAt === 0 ? null : readAt, knownSince });
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

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
    intake.changed.push(incrementsRow(track, intake.source));
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
  previous: Series['last'],
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
  track.freshSlots.add(row, Math.floor(at / track.slotMs), 0, 1, (track.eventAt[row] ?? 0) / 1_000);
}

function put(track: Track, row: number, slot: number, bad: number, all: number, sum: number): void {
  if (track.rings.add(row, slot, bad, all, sum)) track.freshSlots.add(row, slot, bad, all, sum);
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
