// The triggers of examples/crm-backend over a real metrics page and a real status page.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type MetricsPage, serveMetrics } from '../../world/parts/metrics-page.ts';
import { type ExampleWorld, openExample } from './world.ts';

const MINUTE = 60_000;
const STEP = 15_000;

let page: MetricsPage;
let world: ExampleWorld;
beforeEach(async () => {
  page = await serveMetrics();
  page.answer('/api/v2/summary.json', summary('operational'));
});
afterEach(async () => {
  await (world as ExampleWorld | undefined)?.close();
  await page.close();
});

const summary = (status: string) => ({
  status: 200,
  body: {
    page: { id: 'x', name: 'Supabase', url: 'https://status.example', updated_at: '2026-03-02T11:00:00Z' },
    status: { indicator: status === 'operational' ? 'none' : 'major', description: '' },
    components: ['Database', 'Auth'].map((name) => ({ id: name, name, status: name === 'Database' ? status : 'operational' })),
    incidents: [],
    scheduled_maintenances: [],
  },
});

async function open(...sources: readonly string[]): Promise<void> {
  world = await openExample('crm-backend', { BACKEND_URL: page.url, SUPABASE_STATUS_URL: page.url }, sources);
}

interface Traffic {
  readonly user?: Readonly<Record<string, number>>;
  readonly webhook?: Readonly<Record<string, number>>;
  /** Mean seconds of an answer. */
  readonly seconds?: number;
}

/** So many answers by status in each quarter of a minute. */
async function serve(minutes: number, { user = {}, webhook = {}, seconds = 0.1 }: Traffic): Promise<void> {
  for (let step = 0; step < minutes * 4; step += 1) {
    for (const [caller, counts] of Object.entries({ user, webhook })) {
      for (const [code, amount] of Object.entries(counts)) {
        page.add('http_requests_total', { caller, code }, amount);
        page.add('http_request_duration_seconds_count', {}, amount);
        page.add('http_request_duration_seconds_sum', {}, amount * seconds);
      }
    }
    await world.pass(STEP);
  }
}

test('more than 5 % of answers are 500 for five minutes: a breach; 4 % and other errors are none [S1-TR-01]', async () => {
  await open('backend');
  await serve(8, { user: { 200: 96, 500: 4 } });
  await serve(8, { user: { 200: 80, 503: 20 } });
  expect(await world.path('errors-500')).toEqual([]);
  await serve(8, { user: { 200: 85, 500: 15 } });
  expect(await world.state('errors-500')).toBe('breached, act');
});

test('users and webhooks are refused three times as often as in the hour before, each by its own trigger [S1-TR-02]', async () => {
  await open('backend');
  await serve(75, { user: { 200: 98, 401: 2 }, webhook: { 200: 50, 403: 1 } });
  await serve(10, { user: { 200: 97, 401: 3 }, webhook: { 200: 50, 403: 1 } });
  expect(await world.path('auth-failures-users')).toEqual([]);
  await serve(10, { user: { 200: 80, 401: 20 }, webhook: { 200: 50, 403: 1 } });
  expect(await world.state('auth-failures-users')).toBe('breached, act');
  expect(await world.path('auth-failures-webhooks')).toEqual([]);
  await serve(10, { user: { 200: 80, 401: 20 }, webhook: { 200: 30, 403: 20 } });
  expect(await world.state('auth-failures-webhooks')).toBe('breached, act');
});

test('webhooks are answered with errors, and then nothing is delivered: only both together are broken webhooks [S1-TR-03]', async () => {
  await open('backend');
  await serve(40, { webhook: { 200: 20 } });
  await serve(12, { webhook: { 200: 10, 404: 5, 502: 5 } });
  expect(await world.state('webhooks-refused')).toMatch(/^breached/);
  expect(await world.path('webhooks-broken')).toEqual([]);
  await serve(8, {});
  expect(await world.state('webhooks-silent')).toMatch(/^suspect/);
  expect((await world.path('webhooks-broken'))[0]).toBe('ok→suspect');
});

test('the mean is above a second for more than five minutes: told; a spike of two minutes is not [S1-TR-04]', async () => {
  await open('backend');
  await serve(10, { user: { 200: 20 }, seconds: 0.3 });
  await serve(2, { user: { 200: 20 }, seconds: 3 });
  await serve(10, { user: { 200: 20 }, seconds: 0.3 });
  expect((await world.path('latency-mean')).filter((step) => step === 'suspect→suspect')).toEqual([]);
  await serve(16, { user: { 200: 20 }, seconds: 1.5 });
  expect(await world.path('latency-mean')).toContain('suspect→suspect');
});

test('Supabase says that its database is down: the provider is, and a rollback would not help', async () => {
  await open('supabase');
  await world.pass(5 * MINUTE);
  expect(await world.path('supabase-down')).toEqual([]);
  page.answer('/api/v2/summary.json', summary('major_outage'));
  await world.pass(4 * MINUTE);
  expect(await world.state('supabase-down')).toBe('breached, act');
});
