// A small text file that a service reads: read with a digest of its bytes, replaced in one rename with its rights kept. What it means is
// not known here.
import { createHash } from 'node:crypto';
import { chmod, chown, open, readFile, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { BelayError } from '../../domain/errors.ts';
import { demandSameOwner, isSameOwner } from '../../domain/file-owner.ts';

const MOST_BYTES = 1024 * 1024;

export interface TextFile {
  readonly text: string;
  readonly sha256: string;
}

export const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex');

/** @throws BELAY_TARGET_UNREACHABLE */
export async function readText(file: string): Promise<TextFile> {
  const { size } = await onDisk(file, () => stat(file));
  if (size > MOST_BYTES)
    throw new BelayError('BELAY_TARGET_UNREACHABLE', `${file} is larger than ${MOST_BYTES} bytes`, {
      hint: 'Name the file that holds the settings.',
    });
  const text = (await onDisk(file, () => readFile(file))).toString('utf8');
  if (text.includes('\u{fffd}'))
    throw new BelayError('BELAY_TARGET_UNREACHABLE', `${file} is not written in UTF-8`, { hint: 'Save it as UTF-8, then try again.' });
  return { text, sha256: digestOf(text) };
}

/**
 * Replaces the file if its bytes are still those that were read; false when somebody else wrote in between. Durable when it resolves.
 * Programs that write the file without the lock have the time of one rename left to lose their write.
 */
export async function replaceText(file: string, was: TextFile, text: string): Promise<boolean> {
  // A link is followed: what it leads to is replaced, and the link stays.
  const path = await onDisk(file, () => realpath(file));
  const draft = `${path}.belay-draft`;
  try {
    await onDisk(file, () => writeLike(draft, text, path));
    if ((await readText(file)).sha256 !== was.sha256) return false;
    await onDisk(file, () => rename(draft, path));
  } finally {
    await rm(draft, { force: true });
  }
  await syncFolder(dirname(path));
  return true;
}

/** With the rights of the file that it replaces, from its first byte: a `.env` holds secrets. */
async function writeLike(draft: string, text: string, path: string): Promise<void> {
  const { mode } = await stat(path);
  await rm(draft, { force: true });
  const handle = await open(draft, 'wx', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await keepOwner(draft, path);
  await chmod(draft, mode & 0o777);
}

/** A change of group is also open to those who are not root and are in it. Somebody else's file is not taken from its owner. */
export async function keepOwner(draft: string, path: string, give: typeof chown = chown): Promise<void> {
  const [was, now] = await Promise.all([stat(path), stat(draft)]);
  if (isSameOwner(was, now)) return;
  await give(draft, was.uid, was.gid).catch(() => undefined);
  // What counts is what is seen.
  demandSameOwner(path, was, await stat(draft));
}

/** Bookkeeping of Belay beside the file; null when there is none. */
export async function readNote(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw unusable(path, cause);
  }
}

/** Durable when it resolves. Null removes it. */
export async function writeNote(path: string, text: string | null): Promise<void> {
  await onDisk(path, async () => {
    if (text === null) await rm(path, { force: true });
    else {
      const handle = await open(`${path}-draft`, 'w', 0o644);
      try {
        await handle.writeFile(text);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(`${path}-draft`, path);
    }
    await syncFolder(dirname(path));
  });
}

async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function onDisk<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (BelayError.is(cause)) throw cause;
    throw unusable(file, cause);
  }
}

function unusable(file: string, cause: unknown): BelayError {
  const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
  return new BelayError(code === 'ENOSPC' ? 'BELAY_DISK_FULL' : 'BELAY_TARGET_UNREACHABLE', `${file} cannot be used (${code})`, {
    hint: 'Check `file` in belay.yaml, and that Belay may read and write it and its folder.',
    cause,
  });
}
