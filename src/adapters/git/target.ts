// A deploy target whose branch on a remote is what runs: pushing is deploying. What the branch says is what is to be live; what the
// service says is what is. It judges nobody's health.
import { BelayError } from '../../domain/errors.ts';
import type { TargetOptions } from '../../domain/target-catalog.ts';
import type { DeployTarget, Release, TargetState } from '../../ports/deploy-target.ts';
import type { Http } from '../../ports/http.ts';
import type { Processes } from '../../ports/process.ts';
import type { Time } from '../../ports/time.ts';
import { lastChange, named, readHistory, releasesOf } from './history.ts';
import { withMirror } from './mirror.ts';
import { isReleaseName, readSettings, type Settings } from './options.ts';
import { restorable, revertChange, rollTo, type Scene, whyConflicting, withoutChange } from './roll.ts';
import { askVersion, releaseServed } from './served.ts';

interface Deps {
  readonly time: Time;
  readonly processes: Processes;
  /** Needed for `versionUrl`. */
  readonly http?: Http;
  readonly baseDir: string;
  /** Looking leaves no trace: the clone is made elsewhere and thrown away. */
  readonly lookOnly?: boolean;
}

/** @throws BELAY_CONFIG_INVALID */
export function createGitTarget(options: TargetOptions<'git'>, deps: Deps) {
  const settings = readSettings(options, deps.baseDir);
  const onScene = <T>(work: (scene: Scene) => Promise<T>): Promise<T> =>
    withMirror(settings, deps, async (mirror) => {
      const history = await readHistory(mirror);
      return work({ settings, time: deps.time, mirror, history, releases: releasesOf(history) });
    });
  return {
    caps: {
      compareAndSet: 'native',
      freeze: false,
      restoresConfig: 'none',
      rebuilds: true,
      ...(settings.runsReleaseHooks ? { runsReleaseHooks: true as const } : {}),
      ...(settings.rewrite ? { rewritesHistory: true as const } : {}),
    },
    list: (limit) => onScene(async (scene) => listed(scene).slice(0, limit)),
    current: async () => {
      const version = await askVersion(settings, deps.http);
      return onScene((scene) => stateOf(scene, version));
    },
    restorable: (release) => onScene((scene) => restorable(scene, release)),
    resolve: (name) => onScene(async (scene) => fullName(scene, name)),
    changedFiles: (from, to, within) => onScene((scene) => changedFiles(scene, [from, to], within)),
    read: (release, path) => onScene((scene) => textIn(scene, release, path)),
    rollTo: (release, o) => onScene((scene) => rollTo(scene, release, o)),
    changes: {
      look: (change) =>
        onScene(async (scene) => {
          const { commit, tree, files } = await withoutChange(scene, change);
          const isIn = tree !== scene.history.commits[0].tree;
          return { change: commit.sha, isIn, conflict: tree === null ? whyConflicting(commit.sha, files) : null };
        }),
      revert: (change, o) => onScene((scene) => revertChange(scene, change, o)),
    },
    freeze: async () => {
      throw new BelayError('BELAY_ACT_FAILED', `${settings.branch} of ${settings.remote} cannot be frozen: git has no such thing`, {
        hint: 'Protect the branch where the repository is hosted.',
      });
    },
  } satisfies DeployTarget;
}

function listed({ history, releases }: Scene): readonly Release[] {
  const live = releases.of(history.commits[0]).release;
  return releases.all.map(({ release, version, tree, at }) => ({
    ref: release,
    version,
    commit: release,
    artefact: `tree ${tree}`,
    createdAt: at,
    status: release === live ? 'live' : 'available',
  }));
}

/** A tag or a short commit as the release that it means; what means none stays as it is. @throws BELAY_INPUT_INVALID */
function fullName({ history, releases, settings }: Scene, name: string): string {
  if (!isReleaseName(name)) return name;
  const found = named(name, history);
  if ('commit' in found) return releases.of(found.commit).release;
  if (found.none === 'unknown') return name;
  throw new BelayError('BELAY_INPUT_INVALID', `${name} begins more than one commit of ${settings.branch}`, {
    hint: 'Write more of it.',
  });
}

/** Paths are taken as they are: a `*` in one is a character of it. */
async function changedFiles(scene: Scene, names: readonly [string, string], within: readonly string[]): Promise<readonly string[]> {
  const [from, to] = names.map((name) => {
    const sha = fullName(scene, name);
    if (/^[0-9a-f]{40,64}$/.test(sha)) return sha;
    throw new BelayError('BELAY_NOT_FOUND', `${name} is no release of ${scene.settings.branch}`);
  }) as [string, string];
  const args = [
    '--literal-pathspecs',
    'diff',
    '--name-only',
    '--no-renames',
    '--no-ext-diff',
    '-z',
    '--end-of-options',
    from,
    to,
    '--',
    ...within,
  ];
  return (await scene.mirror.said(args)).split('\0').filter((path) => path !== '');
}

/** Null: the release has no such file. A link is shown as what it is, and not followed. */
async function textIn(scene: Scene, name: string, path: string): Promise<string | null> {
  const sha = fullName(scene, name);
  if (!/^[0-9a-f]{40,64}$/.test(sha)) throw new BelayError('BELAY_NOT_FOUND', `${name} is no release of ${scene.settings.branch}`);
  const listed = await scene.mirror.said(['--literal-pathspecs', 'ls-tree', '-z', '--end-of-options', sha, '--', path]);
  const [, blob] = /^100\d{3} blob ([0-9a-f]{40,64})\t/.exec(listed) ?? [];
  return blob === undefined ? null : scene.mirror.said(['cat-file', 'blob', blob]);
}

async function stateOf(scene: Scene, version: string | null | undefined): Promise<TargetState> {
  const { settings, history, releases, mirror, time } = scene;
  const [head] = history.commits;
  const wanted = releases.of(head).release;
  const { at, from } = await lastChange(mirror, history);
  const common = { fingerprint: head.sha, frozen: false, changedAt: at };
  const gone = from === null ? null : history.elsewhere.find((one) => one.sha === from);
  const previous =
    from === null ? (releases.before(0)?.release ?? null) : gone === null || gone === undefined ? from : releases.of(gone).release;
  const state = { ...common, release: wanted, previous };
  const unit = (release: string, ready: boolean) => [{ id: settings.branch, release, ready }];
  if (version === undefined) return { ...state, units: unit(wanted, true) };
  if (version === null) return { ...state, units: unit('', false) };
  const serves = releaseServed(version, history, releases);
  const units = unit(serves, true);
  const index = history.commits.findIndex((one) => releases.of(one).release === serves);
  if (serves === wanted) return { ...state, units };
  if (time.now() - at > settings.rebuildMs) return { ...state, units, gaveUp: gaveUp(settings, serves, time.now() - at) };
  if (index < 0) return { ...state, units };
  return { ...common, release: serves, units, inFlight: wanted, previous: releases.before(index)?.release ?? null };
}

function gaveUp({ branch }: Settings, serves: string, sinceMs: number): string {
  return `${branch} was pushed ${Math.round(sinceMs / 1_000)} s ago, and ${serves.slice(0, 40)} is still served`;
}
