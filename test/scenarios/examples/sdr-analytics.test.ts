// The triggers of examples/sdr-analytics over a real metrics page with probes, a real Postgres, and senders as they send.
import { createHmac } from 'node:crypto';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { DurableDisk } from '../../../src/adapters/virtual/durable-disk.ts';
import { createVirtualTime } from '../../../src/adapters/virtual/time.ts';
import { createCommands } from '../../../src/flows/commands.ts';
import { fakeTargetOn } from '../../world/fakes/action.ts';
import { type MetricsPage, serveMetrics } from '../../world/parts/metrics-page.ts';
import { type PostgresPart, startPostgres } from '../../world/parts/postgres.ts';
import { BAD_RELEASE, breach, GOOD_RELEASE, SHOP, startLife } from '../../world/scenes/deploy.ts';
import { deployRunbook } from '../../world/scenes/runbook.ts';
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
  const env = {
    APP_URL: page.url,
    SUPPORT_HOOK_SECRET: 's',
    SENTRY_HOOK_SECRET: 's',
    BACKUP_CATALOGUE_URL: postgres.url,
  };
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

describe('users who are hit', () => {
  /** A deploy breaks something for so many of 400 users; what Belay decides then, and what it did. */
  async function deploy(hit: number, o: { readonly silent?: boolean } = {}) {
    await open('app', 'events');
    const serveUsers = async (minutes: number, failing: number, failed: number): Promise<void> => {
      for (let step = 0; step < minutes * 4; step += 1) {
        page.add('http_requests_total', { code: '200' }, 100 - failed);
        page.add('http_requests_total', { code: '500' }, failed);
        const at = world.time.now();
        const users = Array.from({ length: 400 }, (_, n) => ({ user: `u${n}`, result: n < failing ? 'error' : 'done' }));
        if (o.silent !== true || failed < 5)
          await world.push(users.map((labels) => ({ kind: 'delta', name: 'requests', labels, at, delta: 1 })));
        await world.pass(MINUTE / 4);
      }
    };
    await serveUsers(40, 0, 1);
    const deployedAt = world.time.now();
    await serveUsers(3, hit, 20);
    expect(await world.state('worse-since-deploy')).toBe('breached, act');
    const breached = (await world.transitions('worse-since-deploy')).find((one) => one.to === 'breached');
    if (breached === undefined) throw new Error('no breach');
    const disk = new DurableDisk();
    const clock = createVirtualTime(world.time.now(), 3);
    const shop = fakeTargetOn(disk, 'shop', BAD_RELEASE);
    shop.changedAt = deployedAt;
    const { signals, triggers, guards, sources } = world.system;
    const system = { ...SHOP, signals, sources, guards, triggers: triggers.map((one) => ({ ...one, mode: 'armed' as const })) };
    const runbook = deployRunbook({ triggers: ['worse-since-deploy'] });
    const life = await startLife({ disk, clock, system, runbook, readings: world.detector.readings });
    await breach(disk, breached);
    await clock.advance(60_000);
    const decided = (await life.world.incidents.events('INC-1')).find((event) => event.type === 'decision.made');
    if (decided?.type !== 'decision.made') throw new Error('nothing was decided');
    const g6 = decided.data.guards.find((guard) => guard.guard === 'G6');
    return {
      ...life,
      choice: decided.data.choice,
      open: decided.data.guards.filter((one) => ['fail', 'inconclusive'].includes(one.answer)).map((one) => one.guard),
      g6,
      effects: () => shop.effects.map((effect) => effect.to),
    };
  }

  test('are 2 % of the active ones: Belay does not roll back alone, and a person may approve it all the same [S3-GU-04]', async () => {
    const one = await deploy(8);
    expect(one.g6).toMatchObject({ answer: 'fail', reason: 'G6.too-few', facts: { by: 'users', affected: 8, active: 400, limit: 0.05 } });
    expect([one.choice, one.open, one.effects()]).toEqual(['ask', ['G6'], []]);
    const [incident] = await one.world.incidents.list();
    const approval = Object.values(incident?.approvals ?? {}).find((found) => found.state === 'open');
    if (incident === undefined || approval === undefined) throw new Error('nothing waits for approval');
    await createCommands(one.world).approve(
      { person: 'ana', roles: ['commander', 'comms'] },
      { incident: incident.id, approval: approval.id, planHash: approval.planHash, decision: 'grant', key: 'k1' },
    );
    await one.clock.advance(60_000);
    expect(one.effects()).toEqual([GOOD_RELEASE]);
  });

  test('are a tenth of the active ones: Belay rolls back', async () => {
    const one = await deploy(40);
    expect(one.g6).toMatchObject({ answer: 'pass', facts: { by: 'users', affected: 40, active: 400 } });
    expect([one.choice, one.open, one.effects()]).toEqual(['act', [], [GOOD_RELEASE]]);
  });

  test('cannot be counted because nobody tells of them any more: Belay asks', async () => {
    const one = await deploy(400, { silent: true });
    expect(one.g6).toMatchObject({ answer: 'inconclusive', reason: 'G6.users-unknown' });
    expect([one.choice, one.effects()]).toEqual(['ask', []]);
  });
});
