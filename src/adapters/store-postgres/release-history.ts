// Which release was live when, in Postgres: one row a change or gap, which says until when it was seen, one row a smoke test, and one a release with
// what surrounded it. How long it counts, the domain says.
import type { SmokeProof } from '../../domain/deploy-policy.ts';
import { isUnbroken, liveSince } from '../../domain/release-history.ts';
import type { Surroundings } from '../../domain/surroundings.ts';
import type { Digest } from '../../ports/digest.ts';
import type { ReleaseHistory } from '../../ports/release-history.ts';
import type { Database } from './connection.ts';
import { fenceOf } from './fence.ts';

interface Row {
  readonly at: number;
  readonly release: string;
  readonly seen_at: number;
  readonly [column: string]: unknown;
}

type Proof = SmokeProof & { readonly [column: string]: unknown };

export function createReleaseHistory(database: Database, digest: Digest): ReleaseHistory {
  return {
    note: (target, release, look) =>
      database.transact(
        async (client) => {
          const { rows } = await client.query<Row>(
            'select at, release, seen_at from belay.release_live where target = $1 order by at desc limit 1',
            [target],
          );
          const last = rows[0];
          if (last !== undefined && (last.seen_at > look.at || last.at >= look.at)) return;
          if (last !== undefined && last.release === release && isUnbroken(last.seen_at, look.at)) {
            await client.query('update belay.release_live set seen_at = $3 where target = $1 and at = $2', [target, last.at, look.at]);
            return;
          }
          const at = last === undefined || last.release === release ? look.at : liveSince(look, last.seen_at);
          const row = [target, at, release, look.at];
          await client.query('insert into belay.release_live (target, at, release, seen_at) values ($1, $2, $3, $4)', row);
        },
        { fence: fenceOf(digest, `release-live/${target}`) },
      ),
    spans: async (target) => {
      const rows = await database.query<Row>('select at, release, seen_at from belay.release_live where target = $1 order by at', [target]);
      return rows.map((row) => ({ release: row.release, from: row.at, seenAt: row.seen_at }));
    },
    prove: (target, { release, since, at, result, why }) =>
      database.transact(
        async (client) => {
          await client.query(
            `insert into belay.release_smoke (target, release, since, at, result, why) values ($1, $2, $3, $4, $5, $6)
             on conflict (target, release, since) do update set at = excluded.at, result = excluded.result, why = excluded.why`,
            [target, release, since, at, result, why],
          );
        },
        { fence: fenceOf(digest, `release-smoke/${target}`) },
      ),
    proofs: (target) =>
      database.query<Proof>('select release, since, at, result, why from belay.release_smoke where target = $1 order by since, at', [
        target,
      ]),
    keep: (target, release, seen) =>
      database.transact(
        async (client) => {
          await client.query(
            `insert into belay.release_surroundings (target, release, seen) values ($1, $2, $3)
             on conflict (target, release) do update set seen = excluded.seen where release_surroundings.seen <> excluded.seen`,
            [target, release, JSON.stringify(seen)],
          );
        },
        { fence: fenceOf(digest, `release-surroundings/${target}`) },
      ),
    surroundings: async (target, release) => {
      const rows = await database.query<{ readonly seen: string; readonly [column: string]: unknown }>(
        'select seen from belay.release_surroundings where target = $1 and release = $2',
        [target, release],
      );
      return rows[0] === undefined ? null : (JSON.parse(rows[0].seen) as Surroundings);
    },
  } satisfies ReleaseHistory;
}
