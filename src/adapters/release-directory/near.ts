// A release directory on this machine. What is done to it, and when, is decided elsewhere.
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { BelayError } from '../../domain/errors.ts';
import type { HeldLock } from '../../ports/lock.ts';
import type { Time } from '../../ports/time.ts';
import { changedFiles, textIn } from './changed.ts';
import { appendHistory, readHistory } from './history.ts';
import { draftLink, readLink, writeWhole } from './link.ts';
import type { Settings } from './options.ts';
import type { Change, Folder, Place } from './place.ts';
import { moved } from './refusals.ts';
import { provenProcess, reload, type ServiceDeps } from './service.ts';

const LOCK_WAIT_MS = 10_000;

type Deps = ServiceDeps & { readonly time: Time };

export function nearPlace(settings: Settings, deps: Deps): Place {
  const { root } = settings;
  return {
    name: root,
    artefact: (release) => join(root, 'releases', release),
    see: async (wanted) => {
      const link = await readLink(root);
      const process = settings.pidFile === null ? undefined : await provenProcess(settings.pidFile, deps.processes);
      const [history, frozen] = [await readHistory(root), await isFrozen(root)];
      return { link, process, history, frozen, folders: wanted === undefined ? [] : await foldersOf(join(root, 'releases'), wanted) };
    },
    note: (line, history) => appendHistory(root, line, history),
    underLock: (work) =>
      deps.processes.locks.hold(join(root, '.belay-lock'), { waitMs: LOCK_WAIT_MS }, (lock) =>
        work((o) => change(settings, deps, o, lock)),
      ),
    // Under the lock, so that no polite deployer is half way when it resolves.
    freeze: (on, note) => deps.processes.locks.hold(join(root, '.belay-lock'), { waitMs: LOCK_WAIT_MS }, () => freeze(root, on, note)),
    changedFiles: (from, to, within) => changedFiles(root, from, to, within),
    text: (release, path) => textIn(root, release, path),
  };
}

async function change(settings: Settings, deps: Deps, { seen, release, line }: Change, lock: HeldLock): Promise<void> {
  const placed = line === null ? seen.link.id : await switchTo(settings.root, { seen, release, line }, deps.time.uuid(), lock);
  await reload(settings, release, deps);
  await appendHistory(settings.root, { kind: 'reloaded', at: deps.time.now(), link: placed }, await readHistory(settings.root));
}

type Switch = Change & { readonly line: NonNullable<Change['line']> };

async function switchTo(root: string, { seen, release, line }: Switch, name: string, lock: HeldLock): Promise<string> {
  const draft = await draftLink(root, release, name);
  try {
    await appendHistory(root, { ...line, link: draft.id }, seen.history);
    await lock.assertHeld();
    // Writing took a while: a deployer that knows no lock has this long and no longer to be overrun.
    const now = await readLink(root);
    if (now.fingerprint !== seen.link.fingerprint) throw moved(root, now.release, seen.link.release);
    await draft.place();
    return draft.id;
  } catch (error) {
    await draft.discard();
    throw error;
  }
}

async function foldersOf(path: string, wanted: readonly string[]): Promise<readonly Folder[]> {
  let names: readonly string[];
  try {
    names = await readdir(path);
  } catch (cause) {
    throw new BelayError('BELAY_TARGET_UNREACHABLE', `${path} cannot be read (${codeOf(cause)})`, {
      hint: 'Check `root` of this target: it holds releases/<name>/.',
      cause,
    });
  }
  return (await Promise.all(names.map((name) => folderOf(path, name, wanted)))).filter((one) => one !== null);
}

async function folderOf(releases: string, name: string, wanted: readonly string[]): Promise<Folder | null> {
  const path = join(releases, name);
  try {
    const [{ mtimeMs }, inside] = [await stat(path), await readdir(path)];
    const found = await Promise.all(wanted.map((file) => stat(join(path, file)).then(...EITHER)));
    return { name, changedAt: mtimeMs, isEmpty: inside.length === 0, has: wanted.filter((_file, at) => found[at]) };
  } catch (error) {
    // Not a folder, pruned while we looked, or not for us to read: not a release.
    if (['ENOENT', 'ENOTDIR', 'EACCES'].includes(codeOf(error))) return null;
    throw error;
  }
}

const EITHER = [() => true, () => false] as const;

async function isFrozen(root: string): Promise<boolean> {
  try {
    await stat(join(root, 'FREEZE'));
    return true;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw error;
  }
}

async function freeze(root: string, on: boolean, note: Parameters<Place['freeze']>[1]): Promise<void> {
  const path = join(root, 'FREEZE');
  try {
    if (!on) await rm(path, { force: true });
    else if (!(await isFrozen(root))) await writeWhole(path, `${JSON.stringify(note)}\n`, join(root, `.belay-freeze-${process.pid}`));
  } catch (cause) {
    throw new BelayError('BELAY_ACT_FAILED', `${path} could not be ${on ? 'written' : 'removed'} (${codeOf(cause)})`, {
      effect: 'unknown',
      hint: 'Belay needs to write in that folder.',
      cause,
    });
  }
}

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? String(error);
