// Where every trigger stands, for people: one row a scope with the worst first, one summary a trigger with the counts of all its scopes.
// Pure: rows of 10,000 organizations are counted and sorted here, evidence is worked out only for those that are shown.
import { chanceOf, compileRule } from './condition.ts';
import type { Instant } from './json.ts';
import type { SignalKind, SignalSpec } from './signal.ts';
import { covers, endOf, type Silence } from './silence.ts';
import type { System } from './system.ts';
import type { TriggerRule, TriggerView } from './trigger.ts';

/** What one word says of a scope. Worst first. */
export const SHOWN_STATES = ['breached', 'suspect', 'unknown', 'warming', 'cleared', 'ok'] as const;
export type ShownState = (typeof SHOWN_STATES)[number];

export type ShownLimit =
  | { readonly above: number }
  | { readonly below: number }
  | { readonly times: number; readonly than: 'others' | 'before' };

export interface TriggerSummary {
  readonly trigger: string;
  readonly signal: string;
  readonly kind: SignalKind['kind'];
  readonly mode: TriggerRule['mode'];
  readonly scope: TriggerRule['scope'];
  readonly limit: ShownLimit | null;
  readonly clear: { readonly above?: number; readonly below?: number } | null;
  readonly overMs: number | null;
  /** Scopes that were ever seen, by what is shown of them. */
  readonly counts: Readonly<Record<ShownState, number>>;
  /** Of those that are at rest: beyond the limit, and not significant yet. */
  readonly overLimit: number;
  readonly seen: number;
  /** Null: never. */
  readonly lastEvaluatedAt: Instant | null;
  readonly watermark: Instant | null;
  /** A look that is older than this is late; null: this kind is looked at when somebody reports. */
  readonly oldAfterMs: number | null;
  /** Null: no silence covers every scope of it now. */
  readonly silencedUntil: Instant | null;
  /** Armed, and nobody can know what it does: there is neither a day of counts to look back on nor anything from its time in shadow. */
  readonly untried: boolean;
}

export interface TriggerRow extends TriggerView {
  readonly state: ShownState;
  readonly kind: SignalKind['kind'];
  readonly mode: TriggerRule['mode'];
  readonly limit: ShownLimit | null;
  readonly overMs: number | null;
  readonly silencedUntil: Instant | null;
  readonly evidence: Evidence;
}

export interface Evidence {
  /** Chance of so much at the limit; null where the kind has no such test, or it is not beyond the limit. */
  readonly chance: number | null;
  /** Bad events that would be enough to ask, and to act; null where that is not counted. */
  readonly needed: { readonly suspect: number; readonly act: number } | null;
}

export interface TriggerFilter {
  readonly trigger?: string | undefined;
  readonly org?: string | undefined;
  readonly state?: ShownState | undefined;
}

export interface Watched {
  readonly rule: TriggerRule;
  readonly spec: SignalSpec;
}

/** A breach and a suspicion are said even when data has stopped: the flags stand beside them. */
export function shownState({ status, unknown, warming }: Pick<TriggerView, 'status' | 'unknown' | 'warming'>): ShownState {
  if (status === 'breached' || status === 'suspect') return status;
  if (unknown) return 'unknown';
  return warming ? 'warming' : status;
}

export function watchedOf(system: Pick<System, 'triggers' | 'signals'>): readonly Watched[] {
  return system.triggers.flatMap((rule) => {
    const spec = system.signals.find((one) => one.id === rule.signal);
    return spec === undefined ? [] : [{ rule, spec }];
  });
}

export function limitOf({ breach }: Pick<TriggerRule, 'breach'>): ShownLimit | null {
  if (breach === undefined) return null;
  if (breach.vs !== undefined) return { times: breach.vs.times, than: breach.vs.with === 'others' ? 'others' : 'before' };
  if (breach.above !== undefined) return { above: breach.above };
  return breach.below === undefined ? null : { below: breach.below };
}

/** Kinds that have no window of their own. */
const UNWINDOWED: ReadonlySet<string> = new Set(['manual', 'composite', 'probe', 'absent', 'age']);

export function overOf({ rule, spec }: Watched): number | null {
  return UNWINDOWED.has(spec.signal.kind) ? null : (rule.breach?.overMs ?? null);
}

interface Around {
  readonly system: Pick<System, 'sources'>;
  readonly silences: readonly Silence[];
  readonly now: Instant;
  /** Of these it is kept what they would have done in shadow. */
  readonly shadowed?: ReadonlySet<string>;
}

const DAY_MS = 24 * 3_600_000;

/** Armed, and counted for less than a day. */
export function isYoung({ rule }: Pick<Watched, 'rule'>, views: readonly TriggerView[], now: Instant): boolean {
  const since = views.flatMap(({ measuredSince }) => (measuredSince === undefined ? [] : [measuredSince]));
  return rule.mode === 'armed' && since.length > 0 && now - Math.min(...since) < DAY_MS;
}

export function summaryOf(watched: Watched, views: readonly TriggerView[], around: Around): TriggerSummary {
  const { rule, spec } = watched;
  const counts: Record<ShownState, number> = { breached: 0, suspect: 0, unknown: 0, warming: 0, cleared: 0, ok: 0 };
  let [overLimit, last, watermark] = [0, 0, 0];
  for (const view of views) {
    const state = shownState(view);
    counts[state] += 1;
    if (view.overLimit && state !== 'breached' && state !== 'suspect') overLimit += 1;
    last = Math.max(last, view.lastEvaluatedAt);
    watermark = Math.max(watermark, view.watermark);
  }
  return {
    trigger: rule.id,
    signal: rule.signal,
    kind: spec.signal.kind,
    mode: rule.mode,
    scope: rule.scope,
    limit: limitOf(rule),
    clear: clearOf(rule),
    overMs: overOf(watched),
    counts,
    overLimit,
    seen: views.length,
    lastEvaluatedAt: last > 0 ? last : null,
    watermark: watermark > 0 ? watermark : null,
    oldAfterMs: oldAfterMs(watched, around.system),
    // `''` stands for no organization: only a silence that covers all of them covers it.
    silencedUntil: silencedUntil(around, rule.id, ''),
    untried: isYoung(watched, views, around.now) && around.shadowed?.has(rule.id) !== true,
  };
}

function clearOf({ clear }: TriggerRule): TriggerSummary['clear'] {
  if (clear === undefined) return null;
  const { above, below } = clear;
  return above === undefined && below === undefined
    ? null
    : { ...(above === undefined ? {} : { above }), ...(below === undefined ? {} : { below }) };
}

const PULSE_MS = 1_000;
const DELIVERY_MS = 2_000;

/** Looks come with the deliveries of the sources, or with the second where only time has to pass. */
function oldAfterMs({ spec }: Watched, { sources }: Pick<System, 'sources'>): number | null {
  const { signal } = spec;
  if (signal.kind === 'manual') return null;
  const ids = signal.kind === 'probe' ? [signal.source] : spec.sources;
  const mine = ids.length === 0 ? sources : sources.filter((one) => ids.includes(one.id));
  const byTime = signal.kind === 'absent' || signal.kind === 'age' || signal.kind === 'composite';
  const everyMs = byTime ? PULSE_MS : Math.max(PULSE_MS, ...mine.map((one) => one.everyMs));
  return 3 * everyMs + DELIVERY_MS;
}

/** The last end of the silences that cover it now. */
function silencedUntil({ silences, now }: Around, trigger: string, org: string): Instant | null {
  const ends = silences.filter((one) => covers(one, { trigger, org, now })).map(endOf);
  return ends.length === 0 ? null : Math.max(...ends);
}

export function rowOf(watched: Watched, view: TriggerView, around: Around): TriggerRow {
  const { rule, spec } = watched;
  return {
    ...view,
    state: shownState(view),
    kind: spec.signal.kind,
    mode: rule.mode,
    limit: limitOf(rule),
    overMs: overOf(watched),
    silencedUntil: silencedUntil(around, rule.id, view.scope),
    evidence: evidenceOf(watched, view),
  };
}

export function evidenceOf({ rule, spec }: Watched, { value, bad, all, overLimit }: TriggerView): Evidence {
  const compiled = compileRule(rule, spec.signal);
  const { suspect, act } = compiled;
  const needed = suspect === null || act === null || compiled.inverse ? null : { suspect: suspect.critical(all), act: act.critical(all) };
  const isCompared = rule.breach?.vs !== undefined;
  const condition = { value, bad, all, limit: overLimit, level: 'none', below: null, still: overLimit } as const;
  return { chance: overLimit && !isCompared ? chanceOf(compiled, condition) : null, needed };
}

/** Beyond the limit without evidence comes right after a suspicion: it is what turns into one. */
const RANK: Readonly<Record<ShownState, number>> = { breached: 0, suspect: 1, unknown: 3, warming: 4, cleared: 5, ok: 6 };
const OVER_LIMIT = 2;

interface Ranked {
  readonly view: TriggerView;
  readonly rank: number;
  readonly beyond: number;
}

/** Of one or many triggers. How far beyond its limit a value is makes values of different signals comparable. */
export function worstFirst(views: readonly TriggerView[], watched: readonly Watched[]): readonly TriggerView[] {
  const limits = new Map(watched.map(({ rule }) => [rule.id, limitOf(rule)]));
  const ranked = views.map((view): Ranked => {
    const state = shownState(view);
    const rank = RANK[state];
    return {
      view,
      rank: view.overLimit ? Math.min(rank, OVER_LIMIT) : rank,
      beyond: beyond(view.value, limits.get(view.trigger) ?? null),
    };
  });
  return ranked.sort(byBadness).map(({ view }) => view);
}

function byBadness(a: Ranked, b: Ranked): number {
  if (a.rank !== b.rank) return a.rank - b.rank;
  if (a.beyond !== b.beyond) return a.beyond > b.beyond ? -1 : 1;
  if (a.view.trigger !== b.view.trigger) return a.view.trigger < b.view.trigger ? -1 : 1;
  return a.view.scope < b.view.scope ? -1 : 1;
}

function beyond(value: number | null, limit: ShownLimit | null): number {
  if (value === null || limit === null) return -1;
  if ('times' in limit) return value / limit.times;
  if ('above' in limit) return limit.above > 0 ? value / limit.above : value;
  return value > 0 ? limit.below / value : Number.MAX_VALUE;
}

export const matches = (view: TriggerView, { trigger, org, state }: TriggerFilter): boolean =>
  (trigger === undefined || view.trigger === trigger) &&
  (org === undefined || view.scope === org) &&
  (state === undefined || shownState(view) === state);
