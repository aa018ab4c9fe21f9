// The SQL of migrations that are programs, from what their tools really said: cut right, without the tool's words, or not at all.
import { describe, expect, it } from 'vitest';
import { createSqlParser } from '../../src/adapters/sql-parser/index.ts';
import { cutAtTable, ownWords, type SaidStatement, type ToolTable } from '../../src/domain/captured-sql.ts';

const parser = createSqlParser();
async function read(texts: readonly string[]): Promise<readonly SaidStatement[]> {
  const found = await Promise.all(texts.map((text) => parser.split(text)));
  return found.flatMap((one) => {
    if (one === null) throw new Error('a text of this test is no SQL');
    return one;
  });
}
const cut = async (texts: readonly string[], count: number, table: ToolTable) => cutAtTable(await read(texts), count, table);
const own = async (texts: readonly string[], table: ToolTable) => ownWords(await read(texts), table);

const KNEX = [
  'select * from information_schema.tables where table_name = $1 and table_schema = current_schema()',
  'create table "knex_migrations" ("id" serial primary key, "name" varchar(255))',
  'create table "knex_migrations_lock" ("index" serial primary key, "is_locked" integer)',
  'update "knex_migrations_lock" set "is_locked" = $1 where "is_locked" = $2',
  'BEGIN;',
  'create table contact (id int)',
  'update contact set name = 1',
  'insert into "knex_migrations" ("batch", "migration_time", "name") values ($1, $2, $3)',
  'COMMIT;',
  'BEGIN;',
  'alter table contact add column nick text;',
  'insert into "knex_migrations" ("batch", "migration_time", "name") values ($1, $2, $3)',
  'COMMIT;',
  'update "knex_migrations_lock" set "is_locked" = $1',
];

describe('what a tool said', () => {
  it('is cut where it writes down that one is done, and its own words are left out', async () => {
    expect(await cut(KNEX, 2, { table: 'knex_migrations' })).toEqual([
      'create table contact (id int);\nupdate contact set name = 1;',
      'alter table contact add column nick text;',
    ]);
    const alembic = ['select pg_catalog.version()', 'CREATE TABLE alembic_version (version_num VARCHAR(32))', 'CREATE TABLE a (id int)'];
    const marks = [
      "INSERT INTO alembic_version (version_num) VALUES ('a1')",
      'DROP TABLE a',
      "UPDATE alembic_version SET version_num='b2'",
    ];
    expect(await cut([...alembic, ...marks], 2, { table: 'alembic_version' })).toEqual(['CREATE TABLE a (id int);', 'DROP TABLE a;']);
    expect(await own(['BEGIN', 'alter table a drop b', 'delete from "SequelizeMeta" where name = $1'], { table: 'SequelizeMeta' })).toBe(
      'alter table a drop b;',
    );
  });

  it('that does not fit is nothing: too few or too many marks, or words behind the last one', async () => {
    expect(await cut(KNEX, 3, { table: 'knex_migrations' })).toBeNull();
    expect(await cut(KNEX, 1, { table: 'knex_migrations' })).toBeNull();
    expect(await cut([...KNEX, 'drop table contact'], 2, { table: 'knex_migrations' })).toBeNull();
    expect(await cut([], 1, { table: 'm' })).toBeNull();
  });

  it('of a migration that reads rows is nothing, because an empty database shows less than the real one would', async () => {
    const reads = KNEX.map((one) => (one.startsWith('alter') ? 'select id from contact where name is null' : one));
    expect(await cut(reads, 2, { table: 'knex_migrations' })).toEqual([expect.any(String), null]);
    expect(await own(['with gone as (delete from a returning id) select * from gone'], { table: 'm' })).toBeNull();
    expect(await own(["select setval('pg_a', 1)"], { table: 'm' })).toBeNull();
    expect(await own(['select pg_catalog.version()', 'drop table a'], { table: 'm' })).toBe('drop table a;');
    // A table of yours whose name begins like the tool's is yours.
    expect(await own(['drop table knex_migrations_audit'], { table: 'knex_migrations' })).toBe('drop table knex_migrations_audit;');
  });
  it('is judged one statement at a time, however the text begins and whatever else it names', async () => {
    const table = { table: 'knex_migrations' };
    const drop = 'alter table contact drop column nick';
    expect(await own([`set local lock_timeout = '2s'; ${drop};`], table)).toBe(`${drop};`);
    expect(await own([`begin; ${drop}; commit`], table)).toBe(`${drop};`);
    expect(await own([`${drop}; delete from knex_migrations where name = 'é'; drop table "β"`], table)).toBe(`${drop};\ndrop table "β";`);
    for (const one of [
      'delete from contact where name in (select name from knex_migrations)',
      'alter table knex_migrations_old drop column knex_migrations',
      'drop table knex_migrations, contact',
      'insert into knex_migrations select wipe()',
      'alter table other.knex_migrations drop column name',
      'set local search_path = archive',
    ])
      expect(await own([one], table), one).toBe(`${one};`);
    expect(await own(['select id from contact where current_schema() = name'], table)).toBeNull();
    expect(await own(['with gone as (delete from contact returning id) select name from knex_migrations'], table)).toBeNull();
    expect(await own(['/* first */ select id from contact'], table)).toBeNull();
    const marked = `${drop}; insert into knex_migrations (name) values ('b')`;
    expect(await cut(['create table contact (id int)', `insert into knex_migrations (name) values ('a')`, marked], 2, table)).toEqual([
      'create table contact (id int);',
      `${drop};`,
    ]);
  });

  it('of sequelize-cli is told from the migration, and a question is its own only where it asks the catalog alone', async () => {
    const table = { table: 'SequelizeMeta' };
    const ranges = `WITH ranges AS (SELECT pg_range.rngsubtype FROM pg_range LEFT OUTER JOIN pg_type ON true) SELECT 1 FROM pg_type LEFT OUTER JOIN ranges ON true`;
    const index = `SELECT array_agg(a.attnum), pg_get_indexdef(ix.indexrelid) FROM pg_index ix, pg_attribute a GROUP BY ix.indexrelid`;
    const done = `INSERT INTO "SequelizeMeta" ("name") VALUES ($1) RETURNING "name"`;
    expect(await cut([ranges, index, 'create table contact (id int)', index, done], 1, table)).toEqual(['create table contact (id int);']);
    for (const reads of [
      'with x as (select 1 from contact) select 1 from x',
      'with contact as (select 1 from contact) select 1 from contact',
      'with x as (select 1 from pg_type) select 1 from public.x',
      'with x as (delete from pg_index returning 1) select 1 from x',
      'select 1 from (with x as (select 1) select 1 from x) y',
    ])
      expect([reads, await cut([reads, done], 1, table)]).toEqual([reads, [null]]);
  });
});
