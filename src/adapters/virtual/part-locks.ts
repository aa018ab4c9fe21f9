// Locks of the parts of fan-outs in memory, on the disk of a world; the locks of runs are those of the virtual incident store.
import type { PartLocks } from '../../ports/part-locks.ts';
import type { VirtualStoreDeps } from './store-tables.ts';
import { lockUsesOn, partLocksOn, tablesOf, useLock } from './store-tables.ts';

const isOf = (holder: string, holders: readonly string[] | undefined): boolean =>
  holders === undefined || holders.some((one) => holder === one || holder.startsWith(`${one}/`));

export function createVirtualPartLocks({
  disk,
  kill,
  time,
}: Pick<VirtualStoreDeps, 'disk' | 'kill'> & Partial<Pick<VirtualStoreDeps, 'time'>>): PartLocks {
  const held = partLocksOn(disk);
  const tables = tablesOf(disk);
  const write = async <T>(method: string, work: () => T): Promise<T> => {
    await kill?.at(`store:${method}:before`);
    const result = work();
    await kill?.at(`store:${method}:after`);
    return result;
  };
  return {
    take: (lock, { holder, incident }) =>
      write('take-lock', () => {
        const isRun = [...tables.incidents.values()].some((row) => row.incident.lock === lock && row.incident.id !== incident);
        if (isRun) return false;
        if (!held.has(lock)) held.set(lock, { holder, incident, token: useLock(disk, lock, incident), since: time?.now() ?? 0 });
        return held.get(lock)?.holder === holder;
      }),
    release: ({ incident, holders }) =>
      write('release-lock', () => {
        for (const [lock, by] of held) if (by.incident === incident && isOf(by.holder, holders)) held.delete(lock);
      }),
    find: async (lock) => {
      await kill?.gate?.();
      return held.get(lock) ?? null;
    },
    uses: async (lock) => {
      await kill?.gate?.();
      const uses = [...(lockUsesOn(disk).get(lock) ?? [])].map(([incident, token]) => ({ incident, token }));
      return uses.toSorted((a, b) => b.token - a.token).slice(0, 100);
    },
  } satisfies PartLocks;
}
