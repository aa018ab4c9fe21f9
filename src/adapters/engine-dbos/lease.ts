// The proof that this process lives, by the database's clock: a row that is renewed, and on one host also a session's lock.
// Two acts in this order: declare dead, then take over. Whoever was declared dead learns it at its next renewal and stops.
import type pg from 'pg';
import { connect, end, openPool } from './database.ts';

export interface LeaseOptions {
  readonly databaseUrl: string;
  readonly executorId: string;
  /** One host: a lock that is free proves the death of its holder at once. */
  readonly embedded: boolean;
  readonly leaseMs: number;
  readonly host: string;
  readonly version: string;
}

const LOCK_OF = 'hashtextextended($1, 0)';

export class Lease {
  readonly pool: pg.Pool;
  readonly #o: LeaseOptions;
  #session: pg.Client | null = null;
  #renewedAt = 0;
  #noDeclaringBefore = 0;

  constructor(o: LeaseOptions) {
    this.#o = o;
    this.pool = openPool(o.databaseUrl, 'belay lease');
  }

  async acquire(): Promise<void> {
    // The lock first: a row without its lock would look dead.
    await this.#holdLock();
    await this.pool.query(
      'insert into belay.lease (executor_id, until, host, pid, version) values ($1, now() + $2::interval, $3, $4, $5)',
      [this.#o.executorId, `${this.#o.leaseMs} milliseconds`, this.#o.host, process.pid, this.#o.version],
    );
    this.#renewedAt = performance.now();
  }

  /** False: declared dead; this life must end. */
  async renew(): Promise<boolean> {
    const asked = performance.now();
    const { rowCount } = await this.pool.query(
      'update belay.lease set until = now() + $2::interval where executor_id = $1 and dead_at is null',
      [this.#o.executorId, `${this.#o.leaseMs} milliseconds`],
    );
    // The store was away: everybody gets the time to renew before anybody is declared dead.
    if (asked - this.#renewedAt > this.#o.leaseMs / 2) this.#noDeclaringBefore = performance.now() + this.#o.leaseMs;
    if (rowCount === 0) return false;
    this.#renewedAt = asked;
    if (this.#session === null) await this.#holdLock();
    return true;
  }

  /** Half a lease without a renewal: no new step until the next one. */
  get isInDoubt(): boolean {
    return performance.now() - this.#renewedAt > this.#o.leaseMs / 2;
  }

  /** Asked of the database itself: our own clock may have stood still. */
  async isValid(): Promise<boolean> {
    const { rowCount } = await this.pool.query('select 1 from belay.lease where executor_id = $1 and dead_at is null and until > now()', [
      this.#o.executorId,
    ]);
    return rowCount === 1;
  }

  /** Declares dead whoever is provably gone. */
  async declareDead(): Promise<void> {
    if (this.#o.embedded) await this.#declareByLock();
    if (performance.now() < this.#noDeclaringBefore) return;
    await this.pool.query('update belay.lease set dead_at = now() where dead_at is null and until <= now()');
  }

  /** An orderly end: what runs moves on at once. */
  async release(): Promise<void> {
    await this.pool.query('update belay.lease set dead_at = now(), closed = true where executor_id = $1 and dead_at is null', [
      this.#o.executorId,
    ]);
    await this.drop();
  }

  /** Without a word to the database. */
  async drop(): Promise<void> {
    const session = this.#session;
    this.#session = null;
    if (session !== null) await end(session);
    await this.pool.end();
  }

  async #holdLock(): Promise<void> {
    if (!this.#o.embedded) return;
    const session = await connect(this.#o.databaseUrl, 'belay life', () => {
      if (this.#session === session) this.#session = null;
    });
    await session.query(`select pg_advisory_lock(${LOCK_OF})`, [this.#o.executorId]);
    this.#session = session;
  }

  async #declareByLock(): Promise<void> {
    const { rows } = await this.pool.query<{ executor_id: string; pid: number; young: boolean }>(
      `select executor_id, pid, now() - pg_postmaster_start_time() < $2::interval as young
         from belay.lease where dead_at is null and executor_id <> $1`,
      [this.#o.executorId, `${this.#o.leaseMs} milliseconds`],
    );
    for (const row of rows) {
      // Right after a restart of the database nobody holds a lock yet: then only a process that is gone is dead.
      if (row.young && isProcess(row.pid)) continue;
      await this.pool.query(
        `with free as (select pg_try_advisory_xact_lock(${LOCK_OF}) as is_free)
         update belay.lease set dead_at = now() from free where is_free and executor_id = $1 and dead_at is null`,
        [row.executor_id],
      );
    }
  }
}

function isProcess(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
