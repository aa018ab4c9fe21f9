// Which release was live when, in memory, on the disk of a world.
import type { ReleaseHistory } from '../../../src/ports/release-history.ts';
import type { FakeStoreDeps } from './store-tables.ts';
import { partOf } from './store-tables.ts';

export function createFakeReleaseHistory({ disk, kill }: Pick<FakeStoreDeps, 'disk' | 'kill'>): ReleaseHistory {
  const rows = partOf(disk, 'releases-live', () => [] as { target: string; release: string; at: number }[]);
  const of = (target: string) => rows.filter((row) => row.target === target);
  return {
    note: async (target, release, at) => {
      await kill?.gate?.();
      const last = of(target).at(-1);
      if (last === undefined || (last.release !== release && last.at < at)) rows.push({ target, release, at });
    },
    spans: async (target) => {
      await kill?.gate?.();
      return of(target).map((row, index, all) => ({ release: row.release, from: row.at, to: all[index + 1]?.at ?? null }));
    },
  } satisfies ReleaseHistory;
}
