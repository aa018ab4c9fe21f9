// The state of one (trigger, scope): ok → suspect → breached → cleared, its hold, its clearing and its episode.
// It knows event time as an argument and never a clock. Missing data never moves it: the caller then has nothing to look at.
import type { Clean, CompiledRule, Condition } from './condition.ts';
import { chanceOf, crossedShare, isProven, provenBound } from './condition.ts';
import type { RunningSum } from './cusum.ts';
import type { Instant, Json, JsonObject } from './json.ts';
import { type EvidenceLevel, type FrozenInputs, isTold, type Transition, type TriggerStatus } from './trigger.ts';

/** Bad events that a rule which merely persists must have seen before it asks. */
const PERSISTENT_BAD = 3;
/** Kinds that count no bad events, or where each one counts by itself. */
const WITHOUT_BAD: ReadonlySet<string> = new Set(['absent', 'mean', 'gauge', 'age', 'count', 'event', 'distinct', 'composite']);
/** From this re-opening on an episode asks and never acts alone. */
const LAST_REOPENING = 3;

export interface MachineState {
  readonly status: TriggerStatus;
  readonly announced: boolean;
  readonly episode: string | null;
  /** First crossing of the rule in this episode. */
  readonly since: Instant | null;
  /** L has held since then, without a break. */
  readonly limitSince: Instant | null;
  /** Time of that hold that does not count: gaps, and times in which it could not be told. */
  readonly pausedMs: number;
  readonly pausedSince: Instant | null;
  readonly belowSince: Instant | null;
  readonly cleanBad: number;
  readonly cleanAll: number;
  readonly clearedAt: Instant | null;
  readonly reopened: number;
  /** Data is without a gap from here on; null: as long as its source has been known. */
  readonly coveredSince: Instant | null;
  /** People who reported (manual) or confirmed the impact, within the time that a word counts. */
  readonly reporters: readonly string[];
  readonly heard: Readonly<Record<string, { readonly at: Instant; readonly trusted: boolean }>>;
  readonly trusted: boolean;
  readonly reportedAt: Instant | null;
  /** For `detector: cusum`. */
  readonly cusum: RunningSum | null;
}

export const INITIAL: MachineState = {
  status: 'ok',
  announced: false,
  episode: null,
  since: null,
  limitSince: null,
  pausedMs: 0,
  pausedSince: null,
  belowSince: null,
  cleanBad: 0,
  cleanAll: 0,
  clearedAt: null,
  reopened: 0,
  coveredSince: null,
  reporters: [],
  heard: {},
  trusted: false,
  reportedAt: null,
  cusum: null,
};

/** At rest again, with what was learnt. */
const atRest = ({ coveredSince, cusum }: MachineState): MachineState => ({ ...INITIAL, coveredSince, cusum });

/** One look at one scope. */
export interface Look {
  readonly condition: Condition;
  /** Newest event time. */
  readonly at: Instant;
  readonly watermark: Instant;
  /** When Belay learned it. */
  readonly now: Instant;
  /** Event time since the look before; 0 when there was none, or too long ago to say anything of the time between. Never below 0. */
  readonly spanMs: number;
  /** Counted since the last look. */
  readonly newBad: number;
  readonly newAll: number;
  /** Event time without data just before this look; 0 when there was none, or the source made up for it. */
  readonly gapMs: number;
  readonly warming: boolean;
  /** More than `suspect` is not to be had: a scope beyond the cap, an impact nobody has confirmed. */
  readonly ceiling: 'suspect' | 'act';
  readonly sources: readonly string[];
  readonly trigger: string;
  readonly scope: string;
  /** For probes: results that clearing needs. */
  readonly consecutive?: number;
  readonly report?: JsonObject;
}

export interface Stepped {
  readonly state: MachineState;
  readonly transitions: readonly Transition[];
}

const NOTHING: readonly Transition[] = [];

/** True when a look that finds nothing leaves the state as it is: the case of nearly every scope nearly always. */
export const isQuiet = (state: MachineState, limit: boolean | null): boolean =>
  state.status === 'ok' && limit !== true && state.limitSince === null;

/** Level as it may be used: capped where the scope, the window or the episode does not bear more. */
export function usableLevel(state: MachineState, look: Pick<Look, 'condition' | 'ceiling'>): EvidenceLevel {
  const { limit, level } = look.condition;
  if (limit !== true) return 'none';
  return level === 'act' && (look.ceiling === 'suspect' || state.reopened >= LAST_REOPENING) ? 'suspect' : level;
}

export function step(rule: CompiledRule, before: MachineState, look: Look): Stepped {
  const moved = look.gapMs > 0 ? overGap(rule, before, look) : before;
  if (isQuiet(moved, look.condition.limit)) return { state: moved, transitions: NOTHING };
  const held = hold(rule, moved, look);
  if (held.status === 'ok') return fromOk(rule, held, look);
  if (held.status === 'cleared') return fromCleared(rule, held, look);
  if (held.status === 'suspect') return fromSuspect(rule, held, look, []);
  return tryClear(rule, countClean(held, look), look, []);
}

/** Time that nobody saw: by default it neither counts towards a hold nor breaks it. */
function overGap({ rule }: CompiledRule, state: MachineState, { at, gapMs }: Look): MachineState {
  const covered = { ...state, coveredSince: at };
  if (rule.gap === 'count') return covered;
  if (rule.gap === 'reset')
    return { ...covered, limitSince: null, pausedMs: 0, pausedSince: null, belowSince: null, cleanBad: 0, cleanAll: 0 };
  return {
    ...covered,
    pausedMs: state.limitSince === null || state.pausedSince !== null ? state.pausedMs : state.pausedMs + gapMs,
    belowSince: state.belowSince === null ? null : state.belowSince + gapMs,
  };
}

/** The hold runs while L is known to be true, waits while it cannot be told, ends when L is known to be false. */
function hold(rule: CompiledRule, state: MachineState, look: Look): MachineState {
  const { condition, at } = look;
  if (condition.limit === null) return state.limitSince === null || state.pausedSince !== null ? state : { ...state, pausedSince: at };
  if (!condition.limit) return state.limitSince === null ? state : { ...state, limitSince: null, pausedMs: 0, pausedSince: null };
  if (state.limitSince === null) return { ...state, limitSince: crossedAt(rule, look), pausedMs: 0, pausedSince: null };
  return state.pausedSince === null ? state : { ...state, pausedMs: state.pausedMs + at - state.pausedSince, pausedSince: null };
}

/**
 * When the limit was crossed, between the look before and this one, as if the events of that time had come evenly. Counted from the look
 * itself, a hold of ten readings would end at the tenth or, by a millisecond of jitter, at the eleventh. Half of the hold must have been
 * seen: where readings are rarer than the hold is long, one burst just before a reading would be a whole hold by itself.
 */
function crossedAt(rule: CompiledRule, { condition, at, spanMs, gapMs, newBad }: Look): Instant {
  const share = gapMs > 0 || spanMs <= 0 ? null : crossedShare(rule, condition, newBad);
  if (share === null) return at;
  const unseenMs = Math.floor((1 - share) * spanMs);
  return at - (rule.forMs === 0 ? unseenMs : Math.min(unseenMs, Math.floor(rule.forMs / 2)));
}

const heldUntil = (state: MachineState, until: Instant): number =>
  state.limitSince === null ? -1 : until - state.limitSince - state.pausedMs;

/** C(suspect): L with evidence, or L that persists (a written rule is never ignored because traffic is thin). */
function isSuspect(rule: CompiledRule, state: MachineState, look: Look): boolean {
  const { limit, level, bad } = look.condition;
  if (limit !== true) return false;
  if (level !== 'none') return true;
  const enough = bad >= PERSISTENT_BAD || WITHOUT_BAD.has(rule.kind) || rule.inverse;
  return enough && heldUntil(state, look.at) >= 2 * rule.overMs;
}

function fromOk(rule: CompiledRule, state: MachineState, look: Look): Stepped {
  if (!isSuspect(rule, state, look)) return { state, transitions: NOTHING };
  const since = state.limitSince ?? look.at;
  const opened: MachineState = { ...state, status: 'suspect', announced: false, since, episode: episodeOf(look, since), reopened: 0 };
  return fromSuspect(rule, opened, look, [transition(rule, state, opened, look)]);
}

function fromCleared(rule: CompiledRule, state: MachineState, look: Look): Stepped {
  if (isRested(rule, state, look)) return endRest(rule, state, look);
  if (!isSuspect(rule, state, look)) return { state, transitions: NOTHING };
  const opened: MachineState = {
    ...state,
    status: 'suspect',
    announced: false,
    reopened: state.reopened + 1,
    belowSince: null,
    cleanBad: 0,
    cleanAll: 0,
  };
  return fromSuspect(rule, opened, look, [transition(rule, state, opened, look)]);
}

/** The rest is over, and no crossing began in it. */
function isRested({ rule }: CompiledRule, { clearedAt, limitSince }: MachineState, { at }: Look): boolean {
  return (limitSince ?? at) - (clearedAt ?? at) >= rule.rearmMs;
}

/** Ends the episode. A crossing that began after its rest is one of its own, however late somebody looked. */
function endRest(rule: CompiledRule, state: MachineState, look: Look): Stepped {
  const { limitSince, pausedMs, pausedSince } = state;
  const ended: MachineState = { ...atRest(state), limitSince, pausedMs, pausedSince };
  const told = transition(rule, state, { ...ended, episode: state.episode, since: state.since }, look);
  const next = fromOk(rule, ended, look);
  return { state: next.state, transitions: [told, ...next.transitions] };
}

function fromSuspect(rule: CompiledRule, state: MachineState, look: Look, told: readonly Transition[]): Stepped {
  const holdOver = heldUntil(state, look.watermark) >= rule.forMs;
  if (holdOver && !look.warming && usableLevel(state, look) === 'act') {
    const breached: MachineState = { ...state, status: 'breached', belowSince: null, cleanBad: 0, cleanAll: 0 };
    return { state: breached, transitions: [...told, transition(rule, state, breached, look)] };
  }
  if (state.announced) return tryClear(rule, countClean(state, look), look, told);
  if (holdOver && isSuspect(rule, state, look)) {
    const announced: MachineState = { ...state, announced: true, belowSince: null, cleanBad: 0, cleanAll: 0 };
    return { state: announced, transitions: [...told, transition(rule, state, announced, look)] };
  }
  return look.condition.limit === false ? nearMiss(rule, state, look, told) : { state, transitions: told };
}

/** Over before anybody was told: kept in the history, nothing else. A re-opening goes back to the rest it came from. */
function nearMiss(rule: CompiledRule, state: MachineState, look: Look, told: readonly Transition[]): Stepped {
  const back: MachineState = state.reopened > 0 ? { ...state, status: 'cleared' } : atRest(state);
  return { state: back, transitions: [...told, transition(rule, state, { ...back, episode: state.episode, since: state.since }, look)] };
}

/** Traffic while it is below the clear limit. What is not below breaks the run; what cannot be told is not counted. */
function countClean(state: MachineState, { condition, at, newBad, newAll }: Look): MachineState {
  if (condition.below === null) return state;
  if (!condition.below) return state.belowSince === null ? state : { ...state, belowSince: null, cleanBad: 0, cleanAll: 0 };
  if (state.belowSince === null) return { ...state, belowSince: at, cleanBad: 0, cleanAll: 0 };
  // Two counters may arrive one after the other: only their sums are compared.
  return newAll === 0 && newBad === 0 ? state : { ...state, cleanBad: state.cleanBad + newBad, cleanAll: state.cleanAll + newAll };
}

function tryClear(rule: CompiledRule, state: MachineState, look: Look, told: readonly Transition[]): Stepped {
  const stay = { state, transitions: told };
  const { clear } = rule.rule;
  if (clear === undefined || look.warming || state.belowSince === null || look.condition.below !== true) return stay;
  const clean: Clean = { bad: Math.min(state.cleanBad, state.cleanAll), all: state.cleanAll, ms: look.watermark - state.belowSince };
  if (clean.ms < clear.forMs || !isProven(rule, clean, look.consecutive ?? 1)) return stay;
  const cleared: MachineState = {
    ...state,
    status: 'cleared',
    announced: false,
    clearedAt: look.at,
    limitSince: null,
    pausedMs: 0,
    pausedSince: null,
    belowSince: null,
    cleanBad: 0,
    cleanAll: 0,
    cusum: state.cusum === null ? null : { ...state.cusum, sum: 0 },
  };
  const bound = provenBound(rule, clean);
  const ended = transition(rule, state, cleared, look);
  return { state: cleared, transitions: [...told, bound === undefined ? ended : { ...ended, provenBelow: bound }] };
}

/** What people are told of already, said once more. */
export function saidAgain(rule: CompiledRule, state: MachineState, look: Look): readonly Transition[] {
  const again = transition(rule, state, state, look);
  return isTold(again) ? [again] : NOTHING;
}

/** Unique, and the same when a killed process works it out again. */
function episodeOf({ trigger, scope }: Look, since: Instant): string {
  return `${trigger}/${scope === '' ? '*' : scope}/${since}`;
}

function transition(rule: CompiledRule, from: MachineState, to: MachineState, look: Look): Transition {
  return {
    trigger: look.trigger,
    scope: look.scope,
    episode: to.episode ?? '',
    from: from.status,
    to: to.status,
    at: look.at,
    since: to.since ?? look.at,
    observedAt: look.now,
    announced: to.announced,
    inputs: freeze(rule, to, look),
    ...(look.report === undefined ? {} : { report: look.report }),
  };
}

function freeze(rule: CompiledRule, state: MachineState, look: Look): FrozenInputs {
  const { value, bad, all, compared, early } = look.condition;
  const { breach, evidence } = rule.rule;
  return {
    value,
    bad,
    all,
    above: breach?.above ?? breach?.below ?? null,
    overMs: rule.overMs,
    level: usableLevel(state, look),
    pValue: chanceOf(rule, look.condition),
    alpha: { suspect: evidence.suspect, act: evidence.act },
    watermark: look.watermark,
    sources: look.sources,
    unknown: false,
    warming: look.warming,
    ...(compared === undefined ? {} : { baseline: { bad: compared.bad, all: compared.all } }),
    ...(early === undefined ? {} : { early }),
  };
}

/** Only what differs from the initial state is written. */
export function encodeState(state: MachineState): JsonObject {
  return Object.fromEntries(
    Object.entries(state).filter(([field, value]) => JSON.stringify(value) !== JSON.stringify(INITIAL[field as keyof MachineState])),
  );
}

export function decodeState(json: Json): MachineState {
  return typeof json === 'object' && json !== null && !Array.isArray(json) ? { ...INITIAL, ...(json as Partial<MachineState>) } : INITIAL;
}
