// The rule of a trigger against what was counted: is it beyond the limit (L), how sure is that, is it below the clear limit.
// Pure arithmetic on one look; holds, states and episodes are the business of trigger-machine.ts.
import { type Compared, compareRates, compareShares } from './comparison.ts';
import type { RunningSum } from './cusum.ts';
import {
  binomialTail,
  type CriticalTable,
  countUpper,
  criticalTable,
  meanAbove,
  poissonCritical,
  poissonCriticalLow,
  poissonHead,
  poissonTail,
  shareUpper,
  silenceChance,
} from './evidence-test.ts';
import type { Instant } from './json.ts';
import type { Counts } from './ring.ts';
import type { SignalKind } from './signal.ts';
import type { EvidenceLevel, TriggerRule, TriggerStatus } from './trigger.ts';

const MINUTE_MS = 60_000;
/** Slots that a mean needs before its spread says anything. */
const MEAN_SLOTS = 8;
/** Share of the window in which a gauge must be known. */
const GAUGE_COVERAGE = 0.8;

/** What one look found. `limit` null: it cannot be told now (no traffic, no denominator, too little known). */
export interface Condition {
  readonly value: number | null;
  readonly bad: number;
  readonly all: number;
  readonly limit: boolean | null;
  /** Of the counts alone; meaningful where `limit` is true. */
  readonly level: EvidenceLevel;
  /** Below the clear limit; null: cannot be told. */
  readonly below: boolean | null;
  /** Where it is a comparison: with what, and the chance of the difference. */
  readonly compared?: { readonly bad: number; readonly all: number; readonly chance: number };
  /** Its level is that of a running sum, before the window has it: the share that is usual. */
  readonly early?: { readonly usual: number };
  /** Whether the still window, where it had data, was beyond the limit. */
  readonly still: boolean;
}

/** Kinds whose own count says that it is over. */
const SAYS_SO: ReadonlySet<string> = new Set(['count', 'event', 'distinct', 'composite']);
/** Judged as a share of bad events among all. */
const isShare = (kind: SignalKind['kind']): boolean => kind === 'ratio' || kind === 'fractionAbove' || kind === 'quantile';

export interface Clean extends Counts {
  readonly ms: number;
}

/** A rule with its tables computed once. */
export interface CompiledRule {
  readonly rule: TriggerRule;
  readonly kind: SignalKind['kind'];
  readonly overMs: number;
  readonly stillMs: number;
  readonly forMs: number;
  /** Events to be surprised by: null where the kind has no such table. */
  readonly suspect: CriticalTable | null;
  readonly act: CriticalTable | null;
  /** Bad is what is too little, not too much. */
  readonly inverse: boolean;
  /** The limit as a share of bad events, or per minute, or in the signal's own unit. */
  readonly limit: number;
}

export function compileRule(rule: TriggerRule, kind: SignalKind): CompiledRule {
  const { breach, evidence } = rule;
  const overMs = breach?.overMs ?? Math.max(1, rule.rearmMs);
  const inverse = breach?.above === undefined && breach?.below !== undefined;
  const written = breach?.above ?? breach?.below ?? 0;
  const limit = kind.kind === 'quantile' ? 1 - kind.q : inverse && isShare(kind.kind) ? 1 - written : written;
  const table = (alpha: number): CriticalTable | null => {
    if (breach?.vs !== undefined) return null;
    if (isShare(kind.kind)) return criticalTable(limit, alpha);
    const mean = expected(kind.kind, limit, overMs);
    if (mean === null) return null;
    const critical = inverse ? poissonCriticalLow(mean, alpha) : poissonCritical(mean, alpha);
    return { critical: () => critical };
  };
  return {
    rule,
    kind: kind.kind,
    overMs,
    stillMs: breach?.stillMs ?? overMs / 12,
    forMs: breach?.forMs ?? 0,
    suspect: table(evidence.suspect),
    act: table(evidence.act),
    inverse,
    limit,
  };
}

/** Events expected in the window at the limit; null where the kind counts none. */
function expected(kind: SignalKind['kind'], limit: number, overMs: number): number | null {
  if (kind === 'rate') return (limit * overMs) / MINUTE_MS;
  return kind === 'count' || kind === 'event' ? limit : null;
}

/**
 * Of the events that came since the look before, the share after which the limit was crossed, from 0 to 1; null where that cannot be told:
 * kinds that are no share, comparisons, and a window that was beyond the limit before (what was missing was something else).
 */
export function crossedShare(rule: CompiledRule, { bad, all, limit }: Condition, newBad: number): number | null {
  if (limit !== true || newBad <= 0 || !isShare(rule.kind) || rule.inverse || rule.rule.breach?.vs !== undefined) return null;
  const atLimit = rule.limit * all;
  const share = (atLimit - (bad - newBad)) / newBad;
  return share > 0 && share <= 1 ? share : null;
}

/** An empty still window keeps the last answer: `stillBefore`. */
export function lookAtRatio(rule: CompiledRule, over: Counts, still: Counts, stillBefore: boolean): Condition {
  // Two counters read one after the other may disagree by the events in between: a share is never above 1.
  const bad = Math.min(over.bad, over.all);
  const stillNow = still.all > 0 ? beyondShare(rule, Math.min(still.bad, still.all), still.all) : stillBefore;
  if (over.all === 0) return { value: null, bad: over.bad, all: 0, limit: null, level: 'none', below: null, still: stillNow };
  const counted = rule.inverse ? over.all - bad : bad;
  const limit = counted / over.all > rule.limit && stillNow;
  const value = bad / over.all;
  return {
    value,
    bad,
    all: over.all,
    limit,
    level: limit ? levelOf(rule, counted, over.all) : 'none',
    below: isClear(rule, value),
    still: stillNow,
  };
}

/**
 * Beyond the limit, and for longer than chance would have it, before the window alone is sure: a question. Where days of counts say what is
 * usual it is enough to act on.
 */
export function withSum(condition: Condition, running: RunningSum | null): Condition {
  const expected = running?.expected ?? null;
  const sum = running?.sum ?? 0;
  if (condition.limit !== true || expected === null || sum < expected.enough) return condition;
  const level = sum >= (expected.act ?? Infinity) ? 'act' : 'suspect';
  const isSooner = condition.level === 'none' || (condition.level === 'suspect' && level === 'act');
  return isSooner ? { ...condition, level, early: { usual: expected.usual } } : condition;
}

/** That q of the events stay below the limit is the same as that no more than 1 − q of them are above it: those are counted. */
export function lookAtQuantile(
  rule: CompiledRule,
  { over, still }: Windows,
  { stillBefore, value }: { readonly stillBefore: boolean; readonly value: number | null },
): Condition {
  const share = lookAtRatio(rule, over, still, stillBefore);
  const told = over.all === 0 ? null : value;
  return { ...share, value: told, below: told === null ? null : isClear(rule, told) };
}

function beyondShare(rule: CompiledRule, bad: number, all: number): boolean {
  return (rule.inverse ? all - bad : bad) / all > rule.limit;
}

function levelOf(rule: CompiledRule, counted: number, all: number): EvidenceLevel {
  if (counted >= (rule.act?.critical(all) ?? Infinity)) return 'act';
  return counted >= (rule.suspect?.critical(all) ?? Infinity) ? 'suspect' : 'none';
}

/** Events of the windows, whose lengths are those of the rule. No event is a rate of 0, because the source is alive. */
export function lookAtRate(rule: CompiledRule, over: Counts, still: Counts): Condition {
  const perMinute = (count: number, ms: number): number => (count * MINUTE_MS) / ms;
  const beyond = (rate: number): boolean => (rule.inverse ? rate < rule.limit : rate > rule.limit);
  const value = perMinute(over.all, rule.overMs);
  const stillNow = beyond(perMinute(still.all, rule.stillMs));
  const limit = beyond(value) && stillNow;
  const level = !limit ? 'none' : rule.inverse ? lowLevel(rule, over.all) : levelOf(rule, over.all, over.all);
  return { value, bad: over.all, all: over.all, limit, level, below: isClear(rule, value), still: stillNow };
}

export interface Windows {
  readonly over: Counts;
  readonly still: Counts;
}

/** Against a baseline instead of a limit; null where there is none yet. */
export function lookAtComparison(rule: CompiledRule, { over, still }: Windows, base: Counts | null, stillBefore: boolean): Condition {
  const vs = rule.rule.breach?.vs;
  const isRate = rule.kind === 'rate';
  const value = isRate ? (over.all * MINUTE_MS) / rule.overMs : over.all === 0 ? null : Math.min(over.bad, over.all) / over.all;
  const counts = { value, bad: isRate ? over.all : over.bad, all: over.all, below: value === null ? null : isClear(rule, value) };
  if (vs === undefined || base === null || value === null) return { ...counts, limit: null, level: 'none', still: stillBefore };
  const before = { count: base.all, ms: vs.with === 'others' ? 0 : vs.with.beforeMs };
  const compare = (here: Counts, ms: number, least: number): Compared =>
    isRate
      ? compareRates({ ...vs, least }, rule.rule.evidence, { count: here.all, ms }, before)
      : compareShares({ ...vs, least }, rule.rule.evidence, here, base);
  // Like every short window it needs no evidence of its own, and an empty one keeps the last answer.
  const stillNow = isRate || still.all > 0 ? compare(still, rule.stillMs, 1).limit === true : stillBefore;
  const { limit, level, chance } = compare(over, rule.overMs, vs.least);
  const holds = limit === null ? null : limit && stillNow;
  const compared = { bad: base.bad, all: base.all, chance };
  return { ...counts, limit: holds, level: holds === true ? level : 'none', still: stillNow, compared };
}

/** Events of the window as they are: a breach lasts until they have left it. No event is a count of 0, because the source is alive. */
export function lookAtCount(rule: CompiledRule, over: Counts): Condition {
  const value = over.all;
  const limit = rule.inverse ? value < rule.limit : value > rule.limit;
  const level = !limit ? 'none' : rule.inverse ? lowLevel(rule, value) : levelOf(rule, value, value);
  // A count is what it is: more than people wanted is always worth a question, however often chance alone would bring it.
  const usable = limit && level === 'none' ? 'suspect' : level;
  return { value, bad: value, all: value, limit, level: usable, below: isClear(rule, value), still: limit };
}

/** Different values in the window. How many are many is people's word: it is worth a question, and nothing is done of it alone. */
export function lookAtDistinct(rule: CompiledRule, count: number): Condition {
  const limit = rule.inverse ? count < rule.limit : count > rule.limit;
  const level = limit ? 'suspect' : 'none';
  return { value: count, bad: count, all: count, limit, level, below: isClear(rule, count), still: limit };
}

/** `since` is the instant of the last good thing, or null while none is known. Exact: it needs no evidence. */
export function lookAtAge(rule: CompiledRule, now: Instant, since: Instant | null): Condition {
  if (since === null) return { value: null, bad: 0, all: 0, limit: null, level: 'none', below: null, still: false };
  const value = Math.max(0, now - since) / 1_000;
  const limit = rule.inverse ? value < rule.limit : value > rule.limit;
  return { value, bad: 0, all: 1, limit, level: limit ? 'act' : 'none', below: isClear(rule, value), still: limit };
}

/** Members in breach may carry an act together when enough of them may alone; those that only ask make it ask. */
export function lookAtMembers(members: readonly (TriggerStatus | 'unknown')[], atLeast: number): Condition {
  const number = (status: TriggerStatus | 'unknown'): number => members.filter((one) => one === status).length;
  const breached = number('breached');
  const hit = breached + number('suspect');
  // Members that nobody can see are neither for it nor against it.
  const limit = hit >= atLeast ? true : hit + number('unknown') >= atLeast ? null : false;
  const level = limit !== true ? 'none' : breached >= atLeast ? 'act' : 'suspect';
  return { value: hit, bad: hit, all: members.length, limit, level, below: limit === null ? null : !limit, still: limit === true };
}

function lowLevel(rule: CompiledRule, count: number): EvidenceLevel {
  if (count <= (rule.act?.critical(count) ?? -1)) return 'act';
  return count <= (rule.suspect?.critical(count) ?? -1) ? 'suspect' : 'none';
}

export interface SlotSum {
  readonly sum: number;
  readonly all: number;
}

/** The bound over slot means is not back-tested yet: it may ask, it may not act. */
export function lookAtMean(rule: CompiledRule, over: readonly SlotSum[], still: readonly SlotSum[], stillBefore: boolean): Condition {
  const all = over.reduce((sum, slot) => sum + slot.all, 0);
  const beyond = (mean: number): boolean => (rule.inverse ? mean < rule.limit : mean > rule.limit);
  const stillNow = still.length > 0 ? beyond(meanOf(still)) : stillBefore;
  if (all === 0) return { value: null, bad: 0, all: 0, limit: null, level: 'none', below: null, still: stillNow };
  const value = meanOf(over);
  const limit = beyond(value) && stillNow;
  const chance = limit && over.length >= MEAN_SLOTS ? meanChance(rule, over) : 1;
  return {
    value,
    bad: 0,
    all,
    limit,
    level: chance < rule.rule.evidence.suspect ? 'suspect' : 'none',
    below: isClear(rule, value),
    still: stillNow,
  };
}

function meanOf(slots: readonly SlotSum[]): number {
  const total = slots.reduce((sum, slot) => ({ sum: sum.sum + slot.sum, all: sum.all + slot.all }), { sum: 0, all: 0 });
  return total.sum / total.all;
}

function meanChance(rule: CompiledRule, slots: readonly SlotSum[]): number {
  const sign = rule.inverse ? -1 : 1;
  return (
    meanAbove(
      slots.map((slot) => (sign * slot.sum) / slot.all),
      sign * rule.limit,
    ) ?? 1
  );
}

/** `sum` is value × ms and `all` the ms that are known: time-weighted mean, without sampling error where it is covered. */
export function lookAtGauge(rule: CompiledRule, over: readonly SlotSum[], still: readonly SlotSum[], stillBefore: boolean): Condition {
  const known = over.reduce((sum, slot) => sum + slot.all, 0);
  const beyond = (mean: number): boolean => (rule.inverse ? mean < rule.limit : mean > rule.limit);
  const stillNow = still.length > 0 ? beyond(meanOf(still)) : stillBefore;
  if (known === 0) return { value: null, bad: 0, all: 0, limit: null, level: 'none', below: null, still: stillNow };
  const value = meanOf(over);
  const covered = known >= GAUGE_COVERAGE * rule.overMs;
  const limit = covered ? beyond(value) && stillNow : null;
  return {
    value,
    bad: 0,
    all: known,
    limit,
    level: limit === true ? 'act' : 'none',
    below: covered ? isClear(rule, value) : null,
    still: stillNow,
  };
}

/** `perMs` is the rate that the scope is known for, or null. It is learned in one process, so absence may ask, not act. */
export function lookAtSilence(rule: CompiledRule, silentMs: number, perMs: number | null): Condition {
  const limit = silentMs > rule.overMs;
  const chance = perMs === null ? 1 : silenceChance(perMs, silentMs);
  return {
    value: silentMs / 1_000,
    bad: 0,
    all: 0,
    limit,
    level: limit && chance < rule.rule.evidence.suspect ? 'suspect' : 'none',
    below: !limit,
    still: limit,
  };
}

/** One vantage point alone may be the one that is broken: it may ask, not act. */
export function lookAtProbe(
  points: readonly { readonly fails: number; readonly known: boolean }[],
  o: { readonly failing: number; readonly consecutive: number },
): Condition {
  const known = points.filter((point) => point.known);
  const failing = known.filter((point) => point.fails >= o.consecutive).length;
  const limit = failing >= o.failing ? true : known.length === points.length && points.length > 0 ? false : null;
  const level = limit !== true ? 'none' : failing >= 2 ? 'act' : 'suspect';
  const below = known.some((point) => point.fails > 0) ? false : limit === null ? null : true;
  return { value: failing, bad: failing, all: points.length, limit, level, below, still: limit === true };
}

/** A clear rule without a limit of its own means: no longer beyond that of the breach. */
function isClear({ rule, limit: level, inverse, kind }: CompiledRule, value: number): boolean | null {
  if (rule.clear === undefined) return null;
  const { above, below } = rule.clear;
  if (above === undefined && below === undefined) {
    const limit = kind === 'quantile' ? (rule.breach?.above ?? level) : level;
    const written = inverse && isShare(kind) ? 1 - limit : limit;
    return inverse ? value >= written : value <= written;
  }
  return (below === undefined || value < below) && (above === undefined || value > above);
}

/** Probability of seeing this much by chance at the limit; null where the kind has no such test. */
export function chanceOf(rule: CompiledRule, condition: Condition): number | null {
  const { bad, all, value, compared } = condition;
  if (compared !== undefined) return compared.chance;
  if (isShare(rule.kind)) return all === 0 ? null : binomialTail(rule.inverse ? all - bad : bad, all, rule.limit);
  const mean = expected(rule.kind, rule.limit, rule.overMs);
  if (mean === null || value === null) return null;
  return rule.inverse ? poissonHead(all, mean) : poissonTail(all, mean);
}

/** Has the traffic since it is below the clear limit proven, at 95 %, that the limit of the breach is kept? */
export function isProven(written: CompiledRule, clean: Clean, consecutive: number): boolean {
  // A factor is no limit that traffic could be proven to keep: the clear limit is.
  const rule = written.rule.breach?.vs === undefined ? written : { ...written, limit: written.rule.clear?.below ?? 1 };
  if (isShare(rule.kind)) {
    const bad = rule.inverse ? clean.all - clean.bad : clean.bad;
    return clean.all > 0 && 1 - binomialTail(bad + 1, clean.all, rule.limit) < 0.05;
  }
  if (rule.kind === 'rate' && !rule.inverse) return clean.ms > 0 && poissonHead(clean.all, (rule.limit * clean.ms) / MINUTE_MS) < 0.05;
  // These say by themselves that it is over: nothing was counted, or the members have cleared with evidence of their own.
  if (SAYS_SO.has(rule.kind)) return true;
  return clean.all >= (rule.kind === 'probe' ? consecutive : 1);
}

/** The upper 95 % bound that clean traffic proves; undefined where the kind has none. */
export function provenBound(rule: CompiledRule, clean: Clean): number | undefined {
  if (rule.inverse || rule.kind === 'quantile') return undefined;
  if (isShare(rule.kind)) return shareUpper(clean.bad, clean.all);
  return rule.kind === 'rate' ? (countUpper(clean.all) * MINUTE_MS) / clean.ms : undefined;
}
