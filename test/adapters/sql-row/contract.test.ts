// A flag in a table of a real Postgres: the contract in both ways of writing, and what the table may do to it.
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { createSqlRow } from '../../../src/adapters/sql-row/index.ts';
import { createDigest } from '../../../src/adapters/system/index.ts';
import type { FlagSpec } from '../../../src/domain/setting-catalog.ts';
import { createActions } from '../../../src/flows/actions/index.ts';
import { actionContract } from '../../contracts/action.ts';
import { flagContract } from '../../contracts/settings.ts';
import { type PostgresPart, startPostgres } from '../../world/parts/postgres.ts';
import { BELAY_YAML, playFolder } from '../../world/scenes/folder.ts';

let postgres: PostgresPart;
let number = 0;
beforeAll(async () => {
  postgres = await startPostgres();
}, 120_000);
afterAll(() => postgres.stop());

const TABLE = `create table julia_status (
  id bigserial primary key, status text not null check (status <> 'broken'), motivo text, alterado_via text, org text,
  created_at timestamptz not null default clock_timestamp());
insert into julia_status (status, motivo) values ('ativo', 'first');
create table switches (name text primary key, value boolean not null, why text);
insert into switches values ('writes', true, ''), ('other', true, '');`;

async function database() {
  number += 1;
  const url = await postgres.createDatabase(`flags_${number}`);
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(TABLE);
  const ask = async (text: string) => (await client.query(text)).rows as readonly Record<string, unknown>[];
  return { url, ask, close: () => client.end() };
}

const spec = (url: string, more: Record<string, unknown> = {}) =>
  ({
    ...{ id: 'julia', driver: 'sql-row', url, table: 'julia_status', column: 'status', write: 'insert', newestBy: 'created_at' },
    ...{ reasonColumn: 'motivo', with: { alterado_via: 'manual' }, orgColumn: 'org', timeoutMs: 5_000, ...more },
  }) as Extract<FlagSpec, { driver: 'sql-row' }>;
const open = (url: string, more: Record<string, unknown> = {}) => createSqlRow(spec(url, more), { digest: createDigest('key') });
const order = (expected: string, org: string | null = null) => ({ expected, key: 'run/set#1:act', reason: 'INC-1', org });
const UPDATE = { table: 'public.switches', column: 'value', write: 'update', where: { name: 'writes' }, reasonColumn: 'why' };
const updated = { ...UPDATE, with: undefined, orgColumn: undefined };

/** What Julia reads: the newest row of the organization, else of all. */
const GIVEN = (org: string | null): string =>
  `select status from julia_status where org is not distinct from ${org === null ? 'null' : `'${org}'`} order by created_at desc limit 1`;

flagContract('the newest row of a table', async () => {
  const { url, ask, close } = await database();
  const given = async (org: string | null) => (await ask(GIVEN(org)))[0]?.['status'] ?? (await ask(GIVEN(null)))[0]?.['status'];
  const put = async () => void (await ask("insert into julia_status (status, motivo) values ('manutencao', 'somebody')"));
  return { flag: open(url), is: 'ativo', to: 'pausado', put, given, close };
});

flagContract('one row of a table', async () => {
  const { url, ask, close } = await database();
  const given = async () => String((await ask("select value from switches where name = 'writes'"))[0]?.['value']);
  return { flag: open(url, updated), is: 'true', to: 'false', given, close };
});

actionContract('flag.set on the newest row', async () => {
  const { url, ask, close } = await database();
  const flags = { julia: open(url, { values: ['ativo', 'pausado', 'manutencao'] }) };
  const action = createActions({ targets: {}, switches: {}, pause: null as never, flags })['flag.set'];
  if (action === undefined) throw new Error('no action flag.set');
  const interfere = async () => void (await ask("insert into julia_status (status) values ('ativo')"));
  return { action, args: { flag: 'julia', to: 'pausado' }, impossible: { flag: 'julia', to: 'pasuado' }, interfere, close };
});

describe('a row of a table', () => {
  it('is added with its reason and its other columns, and nothing else is touched', async () => {
    const { url, ask, close } = await database();
    const flag = open(url);
    await flag.set('pausado', { ...order((await flag.get(null)).fingerprint), reason: "EMERGENCY: it's late" });
    expect(await ask('select status, motivo, alterado_via, org from julia_status order by id')).toEqual([
      { status: 'ativo', motivo: 'first', alterado_via: null, org: null },
      { status: 'pausado', motivo: "EMERGENCY: it's late", alterado_via: 'manual', org: null },
    ]);
    await close();
  });

  it('is added once when several add it at the same time', async () => {
    const { url, ask, close } = await database();
    const flag = open(url);
    const { fingerprint } = await flag.get(null);
    const ends = await Promise.allSettled([1, 2, 3].map(() => flag.set('pausado', order(fingerprint))));
    expect(ends.map((one) => one.status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled']);
    expect(await ask("select count(*)::int as n from julia_status where status = 'pausado'")).toEqual([{ n: 1 }]);
    await close();
  });

  it('is off for everybody past the rows of organizations that say otherwise, and before that is not called so', async () => {
    const { url, ask, close } = await database();
    await ask(`insert into julia_status (status, org) values ('pausado', 'acme'), ('ativo', 'acme'), ('pausado', 'globex'), ('ativo', '');
      insert into julia_status (status) values ('pausado')`);
    const flag = open(url);
    const seen = await flag.get(null);
    expect(seen.value).toBe('pausado, but not for: acme');
    expect(await Promise.all([null, 'acme', 'globex'].map((org) => flag.evaluate(org)))).toEqual(['pausado', 'ativo', 'pausado']);
    await ask("insert into julia_status (status, org) values ('ativo', 'initech')");
    await expect(flag.set('pausado', order(seen.fingerprint))).rejects.toMatchObject({ code: 'BELAY_TARGET_CONFLICT', effect: 'none' });
    await flag.set('pausado', order((await flag.get(null)).fingerprint));
    expect((await flag.get(null)).value).toBe('pausado');
    expect(await ask("select org, status from julia_status where motivo = 'INC-1' order by org")).toEqual([
      { org: 'acme', status: 'pausado' },
      { org: 'initech', status: 'pausado' },
    ]);
    await close();
  });

  it('is changed for everybody where each organization has one row that is changed', async () => {
    const { url, ask, close } = await database();
    await ask(`create table per_org (name text, org text, value boolean not null, why text);
      insert into per_org values ('writes', null, true), ('writes', 'acme', true), ('writes', 'globex', false), ('other', 'acme', true)`);
    const flag = open(url, { ...updated, table: 'per_org', orgColumn: 'org' });
    const seen = await flag.get(null);
    expect([seen.value, await flag.meant('off', seen.value)]).toEqual(['true, but not for: globex', 'false']);
    await flag.set('false', order(seen.fingerprint));
    expect((await flag.get(null)).value).toBe('false');
    expect(await ask('select name, org, value from per_org order by name, org')).toEqual([
      { name: 'other', org: 'acme', value: true },
      { name: 'writes', org: 'acme', value: false },
      { name: 'writes', org: 'globex', value: false },
      { name: 'writes', org: null, value: false },
    ]);
    await close();
  });

  it('is changed alone in its table, with the reason', async () => {
    const { url, ask, close } = await database();
    const flag = open(url, updated);
    expect(await flag.meant('off', 'true')).toBe('false');
    await flag.set('false', order((await flag.get(null)).fingerprint));
    expect(await ask('select * from switches order by name')).toEqual([
      { name: 'other', value: true, why: '' },
      { name: 'writes', value: false, why: 'INC-1' },
    ]);
    await close();
  });

  it('leaves nothing behind when it would not be the newest, or when the table refuses it', async () => {
    const { url, ask, close } = await database();
    await ask("insert into julia_status (status, created_at) values ('ativo', now() + interval '1 hour')");
    const flag = open(url);
    const { fingerprint } = await flag.get(null);
    await expect(flag.set('pausado', order(fingerprint))).rejects.toMatchObject({
      ...{ code: 'BELAY_ACT_FAILED', effect: 'none', message: expect.stringMatching(/does not become the newest/) },
      hint: expect.stringMatching(/newestBy/),
    });
    await expect(flag.set('broken', order(fingerprint))).rejects.toMatchObject({ code: 'BELAY_TARGET_UNREACHABLE', effect: 'none' });
    expect(await ask('select count(*)::int as n from julia_status')).toEqual([{ n: 2 }]);
    await close();
  });

  it('says who may not write, what is not there and what does not answer, never with the password', async () => {
    const { url, ask, close } = await database();
    await ask("drop role if exists reader; create role reader login password 'pw-s3cret'; grant select on julia_status to reader");
    const reader = open(url.replace('postgres@', 'reader:pw-s3cret@'));
    const { fingerprint } = await reader.get(null);
    await expect(reader.set('pausado', order(fingerprint))).rejects.toMatchObject({
      effect: 'none',
      hint: expect.stringMatching(/Grant Belay/),
    });
    await ask('drop owned by reader; drop role reader');
    await expect(open(url, { table: 'nowhere' }).get(null)).rejects.toMatchObject({ code: 'BELAY_TARGET_UNREACHABLE' });
    const gone = open('postgres://u:pw-s3cret@127.0.0.1:1/x').get(null);
    await expect(gone).rejects.toMatchObject({ code: 'BELAY_TARGET_UNREACHABLE', message: expect.not.stringContaining('s3cret') });
    await close();
  });

  it.each([
    [{ table: 'a b' }, /table: write its name/],
    [{ column: 'status; drop' }, /column: .* is no name/],
    [{ with: { 'x"y': '1' } }, /with: /],
    [{ write: 'update' }, /where: say which row/],
    [{ where: { id: '1' } }, /where: only of/],
    [{ url: 'mysql://x' }, /not the address of a Postgres/],
  ])('does not take options that mean nothing: %j', (more, why) => {
    expect(() => open('postgres://u:p@127.0.0.1:1/x', more)).toThrow(why);
  });
});

const yaml = (): string => `${BELAY_YAML}flags:
  julia:
    driver: sql-row
    url: "{env.JULIA_DATABASE_URL}"
    table: julia_status
    column: status
    values: [ativo, pausado]
    reasonColumn: motivo
    with: { alterado_via: manual }
    onUnreachable: off
`;
const step = (id: string, block: string): string => `### Step ${id} {#${id}}\n\n\`\`\`belay ${block}\n\`\`\`\n\n`;
const set = (id: string, to: string, why: string): string =>
  step(
    id,
    `do flag.set\nwith: { flag: julia, to: ${to}, why: "${why}" }\nundo: { do: flag.set, with: { flag: julia, to: ${to === 'ativo' ? 'pausado' : 'ativo'} } }`,
  );
const is = (id: string, value: string): string =>
  step(id, `verify\nall: [{ probe: flag, with: { flag: julia }, expect: 'value == "${value}"' }]\ntimeout: 2s`);

async function carriedOut(steps: string, ids: readonly string[]) {
  const { url, ask, close } = await database();
  const one = await playFolder({ yaml: yaml(), steps, env: { JULIA_DATABASE_URL: url }, acts: true });
  await one.run();
  for (const id of ids) expect(await one.ended(id), `${id}: ${JSON.stringify(await one.ended(id))}`).toMatchObject({ status: 'done' });
  const rows = await ask('select status, motivo, alterado_via from julia_status order by created_at offset 1');
  await close();
  return rows;
}

test('Julia is paused before a restore, the newest row is proven, and she is resumed after it [S5-ST-21, S5-VE-02, S5-ST-26]', async () => {
  const steps =
    set('pause', 'pausado', 'Restore em andamento') +
    is('paused', 'pausado') +
    set('resume', 'ativo', 'Restore concluído') +
    is('active', 'ativo');
  expect(await carriedOut(steps, ['pause', 'paused', 'resume', 'active'])).toEqual([
    { status: 'pausado', motivo: 'Restore em andamento', alterado_via: 'manual' },
    { status: 'ativo', motivo: 'Restore concluído', alterado_via: 'manual' },
  ]);
});

test('Julia is paused in an emergency with its reason, seen to be, and resumed by hand in the same way [S5-ST-87, S5-VE-19, S5-ST-96]', async () => {
  const steps = set('pause', 'pausado', 'EMERGÊNCIA: envio em massa') + is('paused', 'pausado');
  expect(await carriedOut(steps, ['pause', 'paused'])).toEqual([
    { status: 'pausado', motivo: 'EMERGÊNCIA: envio em massa', alterado_via: 'manual' },
  ]);
  const resume = set('pause', 'pausado', 'EMERGÊNCIA: x') + set('resume', 'ativo', 'Incidente resolvido') + is('active', 'ativo');
  expect((await carriedOut(resume, ['pause', 'resume', 'active'])).at(-1)).toEqual({
    ...{ status: 'ativo', motivo: 'Incidente resolvido', alterado_via: 'manual' },
  });
});
