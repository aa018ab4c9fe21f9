// A real Prometheus and a real vmalert, each with a rule that fires, send to Belay over HTTP: the alert starts one trigger, once.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { systemTime } from '../../../src/adapters/system/index.ts';
import * as neighbour from '../../world/parts/prometheus.ts';
import * as victoria from '../../world/parts/victoria-metrics.ts';
import { openSenders, systemOf } from '../../world/senders.ts';

const SECRET = 'alerts-secret';
const BELAY = `
organizations:
  acme: { name: ACME }
sources:
  alerts: { driver: alerts, every: 1s, secret: "{env.ALERTS_SECRET}" }
signals:
  firing: { gauge: alert_firing, by: org, sources: [alerts] }
  told: { count: alerts, by: org, sources: [alerts] }
triggers:
  firing:
    signal: firing
    scope: org
    breach: { above: 0.9, over: 5s }
    clear: { below: 0.5, for: 1s }
    mode: shadow
  told:
    signal: told
    scope: org
    breach: { above: 0, over: 10m }
    clear: { for: 1s }
    mode: shadow
`;
const RULES = `
groups:
  - name: shop
    interval: 1s
    rules:
      - alert: ShopIsSick
        expr: shop_sick > 0
        labels: { severity: critical, org: acme }
`;

const prometheus = neighbour.available();
const vmalert = victoria.vmalertAvailable();

/** A service with one gauge that the test sets. */
async function serveShop() {
  let sick = 1;
  const server = createServer((_request, response) => response.setHeader('content-type', 'text/plain').end(`shop_sick ${sick}\n`));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => server.closeAllConnections());
  onTestFinished(() => new Promise<void>((resolve) => void server.close(() => resolve())));
  return {
    port: (server.address() as AddressInfo).port,
    heal: () => {
      sick = 0;
    },
  };
}

/** Its address. It scrapes the shop; with `belay` it has a rule of its own, and sends. */
async function startPrometheus(shop: number, belay: string | null): Promise<string> {
  const alerting =
    belay === null
      ? ''
      : `rule_files: [rules.yml]
alerting:
  alertmanagers:
    - path_prefix: /in/alerts
      authorization: { credentials: ${SECRET} }
      static_configs: [{ targets: ["${new URL(belay).host}"] }]
`;
  const server = await neighbour.start({
    config: `global: { scrape_interval: 1s, evaluation_interval: 1s }\n${alerting}scrape_configs:\n  - job_name: shop\n    static_configs: [{ targets: ["127.0.0.1:${shop}"] }]\n`,
    files: { 'rules.yml': RULES },
    args: ['--rules.alert.resend-delay=1s'],
  });
  onTestFinished(() => server.stop());
  return server.url;
}

/** The alert starts the triggers once while it is sent again and again, and clears when its sender says that it is over. */
async function proves(send: (o: { readonly belay: string; readonly shop: number }) => Promise<void>): Promise<void> {
  const shop = await serveShop();
  const senders = await openSenders(systemOf(BELAY, { ALERTS_SECRET: SECRET }), { clock: systemTime });
  await send({ belay: await senders.listen(), shop: shop.port });
  const seen = { timeout: 25_000, interval: 200 };
  await expect.poll(() => senders.statuses('firing', 'acme'), seen).toContain('breached');
  await systemTime.sleep(3_000);
  expect((await senders.statuses('firing', 'acme')).filter((one) => one === 'breached')).toHaveLength(1);
  expect(await senders.count('told', 'acme')).toBe(1);
  shop.heal();
  await expect.poll(() => senders.statuses('firing', 'acme'), seen).toContain('cleared');
  expect(senders.refused).toEqual([]);
}

test.skipIf(!prometheus.ok)('a real Prometheus reaches the address of Alertmanager, and its alert starts one trigger once', async () => {
  await proves(async ({ belay, shop }) => {
    await startPrometheus(shop, belay);
  });
});

test.skipIf(!prometheus.ok || !vmalert.ok)('a real vmalert reaches the same address, and its alert starts one trigger once', async () => {
  await proves(async ({ belay, shop }) => {
    const datasource = await startPrometheus(shop, null);
    const server = await victoria.startVmalert({
      rules: RULES,
      datasource,
      notifiers: [`${belay}/in/alerts`],
      args: [`-notifier.bearerToken=${SECRET}`, '-evaluationInterval=1s', '-datasource.queryStep=5s'],
    });
    onTestFinished(() => server.stop());
  });
});
