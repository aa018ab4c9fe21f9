// Looks at the scopes of a track: the condition from the rings, one step of each machine, what changed. It writes nothing.
import {
  type Condition,
  lookAtAge,
  lookAtComparison,
  lookAtCount,
  lookAtDistinct,
  lookAtGauge,
  lookAtMean,
  lookAtProbe,
  lookAtQuantile,
  lookAtRate,
  lookAtRatio,
  lookAtSilence,
  withSum,
} from '../../domain/condition.ts';
import type { Instant, JsonObject } from '../../domain/json.ts';
import { reportedCondition } from '../../domain/people-report.ts';
import type { Counts } from '../../domain/ring.ts';
import { WINDOW_SLOTS } from '../../domain/ring.ts';
import { OVERFLOW_SCOPE } from '../../domain/signal.ts';
import { quantileOf, SPREAD_PARTS } from '../../domain/spread.ts';
import type { Transition } from '../../domain/trigger.ts';
import { encodeState, isQuiet, type Look, type MachineState, saidAgain, step } from '../../domain/trigger-machine.ts';
import type { StateRow } from '../../ports/signal-store.ts';
import type { ManualTrigger } from './dataless.ts';
import { isAwaited } from './instants.ts';
import type { Book, Track, Watcher } from './track.ts';
import { countsBad, growsByTime, isUnknown, newestOf, partOf, slotOf, watermarkOf } from './track.ts';

/** What one turn changed, until it is committed. */
export interface Findings {
  readonly states: Map<string, StateRow>;
  readonly transitions: Transition[];
}

export const newFindings = (): Findings => ({ states: new Map(), transitions: [] });

/** Events from which the rate of a scope is learned. */
const LEARNED_FROM = 20;

const over: Counts = { bad: 0, all: 0 };
const still: Counts = { bad: 0, all: 0 };

/** The condition of one scope as the rings stand; `at` is the newest event time. */
export function conditionOf(track: Track, watcher: Watcher, row: number, at: Instant, now: Instant): Condition {
  const { compiled } = watcher;
  const { signal } = track.spec;
  if (signal.kind === 'absent') return lookAtSilence(compiled, now - lastEventOf(track, row), rateOf(track, row));
  if (signal.kind === 'age') {
    const last = track.eventAt[row] ?? 0;
    return lookAtAge(compiled, now, last > 0 && !isAwaited(track, now) ? last : null);
  }
  if (signal.kind === 'probe') {
    const points = [...track.points.values()].map((point) => ({ fails: point.fails, known: now - point.seenAt <= track.absentMs }));
    return lookAtProbe(points, signal);
  }
  const slot = slotOf(track, at);
  if (track.values !== null) {
    track.values.advanceTo(row, slot);
    return lookAtDistinct(compiled, track.values.between(row, slot - WINDOW_SLOTS, slot).count);
  }
  track.rings.advanceTo(row, slot);
  const stillSlots = Math.max(1, Math.round(compiled.stillMs / track.slotMs));
  const stillBefore = watcher.still[row] === true || watcher.states[row]?.limitSince != null;
  if (signal.kind === 'mean' || signal.kind === 'gauge') {
    const look = signal.kind === 'mean' ? lookAtMean : lookAtGauge;
    return look(
      compiled,
      track.rings.slotSums(row, slot - WINDOW_SLOTS, slot),
      track.rings.slotSums(row, slot - stillSlots, slot),
      stillBefore,
    );
  }
  const window = track.rings.window(row, over);
  const newest = track.rings.newest(row, stillSlots, still);
  if (compiled.rule.breach?.vs !== undefined) {
    const mine = { over: badFirst(track, { ...window }), still: badFirst(track, { ...newest }) };
    return lookAtComparison(compiled, mine, baselineOf(track, watcher, { row, at, mine: mine.over }), stillBefore);
  }
  if (signal.kind === 'count' || signal.kind === 'event') return lookAtCount(compiled, window);
  if (signal.kind === 'rate') return lookAtRate(compiled, window, newest);
  if (signal.kind === 'quantile') {
    const part = partOf(track, at);
    const value = quantileOf(signal.q, track.spread?.between([row], part - SPREAD_PARTS, part) ?? new Map());
    return lookAtQuantile(compiled, { over: badFirst(track, window), still: badFirst(track, newest) }, { stillBefore, value });
  }
  const look = lookAtRatio(compiled, badFirst(track, window), badFirst(track, newest), stillBefore);
  return watcher.sums === null ? look : withSum(look, watcher.states[row]?.cusum ?? null);
}

/** Null while the time before is not covered by data, or nobody else is there. */
function baselineOf(
  track: Track,
  { before, totals, compiled, states }: Watcher,
  { row, at, mine }: { readonly row: number; readonly at: Instant; readonly mine: Counts },
): Counts | null {
  const vs = compiled.rule.breach?.vs?.with;
  if (vs === 'others') return totals === null ? null : { bad: Math.max(0, totals.bad - mine.bad), all: Math.max(0, totals.all - mine.all) };
  const scope = track.scopes[row] ?? '';
  const other = before?.rowOf.get(scope);
  if (vs === undefined || before === null || other === undefined) return null;
  if (at - Math.max(before.since ?? at, states[row]?.coveredSince ?? 0) < before.overMs) return null;
  before.rings.advanceTo(other, slotOf(before, at));
  const to = slotOf(before, at - compiled.overMs) - 1;
  return badFirst(before, before.rings.between(other, to - Math.round(vs.beforeMs / before.slotMs) + 1, to, { bad: 0, all: 0 }));
}

function addUp(track: Track, watcher: Watcher, at: Instant): void {
  if (watcher.compiled.rule.breach?.vs?.with !== 'others') return;
  const sum = { bad: 0, all: 0 };
  for (let row = 0; row < track.scopes.length; row += 1) {
    track.rings.advanceTo(row, slotOf(track, at));
    const one = badFirst(track, track.rings.window(row, { bad: 0, all: 0 }));
    sum.bad += one.bad;
    sum.all += one.all;
  }
  watcher.totals = sum;
}

/** Two counters read one after the other may disagree by the events in between. */
export function badFirst(track: Track, counts: Counts): Counts {
  if (!countsBad(track)) counts.bad = Math.max(0, counts.all - counts.bad);
  return counts;
}

/** Silence counts from the last event, or from when Belay began to listen. */
const lastEventOf = (track: Track, row: number): Instant => Math.max(track.eventAt[row] ?? 0, track.since ?? 0);

/** Events per ms that a scope is known for; null while too few were seen. */
export function rateOf(track: Track, row: number): number | null {
  const spanMs = (track.eventAt[row] ?? 0) - (track.firstEventAt[row] ?? 0);
  const events = track.events[row] ?? 0;
  return events < LEARNED_FROM || spanMs <= 0 ? null : (events - 1) / spanMs;
}

/** Kinds without a window. */
const UNWINDOWED: ReadonlySet<string> = new Set(['absent', 'probe', 'age']);

/** Kinds of which more of the window can only hold more. */
const ADDS_UP: ReadonlySet<string> = new Set(['count', 'event', 'distinct']);

/** The window covers less than `over`: since the source is known, since the track is kept, or since the last gap. */
export function isWarming(
  track: Track,
  watcher: Watcher,
  o: { readonly state: MachineState; readonly at: Instant; readonly limit: boolean | null },
): boolean {
  const { state, at, limit } = o;
  const { kind } = track.spec.signal;
  if (UNWINDOWED.has(kind)) return false;
  // Too many events are too many however little of the window is covered: more of it could only add to them.
  if (ADDS_UP.has(kind) && limit === true && !watcher.compiled.inverse) return false;
  return track.since === null || at - Math.max(track.since, state.coveredSince ?? 0) < track.overMs;
}

/** Looks at what may have changed: all scopes when a new slot begins, else those with new data and those not at rest. */
export function lookAtTrack(book: Book, track: Track, now: Instant, findings: Findings): void {
  if (track.watchers.length === 0) {
    track.touched.clear();
    return;
  }
  const byTime = growsByTime(track);
  const at = byTime ? now : newestOf(book, track);
  const slot = slotOf(track, at);
  // Below 0: before the restart another source was read further than those that have spoken since.
  const spanMs = track.lookedAt === 0 ? 0 : Math.max(0, at - track.lookedAt);
  const turn: Turn = {
    at,
    spanMs: spanMs > track.absentMs ? 0 : spanMs,
    now,
    watermark: byTime ? now : watermarkOf(book, track, now),
    sources: [...track.fedBy],
    baselines: book.baselines,
  };
  for (const watcher of track.watchers) addUp(track, watcher, at);
  if (slot === track.sweptSlot && !byTime) {
    for (const row of rowsToLookAt(track)) lookAtRow(track, row, turn, findings);
  } else {
    for (let row = 0; row < track.scopes.length; row += 1) lookAtRow(track, row, turn, findings);
  }
  track.sweptSlot = slot;
  track.evaluatedAt = now;
  track.lookedAt = at;
  track.touched.clear();
}

function rowsToLookAt(track: Track): Int32Array {
  for (const watcher of track.watchers) for (const row of watcher.active) track.touched.add(row);
  return track.touched.rows;
}

interface Turn {
  readonly at: Instant;
  readonly spanMs: number;
  readonly now: Instant;
  readonly watermark: Instant;
  readonly sources: readonly string[];
  readonly baselines: Book['baselines'];
}

function lookAtRow(track: Track, row: number, turn: Turn, findings: Findings): void {
  if (isUnknown(track, row, turn.now)) return;
  for (const watcher of track.watchers) lookOnce(track, watcher, row, turn, findings);
  track.newBad[row] = 0;
  track.newAll[row] = 0;
  track.gapMs[row] = 0;
}

/** Adds what was counted to the running sum. One that is above 0 is told with the counts; what is usual is kept now and then. */
function withNew(
  track: Track,
  { sums, states, compiled }: Watcher,
  row: number,
  { at, baselines }: Turn,
  findings: Findings,
  before: MachineState,
): MachineState {
  if (sums === null) return before;
  const baseline = baselines?.of(compiled.rule.id, track.scopes[row] ?? '');
  const after = sums.add(row, before, newCounts(track, row), { at, baseline });
  states[row] = after;
  if (before.cusum?.sum !== after.cusum?.sum && after.cusum !== null) {
    note(findings, compiled.rule.id, track.scopes[row] ?? '', after, []);
    sums.unsaved.delete(row);
  }
  return after;
}

function newCounts(track: Track, row: number): Counts {
  const all = track.newAll[row] ?? 0;
  const bad = track.newBad[row] ?? 0;
  return { bad: countsBad(track) ? bad : Math.max(0, all - bad), all };
}

/** What running sums have learnt of what is usual. */
export function noteLearnt(book: Book, findings: Findings): void {
  for (const [trigger, { track, watcher }] of book.trackOf) {
    if (watcher.sums === null) continue;
    for (const row of watcher.sums.unsaved) {
      const state = watcher.states[row];
      if (state !== undefined) note(findings, trigger, track.scopes[row] ?? '', state, []);
    }
    watcher.sums.unsaved.clear();
  }
}

function lookOnce(track: Track, watcher: Watcher, row: number, turn: Turn, findings: Findings): void {
  const known = watcher.states[row];
  if (known === undefined) return;
  const before = withNew(track, watcher, row, turn, findings, known);
  const isAtRest = watcher.sums === null && watcher.still[row] === false && (track.gapMs[row] ?? 0) === 0 && isQuiet(before, null);
  if (isAtRest && isFaultless(track, watcher, row, turn.at)) return;
  const condition = conditionOf(track, watcher, row, turn.at, turn.now);
  watcher.still[row] = condition.still;
  const gapMs = track.gapMs[row] ?? 0;
  if (gapMs === 0 && isQuiet(before, condition.limit)) return;
  const { rule } = watcher.compiled;
  const scope = track.scopes[row] ?? '';
  const { state, transitions } = step(watcher.compiled, before, {
    ...turn,
    condition,
    gapMs,
    newBad: newCounts(track, row).bad,
    newAll: track.newAll[row] ?? 0,
    warming: isWarming(track, watcher, { state: before, at: turn.at, limit: condition.limit }),
    ceiling: ceilingOf(scope, rule.impact !== undefined, before),
    trigger: rule.id,
    scope,
    ...(track.spec.signal.kind === 'probe' ? { consecutive: track.spec.signal.consecutive } : {}),
  });
  if (state === before) return;
  watcher.states[row] = state;
  if (state.status === 'ok' && state.limitSince === null) watcher.active.delete(row);
  else watcher.active.add(row);
  note(findings, rule.id, scope, state, transitions);
}

/** Not one bad event in the whole window: a rule over a share cannot be beyond its limit, and nothing has to be counted to know it. */
function isFaultless(track: Track, watcher: Watcher, row: number, at: Instant): boolean {
  if (track.spec.signal.kind !== 'ratio' || watcher.compiled.inverse || watcher.compiled.rule.breach?.vs !== undefined) return false;
  return track.rings.isFaultless(row, slotOf(track, at));
}

/** A scope that is many, and an impact that nobody has confirmed, may ask but not act. */
export function ceilingOf(scope: string, needsImpact: boolean, state: MachineState): 'suspect' | 'act' {
  return scope === OVERFLOW_SCOPE || (needsImpact && state.reporters.length === 0) ? 'suspect' : 'act';
}

export function note(findings: Findings, trigger: string, scope: string, state: MachineState, transitions: readonly Transition[]): void {
  findings.states.set(JSON.stringify([trigger, scope]), { trigger, scope, state: encodeState(state) });
  findings.transitions.push(...transitions);
}

/** A look at what counts nothing itself. */
export const WITHOUT_DATA = { spanMs: 0, newBad: 0, newAll: 0, gapMs: 0, warming: false } as const;

/** A trigger that people pull: looked at when somebody reports, and while a hold runs. */
export function lookAtManual(manual: ManualTrigger, scope: string, now: Instant, findings: Findings, report?: JsonObject): void {
  const before = manual.states.get(scope);
  if (before === undefined) return;
  const { rule } = manual.compiled;
  const look: Look = {
    condition: reportedCondition(before),
    at: now,
    watermark: now,
    now,
    ...WITHOUT_DATA,
    ceiling: ceilingOf(scope, false, before),
    sources: ['manual'],
    trigger: rule.id,
    scope,
    ...(report === undefined ? {} : { report }),
  };
  const { state, transitions } = step(manual.compiled, before, look);
  if (state === before && report === undefined) return;
  manual.states.set(scope, state);
  // Whoever works on it hears of each word, also of one that changes nothing; and where nobody does any more, it is asked again.
  const isSame = report !== undefined && transitions.length === 0;
  note(findings, rule.id, scope, state, isSame ? saidAgain(manual.compiled, state, look) : transitions);
}
