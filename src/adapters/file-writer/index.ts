// Replaces a file of somebody else's in one rename, or removes it: by a draft beside it that nobody else can have opened, with the owner, the group and the
// rights of what it replaces. What the file means is not known here.
import type { Stats } from 'node:fs';
import { chmod, chown, type FileHandle, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { BelayError } from '../../domain/errors.ts';
import { demandSameOwner, isSameOwner } from '../../domain/file-owner.ts';
import type { FileWriter } from '../../ports/file-writer.ts';

/** What a test may have done otherwise: a right that is missing, a disk that is full. */
interface Calls {
  readonly chown: typeof chown;
  readonly open: typeof open;
}

export function createFileWriter(calls: Calls = { chown, open }): FileWriter {
  return {
    replace: (file, text, { mode, unchanged, hint }) => inWords(file, hint, () => replaced(calls, file, text, { mode, unchanged, hint })),
    remove: (file, { hint }) => inWords(file, hint, () => removed(calls, file, hint)),
  } satisfies FileWriter;
}

async function inWords<T>(file: string, hint: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (BelayError.is(cause)) throw cause;
    const code = codeOf(cause);
    const isFull = code === 'ENOSPC' || code === 'EDQUOT';
    throw new BelayError(isFull ? 'BELAY_DISK_FULL' : 'BELAY_TARGET_UNREACHABLE', `${file} cannot be used (${code})`, {
      effect: 'none',
      hint: isFull ? `Make room on the disk of ${dirname(file)}, then try again.` : hint,
      cause,
    });
  }
}

interface How {
  readonly mode: number | undefined;
  readonly unchanged: (() => Promise<boolean>) | undefined;
  readonly hint: string;
}

async function replaced(calls: Calls, file: string, text: string, { mode, unchanged, hint }: How): Promise<boolean> {
  const path = await realpath(file).catch((cause: unknown) => {
    if (mode !== undefined && (cause as NodeJS.ErrnoException).code === 'ENOENT') return file;
    throw cause;
  });
  const draft = `${path}.belay-draft`;
  // One that a kill has left. Whoever makes another one meanwhile is found out when ours is opened.
  await rm(draft, { force: true });
  // Nobody but Belay, from the first byte: such files hold secrets.
  const handle = await calls.open(draft, 'wx', 0o600);
  try {
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await likeBefore(calls, draft, path, mode);
    // Opened before the rename: a folder that may be written and not read would be found out too late.
    const folder = await calls.open(dirname(path), 'r');
    try {
      if (unchanged !== undefined && !(await unchanged())) return false;
      await rename(draft, path);
      await kept(`${path} was replaced`, folder, hint);
    } finally {
      // It was only read: nothing is lost with it.
      await folder.close().catch(() => undefined);
    }
  } finally {
    // Ours, or gone by the rename: what is left of it harms nobody, and does not make the file unwritten.
    await rm(draft, { force: true }).catch(() => undefined);
  }
  return true;
}

async function removed(calls: Calls, file: string, hint: string): Promise<void> {
  const folder = await calls.open(dirname(file), 'r');
  try {
    await rm(file, { force: true });
    await kept(`${file} was removed`, folder, hint);
  } finally {
    await folder.close().catch(() => undefined);
  }
}

/** @throws BELAY_TARGET_UNREACHABLE (effect unknown): it is so, and may not be after the power was lost */
async function kept(what: string, folder: FileHandle, hint: string): Promise<void> {
  try {
    await folder.sync();
  } catch (cause) {
    throw new BelayError('BELAY_TARGET_UNREACHABLE', `${what}, and whether its disk keeps it is not known (${codeOf(cause)})`, {
      effect: 'unknown',
      hint,
      cause,
    });
  }
}

/** A change of group is also open to those who are not root and are in it. Somebody else's file is not taken from its owner. */
async function likeBefore({ chown: give }: Calls, draft: string, path: string, mode: number | undefined): Promise<void> {
  const [was, now] = await Promise.all([statOf(path), stat(draft)]);
  if (was === null) return chmod(draft, mode ?? 0o600);
  if (!isSameOwner(was, now)) {
    await give(draft, was.uid, was.gid).catch(() => undefined);
    // What counts is what is seen.
    demandSameOwner(path, was, await stat(draft));
  }
  await chmod(draft, was.mode & 0o777);
}

async function statOf(path: string): Promise<Stats | null> {
  try {
    return await stat(path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw cause;
  }
}

const codeOf = (cause: unknown): string => (cause as NodeJS.ErrnoException).code ?? String(cause);
