// A service that both watch: a real Prometheus with an Alertmanager, and Belay reading the same page. Cases in which the peers tell
// people that all is well while it is not, or never tell them. The windows are short, so that a test waits seconds for them.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { systemTime } from '../../../src/adapters/system/index.ts';
import * as alertmanager from '../../world/parts/alertmanager.ts';
import * as prometheus from '../../world/parts/prometheus.ts';
import type { ServerProcess } from '../../world/parts/server-process.ts';
import { openSenders, systemOf } from '../../world/senders.ts';

const HERE = prometheus.available().ok && alertmanager.available().ok;
const RULES = `groups:
  - name: shop
    interval: 1s
    rules:
      - alert: ShopErrors
        expr: sum(rate(requests_total{code="500"}[8s])) / sum(rate(requests_total[8s])) > 0.02
        for: 2s
`;
const belayOf = (url: string): string => `
network: { allow: [127.0.0.1] }
sources:
  shop: { driver: prometheus, url: "${url}/metrics", every: 1s }
signals:
  errors:
    ratio: { bad: 'requests_total{code="500"}', all: requests_total }
    sources: [shop]
triggers:
  shop-errors:
    signal: errors
    breach: { above: 2%, over: 8s, for: 2s }
    clear: { below: 1%, for: 5s }
    mode: shadow
  shop-silent:
    signal: { absent: requests_total, sources: [shop] }
    breach: { over: 5s }
    clear: { for: 5s }
    mode: shadow
`;

/** A hundred requests a second; `lagS`: its page carries times of a clock that is so far behind. */
async function serveShop(lagS = 0) {
  const began = Date.now();
  let failingSince = Infinity;
  let lastS = 0;
  let [good, failed] = [0, 0];
  const server = createServer((_request, response) => {
    const nowS = (Date.now() - began) / 1_000;
    const count = Math.round(100 * (nowS - lastS));
    lastS = nowS;
    if (nowS >= failingSince) failed += count;
    else good += count;
    const stamp = lagS === 0 ? '' : ` ${Date.now() - lagS * 1_000}`;
    const lines = [`requests_total{code="200"} ${good}${stamp}`, `requests_total{code="500"} ${failed}${stamp}`];
    response.setHeader('content-type', 'text/plain; version=0.0.4').end(`# TYPE requests_total counter\n${lines.join('\n')}\n`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const die = (): void => {
    server.closeAllConnections();
    server.close();
  };
  onTestFinished(die);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    fail: (): void => {
      failingSince = (Date.now() - began) / 1_000;
    },
    die,
  };
}

/** What Alertmanager tells people: `firing`, `resolved`. */
async function servePeople() {
  const told: string[] = [];
  const server = createServer((request, response) => {
    void json(request).then((body) => {
      told.push((body as { readonly status: string }).status);
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, told };
}

async function startPeers(shop: string, people: string): Promise<{ readonly watcher: ServerProcess; readonly manager: ServerProcess }> {
  const manager = await alertmanager.start({
    config: `route: { receiver: people, group_by: ['...'], group_wait: 0s, group_interval: 1s }
receivers: [{ name: people, webhook_configs: [{ url: "${people}" }] }]
`,
  });
  onTestFinished(() => manager.stop());
  const watcher = await prometheus.start({
    config: `global: { scrape_interval: 1s, evaluation_interval: 1s }
rule_files: [rules.yml]
alerting: { alertmanagers: [{ static_configs: [{ targets: ["${new URL(manager.url).host}"] }] }] }
scrape_configs: [{ job_name: shop, static_configs: [{ targets: ["${new URL(shop).host}"] }] }]
`,
    files: { 'rules.yml': RULES },
    args: ['--rules.alert.resend-delay=1s'],
  });
  onTestFinished(() => watcher.stop());
  return { watcher, manager };
}

const patience = { timeout: 45_000, interval: 200 };

test.skipIf(!HERE)(
  'D1: the whole app dies after the alert: Alertmanager tells people that it is resolved, Belay stays breached and says that it cannot see',
  async () => {
    const [shop, people] = [await serveShop(), await servePeople()];
    const belay = await openSenders(systemOf(belayOf(shop.url)), { clock: systemTime });
    await startPeers(shop.url, people.url);
    await expect.poll(() => belay.count('shop-errors'), patience).toBeGreaterThan(700);
    shop.fail();
    await expect.poll(() => people.told, patience).toContain('firing');
    await expect.poll(() => belay.statuses('shop-errors'), patience).toContain('breached');
    shop.die();
    await expect.poll(() => people.told, patience).toContain('resolved');
    expect((await belay.statuses('shop-errors')).at(-1)).toBe('breached');
    expect(await belay.view('shop-errors')).toMatchObject({ status: 'breached', unknown: true });
    // The silence is a trigger of its own, and people are told of it.
    const told = async (): Promise<boolean> => (await belay.transitions('shop-silent')).some((one) => one.announced);
    await expect.poll(told, patience).toBe(true);
  },
  120_000,
);

test.skipIf(!HERE)(
  'D6: samples that are 30 s old by the clock of the app: Prometheus never fires, Belay does',
  async () => {
    const [shop, people] = [await serveShop(30), await servePeople()];
    const belay = await openSenders(systemOf(belayOf(shop.url)), { clock: systemTime });
    const { watcher } = await startPeers(shop.url, people.url);
    await expect.poll(() => belay.count('shop-errors'), patience).toBeGreaterThan(700);
    shop.fail();
    await expect.poll(() => belay.statuses('shop-errors'), patience).toContain('breached');
    // Twice the time in which it would have fired.
    await systemTime.sleep(10_000);
    const stored = await (await fetch(`${watcher.url}/api/v1/query?query=${encodeURIComponent('requests_total[5m]')}`)).json();
    expect((stored as { readonly data: { readonly result: readonly unknown[] } }).data.result).toHaveLength(2);
    const alerts = await (await fetch(`${watcher.url}/api/v1/alerts`)).json();
    expect(alerts).toMatchObject({ data: { alerts: [] } });
    expect(people.told).toEqual([]);
  },
  120_000,
);

test.skipIf(!alertmanager.available().ok)(
  'D2: a silence that Alertmanager answered with 200 is gone after kill -9; that Belay keeps its own is proven where Postgres dies, too',
  async () => {
    const manager = await alertmanager.start({ config: 'route: { receiver: none }\nreceivers: [{ name: none }]\n' });
    onTestFinished(() => manager.stop());
    const answer = await fetch(`${manager.url}/api/v2/silences`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        matchers: [{ name: 'alertname', value: 'ShopErrors', isRegex: false, isEqual: true }],
        startsAt: new Date().toISOString(),
        endsAt: new Date(Date.now() + 3_600_000).toISOString(),
        createdBy: 'ana',
        comment: 'deploy',
      }),
    });
    expect(answer.status).toBe(200);
    const silences = async (): Promise<number> => ((await (await fetch(`${manager.url}/api/v2/silences`)).json()) as unknown[]).length;
    expect(await silences()).toBe(1);
    await manager.kill();
    await manager.restart();
    expect(await silences()).toBe(0);
  },
);
