// A bare clone of Belay's own, in which git is run: nobody's working tree, no hooks, no configuration of this machine, no prompt. What is
// secret goes by the environment, never by argv. It knows no release.
import { existsSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { BelayError } from '../../domain/errors.ts';
import type { Instant } from '../../domain/json.ts';
import type { Processes, ProcessResult } from '../../ports/process.ts';
import type { Time } from '../../ports/time.ts';
import type { Settings } from './options.ts';

export interface Mirror {
  readonly folder: string;
  /** A non-zero code is a result. @throws BELAY_TIMEOUT (effect unknown), BELAY_PROCESS_FAILED (effect none) */
  git(
    args: readonly string[],
    o?: { readonly env?: Readonly<Record<string, string>>; readonly timeoutMs?: number },
  ): Promise<ProcessResult>;
  /** The output of what must succeed here, on our own disk. @throws BELAY_TARGET_UNREACHABLE (effect none) */
  said(args: readonly string[], o?: { readonly env?: Readonly<Record<string, string>> }): Promise<string>;
}

interface Deps {
  readonly time: Pick<Time, 'now'>;
  readonly processes: Processes;
  readonly lookOnly?: boolean;
}

/** What the branch is called in the mirror. */
export const BRANCH_REF = 'refs/belay/branch';

const LOCK_WAIT_MS = 60_000;
/** git holds its own lock files for a blink. */
const LEFT_MS = 10_000;
const LOCAL_MS = 30_000;
const FETCH_MS = 60_000;
const MAX_OUTPUT_BYTES = 8 * 1024 * 1024;
/** The newest so many; a branch that is longer has older releases, which nobody rolls back to in a hurry. */
export const WINDOW = 5_000;

/** The mirror as the remote is now. Where only looking is allowed it is thrown away afterwards, and what is there already is only read. */
export async function withMirror<T>(settings: Settings, deps: Deps, work: (mirror: Mirror) => Promise<T>): Promise<T> {
  if (deps.lookOnly === true) {
    const folder = await mkdtemp(join(tmpdir(), 'belay-git-'));
    try {
      const mirror = await open(settings, deps, { folder, borrowed: join(settings.mirror, 'objects') });
      await fetch(settings, mirror, deps.time.now());
      return await work(mirror);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
  await onDisk(settings.mirror, () => mkdir(dirname(settings.mirror), { recursive: true, mode: 0o700 }));
  return deps.processes.locks.hold(`${settings.mirror}.lock`, { waitMs: LOCK_WAIT_MS }, async () => {
    const mirror = await open(settings, deps, { folder: settings.mirror, borrowed: null });
    await fetch(settings, mirror, deps.time.now());
    return work(mirror);
  });
}

async function open(
  settings: Settings,
  { processes }: Deps,
  { folder, borrowed }: { readonly folder: string; readonly borrowed: string | null },
): Promise<Mirror> {
  await onDisk(folder, () => mkdir(folder, { recursive: true, mode: 0o700 }));
  const base = environment(settings, folder);
  const git: Mirror['git'] = (args, o = {}) =>
    processes.run(['git', ...args], {
      cwd: folder,
      env: { ...base, ...o.env },
      timeoutMs: o.timeoutMs ?? LOCAL_MS,
      maxOutputBytes: MAX_OUTPUT_BYTES,
    });
  const said: Mirror['said'] = async (args, o = {}) => {
    const { code, stdout, stderr } = await runOr(settings, () => git(args, o));
    if (code !== 0) throw unreachable(settings, `git ${args[0] ?? ''} ended with ${code}: ${told(settings, stderr)}`);
    return stdout;
  };
  // A kill may have come while it was made; making it again does no harm.
  if (['HEAD', 'config', 'objects', 'refs'].some((name) => !existsSync(join(folder, name))))
    await said(['init', '--quiet', '--bare', '--template=', folder]);
  if (borrowed !== null && existsSync(borrowed)) {
    await onDisk(folder, () => mkdir(join(folder, 'objects', 'info'), { recursive: true }));
    await onDisk(folder, () => writeFile(join(folder, 'objects', 'info', 'alternates'), `${borrowed}\n`));
  }
  if (settings.access.kind === 'ssh') await writeSshFiles(folder, settings.access);
  return { folder, git, said };
}

/** ssh is told everything by two files, so that nothing of this user's own configuration, agent or known hosts counts. */
async function writeSshFiles(folder: string, { key, hostKey }: { readonly key: string; readonly hostKey: string }): Promise<void> {
  const quoted = (path: string): string => `"${path.replaceAll('%', '%%')}"`;
  const lines = [
    'Host *',
    'BatchMode yes',
    'IdentitiesOnly yes',
    'IdentityAgent none',
    `IdentityFile ${quoted(key)}`,
    'HostKeyAlias belay-remote',
    `UserKnownHostsFile ${quoted(join(folder, 'known_hosts'))}`,
    'GlobalKnownHostsFile /dev/null',
    'StrictHostKeyChecking yes',
    'UpdateHostKeys no',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'ForwardAgent no',
    'ConnectTimeout 10',
    'ServerAliveInterval 5',
    'ServerAliveCountMax 3',
  ];
  await onDisk(folder, () => writeFile(join(folder, 'known_hosts'), `belay-remote ${hostKey}\n`, { mode: 0o600 }));
  await onDisk(folder, () => writeFile(join(folder, 'ssh_config'), `${lines.join('\n')}\n`, { mode: 0o600 }));
}

function environment({ remote, access }: Settings, folder: string): Readonly<Record<string, string>> {
  const config: (readonly [string, string])[] = [
    ['remote.origin.url', remote],
    ['core.logAllRefUpdates', 'always'],
    ['core.hooksPath', '/dev/null'],
    ['core.fsmonitor', 'false'],
    ['gc.auto', '0'],
    ['maintenance.auto', 'false'],
    ['fetch.fsckObjects', 'false'],
    ['credential.helper', ''],
    ['http.followRedirects', 'false'],
    ['http.lowSpeedLimit', '1'],
    ['http.lowSpeedTime', '30'],
  ];
  if (access.kind === 'http' && access.header !== null) config.push([`http.${remote}.extraHeader`, `Authorization: ${access.header}`]);
  if (access.kind === 'http' && access.ca !== null) config.push(['http.sslCAInfo', access.ca]);
  // git hands this line to a shell: only our own path stands in it, quoted.
  const ssh = access.kind === 'ssh' ? { GIT_SSH_COMMAND: `ssh -F '${join(folder, 'ssh_config').replaceAll("'", "'\\''")}'` } : {};
  return {
    GIT_DIR: folder,
    HOME: folder,
    LC_ALL: 'C',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_TERMINAL_PROMPT: '0',
    GIT_ASKPASS: '/bin/false',
    SSH_ASKPASS_REQUIRE: 'never',
    GIT_ALLOW_PROTOCOL: 'http:https:ssh',
    GIT_CONFIG_COUNT: String(config.length),
    ...Object.fromEntries(
      config.flatMap(([key, value], index) => [
        [`GIT_CONFIG_KEY_${index}`, key],
        [`GIT_CONFIG_VALUE_${index}`, value],
      ]),
    ),
    ...ssh,
  };
}

/** Contents of files are left at the remote where it can do that: commits and folders are enough to know what is live. */
async function fetch(settings: Settings, { folder, git }: Mirror, now: Instant): Promise<void> {
  const specs = [`+refs/heads/${settings.branch}:${BRANCH_REF}`, '+refs/tags/*:refs/tags/*'];
  const options = ['--quiet', '--prune', '--force', '--no-auto-maintenance', '--no-write-fetch-head', '--no-recurse-submodules'];
  const once = () => runOr(settings, () => git(['fetch', ...options, '--filter=blob:none', 'origin', ...specs], { timeoutMs: FETCH_MS }));
  let { code, stderr } = await once();
  if (code !== 0 && /Unable to create '[^']*\.lock'/.test(stderr) && (await removeLeftLocks(folder, now)))
    ({ code, stderr } = await once());
  if (code === 0) return;
  if (/couldn't find remote ref/.test(stderr))
    throw unreachable(settings, `there is no branch ${settings.branch}`, 'Check `branch` of this target.');
  throw unreachable(settings, told(settings, stderr));
}

/** Whoever is here holds our lock: a lock file of git that is not of this moment was left by a kill, and would shut the mirror for good. */
async function removeLeftLocks(folder: string, now: Instant): Promise<boolean> {
  const names = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.lock'));
  const left = names
    .map((name) => join(folder, name))
    .filter((file) => now - (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? now) > LEFT_MS);
  for (const file of left) await rm(file, { force: true });
  return left.length > 0;
}

/** The commit at the branch of the remote, asked anew. @throws BELAY_TARGET_UNREACHABLE */
export async function remoteHead(settings: Settings, { git }: Mirror): Promise<string | null> {
  const { code, stdout, stderr } = await runOr(settings, () => git(['ls-remote', '--refs', 'origin', `refs/heads/${settings.branch}`]));
  if (code !== 0) throw unreachable(settings, told(settings, stderr));
  return /^([0-9a-f]{40,64})\t/.exec(stdout)?.[1] ?? null;
}

async function runOr(settings: Settings, run: () => Promise<ProcessResult>): Promise<ProcessResult> {
  try {
    return await run();
  } catch (cause) {
    if (!BelayError.is(cause)) throw cause;
    throw unreachable(settings, cause.message, 'Check that git is installed and that the remote answers.', cause);
  }
}

/** What git said, for people: the last lines, without secrets. */
export function told({ secrets }: Settings, stderr: string): string {
  const plain = secrets.reduce((text, secret) => text.replaceAll(secret, '***'), stderr);
  return plain
    .replaceAll(/[^\P{C}\n]/gu, ' ')
    .trim()
    .split('\n')
    .slice(-6)
    .join(' | ')
    .slice(-500);
}

function unreachable({ remote, branch }: Settings, why: string, hint?: string, cause?: unknown): BelayError {
  return new BelayError('BELAY_TARGET_UNREACHABLE', `${branch} of ${remote} cannot be read: ${why}`, {
    hint: hint ?? 'Check `remote` and its credential, and that this machine reaches it.',
    cause,
  });
}

async function onDisk(path: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new BelayError(code === 'ENOSPC' ? 'BELAY_DISK_FULL' : 'BELAY_TARGET_UNREACHABLE', `${path} cannot be written (${code})`, {
      hint: 'Belay keeps a clone of its own there; `mirror` of the target names another place.',
      cause,
    });
  }
}
