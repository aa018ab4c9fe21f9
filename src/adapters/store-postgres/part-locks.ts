// Locks of the parts of fan-outs and of calls, in Postgres. Runs and parts look and take behind one advisory lock (see its migration).
import type { PartLocks } from '../../ports/part-locks.ts';
import type { Database } from './connection.ts';

interface Row {
  readonly holder: string;
  readonly incident: string;
  readonly token: string;
  readonly since: string;
}

const MOST_USES = 100;

export function createPartLocks(database: Database): PartLocks {
  return {
    take: (lock, { holder, incident }) =>
      database.transact(async (client) => {
        await client.query(`select pg_advisory_xact_lock(hashtextextended('belay part ' || $1::text, 0))`, [lock]);
        const run = await client.query('select 1 from belay.incident where run_lock = $1 and id <> $2', [lock, incident]);
        if ((run.rowCount ?? 0) > 0) return false;
        const { rows } = await client.query<{ holder: string }>(
          `with had as (insert into belay.part_lock (lock, holder, incident) values ($1, $2, $3)
             on conflict (lock) do update set lock = excluded.lock returning holder, token),
           used as (insert into belay.lock_use (lock, incident, token) select $1, $3, token from had where holder = $2
             on conflict (lock, incident) do update set token = excluded.token)
           select holder from had`,
          [lock, holder, incident],
        );
        return rows[0]?.holder === holder;
      }),
    release: async ({ incident, holders }) => {
      await database.query(
        `delete from belay.part_lock where incident = $1 and ($2::text[] is null or holder = any ($2)
           or exists (select 1 from unnest($2::text[]) as above where starts_with(holder, above || '/')))`,
        [incident, holders ?? null],
      );
    },
    find: async (lock) => {
      const [row] = await database.query<Row>(
        'select holder, incident, token, extract(epoch from taken_at) * 1000 as since from belay.part_lock where lock = $1',
        [lock],
      );
      return row === undefined ? null : { ...row, token: Number(row.token), since: Math.round(Number(row.since)) };
    },
    uses: async (lock) => {
      const rows = await database.query<Pick<Row, 'incident' | 'token'>>(
        `select incident, token from belay.lock_use where lock = $1 order by token desc limit ${MOST_USES}`,
        [lock],
      );
      return rows.map(({ incident, token }) => ({ incident, token: Number(token) }));
    },
  } satisfies PartLocks;
}
