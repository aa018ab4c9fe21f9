// Answers what triggers in shadow would have done: decisions, episodes, marks and incidents laid beside one another.
import { BelayError } from '../domain/errors.ts';
import { isOpen } from '../domain/incident-fold.ts';
import type { Instant } from '../domain/json.ts';
import { type PastIncident, type ShadowEpisode, type ShadowSummary, shadowCounts, shadowEpisodes } from '../domain/shadow-report.ts';
import { limitOf, overOf, watchedOf } from '../domain/trigger-list.ts';
import type { ReadWorld } from './snapshot.ts';

const DEFAULT_MS = 30 * 86_400_000;
/** Of one trigger: the newest. A trigger that makes more is no trigger to arm. */
const MOST_TRANSITIONS = 10_000;
const MOST_DECISIONS = 5_000;
const MOST_INCIDENTS = 1_000;

export interface ShadowReport {
  readonly from: Instant;
  readonly to: Instant;
  readonly zone: string;
  readonly organizations: readonly { readonly id: string; readonly name: string }[];
  readonly triggers: readonly ShadowSummary[];
  /** Newest first. */
  readonly episodes: readonly ShadowEpisode[];
  /** More of them than are listed or counted. */
  readonly more: boolean;
}

export interface ShadowQuery {
  readonly trigger?: string | undefined;
  readonly since?: Instant | undefined;
  readonly limit: number;
}

export async function shadowReport(world: ReadWorld, query: ShadowQuery): Promise<ShadowReport> {
  const { system } = world;
  const to = world.time.now();
  const from = query.since ?? to - DEFAULT_MS;
  const incidents = await pastIncidents(world);
  const reports = await Promise.all(
    askedFor(world, query.trigger).map(async ({ rule, spec }) => {
      const [transitions, decisions, marks] = await Promise.all([
        world.signals.transitions({ trigger: rule.id, since: from, limit: MOST_TRANSITIONS }),
        world.shadows.decisions({ trigger: rule.id, since: from, limit: MOST_DECISIONS }),
        world.shadows.marks({ trigger: rule.id, since: from - DEFAULT_MS }),
      ]);
      const past = { transitions, decisions, marks, incidents, organizations: system.organizations.map((one) => one.id), now: to };
      const decided = new Set(decisions.map((one) => one.episode));
      const isShadow = rule.mode === 'shadow';
      // Of one that is armed by now, what it did as an armed one is told by its incidents.
      const episodes = shadowEpisodes({ ...past, inverse: rule.breach?.below !== undefined }).filter(
        (one) => isShadow || decided.has(one.episode),
      );
      const { id: trigger, mode } = rule;
      const shown = { trigger, mode, kind: spec.signal.kind, limit: limitOf(rule), overMs: overOf({ rule, spec }) };
      const isCut = transitions.length === MOST_TRANSITIONS || decisions.length === MOST_DECISIONS;
      return { summary: { ...shown, ...shadowCounts(episodes) }, episodes, isCut };
    }),
  );
  const told = reports.filter(({ summary, episodes }) => summary.mode === 'shadow' || episodes.length > 0 || query.trigger !== undefined);
  const episodes = told.flatMap((one) => one.episodes).sort((a, b) => b.since - a.since);
  return {
    from,
    to,
    zone: system.zone,
    organizations: system.organizations.map(({ id, name }) => ({ id, name })),
    triggers: told.map((one) => one.summary),
    episodes: episodes.slice(0, query.limit),
    more: episodes.length > query.limit || told.some((one) => one.isCut),
  };
}

/** @throws BELAY_NOT_FOUND */
function askedFor({ system }: ReadWorld, trigger: string | undefined) {
  const all = watchedOf(system);
  const mine = all.filter(({ rule }) => trigger === undefined || rule.id === trigger);
  if (mine.length > 0 || trigger === undefined) return mine;
  throw new BelayError('BELAY_NOT_FOUND', `there is no trigger ${trigger}`, {
    hint: `There are: ${all.map(({ rule }) => rule.id).join(', ') || 'none'}.`,
  });
}

async function pastIncidents(world: ReadWorld): Promise<readonly PastIncident[]> {
  const incidents = await world.incidents.list({ limit: MOST_INCIDENTS });
  return incidents
    .filter((one) => one.kind === 'real' && one.mergedInto === undefined)
    .map((one) => ({
      id: one.id,
      since: one.detectedAt,
      endedAt: isOpen(one) ? null : (one.resolvedAt ?? one.endedAt ?? one.detectedAt),
      orgs: one.scope.orgs,
    }));
}
