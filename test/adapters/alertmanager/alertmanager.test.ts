// The alertmanager source against a real Alertmanager, and against a contract server that is Grafana.

import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { activeIn, samplesOf } from '../../../src/adapters/alertmanager/active.ts';
import { type AlertmanagerSpec, createAlertmanagerReader } from '../../../src/adapters/alertmanager/index.ts';
import { systemTime } from '../../../src/adapters/system/index.ts';
import type { Batch, Cursor } from '../../../src/domain/signal.ts';
import { provenanceOf } from '../../../src/domain/source-catalog.ts';
import { DetectWorld } from '../../flows/detect-world.ts';
import { available, start } from '../../world/parts/alertmanager.ts';
import { type GrafanaAlert, startGrafana } from '../../world/vendors/grafana.ts';
import { apiSource, demandTame, exampleOf, http, NEVER, type ReaderTime, SECRET, saidIn, sourceIn } from '../api-source.ts';
import { becomesSamplesOrReason, odd, word } from '../odd.ts';

const FOLDER = '/api/alertmanager/grafana';
const alert = (alertname: string, o: Partial<GrafanaAlert> & { readonly tenant?: string } = {}): GrafanaAlert => ({
  labels: { alertname, severity: 'critical', tenant: o.tenant ?? 'acme' },
  startsAt: o.startsAt ?? '2026-11-27T12:00:00.000Z',
  ...(o.state === undefined ? {} : { state: o.state }),
});

function readerOf(url: string, o: Partial<AlertmanagerSpec> = {}, time: ReaderTime = systemTime) {
  const spec: AlertmanagerSpec = { id: 'alerts', driver: 'alertmanager', url, org: 'org', everyMs: 20, timeoutMs: 2_000, ...o };
  return createAlertmanagerReader(spec, { http, time });
}

apiSource('alertmanager', async () => {
  const server = await startGrafana({ token: SECRET });
  server.alerts = [alert('DiskFull')];
  return {
    server,
    reader: ({ time, timeoutMs }) =>
      readerOf(`${server.url}${FOLDER}`, { timeoutMs, token: SECRET, filter: ['severity="critical"'] }, time),
  };
});

const real = available();
describe.skipIf(!real.ok)(`a real Alertmanager${real.ok ? '' : `: SKIPPED, ${real.why}`}`, () => {
  const CONFIG = 'route: { receiver: none }\nreceivers: [{ name: none }]\n';

  async function world() {
    const server = await start({ config: CONFIG });
    onTestFinished(server.stop);
    const reader = readerOf(server.url, { org: 'tenant' });
    let cursor: Cursor = {};
    const post = async (path: string, body: unknown): Promise<void> => {
      const answer = await fetch(`${server.url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`);
    };
    const until = async (isSo: (said: Readonly<Record<string, number>>) => boolean): Promise<Batch> => {
      for (const end = Date.now() + 20_000; ; await systemTime.sleep(50)) {
        const batch = await reader.read(NEVER, cursor);
        expect(batch.reason).toBeUndefined();
        cursor = batch.cursor ?? cursor;
        if (isSo(saidIn(batch, 'alertname', 'org'))) return batch;
        if (Date.now() > end) throw new Error(`it never was: ${JSON.stringify(batch)}`);
      }
    };
    return { post, until, read: (from: Cursor) => reader.read(NEVER, from), server };
  }
  const fires = (alertname: string, endsAt?: string) => ({
    labels: { alertname, severity: 'critical', tenant: 'acme' },
    startsAt: '2026-11-27T12:00:00.000Z',
    ...(endsAt === undefined ? {} : { endsAt }),
  });

  test('is read: an alert that fires is 1, counts once, and is 0 when it is over', async () => {
    const { post, until, read } = await world();
    expect(saidIn(await read({}))).toEqual({ alerts_active: 0 });
    await post('/api/v2/alerts', [fires('DiskFull')]);
    const first = await until((said) => said['alert_firing{DiskFull,acme}'] === 1);
    expect(saidIn(first, 'alertname', 'org')).toEqual({ 'alerts{DiskFull,acme}': 1, 'alert_firing{DiskFull,acme}': 1, alerts_active: 1 });
    const again = await read(first.cursor ?? {});
    const ids = [first, again].flatMap((batch) => batch.samples.flatMap((one) => (one.kind === 'delta' ? [one.id] : [])));
    expect(ids).toHaveLength(2);
    expect(new Set(ids).size).toBe(1);
    await post('/api/v2/alerts', [fires('DiskFull', new Date(Date.now() - 1_000).toISOString())]);
    const over = await until((said) => said['alert_firing{DiskFull,acme}'] === 0);
    expect(saidIn(over, 'alertname', 'org')).toEqual({ 'alert_firing{DiskFull,acme}': 0, alerts_active: 0 });
  }, 60_000);

  test('is read over a time in which Belay was away: what ended meanwhile is over, not unknown', async () => {
    const { post, until, server } = await world();
    await post('/api/v2/alerts', [fires('DiskFull')]);
    const { cursor = {} } = await until((said) => said['alert_firing{DiskFull,acme}'] === 1);
    await post('/api/v2/alerts', [fires('DiskFull', new Date(Date.now() - 1_000).toISOString())]);
    await until((said) => said['alerts_active'] === 0);
    const nextLife = await readerOf(server.url, { org: 'tenant' }).read(NEVER, cursor);
    expect(saidIn(nextLife, 'alertname')).toEqual({ 'alert_firing{DiskFull}': 0, alerts_active: 0 });
  }, 60_000);

  test('does not tell of what is silenced there, nor of what no matcher lets through', async () => {
    const { post, until, server } = await world();
    const matchers = [{ name: 'alertname', value: 'Noise', isRegex: false, isEqual: true }];
    const span = { startsAt: new Date().toISOString(), endsAt: new Date(Date.now() + 3_600_000).toISOString() };
    await post('/api/v2/silences', { matchers, ...span, createdBy: 'ana', comment: 'known' });
    await post('/api/v2/alerts', [fires('Noise'), fires('DiskFull')]);
    const batch = await until((said) => said['alert_firing{DiskFull,acme}'] === 1);
    expect(Object.keys(saidIn(batch, 'alertname')).filter((one) => one.includes('Noise'))).toEqual([]);
    expect(saidIn(await readerOf(server.url, { filter: ['alertname=~"Other.*"'] }).read(NEVER, {}))).toEqual({ alerts_active: 0 });
    const wrong = await readerOf(server.url, { filter: ['no matcher'] }).read(NEVER, {});
    expect(wrong).toMatchObject({ alive: false, reason: expect.stringMatching(/answered 400/) });
  }, 60_000);
});

test('its word is a hint, whoever it comes from', () => {
  const spec: AlertmanagerSpec = { id: 'a', driver: 'alertmanager', url: 'https://x', org: 'org', everyMs: 1, timeoutMs: 1 };
  expect(provenanceOf(spec)).toBe('unsigned');
});

test('the example of the page breaches for the organization whose alert fires, as a hint, and clears when it is over', async () => {
  const server = await startGrafana({ token: SECRET });
  onTestFinished(server.close);
  const { system, text } = exampleOf('alertmanager', { from: 'https://grafana.example.com', to: server.url });
  const spec = sourceIn(system, 'alertmanager');
  const world = new DetectWorld(system);
  const reader = createAlertmanagerReader(spec, { http, time: world.clock.time() });
  let cursor: Cursor = {};
  const pass = async (readings: number): Promise<void> => {
    for (let n = 0; n < readings; n += 1) {
      world.clock.nowMs += spec.everyMs;
      const batch = await reader.read(NEVER, cursor);
      expect(batch.reason).toBeUndefined();
      demandTame(batch, text);
      cursor = batch.cursor ?? cursor;
      await world.detector.ingest(batch);
    }
  };
  server.alerts = [alert('Muted', { state: 'suppressed' })];
  await pass(12);
  expect(await world.path('acme', 'grafana-critical')).toEqual([]);
  server.alerts = [alert('DiskFull')];
  await pass(12);
  expect((await world.path('acme', 'grafana-critical')).at(-1)).toBe('suspect→breached');
  server.alerts = [];
  await pass(24);
  expect(await world.path('acme', 'grafana-critical')).toContain('breached→cleared');
  expect(server.refused).toEqual([]);
});

test('beyond 500 combinations of labels further ones are told together', () => {
  const many = Array.from({ length: 600 }, (_, n) => ({ id: `f${n}/1`, labels: { alertname: `a${n}` } }));
  const { samples, cursor, folded } = samplesOf(many, {}, 5);
  expect(folded).toBe(100);
  const firing = samples.filter((one) => one.kind === 'value' && one.name === 'alert_firing');
  expect(firing).toHaveLength(501);
  expect(firing.at(-1)).toMatchObject({ labels: { alertname: '(other)' }, value: 1 });
  expect(Object.keys(cursor)).toHaveLength(501);
  expect(samples.filter((one) => one.kind === 'delta')).toHaveLength(600);
});

test('a list with more combinations of labels than are told apart says so with every reading from then on', async () => {
  const server = await startGrafana({ token: SECRET });
  onTestFinished(server.close);
  const reader = readerOf(`${server.url}${FOLDER}`, { token: SECRET });
  server.alerts = [alert('DiskFull')];
  expect((await reader.read(NEVER, {})).folded).toBeUndefined();
  server.alerts = Array.from({ length: 510 }, (_, n) => alert(`a${n}`));
  const { folded, cursor = {} } = await reader.read(NEVER, {});
  expect(folded).toBe(10);
  server.alerts = [];
  expect((await reader.read(NEVER, cursor)).folded).toBe(10);
});

test('more alerts than may be are an incomplete list, which is refused', () => {
  const one = { labels: {}, fingerprint: 'f', startsAt: '2026-11-27T12:00:00Z', status: { state: 'active' } };
  expect(() =>
    activeIn(
      Array.from({ length: 10_001 }, () => one),
      'org',
    ),
  ).toThrow(/the list is incomplete: 10001 alerts/);
});

test('ten thousand lists become finite samples with short, plain labels, one of each series, or a sentence', () => {
  const text = odd(word('DiskFull', 'org', 'critical'), 30);
  const labels = odd(fc.record({ alertname: text, severity: text, org: text, __proto__: text }));
  const status = odd(fc.record({ state: odd(fc.constantFrom('active', 'active', 'suppressed')) }));
  const one = odd(
    fc.record({
      labels,
      status,
      fingerprint: odd(fc.constantFrom('f1', 'f2', 'f3')),
      startsAt: odd(fc.constantFrom('2026-11-27T12:00:00Z', '2026-11-27T13:00:00Z')),
    }),
  );
  becomesSamplesOrReason(
    odd(fc.array(one, { maxLength: 4 })),
    (list) => samplesOf(activeIn(list, 'org'), { '["alert_firing","alertname","x"]': 1 }, 5).samples,
  );
}, 60_000);
