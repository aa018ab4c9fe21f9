// What triggers in shadow would have done, in Postgres: rows that are written once. What they mean is the domain's business.
import { JOINS, type ShadowDecision, type ShadowMark, shadowKey } from '../../domain/shadow.ts';
import type { Digest } from '../../ports/digest.ts';
import type { ShadowStore } from '../../ports/shadow-store.ts';
import type { Database } from './connection.ts';
import { fenceOf } from './fence.ts';

export function createShadowStore(database: Database, digest: Digest): ShadowStore {
  return {
    keep: async (decision) => {
      const { trigger, episode, at, reason } = decision;
      await database.query(
        'insert into belay.shadow_decision (key, trigger, episode, at, judged, body) values ($1, $2, $3, $4, $5, $6) on conflict (key) do nothing',
        [shadowKey(decision), trigger, episode, at, reason !== JOINS, JSON.stringify(decision)],
      );
    },
    decisions: async ({ trigger, episode, since, limit, judged = false }) => {
      const rows = await database.query<{ body: ShadowDecision }>(
        `select body from belay.shadow_decision
         where ($1::text is null or trigger = $1) and ($2::text is null or episode = $2) and ($3::float8 is null or at >= $3)
           and (not $5::boolean or judged)
         order by id desc limit $4`,
        [trigger ?? null, episode ?? null, since ?? null, limit ?? null, judged],
      );
      return rows.map((row) => row.body).toReversed();
    },
    mark: (mark, key) =>
      database.transact(
        async (client) => {
          await client.query(
            'insert into belay.shadow_mark (key, trigger, since, body) values ($1, $2, $3, $4) on conflict (key) do nothing',
            [key, mark.trigger, mark.since, JSON.stringify(mark)],
          );
          const { rows } = await client.query<{ body: ShadowMark }>('select body from belay.shadow_mark where key = $1', [key]);
          return rows[0]?.body ?? mark;
        },
        { fence: fenceOf(digest, `shadow-mark/${key}`) },
      ),
    marks: async ({ trigger, since }) => {
      const rows = await database.query<{ body: ShadowMark }>(
        `select body from belay.shadow_mark
         where ($1::text is null or trigger = $1) and ($2::float8 is null or since >= $2) order by id`,
        [trigger ?? null, since ?? null],
      );
      return rows.map((row) => row.body);
    },
    prune: async (before) => {
      await database.query('delete from belay.shadow_decision where at < $1', [before]);
      await database.query('delete from belay.shadow_mark where since < $1', [before]);
    },
  } satisfies ShadowStore;
}
