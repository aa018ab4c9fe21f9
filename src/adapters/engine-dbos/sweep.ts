// Taking over what dead executors left unfinished. Runs every beat in every process, for ever; one sweeper acts at a time.
import type pg from 'pg';
import { SLEEP_MARK } from './execution.ts';
import { park, requeueRunsOf, VERSION } from './vendor.ts';

export type Notice =
  | { readonly kind: 'taken-over'; readonly run: string; readonly from: string; readonly times: number }
  /** It brought its process down again and again without getting any further. */
  | { readonly kind: 'parked'; readonly run: string; readonly times: number }
  /** Waits for a version of Belay that does not run. */
  | { readonly kind: 'foreign-version'; readonly run: string; readonly version: string }
  /** This process was declared dead; it goes on under a new name. */
  | { readonly kind: 'lease-lost'; readonly executor: string }
  | { readonly kind: 'store-away'; readonly why: string }
  | { readonly kind: 'store-back' };

/** Crashes in a row without a new checkpoint after which a run is parked. */
const MAX_WITHOUT_PROGRESS = 10;
const SWEEP_LOCK = 23_530;

interface Takeover {
  readonly run: string;
  readonly from_executor: string;
  readonly times: number;
  readonly without_progress: number;
}

/** Number of runs that went back to their queue. */
export async function sweep(pool: pg.Pool, executorId: string, notify: (notice: Notice) => void): Promise<number> {
  const client = await pool.connect();
  let broken = true;
  try {
    await client.query('begin');
    // Not held by anybody who died: it ends with the transaction, and works through poolers too.
    const { rows } = await client.query<{ mine: boolean }>(`select pg_try_advisory_xact_lock(${SWEEP_LOCK}) as mine`);
    const moved = rows[0]?.mine === true ? await takeOver(client, executorId, notify) : 0;
    await client.query('commit');
    broken = false;
    return moved;
  } finally {
    client.release(broken);
  }
}

async function takeOver(client: pg.PoolClient, executorId: string, notify: (notice: Notice) => void): Promise<number> {
  const { rows: dead } = await client.query<{ executor_id: string }>(
    `select distinct w.executor_id from dbos.workflow_status w left join belay.lease l using (executor_id)
      where w.status = 'PENDING' and (l.executor_id is null or l.dead_at is not null)`,
  );
  let moved = 0;
  for (const { executor_id: from } of dead) {
    const taken = await record(client, from, executorId);
    const poison = taken.filter((one) => one.without_progress > MAX_WITHOUT_PROGRESS);
    if (poison.length > 0) await park(poison.map((one) => one.run));
    moved += await requeueRunsOf(from);
    for (const one of taken) {
      if (poison.includes(one)) notify({ kind: 'parked', run: one.run, times: one.times });
      else notify({ kind: 'taken-over', run: one.run, from, times: one.times });
    }
  }
  return moved;
}

/**
 * A run that waits (asleep, or at a receive) is not what brought its process down; neither is one of an executor that closed in order.
 */
async function record(client: pg.PoolClient, from: string, to: string): Promise<readonly Takeover[]> {
  const { rows } = await client.query<Takeover>(
    `insert into belay.takeover as t (run, times, checkpoints, without_progress, from_executor, to_executor, at)
     select w.workflow_uuid, 1, made.checkpoints, case when l.closed or last.function_name in ('DBOS.sleep', $3) then 0 else 1 end, $1, $2, now()
       from dbos.workflow_status w
       left join belay.lease l using (executor_id)
       cross join lateral (select count(*) as checkpoints from dbos.operation_outputs o where o.workflow_uuid = w.workflow_uuid) made
       left join lateral (select function_name from dbos.operation_outputs o where o.workflow_uuid = w.workflow_uuid order by function_id desc limit 1) last on true
      where w.status = 'PENDING' and w.executor_id = $1
     on conflict (run) do update set times = t.times + 1, checkpoints = excluded.checkpoints,
       without_progress = case when excluded.without_progress = 0 or excluded.checkpoints > t.checkpoints then excluded.without_progress else t.without_progress + 1 end,
       from_executor = excluded.from_executor, to_executor = excluded.to_executor, at = excluded.at
     returning run, from_executor, times, without_progress`,
    [from, to, SLEEP_MARK],
  );
  return rows;
}

/** Housekeeping and alarms, rarely: dead leases that no run names any more, and runs that wait for a version which is not there. */
export async function lookAround(pool: pg.Pool, notify: (notice: Notice) => void): Promise<void> {
  await pool.query(
    `delete from belay.lease l where l.dead_at < now() - interval '1 day'
        and not exists (select 1 from dbos.workflow_status w where w.executor_id = l.executor_id and w.status = 'PENDING')`,
  );
  const { rows } = await pool.query<{ run: string; version: string }>(
    `select workflow_uuid as run, application_version as version from dbos.workflow_status
      where status in ('PENDING', 'ENQUEUED') and application_version <> $1 and updated_at < (extract(epoch from now()) * 1000)::bigint - 60000`,
    [VERSION],
  );
  for (const row of rows) notify({ kind: 'foreign-version', run: row.run, version: row.version });
}
