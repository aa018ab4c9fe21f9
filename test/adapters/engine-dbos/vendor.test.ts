// What the adapter takes for granted of the library below: columns, versions, queues and internal paths. An upgrade that moves one fails here.
import { wfQueueRunner } from '@dbos-inc/dbos-sdk/internal/wfqueue';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDbosEngine } from '../../../src/adapters/engine-dbos/index.ts';
import type { Engine } from '../../../src/ports/engine.ts';
import type { TestPostgres } from '../../world/parts/embedded-store.ts';
import { openTestPostgres } from '../../world/parts/embedded-store.ts';

let store: TestPostgres;
let engine: Engine;
let client: pg.Client;

beforeAll(async () => {
  store = await openTestPostgres();
  engine = createDbosEngine({ databaseUrl: store.url, embedded: true, version: '1.2.3' });
  await engine.open({
    waits: async (context) => {
      const started = await context.now();
      return context.receive('go', started + 600_000);
    },
  });
  client = new pg.Client({ connectionString: store.url });
  await client.connect();
});

afterAll(async () => {
  await client.end();
  await engine.close();
  await store.remove();
});

async function rowOf(id: string): Promise<Record<string, unknown> | undefined> {
  const columns = 'status, executor_id, queue_name, queue_partition_key, application_version, recovery_attempts';
  return (await client.query<Record<string, unknown>>(`select ${columns} from dbos.workflow_status where workflow_uuid = $1`, [id]))
    .rows[0];
}

test('a run carries the constant version, its queue and its key, and a resumed one still does', async () => {
  await engine.start('waits', null, { id: 'kept', key: 'acme' });
  const expected = { status: 'PENDING', queue_name: 'belay', queue_partition_key: 'acme', application_version: 'PATCHING_ENABLED' };
  await expect.poll(() => rowOf('kept')).toMatchObject(expected);
  await engine.cancel('kept');
  expect(await rowOf('kept')).toMatchObject({ status: 'CANCELLED' });
  await engine.resume('kept');
  await expect.poll(() => rowOf('kept')).toMatchObject(expected);
  await engine.signal('kept', 'go', 'on', 'go');
  expect(await engine.result('kept')).toBe('on');
});

test('the queue can be looked into at once', () => {
  expect(typeof (wfQueueRunner as unknown as Record<string, unknown>)['pollQueue']).toBe('function');
});

test('the lease names executor, process and version, and a lease declared dead forbids acts at once', async () => {
  const { rows } = await client.query<{ pid: number; version: string }>('select pid, version from belay.lease where dead_at is null');
  expect(rows).toEqual([{ pid: process.pid, version: '1.2.3' }]);
  expect(await engine.mayAct()).toBe(true);
  await client.query('update belay.lease set dead_at = now()');
  expect(await engine.mayAct()).toBe(false);
  // The next beat notices; the engine comes back under a new name.
  await expect.poll(() => engine.mayAct(), { timeout: 15_000 }).toBe(true);
  expect((await client.query('select 1 from belay.lease where dead_at is null')).rowCount).toBe(1);
});

test('a second engine of one process, a store that is not there and a closed engine are told at once', async () => {
  const second = createDbosEngine({ databaseUrl: 'postgresql://postgres@localhost/belay?host=/nowhere', embedded: true });
  await expect(second.open({})).rejects.toThrow(/open in this process already/);
  await engine.close();
  await expect(second.open({})).rejects.toMatchObject({ code: 'BELAY_STORE_UNAVAILABLE', effect: 'none' });
  await expect(engine.start('waits', null, { id: 'late' })).rejects.toMatchObject({ code: 'BELAY_STORE_UNAVAILABLE' });
  expect(await engine.mayAct()).toBe(false);
});
