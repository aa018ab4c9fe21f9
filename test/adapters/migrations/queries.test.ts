// The probe `sql` on a real Postgres: named queries of belay.yaml, from runbook files.
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

async function crm(o: Partial<Written> & Pick<Written, 'steps'>): Promise<Service> {
  const service = await openService(postgres.url, { database: QUERIES, ...o });
  open.push(service);
  await service.sql(`create table messaging_conversation_links (org text, conversation int, at timestamptz default now());
    create table messaging_identity_resolution_log (org text, ok bool, at timestamptz);
    create table clientes (id int); create table conversations (id int); create table interacoes (id int, created_at timestamptz)`);
  return service;
}

const QUERIES = `driver: postgres
timeout: 2s
queries:
  new-links:
    sql: select count(*) as links from messaging_conversation_links where org = $org and at > $from
    parameters: { org: org }
    gives: { links: int }
  resolution-errors:
    sql: |
      select count(*) as errors from messaging_identity_resolution_log -- $org is no parameter in a comment
      where not ok and at >= $from and at < $to
    gives: { errors: int }
    growth: errors
  restored:
    sql: select (select count(*) from clientes) as clientes, (select count(*) from conversations) as conversations,
      (select max(created_at) from interacoes) as "lastInteraction",
      (select extract(epoch from now() - max(created_at)) from interacoes) as agesecs
    gives: { clientes: int, conversations: int, lastInteraction: time, ageSecs: number }
  all-clients: { sql: select id from clientes, gives: { id: int } }
  slow: { sql: "select pg_sleep(30)::text as x", gives: { x: text } }
  writes: { sql: "with gone as (delete from clientes returning 1) select count(*) as n from gone", gives: { n: int } }`;

const verify = (...checks: readonly string[]): string => step('look', `verify\nall:\n${checks.map((one) => `  - ${one}`).join('\n')}`);
const insertErrors = (service: Service, minutesAgo: number, count: number) =>
  service.sql(
    `insert into messaging_identity_resolution_log select 'acme', false, now() - interval '${minutesAgo} min' from generate_series(1, ${count})`,
  );

describe('a runbook that asks a database', () => {
  it('counts the new links of one organization within the window, its name bound and not written into the query [S4-VE-04, S4-SY-06, S3-SY-08]', async () => {
    const service = await crm({
      head: 'inputs: { org: { type: org, required: true } }\n',
      steps: verify('{ probe: sql, with: { query: new-links, org: "{org}", over: 10m }, expect: "links >= 2" }'),
    });
    expect(service.told).toEqual([]);
    await service.sql(`insert into messaging_conversation_links values ('acme', 1), ('acme', 2), ('globex', 3);
      insert into messaging_conversation_links values ('acme', 4, now() - interval '1 h')`);
    expect(await service.look({ org: 'acme' })).toMatchObject([{ result: 'pass', values: { links: 2 } }]);
    expect(await service.look({ org: 'globex' })).toMatchObject([{ result: 'fail', values: { links: 1 } }]);
    const hostile = "x' or 'a' = 'a'; drop table messaging_conversation_links; --";
    expect(await service.look({ org: hostile })).toMatchObject([{ result: 'fail', values: { links: 0 } }]);
    expect(await service.sql('select count(*)::int as n from messaging_conversation_links')).toEqual([{ n: 4 }]);
  });

  it('passes while the errors of the resolution log do not grow, and fails when they do [S4-VE-06]', async () => {
    const service = await crm({ steps: verify('{ probe: sql, with: { query: resolution-errors, over: 20m }, expect: "!growing" }') });
    expect(service.told).toEqual([]);
    await insertErrors(service, 15, 20);
    await insertErrors(service, 5, 22);
    expect(await service.look()).toMatchObject([{ result: 'pass', values: { errors: 42, earlier: 20, later: 22, growing: false } }]);
    await insertErrors(service, 2, 25);
    expect(await service.look()).toMatchObject([{ result: 'fail', values: { errors: 67, earlier: 20, later: 47, growing: true } }]);
  });

  it('says how much was restored and up to when, as numbers and an instant that conditions can use [S5-VE-03, S5-VE-04, S5-VE-05]', async () => {
    const service = await crm({
      steps: verify(
        '{ probe: sql, with: { query: restored }, expect: "clientes >= 3 && conversations > 0" }',
        `{ probe: sql, with: { query: restored }, expect: 'lastInteraction > timestamp("2026-03-01T00:00:00Z") && ageSecs < 1e9' }`,
      ),
    });
    expect(service.told).toEqual([]);
    await service.sql(`insert into clientes values (1), (2), (3); insert into conversations values (1);
      insert into interacoes values (1, '2026-03-02T03:00:00-03:00'), (2, '2026-03-01T00:00:00Z')`);
    const [counts, upTo] = await service.look();
    expect(counts).toMatchObject({ result: 'pass', values: { clientes: 3, conversations: 1 } });
    expect(upTo).toMatchObject({ result: 'pass', values: { lastInteraction: Date.parse('2026-03-02T06:00:00Z') } });
    await service.sql('truncate interacoes');
    expect((await service.look())[1]).toMatchObject({ result: 'inconclusive', reason: 'lastInteraction is NULL' });
  });

  it('is inconclusive when a query takes too long, gives many rows, or would write: and then nothing is written', async () => {
    const service = await crm({
      steps: verify(
        '{ probe: sql, with: { query: slow }, expect: "x == \\"\\"" }',
        '{ probe: sql, with: { query: all-clients }, expect: "id > 0" }',
        '{ probe: sql, with: { query: writes }, expect: "n > 0" }',
      ).replace('"x == \\"\\""', `'x == ""'`),
    });
    await service.sql('insert into clientes values (1), (2)');
    const [slow, many, writes] = await service.look();
    expect(slow).toMatchObject({ result: 'inconclusive', known: false, reason: expect.stringContaining('no answer within 2000 ms') });
    expect(many).toMatchObject({ result: 'inconclusive', reason: 'the query gave 2 rows: a check wants one' });
    expect(writes).toMatchObject({ result: 'inconclusive' });
    expect(await service.sql('select count(*)::int as n from clientes')).toEqual([{ n: 2 }]);
  });

  it('is told by the lint what a query does not take, does not give, and does not exist', async () => {
    const service = await crm({
      steps: verify(
        '{ probe: sql, with: { query: new-link, org: acme, over: 10m }, expect: "links > 0" }',
        '{ probe: sql, with: { query: new-links, org: acme }, expect: "links > 0" }',
        '{ probe: sql, with: { query: new-links, org: nobody, over: 10m }, expect: "rows > 0" }',
        '{ probe: sql, with: { query: resolution-errors, over: 10m, org: acme }, expect: "errors > true" }',
      ),
    });
    expect(service.told).toEqual([
      'back.runbook.md:14 unknown-query',
      'back.runbook.md:15 missing-argument',
      'back.runbook.md:16 unknown-organization',
      'back.runbook.md:16 condition',
      'back.runbook.md:17 unknown-argument',
      'back.runbook.md:17 condition',
    ]);
  });

  it('checks the indexes and the integrity of the data by catalog queries, as a snapshot for the record [S2-ST-16, S2-ST-26]', async () => {
    const service = await crm({
      database: `driver: postgres
queries:
  indexes:
    sql: |
      select count(*) filter (where not indisvalid or not indisready) as broken, count(*) as all
      from pg_index join pg_class on pg_class.oid = indrelid where relnamespace = 'public'::regnamespace
    gives: { broken: int, all: int }
  orphans:
    sql: select count(*) as orphans from interacoes left join clientes using (id) where clientes.id is null
    gives: { orphans: int }`
        .replace('as all', 'as indexes')
        .replace('all: int', 'indexes: int'),
      steps:
        verify(
          '{ probe: sql, with: { query: indexes }, expect: "broken == 0 && indexes > 0" }',
          '{ probe: sql, with: { query: orphans }, expect: "orphans == 0" }',
        ) + step('keep', 'collect\nfrom: [{ probe: sql, with: { query: indexes } }]'),
    });
    expect(service.told).toEqual([]);
    await service.sql('create index on clientes (id); insert into clientes values (1), (1), (2); insert into interacoes values (1)');
    expect(await service.look()).toMatchObject([{ result: 'pass' }, { result: 'pass' }, { values: { broken: 0, indexes: 1 } }]);
    // One that was begun concurrently and failed stays, invalid: the planner does not use it.
    await expect(service.sql('create unique index concurrently twice on clientes (id)')).rejects.toThrow('could not create unique index');
    await service.sql('insert into interacoes values (9)');
    expect(await service.look()).toMatchObject([
      { result: 'fail', values: { broken: 1, indexes: 2 } },
      { result: 'fail', values: { orphans: 1 } },
      { values: { broken: 1 } },
    ]);
  });
});
