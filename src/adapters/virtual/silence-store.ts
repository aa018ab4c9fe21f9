// Silences in memory, on the disk of a world.
import { ended, endOf, type Silence } from '../../domain/silence.ts';
import type { SilenceStore } from '../../ports/silence-store.ts';
import type { VirtualStoreDeps } from './store-tables.ts';
import { copy, partOf } from './store-tables.ts';

export function createVirtualSilenceStore({ disk, kill }: Pick<VirtualStoreDeps, 'disk' | 'kill'>): SilenceStore {
  const tables = partOf(disk, 'silences', () => ({ silences: new Map<string, Silence>(), keys: new Map<string, string>() }));
  const write = async <T>(method: string, work: () => T): Promise<T> => {
    await kill?.at(`store:${method}:before`);
    const result = copy(work());
    await kill?.at(`store:${method}:after`);
    return result;
  };
  return {
    add: (draft, key) =>
      write('silence', () => {
        const known = tables.silences.get(tables.keys.get(key) ?? '');
        if (known !== undefined) return known;
        const silence: Silence = { ...copy(draft), id: `SIL-${tables.silences.size + 1}`, ended: null };
        tables.silences.set(silence.id, silence);
        tables.keys.set(key, silence.id);
        return silence;
      }),
    end: (id, { by, at }) =>
      write('end-silence', () => {
        const before = tables.silences.get(id);
        if (before === undefined) return null;
        const after = ended(before, by, at);
        tables.silences.set(id, after);
        return after;
      }),
    list: async ({ endingAfter }) => {
      await kill?.gate?.();
      return copy([...tables.silences.values()].filter((one) => endOf(one) > endingAfter));
    },
  } satisfies SilenceStore;
}
