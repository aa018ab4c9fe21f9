// Ways back that are gone on a copy of the drill database, on two real Postgres: what the certificate says, what the plan then says, and what is left on
// both servers. Production is looked at before and after each.
import { execFileSync } from 'node:child_process';
import { rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { withProofs } from '../../../src/flows/proofs.ts';
import { openDatabases } from '../../../src/registry.ts';
import { safetyPanel } from '../../../src/server/pages/safety-panel.ts';
import { type PostgresPart, startPostgres } from '../../world/parts/postgres.ts';
import { openService, type Service, step, type Written } from './kit.ts';

let real: PostgresPart;
let drill: PostgresPart;
const open: Service[] = [];
beforeAll(async () => {
  [real, drill] = await Promise.all([startPostgres({ fsync: 'off' }), startPostgres({ fsync: 'off' })]);
});
afterAll(() => Promise.all([real.stop(), drill.stop()]));
const EMPTY = 'drop schema public cascade; create schema public';
async function empty(): Promise<void> {
  for (const one of open.splice(0)) {
    await one.sql(EMPTY);
    await one.close();
  }
  await onDrill(EMPTY);
}
afterEach(empty);

async function rows(url: string, text: string): Promise<readonly pg.QueryResultRow[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text)).rows as pg.QueryResultRow[];
  } finally {
    await client.end();
  }
}
const onDrill = (text: string) => rows(drill.url, text);

const MODULES = path.join(import.meta.dirname, '../../../node_modules');
const ENV = { PATH: `${path.dirname(process.execPath)}:/usr/bin:/bin` };
const KEYS = 'driver: sql-files\nartefact: service/releases/{release}\ntarget: api\n';
const SAME = {
  ...{ id: 'crm', driver: 'sql-files', url: 'postgres://a@db/crm', artefact: 'r/{release}', migrations: 'm', table: 't', column: 'c' },
  ...{ timeoutMs: 1_000, queries: {}, files: {}, drill: { url: 'postgres://b@db:5432/crm' } },
};
const FIRST = ['create table contact (id int primary key, name text)', 'drop table contact'] as const;
const NICK = ['alter table contact add column nick text', 'alter table contact drop column nick'] as const;
const WAY = step('down', 'do db.migrateDown\nwith: { database: crm, keep: v1, from: "{release.current}" }\nirreversible: the nicknames go');
const files = (...all: readonly (readonly [string, string])[]) =>
  Object.fromEntries(
    all.flatMap(([up, down], at) => [
      [`migrations/${at + 1}_m.up.sql`, up],
      [`migrations/${at + 1}_m.down.sql`, down],
    ]),
  );

/** v2 is live with the second migration, here and on the copy. */
async function service(second: readonly [string, string], o: Partial<Written> = {}): Promise<Service> {
  const one = await openService(real.url, {
    database: `${KEYS}drill: { url: "${drill.url}" }`,
    releases: { v1: files(FIRST), v2: files(FIRST, second) },
    steps: WAY,
    ...o,
  });
  open.push(one);
  expect(one.told).toEqual([]);
  const made = `${FIRST[0]}; insert into contact select n, 'name ' || n from generate_series(1, 100) n; ${second[0]};
    create index by_hand on contact (id); create table schema_migrations (version text primary key); insert into schema_migrations values ('1_m'), ('2_m')`;
  await one.sql(made);
  await onDrill(made);
  return one;
}

const stateOf = async (url: string) =>
  rows(
    url,
    `select table_name, column_name, data_type, (xpath('/row/n/text()', query_to_xml('select count(*) as n from public.' || quote_ident(table_name), false, true, '')))[1]::text as rows
     from information_schema.columns where table_schema = 'public' order by 1, 2`,
  );
const left = async () => [...(await rows(drill.url, LEFT)), ...(await rows(real.url, LEFT))].map((row) => row['datname'] as string);
const LEFT = `select datname from pg_database where datname like 'belay!_%' escape '!' order by 1`;

async function certified(one: Service, to = 'v1') {
  const before = [await stateOf(real.url), await stateOf(drill.url)];
  const certificate = await one.certify(to);
  expect([await stateOf(real.url), await stateOf(drill.url)]).toEqual(before);
  expect(await left()).toEqual([]);
  return certificate;
}

describe('a way back that is gone on a copy', () => {
  it('is lossless where every row and the schema of the release are there afterwards, an index that somebody made by hand or not', async () => {
    const one = await service(NICK);
    const stages: string[] = [];
    expect(await one.certify('v1', (stage) => stages.push(stage))).toMatchObject({
      ...{ database: 'crm', from: 'v2', to: 'v1', stays: '1_m', outcome: 'lossless', postgres: drill.major, copiedAt: null, by: 'ana' },
      migrations: [{ id: '2_m', hash: expect.stringMatching(/^[0-9a-f]{64}$/) }],
      comparison: { rows: 100, lost: [], dropped: [{ schema: 'public', table: 'contact', column: 'nick' }], sampled: [], unchecked: [] },
      schema: { by: 'release', differs: [] },
    });
    expect(stages).toEqual(['copy', 'down', 'rows', 'schema', 'keep']);
    expect(await left()).toEqual([]);
  }, 60_000);

  it('loses the values that are counted, by column and by table, and values that only change are counted as well', async () => {
    const one = await service([
      'alter table contact add column nick text; alter table contact add column score numeric; create table visit (id int)',
      'alter table contact drop column nick; alter table contact alter column score type int; drop table visit',
    ]);
    await onDrill('update contact set nick = name where id <= 7; update contact set score = id + 0.4; insert into visit values (1), (2)');
    expect(await certified(one)).toMatchObject({
      outcome: 'lossy',
      comparison: {
        lost: [
          { object: 'contact.score', how: 'changed', count: 100 },
          { object: 'contact.nick', how: 'gone', count: 7 },
          { object: 'visit', how: 'gone', count: 2 },
        ],
      },
    });
  }, 60_000);

  it('loses what comes back empty, rows that go, and values that change places, and nothing where a column only gets its old name', async () => {
    const back = async (up: string, down: string) => {
      const { comparison, schema } = await certified(await service([up, down]));
      await empty();
      return { lost: comparison?.lost, dropped: comparison?.dropped, differs: schema.differs };
    };
    const nothing = { lost: [], dropped: [], differs: [] };
    expect(await back('alter table contact drop column name', 'alter table contact add column name text')).toEqual({
      ...nothing,
      lost: [{ object: 'contact.name', how: 'empty', count: 100 }],
    });
    const swap = `update contact set name = 'name ' || (case id when 1 then 2 else 1 end) where id in (1, 2)`;
    const other = 'create table if not exists other as select n from generate_series(1, 5) n';
    expect(await back(other, `delete from other where n <= 3; ${swap}`)).toEqual({
      ...nothing,
      lost: [
        { object: 'contact', how: 'changed', count: 100 },
        { object: 'other', how: 'rows', count: 3 },
      ],
      differs: [
        { object: 'column public.other.n', how: 'extra' },
        { object: 'table public.other', how: 'extra' },
      ],
    });
    const there = 'alter table contact rename column name to full_name; alter table contact alter column id type bigint';
    const again = 'alter table contact rename column full_name to name; alter table contact alter column id type int';
    expect(await back(there, again)).toEqual(nothing);
  }, 60_000);

  it('leaves an index and a column that the release never had, and the schema tells, by going up again where a migration was named', async () => {
    const one = await service([
      NICK[0],
      `${NICK[1]}; create index forgotten on contact (name); alter table contact add column rest int default 1`,
    ]);
    const differs = [
      { object: 'column public.contact.rest', how: 'extra' },
      { object: 'index public.forgotten', how: 'extra' },
    ];
    // A column that nobody had is not what comes back empty.
    expect(await certified(one)).toMatchObject({ outcome: 'lossy', schema: { by: 'release', differs } });
    expect(await certified(one, '1_m')).toMatchObject({ schema: { by: 'round-trip', differs } });
  }, 60_000);

  it('fails in the middle, and the certificate says where without a value of a row and without an address', async () => {
    const broken = `insert into contact (id, name) select 1, name from contact where name = 'name 7'`;
    const one = await service([NICK[0], `${NICK[1]}; ${broken}`], {
      database: `${KEYS}drill: { url: "{env.DRILL_URL}" }`,
      env: { DRILL_URL: drill.url.replace('postgres@', 'postgres:geheim@') },
    });
    const first = await certified(one);
    expect(first).toMatchObject({ outcome: 'fails', comparison: null, said: expect.stringContaining('duplicate key value') });
    await onDrill(
      "drop table schema_migrations; create table schema_migrations (version text); insert into schema_migrations values ('1_m'), ('2_m')",
    );
    const { said = '' } = await one.certify('v1');
    expect(JSON.stringify([first, said])).not.toMatch(/geheim|belay_drill|name 7|@/);
  }, 60_000);

  it('is not called failing for trouble of the drill server: the connection, time, rights or the disk end it with an error and no certificate', async () => {
    const one = await service(NICK);
    for (const [trouble, told] of [
      ['select pg_terminate_backend(pg_backend_pid())', /whether anything of it stays is not known/],
      ['set local statement_timeout = 20; select pg_sleep(5)', /canceling statement due to statement timeout/],
      [
        'create role belay_less; set local role belay_less; drop table public.contact',
        /permission denied for schema public|must be owner of table contact/,
      ],
      [`do $$ begin raise exception 'no space' using errcode = '53100'; end $$`, /no space/],
    ] as const) {
      writeFileSync(path.join(one.folder, 'service/releases/v2/migrations/2_m.down.sql'), `${NICK[1]}; ${trouble}`);
      const failure = expect.objectContaining({ hint: expect.stringContaining('belay certify crm --to v1') as string });
      const certificate = await one.certify('v1').catch((error: unknown) => error);
      expect(certificate, trouble).toEqual(failure);
      expect(certificate).toMatchObject({ code: 'BELAY_TARGET_UNREACHABLE', message: expect.stringMatching(told) as string });
    }
    expect(await one.plan()).toMatchObject({ proofs: [{ database: 'crm', state: 'none' }] });
    expect(await left()).toEqual([]);
  }, 60_000);

  it('is gone under what ALTER DATABASE says of the drill database: lists, words in quotes, and names of their own', async () => {
    const word = `do $$ begin if current_setting('belay.word', true) is distinct from 'it''s' then raise 'no word'; end if; end $$`;
    const one = await service([
      'create schema "My app"; create table "My app".lone (id int)',
      `${word}; drop table lone; drop schema "My app"`,
    ]);
    await onDrill(`alter database belay set search_path = "My app", public; alter database belay set "belay.word" = 'it''s';
      alter role current_user in database belay set statement_timeout = '50s'; alter database belay set log_duration = on`);
    try {
      const { outcome, said } = await certified(one);
      expect([outcome, said]).toEqual(['lossless', undefined]);
    } finally {
      await onDrill('alter database belay reset all; alter role current_user in database belay reset all; drop schema "My app" cascade');
      await one.sql('drop schema "My app" cascade');
    }
  }, 60_000);

  it('is not gone where the drill database is production by any name, stands for it, or has other migrations', async () => {
    const at = async (url: string) => {
      await empty();
      return service(NICK, { database: `${KEYS}drill: { url: "${url}" }` });
    };
    const folder = new URL(real.url).searchParams.get('host') ?? '';
    const alias = real.url.replace(folder, `${folder}/.`);
    const refused = { code: 'BELAY_GUARD_REFUSED', message: 'database crm: drill is on the very server of crm, so nothing was tried' };
    await expect((await at(alias)).certify('v1')).rejects.toMatchObject(refused);
    await expect((await at(real.urlOf('postgres'))).certify('v1')).rejects.toMatchObject(refused);
    await expect((await at('postgresql://nobody@127.0.0.1:1/crm')).certify('v1')).rejects.toMatchObject({
      code: 'BELAY_GUARD_REFUSED',
      message: expect.stringContaining('nobody knows that drill is not production'),
    });
    expect(() => openDatabases({ databases: [SAME] } as never, {} as never)).toThrow(
      /drill: it must be the address of another database than url/,
    );
    const old = await at(drill.url);
    await onDrill(`delete from schema_migrations where version = '2_m'`);
    await expect(old.certify('v1')).rejects.toMatchObject({
      code: 'BELAY_TARGET_CONFLICT',
      message: 'the drill database has other migrations than the real one: it lacks 2_m',
    });
    await expect(old.certify('v2')).rejects.toMatchObject({ message: 'nothing is taken back on the way to v2: there is nothing to prove' });
    expect(await left()).toEqual([]);
  }, 60_000);

  it('is not gone where the copy could write to other servers, and the refusal says what to type', async () => {
    const one = await service([NICK[0], `${NICK[1]}; delete from far`]);
    const folder = new URL(real.url).searchParams.get('host') ?? '';
    await onDrill(`create extension dblink; create extension postgres_fdw;
      create server "the real" foreign data wrapper postgres_fdw options (host '${folder}', dbname 'belay');
      create user mapping for public server "the real"; create user mapping for postgres server "the real" options (user 'postgres');
      create foreign table far (id int, name text) server "the real" options (table_name 'contact')`);
    const refused = await one.certify('v1').catch((error: unknown) => error as { readonly hint: string });
    expect(refused).toMatchObject({
      code: 'BELAY_GUARD_REFUSED',
      message:
        'database crm: a copy of drill could write to other servers, so nothing was tried: extension dblink, the user mapping of postgres at server the real, the user mapping of public at server the real',
    });
    expect(await one.sql('select count(*)::int as rows from contact')).toEqual([{ rows: 100 }]);
    const hint = 'hint' in refused ? refused.hint : '';
    await onDrill(hint.slice(hint.indexOf(': ') + 2));
    // The foreign table stays, and leads nowhere.
    expect(await one.certify('v1')).toMatchObject({ outcome: 'fails', said: expect.stringContaining('user mapping not found') });
    expect(await one.sql('select count(*)::int as rows from contact')).toEqual([{ rows: 100 }]);
    await onDrill('drop extension postgres_fdw cascade; create foreign data wrapper odd; create server odd foreign data wrapper odd');
    await expect(one.certify('v1')).rejects.toMatchObject({ hint: expect.stringContaining(': drop server odd cascade;') });
    await onDrill('drop foreign data wrapper odd cascade');
    expect(await left()).toEqual([]);
  }, 60_000);

  it('is gone by two at once, each on a copy of its own, and says how old the copy is', async () => {
    const one = await service(NICK, {
      database: `${KEYS}drill: { url: "${drill.url}", asOf: "select '2026-11-20T03:00Z'" }`,
    });
    const both = await Promise.all([one.certify('v1'), one.certify('v1')]);
    expect(both.map(({ outcome, copiedAt }) => ({ outcome, copiedAt }))).toEqual(
      Array.from({ length: 2 }, () => ({ outcome: 'lossless', copiedAt: Date.UTC(2026, 10, 20, 3) })),
    );
    expect(await left()).toEqual([]);
  }, 60_000);

  it('is by the program of the release where migrations are programs, and the plan takes that for proof of what nobody can read', async () => {
    const program = (up: string, down: string) =>
      `exports.up = (pgm) => pgm.sql(${JSON.stringify(up)});\nexports.down = (pgm) => pgm.sql(${JSON.stringify(down)});\n`;
    const [first, second] = [program(...FIRST), program(...NICK)];
    const one = await openService(real.url, {
      database: `driver: node-pg-migrate\nartefact: service/releases/{release}\ntarget: api\nenvironment: { PATH: "${ENV.PATH}" }\ndrill: { url: "${drill.url}" }`,
      releases: { v1: { 'migrations/1_m.cjs': first }, v2: { 'migrations/1_m.cjs': first, 'migrations/2_m.cjs': second } },
      steps: WAY,
    });
    open.push(one);
    expect(one.told).toEqual([]);
    for (const release of ['v1', 'v2']) symlinkSync(MODULES, path.join(one.folder, 'service/releases', release, 'node_modules'));
    for (const url of [real.url, drill.url])
      execFileSync('node_modules/.bin/node-pg-migrate', ['up'], {
        cwd: path.join(one.folder, 'service/releases/v2'),
        env: { ...ENV, DATABASE_URL: url },
        stdio: 'pipe',
      });
    await onDrill(`insert into contact (id, name) values (1, 'a')`);
    const unproved = await one.plan();
    expect(unproved).toMatchObject({ safety: { verdict: 'restore' }, proofs: [{ database: 'crm', state: 'none', certificate: null }] });
    const variables = path.join(one.folder, 'service/.env');
    writeFileSync(variables, 'SEARCH_URL=https://search\n');
    await expect(one.certify('v1')).rejects.toMatchObject({
      message: 'its tool may load ../../.env, which may lead to production, so nothing was run: see dotenv of crm',
    });
    rmSync(variables);
    expect(await certified(one)).toMatchObject({ outcome: 'lossless', schema: { by: 'release', differs: [] } });
    const proved = await one.plan();
    expect(proved).toMatchObject({ safety: { verdict: 'down-lossless' }, proofs: [{ state: 'lossless', certificate: { from: 'v2' } }] });
    // The sheet of an approval has the plan as it was kept by its hash.
    const { proofs: _beside, losses: _counted, ...kept } = proved;
    const panel = safetyPanel({ lang: 'en' }, await withProofs(one.parts(), kept)).text;
    expect(panel).toMatch(/crm: proved reversible on \d{4}-\d\d-\d\d with 1 rows in .*, on a copy whose age is not known/);
    // What the way back drops is counted where it is real: nothing was in it on the copy.
    await one.sql(`insert into contact (id, nick) values (1, 'b')`);
    const counted = await one.plan();
    expect(counted).toMatchObject({ safety: { verdict: 'down-lossy' }, losses: [{ object: 'public.contact.nick', count: 1 }] });
    writeFileSync(path.join(one.folder, 'service/releases/v2/migrations/2_m.cjs'), `${second}// mended\n`);
    expect(await one.plan()).toMatchObject({
      safety: { verdict: 'restore' },
      proofs: [{ state: 'out-of-date', since: { changed: ['2_m'] } }],
    });
  }, 60_000);
});
