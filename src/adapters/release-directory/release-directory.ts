// A deploy target of folders: releases/<name>/, and a symbolic link `current` that is replaced in one rename. Every change is made
// under the lock file `.belay-lock` and only if the link is still the one that was expected. It judges nobody's health.
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { BelayError } from '../../domain/errors.ts';
import type { TargetOptions } from '../../domain/target-catalog.ts';
import type { DeployTarget, TargetState } from '../../ports/deploy-target.ts';
import type { Http } from '../../ports/http.ts';
import type { HeldLock } from '../../ports/lock.ts';
import type { Processes } from '../../ports/process.ts';
import type { Supervisor } from '../../ports/supervisor.ts';
import type { Time } from '../../ports/time.ts';
import { changedFiles, textIn } from './changed.ts';
import { appendHistory, type History, type Origin, originOf, previousOf, readHistory, seenNow, wasReloaded } from './history.ts';
import { draftLink, type Link, readLink, writeWhole } from './link.ts';
import { readSettings, type Settings } from './options.ts';
import { isRestorable, listReleases, type Past } from './releases.ts';
import { look, reload, type Sight, unitsOf } from './service.ts';

const LOCK_WAIT_MS = 10_000;
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
  /** Looking leaves no trace: what is seen for the first time is not written down. */
  readonly lookOnly?: boolean;
}
interface Place {
  readonly settings: Settings;
  readonly deps: Deps;
}
type Order = Parameters<DeployTarget['rollTo']>[1];

interface Reading {
  readonly link: Link;
  readonly history: History;
  readonly origin: Origin;
  readonly state: TargetState;
}

/** @throws BELAY_CONFIG_INVALID */
export function createReleaseDirectory(options: TargetOptions<'release-directory'>, deps: Deps) {
  const place: Place = { settings: readSettings(options, deps.baseDir), deps };
  const { settings } = place;
  const underLock = <T>(work: (lock: HeldLock) => Promise<T>): Promise<T> =>
    deps.processes.locks.hold(join(settings.root, '.belay-lock'), { waitMs: LOCK_WAIT_MS }, work);
  return {
    caps: { compareAndSet: 'lock', freeze: true, restoresConfig: 'none' },
    list: async (limit) => (await listReleases(settings, (await readLink(settings.root)).release)).slice(0, limit),
    current: async () => (await read(place)).state,
    restorable: async (release) => {
      const live = settings.oneWay === null ? null : (await readLink(settings.root)).release;
      return isRestorable(settings, release, pastOf(await readHistory(settings.root), live));
    },
    changedFiles: (from, to, within) => changedFiles(settings.root, from, to, within),
    read: (release, path) => textIn(settings.root, release, path),
    rollTo: (release, o) => underLock((lock) => rollTo(place, release, o, lock)),
    // Under the lock, so that no polite deployer is half way when it resolves.
    freeze: (on, why) => underLock(() => freeze(settings, on, { who: 'belay', why, at: new Date(deps.time.now()).toISOString() })),
  } satisfies DeployTarget;
}

async function read({ settings, deps }: Place, asked: Sight | null = null): Promise<Reading> {
  const [link, sight] = [await readLink(settings.root), asked ?? (await look(settings, deps))];
  const history = await readHistory(settings.root);
  const origin = originOf(history, link) ?? (await noteSeen({ settings, deps }, history, link));
  const frozen = await isFrozen(settings.root);
  const gaveUp = sight.gaveUp === undefined ? {} : { gaveUp: sight.gaveUp };
  const before = switchInFlight({ link, history, origin, sight, now: deps.time.now() });
  if (before !== null)
    return {
      link,
      history,
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
  return { link, history, origin, state };
}

const NOT_ASKED: Sight = { process: undefined, serves: undefined };

/**
 * To switch, only a switch of ours that may still be on its way needs the service itself: asking it takes a supervisor longer than the switch,
 * and the old release is waited for.
 */
async function readToSwitch(place: Place): Promise<Reading> {
  const { settings, deps } = place;
  const [link, history] = [await readLink(settings.root), await readHistory(settings.root)];
  const origin = originOf(history, link);
  const isOver = origin?.kind === 'seen' || (origin !== null && wasReloaded(history, link) && deps.time.now() - origin.at >= SETTLE_MS);
  return read(place, isOver ? NOT_ASKED : null);
}

/** Somebody else's switch, seen for the first time. */
async function noteSeen({ settings, deps }: Place, history: History, link: Link): Promise<Origin> {
  const seen = seenNow(history, link, deps.time.now());
  if (deps.lookOnly === true) return seen;
  try {
    await appendHistory(settings.root, seen, history);
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
  const startedSince = (sight.process?.startedAt ?? 0) > origin.at + 1_500;
  return startedSince ? null : origin.before;
}

const settleMs = (history: History, link: Link): number => (wasReloaded(history, link) ? SETTLE_MS : Number.POSITIVE_INFINITY);

async function rollTo(place: Place, release: string, o: Order, lock: HeldLock): Promise<void> {
  const { settings, deps } = place;
  const reading = await readToSwitch(place);
  const { link, history, origin, state } = reading;
  const isRepeat = origin.kind === 'switch' && origin.key === o.key && link.release === release;
  if (!isRepeat && state.fingerprint !== o.expected) throw conflict(settings, `${state.release} (${state.fingerprint})`, o.expected);
  const found = await isRestorable(settings, release, pastOf(history, link.release));
  if (!found.ok) {
    throw new BelayError('BELAY_RELEASE_NOT_RESTORABLE', `release ${release} cannot be put back: ${found.why}`, {
      hint: `Look into ${join(settings.root, 'releases')}.`,
    });
  }
  const placed = link.release === release ? link.id : await switchTo(place, reading, release, o, lock);
  await reload(settings, release, deps);
  await appendHistory(settings.root, { kind: 'reloaded', at: deps.time.now(), link: placed }, await readHistory(settings.root));
}

async function switchTo(
  { settings, deps }: Place,
  { link, history, state }: Reading,
  release: string,
  o: Order,
  lock: HeldLock,
): Promise<string> {
  const { root } = settings;
  const draft = await draftLink(root, release, deps.time.uuid());
  try {
    const before = { release: state.release, fingerprint: state.fingerprint, changedAt: state.changedAt, previous: state.previous };
    await appendHistory(
      root,
      { kind: 'switch', at: deps.time.now(), link: draft.id, to: release, key: o.key, reason: o.reason, before },
      history,
    );
    await lock.assertHeld();
    // Writing took a while: a deployer that knows no lock has this long and no longer to be overrun.
    if ((await readLink(root)).fingerprint !== link.fingerprint) throw conflict(settings, (await readLink(root)).release, o.expected);
    await draft.place();
    return draft.id;
  } catch (error) {
    await draft.discard();
    throw error;
  }
}

function conflict({ root }: Settings, found: string, expected: string): BelayError {
  return new BelayError('BELAY_TARGET_CONFLICT', `${join(root, 'current')} is ${found}, not ${expected}`, {
    hint: 'Somebody else has deployed in between: plan again.',
  });
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

async function isFrozen(root: string): Promise<boolean> {
  try {
    await stat(join(root, 'FREEZE'));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/** A FREEZE that is there stays as it is: it may be somebody else's, with their reason. */
async function freeze(
  { root }: Settings,
  on: boolean,
  note: { readonly who: string; readonly why: string; readonly at: string },
): Promise<void> {
  const path = join(root, 'FREEZE');
  try {
    if (!on) await rm(path, { force: true });
    else if (!(await isFrozen(root))) await writeWhole(path, `${JSON.stringify(note)}\n`, join(root, `.belay-freeze-${process.pid}`));
  } catch (cause) {
    throw new BelayError(
      'BELAY_ACT_FAILED',
      `${path} could not be ${on ? 'written' : 'removed'} (${(cause as NodeJS.ErrnoException).code ?? String(cause)})`,
      {
        effect: 'unknown',
        hint: 'Belay needs to write in that folder.',
        cause,
      },
    );
  }
}
