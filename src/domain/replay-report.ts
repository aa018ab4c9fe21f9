// What a replay found, made small enough to be kept and shown: totals of everything, the worst scopes and episodes, and the value of the
// worst scopes as a line. It reads no store and knows no rule.
import { type Episode, isNearMiss, median, toldAt } from './episodes.ts';
import type { Instant } from './json.ts';
import { MINUTE_MS, type MinuteRow } from './minutes.ts';
import { type Point, pointsOf, type SlotCounts, type Span } from './series.ts';
import type { SignalKind } from './signal.ts';

/** A time that nobody watched: Belay was away, or it listened and its sources were silent. */
export interface Gap extends Span {
  readonly why: 'away' | 'silent';
}

export interface Replayed {
  readonly trigger: string;
  readonly from: Instant;
  readonly to: Instant;
  readonly episodes: readonly Episode[];
  readonly gaps: readonly Gap[];
  readonly watchedMs: number;
  /** Scopes that had counts. */
  readonly scopes: number;
  readonly rows: number;
}

export interface ScopeTotals {
  readonly scope: string;
  /** Enough evidence to act alone. */
  readonly acts: number;
  readonly asks: number;
  /** Over before anybody would have been told. */
  readonly nearMisses: number;
  readonly lastedMs: number;
}

/** The value of the window over time: of each span of `everyMs` the worst. */
export interface ScopeLine {
  readonly scope: string;
  readonly everyMs: number;
  readonly points: readonly Point[];
}

export interface ReplayReport extends Omit<Replayed, 'trigger'> {
  readonly totals: Omit<ScopeTotals, 'scope' | 'lastedMs'>;
  /** Half of them were told within this time after the limit was crossed; null: nobody was told. */
  readonly delayMs: number | null;
  /** Those with an episode, worst first; of more the worst. */
  readonly worst: readonly ScopeTotals[];
  readonly scopesWithEpisodes: number;
  /** Newest first; of more than are kept the worst. `allEpisodes` and `allGaps` count all. */
  readonly allEpisodes: number;
  /** Oldest first; of more than are kept the longest. */
  readonly allGaps: number;
  /** Worst first. */
  readonly lines: readonly ScopeLine[];
}

export const KEPT = { episodes: 1_000, scopes: 100, gaps: 500, lines: 12, points: 600 } as const;

/** The rank of an episode: what would have acted, what would have asked, what nobody would have heard of. */
const rankOf = (one: Episode): number => (one.actedAt !== null ? 0 : isNearMiss(one) ? 2 : 1);

export function scopeTotals(episodes: readonly Episode[], to: Instant): readonly ScopeTotals[] {
  const found = new Map<string, ScopeTotals>();
  for (const one of episodes) {
    const { scope, acts, asks, nearMisses, lastedMs } = found.get(one.scope) ?? none(one.scope);
    const rank = rankOf(one);
    found.set(one.scope, {
      scope,
      acts: acts + (rank === 0 ? 1 : 0),
      asks: asks + (rank === 1 ? 1 : 0),
      nearMisses: nearMisses + (rank === 2 ? 1 : 0),
      lastedMs: lastedMs + (one.endedAt ?? to) - one.since,
    });
  }
  return [...found.values()].sort(
    (a, b) => b.acts - a.acts || b.asks - a.asks || b.nearMisses - a.nearMisses || b.lastedMs - a.lastedMs || (a.scope < b.scope ? -1 : 1),
  );
}

const none = (scope: string): ScopeTotals => ({ scope, acts: 0, asks: 0, nearMisses: 0, lastedMs: 0 });

/** @param lines of scopes that were chosen before, from `scopeTotals` */
export function replayReport({ trigger: _trigger, ...found }: Replayed, lines: readonly ScopeLine[]): ReplayReport {
  const { episodes, gaps, to } = found;
  const scopes = scopeTotals(episodes, to);
  const sum = (name: 'acts' | 'asks' | 'nearMisses'): number => scopes.reduce((all, one) => all + one[name], 0);
  const worst = episodes.toSorted((a, b) => rankOf(a) - rankOf(b) || b.since - a.since).slice(0, KEPT.episodes);
  const longest = gaps.toSorted((a, b) => b.to - b.from - (a.to - a.from)).slice(0, KEPT.gaps);
  return {
    ...found,
    totals: { acts: sum('acts'), asks: sum('asks'), nearMisses: sum('nearMisses') },
    delayMs: median(episodes.flatMap((one) => (isNearMiss(one) ? [] : (toldAt(one) ?? one.since) - one.since))),
    worst: scopes.slice(0, KEPT.scopes),
    scopesWithEpisodes: scopes.length,
    episodes: worst.toSorted((a, b) => b.since - a.since || (a.scope < b.scope ? -1 : 1)),
    allEpisodes: episodes.length,
    gaps: longest.toSorted((a, b) => a.from - b.from),
    allGaps: gaps.length,
    lines,
  };
}

export interface LineAsked extends Span {
  readonly scope: string;
  readonly gaps: readonly Span[];
  readonly kind: SignalKind['kind'];
  readonly overMs: number;
  /** Too little is bad. */
  readonly inverse: boolean;
}

/** Minutes of one scope as a line. A minute that was watched and had no row had no traffic; one that nobody watched has no point. */
export function scopeLine(rows: readonly MinuteRow[], asked: LineAsked): ScopeLine {
  const { scope, from, to, gaps, kind, inverse } = asked;
  const overMs = Math.max(MINUTE_MS, asked.overMs);
  const series = {
    ...{ from, to, overMs, slotMs: MINUTE_MS, gaps },
    // The window that is cut by the beginning would be taken for a small one.
    tellsFrom: from + overMs,
    slots: slotsOf(rows, asked),
  };
  const everyMs = Math.max(MINUTE_MS, Math.ceil((to - from) / KEPT.points / MINUTE_MS) * MINUTE_MS);
  return { scope, everyMs, points: worstOfEach(pointsOf(series, kind), { from, everyMs, inverse }) };
}

function slotsOf(rows: readonly MinuteRow[], { from, to, gaps }: LineAsked): readonly SlotCounts[] {
  const counted = new Map<Instant, SlotCounts>();
  for (const { at: begun, spanMs, bad, all, sum } of rows) {
    // Counts of a longer slot are known when it is complete.
    const at = endMinute(begun, spanMs);
    const before = counted.get(at) ?? { bad: 0, all: 0, sum: 0 };
    counted.set(at, { at, bad: before.bad + bad, all: before.all + all, sum: before.sum + sum });
  }
  const slots: SlotCounts[] = [];
  let next = 0;
  for (let at = from; at < to; at += MINUTE_MS) {
    for (let gap = gaps[next]; gap !== undefined && gap.to <= at; gap = gaps[next]) next += 1;
    const gap = gaps[next];
    if (gap !== undefined && gap.from <= at) continue;
    slots.push(counted.get(at) ?? { at, bad: 0, all: 0, sum: 0 });
  }
  return slots;
}

/** The minute in which counts are complete. */
export const endMinute = (at: Instant, spanMs: number): Instant => Math.floor((at + spanMs - 1) / MINUTE_MS) * MINUTE_MS;

function worstOfEach(
  points: readonly Point[],
  { from, everyMs, inverse }: { readonly from: Instant; readonly everyMs: number; readonly inverse: boolean },
): readonly Point[] {
  const worst = new Map<number, Point>();
  for (const point of points) {
    const bucket = Math.floor((point.at - 1 - from) / everyMs);
    const known = worst.get(bucket);
    if (known === undefined || isWorse(point.value, known.value, inverse)) worst.set(bucket, point);
  }
  return [...worst.values()];
}

function isWorse(value: number | null, than: number | null, inverse: boolean): boolean {
  if (value === null || than === null) return value !== null;
  return inverse ? value < than : value > than;
}

/** Why an episode would not have been acted on alone, as far as a replay can tell: it asks no guard. */
export type WhyNot = 'over-before' | 'evidence' | 'no-runbook' | 'runbook-asks';

/** @param starts of the runbooks that answer the trigger. Null: it would have acted. */
export function whyNot(one: Episode, starts: readonly ('ask' | 'auto')[]): WhyNot | null {
  if (isNearMiss(one)) return 'over-before';
  if (one.actedAt === null) return 'evidence';
  if (starts.length === 0) return 'no-runbook';
  return starts.includes('auto') ? null : 'runbook-asks';
}
