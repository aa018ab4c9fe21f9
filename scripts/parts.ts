// Owns finding the system programs that lanes need, and installing them where that is allowed. Refuses to know what a lane tests.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Part } from './lanes.ts';

/** Where packages are unpacked. */
const UNPACKED = path.join(path.dirname(import.meta.dirname), '.belay', 'parts');

const UNPACKED_PROGRAMS = ['usr/bin', 'usr/sbin', 'bin'] as const;

export interface Found {
  readonly part: Part;
  readonly file: string;
  readonly version: string;
}

export function findPart(part: Part): Found | null {
  const onPath = (process.env['PATH'] ?? '').split(path.delimiter).filter((folder) => folder !== '');
  const folders = part.unpacked === true ? [...onPath, ...UNPACKED_PROGRAMS.map((folder) => path.join(UNPACKED, folder))] : onPath;
  for (const command of part.commands) {
    const file = folders.map((folder) => path.join(folder, command)).find(isExecutable);
    if (file !== undefined) return { part, file, version: versionOf(file, part) };
  }
  return null;
}

/** Why apt may not be used here; null when it may. */
export function whyNoApt(): string | null {
  if (process.platform !== 'linux') return `this is ${process.platform}, not Debian or Ubuntu`;
  if (process.getuid?.() !== 0) return 'this user is not root';
  return isExecutable('/usr/bin/apt-get') ? null : 'there is no apt-get';
}

/** Installs with apt. Returns null when it worked, else what went wrong. The caller asked `whyNoApt` first. */
export function installPackages(packages: readonly string[]): string | null {
  // RUNLEVEL=1 keeps maintainer scripts from starting servers.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  const apt = (args: readonly string[]) =>
    spawnSync('apt-get', args, { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: 600_000 });
  const update = apt(['update', '-qq']);
  const install = apt(['install', '-y', '-qq', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=600', ...packages]);
  if (install.status === 0) return null;
  const lines = `${update.stderr}\n${install.stderr}`.split('\n').filter((line) => line.startsWith('E:'));
  return lines.slice(0, 2).join(' ') || `apt-get ended with ${String(install.status ?? install.signal)}`;
}

/** Downloads with apt and unpacks into the clone. Returns null when it worked, else what went wrong. The caller asked `whyNoApt` first. */
export function unpackPackages(packages: readonly string[]): string | null {
  const folder = mkdtempSync(path.join(tmpdir(), 'belay-packages-'));
  const run = (command: string, args: readonly string[]) =>
    spawnSync(command, args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: 120_000 });
  // Whatever this machine's apt forgives: only packages that a signed list vouches for.
  const signed = ['-o', 'APT::Get::AllowUnauthenticated=false', '-o', 'Acquire::AllowInsecureRepositories=false'];
  const options = ['-qq', ...signed, '-o', 'APT::Sandbox::User=root', '-o', 'Acquire::Retries=1', '-o', 'Acquire::http::Timeout=20'];
  const download = () => run('apt-get', ['download', ...options, ...packages]);
  try {
    let last = download();
    // On a new machine the lists of packages are not there yet.
    if (last.status !== 0 && run('apt-get', ['update', ...options]).status === 0) last = download();
    mkdirSync(UNPACKED, { recursive: true });
    for (const name of last.status === 0 ? readdirSync(folder).filter((one) => one.endsWith('.deb')) : [])
      if (last.status === 0) last = run('dpkg', ['-x', name, UNPACKED]);
    return last.status === 0 ? null : last.stderr?.split('\n')[0] || `ended with ${String(last.status ?? last.signal)}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    // Not there, or not for us: either way it cannot be run.
    return false;
  }
}

function versionOf(file: string, part: Part): string {
  const answer = spawnSync(file, [part.versionFlag], { encoding: 'utf8', timeout: 15_000 });
  return /\d+(?:\.\d+)+/.exec(answer.stdout ?? '')?.[0] ?? packagedVersion(file, part) ?? 'version unknown';
}

/** Some of Debian's builds do not know their own version; what Debian wrote beside them does. */
function packagedVersion(file: string, part: Part): string | null {
  const documents = path.join(path.dirname(path.dirname(file)), 'share', 'doc');
  const changes = part.packages.map((name) => path.join(documents, name, 'changelog.Debian.gz')).find((one) => existsSync(one));
  if (changes === undefined) return null;
  return /\((\d+(?:\.\d+)+)/.exec(gunzipSync(readFileSync(changes)).toString('utf8', 0, 200))?.[1] ?? null;
}
