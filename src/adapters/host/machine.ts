// The machine that this process runs on: its processor times, and the share of its memory that is in use. It remembers nothing.
import { open } from 'node:fs/promises';
import { cpus, freemem, totalmem } from 'node:os';
import { join } from 'node:path';
import { type CpuTimes, cpuTimes, groupFolders, heldOf, limitOf, memoryOf } from './proc.ts';
import { Unreadable } from './unreadable.ts';

export interface Machine {
  /** @throws Unreadable, or what the file system says */
  cpu(): Promise<CpuTimes>;
  /** Share in use, from 0 to 1. @throws Unreadable, or what the file system says */
  memory(): Promise<number>;
}

export interface Roots {
  readonly proc: string;
  readonly cgroup: string;
}

/** More than any of these files needs: the first line of /proc/stat, about 60 lines of the others. */
const LONGEST = 64 * 1024;

export const thisMachine = (): Machine => (process.platform === 'linux' ? linux({ proc: '/proc', cgroup: '/sys/fs/cgroup' }) : portable());

export function linux({ proc, cgroup }: Roots): Machine {
  return {
    cpu: async () => known(cpuTimes(await head(join(proc, 'stat'))), join(proc, 'stat')),
    memory: async () => {
      const whole = known(memoryOf(await head(join(proc, 'meminfo'))), join(proc, 'meminfo'));
      const folders = groupFolders((await headIfThere(join(proc, 'self/cgroup'))) ?? '');
      const shares = await Promise.all(folders.map((folder) => heldShare(join(cgroup, folder), whole.total)));
      const limited = shares.filter((share) => share !== null);
      // Of several limits, one inside the other, the one that is nearest to its end counts.
      return within(limited.length > 0 ? Math.max(...limited) : 1 - whole.available / whole.total);
    },
  };
}

/** Null where this group has no limit below what the machine has. */
async function heldShare(folder: string, total: number): Promise<number | null> {
  const limit = limitOf((await headIfThere(join(folder, 'memory.max'))) ?? '');
  if (limit === null || limit >= total) return null;
  const [current, stat] = await Promise.all([head(join(folder, 'memory.current')), head(join(folder, 'memory.stat'))]);
  return known(heldOf(current, stat), `${folder}/memory.current or memory.stat`) / limit;
}

/** What Node tells on every system: busy is all but idle. */
export function portable(): Machine {
  return {
    cpu: async () => {
      const all = cpus();
      if (all.length === 0) throw new Unreadable('this system tells no processor times');
      const sum = (read: (times: (typeof all)[number]['times']) => number): number =>
        all.reduce((total, { times }) => total + read(times), 0);
      return { busy: sum(({ user, nice, sys, irq }) => user + nice + sys + irq), idle: sum(({ idle }) => idle), waiting: 0 };
    },
    memory: async () => within(1 - freemem() / totalmem()),
  };
}

function known<T>(value: T | null, file: string): T {
  if (value === null) throw new Unreadable(`${file} is not as the kernel writes it`);
  return value;
}

const within = (share: number): number => Math.min(1, Math.max(0, share));

async function head(file: string): Promise<string> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(LONGEST), 0, LONGEST, 0);
    return buffer.toString('latin1', 0, bytesRead);
  } finally {
    await handle.close();
  }
}

/** Null where there is no such file: this kernel, or this group, does not tell it. */
async function headIfThere(file: string): Promise<string | null> {
  try {
    return await head(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
