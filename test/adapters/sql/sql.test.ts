// The sql source against a real Postgres.

import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createSqlReader, type SqlSpec } from '../../../src/adapters/sql/index.ts';
import { systemTime } from '../../../src/adapters/system/index.ts';
import { BelayError } from '../../../src/domain/errors.ts';
import type { Batch } from '../../../src/domain/signal.ts';
import { polled } from '../../../src/flows/detect/poll.ts';
import type { SignalReader } from '../../../src/ports/signal-source.ts';
import { signalSourceContract } from '../../contracts/signal-source.ts';
import { type PostgresPart, startPostgres } from '../../world/parts/postgres.ts';

const NEVER = new AbortController().signal;

let postgres: PostgresPart;
beforeAll(async () => {
  postgres = await startPostgres();
  await run(`create table identity_resolution_log (org text, ok bool, at timestamptz);
             create table kept (n int);
             insert into kept select generate_series(1, 3);
             create type mood as enum ('calm', 'cross');
             create function write_something() returns int language plpgsql as $$ begin delete from kept; return 1; end $$;
             create function say(what text) returns int language plpgsql as $$ begin raise exception 'it was %', what; end $$`);
});
afterAll(() => postgres.stop());

async function run(sql: string): Promise<pg.QueryResult> {
  const client = new pg.Client({ connectionString: postgres.url });
  await client.connect();
  try {
    return await client.query(sql);
  } finally {
    await client.end();
  }
}

const readerOf = (query: string, o: Partial<SqlSpec> = {}): SignalReader =>
  createSqlReader(
    { id: 'crm', driver: 'sql', url: postgres.url, query, as: 'values', everyMs: 20, timeoutMs: 5_000, ...o },
    { time: systemTime },
  );
const read = (query: string, o: Partial<SqlSpec> = {}): Promise<Batch> => readerOf(query, o).read(NEVER, {});

signalSourceContract('the sql adapter', async () => {
  const reader = readerOf('select 1 as up, $$acme$$ as org', { timeoutMs: 1_000 });
  const waiting: (() => void)[] = [];
  const told: SignalReader = {
    ...reader,
    read: async (signal, from) => {
      const batch = await reader.read(signal, from);
      for (const wake of waiting.splice(0)) wake();
      return batch;
    },
  };
  return {
    source: polled(told, systemTime),
    beat: async (count) => {
      for (let n = 0; n <= count; n += 1)
        await Promise.race([new Promise<void>((resolve) => waiting.push(resolve)), systemTime.sleep(1_500)]);
    },
    trouble: async (on) => (on ? postgres.kill() : postgres.restart()),
    close: async () => undefined,
  };
});

describe('rows', () => {
  test('become samples: text is a label, a number is named by its column, whatever their types are', async () => {
    const batch = await read(`select 'acme' as org, 'b'::varchar as kind, 'c'::char(9) as stage, 'calm'::mood as mood, true as live,
      1::smallint as a, 2::int as b, 9007199254740993::bigint as c, 1.5::numeric as d, 0.1::float8 as e, 0.5::real as f, (-3)::int as g`);
    const labels = { org: 'acme', kind: 'b', stage: 'c', mood: 'calm', live: 'true' };
    expect(batch).toEqual({
      source: 'crm',
      at: batch.at,
      alive: true,
      samples: Object.entries({ a: 1, b: 2, c: 9007199254740992, d: 1.5, e: 0.1, f: 0.5, g: -3 }).map(([name, value]) => ({
        kind: 'value',
        name,
        labels,
        at: batch.at,
        value,
      })),
    });
    expect(Math.abs(batch.at - Date.now())).toBeLessThan(5_000);
  });

  test('become totals where that is asked for, and carry the time of their own column', async () => {
    const { samples } = await read(
      `select org, n, at from (values ('acme', 5, timestamptz '2025-03-10 09:00:00.25-03'), ('globex', 7, null)) as t (org, n, at) order by org`,
      { as: 'totals' },
    );
    expect(samples).toEqual([
      { kind: 'total', name: 'n', labels: { org: 'acme' }, at: Date.parse('2025-03-10T12:00:00.250Z'), total: 5 },
      { kind: 'total', name: 'n', labels: { org: 'globex' }, at: expect.any(Number), total: 7 },
    ]);
  });

  test('leave out what is NULL: a number is no sample, a text is no label', async () => {
    const { samples } = await read(`select * from (values ('acme', 1, null::int), (null, 2, 3)) as t (org, a, b)`);
    expect(samples.map((one) => (one.kind === 'value' ? [one.labels, one.name, one.value] : one.kind))).toEqual([
      [{ org: 'acme' }, 'a', 1],
      [{}, 'a', 2],
      [{}, 'b', 3],
    ]);
  });

  test('may be none, and ten thousand', async () => {
    expect(await read('select org, 1 as n from identity_resolution_log where false')).toMatchObject({ alive: true, samples: [] });
    const { alive, samples } = await read('select n::text as org, n from generate_series(1, 10000) as t (n)');
    expect([alive, samples.length]).toEqual([true, 10_000]);
  });

  test('hold texts of strangers: they are cut, and nothing in them moves a cursor or a line', async () => {
    const { samples } = await read(`select repeat('x', 300) || e'\\n' as long, e'a\\x1b[2J\\nb' as org, 1 as n`);
    expect(samples[0]).toMatchObject({ labels: { long: 'x'.repeat(256), org: 'a�[2J�b' } });
  });

  test.each<[what: string, query: string, says: RegExp, as?: 'totals']>([
    ['more than ten thousand rows', 'select n::text as org, n from generate_series(1, 10001) as t (n)', /more than 10000 rows/],
    ['the same labels twice', `select 'acme' as org, n from generate_series(1, 2) as t (n)`, /rows 1 and 2 have the same labels.*acme/],
    ['two rows without labels', 'select n from generate_series(1, 2) as t (n)', /rows 1 and 2 have the same labels/],
    ['no number', `select 'acme' as org`, /no numeric column/],
    ['NaN', `select 'NaN'::float8 as n`, /column n holds "NaN" in row 1/],
    ['infinity', `select 'infinity'::numeric as n`, /column n holds "Infinity"/],
    ['a number beyond all doubles', `select 1e400::numeric as n`, /column n holds/],
    ['a date', 'select current_date as day, 1 as n', /column "day" is neither text nor a number/],
    ['an array', 'select array[1] as list, 1 as n', /column "list" is neither/],
    ['a column without a name', 'select 1', /a column is called "\?column\?"/],
    ['two columns of one name', 'select 1 as n, 2 as n', /two columns are called "n"/],
    ['a time that is a text', `select 1 as n, '2025-01-01' as at`, /at is no timestamptz/],
    ['a time without end', `select 1 as n, timestamptz 'infinity' as at`, /the column at holds "infinity"/],
    ['too many columns', `select ${Array.from({ length: 33 }, (_, n) => `1 as c${n}`).join(', ')}`, /33 columns: 32 are possible/],
    ['a total below zero', 'select -1 as n', /total, and one of its values is below zero/, 'totals'],
    ['no such table', 'select * from nothing', /relation "nothing" does not exist/],
    ['no query', 'nonsense', /syntax error/],
  ])('that cannot be taken are refused whole, and said: %s', async (_what, query, says, as) => {
    const batch = await read(query, as === undefined ? {} : { as });
    expect(batch).toMatchObject({ source: 'crm', alive: false, samples: [], reason: expect.stringMatching(says) });
    expect(batch.reason?.length).toBeLessThanOrEqual(256);
  });
});

describe('a reading', () => {
  test.each([
    'delete from kept returning n',
    'select 1 as n; delete from kept',
    'select 1 as n; commit; delete from kept',
    'with gone as (delete from kept returning n) select n from gone',
    'select write_something() as n',
    `select n from (select set_config('transaction_read_only', 'off', true) as was, write_something() as n) as t`,
    'select 1 as n into other',
    'kept; delete from kept',
  ])('changes nothing, whatever the query is: %s', async (query) => {
    const batch = await read(query);
    expect(batch.alive).toBe(false);
    expect((await run('select count(*)::int as n from kept')).rows).toEqual([{ n: 3 }]);
    expect((await run(`select to_regclass('other') as t`)).rows).toEqual([{ t: null }]);
  });

  test('takes a query with a semicolon, a comment and a common table expression', async () => {
    expect(await read('with a as (select 4 as n) -- four\nselect n from a; -- end')).toMatchObject({
      alive: true,
      samples: [{ value: 4 }],
    });
  });

  test('runs with the limits that it promises', async () => {
    const { samples } = await read(
      `select current_setting('statement_timeout') as timeout, current_setting('transaction_read_only') as ro,
              current_setting('default_transaction_read_only') as default_ro, 1 as n`,
      { timeoutMs: 1_234 },
    );
    expect(samples[0]).toMatchObject({ labels: { timeout: '1234ms', ro: 'on', default_ro: 'on' } });
  });

  test('that takes too long is ended by the server, and by Belay where the server says nothing', async () => {
    const began = performance.now();
    expect(await read('select 1 as n from pg_sleep(20)', { timeoutMs: 200 })).toMatchObject({
      alive: false,
      reason: expect.stringContaining('no answer within 200 ms'),
    });
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as AddressInfo;
    const sockets = new Set<{ destroy(): void }>();
    silent.on('connection', (socket) => sockets.add(socket));
    expect(await read('select 1 as n', { url: `postgres://ana@127.0.0.1:${port}/crm`, timeoutMs: 200 })).toMatchObject({
      alive: false,
      reason: `127.0.0.1:${port}/crm: no answer within 200 ms`,
    });
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => silent.close(resolve));
    expect(performance.now() - began).toBeLessThan(4_000);
  });

  test('ends at once when it is cancelled', async () => {
    const abort = new AbortController();
    const began = performance.now();
    const reading = readerOf('select 1 as n from pg_sleep(20)').read(abort.signal, {});
    setTimeout(() => abort.abort(), 100);
    expect(await reading).toMatchObject({ alive: false, reason: expect.stringContaining('cancelled') });
    expect(await readerOf('select 1 as n').read(AbortSignal.abort(), {})).toMatchObject({ alive: false });
    expect(performance.now() - began).toBeLessThan(2_000);
  });

  test('of a huge result is given up before it is held in memory', async () => {
    const before = process.memoryUsage().rss;
    const batch = await read(`select repeat('x', 1000000) as org, n from generate_series(1, 9000) as t (n)`);
    expect(batch).toMatchObject({ alive: false, samples: [], reason: expect.stringContaining('larger than 33554432 bytes') });
    expect(process.memoryUsage().rss - before).toBeLessThan(300 * 1024 * 1024);
  });

  test('whose connection is cut is dead, the next one is not, and no connection stays behind', async () => {
    expect(await read('select 1 as n from pg_terminate_backend(pg_backend_pid())')).toMatchObject({ alive: false });
    expect(await read('select 1 as n')).toMatchObject({ alive: true });
    const left = async () => (await run(`select count(*)::int as n from pg_stat_activity where application_name = 'belay'`)).rows[0]?.n;
    for (let tries = 0; tries < 50 && (await left()) > 0; tries += 1) await systemTime.sleep(100);
    expect(await left()).toBe(0);
  });
});

describe('the password', () => {
  const PASSWORD = 'hunter2/@:x';
  const SECRET = encodeURIComponent(PASSWORD);
  const withPassword = (url: string): string => url.replace('postgres@', `postgres:${SECRET}@`);
  const hides = (text: string | undefined): void => {
    expect(text).toBeTruthy();
    for (const part of [PASSWORD, SECRET, 'hunter2']) expect(text).not.toContain(part);
  };

  test('is in no reason, whoever says it', async () => {
    expect(await read('select 1 as n', { url: withPassword(postgres.url) })).toMatchObject({ alive: true });
    for (const said of [PASSWORD, SECRET, withPassword(postgres.url)]) {
      const { alive, reason } = await read(`select say('${said}') as n`, { url: withPassword(postgres.url) });
      expect(alive).toBe(false);
      expect(reason).toContain('it was ***');
      hides(reason);
    }
  });

  test('is in no reason when nobody is there, or not that role, or not that database', async () => {
    const url = withPassword(postgres.url);
    for (const wrong of [
      `postgres://ana:${SECRET}@127.0.0.1:1/crm`,
      `postgres://ana:${SECRET}@nowhere.invalid/crm`,
      `postgres://127.0.0.1:1/crm?user=ana&password=${SECRET}`,
      url.replace('postgres:', 'nobody:'),
      url.replace('/belay?', '/nothing?'),
    ]) {
      const { alive, reason } = await read('select 1 as n', { url: wrong, timeoutMs: 2_000 });
      expect(alive).toBe(false);
      hides(reason);
    }
  });

  test.each([
    'postgres://ana:hunter2/x@db.example/crm',
    'postgres://ana:hunter2@x@db.example/crm',
    'postgres://ana:hunter2#x@db.example/crm',
    'postgres://ana:hunter2?x@db.example/crm',
    'postgres://ana:hunter2%zz@db.example/crm',
    'mysql://ana:hunter2@db.example/crm',
    'hunter2',
  ])('is not repeated by the error about an address that is none: %s', (url) => {
    try {
      readerOf('select 1 as n', { url });
      expect.unreachable();
    } catch (error) {
      expect(BelayError.is(error, 'BELAY_CONFIG_INVALID')).toBe(true);
      hides((error as BelayError).message);
      hides((error as BelayError).hint);
    }
  });
});
