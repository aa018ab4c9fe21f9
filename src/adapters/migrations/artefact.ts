// The artefact of a release on this machine: its folder and the files of migrations in it. It runs nothing and knows no tool.
import { readdir, readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { BelayError } from '../../domain/errors.ts';

const MOST_FILES = 10_000;
const LARGEST_FILE = 2 * 1024 * 1024;
/** A name of one folder: nothing that leads elsewhere, nothing that a program takes for an option. */
const NAME = /^(?!\.)(?!-)[\w.+@=-]{1,128}$/;

export interface Artefact {
  /** @throws BELAY_INPUT_INVALID for what cannot be the name of a release; BELAY_NOT_FOUND when it is not there */
  folder(release: string): Promise<string>;
  /** Names in a folder of it, sorted; folders end with a slash. @throws BELAY_NOT_FOUND */
  list(release: string, below: string): Promise<readonly string[]>;
  /** Null where there is no such file. @throws BELAY_INPUT_INVALID for one that is too large */
  text(release: string, path: string): Promise<string | null>;
}

export function createArtefact(o: { readonly id: string; readonly artefact: string; readonly baseDir: string }): Artefact {
  const { id, artefact, baseDir } = o;
  if (!artefact.includes('{release}')) {
    throw new BelayError('BELAY_CONFIG_INVALID', `database ${id}: artefact: it has no {release} in it`, {
      hint: 'Write the folder of one release, such as /srv/shop/releases/{release}: each release brings its own migrations.',
    });
  }
  const pathOf = (release: string): string => {
    if (NAME.test(release)) return resolve(baseDir, artefact.replaceAll('{release}', release));
    throw new BelayError('BELAY_INPUT_INVALID', `${JSON.stringify(release.slice(0, 80))} cannot be the name of a release`);
  };
  const gone = (release: string, what: string, cause: unknown): BelayError =>
    new BelayError('BELAY_NOT_FOUND', `release ${release} has no ${what} on this machine, so its migrations are not known`, {
      hint: `Put it back, or correct the artefact of ${id} in belay.yaml.`,
      cause,
    });
  return {
    folder: async (release) => {
      const path = pathOf(release);
      const found = await stat(path).catch((cause: unknown) => {
        throw gone(release, path, cause);
      });
      if (!found.isDirectory()) throw gone(release, path, undefined);
      return path;
    },
    list: async (release, below) => {
      const path = join(pathOf(release), below);
      const entries = await readdir(path, { withFileTypes: true }).catch((cause: unknown) => {
        throw gone(release, path, cause);
      });
      if (entries.length > MOST_FILES) throw new BelayError('BELAY_INPUT_INVALID', `${path} holds more than ${MOST_FILES} files`);
      return entries.map((one) => (one.isDirectory() ? `${one.name}/` : one.name)).toSorted(byName);
    },
    text: async (release, below) => {
      const path = join(pathOf(release), below);
      try {
        if ((await stat(path)).size > LARGEST_FILE)
          throw new BelayError('BELAY_INPUT_INVALID', `${path} is larger than ${LARGEST_FILE} bytes`);
        return await readFile(path, 'utf8');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
        throw error;
      }
    },
  };
}

/** By code points, with numbers as numbers only where one has more digits: 2_b comes before 10_a. */
export function byName(a: string, b: string): number {
  const [left, right] = [/^\d+/.exec(a)?.[0], /^\d+/.exec(b)?.[0]];
  if (left !== undefined && right !== undefined && BigInt(left) !== BigInt(right)) return BigInt(left) < BigInt(right) ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}
