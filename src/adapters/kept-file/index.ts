// A file encrypted with age, for its owner alone; neither it, nor what it said before, nor its key lies in a work tree of git that would publish
// it. What is in it is not known here.
import { lstat, mkdir, readFile, realpath, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { BelayError } from '../../domain/errors.ts';
import type { Json } from '../../domain/json.ts';
import type { FileWriter } from '../../ports/file-writer.ts';
import type { KeptFile } from '../../ports/kept-file.ts';
import type { Processes } from '../../ports/process.ts';
import { armoured, decrypted, encrypted, type Identity, identityIn, NotOpened, unarmoured } from './age.ts';

export interface KeptFileOptions {
  readonly path: string;
  /** A file that `age-keygen` wrote. */
  readonly identity: string;
}
export interface KeptFileDeps {
  readonly files: FileWriter;
  readonly processes: Pick<Processes, 'run'>;
  readonly baseDir: string;
}

const MOST_BYTES = 4 * 1024 * 1024;
const GIT_MS = 10_000;

/** @example createKeptFile({ path: 'safe/api.age', identity: 'safe/key.txt' }, { files, processes, baseDir }) */
export function createKeptFile(options: KeptFileOptions, { files, processes, baseDir }: KeptFileDeps): KeptFile {
  const [path, key] = [resolve(baseDir, options.path), resolve(baseDir, options.identity)];
  const published = async (before: string): Promise<string | null> => {
    for (const one of [path, `${path}.${before}`, key]) {
      const why = await whyPublished(one, processes);
      if (why !== null) return why;
    }
    return null;
  };
  const put = (at: string, text: string): Promise<boolean> =>
    files.replace(at, text, { mode: 0o600, hint: `Look at the rights of ${dirname(at)}.` });
  return {
    path,
    read: async () => {
      const file = await privateFile(path, 'kept');
      if (file === null) return null;
      try {
        return JSON.parse(decrypted(unarmoured(file.toString('latin1')), await identity(key)).toString('utf8')) as Json;
      } catch (error) {
        if (BelayError.is(error)) throw error;
        throw unreadable(path, error instanceof NotOpened ? error.message : 'what is in it is not what Belay keeps');
      }
    },
    write: async (value, { before }) => {
      const why = await published(before ?? ANY_STAMP);
      if (why !== null) throw new BelayError('BELAY_GUARD_REFUSED', why, { effect: 'none', hint: OUTSIDE });
      const text = armoured(encrypted(Buffer.from(JSON.stringify(value)), await identity(key)));
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      const old = before === null ? null : await privateFile(path, 'kept');
      if (old !== null && before !== null) await put(`${path}.${before}`, old.toString('latin1'));
      await put(path, text);
    },
    impossible: async () => {
      const why = await published(ANY_STAMP);
      if (why !== null) return `${why}. ${OUTSIDE}`;
      try {
        await identity(key);
        return null;
      } catch (error) {
        if (!BelayError.is(error)) throw error;
        return `${error.message}. ${error.hint ?? ''}`.trim();
      }
    },
  } satisfies KeptFile;
}

/** Of what was kept before: its copy has such a name. */
const ANY_STAMP = '20260101T000000000Z';
const OUTSIDE =
  'Keep all three outside of the repository, or ignore them in .gitignore: the kept file, what it said before (its name with .* behind), and its key.';

const unreadable = (path: string, why: string, hint?: string): BelayError =>
  new BelayError('BELAY_TARGET_UNREACHABLE', `${path}: ${why}`, { effect: 'none', ...(hint === undefined ? {} : { hint }) });

/** @throws BELAY_TARGET_UNREACHABLE */
async function identity(key: string): Promise<Identity> {
  const text = await privateFile(key, 'key');
  if (text === null)
    throw unreadable(key, 'there is no such file', `Type: age-keygen -o ${key} && chmod 600 ${key}; and keep a copy where Belay is not.`);
  try {
    return identityIn(text.toString('utf8'));
  } catch (error) {
    if (!(error instanceof NotOpened)) throw error;
    throw unreadable(key, error.message, 'age-keygen writes such a file.');
  }
}

/** Null: there is none. What others may read is no place for secrets. @throws BELAY_TARGET_UNREACHABLE */
async function privateFile(path: string, what: 'kept' | 'key'): Promise<Buffer | null> {
  try {
    const found = await stat(path);
    if (!found.isFile()) throw unreadable(path, 'it is no file');
    if (process.platform !== 'win32' && (found.mode & 0o077) !== 0)
      throw unreadable(path, `it may be read by others (mode ${(found.mode & 0o777).toString(8)})`, `Type: chmod 600 ${path}`);
    if (found.size > MOST_BYTES) throw unreadable(path, what === 'key' ? 'it is too large for a key' : 'it is larger than 4 MiB');
    return await readFile(path);
  } catch (error) {
    if (BelayError.is(error)) throw error;
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    if (code === 'ENOENT') return null;
    throw unreadable(path, `it cannot be read (${code})`);
  }
}

/** By its name, and by where a link of that name leads to. */
async function whyPublished(path: string, processes: Pick<Processes, 'run'>): Promise<string | null> {
  const real = await realpath(path).then(
    (found) => found,
    () => path,
  );
  return (await whyPublishedAt(path, processes)) ?? (real === path ? null : whyPublishedAt(real, processes));
}

/** Git is asked only where there is a work tree; one that cannot be asked publishes. */
async function whyPublishedAt(path: string, processes: Pick<Processes, 'run'>): Promise<string | null> {
  const tree = await workTreeOf(dirname(path));
  if (tree === null) return null;
  const why = `${path} lies in the git work tree ${tree}, which does not ignore it`;
  try {
    const { code } = await processes.run(['git', '-C', tree, 'check-ignore', '--quiet', '--', path], { timeoutMs: GIT_MS });
    return code === 0 ? null : why;
  } catch (error) {
    if (!BelayError.is(error)) throw error;
    return `${why} as far as can be told: git cannot be asked`;
  }
}

async function workTreeOf(folder: string): Promise<string | null> {
  for (let at = folder; ; at = dirname(at)) {
    const isTree = await lstat(join(at, '.git')).then(
      () => true,
      () => false,
    );
    if (isTree) return at;
    if (dirname(at) === at) return null;
  }
}
