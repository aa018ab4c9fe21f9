// The folders under releases/: which there are, and which are whole enough to be put back.
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { BelayError } from '../../domain/errors.ts';
import type { DeployTarget, Release } from '../../ports/deploy-target.ts';
import type { Settings } from './options.ts';

type Restorable = Awaited<ReturnType<DeployTarget['restorable']>>;

/** Newest first; of two that are equally old the higher name. */
export async function listReleases({ root, requires }: Settings, live: string | null): Promise<readonly Release[]> {
  const names = (await folders(join(root, 'releases'))).filter((name) => !name.startsWith('.'));
  const releases = await Promise.all(names.map((name) => describe(join(root, 'releases', name), name, requires)));
  return releases
    .filter((release) => release !== null)
    .map((release) => (release.ref === live ? { ...release, status: 'live' as const } : release))
    .sort((a, b) => b.createdAt - a.createdAt || b.ref.localeCompare(a.ref, 'en', { numeric: true }));
}

async function folders(path: string): Promise<readonly string[]> {
  try {
    return await readdir(path);
  } catch (cause) {
    throw new BelayError('BELAY_TARGET_UNREACHABLE', `${path} cannot be read (${(cause as NodeJS.ErrnoException).code ?? String(cause)})`, {
      hint: 'Check `root` of this target: it holds releases/<name>/.',
      cause,
    });
  }
}

async function describe(path: string, name: string, requires: readonly string[]): Promise<Release | null> {
  try {
    const { mtimeMs } = await stat(path);
    const inside = await readdir(path);
    const missing = await missingOf(path, requires);
    return {
      ref: name,
      version: name,
      artefact: path,
      createdAt: Math.round(mtimeMs),
      status: inside.length === 0 || missing ? 'failed' : 'available',
    };
  } catch (error) {
    // Not a folder, pruned while we looked, or not for us to read: not a release.
    if (['ENOENT', 'ENOTDIR', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) return null;
    throw error;
  }
}

async function missingOf(path: string, requires: readonly string[]): Promise<boolean> {
  const found = await Promise.all(
    requires.map((name) =>
      stat(join(path, name)).then(
        () => true,
        () => false,
      ),
    ),
  );
  return found.includes(false);
}

/** What is known of the releases that ran here. Nobody looks all the time: some ran that nobody saw. */
export interface Past {
  readonly live: string | null;
  /** The place of the first note that a release was live; null: none was seen. */
  readonly firstSeen: (release: string) => number | null;
}

export async function isRestorable(settings: Settings, release: string, past: Past): Promise<Restorable> {
  const { root, requires } = settings;
  if (!/^[^/\\\0]+$/.test(release) || release.startsWith('.')) return { ok: false, why: 'unknown' };
  const found = await describe(join(root, 'releases', release), release, requires);
  if (found === null) return { ok: false, why: past.firstSeen(release) === null ? 'unknown' : 'pruned' };
  if (found.status === 'failed') return { ok: false, why: 'failed' };
  return (await isBehindOneWay(settings, release, past)) ? { ok: false, why: 'one-way' } : { ok: true, artefact: found.artefact };
}

/**
 * A later release has run here and says that nothing before it can run any more. One that never ran has changed nothing; of one that is
 * older than what is live, and was not seen, it is assumed that it ran. Later is what is newer, or was seen later: folders are written to.
 */
async function isBehindOneWay(settings: Settings, release: string, { live, firstSeen }: Past): Promise<boolean> {
  const { oneWay } = settings;
  if (oneWay === null) return false;
  const refs = (await listReleases(settings, null)).map((one) => one.ref);
  const ageOf = (ref: string): number => refs.indexOf(ref);
  const isLater = (ref: string): boolean => ageOf(ref) < ageOf(release) || (firstSeen(ref) ?? -1) > (firstSeen(release) ?? Infinity);
  const hasRun = (ref: string): boolean => firstSeen(ref) !== null || (live !== null && refs.includes(live) && ageOf(ref) > ageOf(live));
  const closing = refs.filter((ref) => ref !== release && isLater(ref) && hasRun(ref));
  return (await Promise.all(closing.map(async (ref) => !(await missingOf(join(settings.root, 'releases', ref), [oneWay]))))).includes(true);
}
