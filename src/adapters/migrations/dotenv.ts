// Files of variables that a program of a release may load by itself, where it stands or above: whatever is tried on a copy would take the addresses of
// production from them. It looks for them and reads none.
import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { BelayError } from '../../domain/errors.ts';
import type { Artefact } from './artefact.ts';

/** Without those that only show what belongs into one. */
const NAME = /^\.env(?:[.\-_](?!(?:example|sample|template)$).*)?$/;
const MOST_TOLD = 3;

export interface Surrounded {
  readonly id: string;
  readonly command: readonly string[];
  readonly migrations: string;
  /** People have looked: they lead to nothing of production. */
  readonly dotenv?: 'allowed';
}

/** @throws BELAY_TARGET_CONFLICT, BELAY_NOT_FOUND where the release is not there */
export async function demandNoDotEnv(spec: Surrounded, artefact: Pick<Artefact, 'folder'>, release: string): Promise<void> {
  if (spec.dotenv === 'allowed') return;
  const folder = await artefact.folder(release);
  const paths = (await Promise.all([...(await foldersOf(folder, spec))].map(variablesIn))).flat();
  if (paths.length === 0) return;
  // The same file by two names of its folder is told by the first.
  const found = new Map<string, string>();
  for (const path of paths) {
    const real = join(await realpath(dirname(path)).catch(() => dirname(path)), basename(path));
    if (!found.has(real)) found.set(real, relative(folder, path));
  }
  const told = [...found.values()].toSorted().slice(0, MOST_TOLD);
  throw new BelayError(
    'BELAY_TARGET_CONFLICT',
    `its tool may load ${told.join(', ')}${found.size > MOST_TOLD ? ', …' : ''}, which may lead to production, so nothing was run: see dotenv of ${spec.id}`,
    {
      hint: `Set those variables where the service is started, instead of in a file. If nothing in it leads to production (no cache, bucket or index either), write dotenv: allowed under ${spec.id} in belay.yaml.`,
    },
  );
}

/** Where the program is started, where its files are, by every name, and all above: some loaders go up until they find one. */
async function foldersOf(folder: string, { command, migrations }: Surrounded): Promise<ReadonlySet<string>> {
  const words = [migrations, ...command].map((word) => word.replace(/^--?[\w-]+=/, '')).filter((word) => !word.includes('node_modules/'));
  const named = words.flatMap((word) => [resolve(folder, word), dirname(resolve(folder, word))]);
  const all = new Set<string>();
  for (const one of [folder, ...named])
    for (let at of [one, await realpath(one).catch(() => one)])
      for (;;) {
        all.add(at);
        if (at === dirname(at)) break;
        at = dirname(at);
      }
  return all;
}

/** A folder that may be entered and not listed can hold one all the same. A folder of such a name is an environment of Python's. */
async function variablesIn(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch(() => ['.env']);
  const paths = names.filter((name) => NAME.test(name)).map((name) => join(folder, name));
  const isFile = await Promise.all(
    paths.map((path) =>
      stat(path).then(
        (found) => found.isFile(),
        () => false,
      ),
    ),
  );
  return paths.filter((_path, at) => isFile[at]);
}
