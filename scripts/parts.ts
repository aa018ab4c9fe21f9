// Owns finding the system programs that lanes need, and installing them where that is allowed. Refuses to know what a lane tests.
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import path from 'node:path';
import type { Part } from './lanes.ts';

export interface Found {
  readonly part: Part;
  readonly file: string;
  readonly version: string;
}

export function findPart(part: Part): Found | null {
  const folders = (process.env['PATH'] ?? '').split(path.delimiter).filter((folder) => folder !== '');
  for (const command of part.commands) {
    const file = folders.map((folder) => path.join(folder, command)).find(isExecutable);
    if (file !== undefined) return { part, file, version: versionOf(file, part.versionFlag) };
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

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    // Not there, or not for us: either way it cannot be run.
    return false;
  }
}

function versionOf(file: string, flag: string): string {
  const answer = spawnSync(file, [flag], { encoding: 'utf8', timeout: 15_000 });
  return /\d+(?:\.\d+)+/.exec(answer.stdout ?? '')?.[0] ?? 'version unknown';
}
