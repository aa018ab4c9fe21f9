// Migration tools as their own programs, on a real Postgres: up by the tool, down by a runbook. The judge is the table of the tool and what
// the table of contacts looks like.
import { execFileSync, spawnSync } from 'node:child_process';
import { symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { failed, runTool } from '../../../src/adapters/migrations/programs.ts';
import { leavesTransaction } from '../../../src/adapters/migrations/shape.ts';
import { createProcesses } from '../../../src/adapters/process/index.ts';
import type { BelayError } from '../../../src/domain/errors.ts';
import { type PostgresPart, startPostgres } from '../../world/parts/postgres.ts';
import { findSequelize, SEQUELIZE_CONFIG, sequelizeMigration } from '../../world/parts/sequelize.ts';
import { UMZUG_PROGRAM } from '../../world/parts/umzug-program.ts';
import { openService, type Service, step } from './kit.ts';

const sequelize = findSequelize();
if (typeof sequelize === 'string') console.warn(`SKIPPED: ${sequelize}`);

const MODULES = path.join(import.meta.dirname, '../../../node_modules');
const NODE = path.dirname(process.execPath);

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

interface Tool {
  readonly driver: 'node-pg-migrate' | 'knex' | 'umzug' | 'sequelize';
  /** Where its packages are, if not among those of Belay. */
  readonly modules?: string;
  /** Further keys of the database. */
  readonly keys?: string;
  readonly files: Readonly<Record<string, string>>;
  /** Its migrations, oldest first: name and files. */
  readonly migrations: readonly { readonly id: string; readonly file: string; readonly text: string }[];
  readonly up: readonly string[];
}

const KNEX = (up: string, down: string): string =>
  `exports.up = (knex) => knex.raw(${JSON.stringify(up)});\nexports.down = (knex) => knex.raw(${JSON.stringify(down)});\n`;
const UMZUG = (up: string, down: string): string =>
  `exports.up = ({ context }) => context.query(${JSON.stringify(up)});\nexports.down = ({ context }) => context.query(${JSON.stringify(down)});\n`;
const CREATE = ['create table contact (id int primary key, name text)', 'drop table contact'] as const;
const NICK = ['alter table contact add column nick text', 'alter table contact drop column nick'] as const;

const TOOLS: readonly Tool[] = [
  {
    driver: 'node-pg-migrate',
    files: {},
    migrations: [
      { id: '1_contacts', file: '1_contacts.sql', text: `-- Up Migration\n${CREATE[0]};\n-- Down Migration\n${CREATE[1]};\n` },
      { id: '2_nick', file: '2_nick.sql', text: `-- Up Migration\n${NICK[0]};\n-- Down Migration\n${NICK[1]};\n` },
    ],
    up: ['node_modules/.bin/node-pg-migrate', 'up'],
  },
  {
    driver: 'knex',
    files: {
      'knexfile.cjs': `module.exports = { client: 'pg', connection: process.env.DATABASE_URL, migrations: { directory: './migrations', loadExtensions: ['.cjs'] } };`,
    },
    keys: 'command: [node_modules/.bin/knex, --knexfile, knexfile.cjs]',
    migrations: [
      { id: '1_contacts.cjs', file: '1_contacts.cjs', text: KNEX(...CREATE) },
      { id: '2_nick.cjs', file: '2_nick.cjs', text: KNEX(...NICK) },
    ],
    up: ['node_modules/.bin/knex', '--knexfile', 'knexfile.cjs', 'migrate:latest'],
  },
  {
    driver: 'umzug',
    files: { 'migrate.cjs': UMZUG_PROGRAM },
    keys: 'command: [node, migrate.cjs]',
    migrations: [
      { id: '1_contacts.cjs', file: '1_contacts.cjs', text: UMZUG(...CREATE) },
      { id: '2_nick.cjs', file: '2_nick.cjs', text: UMZUG(...NICK) },
    ],
    up: ['node', 'migrate.cjs', 'up'],
  },
  ...(typeof sequelize === 'string'
    ? []
    : [
        {
          driver: 'sequelize' as const,
          modules: sequelize.modules,
          files: { 'config/config.js': SEQUELIZE_CONFIG },
          migrations: [
            { id: '1_contacts.cjs', file: '1_contacts.cjs', text: sequelizeMigration(...CREATE) },
            { id: '2_nick.cjs', file: '2_nick.cjs', text: sequelizeMigration(...NICK) },
          ],
          up: ['node_modules/.bin/sequelize-cli', 'db:migrate'],
        },
      ]),
];

const SWITCH = step(
  'switch',
  'do deploy.rollback\nwith: { target: api, to: v1 }\nundo: { do: deploy.activate, with: { target: api, to: v2 } }',
);

async function migrated(tool: Tool, from = '{release.current}', steps?: string): Promise<Service> {
  const first = tool.migrations[0]?.id ?? '';
  const filesOf = (count: number) => ({
    ...tool.files,
    ...Object.fromEntries(tool.migrations.slice(0, count).map(({ file, text }) => [`migrations/${file}`, text])),
  });
  const service = await openService(postgres.url, {
    database: `driver: ${tool.driver}\nartefact: service/releases/{release}\ntarget: api\nenvironment: { PATH: "${NODE}:/usr/bin:/bin" }\n${tool.keys ?? ''}`,
    releases: { v1: filesOf(1), v2: filesOf(2) },
    steps:
      steps ?? step('down', `do db.migrateDown\nwith: { database: crm, to: "${first}", from: "${from}" }\nirreversible: the nicknames go`),
  });
  open.push(service);
  for (const release of ['v1', 'v2'])
    symlinkSync(tool.modules ?? MODULES, path.join(service.folder, 'service/releases', release, 'node_modules'));
  const [program = '', ...args] = tool.up;
  const env = { PATH: `${NODE}:/usr/bin:/bin`, DATABASE_URL: postgres.url };
  execFileSync(program, args, { cwd: path.join(service.folder, 'service/releases/v2'), env, stdio: 'pipe' });
  return service;
}

const columns = async (service: Service): Promise<readonly unknown[]> =>
  (await service.sql(`select column_name from information_schema.columns where table_name = 'contact' order by 1`)).map(
    (row) => row['column_name'],
  );

describe.each(TOOLS.map((tool) => ({ driver: tool.driver, tool })))('a database that $driver migrates', ({ tool }) => {
  it('goes back to a migration by its name, by the program of the release that is live, and a second time does nothing', async () => {
    const service = await migrated(tool);
    expect(service.told).toEqual([]);
    expect(await columns(service)).toEqual(['id', 'name', 'nick']);
    const planned = await service.plan();
    expect(planned.steps[0]).toMatchObject({
      current: tool.migrations[1]?.id,
      desired: tool.migrations[0]?.id,
      compareAndSet: 'none',
      notes: ['unguarded'],
    });
    expect(await service.play(planned)).toMatchObject([{ status: 'done', current: tool.migrations[0]?.id }]);
    expect(await columns(service)).toEqual(['id', 'name']);
    expect(await service.play(planned)).toMatchObject([{ status: 'noop' }]);
    expect(await columns(service)).toEqual(['id', 'name']);
  });

  it('does with an old release what the plan says of it: it refuses to migrate, or starts without a word', async () => {
    const service = await migrated(tool, undefined, SWITCH);
    const [program = '', ...args] = tool.up;
    const env = { PATH: `${NODE}:/usr/bin:/bin`, DATABASE_URL: postgres.url };
    const reasons = ((await service.plan()).safety?.reasons ?? []).map((one) => one.why);
    const booted = spawnSync(program, args, { cwd: path.join(service.folder, 'service/releases/v1'), env, encoding: 'utf8' });
    // The migration of node-pg-migrate is SQL, and the old code can run with what it brought.
    const blind = tool.driver === 'node-pg-migrate' ? 'runs-on-new' : 'boots-blindly';
    expect(reasons).toContain(booted.status === 0 ? blind : 'refuses-boot');
    expect(booted.status === 0).toBe(tool.driver !== 'knex');
    expect(await columns(service)).toEqual(['id', 'name', 'nick']);
  });

  it('is not touched from a release that does not know what it would take back', async () => {
    const service = await migrated(tool, 'v1');
    expect((await service.plan()).unknowns[0]?.why).toContain(`has ${tool.migrations[1]?.id}, which release v1 does not know`);
    await expect(service.play()).resolves.toMatchObject([{ status: 'failed', effect: 'none' }]);
    expect(await columns(service)).toEqual(['id', 'name', 'nick']);
  });
});

describe('a program that does something else than it was told', () => {
  const liar = (does: string): string => UMZUG_PROGRAM.replace('const ok = await umzug.runAsCLI();', `${does}; const ok = true;`);
  const told = async (does: string): Promise<Service> => {
    const umzug = TOOLS.find((tool) => tool.driver === 'umzug');
    if (umzug === undefined) throw new Error('there is no tool');
    const service = await migrated(umzug);
    writeFileSync(path.join(service.folder, 'service/releases/v2/migrate.cjs'), liar(does));
    return service;
  };

  it('and takes back another migration, as a bare down of an old release does, is not believed although it ends with 0', async () => {
    const service = await told(`await client.query('delete from "SequelizeMeta" where name = $1', ['1_contacts.cjs'])`);
    expect(await service.play(undefined, 3_000)).toMatchObject([
      { status: 'unknown', message: expect.stringContaining('2_nick.cjs is still applied, or not it alone is gone') },
    ]);
  });

  it.each([
    ['does nothing', 'undefined', ['id', 'name', 'nick']],
    ['falls after half of it', `await client.query('alter table contact drop column nick'); process.exit(1)`, ['id', 'name']],
    ['takes the table of migrations away', `await client.query('drop table "SequelizeMeta"')`, ['id', 'name', 'nick']],
  ])('and %s is never called untouched: it brings no transaction', async (_what, does, left) => {
    const service = await told(does);
    expect(await service.play(undefined, 3_000)).toMatchObject([{ status: 'unknown' }]);
    expect(await columns(service)).toEqual(left);
  });

  it('of a tool that brings a transaction has changed nothing while its line is still there', async () => {
    const service = await migrated(TOOLS[0] as Tool);
    writeFileSync(path.join(service.folder, 'service/releases/v2/migrations/2_nick.sql'), `-- Down Migration\n${NICK[1]}; select 1 / 0;\n`);
    expect(await service.play()).toMatchObject([
      { status: 'failed', effect: 'none', message: expect.stringContaining('2_nick is still applied') },
    ]);
    expect(await columns(service)).toEqual(['id', 'name', 'nick']);
  });
});

describe('a migration that leaves the transaction of its tool and then falls', () => {
  const fallen = (does: string): string =>
    `exports.config = { transaction: false };\nexports.up = async () => {};\nexports.down = async (knex) => { await knex.raw(${JSON.stringify(does)}); throw new Error('no'); };\n`;

  const told = async (driver: Tool['driver'], texts: readonly (readonly [file: string, text: string])[]) => {
    const service = await migrated(TOOLS.find((tool) => tool.driver === driver) as Tool);
    const said: string[] = [];
    for (const [file, text] of texts) {
      writeFileSync(path.join(service.folder, 'service/releases/v2/migrations', file), text);
      const error = await service.takeBack('v2').then(
        () => expect.fail('it did not fall'),
        (fell: BelayError) => fell,
      );
      said.push(`${error.effect}: ${error.message}`);
    }
    return { said, left: await columns(service) };
  };

  it('in knex is never told as untouched: what differs is named, and rows are not vouched for', async () => {
    const down = [`update contact set name = 'x'`, 'create index concurrently half on contact (name)', NICK[1]];
    const { said, left } = await told(
      'knex',
      down.map((sql) => ['2_nick.cjs', fallen(sql)]),
    );
    expect(said).toEqual([
      expect.stringMatching(/^unknown: .*it leaves the transaction of its tool, so that rows may have changed \(/),
      expect.stringMatching(/^unknown: .*it left half of it: new: index public.half CREATE INDEX/),
      expect.stringMatching(/^unknown: .*it left half of it: gone: column public.contact.nick text \(/),
    ]);
    expect(left).toEqual(['id', 'name']);
  });

  it('in node-pg-migrate, by a COMMIT within it, is not either', async () => {
    const { said, left } = await told('node-pg-migrate', [['2_nick.sql', `-- Down Migration\n${NICK[1]}; commit; select 1 / 0;\n`]]);
    expect(said).toEqual([expect.stringMatching(/^unknown: .*gone: column public.contact.nick text/)]);
    expect(left).toEqual(['id', 'name']);
  });

  it.each([
    ['exports.config = { transaction: false };', true],
    ['pgm.noTransaction();', true],
    ['with op.get_context().autocommit_block():', true],
    ['knex.raw("COMMIT")', true],
    ['migrations: { disableTransactions: true }', true],
    ['exports.config = { transaction: true };', false],
    ['// transaction: false\nawait trx.commit();', false],
    ['with context.begin_transaction():', false],
  ])('is known by its words: %j', (text, leaves) => {
    expect(leavesTransaction(text)).toBe(leaves);
  });
});

describe('a freeze of a database', () => {
  it('keeps the program of the release from migrating, whole, until it is thawed [S5-GU-12]', async () => {
    const [tool] = TOOLS;
    if (tool === undefined) throw new Error('there is no tool');
    const why = "Incident L3: don't migrate";
    const service = await openService(postgres.url, {
      database: `driver: ${tool.driver}\nartefact: service/releases/{release}\ntarget: api\nenvironment: { PATH: "${NODE}:/usr/bin:/bin" }`,
      releases: { v1: Object.fromEntries(tool.migrations.slice(0, 1).map(({ file, text }) => [`migrations/${file}`, text])) },
      steps:
        step('freeze', `do db.freeze\nwith: { database: crm, why: "${why}" }\nundo: { do: db.thaw, with: { database: crm } }`) +
        step('down', 'do db.migrateDown\nwith: { database: crm, to: base, from: "{release.current}" }\nirreversible: all goes'),
    });
    open.push(service);
    expect(service.told).toEqual([]);
    const folder = path.join(service.folder, 'service/releases/v1');
    symlinkSync(MODULES, path.join(folder, 'node_modules'));
    const up = (): Buffer =>
      execFileSync('node_modules/.bin/node-pg-migrate', ['up'], {
        cwd: folder,
        env: { PATH: `${NODE}:/usr/bin:/bin`, DATABASE_URL: postgres.url },
        stdio: 'pipe',
      });
    up();
    const planned = await service.plan();
    expect(planned.steps[0]).toMatchObject({ current: 'open', desired: 'frozen' });
    // The step after it would be refused by the same freeze, and nothing of it remains.
    expect(await service.play(planned)).toMatchObject([
      { status: 'done', current: 'frozen' },
      { status: 'failed', effect: 'none', message: expect.stringContaining(why) },
    ]);
    writeFileSync(path.join(folder, 'migrations/2_nick.sql'), tool.migrations[1]?.text ?? '');
    expect(up).toThrow(/frozen by Belay: Incident L3: don't migrate/);
    expect(await columns(service)).toEqual(['id', 'name']);
    expect((await service.plan()).unknowns).toEqual([{ step: 'down', why: expect.stringContaining('crm is frozen') }]);
    await service.sql('drop trigger belay_freeze on pgmigrations');
    up();
    expect(await columns(service)).toEqual(['id', 'name', 'nick']);
  });
});

describe('what a program said when it failed', () => {
  it.each([
    ['p%rot', 'p%rot'],
    ['p%40rot', 'p@rot'],
    ['100%', '100%'],
  ])('is told without the password %s, however it is written', (written, plain) => {
    const spec = { id: 'crm', url: `postgres://app:${written}@db/crm`, variable: 'DATABASE_URL', command: ['knex'], toolTimeoutMs: 1 };
    const stderr = `error: ${spec.url} refused ${written} and ${plain}`;
    const said = failed({ ...spec, environment: {} }, { code: 1, stdout: '', stderr }, 'none', 'nothing went');
    expect(said).toMatchObject({ code: 'BELAY_ACT_FAILED', effect: 'none' });
    expect(said.message).toBe('crm: nothing went (knex ended with 1: error: *** refused *** and ***)');
  });
});

describe('a value of `environment` that a program prints', () => {
  const spec = {
    ...{ id: 'crm', url: 'postgres://app:p4rrot-q@db/crm', variable: 'DATABASE_URL', command: ['/bin/sh', '-c'], toolTimeoutMs: 1_000 },
    environment: { API_KEY: 'k3y-of-p4rrot-q', MODE: 'on' },
  } as const;

  it('is not told when the program fails, and a value too short to be a secret hides nothing', () => {
    const said = failed(spec, { code: 1, stdout: '', stderr: `error on ${spec.environment.API_KEY}` }, 'none', 'nothing went');
    expect(said.message).toBe(`crm: nothing went (/bin/sh ended with 1: error on ***)`);
  });

  it('is not told when its time is over, nor the address, nor the half of either that the end of a long text would begin with', async () => {
    // 500 characters are told: they begin in the middle of the key.
    const script = `printf '%s%s%0492d' "$DATABASE_URL" "$API_KEY" 0 >&2; sleep 60`;
    const run = runTool(spec, { processes: createProcesses() }, tmpdir(), [script]);
    await expect(run).rejects.toMatchObject({ code: 'BELAY_TIMEOUT', effect: 'unknown', message: expect.stringMatching(/: \*{6}0{492}$/) });
  });
});

it('is told without a password that stands in an address with several hosts', () => {
  const spec = { id: 'crm', url: 'mongodb://app:p%40rot@a:1,b:2/crm', variable: 'MONGODB_URL', command: ['m'], toolTimeoutMs: 1 };
  const said = failed({ ...spec, environment: {} }, { code: 1, stdout: '', stderr: `error: p@rot ${spec.url}` }, 'none', 'nothing went');
  expect(said.message).toBe('crm: nothing went (m ended with 1: error: *** ***)');
});

describe('the configuration of a program', () => {
  it.each([
    ['umzug', '[node, migrate.js, down]', 'takes back whatever comes first'],
    ['knex', '[npx, supabase]', 'resets the whole database'],
    ['alembic', '[alembic, downgrade]', 'takes back whatever comes first'],
  ])('of %s with the command %s is refused by name', async (driver, command, why) => {
    const service = await openService(postgres.url, {
      database: `driver: ${driver}\nartefact: service/releases/{release}\ncommand: ${command}`,
      steps: step('down', 'do db.migrateDown\nwith: { database: crm, to: base, from: v1 }\nirreversible: yes'),
    });
    open.push(service);
    expect(service.told).toEqual(['belay.yaml:13 database-option']);
    await expect(service.plan()).rejects.toThrow(why);
  });
});
