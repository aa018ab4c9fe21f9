// Real stores for tests: one Postgres a file, one migrated database a test, processes that can be killed.

import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { openStore, type Store } from '../../../src/adapters/store-postgres/index.ts';
import type { Time } from '../../../src/ports/time.ts';
import type { MakeStore, StoreUnderTest } from '../../contracts/store-kit.ts';
import { createFakeDigest } from '../../world/fakes/digest.ts';
import type { PostgresPart } from '../../world/parts/postgres.ts';

export const digest = createFakeDigest();

/** A clock that tests set, over real waiting: what waits here are connections. */
export function settableTime(startMs = 1_000): Time & { set(at: number): void } {
  let now = startMs;
  return {
    now: () => now,
    set: (at) => {
      now = at;
    },
    monotonicMs: () => performance.now(),
    sleep: (ms, signal) => wait(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined),
    uuid: randomUUID,
  };
}

const TEMPLATE = 'migrated';

export async function migratedTemplate(postgres: PostgresPart): Promise<void> {
  const store = openStore({ databaseUrl: await postgres.createDatabase(TEMPLATE), digest, time: settableTime() });
  await store.migrate();
  await store.close();
}

let databases = 0;
export async function freshDatabase(postgres: PostgresPart): Promise<string> {
  databases += 1;
  return postgres.createDatabase(`test_${databases}`, TEMPLATE);
}

export function makePostgresStore(postgres: () => PostgresPart): MakeStore {
  return async (): Promise<StoreUnderTest> => {
    const databaseUrl = await freshDatabase(postgres());
    const time = settableTime();
    const open: Store[] = [];
    const live = (): Store => {
      const store = openStore({ databaseUrl, digest, time, poolSize: 4 });
      open.push(store);
      return store;
    };
    return {
      ...live(),
      digest,
      now: time.now,
      setNow: time.set,
      another: async () => {
        const other = live();
        // A closed store is gone as a killed process is: its sessions end, its rows stay.
        return { ...other, die: () => other.close() };
      },
      close: async () => {
        await Promise.all(open.map((store) => store.close()));
      },
    };
  };
}

export async function sql<T extends pg.QueryResultRow>(databaseUrl: string, text: string, values: unknown[] = []): Promise<T[]> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    return (await client.query<T>(text, values)).rows;
  } finally {
    await client.end();
  }
}
