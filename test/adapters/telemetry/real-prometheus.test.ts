// A real Prometheus scrapes a service and sends what it collected: counted by Belay, and its service that goes away is no error.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { systemTime } from '../../../src/adapters/system/index.ts';
import * as neighbour from '../../world/parts/prometheus.ts';
import { openSenders, systemOf } from '../../world/senders.ts';

const SECRET = 'remote-write-secret';
const BELAY = `
sources:
  prom: { driver: remote-write, every: 1s, secret: "{env.PROM_SECRET}" }
signals:
  errors:
    ratio: { bad: 'http_requests_total{code="500"}', all: http_requests_total }
    sources: [prom]
triggers:
  http-500:
    signal: errors
    breach: { above: 5%, over: 12s }
    clear: { below: 2%, for: 5s }
    mode: shadow
`;
const prometheus = neighbour.available();

/** Twenty requests between two scrapes; `bad` of them fail. */
async function serveShop() {
  let [good, failed, bad] = [1_000_000, 0, 0];
  const server = createServer((_request, response) => {
    good += 20 - bad;
    failed += bad;
    // The series of the errors is born with the first one.
    const errors = failed === 0 ? '' : `http_requests_total{code="500"} ${failed}\n`;
    response
      .setHeader('content-type', 'text/plain')
      .end(`# TYPE http_requests_total counter\nhttp_requests_total{code="200"} ${good}\n${errors}`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  };
  onTestFinished(close);
  return {
    port: (server.address() as AddressInfo).port,
    fail: (count: number): void => {
      bad = count;
    },
    close,
  };
}

async function startPrometheus(shop: number, belay: string): Promise<void> {
  const server = await neighbour.start({
    config: `global: { scrape_interval: 1s }
scrape_configs:
  - job_name: shop
    static_configs: [{ targets: ["127.0.0.1:${shop}"] }]
remote_write:
  - url: ${belay}/in/prom/api/v1/write
    authorization: { credentials: ${SECRET} }
    queue_config: { batch_send_deadline: 200ms }
`,
  });
  onTestFinished(() => server.stop());
}

test.skipIf(!prometheus.ok)(
  'a real Prometheus sends by remote write: errors are a breach, and a service that goes away is no second one',
  async () => {
    const shop = await serveShop();
    const senders = await openSenders(systemOf(BELAY, { PROM_SECRET: SECRET }), { clock: systemTime });
    await startPrometheus(shop.port, await senders.listen());
    const seen = { timeout: 40_000, interval: 200 };
    // The million that the counter began with is no traffic.
    await expect.poll(() => senders.count('http-500'), seen).toBeGreaterThan(200);
    expect(await senders.count('http-500')).toBeLessThan(1_000);
    expect(await senders.statuses('http-500')).toEqual([]);
    shop.fail(10);
    await expect.poll(() => senders.statuses('http-500'), seen).toContain('breached');
    await shop.close();
    await systemTime.sleep(3_000);
    expect(senders.refused).toEqual([]);
    expect((await senders.statuses('http-500')).filter((one) => one === 'breached')).toHaveLength(1);
  },
);
