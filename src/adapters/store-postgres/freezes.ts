// Freezes of scopes in Postgres: one row each while it holds. What a freeze means is the domain's business.
import type { ScopeFreeze } from '../../domain/scope-freeze.ts';
import type { Digest } from '../../ports/digest.ts';
import type { Freezes } from '../../ports/freezes.ts';
import type { Database } from './connection.ts';
import { fenceOf } from './fence.ts';

export function createFreezes(database: Database, digest: Digest): Freezes {
  return {
    list: async () => {
      const rows = await database.query<{ body: ScopeFreeze }>('select body from belay.freeze order by scope collate "C"');
      return rows.map((row) => row.body);
    },
    set: (freeze) =>
      database.transact(
        async (client) => {
          const { rows } = await client.query<{ body: ScopeFreeze }>('select body from belay.freeze where scope = $1', [freeze.scope]);
          // Ours, where an earlier try of this very call was committed after all.
          if (rows[0] !== undefined) return JSON.stringify(rows[0].body) === JSON.stringify(freeze);
          await client.query('insert into belay.freeze (scope, at, body) values ($1, $2, $3)', [
            freeze.scope,
            freeze.at,
            JSON.stringify(freeze),
          ]);
          return true;
        },
        { fence: fenceOf(digest, `freeze/${freeze.scope}`) },
      ),
    lift: async (scope, at) =>
      (await database.query('delete from belay.freeze where scope = $1 and at = $2 returning scope', [scope, at])).length > 0,
  } satisfies Freezes;
}
