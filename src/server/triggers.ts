// Reads where triggers stand and how their signals went, for API, screens and terminal. It changes nothing.
import { BelayError } from '../domain/errors.ts';
import type { Instant } from '../domain/json.ts';
import { hasSeries, type Mark, type Point, pointsOf, type SignalSeries } from '../domain/series.ts';
import type { TriggerView } from '../domain/trigger.ts';
import {
  isYoung,
  limitOf,
  matches,
  rowOf,
  type ShownLimit,
  summaryOf,
  type TriggerFilter,
  type TriggerRow,
  type TriggerSummary,
  type Watched,
  watchedOf,
  worstFirst,
} from '../domain/trigger-list.ts';
import { listSilences } from '../flows/silences.ts';
import { marksOf } from './marks.ts';
import type { ReadWorld } from './snapshot.ts';

export interface TriggerQuery extends TriggerFilter {
  readonly limit: number;
  readonly offset: number;
  /** So many of each trigger, instead of the worst of all. */
  readonly perTrigger?: number;
}

export interface TriggerList {
  readonly now: Instant;
  /** One a trigger of belay.yaml, whatever the filter says of scopes. */
  readonly summaries: readonly TriggerSummary[];
  /** Worst first. */
  readonly triggers: readonly TriggerRow[];
  /** All that match. */
  readonly total: number;
  /** The `offset` of the next page. */
  readonly next: number | null;
}

export async function listTriggers(world: ReadWorld, query: TriggerQuery): Promise<TriggerList> {
  const { system } = world;
  const [views, silences] = await Promise.all([world.readings.views(query.trigger), listSilences(world)]);
  const now = world.time.now();
  const watched = watchedOf(system).filter(({ rule }) => query.trigger === undefined || rule.id === query.trigger);
  const byTrigger = new Map<string, TriggerView[]>(watched.map(({ rule }) => [rule.id, []]));
  for (const view of views) byTrigger.get(view.trigger)?.push(view);
  const young = watched.filter((one) => isYoung(one, byTrigger.get(one.rule.id) ?? [], now));
  const around = { system, silences, now, shadowed: await shadowedOf(world, young) };
  const ranked = worstFirst(
    views.filter((view) => matches(view, query)),
    watched,
  );
  const page =
    query.perTrigger === undefined ? ranked.slice(query.offset, query.offset + query.limit) : firstOfEach(ranked, query.perTrigger);
  const end = query.offset + page.length;
  return {
    now: around.now,
    summaries: watched.map((one) => summaryOf(one, byTrigger.get(one.rule.id) ?? [], around)),
    triggers: page.flatMap((view) => {
      const mine = watched.find(({ rule }) => rule.id === view.trigger);
      return mine === undefined ? [] : [rowOf(mine, view, around)];
    }),
    total: ranked.length,
    next: end < ranked.length ? end : null,
  };
}

/** Those of them that have been in shadow, and would have done something then. */
async function shadowedOf({ shadows }: Pick<ReadWorld, 'shadows'>, watched: readonly Watched[]): Promise<ReadonlySet<string>> {
  const found = await Promise.all(watched.map(({ rule }) => shadows.decisions({ trigger: rule.id, limit: 1 })));
  return new Set(found.flat().map((decision) => decision.trigger));
}

function firstOfEach(ranked: readonly TriggerView[], count: number): readonly TriggerView[] {
  const taken = new Map<string, number>();
  return ranked.filter(({ trigger }) => {
    const before = taken.get(trigger) ?? 0;
    taken.set(trigger, before + 1);
    return before < count;
  });
}

/** @throws BELAY_NOT_FOUND */
export function watchedTrigger(world: Pick<ReadWorld, 'system'>, id: string): Watched {
  const found = watchedOf(world.system).find(({ rule }) => rule.id === id);
  if (found !== undefined) return found;
  throw new BelayError('BELAY_NOT_FOUND', `there is no trigger ${id}`, { hint: 'See which there are: belay triggers, or belay status' });
}

export interface OneTrigger {
  readonly now: Instant;
  readonly summary: TriggerSummary;
  /** Null: nothing was ever seen of it. */
  readonly row: TriggerRow | null;
}

/** One scope; without `org` the worst. @throws BELAY_NOT_FOUND */
export async function oneTrigger(world: ReadWorld, id: string, org: string | undefined): Promise<OneTrigger> {
  const watched = watchedTrigger(world, id);
  const [views, silences] = await Promise.all([world.readings.views(id), listSilences(world)]);
  const now = world.time.now();
  const shadowed = await shadowedOf(world, isYoung(watched, views, now) ? [watched] : []);
  const around = { system: world.system, silences, now, shadowed };
  const view = scopeOf(watched, views, org);
  return { now: around.now, summary: summaryOf(watched, views, around), row: view === null ? null : rowOf(watched, view, around) };
}

function scopeOf(watched: Watched, views: readonly TriggerView[], org: string | undefined): TriggerView | null {
  if (org === undefined) return worstFirst(views, [watched])[0] ?? null;
  const found = views.find((view) => view.scope === org);
  if (found !== undefined) return found;
  throw new BelayError('BELAY_NOT_FOUND', `trigger ${watched.rule.id} has seen nothing of ${org === '' ? 'the whole system' : org}`, {
    hint: `See whom it has seen: belay triggers ${watched.rule.id}`,
  });
}

export interface TriggerSeries {
  readonly trigger: string;
  readonly org: string;
  readonly kind: Watched['spec']['signal']['kind'];
  readonly limit: ShownLimit | null;
  readonly clear: TriggerSummary['clear'];
  readonly from: Instant;
  readonly to: Instant;
  readonly slotMs: number;
  readonly overMs: number;
  readonly slots: SignalSeries['slots'];
  readonly gaps: SignalSeries['gaps'];
  /** Of each slot that is known: the value of the whole window that ends with it. */
  readonly points: readonly Point[];
  readonly marks: readonly Mark[];
  /** Targets and switches that could not be asked when they last changed. */
  readonly unasked: readonly string[];
}

export interface SeriesAsked {
  readonly org?: string | undefined;
  readonly from?: Instant | undefined;
  readonly to?: Instant | undefined;
}

/** @throws BELAY_NOT_FOUND, BELAY_INPUT_INVALID */
export async function triggerSeries(world: ReadWorld, id: string, asked: SeriesAsked): Promise<TriggerSeries> {
  const watched = watchedTrigger(world, id);
  const { kind } = watched.spec.signal;
  if (!hasSeries(kind))
    throw new BelayError('BELAY_NOT_FOUND', `trigger ${id} keeps no counts: it is of kind ${kind}`, {
      hint: `See it: belay triggers ${id}`,
    });
  if (asked.from !== undefined && asked.from >= (asked.to ?? world.time.now()))
    throw new BelayError('BELAY_INPUT_INVALID', 'from must be before to', { hint: 'Leave both out for the last two windows.' });
  const view = scopeOf(watched, await world.readings.views(id), asked.org);
  const org = view?.scope ?? '';
  const series = view === null ? null : await world.readings.series({ trigger: id, scope: org, from: asked.from, to: asked.to });
  if (series === null)
    throw new BelayError('BELAY_NOT_FOUND', `nothing was ever counted for trigger ${id}`, { hint: 'See its sources: belay doctor' });
  const { rule } = watched;
  const { marks, unasked } = await marksOf(world, { trigger: id, org, from: series.from, to: series.to });
  return {
    trigger: id,
    org,
    kind,
    limit: limitOf(rule),
    clear: rule.clear === undefined ? null : { ...optional('above', rule.clear.above), ...optional('below', rule.clear.below) },
    from: series.from,
    to: series.to,
    slotMs: series.slotMs,
    overMs: series.overMs,
    slots: series.slots.filter((slot) => slot.at >= series.from),
    gaps: series.gaps,
    points: pointsOf(series, kind),
    marks,
    unasked,
  };
}

const optional = (name: 'above' | 'below', value: number | undefined) => (value === undefined ? {} : { [name]: value });
