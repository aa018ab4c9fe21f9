// The SQL of migrations that are programs, from what their tools really said: cut right, without the tool's words, or not at all.
import { describe, expect, it } from 'vitest';
import { cutAtTable, ownWords } from '../../src/domain/captured-sql.ts';

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
  it('is cut where it writes down that one is done, and its own words are left out', () => {
    expect(cutAtTable(KNEX, 2, { table: 'knex_migrations' })).toEqual([
      'create table contact (id int);\nupdate contact set name = 1;',
      'alter table contact add column nick text;',
    ]);
    const alembic = ['select pg_catalog.version()', 'CREATE TABLE alembic_version (version_num VARCHAR(32))', 'CREATE TABLE a (id int)'];
    const marks = [
      "INSERT INTO alembic_version (version_num) VALUES ('a1')",
      'DROP TABLE a',
      "UPDATE alembic_version SET version_num='b2'",
    ];
    expect(cutAtTable([...alembic, ...marks], 2, { table: 'alembic_version' })).toEqual(['CREATE TABLE a (id int);', 'DROP TABLE a;']);
    expect(ownWords(['BEGIN', 'alter table a drop b', 'delete from "SequelizeMeta" where name = $1'], { table: 'SequelizeMeta' })).toBe(
      'alter table a drop b;',
    );
  });

  it('that does not fit is nothing: too few or too many marks, or words behind the last one', () => {
    expect(cutAtTable(KNEX, 3, { table: 'knex_migrations' })).toBeNull();
    expect(cutAtTable(KNEX, 1, { table: 'knex_migrations' })).toBeNull();
    expect(cutAtTable([...KNEX, 'drop table contact'], 2, { table: 'knex_migrations' })).toBeNull();
    expect(cutAtTable([], 1, { table: 'm' })).toBeNull();
  });

  it('of a migration that reads rows is nothing, because an empty database shows less than the real one would', () => {
    const reads = KNEX.map((one) => (one.startsWith('alter') ? 'select id from contact where name is null' : one));
    expect(cutAtTable(reads, 2, { table: 'knex_migrations' })).toEqual([expect.any(String), null]);
    expect(ownWords(['with gone as (delete from a returning id) select * from gone'], { table: 'm' })).toBeNull();
    expect(ownWords(["select setval('pg_a', 1)"], { table: 'm' })).toBeNull();
    expect(ownWords(['select pg_catalog.version()', 'drop table a'], { table: 'm' })).toBe('drop table a;');
    // A table of yours whose name begins like the tool's is yours.
    expect(ownWords(['drop table knex_migrations_audit'], { table: 'knex_migrations' })).toBe('drop table knex_migrations_audit;');
  });
});
