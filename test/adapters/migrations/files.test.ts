// Migrations that are files of SQL, and named files, on a real Postgres: from belay.yaml and a runbook file to the tables.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Artefact } from '../../../src/adapters/migrations/artefact.ts';
import { createFileMigrations } from '../../../src/adapters/migrations/files.ts';
import { planText } from '../../../src/cli/plan-text.ts';
import { choose } from '../../../src/flows/decide.ts';
import type { SqlServer, SqlTable, Statement } from '../../../src/ports/database.ts';
import { type PostgresPart, startPostgres } from '../../world/parts/postgres.ts';
import { openService, type Releases, type Service, step, type Written } from './kit.ts';

let postgres: PostgresPart;
const open: Service[] = [];
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres.stop());
afterEach(async () => {
  for (const one of open.splice(0)) {
    await one.sql('drop schema public cascade; create schema public; drop schema if exists supabase_migrations cascade');
    await one.close();
  }
});

const FIRST = {
  'migrations/1_contacts.up.sql': 'create table contact (id int primary key, name text)',
  'migrations/1_contacts.down.sql': 'drop table contact',
};
const NICK = {
  'migrations/2_nick.up.sql': 'alter table contact add column nick text;',
  'migrations/2_nick.down.sql': 'alter table contact drop column nick;',
};
const RENAME = {
  'migrations/3_rename.up.sql': 'alter table contact rename column name to full_name',
  'migrations/3_rename.down.sql': 'alter table contact rename column full_name to name',
};
const MIGRATED = `create table contact (id int primary key, name text, nick text); alter table contact rename column name to full_name;
  create table schema_migrations (version text primary key); insert into schema_migrations values ('1_contacts'), ('2_nick'), ('3_rename')`;
const DATABASE = 'driver: sql-files\nartefact: service/releases/{release}\ntarget: api';
const DOWN = step(
  'down',
  `do db.migrateDown\nwith: { database: crm, to: 1_contacts, from: "{release.current}" }\nirreversible: the nicknames go`,
);
const SWITCH = step(
  'switch',
  'do deploy.rollback\nwith: { target: api, to: v1 }\nundo: { do: deploy.activate, with: { target: api, to: v2 } }',
);

async function crm(o: Partial<Written> & Pick<Written, 'steps'>, migrated = MIGRATED): Promise<Service> {
  const releases: Releases = { v1: FIRST, v2: { ...FIRST, ...NICK, ...RENAME } };
  const service = await openService(postgres.url, { database: DATABASE, releases, ...o });
  open.push(service);
  await service.sql(migrated);
  return service;
}

const columns = async (service: Service): Promise<readonly unknown[]> =>
  (await service.sql(`select column_name from information_schema.columns where table_name = 'contact' order by 1`)).map(
    (row) => row['column_name'],
  );

describe('a database that is migrated by files', () => {
  it('goes back before the code, by the files of the release that is live, newest first, and a second time does nothing [S1-ST-05, S3-DE-02]', async () => {
    const service = await crm({ steps: DOWN + SWITCH });
    expect(service.told).toEqual([]);
    const planned = await service.plan();
    expect(planned.steps[0]).toMatchObject({
      args: { to: '1_contacts', from: 'v2' },
      current: '3_rename',
      desired: '1_contacts',
      compareAndSet: 'native',
      effect: 'change',
    });
    expect(await service.play(planned)).toMatchObject([
      { status: 'done', current: '1_contacts' },
      { status: 'done', current: 'v1' },
    ]);
    expect(await columns(service)).toEqual(['id', 'name']);
    expect(await service.sql('select version from schema_migrations')).toEqual([{ version: '1_contacts' }]);
    const again = await service.plan();
    // The release that is live knows nothing of what is gone: there is nothing left to take back.
    expect(again.steps[0]).toMatchObject({ args: { from: 'v1' }, effect: 'noop' });
  });

  it('takes all of it back or nothing: a file that fails halfway leaves the tables and the table of migrations as they were', async () => {
    const broken = { ...NICK, 'migrations/2_nick.down.sql': 'alter table contact drop column nick; select 1 / 0' };
    const service = await crm({ steps: DOWN, releases: { v2: { ...FIRST, ...broken, ...RENAME } } });
    expect(await service.play()).toMatchObject([
      { status: 'failed', effect: 'none', code: 'BELAY_ACT_FAILED', message: expect.stringContaining('division by zero') },
    ]);
    expect(await columns(service)).toEqual(['full_name', 'id', 'nick']);
    expect(await service.sql('select count(*)::int as n from schema_migrations')).toEqual([{ n: 3 }]);
  });

  it.each([
    ['sql-files', 'migrations/2_nick.up.sql', 'migrations/2_nick.down.sql'],
    ['supabase', 'supabase/migrations/2_nick.sql', 'supabase/rollbacks/2_nick.sql'],
    ['prisma', 'prisma/migrations/2_nick/migration.sql', 'prisma/migrations/2_nick/down.sql'],
  ])('of %s is refused while planning, and not touched, when a way back ends the transaction by itself', async (driver, up, down) => {
    const first = driver === 'sql-files' ? 'migrations/1_a.up.sql' : up.replace('2_nick', '1_a');
    const service = await crm(
      {
        database: DATABASE.replace('sql-files', driver),
        releases: {
          v2: { [first]: 'create table contact (id int)', [up]: 'select 1', [down]: 'drop table contact; COMMIT; select 1 / 0' },
        },
        steps: DOWN.replace('1_contacts', '1_a'),
      },
      `create table contact (id int); create table schema_migrations (version text); insert into schema_migrations values ('1_a'), ('2_nick');
       create schema supabase_migrations; create table supabase_migrations.schema_migrations as select left(version, 1) as version from schema_migrations;
       create table _prisma_migrations as select version as migration_name, now() as started_at, now() as finished_at, null::timestamptz as rolled_back_at from schema_migrations`,
    );
    const why = 'the way back of 2_nick begins or ends a transaction: take BEGIN, COMMIT and ROLLBACK out of it';
    expect((await service.plan()).unknowns[0]?.why).toContain(why);
    expect(await service.play()).toMatchObject([{ status: 'failed', effect: 'none', message: expect.stringContaining(why) }]);
    expect(await columns(service)).toEqual(['id']);
  });

  it('is not touched when somebody has migrated since the plan', async () => {
    const service = await crm({ steps: DOWN });
    const planned = await service.plan();
    await service.sql(`delete from schema_migrations where version = '3_rename'`);
    expect(await service.play(planned)).toMatchObject([{ status: 'conflict' }]);
    expect(await columns(service)).toEqual(['full_name', 'id', 'nick']);
  });

  it('is refused while planning when the release that is named does not have what is applied, and when no way back is written [S3-GU-11]', async () => {
    const old = await crm({ steps: DOWN.replace('{release.current}', 'v1') });
    expect((await old.plan()).unknowns[0]?.why).toContain('has 2_nick, 3_rename, which release v1 does not know');
    await old.sql('drop table contact, schema_migrations');
    const { 'migrations/2_nick.down.sql': _gone, ...oneWay } = NICK;
    const stuck = await crm({ steps: DOWN + SWITCH, releases: { v1: FIRST, v2: { ...FIRST, ...oneWay, ...RENAME } } });
    const planned = await stuck.plan();
    expect(planned.unknowns[0]?.why).toContain('no way back is written for 2_nick');
    expect(planned.safety?.verdict).toBe('roll-forward-only');
    expect(choose('auto', planned, [])).toMatchObject({ choice: 'ask' });
  });

  it('of Prisma and of Supabase goes back by files of the user, and their tables say so', async () => {
    const prisma = {
      'prisma/migrations/1_a/migration.sql': 'create table contact (id int)',
      'prisma/migrations/2_b/migration.sql': 'alter table contact add column nick text',
      'prisma/migrations/2_b/down.sql': 'alter table contact drop column nick',
    };
    const one = await crm(
      { database: DATABASE.replace('sql-files', 'prisma'), releases: { v2: prisma }, steps: DOWN.replace('1_contacts', '1_a') },
      `create table contact (id int, nick text);
       create table _prisma_migrations (migration_name text, started_at timestamptz, finished_at timestamptz, rolled_back_at timestamptz);
       insert into _prisma_migrations values ('1_a', now() - interval '2 h', now()), ('2_b', now() - interval '1 h', now())`,
    );
    expect(await one.play()).toMatchObject([{ status: 'done', current: '1_a' }]);
    expect(await one.sql('select migration_name from _prisma_migrations where rolled_back_at is not null')).toEqual([
      { migration_name: '2_b' },
    ]);
    await one.sql('drop table contact');

    const supabase = {
      'supabase/migrations/20260101_a.sql': 'create table contact (id int)',
      'supabase/migrations/20260102_b.sql': 'alter table contact add column nick text',
      'supabase/rollbacks/20260102_b.sql': 'alter table contact drop column nick',
    };
    const two = await crm(
      { database: DATABASE.replace('sql-files', 'supabase'), releases: { v2: supabase }, steps: DOWN.replace('1_contacts', '20260101_a') },
      `create table contact (id int, nick text); create schema supabase_migrations;
       create table supabase_migrations.schema_migrations (version text); insert into supabase_migrations.schema_migrations values ('20260101'), ('20260102')`,
    );
    expect(await two.play()).toMatchObject([{ status: 'done', current: '20260101_a' }]);
    expect(await two.sql('select version from supabase_migrations.schema_migrations')).toEqual([{ version: '20260101' }]);
  });
});

describe('a migration of Prisma that began and did not finish', () => {
  const files = {
    'prisma/migrations/1_a/migration.sql': 'create table contact (id int)',
    'prisma/migrations/2_b/migration.sql': 'alter table contact add column nick text',
    'prisma/migrations/2_b/down.sql': 'alter table contact drop column nick',
  };
  const failed = `create table contact (id int, nick text);
    create table _prisma_migrations (migration_name text, started_at timestamptz, finished_at timestamptz, rolled_back_at timestamptz);
    insert into _prisma_migrations values ('1_a', now() - interval '3 h', now(), null), ('2_b', now() - interval '2 h', now(), null),
      ('3_half', now() - interval '1 h', null, null)`;
  const opened = () =>
    crm(
      {
        database: DATABASE.replace('sql-files', 'prisma'),
        releases: { v1: files, v2: files },
        steps: DOWN.replace('1_contacts', '1_a') + SWITCH,
      },
      failed,
    );

  it('makes the verdict the worst and keeps the way back from starting, by its name', async () => {
    const service = await opened();
    const planned = await service.plan();
    expect(planned.safety).toMatchObject({
      verdict: 'roll-forward-only',
      reasons: [{ why: 'unreadable', database: 'crm', said: expect.stringContaining('3_half began and did not finish') }],
    });
    expect(planned.unknowns).toContainEqual({ step: 'down', why: expect.stringContaining('3_half') });
    expect(await columns(service)).toEqual(['id', 'nick']);
  });

  it('is seen when it begins after the plan, and counts no more when somebody has settled it', async () => {
    const service = await opened();
    await service.sql(`update _prisma_migrations set rolled_back_at = now() where migration_name = '3_half'`);
    const planned = await service.plan();
    expect(planned.safety?.reasons.map((one) => one.why)).not.toContain('unreadable');
    await service.sql(`insert into _prisma_migrations values ('4_more', now(), null, null)`);
    await expect(service.play(planned)).rejects.toMatchObject({
      code: 'BELAY_TARGET_UNREACHABLE',
      message: expect.stringContaining('4_more'),
    });
    expect(await columns(service)).toEqual(['id', 'nick']);
  });

  it('is seen under the lock too, when it began after everybody had looked: nothing is run', async () => {
    const client = new pg.Client({ connectionString: postgres.url });
    await client.connect();
    const scripts: string[] = [];
    const ask = async ({ text, values }: Statement): Promise<SqlTable> => {
      const { rows } = await client.query({ text, values: [...values], rowMode: 'array' });
      return { columns: [], rows: rows.map((row: unknown[]) => row.map((cell) => (cell === null ? null : String(cell)))) };
    };
    const server: SqlServer = {
      read: (all) => Promise.all(all.map(ask)),
      change: (work) => work({ ask, script: async (sql) => scripts.push(sql) }),
    };
    const artefact: Artefact = {
      list: async () => ['1_a/', '2_b/'],
      text: async (_release, file) => `select '${file}'`,
      folder: async () => '.',
    };
    const spec = { id: 'crm', driver: 'prisma', migrations: 'prisma/migrations' } as Parameters<typeof createFileMigrations>[0];
    const migrations = createFileMigrations(spec, { artefact, server });
    try {
      await client.query(failed);
      const down = () => migrations.down({ from: 'v2', to: '1_a', revert: ['2_b'], expected: ['1_a', '2_b'] });
      await expect(down()).rejects.toMatchObject({
        code: 'BELAY_TARGET_UNREACHABLE',
        message: expect.stringContaining('3_half'),
        effect: 'none',
      });
      expect(scripts).toEqual([expect.stringMatching(/^lock table/)]);
      await client.query(`delete from _prisma_migrations where migration_name = '3_half'`);
      await down();
      expect(scripts.at(-1)).toBe("select 'prisma/migrations/2_b/down.sql'");
    } finally {
      await client.query('drop schema public cascade; create schema public');
      await client.end();
    }
  });
});

const REPAIR = `driver: postgres
target: api
queries:
  repaired: { sql: "select to_regclass('contact_backup') is null as applied", gives: { applied: bool } }
files:
  rollback-migration: { path: backup/rollback_migration.sql, applied: repaired }`;
const APPLY = step('repair', 'do db.apply\nwith: { database: crm, file: rollback-migration }\nirreversible: it drops a table');

describe('a file of SQL that was written beforehand', () => {
  const files = (sql: string) => ({ 'backup/rollback_migration.sql': sql });

  it('does its work once, and a query says that it has [S3-ST-10]', async () => {
    const service = await crm(
      { database: REPAIR, files: files('insert into log values (1);\ndrop table contact_backup;'), steps: APPLY },
      'create table contact_backup (id int); create table log (n int)',
    );
    expect(service.told).toEqual([]);
    const planned = await service.plan();
    expect(planned.steps[0]).toMatchObject({ current: 'not run', desired: 'its work is done', effect: 'change' });
    expect(await service.play(planned)).toMatchObject([{ status: 'done' }]);
    expect(await service.play(planned)).toMatchObject([{ status: 'noop' }]);
    expect(await service.sql('select count(*)::int as n from log')).toEqual([{ n: 1 }]);
  });

  it('is another plan when its text has changed, and is not run when it changed after the approval', async () => {
    const service = await crm(
      { database: REPAIR, files: files('drop table contact_backup'), steps: APPLY },
      'create table contact_backup (id int)',
    );
    const planned = await service.plan();
    writeFileSync(path.join(service.folder, 'backup/rollback_migration.sql'), 'drop table contact_backup; drop schema public cascade');
    expect((await service.plan()).planHash).not.toBe(planned.planHash);
    expect(await service.play(planned)).toMatchObject([{ status: 'conflict' }]);
    expect(await service.sql(`select to_regclass('contact_backup') is not null as there`)).toEqual([{ there: true }]);
  });

  it.each([['create table half (n int); commit; select 1 / 0'], ['begin; drop table contact_backup; commit'], ['\\i other.sql']])(
    'is refused while planning: %s',
    async (sql) => {
      const service = await crm({ database: REPAIR, files: files(sql), steps: APPLY }, 'create table contact_backup (id int)');
      expect((await service.plan()).unknowns).toEqual([
        { step: 'repair', why: expect.stringMatching(/begins or ends a transaction|is no SQL/) },
      ]);
      await expect(service.play()).resolves.toMatchObject([{ status: 'failed', effect: 'none' }]);
      expect(await service.sql(`select to_regclass('contact_backup') is not null as there, to_regclass('half') is null as whole`)).toEqual([
        { there: true, whole: true },
      ]);
    },
  );
});

describe('"safe to roll back?"', () => {
  it('is answered in the plan: nothing is lost while the new column is empty, then so many values, and the hash moves with the answer only', async () => {
    const service = await crm({ steps: DOWN + SWITCH });
    const empty = await service.plan();
    expect(empty.safety).toMatchObject({ verdict: 'down-lossless' });
    await service.sql('insert into contact (id, full_name, nick) select n, $$x$$, $$y$$ from generate_series(1, 1342) as t (n)');
    const lossy = await service.plan();
    expect(lossy.safety?.verdict).toBe('down-lossy');
    expect(lossy.losses).toEqual([{ database: 'crm', object: 'contact.nick', count: 1342 }]);
    expect(lossy.planHash).not.toBe(empty.planHash);
    await service.sql('insert into contact (id, full_name, nick) values (9999, $$x$$, $$y$$)');
    expect((await service.plan()).planHash).toBe(lossy.planHash);
    const said = (lang: 'en' | 'pt-BR') => planText(lossy, { ...PAGE, lang });
    expect(said('en')).toContain('down-lossy: with loss: the database goes back, and data goes with it');
    expect(said('en')).toContain('crm: would lose 1,342 values of contact.nick');
    expect(said('en')).toContain('crm: 2_nick, 3_rename are taken back before the code');
    expect(said('pt-BR')).toContain('crm: perderia 1.342 valores de contact.nick');
    expect(choose('auto', lossy, [])).toEqual({ choice: 'ask', reason: 'safety: down-lossy' });
    expect(choose('auto', { ...empty, steps: empty.steps.map(({ irreversible: _, ...one }) => one) }, []).choice).toBe('act');
  });

  it('tells that the old code will not run when no step takes the migrations back first, and which statement is to blame', async () => {
    const service = await crm({ steps: SWITCH });
    const { safety } = await service.plan();
    expect(safety?.verdict).toBe('down-lossy');
    expect(safety?.reasons).toEqual(
      expect.arrayContaining([
        { why: 'ahead', database: 'crm', ids: ['2_nick', '3_rename'], release: 'v1' },
        { why: 'breaks', database: 'crm', release: 'v1', findings: [{ family: 'rename', object: 'contact.name' }] },
        { why: 'not-taken-back', database: 'crm', ids: ['2_nick', '3_rename'] },
      ]),
    );
  });

  it('is code alone where the old release can live with the new columns, or knows every migration', async () => {
    const service = await crm(
      { steps: SWITCH, releases: { v1: FIRST, v2: { ...FIRST, ...NICK } } },
      `create table contact (id int, name text, nick text); create table schema_migrations (version text); insert into schema_migrations values ('1_contacts'), ('2_nick')`,
    );
    expect((await service.plan()).safety).toEqual({
      verdict: 'code-only',
      reasons: [
        { why: 'ahead', database: 'crm', ids: ['2_nick'], release: 'v1' },
        { why: 'runs-on-new', database: 'crm', ids: ['2_nick'], release: 'v1' },
      ],
    });
    await service.sql(`delete from schema_migrations where version = '2_nick'`);
    expect((await service.plan()).safety).toEqual({
      verdict: 'code-only',
      reasons: [{ why: 'same-schema', database: 'crm', release: 'v1' }],
    });
  });

  it('is a backup alone where something was dropped for good, and the worst where nobody can look', async () => {
    const gone = {
      'migrations/2_nick.up.sql': 'alter table contact drop column name',
      'migrations/2_nick.down.sql': 'alter table contact add column name text',
    };
    const service = await crm(
      { steps: DOWN + SWITCH, releases: { v1: FIRST, v2: { ...FIRST, ...gone } } },
      `create table contact (id int); create table schema_migrations (version text); insert into schema_migrations values ('1_contacts'), ('2_nick')`,
    );
    expect((await service.plan()).safety).toMatchObject({ verdict: 'restore' });
    const elsewhere = await openService(postgres.url.replace('/belay', '/nowhere'), {
      database: DATABASE,
      releases: { v1: FIRST, v2: FIRST },
      steps: SWITCH,
    }).catch(() => null);
    expect(elsewhere).toBeNull();
    await service.sql('alter table schema_migrations rename column version to other');
    expect((await service.plan()).safety).toMatchObject({
      verdict: 'roll-forward-only',
      reasons: [{ why: 'unreadable', database: 'crm' }],
    });
  });
});

const plain = (text: string): string => text;
const PAGE = {
  width: 120,
  colour: { bold: plain, dim: plain, red: plain, green: plain, yellow: plain, cyan: plain } as never,
  marks: { done: '+', failed: 'x', unknown: '?', arrow: '→' } as never,
};
