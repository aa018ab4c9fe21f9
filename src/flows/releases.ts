// Releases with what Belay's own history says of them: which is live, which is stable and since when, which can be put back. A look at every
// target now and then keeps that history; targets tell their releases with it, so that plans and guards know the last stable one.
import { lastProof, liveProof } from '../domain/deploy-policy.ts';
import { policyOf } from '../domain/deploy-triggers.ts';
import { BelayError } from '../domain/errors.ts';
import type { CheckResult } from '../domain/guardrail.ts';
import type { Incident } from '../domain/incident.ts';
import type { Instant } from '../domain/json.ts';
import type { ReleaseKind, Soak, Trouble } from '../domain/release-history.ts';
import { DEFAULT_SOAK_MS, releaseKind, soakOf } from '../domain/release-history.ts';
import { type Calm, SETTLE_MS } from '../domain/surroundings.ts';
import type { DeployTarget, Release } from '../ports/deploy-target.ts';
import { isOlder } from './facts.ts';
import { lookBack } from './look-back.ts';
import { keepSurroundings } from './surroundings.ts';
import type { World } from './world.ts';

export type HistoryWorld = Pick<World, 'system' | 'releases' | 'incidents' | 'time'>;

const MOST_LISTED = 20;

/** What cannot be reached now is looked at the next time: its last release stays what it was. */
export async function noteReleases(world: HistoryWorld & Pick<World, 'targets' | 'flags' | 'configs'>): Promise<void> {
  await Promise.all(
    Object.entries(world.targets).map(async ([id, target]) => {
      try {
        const { release, changedAt, inFlight } = await target.current();
        if (release === '') return;
        await world.releases.note(id, release, { at: world.time.now(), changedAt });
        if (inFlight === undefined) await keepSurroundings(world, id, release, () => calmOf(world, id));
      } catch (error) {
        if (!BelayError.is(error)) throw error;
      }
    }),
  );
}

/** Of the release that was just seen live. */
async function calmOf(world: HistoryWorld, target: string): Promise<Calm> {
  const [spans, incidents, now] = [await world.releases.spans(target), await world.incidents.list(), world.time.now()];
  const troubles = troublesOf(incidents, componentOf(world, target), now);
  const since = Math.max(spans.at(-1)?.from ?? now, ...troubles.map((one) => one.to));
  return { now, since, isTroubled: troubles.some((one) => one.to >= now), settleMs: Math.min(soakMsOf(world, target), SETTLE_MS) };
}

/** The same target, whose releases say since when they are stable. */
export function withStability(id: string, target: DeployTarget, world: HistoryWorld): DeployTarget {
  const list = async (limit: number): Promise<readonly Release[]> => {
    const [releases, soaks] = await Promise.all([target.list(limit), soaksOf(world, id)]);
    return releases.map((release): Release => {
      const since = soaks.get(release.ref)?.stableSince ?? null;
      const isAway = wasRolledAway(release, releases, soaks);
      return { ...release, ...(since === null || isAway ? {} : { stable: { sinceMs: since } }), ...(isAway ? { rolledAway: true } : {}) };
    });
  };
  // Whatever else a target can, it still can.
  return { ...target, list };
}

/** What went forward in an incident mended the release before it; what went back left a bad one. */
function wasRolledAway(release: Release, all: readonly Release[], soaks: ReadonlyMap<string, Soak>): boolean {
  const leftFor = soaks.get(release.ref)?.leftFor ?? null;
  const next = all.find((one) => one.ref === leftFor);
  // The newest come first: what is not among them is older than all of them.
  return leftFor !== null && (next === undefined || isOlder(next, release));
}

async function soaksOf(world: HistoryWorld, target: string): Promise<ReadonlyMap<string, Soak>> {
  const spans = await world.releases.spans(target);
  if (spans.length === 0) return new Map();
  const now = world.time.now();
  const troubles = troublesOf(await world.incidents.list(), componentOf(world, target), now);
  const names = [...new Set(spans.map((span) => span.release))];
  const soakMs = soakMsOf(world, target);
  return new Map(names.map((name) => [name, soakOf(name, spans, troubles, { now, soakMs })]));
}

const specOf = ({ system }: Pick<World, 'system'>, target: string) => system.targets.find((one) => one.id === target);
const componentOf = (world: Pick<World, 'system'>, target: string): string | null => specOf(world, target)?.component ?? null;
const soakMsOf = (world: Pick<World, 'system'>, target: string): number => specOf(world, target)?.soakMs ?? DEFAULT_SOAK_MS;

/** From when it was noticed until customers work again: an incident that was called off, a drill and a test are none, and one that names no component may be of all. */
function troublesOf(incidents: readonly Incident[], component: string | null, now: Instant): readonly Trouble[] {
  return incidents
    .filter((one) => one.kind === 'real' && one.phase !== 'cancelled' && touches(one, component))
    .map((one) => {
      const over = one.resolvedAt ?? one.endedAt ?? now;
      return { from: one.detectedAt, to: one.mitigatedAt ?? over, over };
    });
}

const touches = ({ scope: { components } }: Incident, component: string | null): boolean =>
  component === null || components.length === 0 || components.includes(component);

export interface ReleaseRow {
  readonly ref: string;
  readonly version: string;
  readonly createdAt: Instant;
  readonly isLive: boolean;
  readonly kind: ReleaseKind | null;
  readonly healthyMs: number;
  readonly stableSince: Instant | null;
  /** In an incident an older one was put in its place. */
  readonly rolledAway: boolean;
  /** Null: it can be put back; else why not. */
  readonly notRestorable: string | null;
  /** What the smoke test after its last deploy here said; null: none was run. */
  readonly smoke: CheckResult | null;
}

export interface ReleaseList {
  readonly target: string;
  readonly live: string;
  readonly frozen: boolean;
  readonly soakMs: number;
  /** The newest release that is stable, can be put back, and is not live. */
  readonly lastStable: string | null;
  readonly releases: readonly ReleaseRow[];
}

/** Reads only. @throws BELAY_NOT_FOUND, BELAY_TARGET_UNREACHABLE */
export async function releasesOf(world: HistoryWorld & Pick<World, 'targets'>, id: string): Promise<ReleaseList> {
  const target = Object.hasOwn(world.targets, id) ? world.targets[id] : undefined;
  if (target === undefined)
    throw new BelayError('BELAY_NOT_FOUND', `There is no target ${id}.`, {
      hint: `Targets: ${Object.keys(world.targets).join(', ') || 'none'}. They stand in belay.yaml.`,
    });
  const [state, releases, soaks, proofs, spans] = await Promise.all([
    target.current(),
    target.list(MOST_LISTED),
    soaksOf(world, id),
    world.releases.proofs(id),
    world.releases.spans(id),
  ]);
  const isTested = policyOf(world.system, id)?.smoke !== undefined;
  const rows = await Promise.all(
    releases.map(async (release): Promise<ReleaseRow> => {
      const found = await target.restorable(release.ref);
      const soak = soaks.get(release.ref);
      const proof = release.ref === state.release ? liveProof(proofs, spans, state) : lastProof(proofs, release.ref);
      return {
        ...{ ref: release.ref, version: release.version, createdAt: release.createdAt, isLive: release.ref === state.release },
        kind: releaseKind(release.version),
        healthyMs: soak?.healthyMs ?? 0,
        stableSince: release.rolledAway === true ? null : (soak?.stableSince ?? null),
        rolledAway: release.rolledAway === true,
        notRestorable: found.ok ? null : found.why,
        smoke: isTested ? (proof?.result ?? null) : null,
      };
    }),
  );
  const lastStable =
    rows.find((row) => row.stableSince !== null && !row.isLive && row.notRestorable === null)?.ref ??
    (await olderStable(target, { soaks, live: state.release }));
  return { target: id, live: state.release, frozen: state.frozen, soakMs: soakMsOf(world, id), lastStable, releases: rows };
}

/** The list shows the newest; the last stable one may be older than all of them. */
async function olderStable(
  target: DeployTarget,
  { soaks, live }: { readonly soaks: ReadonlyMap<string, Soak>; readonly live: string },
): Promise<string | null> {
  const isStable = ({ ref, rolledAway }: Release): boolean =>
    ref !== live && rolledAway !== true && (soaks.get(ref)?.stableSince ?? null) !== null;
  const { releases } = await lookBack(target, (found) => found.some(isStable));
  for (const release of releases.filter(isStable)) if ((await target.restorable(release.ref)).ok) return release.ref;
  return null;
}
