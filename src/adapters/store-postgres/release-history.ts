// Which release was live when, in Postgres: one row a change. How long it counts, the domain says.
import { liveSince } from '../../domain/release-history.ts';
import type { Digest } from '../../ports/digest.ts';
import type { ReleaseHistory } from '../../ports/release-history.ts';
import type { Database } from './connection.ts';
import { fenceOf } from './fence.ts';

interface Row {
  readonly at: number;
  readonly release: string;
  readonly [column: string]: unknown;
}

export function createReleaseHistory(database: Database, digest: Digest): ReleaseHistory {
  return {
    note: (target, release, look) =>
      database.transact(
        async (client) => {
          const { rows } = await client.query<Row>(
            'select at, release from belay.release_live where target = $1 order by at desc limit 1',
            [target],
          );
          const last = rows[0];
          if (last !== undefined && (last.release === release || last.at >= look.at)) return;
          const at = last === undefined ? look.at : liveSince(look, last.at);
          await client.query('insert into belay.release_live (target, at, release) values ($1, $2, $3)', [target, at, release]);
        },
        { fence: fenceOf(digest, `release-live/${target}`) },
      ),
    spans: async (target) => {
      const rows = await database.query<Row>('select at, release from belay.release_live where target = $1 order by at', [target]);
      return rows.map((row, index) => ({ release: row.release, from: row.at, to: rows[index + 1]?.at ?? null }));
    },
  } satisfies ReleaseHistory;
}
