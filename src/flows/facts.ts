// The live facts that references and conditions may name: inputs, the organization, components, releases, the incident,
// and what earlier steps put out. It reads targets only for `release.*`, and only the target that the step names.
import type { Json, JsonObject } from '../domain/json.ts';
import type { System } from '../domain/system.ts';
import { organizationNamed } from '../domain/system.ts';
import type { DeployTarget, Release } from '../ports/deploy-target.ts';
import { isMore, type LookedBack, lookBack } from './look-back.ts';
import type { Lookup } from './refs.ts';
import { readPath } from './refs.ts';

export interface Facts {
  readonly inputs: JsonObject;
  readonly incident: JsonObject;
  /** step id (with `_` for `-`) → its outputs. */
  readonly outputs: Readonly<Record<string, JsonObject>>;
}

/** `release` holds what the step's own target says: `{release.current}`, `{release.previous}`. */
export function lookupIn(system: System, facts: Facts, release: JsonObject | null): Lookup {
  const org = organizationNamed(system.organizations, facts.inputs['org']) ?? null;
  const roots: Record<string, Json> = {
    ...facts.inputs,
    inputs: facts.inputs,
    incident: facts.incident,
    ...(release === null ? {} : { release }),
  };
  return (path) => {
    const [root, ...rest] = path;
    if (root === undefined) return undefined;
    // It stays as it is written: whoever sends it fills it in, and what is kept never holds it.
    if (root === 'secret') return `{${path.join('.')}}`;
    if (root === 'component') return readPath(componentsOf(system), rest);
    if (root === 'org' && rest.length > 0) return readPath(org as Json, rest);
    if (root === 'steps') return readPath(facts.outputs[(rest[0] ?? '').replaceAll('-', '_')], rest.slice(rest[1] === 'out' ? 2 : 1));
    return readPath(roots[root], rest);
  };
}

function componentsOf({ components }: System): JsonObject {
  return Object.fromEntries(
    components.map((one) => [one.id, { id: one.id, title: one.title, ...(one.url === undefined ? {} : { url: one.url }) }]),
  );
}

/**
 * What `{release.*}` means for a target: what is live, the newest release before it that can still be put back (rule R5), and the
 * newest one that is stable.
 * @throws BELAY_TARGET_UNREACHABLE
 */
export async function releaseFacts(target: DeployTarget): Promise<JsonObject> {
  const state = await target.current();
  const previous = await restorablePrevious(target, state.release, state.previous);
  const stable = await lastStable(target, state.release);
  return { current: state.release, ...(previous === null ? {} : { previous }), ...(stable === null ? {} : { stable }) };
}

/** The newest release that was healthy for the whole soak and can be put back; null where Belay has not seen one. */
async function lastStable(target: DeployTarget, current: string): Promise<string | null> {
  const isStable = (one: Release): boolean => one.stable !== undefined && one.ref !== current && one.status !== 'failed';
  const near = await lookBack(target, (found) => found.some(isStable));
  const newest = await restorableAmong(target, near.releases.filter(isStable));
  if (newest !== null || !isMore(near)) return newest;
  return restorableAmong(target, (await lookBack(target, () => false)).releases.filter(isStable));
}

async function restorableAmong(target: DeployTarget, stable: readonly Release[]): Promise<string | null> {
  for (const release of stable.toSorted((a, b) => b.createdAt - a.createdAt))
    if ((await target.restorable(release.ref)).ok) return release.ref;
  return null;
}

/**
 * The release before, by age and not by the order of switches: after a rollback by hand the release that was live before is the bad
 * one, and must never be what "back" means; nor may one that an incident rolled away from. Null when nothing older can be put back: then people are asked. What only a one-way step stands
 * before is named, so that the plan and guard G2 say what would be wrong.
 */
async function restorablePrevious(target: DeployTarget, current: string, recorded: string | null): Promise<string | null> {
  const has = (all: readonly Release[], ref: string | null): boolean => all.some((one) => one.ref === ref);
  const near = await lookBack(target, (all) => has(all, current) && (recorded === null || has(all, recorded)));
  const found = await previousAmong(target, near, { current, recorded });
  // Of those that were looked at none can be put back: there may be older ones.
  return found === null && isMore(near) ? previousAmong(target, await lookBack(target, () => false), { current, recorded }) : found;
}

async function previousAmong(
  target: DeployTarget,
  { releases, isAll }: LookedBack,
  { current, recorded }: { readonly current: string; readonly recorded: string | null },
): Promise<string | null> {
  const live = releases.find((one) => one.ref === current);
  if (live === undefined) return null;
  // Not even among so many it is older than all of them.
  const isFar = !isAll && recorded !== null && recorded !== current && !releases.some((one) => one.ref === recorded);
  if (isFar && (await target.restorable(recorded)).ok) return recorded;
  const older = releases.filter((one) => one.status !== 'failed' && one.rolledAway !== true && isOlder(one, live));
  const inOrder = older.toSorted((a, b) => Number(b.ref === recorded) - Number(a.ref === recorded) || b.createdAt - a.createdAt);
  let behindOneWay: string | null = null;
  for (const release of inOrder) {
    const found = await target.restorable(release.ref);
    if (found.ok) return release.ref;
    if (found.why === 'one-way') behindOneWay ??= release.ref;
  }
  return behindOneWay;
}

/** Releases that were unpacked in the same moment are told apart by their names, numbers counted as numbers. */
export function isOlder(one: Release, than: Release): boolean {
  if (one.ref === than.ref) return false;
  if (one.createdAt !== than.createdAt) return one.createdAt < than.createdAt;
  return one.ref.localeCompare(than.ref, 'en', { numeric: true }) < 0;
}
