// The real neighbours of Belay as parts of tests and benches: ready when they answer, killed and started on the same folder, gone when stopped.
import { existsSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import * as alertmanager from '../../world/parts/alertmanager.ts';
import { availableOf, unpackMissing } from '../../world/parts/debian-package.ts';
import * as prometheus from '../../world/parts/prometheus.ts';
import type { ServerProcess } from '../../world/parts/server-process.ts';
import * as victoria from '../../world/parts/victoria-metrics.ts';

const ABSENT = { name: 'Part', commands: ['belay-no-such-program'], versionFlag: '--version', packages: ['belay-no-such-package'] };
const ALERTMANAGER_YML = 'route: { receiver: none }\nreceivers: [{ name: none }]\n';

async function alive(url: string, path: string): Promise<boolean> {
  return fetch(url + path).then(
    (answer) => answer.ok,
    () => false,
  );
}

async function livesAndDies(server: ServerProcess, path: string): Promise<void> {
  onTestFinished(() => server.stop());
  expect(server.version).toMatch(/^\d+\.\d+/);
  expect(await alive(server.url, path)).toBe(true);
  const first = server.pid;
  await server.kill();
  expect(await alive(server.url, path)).toBe(false);
  await server.restart();
  expect(server.pid).not.toBe(first);
  expect(await alive(server.url, path)).toBe(true);
  await server.stop();
  expect(await alive(server.url, path)).toBe(false);
  expect(existsSync(server.folder)).toBe(false);
}

test('a program that is not here says why, and nothing is downloaded for those that are', () => {
  expect(availableOf(ABSENT)).toMatchObject({ ok: false, version: '' });
  expect(availableOf(ABSENT).why).not.toBe('');
  expect(unpackMissing([])).toBeNull();
});

test.skipIf(!prometheus.available().ok)(
  'a Prometheus answers queries, survives a kill in its folder and is gone when stopped',
  async () => {
    await livesAndDies(await prometheus.start({ config: 'global: { scrape_interval: 1s }\n' }), '/api/v1/query?query=1');
    expect(prometheus.promtool().version).toMatch(/^\d+\.\d+/);
  },
);

test.skipIf(!alertmanager.available().ok)(
  'an Alertmanager lists alerts, survives a kill in its folder and is gone when stopped',
  async () => {
    await livesAndDies(await alertmanager.start({ config: ALERTMANAGER_YML }), '/api/v2/alerts');
  },
);

test.skipIf(!victoria.available().ok || !victoria.vmalertAvailable().ok)(
  'a VictoriaMetrics and its vmalert answer, survive a kill in their folders and are gone when stopped',
  async () => {
    const store = await victoria.start({ latencyOffset: '1ms' });
    onTestFinished(() => store.stop());
    const rules = 'groups: [{ name: one, rules: [{ alert: Up, expr: "vector(1)" }] }]\n';
    await livesAndDies(await victoria.startVmalert({ rules, datasource: store.url, notifiers: [store.url] }), '/api/v1/rules');
    await livesAndDies(store, '/api/v1/query?query=1');
  },
);

test.skipIf(!prometheus.available().ok)('a server that cannot start says why, and leaves nothing behind', async () => {
  await expect(prometheus.start({ config: 'no_such_field: 1\n' })).rejects.toThrow(/ended before it was ready: [\s\S]*no_such_field/);
});
