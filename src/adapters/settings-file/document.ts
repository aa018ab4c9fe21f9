// A small text file that a service reads: read with a digest of its bytes, replaced in one rename with its rights kept. What it means is
// not known here.
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { BelayError } from '../../domain/errors.ts';
import type { FileWriter } from '../../ports/file-writer.ts';

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
export function replaceText(files: FileWriter, file: string, was: TextFile, text: string): Promise<boolean> {
  return files.replace(file, text, { unchanged: async () => (await readText(file)).sha256 === was.sha256, hint: HINT });
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
export async function writeNote(files: FileWriter, path: string, text: string | null): Promise<void> {
  if (text === null) await files.remove(path, { hint: HINT });
  else await files.replace(path, text, { mode: 0o644, hint: HINT });
}

async function onDisk<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (BelayError.is(cause)) throw cause;
    throw unusable(file, cause);
  }
}

const HINT = 'Check `file` in belay.yaml, and that Belay may read and write it and its folder.';

function unusable(file: string, cause: unknown): BelayError {
  const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
  return new BelayError(code === 'ENOSPC' ? 'BELAY_DISK_FULL' : 'BELAY_TARGET_UNREACHABLE', `${file} cannot be used (${code})`, {
    hint: HINT,
    cause,
  });
}
