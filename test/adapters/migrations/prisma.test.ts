// `prisma migrate resolve` by the contract of its command line, on a real Postgres: Prisma's own engines are not to be had here. The
// stand-in on PATH writes down how it was called, and does to the table what the real one does.
import { chmodSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type PostgresPart, startPostgres } from '../../world/parts/postgres.ts';
import { openService, type Service, step } from './kit.ts';

const NODE = path.dirname(process.execPath);
const PG = path.join(import.meta.dirname, '../../../node_modules/pg/lib/index.js');

let postgres: PostgresPart;
const open: Service[] = [];
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres.stop());
afterEach(async () => {
  for (const one of open.splice(0)) {
    await one.sql('drop schema public cascade; create schema public');
    await one.close();
  }
});

const TABLE = `create table contact (id int, nick text);
  create table _prisma_migrations (id text, migration_name text, started_at timestamptz, finished_at timestamptz, rolled_back_at timestamptz);
  insert into _prisma_migrations values ('a', '1_a', now() - interval '3 h', now(), null), ('b', '2_b', now() - interval '1 h', null, null)`;
const FILES = {
  'prisma/migrations/1_a/migration.sql': 'create table contact (id int)',
  'prisma/migrations/2_b/migration.sql': 'alter table contact add column nick text',
  'prisma/migrations/2_b/down.sql': 'alter table contact drop column nick',
};
/** P3012 is what the real one says of one that did end. */
const CLI = `#!/usr/bin/env node
const fs = require('node:fs');
const pg = require(${JSON.stringify(PG)});
const argv = process.argv.slice(2);
fs.appendFileSync('calls', JSON.stringify({ argv, cwd: process.cwd(), address: process.env.DATABASE_URL }) + '\\n');
if (argv.length !== 4 || argv[0] !== 'migrate' || argv[1] !== 'resolve') process.exit(9);
if (process.env.LIES === 'yes') { console.log('Migration marked as rolled back.'); process.exit(0); }
(async () => {
  const client = new pg.Client({ connectionString: process.env.DATABASE_URL });
  await client.connect();
  const { rowCount } = await client.query('update _prisma_migrations set rolled_back_at = now() where migration_name = $1 and finished_at is null and rolled_back_at is null', [argv[3]]);
  if (argv[2] === '--applied') await client.query('insert into _prisma_migrations values ($1, $2, now(), now(), null)', ['new', argv[3]]);
  await client.end();
  if (rowCount === 0 && argv[2] === '--rolled-back') { console.error('Error: P3012 Migration cannot be rolled back because it is not in a failed state.'); process.exit(1); }
})();
`;
const RESOLVE = (as: string, from = '{release.current}'): string =>
  step(
    'settle',
    `do db.resolve\nwith: { database: crm, migration: 2_b, as: ${as}, from: "${from}" }\nirreversible: the line says so from then on`,
  );

async function crm(steps: string, more: Readonly<Record<string, string>> = {}): Promise<Service> {
  const env = Object.entries({ PATH: `${NODE}:/usr/bin:/bin`, ...more }).map(([name, value]) => `${name}: "${value}"`);
  const service = await openService(postgres.url, {
    database: `driver: prisma\nartefact: service/releases/{release}\ntarget: api\ncommand: [./prisma-cli]\nenvironment: { ${env.join(', ')} }`,
    releases: {
      v1: { 'prisma/migrations/1_a/migration.sql': 'create table contact (id int)', 'prisma-cli': CLI },
      v2: { ...FILES, 'prisma-cli': CLI },
    },
    steps,
  });
  open.push(service);
  for (const release of ['v1', 'v2']) chmodSync(path.join(service.folder, 'service/releases', release, 'prisma-cli'), 0o755);
  await service.sql(TABLE);
  return service;
}

const callsOf = (service: Service): readonly { readonly argv: readonly string[]; readonly address: string }[] => {
  try {
    const lines = readFileSync(path.join(service.folder, 'service/releases/v2/calls'), 'utf8').trim().split('\n');
    return lines.map((line) => JSON.parse(line) as { argv: string[]; address: string });
  } catch {
    return [];
  }
};

describe('a migration of Prisma that began and did not end', () => {
  it.each([
    ['rolled-back', '--rolled-back'],
    ['applied', '--applied'],
  ])('is settled as %s by the program of the release that is live, once', async (as, option) => {
    const service = await crm(RESOLVE(as));
    expect(service.told).toEqual([]);
    const planned = await service.plan();
    expect(planned.steps[0]).toMatchObject({ current: 'unfinished', desired: as, args: { from: 'v2' }, compareAndSet: 'none' });
    expect(await service.play(planned)).toMatchObject([{ status: 'done', current: as }]);
    expect(callsOf(service)).toMatchObject([{ argv: ['migrate', 'resolve', option, '2_b'], address: postgres.url }]);
    expect(await service.play(planned)).toMatchObject([{ status: 'noop' }]);
    expect(callsOf(service)).toHaveLength(1);
  });

  it('that is settled as applied can then go back by its file', async () => {
    const down = step(
      'down',
      'do db.migrateDown\nwith: { database: crm, to: 1_a, from: "{release.current}" }\nirreversible: the nicknames go',
    );
    const service = await crm(RESOLVE('applied'));
    await service.play();
    const then = await openService(postgres.url, {
      database: 'driver: prisma\nartefact: service/releases/{release}\ntarget: api',
      releases: { v2: FILES },
      steps: down,
    });
    open.push(then);
    expect(await then.play()).toMatchObject([{ status: 'done', current: '1_a' }]);
    expect(await then.sql(`select column_name from information_schema.columns where table_name = 'contact'`)).toEqual([
      { column_name: 'id' },
    ]);
  });

  it('is not taken for settled because the program says so', async () => {
    const service = await crm(RESOLVE('rolled-back'), { LIES: 'yes' });
    expect(await service.play()).toMatchObject([
      { status: 'failed', effect: 'none', message: expect.stringContaining('2_b is unfinished, not rolled-back') },
    ]);
  });

  it('is not settled from a release that does not know it, nor when somebody else has settled it otherwise', async () => {
    const old = await crm(RESOLVE('rolled-back', 'v1'));
    expect((await old.plan()).unknowns[0]?.why).toContain('release v1 has no migration 2_b');
    await old.sql('drop table contact, _prisma_migrations');
    const service = await crm(RESOLVE('rolled-back'));
    const planned = await service.plan();
    await service.sql('update _prisma_migrations set finished_at = now() where finished_at is null');
    expect(await service.play(planned)).toMatchObject([{ status: 'conflict' }]);
    expect((await service.plan()).unknowns[0]?.why).toContain('2_b is applied: only one that began and did not end can be settled');
    expect(callsOf(service)).toEqual([]);
  });

  it('is a word of Prisma alone: other tools are told so', async () => {
    const service = await openService(postgres.url, {
      database: 'driver: supabase\nartefact: service/releases/{release}\ntarget: api',
      releases: { v2: {} },
      steps: RESOLVE('applied'),
    });
    open.push(service);
    expect((await service.plan()).unknowns[0]?.why).toContain('nothing is to be settled');
  });
});

it.each([
  ['migrate, reset', 'reset'],
  ['migrate, reset, --force', 'reset'],
  ['db, push, --force-reset', '--force-reset'],
])('a command of Prisma that says %s is refused by name', async (words, named) => {
  const service = await openService(postgres.url, {
    database: `driver: prisma\nartefact: service/releases/{release}\ntarget: api\ncommand: [npx, prisma, ${words}]`,
    releases: { v2: FILES },
    steps: RESOLVE('applied'),
  });
  open.push(service);
  expect(service.told).toEqual([expect.stringContaining('database-option')]);
  await expect(service.plan()).rejects.toThrow(named);
});
