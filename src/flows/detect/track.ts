// What detection holds in memory: sources, series, and one track for each (signal, window, grouping) with its scopes and watchers.
// Shapes and look-ups only; filling them is intake.ts, judging them is looks.ts, keeping them is keep.ts.
import type { Lags } from '../../domain/clock-skew.ts';
import { type CompiledRule, compileRule } from '../../domain/condition.ts';
import type { CounterState } from '../../domain/counter.ts';
import { DistinctValues } from '../../domain/distinct.ts';
import type { Instant } from '../../domain/json.ts';
import { slotKey } from '../../domain/minutes.ts';
import { Rings } from '../../domain/ring.ts';
import { type Cursor, OVERFLOW_SCOPE, type ScopeKey, type SignalSpec, type ToldSeries } from '../../domain/signal.ts';
import { isPulled, stampsNow } from '../../domain/source-catalog.ts';
import { SPREAD_PARTS, Spreads } from '../../domain/spread.ts';
import type { System } from '../../domain/system.ts';
import type { TriggerRule } from '../../domain/trigger.ts';
import { INITIAL, type MachineState } from '../../domain/trigger-machine.ts';
import type { SeenRow, SeriesRow, SlotRow } from '../../ports/signal-store.ts';
import type { Baselines } from './baselines.ts';
import type { ClockTrigger, CompositeTrigger, ManualTrigger } from './dataless.ts';
import { FreshSlots } from './fresh-slots.ts';
import type { Origin } from './origins.ts';
import { type Roles, rolesOf } from './roles.ts';
import { RowSet } from './row-set.ts';
import { RunningSums } from './running-sums.ts';
import { sameText } from './series-key.ts';
import { newTold, type ToldMemory } from './told.ts';

export interface Watcher {
  readonly compiled: CompiledRule;
  /** By row of the track. */
  readonly states: MachineState[];
  readonly still: boolean[];
  /** A longer window of the same signal, where the rule compares with the time before. */
  readonly before: Track | null;
  readonly sums: RunningSums | null;
  /** Of all scopes in this turn, where the rule compares with the others. */
  totals: { bad: number; all: number } | null;
  /** Rows that are not at rest: looked at with every delivery. */
  readonly active: Set<number>;
}

export interface Track {
  readonly key: string;
  readonly spec: SignalSpec;
  readonly by: string | null;
  readonly overMs: number;
  readonly slotMs: number;
  readonly roles: Roles;
  readonly rings: Rings;
  readonly rowOf: Map<ScopeKey, number>;
  readonly scopes: ScopeKey[];
  /** Of all tracks: one text each, so that they are told apart at a glance. */
  readonly texts: Map<ScopeKey, ScopeKey>;
  readonly watchers: Watcher[];
  /** Sources that have fed it, and those of them that the store knows of. */
  readonly fedBy: Set<string>;
  readonly keptFeeders: Set<string>;
  /** Those of them that tell increments: their silence is zero traffic as long as they speak at all. */
  readonly pushedBy: Set<string>;
  readonly points: Map<string, { fails: number; at: Instant; seenAt: Instant }>;
  /** For ages: by row, the last good thing that each series tells. */
  readonly instants: Map<number, Map<string, Instant>>;
  /** For ages: sources that have not spoken since the start, and until when they are waited for: any of them may know of something newer. */
  readonly awaited: Map<string, Instant>;
  /** For distinct values, null for all other kinds; and those that were seen since the last commit. */
  readonly values: DistinctValues | null;
  readonly freshSeen: SeenRow[];
  /** For shares above a limit: the limit. For quantiles: how the values are spread. */
  readonly limit: number | null;
  readonly spread: Spreads | null;
  readonly freshSpread: Map<string, { -readonly [K in keyof SlotRow]: SlotRow[K] }>;
  /** Label sets of histograms → their bucket at the limit (for a quantile: the first one from it on). Of others nobody knows how many are above. */
  readonly bucketed: Map<string, number>;
  /** Covered by data since; null before the first delivery. */
  since: Instant | null;
  /** Longest silence of a scope that is still known, ms. */
  absentMs: number;
  pushSeenAt: Instant;
  sweptSlot: number;
  evaluatedAt: Instant;
  /** Event time of the last look; 0: none yet in this life. */
  lookedAt: Instant;
  // By row: newest event time and arrival, time of the last event, gap and counts since the last look, learned rate.
  readonly lastSeen: Instant[];
  readonly seenAt: Instant[];
  readonly eventAt: Instant[];
  readonly firstEventAt: Instant[];
  readonly events: number[];
  readonly gapMs: number[];
  readonly newBad: number[];
  readonly newAll: number[];
  readonly touched: RowSet;
  readonly freshSlots: FreshSlots;
}

export interface Target {
  readonly track: Track;
  readonly row: number;
  /** Counts only where a series of this key has a bucket at the limit; null: always. */
  readonly needs: string | null;
  /** The upper bound of the bucket that it is; null where it is none. */
  readonly le: number | null;
  readonly bad: boolean;
  readonly all: boolean;
  readonly sum: boolean;
}

export interface Series {
  readonly key: string;
  readonly targets: readonly Target[];
  /** Kept in memory and, where it is a total, in the store. What only tells values apart is not: it may be one of millions. */
  readonly kept: boolean;
  /** All that it is for are increments: a total that stands still adds nothing to any of them. */
  readonly isPlain: boolean;
  last: LastTotal | undefined;
  /** Time of its row in the store, which forgets what is not written again for a week; and the turn of the book that wrote it last. */
  storedAt: Instant;
  changedIn: number;
  /** Null: of the source itself. */
  readonly origin: Origin | null;
  /** The object that its source told it by again. */
  told: ToldSeries | null;
  /** What came behind it the last time: senders keep their order, and comparing is far cheaper than looking up. */
  next: Series | null;
}

/** As the store keeps it. There are hundreds of thousands: it is changed in place. */
export type LastTotal = { -readonly [K in keyof SeriesRow]: SeriesRow[K] };

export interface SourceState {
  readonly id: string;
  readonly everyMs: number;
  /** Belay reads it itself: the times of its deliveries are our own clock's. */
  readonly pulled: boolean;
  readonly disorderMs: number;
  knownSince: Instant | null;
  /** Newest event time; 0 before the first delivery. */
  newest: Instant;
  heardAt: Instant;
  dead: string | null;
  /** Samples that were beyond its cap of series. */
  folded: number;
  /** When its sender last said that it had left something out; 0: never. */
  truncatedAt: Instant;
  lags: Lags;
  readonly stampsNow: boolean;
  /** Event times of the latest readings: where a window may be cut without splitting an increment. */
  readonly marks: Instant[];
  /** Silences that were too long for a track it feeds, oldest first: what came of them is missing. */
  readonly gaps: { readonly from: Instant; readonly to: Instant }[];
  readonly series: Map<string, Series>;
  readonly origins: Map<string, Origin>;
  readonly told: ToldMemory;
  /** A source hands over the same object for the same series again and again. */
  readonly byTold: WeakMap<ToldSeries, Series>;
  lastSeries: Series | null;
  readonly restored: Map<string, CounterState & { readonly storedAt: Instant }>;
  /** Where its last reading ended that was committed. */
  cursor: Cursor;
}

/** Everything in memory. It can be thrown away and loaded again at any time. */
export interface Book {
  readonly tracks: Map<string, Track>;
  readonly texts: Map<ScopeKey, ScopeKey>;
  readonly sources: Map<string, SourceState>;
  readonly manual: Map<string, ManualTrigger>;
  readonly composites: Map<string, CompositeTrigger>;
  /** trigger → its own track. */
  readonly trackOf: Map<string, { readonly track: Track; readonly watcher: Watcher }>;
  /** Labels whose values are only told apart: nothing keeps them as they are. */
  readonly hashed: ReadonlySet<string>;
  readonly startedAt: Instant;
  /** What it was loaded from lay so far in the future: this machine's clock had been wrong. */
  takenBack: { readonly byMs: number; isStored: boolean } | null;
  late: number;
  /** Goes on with every commit. */
  turn: number;
  readonly heard: { readonly minutes: Map<string, Instant>; readonly rows: SlotRow[] };
  /** The trigger over the clocks of the sources: a state for each. Null: there is none. */
  clock: ClockTrigger | null;
  baselines?: Baselines;
}

/** A window beyond the triggers' own that readings will ask for. */
export interface ExtraWindow {
  readonly trigger: string;
  readonly overMs: number;
}

export function newBook(system: System, now: Instant, extra: readonly ExtraWindow[]): Book {
  const book: Book = {
    tracks: new Map(),
    texts: new Map(),
    sources: new Map(),
    manual: new Map(),
    composites: new Map(),
    trackOf: new Map(),
    hashed: new Set(system.signals.flatMap(({ signal }) => (signal.kind === 'distinct' ? [signal.label] : []))),
    startedAt: now,
    takenBack: null,
    late: 0,
    turn: 1,
    heard: { minutes: new Map(), rows: [] },
    clock: null,
  };
  for (const rule of system.triggers) {
    const spec = system.signals.find((one) => one.id === rule.signal);
    if (spec !== undefined && rule.builtIn === 'clock') book.clock = { compiled: compileRule(rule, spec.signal), states: new Map() };
    else if (spec !== undefined) watch(book, rule, spec, now);
  }
  for (const { trigger, overMs } of extra) {
    const known = book.trackOf.get(trigger);
    if (known !== undefined) trackFor(book, { spec: known.track.spec, by: known.track.by, overMs, limit: known.track.limit }, now);
  }
  return book;
}

function watch(book: Book, rule: TriggerRule, spec: SignalSpec, now: Instant): void {
  const compiled = compileRule(rule, spec.signal);
  if (spec.signal.kind === 'manual') {
    book.manual.set(rule.id, { compiled, who: spec.signal.who, states: new Map() });
    return;
  }
  if (spec.signal.kind === 'composite') {
    const { of: members, atLeast } = spec.signal;
    book.composites.set(rule.id, { compiled, members, atLeast, scope: rule.scope, states: new Map() });
    return;
  }
  const limit = rule.breach?.above ?? null;
  const track = trackFor(book, { spec, by: rule.scope === 'org' ? spec.by : null, overMs: compiled.overMs, limit }, now);
  const vs = rule.breach?.vs?.with;
  const beforeMs = vs === undefined || vs === 'others' ? null : vs.beforeMs;
  const before = beforeMs === null ? null : trackFor(book, { spec, by: track.by, overMs: compiled.overMs + beforeMs }, now);
  const sums = rule.detector === 'cusum' ? new RunningSums(compiled.limit) : null;
  const watcher: Watcher = { compiled, states: [], still: [], before, sums, totals: null, active: new Set() };
  track.watchers.push(watcher);
  book.trackOf.set(rule.id, { track, watcher });
}

export const trackKey = slotKey;

export function trackFor(
  book: Book,
  o: { readonly spec: SignalSpec; readonly by: string | null; readonly overMs: number; readonly limit?: number | null },
  now: Instant,
): Track {
  const { signal } = o.spec;
  const limit = signal.kind === 'fractionAbove' ? signal.limit : signal.kind === 'quantile' ? (o.limit ?? Infinity) : null;
  const key = trackKey(o.spec.id, o.by, o.overMs, signal.kind === 'quantile' ? limit : null);
  const known = book.tracks.get(key);
  if (known !== undefined) return known;
  const slotMs = Rings.slotMsOf(o.overMs);
  const { kind } = signal;
  const track: Track = {
    key,
    spec: o.spec,
    by: o.by,
    overMs: o.overMs,
    limit,
    slotMs,
    roles: rolesOf(o.spec, limit),
    rings: new Rings(Math.floor((now - 4 * o.overMs) / slotMs), kind === 'mean' || kind === 'gauge'),
    rowOf: new Map(),
    scopes: [],
    texts: book.texts,
    watchers: [],
    fedBy: new Set(),
    keptFeeders: new Set(),
    pushedBy: new Set(),
    points: new Map(),
    instants: new Map(),
    awaited: new Map(),
    values: kind === 'distinct' ? new DistinctValues() : null,
    freshSeen: [],
    spread: kind === 'quantile' ? new Spreads() : null,
    freshSpread: new Map(),
    bucketed: new Map(),
    since: null,
    absentMs: 'ms' in o.spec.absentAfter ? o.spec.absentAfter.ms : 0,
    pushSeenAt: 0,
    sweptSlot: -1,
    evaluatedAt: 0,
    lookedAt: 0,
    lastSeen: [],
    seenAt: [],
    eventAt: [],
    firstEventAt: [],
    events: [],
    gapMs: [],
    newBad: [],
    newAll: [],
    touched: new RowSet(),
    freshSlots: new FreshSlots(),
  };
  book.tracks.set(key, track);
  return track;
}

/** False: the ring's `bad` holds the good ones. */
export const countsBad = (track: Pick<Track, 'spec'>): boolean =>
  track.spec.signal.kind !== 'fractionAbove' && track.spec.signal.kind !== 'quantile';

/** Kinds that grow by time alone: looked at with the clock, not with the newest sample. */
export const growsByTime = ({ spec }: Pick<Track, 'spec'>): boolean => spec.signal.kind === 'absent' || spec.signal.kind === 'age';

/** Row of a scope, made when it is new; beyond the signal's cap all new ones share the overflow row. */
export function rowOf(track: Track, scope: ScopeKey): number {
  const known = track.rowOf.get(scope);
  if (known !== undefined) return known;
  if (scope !== OVERFLOW_SCOPE && track.rowOf.size >= track.spec.max) return rowOf(track, OVERFLOW_SCOPE);
  const row = track.rings.addRow();
  track.rowOf.set(scope, row);
  track.scopes.push(sameText(track.texts, scope));
  for (const list of [
    track.lastSeen,
    track.seenAt,
    track.eventAt,
    track.firstEventAt,
    track.events,
    track.gapMs,
    track.newBad,
    track.newAll,
  ])
    list.push(0);
  for (const watcher of track.watchers) {
    watcher.states.push(INITIAL);
    watcher.still.push(false);
  }
  return row;
}

/** A window has fewer parts for quantiles than slots for counts. */
export const partOf = (track: Track, at: Instant): number => Math.floor(at / partMsOf(track));
export const partMsOf = ({ overMs }: Pick<Track, 'overMs'>): number => Math.max(1, Math.round(overMs / SPREAD_PARTS));

export const slotOf = (track: Track, at: Instant): number => Math.floor(at / track.slotMs);

/** Newest event time of the track's sources. */
export function newestOf(book: Book, track: Track): Instant {
  let newest = 0;
  for (const id of track.fedBy) newest = Math.max(newest, book.sources.get(id)?.newest ?? 0);
  return newest;
}

/** Not to be read, or not heard of for three of its readings and what a delivery may take. */
export const isSilent = (source: SourceState, now: Instant): boolean =>
  source.dead !== null || now - source.heardAt > 3 * source.everyMs + DELIVERY_MS;
export const DELIVERY_MS = 2_000;

/** Below this instant nothing is expected any more: the oldest of the sources that speak, less its disorder. */
export function watermarkOf(book: Book, track: Track, now: Instant): Instant {
  let oldest = Infinity;
  for (const id of track.fedBy) {
    const source = book.sources.get(id);
    if (source !== undefined && !isSilent(source, now) && source.newest > 0)
      oldest = Math.min(oldest, source.newest - Math.min(source.disorderMs, track.spec.lateMs));
  }
  return oldest === Infinity ? newestOf(book, track) : oldest;
}

/** Its data is too old to tell. Of silence nothing is too old: it grows by itself. */
export function isUnknown(track: Track, row: number, now: Instant): boolean {
  if (track.spec.signal.kind === 'absent') return false;
  const seenAt = Math.max(track.seenAt[row] ?? 0, track.pushSeenAt);
  return track.since === null || now - seenAt > track.absentMs;
}

/** A source first heard of, or configured. */
export function sourceOf(book: Book, system: System, id: string, everyMs: number): SourceState {
  const known = book.sources.get(id);
  if (known !== undefined) return known;
  const spec = system.sources.find((one) => one.id === id);
  const cadenceMs = spec?.everyMs ?? everyMs;
  const pulled = spec !== undefined && isPulled(spec);
  const source: SourceState = {
    id,
    everyMs: cadenceMs,
    pulled,
    disorderMs: pulled ? 0 : cadenceMs,
    knownSince: null,
    newest: 0,
    heardAt: book.startedAt,
    dead: null,
    folded: 0,
    truncatedAt: 0,
    lags: [],
    stampsNow: spec === undefined || stampsNow(spec),
    marks: [],
    gaps: [],
    series: new Map(),
    origins: new Map(),
    told: newTold(),
    byTold: new WeakMap(),
    lastSeries: null,
    restored: new Map(),
    cursor: {},
  };
  book.sources.set(id, source);
  return source;
}
