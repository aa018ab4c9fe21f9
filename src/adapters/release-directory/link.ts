// The symbolic link `current`: what it names, how to tell this link from every other one, and how to replace it in one step.
import { lstat, open, readdir, readlink, realpath, rename, rm, symlink } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { BelayError } from '../../domain/errors.ts';
import type { Instant } from '../../domain/json.ts';

export interface Link {
  readonly release: string;
  /** Tells this link from every other one, and survives being renamed. */
  readonly id: string;
  /** Changes whenever another link is put in its place, the same one again included. */
  readonly fingerprint: string;
  readonly changedAt: Instant;
}

const DRAFT = '.current.belay-';

/** @throws BELAY_TARGET_UNREACHABLE */
export async function readLink(root: string): Promise<Link> {
  const path = join(root, 'current');
  // Read twice: the name and the identity must be of one link.
  for (;;) {
    const [before, target, after] = [await identity(path), await linkTarget(path), await identity(path)];
    if (before.fingerprint !== after.fingerprint) continue;
    const release = await releaseOf(root, target);
    return { release, id: after.id, fingerprint: `${release}@${after.fingerprint}`, changedAt: after.changedAt };
  }
}

async function identity(path: string): Promise<{ readonly id: string; readonly fingerprint: string; readonly changedAt: Instant }> {
  try {
    const { ino, mtimeNs, ctimeNs, mtimeMs } = await lstat(path, { bigint: true });
    const id = `${ino.toString(36)}-${mtimeNs.toString(36)}`;
    // ctime moves when an old link is renamed back into place, which nothing else shows.
    return { id, fingerprint: `${id}-${ctimeNs.toString(36)}`, changedAt: Number(mtimeMs) };
  } catch (cause) {
    throw unreachable(path, cause);
  }
}

async function linkTarget(path: string): Promise<string> {
  try {
    return await readlink(path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EINVAL') {
      throw noLink(path, cause);
    }
    throw unreachable(path, cause);
  }
}

export function noLink(path: string, cause?: unknown): BelayError {
  return new BelayError('BELAY_TARGET_UNREACHABLE', `${path} is not a symbolic link`, {
    hint: 'The release directory wants current -> releases/<name>.',
    cause,
  });
}

/** The name under releases/, also when that folder has been pruned away under the link. */
async function releaseOf(root: string, target: string): Promise<string> {
  const written = resolve(root, target);
  return releaseNamed(root, target, { releases: await realOr(join(root, 'releases')), release: await realOr(written) });
}

/** `real`: where both really lie, links followed. @throws BELAY_TARGET_UNREACHABLE */
export function releaseNamed(root: string, target: string, real: { readonly releases: string; readonly release: string }): string {
  for (const [releases, release] of [
    [join(root, 'releases'), resolve(root, target)],
    [real.releases, real.release],
  ] as const) {
    const inside = relative(releases, release);
    if (inside !== '' && inside === basename(release) && inside !== '..') return inside;
  }
  throw new BelayError('BELAY_TARGET_UNREACHABLE', `${join(root, 'current')} points to ${target}, which is not a folder of releases/`, {
    hint: 'Let current name one folder directly under releases/.',
  });
}

async function realOr(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    // Pruned or not readable: the written path is all that there is.
    return path;
  }
}

function unreachable(path: string, cause: unknown): BelayError {
  return new BelayError('BELAY_TARGET_UNREACHABLE', `${path} cannot be read (${(cause as NodeJS.ErrnoException).code ?? String(cause)})`, {
    hint: 'Check `root` of this target: it holds releases/<name>/ and the link current.',
    cause,
  });
}

export interface DraftLink {
  /** The id that the link will have when it is in place. */
  readonly id: string;
  /** Durable when it resolves. */
  place(): Promise<void>;
  discard(): Promise<void>;
}

/** A link ready to be put in place. Drafts of killed processes are cleared; the caller holds the lock. */
export async function draftLink(root: string, release: string, name: string): Promise<DraftLink> {
  for (const left of await readdir(root)) if (left.startsWith(DRAFT)) await rm(join(root, left), { force: true });
  const path = join(root, `${DRAFT}${name}`);
  await symlink(join('releases', release), path);
  return {
    id: (await identity(path)).id,
    place: async () => {
      await rename(path, join(root, 'current'));
      await syncFolder(root);
    },
    discard: () => rm(path, { force: true }),
  };
}

/** A rename or a new file is durable only when its folder is. */
export async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

export async function writeWhole(path: string, text: string, draft: string): Promise<void> {
  // One that a kill has left; and never one that somebody else has made.
  await rm(draft, { force: true });
  const handle = await open(draft, 'wx', 0o644);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(draft, path);
  await syncFolder(dirname(path));
}
