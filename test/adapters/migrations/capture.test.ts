// Migrations that are programs, read by running them on a throw-away database: two real Postgres, the real tools, and the plan that people read.
// The judges are the verdict, what is counted, and what is left on both servers.
import { execFileSync } from 'node:child_process';
import { existsSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { findAlembic } from '../../world/parts/alembic.ts';
import { type PostgresPart, startPostgres } from '../../world/parts/postgres.ts';
import { findSequelize, SEQUELIZE_CONFIG, sequelizeMigration } from '../../world/parts/sequelize.ts';
import { UMZUG_PROGRAM } from '../../world/parts/umzug-program.ts';
import { openService, type Service, step } from './kit.ts';

const sequelize = findSequelize();
if (typeof sequelize === 'string') console.warn(`SKIPPED: ${sequelize}`);

const MODULES = path.join(import.meta.dirname, '../../../node_modules');
const NODE = path.dirname(process.execPath);
const ENV = { PATH: `${NODE}:/usr/bin:/bin` };

let postgres: PostgresPart;
let scratch: PostgresPart;
const open: Service[] = [];
beforeAll(async () => {
  [postgres, scratch] = await Promise.all([startPostgres(), startPostgres()]);
});
afterAll(() => Promise.all([postgres.stop(), scratch.stop()]));
afterEach(async () => {
  for (const one of open.splice(0)) {
    await one.sql('drop schema public cascade; create schema public');
    await one.close();
  }
});

interface Tool {
  /** Where its packages are, if not among those of Belay. */
  readonly modules?: string;
  readonly keys: string;
  readonly files: Readonly<Record<string, string>>;
  readonly folder: string;
  readonly first: string;
  /** Name of the file → its text, for the SQL up and down. */
  readonly migration: (name: string, up: string, down: string) => readonly [file: string, text: string];
  readonly up: readonly string[];
}

const quoted = (sql: string): string => JSON.stringify(sql);
const NODE_TOOLS: Readonly<Record<string, Tool>> = {
  knex: {
    keys: 'driver: knex\ncommand: [node_modules/.bin/knex, --knexfile, knexfile.cjs]',
    files: {
      'knexfile.cjs': `module.exports = { client: 'pg', connection: process.env.DATABASE_URL, migrations: { directory: './migrations', loadExtensions: ['.cjs'] } };`,
    },
    ...{ folder: 'migrations', first: '1_contacts.cjs' },
    migration: (name, up, down) => [
      `${name}.cjs`,
      `exports.up = (knex) => knex.raw(${quoted(up)});\nexports.down = (knex) => knex.raw(${quoted(down)});\n`,
    ],
    up: ['node_modules/.bin/knex', '--knexfile', 'knexfile.cjs', 'migrate:latest'],
  },
  umzug: {
    keys: 'driver: umzug\ncommand: [node, migrate.cjs]',
    files: { 'migrate.cjs': UMZUG_PROGRAM },
    ...{ folder: 'migrations', first: '1_contacts.cjs' },
    migration: (name, up, down) => [
      `${name}.cjs`,
      `exports.up = ({ context }) => context.query(${quoted(up)});\nexports.down = ({ context }) => context.query(${quoted(down)});\n`,
    ],
    up: ['node', 'migrate.cjs', 'up'],
  },
  'node-pg-migrate': {
    keys: 'driver: node-pg-migrate',
    files: {},
    ...{ folder: 'migrations', first: '1_contacts' },
    migration: (name, up, down) => [
      `${name}.cjs`,
      `exports.up = (pgm) => pgm.sql(${quoted(up)});\nexports.down = (pgm) => pgm.sql(${quoted(down)});\n`,
    ],
    up: ['node_modules/.bin/node-pg-migrate', 'up'],
  },
  ...(typeof sequelize === 'string'
    ? {}
    : {
        'sequelize-cli': {
          modules: sequelize.modules,
          keys: 'driver: sequelize',
          files: { 'config/config.js': SEQUELIZE_CONFIG },
          ...{ folder: 'migrations', first: '1_contacts.cjs' },
          migration: (name: string, up: string, down: string) => [`${name}.cjs`, sequelizeMigration(up, down)] as const,
          up: ['node_modules/.bin/sequelize-cli', 'db:migrate'],
        },
      }),
};

const CREATE = ['create table contact (id int primary key, name text)', 'drop table contact'] as const;
const NICK = ['alter table contact add column nick text', 'alter table contact drop column nick'] as const;

/** v2 is live, with the second migration; a runbook takes it back before the code. */
async function service(
  tool: Tool,
  o: { readonly scratch?: string; readonly second?: readonly [string, string]; readonly environment?: string } = {},
): Promise<Service> {
  const files = (count: number) => {
    const all = [tool.migration('1_contacts', ...CREATE), tool.migration('2_nick', ...(o.second ?? NICK))].slice(0, count);
    return { ...tool.files, ...Object.fromEntries(all.map(([file, text]) => [`${tool.folder}/${file}`, text])) };
  };
  const beside = o.scratch === undefined ? '' : `\nscratch: "${o.scratch}"`;
  const made = await openService(postgres.url, {
    database: `${tool.keys}\nartefact: service/releases/{release}\ntarget: api\nenvironment: { PATH: "${ENV.PATH}"${o.environment ?? ''} }${beside}`,
    releases: { v1: files(1), v2: files(2) },
    steps:
      step(
        'down',
        `do db.migrateDown\nwith: { database: crm, to: "${tool.first}", from: "{release.current}" }\nirreversible: the nicknames go`,
      ) + step('switch', 'do deploy.rollback\nwith: { target: api, to: v1 }\nundo: { do: deploy.activate, with: { target: api, to: v2 } }'),
  });
  open.push(made);
  expect(made.told).toEqual([]);
  for (const release of ['v1', 'v2'])
    symlinkSync(tool.modules ?? MODULES, path.join(made.folder, 'service/releases', release, 'node_modules'));
  const [program = '', ...args] = tool.up;
  execFileSync(program, args, {
    cwd: path.join(made.folder, 'service/releases/v2'),
    env: { ...ENV, DATABASE_URL: postgres.url },
    stdio: 'pipe',
  });
  return made;
}

async function judged(one: Service) {
  const { safety, losses } = await one.plan();
  return { verdict: safety?.verdict, whys: safety?.reasons.map((reason) => reason.why), reasons: safety?.reasons, losses };
}

async function leftOn(part: PostgresPart): Promise<readonly unknown[]> {
  const client = new pg.Client({ connectionString: part.url });
  await client.connect();
  try {
    return (await client.query(`select datname from pg_database where datname like 'belay_scratch%'`)).rows;
  } finally {
    await client.end();
  }
}

describe.each(Object.entries(NODE_TOOLS))('migrations of %s that are programs', (_name, tool) => {
  it('are read where a server is declared to try them on: what would be lost is named and counted, and nothing is left anywhere', async () => {
    const one = await service(tool, { scratch: scratch.url });
    await one.sql(`insert into contact (id, name, nick) values (1, 'a', 'b'), (2, 'c', null)`);
    const lossy = await judged(one);
    expect(lossy).toMatchObject({ verdict: 'down-lossy', losses: [{ database: 'crm', object: 'contact.nick', count: 1 }] });
    expect(lossy.whys).not.toContain('opaque');
    expect(await one.sql('select count(*)::int as rows from contact')).toEqual([{ rows: 2 }]);
    expect([await leftOn(scratch), await leftOn(postgres)]).toEqual([[], []]);
  }, 60_000);
});

describe('what was tried', () => {
  const knex = NODE_TOOLS['knex'] as Tool;

  it('turns the worst verdict into what is so: nothing is lost where nothing was written', async () => {
    expect(await judged(await service(knex))).toMatchObject({ verdict: 'restore', whys: expect.arrayContaining(['opaque']) });
    await open[0]?.sql('drop schema public cascade; create schema public');
    expect((await judged(await service(knex, { scratch: scratch.url }))).verdict).toBe('down-lossless');
  }, 60_000);

  it('is judged statement by statement where a migration sends several at once, however they begin', async () => {
    const several = (sql: string): string => `set local lock_timeout = '2s'; ${sql}`;
    const one = await service(knex, { scratch: scratch.url, second: [several(NICK[0]), several(NICK[1])] });
    await one.sql(`insert into contact (id, name, nick) values (1, 'a', 'b')`);
    expect(await judged(one)).toMatchObject({ verdict: 'down-lossy', losses: [{ object: 'contact.nick', count: 1 }] });
  }, 60_000);

  it('stays opaque where the migration reads rows, fails on an empty database, or is another text than the one that was tried', async () => {
    const reading = await service(knex, { scratch: scratch.url });
    const file = path.join(reading.folder, 'service/releases/v2/migrations/2_nick.cjs');
    const reads = `exports.up = async (knex) => { for (const row of await knex('contact').select('id')) await knex.raw('delete from contact'); };\n`;
    writeFileSync(file, `${reads}exports.down = (knex) => knex.raw('alter table contact drop column nick');\n`);
    expect(await judged(reading)).toMatchObject({ verdict: 'restore', whys: expect.arrayContaining(['opaque']) });
    writeFileSync(file, `exports.up = async () => { throw new Error('no'); };\nexports.down = async () => {};\n`);
    expect(await judged(reading)).toMatchObject({ verdict: 'restore', whys: expect.arrayContaining(['opaque']) });
    expect(await leftOn(scratch)).toEqual([]);
  }, 60_000);

  it('is run nowhere for real where a release brings an address of its own: its tool has to be heard on scratch first', async () => {
    for (const tool of Object.values(NODE_TOOLS)) {
      const one = await service(tool, { scratch: scratch.url });
      const release = path.join(one.folder, 'service/releases/v2');
      const [file, text] = tool.migration('3_more', 'create table more (id int)', 'drop table more');
      writeFileSync(path.join(release, tool.folder, file), text);
      const ownAddress = `process.env.DATABASE_URL = ${JSON.stringify(postgres.url)};\n`;
      for (const [name, config] of Object.entries(tool.files)) writeFileSync(path.join(release, name), `${ownAddress}${config}`);
      // The tool without a file of its own takes what its migrations say when they are loaded: that is too late, and it is tried as it should be.
      const isConfigured = Object.keys(tool.files).length > 0;
      const { verdict, reasons } = await judged(one);
      expect(await one.sql(`select to_regclass('more') as more`)).toEqual([{ more: null }]);
      if (isConfigured) {
        expect(verdict).toBe('restore');
        expect(reasons).toContainEqual({
          ...{ why: 'opaque', database: 'crm', ids: [expect.stringMatching(/^2_nick/)] },
          said: 'its tool was not heard on scratch, so it takes its address from elsewhere: nothing was run',
        });
      } else expect(verdict).toBe('down-lossless');
      await one.sql('drop schema public cascade; create schema public');
    }
  }, 120_000);

  it('is given nothing of the environment that may lead to the real database', async () => {
    const one = await service(knex, { scratch: scratch.url, environment: `, REAL: "${postgres.url}", DB_HOST: "${postgres.url}"` });
    const config = path.join(one.folder, 'service/releases/v2/knexfile.cjs');
    const text = String(NODE_TOOLS['knex']?.files['knexfile.cjs']);
    writeFileSync(config, text.replace('process.env.DATABASE_URL', 'process.env.REAL ?? process.env.DB_HOST ?? process.env.DATABASE_URL'));
    expect((await judged(one)).verdict).toBe('down-lossless');
  }, 60_000);

  it('is run nowhere while a file of variables stands beside the release, unless belay.yaml says that it leads to nothing of production', async () => {
    const beside = (one: Service) => {
      const file = path.join(one.folder, 'service/shared.env');
      // The migration says where its variables lead.
      writeFileSync(file, `LEADS_TO=${path.join(one.folder, 'reached')}\n`);
      const release = path.join(one.folder, 'service/releases/v2');
      symlinkSync('../../shared.env', path.join(release, '.env'));
      const loads = `process.loadEnvFile(__dirname + '/.env');\nrequire('node:fs').writeFileSync(process.env.LEADS_TO, '');\n`;
      writeFileSync(path.join(release, 'knexfile.cjs'), `${loads}${NODE_TOOLS['knex']?.files['knexfile.cjs']}`);
      return () => existsSync(path.join(one.folder, 'reached'));
    };
    const one = await service(knex, { scratch: scratch.url });
    const isReached = beside(one);
    expect((await judged(one)).reasons).toContainEqual({
      ...{ why: 'opaque', database: 'crm', ids: ['2_nick.cjs'] },
      said: 'its tool may load .env, which may lead to production, so nothing was run: see dotenv of crm',
    });
    expect(isReached()).toBe(false);
    await one.sql('drop schema public cascade; create schema public');
    const other = await service({ ...knex, keys: `${knex.keys}\ndotenv: allowed` }, { scratch: scratch.url });
    const isOtherReached = beside(other);
    expect((await judged(other)).verdict).toBe('down-lossless');
    expect(isOtherReached()).toBe(true);
  }, 60_000);

  it('is tried nowhere where scratch is the very server that it stands for, by whatever name, or does not answer', async () => {
    const folder = new URL(postgres.url).searchParams.get('host') ?? '';
    const alias = postgres.url.replace(folder, `${folder}/.`);
    expect(await judged(await service(knex, { scratch: alias }))).toMatchObject({ verdict: 'restore' });
    expect(await leftOn(postgres)).toEqual([]);
    await open[0]?.sql('drop schema public cascade; create schema public');
    expect(await judged(await service(knex, { scratch: 'postgres://x@127.0.0.1:1/x' }))).toMatchObject({ verdict: 'restore' });
    await expect(service(knex, { scratch: postgres.url.replace('/belay?', '/other?') })).rejects.toThrow(/database-option/);
  }, 60_000);
});

const alembic = findAlembic();
if (typeof alembic === 'string') console.warn(`SKIPPED: ${alembic}`);

describe.skipIf(typeof alembic === 'string')('revisions of Alembic', () => {
  it('are read the same way', async () => {
    if (typeof alembic === 'string') throw new Error(alembic);
    const revision = (id: string, before: string | null, up: string, down: string): string =>
      `from alembic import op\nrevision = "${id}"\ndown_revision = ${before === null ? 'None' : `"${before}"`}\n\n\ndef upgrade():\n    op.execute(${quoted(up)})\n\n\ndef downgrade():\n    op.execute(${quoted(down)})\n`;
    const env = `import os\nfrom alembic import context\nfrom sqlalchemy import create_engine\n\nwith create_engine(os.environ["DATABASE_URL"]).connect() as connection:\n    context.configure(connection=connection)\n    with context.begin_transaction():\n        context.run_migrations()\n`;
    const files = {
      ...{ 'alembic.ini': '[alembic]\nscript_location = alembic\n', 'alembic/env.py': env },
      'alembic/versions/a1.py': revision('a1', null, ...CREATE),
    };
    const words = Object.entries(alembic.env).map(([name, value]) => `${name}: "${value}"`);
    const one = await openService(postgres.url, {
      database: `driver: alembic\nartefact: service/releases/{release}\ntarget: api\ncommand: ["${alembic.file}"]\nscratch: "${scratch.url}"\nenvironment: { ${words.join(', ')} }`,
      releases: { v1: files, v2: { ...files, 'alembic/versions/b2.py': revision('b2', 'a1', ...NICK) } },
      steps: step('down', 'do db.migrateDown\nwith: { database: crm, to: a1, from: "{release.current}" }\nirreversible: the nicknames go'),
    });
    open.push(one);
    const cwd = path.join(one.folder, 'service/releases/v2');
    execFileSync(alembic.file, ['upgrade', 'head'], { cwd, env: { ...alembic.env, DATABASE_URL: postgres.url }, stdio: 'pipe' });
    expect((await judged(one)).verdict).toBe('down-lossless');
    await one.sql(`insert into contact values (1, 'a', 'b')`);
    expect(await judged(one)).toMatchObject({ verdict: 'down-lossy', losses: [{ count: 1 }] });
  }, 60_000);
});
