// Freezes of scopes in memory, on the disk of a world.
import type { ScopeFreeze } from '../../domain/scope-freeze.ts';
import type { Freezes } from '../../ports/freezes.ts';
import type { VirtualStoreDeps } from './store-tables.ts';
import { copy, partOf } from './store-tables.ts';

export function createVirtualFreezes({ disk, kill }: Pick<VirtualStoreDeps, 'disk' | 'kill'>): Freezes {
  const held = partOf(disk, 'freezes', () => new Map<string, ScopeFreeze>());
  const write = async <T>(method: string, work: () => T): Promise<T> => {
    await kill?.at(`store:${method}:before`);
    const result = work();
    await kill?.at(`store:${method}:after`);
    return result;
  };
  return {
    list: async () => {
      await kill?.gate?.();
      return copy([...held.values()].toSorted((a, b) => (a.scope < b.scope ? -1 : 1)));
    },
    set: (freeze) =>
      write('freeze', () => {
        const before = held.get(freeze.scope);
        if (before !== undefined) return JSON.stringify(before) === JSON.stringify(freeze);
        held.set(freeze.scope, copy(freeze));
        return true;
      }),
    lift: (scope, at) => write('thaw', () => held.get(scope)?.at === at && held.delete(scope)),
  } satisfies Freezes;
}
