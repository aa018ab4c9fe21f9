// Answers what detection knows now: windows with exact intervals for checks, one view a scope for guards and screens.
// It reads a book and changes nothing.
import type { Condition } from '../../domain/condition.ts';
import type { DistinctValues } from '../../domain/distinct.ts';
import { countInterval, growthChance, type Interval, meanInterval, shareInterval } from '../../domain/evidence-test.ts';
import type { Instant } from '../../domain/json.ts';
import { reportedCondition, stillSaid, wordMs } from '../../domain/people-report.ts';
import type { Counts } from '../../domain/ring.ts';
import { quantileOf, type Spreads } from '../../domain/spread.ts';
import type { TriggerView } from '../../domain/trigger.ts';
import { type MachineState, usableLevel } from '../../domain/trigger-machine.ts';
import type { MetricReading, Readings } from '../../ports/readings.ts';
import { clockViews } from './clocks.ts';
import { compositeCondition } from './composites.ts';
import type { CompositeTrigger, ManualTrigger } from './dataless.ts';
import { badFirst, ceilingOf, conditionOf, isWarming } from './looks.ts';
import type { Book, Track, Watcher } from './track.ts';
import { isSilent, isUnknown, newestOf, partMsOf, slotOf, trackKey, watermarkOf } from './track.ts';

const GROWTH_ALPHA = 0.05;
const MINUTE_MS = 60_000;

export interface Query {
  readonly trigger: string;
  readonly scope: string;
  readonly overMs?: number;
  readonly since?: Instant;
}

const nothing = (why: string, watermark: Instant): MetricReading => ({
  known: false,
  why,
  value: 0,
  lower: 0,
  upper: 0,
  bad: 0,
  all: 0,
  growing: false,
  watermark,
});

export function readMetric(book: Book, query: Query, o: { readonly now: Instant; readonly freshMs: number }): MetricReading {
  const found = book.trackOf.get(query.trigger);
  if (found === undefined)
    return nothing(
      book.manual.has(query.trigger)
        ? `trigger ${query.trigger} is pulled by people and measures nothing`
        : `there is no trigger ${query.trigger}`,
      0,
    );
  const windowMs = query.overMs ?? found.track.overMs;
  const track = trackOfWindow(book, found.track, windowMs);
  if (track === null)
    return nothing(
      `only the last ${found.track.overMs} ms are kept for trigger ${query.trigger}, not ${windowMs} ms`,
      watermarkOf(book, found.track, o.now),
    );
  const watermark = watermarkOf(book, track, o.now);
  const rows = query.scope === '' && track.by !== null ? [...track.rowOf.values()] : [track.rowOf.get(query.scope) ?? -1];
  const trouble = troubleOf(book, track, rows, query, o);
  if (trouble !== null) return nothing(trouble, watermark);
  const { kind } = track.spec.signal;
  if (kind === 'absent' || kind === 'probe' || kind === 'age')
    return exactly(track, found.watcher, rows[0] ?? 0, { now: o.now, watermark });
  const span = spanOf(book, track, windowMs, query.since);
  if (typeof span === 'string') return nothing(span, watermark);
  if (query.since === undefined) {
    const coveredMs = coverage(track, found.watcher, rows, newestOf(book, track));
    if (coveredMs < windowMs)
      return nothing(`the window is covered for ${Math.max(0, Math.round(coveredMs))} of ${windowMs} ms`, watermark);
  }
  if (track.spread !== null) return quantiled(track, track.spread, { rows, span, watermark, since: query.since });
  if (track.values !== null) return different(track.values, { rows, span, watermark });
  return kind === 'mean' || kind === 'gauge' ? sampled(track, rows, span, watermark) : counted(track, rows, span, watermark);
}

/** A shorter window is read from the same slots; a longer one needs a track of its own. */
function trackOfWindow(book: Book, own: Track, windowMs: number): Track | null {
  return (
    book.tracks.get(trackKey(own.spec.id, own.by, windowMs, own.spread === null ? null : own.limit)) ??
    (windowMs <= own.overMs ? own : null)
  );
}

function troubleOf(
  book: Book,
  track: Track,
  rows: readonly number[],
  { scope }: Query,
  { now, freshMs }: { readonly now: Instant; readonly freshMs: number },
): string | null {
  const sources = [...track.fedBy].map((id) => book.sources.get(id)).filter((source) => source !== undefined);
  const dead = sources.find((source) => source.dead !== null);
  if (dead !== undefined) return `source ${dead.id} cannot be read: ${dead.dead ?? ''}`;
  if (track.spec.signal.kind === 'absent') return null;
  if (sources.length === 0 || track.since === null) return 'no source has delivered yet';
  const ageMs = now - watermarkOf(book, track, now);
  if (ageMs > Math.max(freshMs, 3 * Math.max(...sources.map((source) => source.everyMs)))) return `the newest data is ${ageMs} ms old`;
  if (rows.length === 0 || rows.includes(-1)) return `no data of ${scope === '' ? 'any scope' : scope} has ever been seen`;
  return rows.every((row) => isUnknown(track, row, now))
    ? `no data of ${scope === '' ? 'any scope' : scope} since ${now - Math.max(...rows.map((row) => track.seenAt[row] ?? 0))} ms`
    : null;
}

function coverage(track: Track, watcher: Watcher, rows: readonly number[], at: Instant): number {
  const gaps = rows.map((row) => watcher.states[row]?.coveredSince ?? 0);
  return at - Math.max(track.since ?? at, ...gaps);
}

interface Span {
  readonly from: number;
  readonly to: number;
  readonly ms: number;
}

/**
 * Slots of the window. `since` cuts it at the first reading after it: an increment that began before it is left out whole,
 * so that what happened before cannot be seen through the increment that straddles it.
 */
function spanOf(book: Book, track: Track, windowMs: number, since: Instant | undefined): Span | string {
  const newest = newestOf(book, track);
  const to = slotOf(track, newest);
  const from = to - Math.round(windowMs / track.slotMs);
  const whole = { from, to, ms: windowMs };
  if (since === undefined || since <= newest - windowMs) return whole;
  let cut = since;
  for (const id of track.fedBy) {
    const source = book.sources.get(id);
    if (source === undefined || track.pushedBy.has(id)) continue;
    const mark = source.marks.find((one) => one >= since);
    if (mark === undefined || mark >= newest) return 'nothing has been measured since then';
    cut = Math.max(cut, mark);
  }
  const first = Math.ceil(cut / track.slotMs);
  if (first > to || cut >= newest) return 'nothing has been measured since then';
  return { from: Math.max(from, first), to, ms: Math.min(windowMs, newest - cut) };
}

function sumOver(track: Track, rows: readonly number[], from: number, to: number, at: number): Counts {
  const sum: Counts = { bad: 0, all: 0 };
  const one: Counts = { bad: 0, all: 0 };
  for (const row of rows) {
    track.rings.advanceTo(row, at);
    track.rings.between(row, from, to, one);
    sum.bad += one.bad;
    sum.all += one.all;
  }
  badFirst(track, sum);
  return sum;
}

function counted(track: Track, rows: readonly number[], span: Span, watermark: Instant): MetricReading {
  const { kind } = track.spec.signal;
  const isCount = kind === 'count' || kind === 'event';
  const isRate = kind === 'rate' || isCount;
  const counts = sumOver(track, rows, span.from, span.to, span.to);
  const all = counts.all;
  const bad = isRate ? all : Math.min(counts.bad, all);
  if (!isRate && all === 0) return nothing('there was no traffic in the window', watermark);
  const scale = isCount ? 1 : MINUTE_MS / span.ms;
  const interval = isRate ? scaled(countInterval(all), scale) : shareInterval(bad, all);
  const value = isRate ? all * scale : bad / all;
  const middle = Math.floor((span.from + span.to + 1) / 2);
  const earlier = sumOver(track, rows, span.from, middle - 1, span.to);
  const part = isRate ? earlier.all : earlier.bad;
  return {
    known: true,
    why: '',
    value,
    ...interval,
    bad,
    all,
    growing: growthChance(part, (isRate ? all : counts.bad) - part) < GROWTH_ALPHA,
    watermark,
  };
}

const scaled = ({ lower, upper }: Interval, by: number): Interval => ({ lower: lower * by, upper: upper * by });

function sampled(track: Track, rows: readonly number[], span: Span, watermark: Instant): MetricReading {
  for (const row of rows) track.rings.advanceTo(row, span.to);
  const slots = rows.flatMap((row) => track.rings.slotSums(row, span.from, span.to));
  const all = slots.reduce((sum, slot) => sum + slot.all, 0);
  if (all === 0) return nothing('there was no traffic in the window', watermark);
  const value = slots.reduce((sum, slot) => sum + slot.sum, 0) / all;
  const interval =
    track.spec.signal.kind === 'gauge' ? { lower: value, upper: value } : meanInterval(slots.map((slot) => slot.sum / slot.all));
  if (interval === null) return nothing('too little traffic in the window for a mean', watermark);
  const half = Math.floor(slots.length / 2);
  const mean = (part: typeof slots): number =>
    part.reduce((sum, slot) => sum + slot.sum, 0) /
    Math.max(
      1,
      part.reduce((sum, slot) => sum + slot.all, 0),
    );
  return {
    known: true,
    why: '',
    value,
    ...interval,
    bad: 0,
    all,
    growing: half > 0 && mean(slots.slice(half)) > Math.max(mean(slots.slice(0, half)), interval.upper),
    watermark,
  };
}

/** Of the parts that lie in the window: where it was cut, what began before the cut is left out whole. The interval is that of the ranks. */
function quantiled(
  track: Track,
  spread: Spreads,
  o: { readonly rows: readonly number[]; readonly span: Span; readonly watermark: Instant; readonly since: Instant | undefined },
): MetricReading {
  const { signal } = track.spec;
  const counts = counted(track, o.rows, o.span, o.watermark);
  if (!counts.known || signal.kind !== 'quantile') return counts;
  const round = o.since === undefined ? Math.floor : Math.ceil;
  const perPart = partMsOf(track) / track.slotMs;
  const sums = spread.between(o.rows, round(o.span.from / perPart), Math.floor(o.span.to / perPart));
  const value = quantileOf(signal.q, sums);
  if (value === null) return nothing('too little of the window has passed for a quantile', o.watermark);
  const spare = 1.96 * Math.sqrt((signal.q * (1 - signal.q)) / Math.max(1, counts.all));
  const at = (q: number): number => quantileOf(Math.min(1, Math.max(0, q)), sums) ?? value;
  return { ...counts, value, lower: Math.min(value, at(signal.q - spare)), upper: Math.max(value, at(signal.q + spare)) };
}

/** A value of two scopes counts twice. Which of two halves saw more cannot be told: a value is where it was seen last. */
function different(
  values: DistinctValues,
  { rows, span, watermark }: { readonly rows: readonly number[]; readonly span: Span; readonly watermark: Instant },
): MetricReading {
  const found = rows.map((row) => {
    values.advanceTo(row, span.to);
    return values.between(row, span.from, span.to);
  });
  const value = found.reduce((sum, one) => sum + one.count, 0);
  const error = 1.96 * Math.hypot(...found.map((one) => one.error * one.count));
  const interval = { lower: Math.max(0, value - error), upper: value + error };
  return { known: true, why: '', value, ...interval, bad: value, all: value, growing: false, watermark };
}

/** Silence and probes have no sampling error. */
function exactly(
  track: Track,
  watcher: Watcher,
  row: number,
  { now, watermark }: { readonly now: Instant; readonly watermark: Instant },
): MetricReading {
  const { value, bad, all, limit } = conditionOf(track, watcher, row, now, now);
  if (value === null || limit === null) return nothing('not every probe point has answered', watermark);
  return { known: true, why: '', value, lower: value, upper: value, bad, all, growing: false, watermark };
}

export function viewsOf(book: Book, trigger: string | undefined, now: Instant): readonly TriggerView[] {
  const views: TriggerView[] = [];
  for (const [id, { track, watcher }] of book.trackOf) {
    if (trigger === undefined || trigger === id)
      for (const [scope, row] of track.rowOf) views.push(viewOf(book, { id, track, watcher, scope, row }, now));
  }
  for (const [id, composite] of book.composites)
    if (trigger === undefined || trigger === id) views.push(...compositeViews(book, id, composite, now));
  for (const [id, manual] of book.manual) if (trigger === undefined || trigger === id) views.push(...manualViews(id, manual, now));
  if (trigger === undefined || trigger === book.clock?.compiled.rule.id) views.push(...clockViews(book, now));
  return views;
}

interface Seen {
  readonly id: string;
  readonly track: Track;
  readonly watcher: Watcher;
  readonly scope: string;
  readonly row: number;
}

function viewOf(book: Book, { id, track, watcher, scope, row }: Seen, now: Instant): TriggerView {
  const state = watcher.states[row];
  const at = newestOf(book, track);
  const condition = conditionOf(track, watcher, row, at, now);
  const unknown = isUnknown(track, row, now);
  return {
    trigger: id,
    scope,
    status: state?.status ?? 'ok',
    announced: state?.announced ?? false,
    unknown,
    warming: state === undefined || isWarming(track, watcher, { state, at, limit: condition.limit }),
    episode: state?.episode ?? null,
    since: state?.since ?? null,
    value: condition.value,
    bad: condition.bad,
    all: condition.all,
    level:
      state === undefined || unknown
        ? 'none'
        : usableLevel(state, { condition, ceiling: ceilingOf(scope, watcher.compiled.rule.impact !== undefined, state) }),
    overLimit: condition.limit === true,
    ...(condition.early === undefined ? {} : { early: condition.early }),
    ...(watcher.compiled.rule.breach?.vs === undefined ? {} : { baseline: comparedWith(condition) }),
    watermark: watermarkOf(book, track, now),
    lastEvaluatedAt: track.evaluatedAt,
    ...(track.since === null ? {} : { measuredSince: track.since }),
  };
}

/** Of no events in the time before nothing can be said of a share. */
function comparedWith({ limit, compared }: Condition): { readonly bad: number; readonly all: number } | null {
  return compared === undefined || limit === null ? null : { bad: compared.bad, all: compared.all };
}

function compositeViews(book: Book, id: string, composite: CompositeTrigger, now: Instant): readonly TriggerView[] {
  return [...composite.states].map(([scope, state]) => {
    const condition = compositeCondition(book, composite, { scope, now });
    return { ...stateView({ id, scope, state }, condition, now), unknown: condition.limit === null };
  });
}

function stateView(
  { id, scope, state }: { readonly id: string; readonly scope: string; readonly state: MachineState },
  condition: Condition,
  at: Instant,
): TriggerView {
  return {
    trigger: id,
    scope,
    status: state.status,
    announced: state.announced,
    unknown: false,
    warming: false,
    episode: state.episode,
    since: state.since,
    value: condition.value,
    bad: condition.bad,
    all: condition.all,
    level: usableLevel(state, { condition, ceiling: ceilingOf(scope, false, state) }),
    overLimit: condition.limit === true,
    watermark: at,
    lastEvaluatedAt: at,
  };
}

function manualViews(id: string, { compiled, states }: ManualTrigger, now: Instant): readonly TriggerView[] {
  return [...states].map(([scope, state]) => {
    const condition = reportedCondition(stillSaid(state, now, wordMs(compiled.rule)));
    return stateView({ id, scope, state }, condition, state.reportedAt ?? 0);
  });
}

export function healthOf(
  book: Book,
  o: { readonly now: Instant; readonly lagMs: number; readonly sources?: readonly string[] },
): Awaited<ReturnType<Readings['health']>> {
  const all = [...book.sources.values()];
  // What a trigger does not need may be as old as it likes.
  const wanted = all.filter((source) => o.sources?.includes(source.id) === true);
  const sources = wanted.length > 0 ? wanted : all;
  const dead = sources.filter((source) => isSilent(source, o.now));
  const living = sources.filter((source) => !dead.includes(source));
  const told = (living.length > 0 ? living : sources).map((source) =>
    source.newest > 0 ? source.newest - source.disorderMs : book.startedAt,
  );
  const oldest = told.length === 0 ? o.now : living.length > 0 ? Math.min(...told) : Math.max(...told);
  const truncated = sources.filter((source) => source.truncatedAt > 0).map((source) => [source.id, source.truncatedAt] as const);
  const crowded = sources.filter((source) => source.folded > 0).map((source) => source.id);
  return {
    watermarkAgeMs: Math.max(0, o.now - oldest),
    lagMs: o.lagMs,
    deadSources: dead.map((source) => source.id),
    ...(crowded.length === 0 ? {} : { crowdedSources: crowded }),
    ...(truncated.length === 0 ? {} : { truncatedAt: Object.fromEntries(truncated) }),
  };
}
