// Content-addressed values in memory, on the disk of a world.
import { BelayError } from '../../domain/errors.ts';
import type { Json } from '../../domain/json.ts';
import type { DocumentStore } from '../../ports/incident-store.ts';
import type { VirtualStoreDeps } from './store-tables.ts';
import { tablesOf } from './store-tables.ts';

export function createVirtualDocumentStore({ disk, digest, kill }: Omit<VirtualStoreDeps, 'time'>): DocumentStore {
  const { documents } = tablesOf(disk);
  return {
    put: async (value) => {
      const hash = digest.of(value);
      await kill?.at('store:put:before');
      if (!documents.has(hash)) documents.set(hash, JSON.stringify(value));
      await kill?.at('store:put:after');
      return hash;
    },
    get: async (hash) => {
      await kill?.gate?.();
      const text = documents.get(hash);
      if (text === undefined) throw new BelayError('BELAY_NOT_FOUND', `there is no document ${hash}`);
      return JSON.parse(text) as Json;
    },
  } satisfies DocumentStore;
}
