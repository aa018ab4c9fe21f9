// Lock files by hard link: complete when they appear, with an owner who can be proven alive or dead. It knows nothing of what is locked.
import { randomUUID } from 'node:crypto';
import { rmSync, statSync } from 'node:fs';
import { link, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BelayError } from '../../domain/errors.ts';
import type { HeldLock, Locks } from '../../ports/lock.ts';
import type { Processes } from '../../ports/process.ts';

const LOOK_AGAIN_MS = 25;

type Known = Pick<Processes, 'self' | 'inspect'>;

export function createLocks(known: Known) {
  /** Ends when the last holder of this process, in line, has let go. */
  const lines = new Map<string, Promise<unknown>>();
  return {
    hold: <T>(path: string, { waitMs }: { readonly waitMs: number }, work: (lock: HeldLock) => Promise<T>): Promise<T> => {
      const key = resolve(path);
      const ahead = lines.get(key) ?? Promise.resolve();
      const turn = ahead.then(() => holdFile(key, waitMs, work, known));
      // The next one in line does not care how this one ended; its own caller is told.
      lines.set(
        key,
        turn.catch(() => undefined),
      );
      return turn;
    },
  } satisfies Locks;
}

async function holdFile<T>(path: string, waitMs: number, work: (lock: HeldLock) => Promise<T>, known: Known): Promise<T> {
  const draft = `${path}.${process.pid}-${randomUUID().slice(0, 8)}`;
  const self = await known.self();
  await onDisk(path, () => writeFile(draft, `${self.pid}\n${self.start}\n`, { flag: 'wx', mode: 0o644 }));
  const mine = (await stat(draft)).ino;
  try {
    await acquire(draft, path, waitMs, known);
  } finally {
    // The lock is a second name of the same file; without the first one a kill leaves one file behind, not two.
    await rm(draft, { force: true });
  }
  try {
    return await work({ assertHeld: () => assertHeld(path, mine) });
  } finally {
    if ((await inodeOf(path)) === mine) await rm(path, { force: true });
  }
}

async function acquire(draft: string, path: string, waitMs: number, known: Known): Promise<void> {
  const until = performance.now() + waitMs;
  while (!(await linked(draft, path))) {
    const found = await look(path, known);
    if (found === null) continue;
    if (found.holder === 'dead') removeIfStill(path, found.identity);
    else if (performance.now() >= until) throw held(path, found.holder);
    else await sleep(LOOK_AGAIN_MS);
  }
}

function held(path: string, holder: string): BelayError {
  return new BelayError('BELAY_LOCK_HELD', `${path} is held by ${holder}`, {
    hint: holder === UNNAMED ? `Remove ${path} if nobody is deploying.` : 'Wait for it to end, or look at that process.',
  });
}

const UNNAMED = 'somebody without a pid';

/** A lock without a readable pid was made by a program of another kind: only a person may remove it. */
async function look(path: string, known: Known): Promise<{ readonly holder: string; readonly identity: string } | null> {
  const identity = identityOf(path);
  const text = identity === null ? null : await readOrNull(path);
  if (identity === null || text === null) return null;
  const [pid = '', start = ''] = text.split('\n');
  if (!/^\d+$/.test(pid)) return { holder: UNNAMED, identity };
  const seen = await known.inspect(Number(pid));
  const isDead = seen === null || (start !== '' && seen.start !== '' && seen.start !== start);
  return { holder: isDead ? 'dead' : `process ${pid}`, identity };
}

/**
 * Another process may have removed the dead lock and made its own since we looked: that one is another file and stays. Between the two
 * calls below lie microseconds, and every holder asks `assertHeld` right before it changes anything.
 */
function removeIfStill(path: string, identity: string): void {
  if (identityOf(path) === identity) rmSync(path, { force: true });
}

function identityOf(path: string): string | null {
  const seen = statSync(path, { bigint: true, throwIfNoEntry: false });
  return seen === undefined ? null : `${seen.ino}-${seen.mtimeNs}-${seen.ctimeNs}`;
}

async function assertHeld(path: string, mine: number): Promise<void> {
  if ((await inodeOf(path)) !== mine) throw held(path, 'somebody else by now');
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw unreachable(to, error);
  }
}

async function inodeOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).ino;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

async function readOrNull(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw unreachable(path, error);
  }
}

async function onDisk(path: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw unreachable(path, error);
  }
}

function unreachable(path: string, cause: unknown): BelayError {
  return new BelayError('BELAY_TARGET_UNREACHABLE', `the lock ${path} cannot be taken (${codeOf(cause)})`, {
    hint: 'Belay needs to write in that folder.',
    cause,
  });
}

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? String(error);
