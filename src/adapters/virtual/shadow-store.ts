// What triggers in shadow would have done, in memory, on the disk of a world.
import { JOINS, type ShadowDecision, type ShadowMark, shadowKey } from '../../domain/shadow.ts';
import type { ShadowStore } from '../../ports/shadow-store.ts';
import type { VirtualStoreDeps } from './store-tables.ts';
import { copy, partOf } from './store-tables.ts';

export function createVirtualShadowStore({ disk, kill }: Pick<VirtualStoreDeps, 'disk' | 'kill'>): ShadowStore {
  const tables = partOf(disk, 'shadows', () => ({ decisions: new Map<string, ShadowDecision>(), marks: new Map<string, ShadowMark>() }));
  const write = async <T>(method: string, work: () => T): Promise<T> => {
    await kill?.at(`store:${method}:before`);
    const result = copy(work());
    await kill?.at(`store:${method}:after`);
    return result;
  };
  const read = async <T>(work: () => T): Promise<T> => {
    await kill?.gate?.();
    return copy(work());
  };
  return {
    keep: (decision) =>
      write('shadow', () => {
        const key = shadowKey(decision);
        if (!tables.decisions.has(key)) tables.decisions.set(key, copy(decision));
        return null;
      }).then(() => undefined),
    decisions: ({ trigger, episode, since = -Infinity, limit = Infinity, judged = false }) =>
      read(() =>
        [...tables.decisions.values()]
          .filter((one) => !judged || one.reason !== JOINS)
          .filter((one) => (trigger ?? one.trigger) === one.trigger && (episode ?? one.episode) === one.episode && one.at >= since)
          .reverse()
          .slice(0, limit)
          .reverse(),
      ),
    mark: (mark, key) =>
      write('shadow-mark', () => {
        const known = tables.marks.get(key) ?? copy(mark);
        tables.marks.set(key, known);
        return known;
      }),
    marks: ({ trigger, since = -Infinity }) =>
      read(() => [...tables.marks.values()].filter((one) => (trigger ?? one.trigger) === one.trigger && one.since >= since)),
    prune: (before) =>
      write('shadow-prune', () => {
        for (const [key, one] of tables.decisions) if (one.at < before) tables.decisions.delete(key);
        for (const [key, one] of tables.marks) if (one.since < before) tables.marks.delete(key);
        return null;
      }).then(() => undefined),
  } satisfies ShadowStore;
}
