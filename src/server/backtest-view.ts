// What a screen or a caller of the API sees of a backtest: one of its rules, one scope as a line with what happened beside it, and a page of
// its episodes. It chooses from what is kept and asks for nothing to be replayed.
import { type Episode, isNearMiss } from '../domain/episodes.ts';
import { isOpen } from '../domain/incident-fold.ts';
import { type Gap, type ReplayReport, type ScopeLine, type WhyNot, whyNot } from '../domain/replay-report.ts';
import type { Mark } from '../domain/series.ts';
import { incidentOf, type PastIncident } from '../domain/shadow-report.ts';
import type { TriggerRule } from '../domain/trigger.ts';
import { limitOf, type ShownLimit, type Watched } from '../domain/trigger-list.ts';
import type { EndedBacktest } from './backtests.ts';
import { marksOf } from './marks.ts';
import type { ReadWorld } from './snapshot.ts';
import { watchedTrigger } from './triggers.ts';

export type WhichRule = 'written' | 'tried';

export interface ViewAsked {
  /** The one that was tried, if there is one, when absent. */
  readonly rule?: WhichRule | undefined;
  /** Whose line and episodes; absent: the line of the worst, the episodes of all. */
  readonly org?: string | undefined;
  readonly limit: number;
  readonly offset: number;
}

export interface ShownEpisode extends Episode {
  /** Null: it would have acted alone, the guards of that moment aside. */
  readonly whyNot: WhyNot | null;
  /** The real incident of that trigger, time and organization. */
  readonly incident: string | null;
}

export interface RuleTotals {
  readonly rule: WhichRule;
  readonly limit: ShownLimit | null;
  readonly overMs: number | null;
  /** Of them, those that a runbook would have answered without asking. */
  readonly alone: number;
  readonly acts: number;
  readonly asks: number;
  readonly nearMisses: number;
  readonly delayMs: number | null;
}

export interface BacktestView {
  readonly rule: WhichRule;
  readonly kind: Watched['spec']['signal']['kind'];
  /** Of each rule that was replayed. */
  readonly rules: readonly RuleTotals[];
  readonly clear: Pick<NonNullable<TriggerRule['clear']>, 'above' | 'below'> | null;
  readonly watchedMs: number;
  readonly scopes: number;
  readonly worst: ReplayReport['worst'];
  readonly scopesWithEpisodes: number;
  readonly gaps: readonly Gap[];
  readonly allGaps: number;
  /** Of this one the line is; null: there is none. */
  readonly scope: string | null;
  readonly line: ScopeLine | null;
  readonly marks: readonly Mark[];
  readonly unasked: readonly string[];
  readonly episodes: readonly ShownEpisode[];
  /** Told ones of the scope of the line, that fall on it: for the bands. */
  readonly bands: readonly Episode[];
  /** Kept episodes that match; of `allEpisodes` that were found. */
  readonly total: number;
  readonly allEpisodes: number;
  readonly next: number | null;
}

const MOST_INCIDENTS = 1_000;
const MOST_BANDS = 300;

/** Null: it did not come to its end. @throws BELAY_NOT_FOUND */
export async function backtestView(world: ReadWorld, ended: EndedBacktest, asked: ViewAsked): Promise<BacktestView | null> {
  if (ended.end.how !== 'done') return null;
  const { written, tried } = ended.end.reports;
  const watched = watchedTrigger(world, ended.trigger);
  const which = tried === null ? 'written' : (asked.rule ?? 'tried');
  const report = which === 'tried' && tried !== null ? tried : written;
  const starts = startsOf(world, ended.trigger);
  const line = lineOf(report, asked.org);
  const matching = report.episodes.filter((one) => asked.org === undefined || one.scope === asked.org);
  const page = matching.slice(asked.offset, asked.offset + asked.limit);
  const [incidents, { marks, unasked }] = await Promise.all([
    incidentsOf(world, ended.trigger),
    line === null
      ? { marks: [], unasked: [] }
      : marksOf(world, { trigger: ended.trigger, org: line.scope, from: ended.from, to: ended.to }),
  ]);
  const around = { incidents, organizations: world.system.organizations.map((one) => one.id), now: world.time.now() };
  const end = asked.offset + page.length;
  return {
    rule: which,
    kind: watched.spec.signal.kind,
    rules: [
      totalsOf('written', written, { rule: watched.rule, starts }),
      ...(tried === null || ended.tried === null ? [] : [totalsOf('tried', tried, { rule: ended.tried, starts })]),
    ],
    clear: watched.rule.clear ?? null,
    ...{ watchedMs: report.watchedMs, scopes: report.scopes, worst: report.worst, scopesWithEpisodes: report.scopesWithEpisodes },
    ...{ gaps: report.gaps, allGaps: report.allGaps, allEpisodes: report.allEpisodes },
    ...{ scope: line?.scope ?? null, line, marks, unasked },
    episodes: page.map((one) => ({ ...one, whyNot: whyNot(one, starts), incident: incidentOf(one, around) })),
    bands: line === null ? [] : report.episodes.filter((one) => one.scope === line.scope && !isNearMiss(one)).slice(0, MOST_BANDS),
    total: matching.length,
    next: end < matching.length ? end : null,
  };
}

function lineOf({ lines }: ReplayReport, org: string | undefined): ScopeLine | null {
  return (org === undefined ? lines[0] : lines.find((one) => one.scope === org)) ?? null;
}

function totalsOf(
  which: WhichRule,
  { totals, delayMs }: ReplayReport,
  { rule, starts }: { readonly rule: TriggerRule; readonly starts: readonly ('ask' | 'auto')[] },
): RuleTotals {
  const alone = starts.includes('auto') ? totals.acts : 0;
  return { rule: which, limit: limitOf(rule), overMs: rule.breach?.overMs ?? null, alone, ...totals, delayMs };
}

const startsOf = ({ runbooks }: ReadWorld, trigger: string): readonly ('ask' | 'auto')[] =>
  Object.values(runbooks).flatMap(({ runbook }) => (runbook.triggers.includes(trigger) ? [runbook.start] : []));

async function incidentsOf(world: ReadWorld, trigger: string): Promise<readonly PastIncident[]> {
  const all = await world.incidents.list({ limit: MOST_INCIDENTS });
  return all
    .filter((one) => one.kind === 'real' && one.trigger === trigger)
    .map((one) => ({
      id: one.id,
      since: one.detectedAt,
      endedAt: isOpen(one) ? null : (one.resolvedAt ?? one.endedAt ?? one.detectedAt),
      orgs: one.scope.orgs,
    }));
}
