// The triggers of examples/instagram-dm, each for one organization: over a real Postgres, and the gateway's remote write.
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { REMOTE_WRITE_HEADERS, remoteWriteBody } from '../../../bench/remote-write-request.ts';
import { type PostgresPart, startPostgres } from '../../world/parts/postgres.ts';
import { type ExampleWorld, openExample } from './world.ts';

const MINUTE = 60_000;
const ORGS = ['acme', 'globex', 'initech'];

let postgres: PostgresPart;
let client: pg.Client;
let world: ExampleWorld;
beforeAll(async () => {
  postgres = await startPostgres();
  client = new pg.Client({ connectionString: postgres.url });
  await client.connect();
  await client.query(`create table identity_resolution_log (org text, ok bool);
    create table stage_move_log (org text, ok bool);
    create table organization (org text primary key);
    create table contact (org text, phone text);
    insert into organization values ('acme'), ('globex'), ('initech')`);
});
afterAll(async () => {
  await client.end();
  await postgres.stop();
});
beforeEach(() => client.query('truncate identity_resolution_log, stage_move_log, contact'));
afterEach(async () => (world as ExampleWorld | undefined)?.close());

async function open(...sources: readonly string[]): Promise<void> {
  world = await openExample('instagram-dm', { GATEWAY_SECRET: 's', CRM_DATABASE_URL: postgres.url }, sources);
}

async function log(table: string, org: string, good: number, bad: number): Promise<void> {
  await client.query(`insert into ${table} select $1, n > $3 from generate_series(1, $2) n`, [org, good + bad, bad]);
}

/** What the gateway's Prometheus sends of its counters so far. */
function remoteWrite(totals: ReadonlyMap<string, number>): Promise<number> {
  const series = [...totals].map(([key, total]) => {
    const [org = '', code = ''] = key.split('/');
    const labels = { __name__: 'webhook_total', instance: 'gateway:9090', job: 'gateway', org, code };
    return { labels, samples: [{ at: world.time.now(), value: total }] };
  });
  return world.send('gateway', remoteWriteBody(series), { path: '/api/v1/write', headers: REMOTE_WRITE_HEADERS });
}

test('more than 2 % of the webhooks of one organization fail within 15 minutes: a breach of that one alone [S4-TR-01]', async () => {
  await open('gateway');
  const totals = new Map<string, number>();
  const serve = async (minutes: number, bad: Readonly<Record<string, number>>): Promise<void> => {
    for (let step = 0; step < minutes * 4; step += 1) {
      for (const org of ORGS) {
        const failed = bad[org] ?? 0;
        totals.set(`${org}/200`, (totals.get(`${org}/200`) ?? 0) + 50 - failed);
        if (failed > 0) totals.set(`${org}/502`, (totals.get(`${org}/502`) ?? 0) + failed);
      }
      expect(await remoteWrite(totals)).toBe(204);
      await world.pass(MINUTE / 4);
    }
  };
  await serve(17, {});
  await serve(3, { acme: 5, globex: 1 });
  expect(await world.path('webhook-5xx', 'globex')).toEqual([]);
  await serve(3, { acme: 5, globex: 1 });
  expect(await world.state('webhook-5xx', 'acme')).toBe('breached, act');
  expect(await world.path('webhook-5xx', 'globex')).toEqual([]);
});

test.each([
  ['identity resolutions', '[S4-TR-02]', 'identity_resolution_log', 'identity', 'identity-failing'],
  ['moves between stages', '[S4-TR-03]', 'stage_move_log', 'stages', 'stage-moves-failing'],
] as const)(
  'more than one in a hundred %s fail for one organization: a breach of that one alone %s',
  async (_what, _id, table, source, trigger) => {
    await open(source);
    for (let minute = 0; minute < 32; minute += 1) {
      for (const org of ORGS) await log(table, org, 99, 0);
      await world.pass(MINUTE);
    }
    for (let minute = 0; minute < 12; minute += 1) {
      await log(table, 'acme', 88, 12);
      await log(table, 'globex', 100, 0);
      await world.pass(MINUTE);
    }
    expect(await world.state(trigger, 'acme')).toBe('breached, act');
    for (const org of ['globex', 'initech']) expect(await world.path(trigger, org)).toEqual([]);
    expect(await world.state('roll-back-organization', 'acme')).toBe('breached, act');
    expect(await world.state('roll-back-organization', 'globex')).toBe('never seen');
  },
);

test('duplicates ask until the people of the CRM say that they disturb [S4-TR-05]', async () => {
  await open('contacts');
  await world.pass(6 * MINUTE);
  expect(await world.path('duplicates', 'acme')).toEqual([]);
  await client.query("insert into contact values ('acme', '+55 11 1'), ('acme', '+55 11 1'), ('globex', '+55 11 1')");
  await world.pass(7 * MINUTE);
  expect(await world.state('duplicates', 'acme')).toBe('suspect, suspect');
  expect(await world.path('duplicates', 'globex')).toEqual([]);
  await expect(world.report('duplicates', 'eve', 'commander', 'acme')).rejects.toMatchObject({ code: 'BELAY_FORBIDDEN' });
  await world.report('duplicates', 'ana', 'crm-ops', 'acme');
  await world.pass(2 * MINUTE);
  expect(await world.state('duplicates', 'acme')).toBe('breached, act');
});

test('a WhatsApp regression is confirmed by the people who see it, for their organization [S4-TR-04]', async () => {
  await open();
  await expect(world.report('whatsapp-regression', 'bob', 'support', 'acme')).rejects.toMatchObject({ code: 'BELAY_FORBIDDEN' });
  await world.report('whatsapp-regression', 'ana', 'crm-ops', 'acme');
  expect((await world.path('whatsapp-regression', 'acme'))[0]).toBe('ok→suspect');
  await world.report('whatsapp-regression', 'rui', 'commander', 'acme');
  await world.pass(2_000);
  expect(await world.state('whatsapp-regression', 'acme')).toBe('breached, act');
  expect(await world.path('whatsapp-regression', 'globex')).toEqual([]);
});

test('any of the five is enough to roll one organization back, and each survives kill -9 [S4-DE-01]', async () => {
  await open('contacts');
  await world.report('whatsapp-regression', 'ana', 'crm-ops', 'globex');
  expect(await world.state('roll-back-organization', 'globex')).toBe('suspect, suspect');
  await world.kill();
  expect(await world.state('roll-back-organization', 'globex')).toBe('suspect, suspect');
  await world.report('whatsapp-regression', 'rui', 'commander', 'globex');
  await world.pass(2_000);
  expect(await world.state('roll-back-organization', 'globex')).toBe('breached, act');
  expect(await world.state('roll-back-organization', 'acme')).toBe('never seen');
});
