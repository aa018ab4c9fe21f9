// A change in one transaction on a real Postgres: all of it or nothing, and no claim about what a script has ended by itself.
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPostgres } from '../../../src/adapters/sql/index.ts';
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
