// Which release was live when, in memory, on the disk of a world.
import { liveSince } from '../../../src/domain/release-history.ts';
import type { ReleaseHistory } from '../../../src/ports/release-history.ts';
import type { FakeStoreDeps } from './store-tables.ts';
import { partOf } from './store-tables.ts';

export function createFakeReleaseHistory({ disk, kill }: Pick<FakeStoreDeps, 'disk' | 'kill'>): ReleaseHistory {
  const rows = partOf(disk, 'releases-live', () => [] as { target: string; release: string; at: number }[]);
  const of = (target: string) => rows.filter((row) => row.target === target);
  return {
    note: async (target, release, look) => {
      await kill?.gate?.();
      const last = of(target).at(-1);
      if (last !== undefined && (last.release === release || last.at >= look.at)) return;
      rows.push({ target, release, at: last === undefined ? look.at : liveSince(look, last.at) });
    },
    spans: async (target) => {
      await kill?.gate?.();
      return of(target).map((row, index, all) => ({ release: row.release, from: row.at, to: all[index + 1]?.at ?? null }));
    },
  } satisfies ReleaseHistory;
}
