// migrate-mongo by the contract of its command line and of its changelog: the real ones need a server that is not to be had here. The
// stand-ins are programs on PATH that keep a changelog in a file, write down how they were called, and do as the sources of 14.0 do.
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { lastApplied } from '../../../src/adapters/migrations/mongo.ts';
import { openService, type Service, step } from './kit.ts';

const NODE = path.dirname(process.execPath);
const ADDRESS = 'mongodb://app:s3cret@db.internal:27017/crm?replicaSet=rs0';
const open: { readonly service: Service; readonly world: string }[] = [];
afterEach(async () => {
  for (const { service, world } of open.splice(0)) {
    await service.close();
    rmSync(world, { recursive: true, force: true });
  }
});

/** Its files in order, each with the time that the changelog knows: `down` takes back the last one that has a time. */
const TOOL = `#!/usr/bin/env node
const fs = require('node:fs');
const [log, calls] = [process.env.WORLD + '/changelog.json', process.env.WORLD + '/calls'];
fs.appendFileSync(calls, JSON.stringify({ argv: process.argv.slice(2), cwd: process.cwd(), url: process.env.MONGODB_URL }) + '\\n');
const read = () => JSON.parse(fs.readFileSync(log, 'utf8'));
const files = fs.readdirSync('migrations').filter((name) => name.endsWith('.js')).sort();
const changed = [process.env.CHANGED, read().length < files.length ? process.env.CHANGED_AFTER : ''];
const timeOf = (name) => (changed.includes(name) ? undefined : read().find((one) => one.fileName === name)?.appliedAt);
if (process.argv[2] === 'status') {
  const row = (cells) => '\\u001b[90m│\\u001b[39m ' + cells.join(' \\u001b[90m│\\u001b[39m ') + ' \\u001b[90m│\\u001b[39m';
  console.log(row(['\\u001b[31mFilename\\u001b[39m', '\\u001b[31mApplied At\\u001b[39m']));
  for (const name of files) console.log(row([name, timeOf(name) ?? 'PENDING', '1760000000000']));
} else if (process.argv[2] === 'down' && process.argv.length === 3) {
  const last = files.filter((name) => timeOf(name)).at(-1);
  if (last === process.env.FALLS) { console.error('ERROR: Could not migrate down: E11000 after half of it'); process.exit(1); }
  if (process.env.BREAKS) { fs.writeFileSync(log, 'gone'); process.exit(0); }
  if (last !== undefined && process.env.LIES !== 'yes') fs.writeFileSync(log, JSON.stringify(read().filter((one) => one.fileName !== last)));
  console.log('MIGRATED DOWN: ' + last);
} else process.exit(9);
`;
/** Runs what it is told against the few words of mongosh that are used. */
const SHELL = `#!/usr/bin/env node
const fs = require('node:fs');
const vm = require('node:vm');
const argv = process.argv.slice(2);
if (argv.slice(0, 4).join(' ') !== '--nodb --norc --quiet --eval' || argv.length !== 5 || argv.join(' ').includes('s3cret')) process.exit(8);
if (process.env.SAYS) { console.log(process.env.SAYS); process.exit(0); }
const collection = (database, name) => ({
  find: (filter, fields) => ({
    toArray: () => {
      if (database !== 'crm' || name !== 'changelog') return [];
      return JSON.parse(fs.readFileSync(process.env.WORLD + '/changelog.json', 'utf8')).map(({ fileName, appliedAt }) => ({ fileName, appliedAt: new Date(appliedAt) }));
    },
  }),
});
const connect = (url) => {
  if (url !== ${JSON.stringify(ADDRESS)}) { console.error('MongoServerError: Authentication failed for ' + url); process.exit(1); }
  return { getSiblingDB: (database) => ({ getCollection: (name) => collection(database, name) }) };
};
console.log('a notice of the shell');
vm.runInNewContext(argv[4], { connect, print: console.log, process: { env: process.env }, JSON });
`;
const [A, B, C] = ['20260101000000-contacts.js', '20260201000000-nick.js', '20260301000000-tags.js'] as const;
const TEXT = 'module.exports = { async up(db) {}, async down(db) {} };';
const DOWN = step(
  'down',
  `do db.migrateDown\nwith: { database: crm, to: ${A}, from: "{release.current}" }\nirreversible: the nicknames go`,
);

interface Told {
  readonly applied?: readonly string[];
  readonly more?: Readonly<Record<string, string>>;
  readonly keys?: string;
  readonly address?: string;
}

async function crm({ applied = [A, B, C], more = {}, keys = '', address = ADDRESS }: Told = {}) {
  const world = mkdtempSync(path.join(tmpdir(), 'belay-mongo-'));
  mkdirSync(path.join(world, 'bin'));
  for (const [name, text] of Object.entries({ 'migrate-mongo': TOOL, mongosh: SHELL })) {
    writeFileSync(path.join(world, 'bin', name), text);
    chmodSync(path.join(world, 'bin', name), 0o755);
  }
  const env = Object.entries({ PATH: `${world}/bin:${NODE}:/usr/bin:/bin`, WORLD: world, ...more }).map(
    ([name, value]) => `${name}: '${value}'`,
  );
  const documents = applied.map((fileName, at) => ({ fileName, appliedAt: new Date(1_760_000_000_000 + at).toISOString() }));
  writeFileSync(path.join(world, 'changelog.json'), JSON.stringify(documents));
  const files = (...names: readonly string[]) => Object.fromEntries(names.map((name) => [`migrations/${name}`, TEXT]));
  const service = await openService('', {
    address,
    database: `driver: migrate-mongo\nartefact: service/releases/{release}\ntarget: api\ncommand: [${world}/bin/migrate-mongo]\nshell: [${world}/bin/mongosh]\nenvironment: { ${env.join(', ')} }\n${keys}`,
    releases: { v1: files(A), v2: files(A, B, C) },
    steps: DOWN,
  });
  open.push({ service, world });
  const applies = (): readonly string[] =>
    (JSON.parse(readFileSync(path.join(world, 'changelog.json'), 'utf8')) as { readonly fileName: string }[]).map((one) => one.fileName);
  const calls = (): readonly { readonly argv: readonly string[]; readonly cwd: string; readonly url: string }[] => {
    try {
      const lines = readFileSync(path.join(world, 'calls'), 'utf8').trim().split('\n');
      return lines.map((line) => JSON.parse(line) as { argv: string[]; cwd: string; url: string });
    } catch {
      return [];
    }
  };
  return { service, applies, calls };
}

describe('a database that migrate-mongo migrates', () => {
  it('goes back to a migration by its name, one after the other, each named by the changelog and by the tool beforehand', async () => {
    const { service, applies, calls } = await crm();
    expect(service.told).toEqual([]);
    const planned = await service.plan();
    expect(planned.steps[0]).toMatchObject({ current: C, desired: A, args: { from: 'v2' }, compareAndSet: 'none', notes: ['unguarded'] });
    expect(planned.safety).toMatchObject({ verdict: 'restore' });
    expect(await service.play(planned)).toMatchObject([{ status: 'done', current: A }]);
    expect(applies()).toEqual([A]);
    expect(calls().map((one) => one.argv.join(' '))).toEqual(['status', 'down', 'status', 'down']);
    expect(calls()[0]).toMatchObject({ cwd: expect.stringMatching(/releases\/v2$/), url: ADDRESS });
    expect(await service.play(planned)).toMatchObject([{ status: 'noop' }]);
    expect(calls().length).toBe(4);
  });

  it('is not touched when the tool would take back another one: a file that has changed is pending for it', async () => {
    const { service, applies, calls } = await crm({ more: { CHANGED: C } });
    expect(await service.play()).toMatchObject([
      { status: 'failed', effect: 'none', message: expect.stringContaining(`would take back ${B}, the changelog ends with ${C}`) },
    ]);
    expect([applies(), calls().map((one) => one.argv.join(' '))]).toEqual([[A, B, C], ['status']]);
  });

  it('is not touched from a release that lacks what is applied, although the tool would go on without a word', async () => {
    const { service, applies, calls } = await crm({ applied: [A, B, C, '20260401000000-more.js'] });
    expect((await service.plan()).unknowns[0]?.why).toContain('has 20260401000000-more.js, which release v2 does not know');
    expect(await service.play()).toMatchObject([{ status: 'failed', effect: 'none' }]);
    expect([applies().length, calls()]).toEqual([4, []]);
  });

  it('is not believed when the tool says that it went back and the changelog says otherwise', async () => {
    const { service, applies } = await crm({ more: { LIES: 'yes' } });
    expect(await service.play(undefined, 8_000)).toMatchObject([
      { status: 'unknown', message: expect.stringContaining(`${C} is still applied`) },
    ]);
    expect(applies()).toEqual([A, B, C]);
  });

  it('is not called untouched when the tool fell halfway through a migration, which leaves the changelog as it was', async () => {
    const { service, applies } = await crm({ more: { FALLS: C } });
    expect(await service.play(undefined, 8_000)).toMatchObject([
      { status: 'unknown', message: expect.stringContaining('E11000 after half of it') },
    ]);
    expect(applies()).toEqual([A, B, C]);
  });

  it('is not called untouched when the second of two migrations cannot even be begun', async () => {
    const { service, applies } = await crm({ more: { CHANGED_AFTER: B } });
    expect(await service.play(undefined, 8_000)).toMatchObject([
      { status: 'unknown', message: expect.stringContaining(`would take back ${A}`) },
    ]);
    expect(applies()).toEqual([A, B]);
  });

  it('is not called untouched when the changelog cannot be read any more after the tool was started', async () => {
    const { service } = await crm({ more: { BREAKS: 'yes' } });
    expect(await service.play(undefined, 8_000)).toMatchObject([
      { status: 'unknown', message: expect.stringContaining('the changelog cannot be read') },
    ]);
  });

  it.each([
    ['nothing', 'Current Mongosh Log ID: 1', 'the changelog cannot be read'],
    ['no list', 'BELAY {}', 'has a line that migrate-mongo does not write'],
    ['a document without a time', 'BELAY [{"fileName":"a.js"}]', 'has a line that migrate-mongo does not write'],
    ['half of it', 'BELAY [{"fileName":"a.js","app', 'no JSON'],
  ])('whose changelog is %s stops the plan and makes the verdict the worst', async (_which, says, why) => {
    const { service } = await crm({ more: { SAYS: says } });
    const planned = await service.plan();
    expect(planned.unknowns[0]?.why).toContain(why);
    expect(planned.safety).toMatchObject({ verdict: 'roll-forward-only', reasons: [{ why: 'unreadable', database: 'crm' }] });
  });

  it('says that the address is wrong without the password in it', async () => {
    const { service } = await crm({ address: ADDRESS.replace('db.internal', 'db.other') });
    const why = (await service.plan()).unknowns[0]?.why ?? '';
    expect(why).toContain('Authentication failed for ***');
    expect(why).not.toContain('s3cret');
  });

  it.each([
    ['an address of a Postgres', { address: 'postgres://db/crm' }, 'it is no address of a MongoDB'],
    ['no name of a database', { address: 'mongodb://db:27017' }, 'nothing says which database'],
    ['SQL', { keys: 'queries: { n: { sql: select 1 as n, gives: { n: int } } }' }, 'queries and files are SQL'],
  ])('with %s is refused when belay.yaml is read', async (_which, told, why) => {
    const { service } = await crm(told);
    expect(service.told).toEqual([expect.stringContaining('database-option')]);
    await expect(service.plan()).rejects.toThrow(why);
  });
});

it('what the status of migrate-mongo prints is read or not, and never breaks', () => {
  const part = fc.constantFrom('│ ', A, ' │ ', 'PENDING', '2026-01-01T00:00:00.000Z', '\n', '\u001b[31m');
  const table = fc.array(part).map((all) => all.join(''));
  fc.assert(
    fc.property(fc.oneof(fc.string(), table), (printed) => {
      const last = lastApplied(printed);
      expect(last === null || stripVTControlCharacters(printed).includes(last)).toBe(true);
    }),
    { numRuns: 10_000 },
  );
  expect(lastApplied(`│ ${A} │ someday │`)).toBe(null);
});
