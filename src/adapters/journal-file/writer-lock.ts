// One writer at a time for a journal directory: two would fork its chain. Proven by pid and start time, so a killed writer blocks nobody.
import { randomUUID } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { link, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BelayError } from '../../domain/errors.ts';

interface Owner {
  readonly pid: number;
  /** Ticks since boot when the process began; empty where the system does not tell. */
  readonly started: string;
  readonly boot: string;
}

export interface WriterLock {
  /** False when the lock file is no longer ours. */
  isHeld(): boolean;
  release(): Promise<void>;
}

/** @throws BELAY_STORE_LOCKED when a living process writes there. */
export async function lockForWriting(dir: string): Promise<WriterLock> {
  const path = join(dir, 'writer.lock');
  const mine = join(dir, `writer.${randomUUID()}`);
  await writeFile(mine, JSON.stringify(thisProcess()), { mode: 0o600 });
  try {
    for (;;) {
      if (await linked(mine, path)) break;
      const owner = await ownerOf(path);
      if (owner !== null && isAlive(owner)) {
        throw new BelayError('BELAY_STORE_LOCKED', `the journal in ${dir} is being written by process ${owner.pid}`, {
          hint: 'Ask the running Belay instead of opening its data directory twice, or stop it first.',
        });
      }
      await rm(path, { force: true });
    }
    const { ino } = await stat(path);
    return {
      isHeld: () => statSync(path, { throwIfNoEntry: false })?.ino === ino,
      release: async () => {
        if (statSync(path, { throwIfNoEntry: false })?.ino === ino) await rm(path, { force: true });
      },
    };
  } finally {
    await rm(mine, { force: true });
  }
}

/** A hard link comes into being with its content, or not at all. */
async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function ownerOf(path: string): Promise<Owner | null> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Owner;
  } catch {
    // Gone in between or unreadable: nobody who lives can be named by it.
    return null;
  }
}

function thisProcess(): Owner {
  return { pid: process.pid, started: startOf(process.pid) ?? '', boot: bootId() };
}

function isAlive(owner: Owner): boolean {
  if (owner.boot !== bootId()) return false;
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const started = startOf(owner.pid);
  // Null: a zombie, or gone in between. Another start time: the number was given to another process.
  return bootId() === '' ? true : started === owner.started;
}

/** Null when there is no such process or it is a zombie; '' where there is no /proc. */
function startOf(pid: number): string | null {
  if (bootId() === '') return '';
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\)/s, '').trim().split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? null : (fields[19] ?? null);
  } catch {
    return null;
  }
}

function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    // No /proc (macOS): the pid alone must do.
    return '';
  }
}
