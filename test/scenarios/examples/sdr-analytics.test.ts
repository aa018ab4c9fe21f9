// The triggers of examples/sdr-analytics over a real metrics page with probes, a real Postgres, and senders as they send.
import { createHmac } from 'node:crypto';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type MetricsPage, serveMetrics } from '../../world/parts/metrics-page.ts';
import { type PostgresPart, startPostgres } from '../../world/parts/postgres.ts';
import { type ExampleWorld, openExample, START } from './world.ts';

const MINUTE = 60_000;
const POINTS = ['/health', '/smoke/dashboard', '/smoke/login'];

let postgres: PostgresPart;
let client: pg.Client;
let page: MetricsPage;
let world: ExampleWorld;
beforeAll(async () => {
  postgres = await startPostgres();
  client = new pg.Client({ connectionString: postgres.url });
  await client.connect();
  await client.query('create table backup (id serial, verified_at timestamptz)');
});
afterAll(async () => {
  await client.end();
  await postgres.stop();
});
beforeEach(async () => {
  page = await serveMetrics();
  for (const point of POINTS) page.answer(point, { status: 200, body: { ok: true } });
});
afterEach(async () => {
  await (world as ExampleWorld | undefined)?.close();
  await page.close();
});

async function open(...sources: readonly string[]): Promise<void> {
  const env = { APP_URL: page.url, SUPPORT_HOOK_SECRET: 's', SENTRY_HOOK_SECRET: 's', BACKUP_CATALOGUE_URL: postgres.url };
  world = await openExample('sdr-analytics', env, sources);
}

async function serve(minutes: number, good: number, bad: number): Promise<void> {
  for (let step = 0; step < minutes * 4; step += 1) {
    page.add('http_requests_total', { code: '200' }, good);
    page.add('http_requests_total', { code: '500' }, bad);
    await world.pass(MINUTE / 4);
  }
}

test('after a deploy three times as many answers fail as in the half hour before: a breach; the same share as always is none [S3-TR-01]', async () => {
  await open('app');
  await serve(45, 97, 3);
  expect(await world.path('worse-since-deploy')).toEqual([]);
  await serve(6, 80, 20);
  expect(await world.state('worse-since-deploy')).toBe('breached, act');
});

test('two of three looks at the main function fail three times in a row: a breach; one is none [S3-TR-02]', async () => {
  await open('smoke');
  await world.pass(MINUTE);
  page.answer('/smoke/login', { status: 500, body: {} });
  await world.pass(2 * MINUTE);
  expect(await world.path('main-function-broken')).toEqual([]);
  page.answer('/smoke/dashboard', { status: 200, body: { ok: false } });
  await world.pass(30_000);
  expect(await world.path('main-function-broken')).toEqual([]);
  await world.pass(30_000);
  expect(await world.state('main-function-broken')).toBe('breached, act');
});

test('users complain in the support inbox, or somebody says that they do [S3-TR-03]', async () => {
  await open('support');
  const complain = (id: number, labels = ['problema']) => world.send('support', { event: 'conversation_created', id, labels });
  await complain(1);
  await complain(2);
  // Sent again, and about something else.
  await complain(2);
  await complain(3, ['elogio']);
  await world.pass(2 * MINUTE);
  expect(await world.path('users-complain')).toEqual([]);
  await complain(4);
  await world.pass(2 * MINUTE);
  expect((await world.path('users-complain'))[0]).toBe('ok→suspect');
  await world.report('users-say-so', 'ana', 'support');
  expect((await world.path('users-say-so'))[0]).toBe('ok→suspect');
});

test('Sentry counts four times as many errors as in the hour before, and at least twenty [S3-TR-04]', async () => {
  await open('sentry');
  let issues = 0;
  const event = async (): Promise<void> => {
    issues += 1;
    const body = {
      action: 'triggered',
      data: {
        event: {
          event_id: `e${issues}`,
          issue_id: String(issues),
          level: 'error',
          project: 7,
          datetime: new Date(world.time.now()).toISOString(),
        },
      },
    };
    const headers = { 'sentry-hook-resource': 'event_alert', 'sentry-hook-timestamp': String(Math.floor(world.time.now() / 1_000)) };
    const signed = { ...headers, 'sentry-hook-signature': createHmac('sha256', 's').update(JSON.stringify(body)).digest('hex') };
    expect(await world.send('sentry', body, { headers: signed })).toBeLessThan(300);
  };
  for (let minute = 0; minute < 70; minute += 1) {
    if (minute % 3 === 0) await event();
    await world.pass(MINUTE);
  }
  expect(await world.path('sentry-spike')).toEqual([]);
  for (let n = 0; n < 30; n += 1) {
    await event();
    await world.pass(10_000);
  }
  expect(await world.state('sentry-spike')).toBe('breached, act');
});

test('more than ten errors a minute: told; enough to act on at 84 in five minutes [S3-TR-05]', async () => {
  await open('app');
  await serve(10, 100, 2);
  expect(await world.path('errors-10-per-minute')).toEqual([]);
  await serve(5, 100, 3);
  expect(await world.state('errors-10-per-minute')).toMatch(/^(suspect|ok)/);
  await serve(6, 100, 6);
  expect(await world.state('errors-10-per-minute')).toBe('breached, act');
});

test('a rollback wants a recent backup: one of yesterday is recent until a day has passed [S3-GU-08]', async () => {
  await client.query('truncate backup');
  await client.query('insert into backup (verified_at) values (to_timestamp($1))', [START / 1_000 - 86_400 + 120]);
  await open('backups');
  await world.pass(MINUTE);
  expect(await world.path('backup-too-old')).toEqual([]);
  await world.pass(2 * MINUTE);
  expect(await world.state('backup-too-old')).toBe('breached, act');
  await client.query('insert into backup (verified_at) values (to_timestamp($1))', [world.time.now() / 1_000]);
  await world.pass(4 * MINUTE);
  expect(await world.path('backup-too-old')).toContain('breached→cleared');
});
