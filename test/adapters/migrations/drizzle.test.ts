// Drizzle on a real Postgres: up by its own migrator, known and applied by the hash of each text, down by files of the user's own.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { drizzleLayout } from '../../../src/adapters/migrations/drizzle.ts';
import { BelayError } from '../../../src/domain/errors.ts';
import { inPart, whyNoPart } from '../../world/parts/npm-part.ts';
import { type PostgresPart, startPostgres } from '../../world/parts/postgres.ts';
import { openService, type Service, step } from './kit.ts';

const DRIZZLE = { name: 'drizzle', packages: ['drizzle-orm@0.45.4'], proof: 'node_modules/drizzle-orm/package.json' };
const noDrizzle = whyNoPart(DRIZZLE);
if (noDrizzle !== null) console.warn(`SKIPPED: ${noDrizzle}`);

let postgres: PostgresPart;
const open: Service[] = [];
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres.stop());
afterEach(async () => {
  for (const one of open.splice(0)) {
    await one.sql('drop schema public cascade; create schema public; drop schema if exists drizzle cascade');
    await one.close();
  }
});

const JOURNAL = (...tags: readonly string[]): string =>
  JSON.stringify({
    version: '7',
    dialect: 'postgresql',
    entries: tags.map((tag, idx) => ({ idx, version: '7', when: 1_760_000_000_000 + idx * 60_000, tag, breakpoints: true })),
  });
const FIRST = { 'drizzle/0000_contacts.sql': 'CREATE TABLE "contact" ("id" integer PRIMARY KEY, "name" text);\r\n' };
const NICK = {
  'drizzle/0001_nick.sql':
    'ALTER TABLE "contact" ADD COLUMN "nick" text;\n--> statement-breakpoint\nALTER TABLE "contact" ADD COLUMN "tag" text;',
};
const NICK_BACK = { 'drizzle/0001_nick.down.sql': 'alter table contact drop column nick, drop column tag' };
const V1 = { 'drizzle/meta/_journal.json': JOURNAL('0000_contacts'), ...FIRST };
const V2 = { 'drizzle/meta/_journal.json': JOURNAL('0000_contacts', '0001_nick'), ...FIRST, ...NICK, ...NICK_BACK };
const DOWN = step(
  'down',
  'do db.migrateDown\nwith: { database: crm, to: 0000_contacts, from: "{release.current}" }\nirreversible: the nicknames go',
);
const SWITCH = step(
  'switch',
  'do deploy.rollback\nwith: { target: api, to: v1 }\nundo: { do: deploy.activate, with: { target: api, to: v2 } }',
);

async function crm(v2: Readonly<Record<string, string>> = V2, steps = DOWN + SWITCH): Promise<Service> {
  const database = 'driver: drizzle\nartefact: service/releases/{release}\ntarget: api';
  const service = await openService(postgres.url, { database, releases: { v1: V1, v2 }, steps });
  open.push(service);
  migrate(service, 'v2');
  return service;
}

/** Its own migrator, as a service calls it when it starts. */
function migrate(service: Service, release: string): void {
  const folder = mkdtempSync(path.join(tmpdir(), 'belay-drizzle-'));
  try {
    symlinkSync(inPart(DRIZZLE, 'node_modules'), path.join(folder, 'node_modules'));
    const pg = path.join(import.meta.dirname, '../../../node_modules/pg/lib/index.js');
    writeFileSync(
      path.join(folder, 'migrate.cjs'),
      `const pg = require(${JSON.stringify(pg)});
       const { drizzle } = require('drizzle-orm/node-postgres');
       const { migrate } = require('drizzle-orm/node-postgres/migrator');
       (async () => {
         const client = new pg.Client({ connectionString: process.env.DATABASE_URL });
         await client.connect();
         await migrate(drizzle(client), { migrationsFolder: process.argv[2] });
         await client.end();
       })();`,
    );
    const where = path.join(service.folder, 'service/releases', release, 'drizzle');
    const env = { DATABASE_URL: postgres.url, NODE_PATH: path.join(import.meta.dirname, '../../../node_modules') };
    execFileSync(process.execPath, ['--preserve-symlinks-main', path.join(folder, 'migrate.cjs'), where], { env, stdio: 'pipe' });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const columns = async (service: Service): Promise<readonly unknown[]> =>
  (await service.sql(`select column_name from information_schema.columns where table_name = 'contact' order by 1`)).map(
    (row) => row['column_name'],
  );

describe.skipIf(noDrizzle !== null)('a database that Drizzle migrates', () => {
  it('goes back before the code by a file of the user, and its migrator would then migrate it again', async () => {
    const service = await crm();
    expect(service.told).toEqual([]);
    const planned = await service.plan();
    expect(planned.steps[0]).toMatchObject({
      current: '0001_nick',
      desired: '0000_contacts',
      args: { from: 'v2' },
      compareAndSet: 'native',
    });
    expect(planned.safety).toMatchObject({ verdict: 'down-lossless' });
    expect(await service.play(planned)).toMatchObject([
      { status: 'done', current: '0000_contacts' },
      { status: 'done', current: 'v1' },
    ]);
    expect(await columns(service)).toEqual(['id', 'name']);
    expect(await service.play(planned)).toMatchObject([{ status: 'noop' }, { status: 'noop' }]);
    migrate(service, 'v2');
    expect(await columns(service)).toEqual(['id', 'name', 'nick', 'tag']);
  });

  it('without a file of the user cannot go back at all: the verdict is to roll forward', async () => {
    const { 'drizzle/0001_nick.down.sql': _gone, ...oneWay } = V2;
    const service = await crm({ ...oneWay, 'drizzle/0001_nick.sql': 'ALTER TABLE "contact" RENAME "name" TO "nick"' });
    const planned = await service.plan();
    expect(planned.unknowns[0]?.why).toContain('no way back is written for 0001_nick');
    expect(planned.safety).toMatchObject({
      verdict: 'roll-forward-only',
      reasons: expect.arrayContaining([{ why: 'no-way-back', database: 'crm', ids: ['0001_nick'] }]),
    });
  });

  it('is not taken back by a release whose file says something else than what was applied: the hash is not known', async () => {
    const service = await crm();
    const other = `${NICK['drizzle/0001_nick.sql']}\nDROP TABLE "contact";`;
    writeFileSync(path.join(service.folder, 'service/releases/v2/drizzle/0001_nick.sql'), other);
    const hash = createHash('sha256').update(NICK['drizzle/0001_nick.sql']).digest('hex');
    expect((await service.plan()).unknowns[0]?.why).toContain(`the database has ${hash}, which release v2 does not know`);
    expect(await service.play()).toMatchObject([{ status: 'failed', effect: 'none' }, expect.anything()]);
    expect(await columns(service)).toEqual(['id', 'name', 'nick', 'tag']);
  });
});

describe('the journal of Drizzle', () => {
  const spec = { id: 'crm', driver: 'drizzle', table: 'drizzle.__drizzle_migrations', migrations: 'drizzle' } as never;
  const files = (journal: string | null, texts: Readonly<Record<string, string>> = {}) =>
    drizzleLayout(spec).files(
      {
        folder: async () => '',
        list: async () => [],
        text: async (_release, name) => (name.endsWith('_journal.json') ? journal : (texts[name] ?? null)),
      },
      'v2',
    );

  it.each([
    ['that is not there', null, 'has no meta/_journal.json'],
    ['that is cut short', '{"entries": [', 'is not JSON'],
    ['without entries', '{}', 'has no list of entries'],
    ['that names a file elsewhere', JOURNAL('../../etc/passwd'), 'cannot be a file'],
    ['that names one twice', JOURNAL('0000_a', '0000_a'), 'names a migration twice'],
    ['that names a file that is gone', JOURNAL('0000_a'), 'has no drizzle/0000_a.sql'],
  ])('%s is refused', async (_which, journal, why) => {
    await expect(files(journal)).rejects.toThrow(why);
  });

  it('with two migrations of the same text is refused: the table cannot tell them apart', async () => {
    const texts = { 'drizzle/0000_a.sql': '-- custom', 'drizzle/0001_b.sql': '-- custom' };
    await expect(files(JOURNAL('0000_a', '0001_b'), texts)).rejects.toThrow('0000_a and 0001_b have the same text');
  });

  it('is read or refused whatever it says, and never leads out of its folder', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.json(),
          fc.string(),
          fc.array(fc.string()).map((tags) => JOURNAL(...tags)),
        ),
        async (journal) => {
          const asked: string[] = [];
          const text = async (_release: string, name: string): Promise<string> => {
            asked.push(name);
            return name.endsWith('_journal.json') ? journal : name;
          };
          const read = drizzleLayout(spec).files({ folder: async () => '', list: async () => [], text }, 'v2');
          await read.catch((error: unknown) => expect(BelayError.is(error)).toBe(true));
          for (const name of asked) expect(path.normalize(name).split('/')[0]).toBe('drizzle');
        },
      ),
      { numRuns: 10_000 },
    );
  });
});
