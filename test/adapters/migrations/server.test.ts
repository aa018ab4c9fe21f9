// A change in one transaction on a real Postgres: all of it or nothing, and no claim about what a script has ended by itself.
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPostgres } from '../../../src/adapters/sql/index.ts';
import { BelayError } from '../../../src/domain/errors.ts';
import { type PostgresPart, startPostgres } from '../../world/parts/postgres.ts';

let postgres: PostgresPart;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres.stop());

const serverOf = (timeoutMs = 2_000) => createPostgres({ id: 'crm', url: postgres.url, timeoutMs });
const there = async (table: string): Promise<boolean> => {
  const [found] = await serverOf().read([{ text: 'select to_regclass($1::text) is not null', values: [table] }]);
  return found?.rows[0]?.[0] === 't';
};

describe('a change of a database', () => {
  it('is taken back whole when what is done in it fails', async () => {
    const work = serverOf().change(async (session) => {
      await session.script('create table one (n int)');
      throw new Error('enough');
    });
    await expect(work).rejects.toMatchObject({ code: 'BELAY_ACT_FAILED', effect: 'none' });
    expect(await there('one')).toBe(false);
  });

  it.each(['create table %s (n int); commit', 'create table %s (n int); commit; select 1 / 0', 'create table %s (n int); commit; begin'])(
    'is never called undone when a script has ended the transaction: %s',
    async (sql) => {
      const name = `t${sql.length}`;
      await expect(serverOf().change((session) => session.script(sql.replace('%s', name)))).rejects.toMatchObject({ effect: 'unknown' });
      expect(await there(name)).toBe(true);
    },
  );

  it('is not called undone when a script has ended the transaction, begun another one, and failed in that', async () => {
    const sql = 'create table renewed (n int); commit; begin; select 1 / 0';
    await expect(serverOf().change((session) => session.script(sql))).rejects.toMatchObject({
      ...{ code: 'BELAY_ACT_FAILED', effect: 'unknown' },
      message: expect.stringContaining('ended the transaction'),
    });
    expect(await there('renewed')).toBe(true);
  });

  it('is not called undone when a script has ended the transaction and what it did is then refused', async () => {
    const work = serverOf().change(async (session) => {
      await session.script('create table refused (n int); commit');
      throw new BelayError('BELAY_ACT_FAILED', 'it changed too many rows');
    });
    await expect(work).rejects.toMatchObject({ effect: 'unknown', message: expect.stringContaining('ended the transaction') });
    expect(await there('refused')).toBe(true);
  });

  it('is taken back with the words of who refused what a script did', async () => {
    const work = serverOf().change(async (session) => {
      await session.script('create table wanting (n int)');
      throw new BelayError('BELAY_TARGET_CONFLICT', 'it changed too many rows');
    });
    await expect(work).rejects.toMatchObject({ code: 'BELAY_TARGET_CONFLICT', effect: 'none', message: 'it changed too many rows' });
    expect(await there('wanting')).toBe(false);
  });

  it('is not called undone when the connection is lost while a script is under way', async () => {
    const sql = 'create table lost (n int); commit; select pg_terminate_backend(pg_backend_pid())';
    await expect(serverOf().change((session) => session.script(sql))).rejects.toMatchObject({
      ...{ code: 'BELAY_ACT_FAILED', effect: 'unknown' },
      message: expect.stringContaining('is not known'),
    });
    expect(await there('lost')).toBe(true);
  });

  it('is not called undone when a script that has ended the transaction then waits for longer than it may', async () => {
    // The time of the transaction's own limit goes with it: the connection is cut.
    const sql = 'create table waited (n int); commit; select pg_sleep(10)';
    await expect(serverOf(300).change((session) => session.script(sql))).rejects.toMatchObject({ effect: 'unknown' });
    expect(await there('waited')).toBe(true);
  });

  it('is called undone when the connection is lost and no script was under way', async () => {
    const work = serverOf().change((session) => session.ask({ text: 'select pg_terminate_backend(pg_backend_pid())', values: [] }));
    await expect(work).rejects.toMatchObject({ code: 'BELAY_ACT_FAILED', effect: 'none' });
  });

  it('waits no longer than it may for a statement or a lock, and then has changed nothing', async () => {
    const slow = serverOf(300).change((session) => session.script('create table slow (n int); select pg_sleep(5)'));
    await expect(slow).rejects.toMatchObject({
      code: 'BELAY_ACT_FAILED',
      effect: 'none',
      message: expect.stringContaining('statement timeout'),
    });
    expect(await there('slow')).toBe(false);
    const holder = new pg.Client({ connectionString: postgres.url });
    await holder.connect();
    await holder.query('create table held (n int); begin; lock table held');
    const blocked = serverOf(400).change((session) => session.script('alter table held add column x int'));
    await expect(blocked).rejects.toMatchObject({ effect: 'none' });
    await holder.end();
  });

  it('says that nobody answers without the password', async () => {
    const url = 'postgres://belay:s3cret%40x@127.0.0.1:1/crm';
    const error: unknown = await createPostgres({ id: 'crm', url, timeoutMs: 500 })
      .change(async () => undefined)
      .catch((one: unknown) => one);
    expect(error).toMatchObject({ code: 'BELAY_TARGET_UNREACHABLE', effect: 'none' });
    expect(JSON.stringify(error) + String(error)).not.toMatch(/s3cret/);
  });
});
