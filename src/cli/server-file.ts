// `<data>/server.json`: which Belay serves a data directory. One at a time: the file is claimed exclusively, and a claim of a dead
// process is proven dead (pid and start time) before it is taken over.
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BelayError } from '../domain/errors.ts';

export interface ServerFile {
  readonly pid: number;
  /** Kernel start time of the process, in ticks: a reused pid has another one. Null where the system does not tell. */
  readonly startedTicks: string | null;
  readonly startedAt: number;
  /** 0 until the server listens. */
  readonly port: number;
  readonly tokenFile: string;
  readonly version: string;
}

export const serverFilePath = (dataDir: string): string => join(dataDir, 'server.json');

export function readServerFile(dataDir: string): ServerFile | null {
  try {
    return JSON.parse(readFileSync(serverFilePath(dataDir), 'utf8')) as ServerFile;
  } catch {
    // Absent or torn by a crash: nobody serves here as far as the file can tell.
    return null;
  }
}

/** The file of a server that lives, or null. */
export function livingServer(dataDir: string): ServerFile | null {
  const file = readServerFile(dataDir);
  return file !== null && isSameProcess(file.pid, file.startedTicks) ? file : null;
}

/** @throws BELAY_SERVER_RUNNING when another living Belay serves this directory. */
export function claimServerFile(dataDir: string, version: string): { update(port: number): void; release(): void } {
  mkdirSync(dataDir, { recursive: true, mode: 0o711 });
  const path = serverFilePath(dataDir);
  const mine: ServerFile = {
    pid: process.pid,
    startedTicks: startTicks(process.pid),
    startedAt: Date.now(),
    port: 0,
    tokenFile: join(dataDir, 'token'),
    version,
  };
  for (let attempt = 0; !claimed(path, mine); attempt += 1) {
    const living = livingServer(dataDir);
    if (living !== null || attempt > 20) {
      throw new BelayError('BELAY_SERVER_RUNNING', `Belay already serves ${dataDir} (pid ${living?.pid ?? 'unknown'}).`, {
        hint: 'Use it: belay status. Or choose another directory with --data.',
      });
    }
    // Moving the stale claim away is atomic: of two that try, one gets ENOENT and looks again.
    moveAway(path);
  }
  return {
    update: (port) => replaceFile(path, { ...mine, port }),
    release: () => {
      if (readServerFile(dataDir)?.pid === process.pid) rmSync(path, { force: true });
    },
  };
}

function claimed(path: string, mine: ServerFile): boolean {
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, JSON.stringify(mine), { mode: 0o600 });
  try {
    linkSync(temporary, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
}

function moveAway(path: string): void {
  try {
    renameSync(path, `${path}.stale`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

function replaceFile(path: string, file: ServerFile): void {
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, JSON.stringify(file), { mode: 0o600 });
  renameSync(temporary, path);
}

/** Alive, not a zombie, and the same process that wrote its start time. */
export function isSameProcess(pid: number, ticks: string | null): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const stat = readStat(pid);
  if (stat === null) return process.platform !== 'linux';
  return stat.state !== 'Z' && (ticks === null || stat.ticks === ticks);
}

function startTicks(pid: number): string | null {
  return readStat(pid)?.ticks ?? null;
}

function readStat(pid: number): { state: string; ticks: string } | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in parentheses may hold spaces; fields are counted after the last one.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0] ?? '?', ticks: fields[19] ?? '' };
  } catch {
    // No /proc (not Linux) or the process is gone: the caller knows which.
    return null;
  }
}
