// The files of one log: the one at its path, and those that it was renamed to. A name is a hint; inode and fingerprint are the proof.
import { constants } from 'node:fs';
import { type FileHandle, open, readdir, stat } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import type { LogFile, Place } from './place.ts';
import { numberOf, placeInFile } from './place.ts';

const MOST_NAMES = 1_000;
const COMPRESSED = /\.(?:gz|bz2|xz|zst|lz4|zip|Z)$/;
const NUMBERED = /^\d{1,5}$/;
const DATED = /^\d[\dT:_-]{5,30}$/;

/** Something is there that is not a file of lines. */
export class NotAFile extends Error {
  override readonly name = 'NotAFile';
}

/** Null when there is none. @throws NotAFile, and what the system refuses */
export async function openLog(path: string): Promise<LogFile | null> {
  let handle: FileHandle;
  try {
    // A pipe at this path would wait for its writer.
    handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  try {
    const found = await handle.stat({ bigint: true });
    if (!found.isFile()) throw new NotAFile(`${path} is not a regular file`);
    return { handle, id: numberOf(found.ino), born: Number(found.birthtimeMs), size: Number(found.size) };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

export interface Rotated {
  readonly name: string;
  /** What rotation put into the name: `1`, `20261127`. */
  readonly suffix: string;
  readonly inode: number;
}

/**
 * The names of rotated files, or null while they are being renamed: a folder is not read in one instant, and a file that moves from
 * one name to the next may be missed. `app.log.1`, `app.log-20261127` and, as logrotate's `extension` has it, `app-20261127.log`.
 */
export async function rotatedOf(path: string): Promise<readonly Rotated[] | null> {
  const once = await namesOf(path);
  const again = await namesOf(path);
  return areSame(once, again) ? again : null;
}

/** No file has moved between the two listings. */
export const areSame = (once: readonly Rotated[], again: readonly Rotated[]): boolean =>
  once.length === again.length && once.every(({ name, inode }, n) => name === again[n]?.name && inode === again[n].inode);

async function namesOf(path: string): Promise<readonly Rotated[]> {
  const name = basename(path);
  const extension = extname(name);
  const stem = name.slice(0, name.length - extension.length);
  const found: Promise<Rotated>[] = [];
  for (const entry of (await readdir(dirname(path))).sort()) {
    const suffix = between(entry, name, '') ?? (extension === '' ? null : between(entry, stem, extension));
    if (suffix === null || entry === name) continue;
    found.push(inodeOf(join(dirname(path), entry)).then((inode) => ({ name: entry, suffix, inode })));
    if (found.length >= MOST_NAMES) break;
  }
  return Promise.all(found);
}

/** 0 for what cannot be looked at, or is not there any more. */
const inodeOf = (path: string): Promise<number> =>
  stat(path, { bigint: true }).then(
    ({ ino }) => numberOf(ino),
    () => 0,
  );

function between(entry: string, start: string, end: string): string | null {
  if (!entry.startsWith(start) || !entry.endsWith(end) || entry.length < start.length + end.length + 2) return null;
  const separator = entry[start.length];
  return separator === '.' || separator === '-' ? entry.slice(start.length + 1, entry.length - end.length) : null;
}

export const isCompressed = ({ name }: Rotated): boolean => COMPRESSED.test(name);

export interface Found {
  readonly file: LogFile;
  /** Where to go on in it. */
  readonly place: Place;
  readonly as: Rotated;
}

/** The file of this name, if it is the one that was read. */
export async function openSame(path: string, as: Rotated, was: Place): Promise<Found | null> {
  const whole = join(dirname(path), as.name);
  try {
    const file = (await inodeOf(whole)) === was.file ? await openLog(whole) : null;
    if (file === null) return null;
    const place = await placeInFile(file, was);
    if (place !== null) return { file, place, as };
    await file.handle.close();
    return null;
  } catch {
    // A neighbour that cannot be looked at is not the one that was being read: nobody needs to hear of it.
    return null;
  }
}

/** The renamed file. */
export async function findRotated(path: string, names: readonly Rotated[], was: Place): Promise<Found | null> {
  for (const as of names) {
    const found = as.inode !== was.file || isCompressed(as) ? null : await openSame(path, as, was);
    if (found !== null) return found;
  }
  return null;
}

/** Files that were the log after `since` and before now, oldest first: by number downwards, by date upwards. */
export function rotatedAfter(names: readonly Rotated[], since: Rotated): readonly Rotated[] {
  const plain = since.suffix;
  if (NUMBERED.test(plain))
    return names
      .filter(({ suffix }) => NUMBERED.test(bare(suffix)) && Number(bare(suffix)) < Number(plain))
      .sort((a, b) => Number(bare(b.suffix)) - Number(bare(a.suffix)));
  if (!DATED.test(plain)) return [];
  return names
    .filter(({ suffix }) => shape(bare(suffix)) === shape(plain) && bare(suffix) > plain)
    .sort((a, b) => (bare(a.suffix) < bare(b.suffix) ? -1 : 1));
}

const bare = (suffix: string): string => suffix.replace(COMPRESSED, '');
const shape = (suffix: string): string => suffix.replaceAll(/\d/g, '9');
