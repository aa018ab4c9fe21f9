// A data directory for one measure. When it goes, whatever Postgres still runs on it goes first, and its socket with it.
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Place {
  readonly dir: string;
  /** SIGKILL for every process of the store, as in a power cut. */
  killStore(): Promise<void>;
  remove(): Promise<void>;
}

export function makePlace(): Place {
  const dir = mkdtempSync(path.join(tmpdir(), 'belay-bench-'));
  // The user that root lends to Postgres must be able to walk through.
  chmodSync(dir, 0o711);
  const killStore = async (): Promise<void> => {
    const found = postmaster(dir);
    if (found === null) return;
    for (const pid of [found.pid, ...childrenOf(found.pid)]) signal(pid, 'SIGKILL');
    while (isRunning(found.pid, dir)) await sleep(10);
  };
  return {
    dir,
    killStore,
    remove: async () => {
      const found = postmaster(dir);
      if (found !== null) {
        // A quick end: what was measured is over, its data are of no use.
        signal(found.pid, 'SIGQUIT');
        while (isRunning(found.pid, dir)) await sleep(10);
      }
      const socketDir = socketDirOf(dir);
      if (socketDir !== null) rmSync(socketDir, { recursive: true, force: true });
      rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

function postmaster(dir: string): { readonly pid: number } | null {
  const file = fileNamed(dir, 'postmaster.pid');
  if (file === null) return null;
  const pid = Number(readFileSync(file, 'utf8').split('\n')[0]);
  return isRunning(pid, dir) ? { pid } : null;
}

/** The folder that the store made for its socket elsewhere; how it was started is written down and outlives an orderly stop. */
function socketDirOf(dir: string): string | null {
  const file = fileNamed(dir, 'postmaster.opts');
  const socketDir = file === null ? undefined : /unix_socket_directories=([^"\s]+)/.exec(readFileSync(file, 'utf8'))?.[1];
  return socketDir !== undefined && path.basename(socketDir).startsWith('belay-') ? socketDir : null;
}

function fileNamed(dir: string, wanted: string): string | null {
  const found = readdirSync(dir, { recursive: true, encoding: 'utf8' }).find((name) => path.basename(name) === wanted);
  return found === undefined ? null : path.join(dir, found);
}

/** It works on this directory: a number alone proves nothing. A zombie has no command line left. */
function isRunning(pid: number, dir: string): boolean {
  return existsSync(`/proc/${pid}/cmdline`) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(dir);
}

function childrenOf(pid: number): readonly number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .split(' ')
    .filter((one) => one !== '')
    .map(Number);
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
