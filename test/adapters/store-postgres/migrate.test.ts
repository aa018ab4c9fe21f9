// Migrations: once each, one process at a time, never over what another version did.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openStore } from '../../../src/adapters/store-postgres/index.ts';
import { migrate, readMigrations } from '../../../src/adapters/store-postgres/migrate.ts';
import { BelayError } from '../../../src/domain/errors.ts';
import { opening } from '../../contracts/store-kit.ts';
import { type PostgresPart, startPostgres } from '../../world/parts/postgres.ts';
import { digest, settableTime, sql } from './kit.ts';

let postgres: PostgresPart;
beforeAll(async () => {
  postgres = await startPostgres();
}, 60_000);
afterAll(() => postgres.stop());

const versions = async (url: string): Promise<number[]> =>
  (await sql<{ version: number }>(url, 'select version from belay.migration order by version')).map((row) => row.version);

test('the files are numbered from 1 without a gap and hold no unlogged table', () => {
  const migrations = readMigrations();
  expect(migrations.map((one) => one.version)).toEqual(migrations.map((_, index) => index + 1));
  // A comment may speak of them.
  for (const one of migrations) expect(one.sql.replaceAll(/--.*/g, ''), one.name).not.toMatch(/unlogged/i);
});

for (const round of [1, 2, 3]) {
  test(`four processes that migrate a missing database at once all succeed and leave each migration once (round ${round})`, async () => {
    const url = postgres.urlOf(`cold_${round}`);
    const stores = Array.from({ length: 4 }, () => openStore({ databaseUrl: url, digest, time: settableTime() }));
    await Promise.all(stores.map((store) => store.migrate()));
    expect(await versions(url)).toEqual(readMigrations().map((one) => one.version));
    const opened = await Promise.all(stores.map((store, index) => store.incidents.declare(`f${index}`, opening(`f${index}`))));
    expect(new Set(opened.map((one) => one.incident.number)).size).toBe(4);
    await Promise.all(stores.map((store) => store.close()));
  });
}

test('migrating again changes nothing, and only what is missing is run', async () => {
  const url = await postgres.createDatabase('twice');
  const all = readMigrations();
  expect((await migrate(url, digest, all.slice(0, 3))).map((one) => one.version)).toEqual([1, 2, 3]);
  expect((await migrate(url, digest, all)).map((one) => one.version)).toEqual(all.slice(3).map((one) => one.version));
  expect(await migrate(url, digest, all)).toEqual([]);
});

test('a migration that fails leaves nothing of itself and keeps those before it', async () => {
  const url = await postgres.createDatabase('failing');
  const [first] = readMigrations();
  const broken = { version: 2, name: 'broken', sql: 'create table belay.half (id int); select 1 / 0' };
  await expect(migrate(url, digest, [first as never, broken])).rejects.toThrow(/division by zero/);
  expect(await versions(url)).toEqual([1]);
  expect(await sql(url, `select 1 from pg_tables where schemaname = 'belay' and tablename = 'half'`)).toEqual([]);
  await migrate(url, digest, readMigrations());
});

test('a store that a newer version has changed is refused', async () => {
  const url = await postgres.createDatabase('newer');
  const all = readMigrations();
  await migrate(url, digest, [...all, { version: all.length + 1, name: 'future', sql: 'select 1' }]);
  await expect(migrate(url, digest, all)).rejects.toSatisfy(
    (error) => BelayError.is(error, 'BELAY_STORE_UNSUPPORTED') && error.hint !== undefined,
  );
});

test('an applied migration that was edited afterwards is refused', async () => {
  const url = await postgres.createDatabase('edited');
  const all = readMigrations();
  await migrate(url, digest, all);
  const edited = all.map((one) => (one.version === 2 ? { ...one, sql: `${one.sql}\n-- touched` } : one));
  await expect(migrate(url, digest, edited)).rejects.toSatisfy(
    (error) => BelayError.is(error, 'BELAY_STORE_UNSUPPORTED') && /migration 2/.test(error.message),
  );
});

test('where no Postgres answers the store is unavailable, with nothing done', async () => {
  const url = 'postgresql://postgres@localhost/belay?host=/nonexistent/belay';
  await expect(migrate(url, digest)).rejects.toSatisfy(
    (error) => BelayError.is(error, 'BELAY_STORE_UNAVAILABLE') && error.effect === 'none',
  );
});

test('a store of before whose incidents hold characters that no text of it can hold is brought to this version', async () => {
  const url = await postgres.createDatabase('nul');
  const all = readMigrations();
  await migrate(url, digest, all.slice(0, 13));
  const projection = {
    trigger: 'errors',
    scope: { orgs: ['acme', 'a\u0000b'] },
    run: 'r1',
    steps: { one: { status: 'done', endedAt: 500 }, two: { status: 'failed', endedAt: 900 } },
    notes: ['said\u0000so', '\\u0000', 'half \ud83d'],
  };
  await sql(
    url,
    `insert into belay.incident (id, number, kind, severity, phase, open, fingerprint, declare_key, seq, head, projection)
     values ('INC-1', 1, 'real', 'P1', 'triage', true, 'errors/acme', 'k', 1, $2, $1)`,
    [JSON.stringify(projection), '0'.repeat(64)],
  );
  await migrate(url, digest, all);
  const [row] = await sql<{ trigger: string; orgs: string[]; run: string; done_at: number; projection: unknown }>(
    url,
    'select trigger, orgs, run, done_at, projection from belay.incident',
  );
  expect(row).toEqual({ trigger: 'errors', orgs: ['acme', 'a\ufffdb'], run: 'r1', done_at: 500, projection });
});
