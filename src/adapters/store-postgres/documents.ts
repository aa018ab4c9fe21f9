// Content-addressed values in Postgres.
import { BelayError } from '../../domain/errors.ts';
import type { Json } from '../../domain/json.ts';
import type { Digest } from '../../ports/digest.ts';
import type { DocumentStore } from '../../ports/incident-store.ts';
import type { Database } from './connection.ts';

export function createDocumentStore(database: Database, digest: Digest): DocumentStore {
  return {
    put: async (value) => {
      const hash = digest.of(value);
      await database.query('insert into belay.document (hash, body) values ($1, $2) on conflict do nothing', [hash, JSON.stringify(value)]);
      return hash;
    },
    get: async (hash) => {
      const [row] = await database.query<{ body: Json }>('select body from belay.document where hash = $1', [hash]);
      if (row === undefined) throw new BelayError('BELAY_NOT_FOUND', `there is no document ${hash}`);
      return row.body;
    },
  } satisfies DocumentStore;
}
