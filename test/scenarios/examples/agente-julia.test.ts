// The triggers of examples/agente-julia: probes of real servers and ports, a real metrics page, and Evolution's webhook.

import type { AddressInfo } from 'node:net';
import { createServer, type Server } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type MetricsPage, serveMetrics } from '../../world/parts/metrics-page.ts';
import { type ExampleWorld, openExample } from './world.ts';

const MINUTE = 60_000;
const BACKUPS = '/v1/projects/julia/database/backups';

let page: MetricsPage;
let ports: { readonly database: Server; readonly queue: Server };
let world: ExampleWorld;
beforeEach(async () => {
  page = await serveMetrics();
  page.answer('/health/deep', { status: 200, body: { status: 'OK' } });
  page.answer('/health', { status: 200, body: {} });
  page.answer('/ready', { status: 200, body: {} });
  page.answer('/config/digest', { status: 200, body: { running: 'a1', released: 'a1' } });
  page.answer(BACKUPS, { status: 200, body: { region: 'sa-east-1', backups: [{ status: 'COMPLETED' }] } });
  ports = { database: await listen(), queue: await listen() };
});
afterEach(async () => {
  await (world as ExampleWorld | undefined)?.close();
  await page.close();
  for (const server of Object.values(ports)) server.close();
});

async function listen(): Promise<Server> {
  const server = createServer((socket) => socket.end());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

const address = (server: Server): string => `127.0.0.1:${(server.address() as AddressInfo).port}`;

async function open(...sources: readonly string[]): Promise<void> {
  const env = {
    APP_URL: page.url,
    SUPABASE_URL: page.url,
    DATABASE_ADDRESS: address(ports.database),
    QUEUE_ADDRESS: address(ports.queue),
    EVOLUTION_HOOK_SECRET: 's',
    JULIA_DATABASE_URL: 'postgres://localhost/julia',
    GITHUB_HOOK_SECRET: 's',
  };
  world = await openExample('agente-julia', env, sources);
}

const connection = (state: string) =>
  world.send('evolution', { event: 'connection.update', instance: 'julia', data: { state, statusReason: 428 } });

describe('what probes see', () => {
  test('the provider has no backup, or does not say: a question once it is so twice [S5-TR-04]', async () => {
    await open('backups');
    await world.pass(3 * MINUTE);
    expect(await world.path('backup-unavailable')).toEqual([]);
    page.answer(BACKUPS, { status: 200, body: { region: 'sa-east-1', backups: [] } });
    await world.pass(MINUTE);
    expect(await world.path('backup-unavailable')).toEqual([]);
    await world.pass(MINUTE);
    expect(await world.state('backup-unavailable')).toBe('suspect, suspect');
  });

  test('deep health says CRITICAL three times in a row; once, or a mere warning, is none [S5-TR-11]', async () => {
    await open('deep-health');
    await world.pass(MINUTE);
    page.answer('/health/deep', { status: 200, body: { status: 'CRITICAL' } });
    await world.pass(30_000);
    page.answer('/health/deep', { status: 200, body: { status: 'WARNING' } });
    await world.pass(MINUTE);
    expect(await world.path('health-critical')).toEqual([]);
    page.answer('/health/deep', { status: 200, body: { status: 'CRITICAL' } });
    await world.pass(MINUTE);
    expect(await world.state('health-critical')).toBe('suspect, suspect');
  });

  test('the service answers nowhere: enough to act on; at one of two points it is not [S5-TR-12]', async () => {
    await open('answers');
    await world.pass(MINUTE);
    page.answer('/ready', null);
    await world.pass(2 * MINUTE);
    expect(await world.path('service-silent')).toEqual([]);
    page.answer('/health', { status: 503, body: {} });
    await world.pass(MINUTE);
    expect(await world.state('service-silent')).toBe('breached, act');
  });

  test('the running configuration is another than that of the release [S5-TR-13]', async () => {
    await open('config');
    await world.pass(3 * MINUTE);
    expect(await world.path('config-changed')).toEqual([]);
    page.answer('/config/digest', { status: 200, body: { running: 'b2', released: 'a1' } });
    await world.pass(2 * MINUTE);
    expect(await world.state('config-changed')).toBe('suspect, suspect');
  });

  test('two critical components are down at once: level 3; one alone, and one that is not critical, are not [S5-TR-17]', async () => {
    await open('deep-health', 'database', 'queue', 'evolution');
    await connection('open');
    await world.pass(2 * MINUTE);
    ports.queue.close();
    ports.database.close();
    await world.pass(2 * MINUTE);
    expect(await world.state('database-down')).toMatch(/^suspect/);
    expect(await world.state('queue-down')).toMatch(/^suspect/);
    expect(await world.path('several-components-down')).toEqual([]);
    await connection('close');
    await world.pass(4 * MINUTE);
    expect((await world.path('several-components-down'))[0]).toBe('ok→suspect');
  });
});

describe('what is measured', () => {
  const serve = async (
    minutes: number,
    o: { readonly fast?: number; readonly slow?: number; readonly sent?: number; readonly cents?: number },
  ): Promise<void> => {
    for (let step = 0; step < minutes * 4; step += 1) {
      const { fast = 0, slow = 0, sent = 0, cents = 0 } = o;
      page.add('http_request_duration_seconds_bucket', { le: '1' }, fast);
      page.add('http_request_duration_seconds_count', {}, fast + slow);
      page.add('julia_messages_sent_total', {}, sent);
      page.add('julia_api_cost_cents_total', {}, cents);
      await world.pass(MINUTE / 4);
    }
  };

  test('twice as many answers are slow as in the half hour before the deploy [S5-TR-10]', async () => {
    await open('app');
    await serve(50, { fast: 95, slow: 5 });
    expect(await world.path('slower-since-deploy')).toEqual([]);
    await serve(11, { fast: 75, slow: 25 });
    expect(await world.state('slower-since-deploy')).toBe('breached, act');
  });

  test('five times as many messages as in the hour before: spam [S5-TR-18]', async () => {
    await open('app');
    await serve(70, { sent: 10 });
    await serve(5, { sent: 20 });
    expect(await world.path('spam')).toEqual([]);
    await serve(6, { sent: 150 });
    expect(await world.state('spam')).toBe('breached, act');
  });

  test('the cost of the API is three times that of the hours before [S5-TR-21]', async () => {
    await open('app');
    await serve(200, { cents: 10 });
    expect(await world.path('cost-jumped')).toEqual([]);
    await serve(14, { cents: 60 });
    expect(await world.state('cost-jumped')).toBe('breached, act');
  });

  test('the point that is wanted back is older than the provider keeps [S5-TR-05]', async () => {
    await open('people');
    const want = (days: number) =>
      world.push([
        {
          kind: 'value',
          name: 'restore_point_wanted_seconds',
          labels: {},
          at: world.time.now(),
          value: world.time.now() / 1_000 - days * 86_400,
        },
      ]);
    await want(6);
    await world.pass(MINUTE);
    expect(await world.path('restore-point-too-old')).toEqual([]);
    await want(8);
    await world.pass(MINUTE);
    expect(await world.state('restore-point-too-old')).toBe('breached, act');
  });
});

describe('what Evolution says', () => {
  test('WhatsApp is disconnected for a minute: a breach; a reconnection within seconds is none [S5-TR-16]', async () => {
    await open('evolution');
    await connection('open');
    await world.pass(5 * MINUTE);
    await connection('close');
    await world.pass(20_000);
    await connection('open');
    await world.pass(3 * MINUTE);
    expect(await world.path('whatsapp-disconnected')).toEqual([]);
    await connection('close');
    await world.pass(2 * MINUTE);
    expect(await world.state('whatsapp-disconnected')).toBe('breached, act');
    await connection('open');
    await world.pass(5 * MINUTE);
    expect(await world.path('whatsapp-disconnected')).toContain('breached→cleared');
  });

  test('the QR code has expired: one such event is enough [S5-TR-15]', async () => {
    await open('evolution-qr');
    await world.send('evolution-qr', { event: 'connection.update', instance: 'julia', data: { state: 'connecting', statusReason: 200 } });
    await world.pass(MINUTE);
    expect(await world.path('qr-expired')).toEqual([]);
    await world.send('evolution-qr', { event: 'connection.update', instance: 'julia', data: { state: 'refused', statusReason: 428 } });
    await world.pass(MINUTE);
    expect(await world.state('qr-expired')).toBe('breached, act');
  });
});
