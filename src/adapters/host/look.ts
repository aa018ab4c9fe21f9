// The machine at this moment, for the record: what a share of the processors is between two looks that lie a moment apart.
import { resolve } from 'node:path';
import { BelayError } from '../../domain/errors.ts';
import type { HostLook } from '../../ports/looks.ts';
import type { Time } from '../../ports/time.ts';
import { createDisk } from './disk.ts';
import { type Machine, thisMachine } from './machine.ts';
import { busyShare } from './proc.ts';
import { Unreadable } from './unreadable.ts';

/** Long enough for some ticks of 10 ms, short enough to wait for. */
const MOMENT_MS = 200;
const DISK_MS = 5_000;

interface LookDeps {
  readonly time: Pick<Time, 'sleep'>;
  readonly baseDir: string;
  readonly machine?: Machine;
}

export function createHostLook({ time, baseDir, machine = thisMachine() }: LookDeps): HostLook {
  const look = async (path: string) => {
    const before = await machine.cpu();
    const [disk, memory] = await Promise.all([
      createDisk(resolve(baseDir, path), { time })(DISK_MS, AbortSignal.timeout(DISK_MS)),
      machine.memory(),
      time.sleep(MOMENT_MS),
    ]);
    const cpu = busyShare(before, await machine.cpu());
    if (cpu === null) throw new Unreadable('this system told no processor times between two looks');
    return { cpu, memory, disk };
  };
  return {
    look: async ({ path }) => {
      try {
        return await look(path);
      } catch (error) {
        const isSystem = error instanceof Error && /^E[A-Z0-9]+$/.test((error as NodeJS.ErrnoException).code ?? '');
        if (error instanceof Unreadable || isSystem) throw new BelayError('BELAY_TARGET_UNREACHABLE', (error as Error).message);
        throw error;
      }
    },
  };
}
