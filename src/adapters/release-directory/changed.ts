// Which files differ between two folders of releases, by their content, and the text of one. It reads no more than it must, and nothing outside
// of them.
import type { Dirent } from 'node:fs';
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { join, normalize } from 'node:path';
import { BelayError } from '../../domain/errors.ts';

/** More are no answer that anybody waits for. */
const MOST_FILES = 20_000;
const LARGEST_BYTES = 64 * 1024 * 1024;

/** `within`: files, and folders with a slash at their end; none means all. @throws BELAY_NOT_FOUND, BELAY_TARGET_UNREACHABLE */
export async function changedFiles(root: string, from: string, to: string, within: readonly string[]): Promise<readonly string[]> {
  const [before, after] = await Promise.all([folderOf(root, from), folderOf(root, to)]);
  const paths = new Set<string>();
  for (const one of within.length === 0 ? ['/'] : within) {
    if (!one.endsWith('/')) paths.add(one);
    else for (const folder of [before, after]) await walk(folder, one === '/' ? '' : one.slice(0, -1), paths);
  }
  const changed: string[] = [];
  for (const path of [...paths].sort()) if (!(await isSame(join(before, path), join(after, path)))) changed.push(path);
  return changed;
}

const LARGEST_TEXT = 1024 * 1024;

/** Null: there is no such file. A link is none: it may lead out. @throws BELAY_NOT_FOUND, BELAY_INPUT_INVALID, BELAY_TARGET_UNREACHABLE */
export async function textIn(root: string, release: string, path: string): Promise<string | null> {
  const folder = await folderOf(root, release);
  const inside = normalize(path);
  if (inside.startsWith('..') || inside.startsWith('/')) throw new BelayError('BELAY_INPUT_INVALID', `${path} lies outside of a release`);
  const found = await orNull(lstat(join(folder, inside)));
  if (found === null || !found.isFile()) return null;
  if (found.size > LARGEST_TEXT) throw new BelayError('BELAY_INPUT_INVALID', `${path} of ${release} is larger than 1 MiB`);
  return orNull(readFile(join(folder, inside), 'utf8'));
}

async function folderOf(root: string, release: string): Promise<string> {
  const folder = join(root, 'releases', release);
  const isName = /^[^/\\\0]+$/.test(release) && !release.startsWith('.');
  if (isName && (await orNull(lstat(folder)))?.isDirectory() === true) return folder;
  throw new BelayError('BELAY_NOT_FOUND', `there is no release ${release} in ${join(root, 'releases')}`);
}

async function walk(folder: string, path: string, found: Set<string>): Promise<void> {
  const entries = await orNull<Dirent[]>(readdir(join(folder, path), { withFileTypes: true }));
  for (const entry of entries ?? []) {
    const inner = path === '' ? entry.name : `${path}/${entry.name}`;
    if (entry.isDirectory()) await walk(folder, inner, found);
    else found.add(inner);
    if (found.size > MOST_FILES)
      throw new BelayError('BELAY_INPUT_INVALID', `the releases hold more than ${MOST_FILES} files`, { hint: 'Name fewer in files.' });
  }
}

async function isSame(before: string, after: string): Promise<boolean> {
  const [a, b] = await Promise.all([orNull(lstat(before)), orNull(lstat(after))]);
  if (a === null || b === null) return a === b;
  if (a.isSymbolicLink() && b.isSymbolicLink()) return (await readlink(before)) === (await readlink(after));
  if (!a.isFile() || !b.isFile()) return a.isDirectory() && b.isDirectory();
  if (a.size !== b.size) return false;
  if (a.size > LARGEST_BYTES)
    throw new BelayError('BELAY_INPUT_INVALID', `${after} is too large to be compared`, { hint: 'Leave it out of files.' });
  const [one, other] = await Promise.all([readFile(before), readFile(after)]);
  return one.equals(other);
}

/** What is not there is a difference, not trouble. */
async function orNull<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (cause) {
    const { code = '' } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw new BelayError('BELAY_TARGET_UNREACHABLE', `the releases cannot be read (${code === '' ? String(cause) : code})`, { cause });
  }
}
