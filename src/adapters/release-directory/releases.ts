// The folders under releases/: which there are, and which are whole enough to be put back.
import type { DeployTarget, Release } from '../../ports/deploy-target.ts';
import type { Settings } from './options.ts';
import type { Folder, Place } from './place.ts';

type Restorable = Awaited<ReturnType<DeployTarget['restorable']>>;

type Wanted = Pick<Settings, 'requires' | 'oneWay'>;
type Ground = Pick<Place, 'artefact'>;

/** Of each folder: what is to be looked for in it. */
export const wantedOf = ({ requires, oneWay }: Wanted): readonly string[] => (oneWay === null ? requires : [...requires, oneWay]);

/** Newest first; of two that are equally old the higher name. */
export function listReleases(
  place: Ground,
  folders: readonly Folder[],
  { requires }: Pick<Wanted, 'requires'>,
  live: string | null,
): readonly Release[] {
  return folders
    .filter(({ name }) => !name.startsWith('.'))
    .map((folder) => releaseFrom(place, folder, requires))
    .map((release) => (release.ref === live ? { ...release, status: 'live' as const } : release))
    .sort((a, b) => b.createdAt - a.createdAt || b.ref.localeCompare(a.ref, 'en', { numeric: true }));
}

function releaseFrom(place: Ground, { name, changedAt, isEmpty, has }: Folder, requires: readonly string[]): Release {
  const whole = !isEmpty && requires.every((one) => has.includes(one));
  return {
    ref: name,
    version: name,
    artefact: place.artefact(name),
    createdAt: Math.round(changedAt),
    status: whole ? 'available' : 'failed',
  };
}

/** What is known of the releases that ran here. Nobody looks all the time: some ran that nobody saw. */
export interface Past {
  readonly live: string | null;
  /** The place of the first note that a release was live; null: none was seen. */
  readonly firstSeen: (release: string) => number | null;
}

export const isReleaseName = (release: string): boolean => /^[^/\\\0]+$/.test(release) && !release.startsWith('.');

export function isRestorable(
  place: Ground,
  folders: readonly Folder[],
  { requires, oneWay }: Wanted,
  release: string,
  past: Past,
): Restorable {
  if (!isReleaseName(release)) return { ok: false, why: 'unknown' };
  const found = folders.find(({ name }) => name === release);
  if (found === undefined) return { ok: false, why: past.firstSeen(release) === null ? 'unknown' : 'pruned' };
  const { status, artefact } = releaseFrom(place, found, requires);
  if (status === 'failed') return { ok: false, why: 'failed' };
  if (oneWay === null) return { ok: true, artefact };
  const refs = listReleases(place, folders, { requires }, null).map((one) => one.ref);
  const ends = new Set(folders.filter(({ has }) => has.includes(oneWay)).map(({ name }) => name));
  return isBehindOneWay(refs, ends, release, past) ? { ok: false, why: 'one-way' } : { ok: true, artefact };
}

/**
 * A later release has run here and says that nothing before it can run any more. One that never ran has changed nothing; of one that is
 * older than what is live, and was not seen, it is assumed that it ran. Later is what is newer, or was seen later: folders are written to.
 */
function isBehindOneWay(refs: readonly string[], ends: ReadonlySet<string>, release: string, { live, firstSeen }: Past): boolean {
  const ageOf = (ref: string): number => refs.indexOf(ref);
  const isLater = (ref: string): boolean => ageOf(ref) < ageOf(release) || (firstSeen(ref) ?? -1) > (firstSeen(release) ?? Infinity);
  const hasRun = (ref: string): boolean => firstSeen(ref) !== null || (live !== null && refs.includes(live) && ageOf(ref) > ageOf(live));
  return refs.some((ref) => ref !== release && ends.has(ref) && isLater(ref) && hasRun(ref));
}
