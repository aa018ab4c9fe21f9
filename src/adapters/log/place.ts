// Where reading goes on: a file by its inode, how far it was read, and a fingerprint of the bytes before. It reads nothing but those.
import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import type { Cursor } from '../../domain/signal.ts';

/** A file as it is now, opened. */
export interface LogFile {
  readonly handle: Pick<FileHandle, 'read' | 'close'>;
  readonly id: number;
  /** When it was made, ms; 0 where the file system does not say. */
  readonly born: number;
  readonly size: number;
}

/** The beginning of the first line that was not taken. */
export interface Place {
  readonly file: number;
  /** Tells a file that was cut off from a new one that was given the same inode. */
  readonly born: number;
  readonly offset: number;
  /** Of bytes before `offset`: another file under the same inode, or one that was written anew, does not have it. */
  readonly mark: number;
  /** Inside a line that was too long: the rest of it is not a line. */
  readonly skipping: boolean;
}

export interface Position {
  /** Null while there is no file. */
  readonly now: Place | null;
  /** The file before the last rotation: its writer may not have let go of it yet. */
  readonly before: Place | null;
}

const MARK_BYTES = 512;
const KEYS = {
  now: { file: 'inode', born: 'born', offset: 'offset', mark: 'mark', skip: 'skip' },
  before: { file: 'oldInode', born: 'oldBorn', offset: 'oldOffset', mark: 'oldMark', skip: 'oldSkip' },
} as const;
type Keys = Readonly<Record<keyof typeof KEYS.now, string>>;

/** A number that a store can hold: the inode itself where it fits, else 48 bits of its hash. */
export const numberOf = (inode: bigint): number =>
  inode <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(inode) : hashOf(Buffer.from(inode.toString()));

export const hashOf = (bytes: Uint8Array): number => createHash('sha256').update(bytes).digest().readUIntBE(0, 6);

export const beginningOf = (file: LogFile): Place => ({ file: file.id, born: file.born, offset: 0, mark: 0, skipping: false });

/** Null when this path was never read: another path under the same name of a source begins anew. */
export function positionOf(cursor: Cursor, path: number): Position | null {
  return cursor['path'] === path ? { now: placeIn(cursor, KEYS.now), before: placeIn(cursor, KEYS.before) } : null;
}

function placeIn(cursor: Cursor, keys: Keys): Place | null {
  const [file, born, offset, mark] = [keys.file, keys.born, keys.offset, keys.mark].map((key) => cursor[key] ?? 0);
  return file === undefined || file === 0
    ? null
    : { file, born: born ?? 0, offset: offset ?? 0, mark: mark ?? 0, skipping: cursor[keys.skip] === 1 };
}

/** All keys every time: one that is left out would keep its old number. */
export function cursorOf({ now, before }: Position, path: number): Cursor {
  return { path, ...numbersOf(now, KEYS.now), ...numbersOf(before, KEYS.before) };
}

function numbersOf(place: Place | null, keys: Keys): Cursor {
  return {
    [keys.file]: place?.file ?? 0,
    [keys.born]: place?.born ?? 0,
    [keys.offset]: place?.offset ?? 0,
    [keys.mark]: place?.mark ?? 0,
    [keys.skip]: place?.skipping === true ? 1 : 0,
  };
}

/** Where to go on in this file: at the place, or at its beginning when it was cut off since. Null when it is another file. */
export async function placeInFile(file: LogFile, place: Place): Promise<Place | null> {
  if (file.id !== place.file) return null;
  if (file.size >= place.offset && (await markOf(file.handle, place.offset)) === place.mark) return place;
  return file.born === place.born ? beginningOf(file) : null;
}

/** Of the first bytes and of the last ones before `offset`: lines that repeat themselves make one of the two alone too weak. */
export async function markOf(handle: LogFile['handle'], offset: number): Promise<number> {
  if (offset === 0) return 0;
  const length = Math.min(MARK_BYTES, offset);
  const bytes = Buffer.alloc(2 * length);
  await handle.read(bytes, 0, length, 0);
  await handle.read(bytes, length, length, offset - length);
  return hashOf(bytes);
}
