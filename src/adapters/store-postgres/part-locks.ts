// Locks of the parts of fan-outs, in Postgres. Runs and parts look and take behind one advisory lock (see its migration).
import type { PartLocks } from '../../ports/part-locks.ts';
import type { Database } from './connection.ts';

export function createPartLocks(database: Database): PartLocks {
  return {
    take: (lock, { holder, incident }) =>
      database.transact(async (client) => {
        await client.query(`select pg_advisory_xact_lock(hashtextextended('belay part ' || $1::text, 0))`, [lock]);
        const run = await client.query('select 1 from belay.incident where run_lock = $1 and id <> $2', [lock, incident]);
        if ((run.rowCount ?? 0) > 0) return false;
        const { rows } = await client.query<{ holder: string }>(
          `insert into belay.part_lock (lock, holder, incident) values ($1, $2, $3)
           on conflict (lock) do update set lock = excluded.lock returning holder`,
          [lock, holder, incident],
        );
        return rows[0]?.holder === holder;
      }),
    release: async ({ incident, holder }) => {
      await database.query('delete from belay.part_lock where incident = $1 and ($2::text is null or holder = $2)', [
        incident,
        holder ?? null,
      ]);
    },
    isHeld: async (lock) => (await database.query('select 1 from belay.part_lock where lock = $1', [lock])).length > 0,
  } satisfies PartLocks;
}
