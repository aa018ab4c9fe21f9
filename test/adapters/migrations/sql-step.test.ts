// A file of SQL that a step of kind `run` names: in one transaction, with its query and the number of rows that it may change, on a real
// Postgres.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type PostgresPart, startPostgres } from '../../world/parts/postgres.ts';
import { openService, type Service, step, type Written } from './kit.ts';

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

async function crm(o: Written, sql: string): Promise<Service> {
  const service = await openService(postgres.url, o);
  open.push(service);
  await service.sql(sql);
  return service;
}

describe('a file of SQL by a step of kind run, with the number of rows that it may change', () => {
  const PAID = (rows: string): string => `driver: postgres
queries:
  corrected: { sql: "select count(*) = 0 as applied from orders where state = 'bad'", gives: { applied: bool } }
files:
  correct: { path: correct.sql, applied: corrected, rows: ${rows}, timeout: 700ms }`;
  const RUN = step('correct', 'run\nsql: correct\non: crm\neffect: state\nirreversible: the state of before goes');
  const ORDERS = `create table orders (id int, state text); insert into orders select n, case when n <= 7 then 'bad' else 'good' end from generate_series(1, 20) as t (n)`;
  const opened = (rows: string, sql: string) => crm({ database: PAID(rows), files: { 'correct.sql': sql }, steps: RUN }, ORDERS);
  const bad = async (service: Service): Promise<unknown> =>
    (await service.sql(`select count(*)::int as n from orders where state = 'bad'`))[0]?.['n'];
  const CORRECT = `update orders set state = 'good' where state = 'bad'`;

  it('is planned with its query and its number, and done once [S3-ST-10]', async () => {
    const service = await opened('1..10', `create temp table seen as select * from orders; ${CORRECT}`);
    expect(service.told).toEqual([]);
    const planned = await service.plan();
    expect(planned.steps[0]).toMatchObject({
      action: 'db.apply',
      args: { database: 'crm', file: 'correct' },
      current: 'not run',
      desired: 'its work is done, with 1..10 rows changed',
    });
    expect(await service.play(planned)).toMatchObject([{ status: 'done' }]);
    expect(await service.play(planned)).toMatchObject([{ status: 'noop' }]);
    expect(await bad(service)).toBe(0);
  });

  it.each([
    ['more rows than that', '1..6', CORRECT, 'correct changed 7 rows, where 1..6 are expected'],
    ['fewer rows than that', '8', CORRECT, 'correct changed 7 rows, where 8 are expected'],
    [
      'rows of two statements that are too many together',
      '7',
      `${CORRECT}; insert into orders values (21, 'good')`,
      'correct changed 8 rows',
    ],
    ['the wrong rows', '1..10', `update orders set state = 'good' where id = 3`, 'its query still says that its work is not done'],
    ['nothing for longer than it may', '0..10', `${CORRECT}; select pg_sleep(3)`, 'statement timeout'],
  ])('that would change %s leaves everything as it was', async (_which, rows, sql, why) => {
    const service = await opened(rows, sql);
    expect(await service.play()).toMatchObject([{ status: 'failed', effect: 'none', message: expect.stringContaining(why) }]);
    expect(await bad(service)).toBe(7);
  });

  it.each([
    ['TRUNCATE', 'truncate orders', 'DELETE FROM'],
    ['DO', `do $$ begin delete from orders; end $$`, 'its INSERT, UPDATE and DELETE themselves'],
    ['CALL', 'call wipe()', 'the INSERT, UPDATE and DELETE of the procedure themselves'],
    ['COPY', 'copy orders from stdin', 'INSERT INTO … VALUES'],
    ['DROP', 'drop table orders', 'a file of its own without "rows"'],
    ['ALTER TABLE … DROP COLUMN', 'alter table orders drop column state', 'a file of its own without "rows"'],
    ['DELETE inside of another statement', 'with gone as (delete from orders returning id) select count(*) from gone', 'one statement'],
    ['UPDATE inside of another statement', `explain analyze update orders set state = ''`, 'one statement after the other'],
  ])('that holds %s is refused in the plan and again before the act, because nobody could count its rows', async (what, sql, instead) => {
    const service = await opened('1..500', `${CORRECT}; ${sql}`);
    const said = `and those of ${what} are not counted: write ${instead}`;
    const planned = await service.plan();
    expect(planned.unknowns).toEqual([{ step: 'correct', why: expect.stringContaining(said) }]);
    expect(await service.play(planned)).toMatchObject([{ status: 'failed', effect: 'none', message: expect.stringContaining(said) }]);
    expect(await bad(service)).toBe(7);
  });

  it('is another plan with another number, and a number that is none is told at its place', async () => {
    const planned = await (await opened('7', CORRECT)).plan();
    const other = await crm({ database: PAID('1..7'), files: { 'correct.sql': CORRECT }, steps: RUN }, 'select 1');
    expect((await other.plan()).planHash).not.toBe(planned.planHash);
    const odd = await crm({ database: PAID('7..1'), files: { 'correct.sql': CORRECT }, steps: RUN }, 'select 1');
    expect(odd.told).toEqual([expect.stringMatching(/^belay\.yaml:\d+ wrong-type$/)]);
  });

  it('reads like a step do: without a way back it is told, and a word of a command beside it is unknown', async () => {
    const steps = step('correct', 'run\nsql: correct\non: crm\neffect: state\ncmd: [psql]');
    const service = await crm({ database: PAID('7'), files: { 'correct.sql': CORRECT }, steps }, ORDERS);
    expect(service.told.map((one) => one.split(' ')[1])).toEqual(expect.arrayContaining(['undo-missing', 'unknown-key']));
  });
});
