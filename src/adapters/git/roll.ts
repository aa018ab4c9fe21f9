// A release is put back by a new commit on top whose tree is the tree of that release; or, where a target asks for it, by moving the
// branch back to it. One change is taken back by the merge that `git revert` does, without a working tree.
import { createHash } from 'node:crypto';
import { BelayError } from '../../domain/errors.ts';
import type { Instant } from '../../domain/json.ts';
import type { DeployTarget } from '../../ports/deploy-target.ts';
import type { Time } from '../../ports/time.ts';
import { type Commit, type History, named, type Releases, wasThere } from './history.ts';
import type { Mirror } from './mirror.ts';
import { isReleaseName, type Settings } from './options.ts';
import { conflict, push } from './push.ts';

export type Order = Parameters<DeployTarget['rollTo']>[1];

export interface Scene {
  readonly settings: Settings;
  readonly time: Time;
  readonly mirror: Mirror;
  readonly history: History;
  readonly releases: Releases;
}

type Restorable = Awaited<ReturnType<DeployTarget['restorable']>>;

export async function restorable({ mirror, history }: Scene, release: string): Promise<Restorable> {
  const found = isReleaseName(release) ? named(release, history) : { none: 'unknown' as const };
  if ('commit' in found) return { ok: true, artefact: `tree ${found.commit.tree}` };
  return { ok: false, why: (await wasThere(mirror, release)) ? 'pruned' : 'unknown' };
}

export async function rollTo(scene: Scene, release: string, o: Order): Promise<void> {
  const { settings, history, releases } = scene;
  const [head] = history.commits;
  const found = isReleaseName(release) ? named(release, history) : null;
  const wanted = found !== null && 'commit' in found ? found.commit : null;
  if (wanted !== null && isOurs(head, o.key) && head.tree === wanted.tree) return;
  if (settings.rewrite && wanted !== null && head.sha === wanted.sha && (await wasRewritten(scene, o.key))) return;
  if (head.sha !== o.expected) throw conflict(settings, head.sha, o.expected);
  if (wanted === null) {
    const { why } = (await restorable(scene, release)) as Extract<Restorable, { ok: false }>;
    throw new BelayError('BELAY_RELEASE_NOT_RESTORABLE', `release ${release} cannot be put back: ${why}`, {
      hint: `Name a tag, or a commit of ${settings.branch}.`,
    });
  }
  if (head.tree === wanted.tree) return;
  if (settings.rewrite) return rewriteTo(scene, wanted, o);
  const { version } = releases.of(wanted);
  const text = {
    subject: `Roll back to ${version}`,
    body: `Belay puts the files of ${wanted.sha} back, instead of those of ${head.sha}.`,
    trailers: [`Belay-Release: ${releases.of(wanted).release}`],
  };
  const commit = await commitOf(scene, wanted.tree, text, o);
  await push(settings, scene.mirror, { commit, over: head.sha, also: await hotfixName(scene) });
}

const isOurs = (head: Commit, key: string): boolean => head.key === oneLine(key);

/** History is rewritten: the branch moves to a commit that it had, and what came after is on nobody's branch. */
async function rewriteTo(scene: Scene, wanted: Commit, o: Order): Promise<void> {
  const { settings, mirror, history } = scene;
  const [head] = history.commits;
  // A moved branch carries no note of ours: the note is kept here, written before the act. An order that was begun once is never
  // begun again, because a branch that was moved forward again by others looks as if nothing had happened.
  if (await wasRewritten(scene, o.key)) throw conflict(settings, head.sha, `${o.expected}, after this same order was begun once`);
  await mirror.said(['update-ref', '--no-deref', noteOf(o.key), wanted.sha]);
  try {
    await push(settings, mirror, { commit: wanted.sha, over: head.sha, also: null });
  } catch (error) {
    if (BelayError.is(error) && error.effect === 'none') await mirror.said(['update-ref', '--no-deref', '-d', noteOf(o.key)]);
    throw error;
  }
}

const noteOf = (key: string): string => `refs/belay/rewritten/${createHash('sha256').update(key).digest('hex')}`;

async function wasRewritten({ mirror }: Scene, key: string): Promise<boolean> {
  return (await mirror.git(['rev-parse', '--verify', '--quiet', '--end-of-options', noteOf(key)])).code === 0;
}

export interface Change {
  /** Its full name. */
  readonly commit: Commit;
  /** The branch without it; null when taking it back conflicts with what came after. */
  readonly tree: string | null;
  /** The files that conflict. */
  readonly files: readonly string[];
}

/** @throws BELAY_NOT_FOUND, BELAY_ACT_FAILED (both effect none) */
export async function withoutChange(scene: Scene, change: string): Promise<Change> {
  const { settings, history, mirror } = scene;
  const found = /^[0-9a-f]{7,64}$/.test(change) ? named(change, { ...history, elsewhere: [] }) : { none: 'unknown' as const };
  if (!('commit' in found))
    throw new BelayError('BELAY_NOT_FOUND', `${change} is no commit of ${settings.branch}: ${found.none}`, {
      hint: 'Write the commit in full, or its first 12 characters.',
    });
  const { commit } = found;
  if (commit.parent === null) throw new BelayError('BELAY_ACT_FAILED', `${commit.sha} is the first commit: there is nothing before it`);
  const parent = history.commits.find((one) => one.sha === commit.parent);
  if (parent === undefined) throw new BelayError('BELAY_NOT_FOUND', `${commit.sha} lies too far back`);
  // Three commits that nobody ever sees make the change the common ground of "now" and "before it".
  const env = identity(settings, 0);
  const draft = async (tree: string, over: readonly string[]): Promise<string> =>
    (await mirror.said(['commit-tree', ...over.flatMap((one) => ['-p', one]), '-m', 'draft', tree], { env })).trim();
  const ground = await draft(commit.tree, []);
  const [now, before] = [await draft(history.commits[0].tree, [ground]), await draft(parent.tree, [ground])];
  const merged = await mirror.git(['merge-tree', '--write-tree', '--name-only', '--no-messages', '-z', now, before]);
  const [tree = '', ...files] = merged.stdout.split('\0').filter((one) => one !== '');
  if (merged.code === 0 && /^[0-9a-f]{40,64}$/.test(tree)) return { commit, tree, files: [] };
  if (merged.code === 1) return { commit, tree: null, files: [...new Set(files)].slice(0, 20).map((one) => oneLine(one)) };
  throw new BelayError('BELAY_ACT_FAILED', `the change ${commit.sha} could not be taken back here: git 2.38 or newer is needed`);
}

export async function revertChange(scene: Scene, change: string, o: Order): Promise<void> {
  const { settings, history, mirror } = scene;
  const [head] = history.commits;
  if (isOurs(head, o.key)) return;
  if (head.sha !== o.expected) throw conflict(settings, head.sha, o.expected);
  const { commit, tree, files } = await withoutChange(scene, change);
  if (tree === null) throw conflicting(commit.sha, files);
  if (tree === head.tree) return;
  const text = {
    subject: `Revert ${commit.sha.slice(0, 12)}`,
    body: `This reverts commit ${commit.sha}.`,
    trailers: [`Belay-Revert: ${commit.sha}`],
  };
  await push(settings, mirror, { commit: await commitOf(scene, tree, text, o), over: head.sha, also: await hotfixName(scene) });
}

export function whyConflicting(sha: string, files: readonly string[]): string {
  return `taking back ${sha.slice(0, 12)} conflicts with what came after it in ${files.join(', ') || 'its files'}`;
}

const conflicting = (sha: string, files: readonly string[]): BelayError =>
  new BelayError('BELAY_ACT_FAILED', whyConflicting(sha, files), {
    hint: 'Nothing was changed. Put a whole release back with deploy.rollback, or revert by hand.',
  });

interface Text {
  readonly subject: string;
  readonly body: string;
  readonly trailers: readonly string[];
}

async function commitOf(scene: Scene, tree: string, { subject, body, trailers }: Text, o: Order): Promise<string> {
  const [head] = scene.history.commits;
  const last = [...trailers, `Belay-Incident: ${oneLine(o.reason)}`, `Belay-Key: ${oneLine(o.key)}`].join('\n');
  const parts = [`${subject} (${oneLine(o.reason)})`, body, last].flatMap((one) => ['-m', one]);
  const said = await scene.mirror.said(['commit-tree', '-p', head.sha, ...parts, tree], {
    env: identity(scene.settings, scene.time.now()),
  });
  return said.trim();
}

function identity({ author: { name, mail } }: Settings, at: Instant): Readonly<Record<string, string>> {
  const date = `@${Math.floor(at / 1_000)} +0000`;
  return {
    GIT_AUTHOR_NAME: name,
    GIT_AUTHOR_EMAIL: mail,
    GIT_AUTHOR_DATE: date,
    GIT_COMMITTER_NAME: name,
    GIT_COMMITTER_EMAIL: mail,
    GIT_COMMITTER_DATE: date,
  };
}

/** `hotfix/rollback-2026-03-01`, and -2, -3… where the day has had one. */
async function hotfixName({ settings, time, mirror }: Scene): Promise<string | null> {
  if (!settings.hotfixBranch) return null;
  const name = `hotfix/rollback-${new Date(time.now()).toISOString().slice(0, 10)}`;
  const taken = new Set((await mirror.said(['ls-remote', '--refs', 'origin', `refs/heads/${name}*`])).match(/refs\/heads\/\S+/g));
  for (let number = 1; ; number += 1) {
    const one = number === 1 ? name : `${name}-${number}`;
    if (!taken.has(`refs/heads/${one}`)) return one;
  }
}

/** A reason or a key as one line of a message: it can neither end the message nor make a line of ours. */
const oneLine = (text: string): string =>
  text
    .replaceAll(/[\p{C}\p{Z}]+/gu, ' ')
    .trim()
    .slice(0, 200);
