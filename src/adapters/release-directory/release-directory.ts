// A deploy target of folders: releases/<name>/, and a symbolic link `current` that is replaced in one rename. Every change is made
// under the lock file `.belay-lock` and only if the link is still the one that was expected. It judges nobody's health.
import { BelayError } from '../../domain/errors.ts';
import type { TargetOptions } from '../../domain/target-catalog.ts';
import type { DeployTarget, TargetState } from '../../ports/deploy-target.ts';
import type { Http } from '../../ports/http.ts';
import type { Processes } from '../../ports/process.ts';
import type { Remote } from '../../ports/remote.ts';
import type { Supervisor } from '../../ports/supervisor.ts';
import type { Time } from '../../ports/time.ts';
import { farPlace } from './far.ts';
import { type History, type Origin, originOf, previousOf, seenNow, wasReloaded } from './history.ts';
import type { Link } from './link.ts';
import { nearPlace } from './near.ts';
import { readSettings, type Settings } from './options.ts';
import type { Change, Place, Seen } from './place.ts';
import { moved } from './refusals.ts';
import { isRestorable, listReleases, type Past, wantedOf } from './releases.ts';
import { look, type Sight, unitsOf } from './service.ts';

/** How long a service may take to load `current` before it counts as one that did not. */
const SETTLE_MS = 20_000;

interface Deps {
  readonly time: Time;
  readonly processes: Processes;
  /** Needed for `versionUrl`. */
  readonly http?: Http;
  readonly baseDir: string;
  /** Instead of a pid file and a signal: who keeps the processes of the service running. */
  readonly supervisor?: Supervisor;
  /** Needed for `ssh`. */
  readonly remote?: Remote;
  /** Looking leaves no trace: what is seen for the first time is not written down. */
  readonly lookOnly?: boolean;
}
interface Ground {
  readonly settings: Settings;
  readonly deps: Deps;
  readonly place: Place;
}
type Order = Parameters<DeployTarget['rollTo']>[1];

interface Reading {
  readonly seen: Seen;
  readonly origin: Origin;
  readonly state: TargetState;
}

/** `id` names the host in what is kept of it. @throws BELAY_CONFIG_INVALID */
export function createReleaseDirectory(options: TargetOptions<'release-directory'> & { readonly id?: string }, deps: Deps) {
  const settings = readSettings(options, deps.baseDir);
  const place = settings.host === null ? nearPlace(settings, deps) : farPlace(settings, settings.host, deps);
  const ground: Ground = { settings, deps, place };
  return {
    caps: { compareAndSet: 'lock', freeze: true, restoresConfig: 'none' },
    list: async (limit) => {
      const { link, folders } = await place.see(wantedOf(settings));
      return listReleases(place, folders, settings, link.release).slice(0, limit);
    },
    current: async () => (await read(ground, await place.see())).state,
    restorable: async (release) => {
      const { link, history, folders } = await place.see(wantedOf(settings));
      return isRestorable(place, folders, settings, release, pastOf(history, settings.oneWay === null ? null : link.release));
    },
    changedFiles: (from, to, within) => place.changedFiles(from, to, within),
    read: (release, path) => place.text(release, path),
    rollTo: (release, o) => place.underLock((change) => rollTo(ground, release, o, change)),
    freeze: (on, why) => place.freeze(on, { who: 'belay', why, at: new Date(deps.time.now()).toISOString() }),
  } satisfies DeployTarget;
}

async function read({ settings, deps, place }: Ground, seen: Seen, asked: Sight | null = null): Promise<Reading> {
  const { link, history, frozen } = seen;
  const sight = asked ?? (await look(settings, deps, seen.process));
  const origin = originOf(history, link) ?? (await noteSeen({ settings, deps, place }, history, link));
  const gaveUp = sight.gaveUp === undefined ? {} : { gaveUp: sight.gaveUp };
  const before = switchInFlight({ link, history, origin, sight, now: deps.time.now() });
  if (before !== null)
    return {
      seen,
      origin,
      state: { ...before, units: unitsOf(settings, sight, before.release), frozen, inFlight: link.release, ...gaveUp },
    };
  const state = {
    release: link.release,
    fingerprint: link.fingerprint,
    units: unitsOf(settings, sight, link.release),
    frozen,
    changedAt: link.changedAt,
    previous: previousOf(origin),
    ...gaveUp,
  };
  return { seen, origin, state };
}

const NOT_ASKED: Sight = { process: undefined, serves: undefined };

/**
 * To switch, only a switch of ours that may still be on its way needs the service itself: asking it takes a supervisor longer than the switch,
 * and the old release is waited for.
 */
async function readToSwitch(ground: Ground): Promise<Reading> {
  const seen = await ground.place.see(wantedOf(ground.settings));
  const { link, history } = seen;
  const origin = originOf(history, link);
  const isOver =
    origin?.kind === 'seen' || (origin !== null && wasReloaded(history, link) && ground.deps.time.now() - origin.at >= SETTLE_MS);
  return read(ground, seen, isOver ? NOT_ASKED : null);
}

/** Somebody else's switch, seen for the first time. */
async function noteSeen({ deps, place }: Ground, history: History, link: Link): Promise<Origin> {
  const seen = seenNow(history, link, deps.time.now());
  if (deps.lookOnly === true) return seen;
  try {
    await place.note(seen, history);
  } catch (error) {
    // Looking must work where writing does not: without the note only the date and the name of the release before are lost.
    if (!BelayError.is(error)) throw error;
  }
  return seen;
}

/**
 * Our own switch whose service has not loaded it yet. What is live is then still what was live before, with the fingerprint that it
 * had: a repeated act finds the world as it expected it, and tells the service again.
 */
function switchInFlight({
  link,
  history,
  origin,
  sight,
  now,
}: {
  link: Link;
  history: History;
  origin: Origin;
  sight: Sight;
  now: number;
}) {
  if (origin.kind !== 'switch') return null;
  if (sight.serves !== undefined) return sight.serves !== link.release && now - origin.at < settleMs(history, link) ? origin.before : null;
  if (wasReloaded(history, link)) return null;
  // Both by the clock of the host where they are.
  const startedSince = (sight.process?.startedAt ?? 0) > link.changedAt + 1_500;
  return startedSince ? null : origin.before;
}

const settleMs = (history: History, link: Link): number => (wasReloaded(history, link) ? SETTLE_MS : Number.POSITIVE_INFINITY);

async function rollTo(ground: Ground, release: string, o: Order, change: (o: Change) => Promise<void>): Promise<void> {
  const { seen, origin, state } = await readToSwitch(ground);
  const { settings, deps, place } = ground;
  const { link, history } = seen;
  const isRepeat = origin.kind === 'switch' && origin.key === o.key && link.release === release;
  if (!isRepeat && state.fingerprint !== o.expected) throw moved(place.name, `${state.release} (${state.fingerprint})`, o.expected);
  const found = isRestorable(place, seen.folders, settings, release, pastOf(history, link.release));
  if (!found.ok) {
    throw new BelayError('BELAY_RELEASE_NOT_RESTORABLE', `release ${release} cannot be put back: ${found.why}`, {
      hint: `Look into ${place.name}/releases.`,
    });
  }
  const before = { release: state.release, fingerprint: state.fingerprint, changedAt: state.changedAt, previous: state.previous };
  const line = { kind: 'switch', at: deps.time.now(), to: release, key: o.key, reason: o.reason, before } as const;
  await change({ seen, release, line: link.release === release ? null : line });
}

/** `live`: what the link says now, which need not have been noted. */
function pastOf({ lines }: History, live: string | null): Past {
  const seen = new Map<string, number>();
  const note = (release: string): void => void seen.set(release, seen.get(release) ?? seen.size);
  for (const line of lines) {
    if (line.kind === 'switch') note(line.before.release);
    if (line.kind !== 'reloaded') note(line.to);
  }
  if (live !== null) note(live);
  return { live, firstSeen: (release) => seen.get(release) ?? null };
}
