// From the bytes of a sender, through the door and the detector, to a trigger: by the configuration of the pages.
import { describe, expect, test } from 'vitest';
import { REMOTE_WRITE_HEADERS, remoteWriteBody, type WrittenSeries } from '../../../bench/remote-write-request.ts';
import { NOW, openTelemetry, systemOf, TOKEN } from './world.ts';

const MINUTE = 60_000;
const prometheus = () => openTelemetry(systemOf('docs/sources/remote-write.md', { BELAY_PROM_TOKEN: TOKEN }));
const openTelemetryPage = () => openTelemetry(systemOf('docs/sources/otlp.md', { BELAY_OTEL_TOKEN: TOKEN }));
type World = Awaited<ReturnType<typeof openTelemetry>>;
const COLLECTED = { job: 'crm', instance: '10.0.0.1:80' };

/** Counters of one process, as Prometheus scrapes and sends them. */
class Counters {
  readonly #totals = new Map<string, { readonly labels: Readonly<Record<string, string>>; total: number }>();

  add(name: string, labels: Readonly<Record<string, string>>, amount: number): void {
    const key = JSON.stringify([name, labels]);
    const series = this.#totals.get(key) ?? { labels: { __name__: name, ...COLLECTED, ...labels }, total: 0 };
    series.total += amount;
    this.#totals.set(key, series);
  }

  async sendTo(world: World): Promise<Response> {
    const series = [...this.#totals.values()].map(
      ({ labels, total }): WrittenSeries => ({ labels, samples: [{ value: total, at: world.time.now() }] }),
    );
    return world.send('prom/api/v1/write', remoteWriteBody(series), REMOTE_WRITE_HEADERS);
  }
}

async function collect(world: World, o: { readonly ms: number; readonly everyMs: number }, each: () => Promise<Response>): Promise<void> {
  for (let gone = 0; gone < o.ms; gone += o.everyMs) {
    await world.time.advance(o.everyMs);
    expect((await each()).status).toBeLessThan(300);
  }
}

describe('by remote write', () => {
  const every = { everyMs: 15_000 };

  test('a share of HTTP 500 above 5 % is a breach, and 4 % are none [S1-TR-01]', async () => {
    const world = await prometheus();
    const counters = new Counters();
    const traffic = (good: number, bad: number) => () => {
      counters.add('http_requests_total', { code: '200' }, good);
      if (bad > 0) counters.add('http_requests_total', { code: '500' }, bad);
      return counters.sendTo(world);
    };
    await collect(world, { ms: 6 * MINUTE, ...every }, traffic(192, 8));
    expect(await world.statuses('http-500')).toEqual([]);
    await collect(world, { ms: 6 * MINUTE, ...every }, traffic(170, 30));
    expect((await world.statuses('http-500')).at(-1)).toBe('breached!');
  });

  test('webhook 5xx above 2 % over 15 min in one organization is a breach of that one alone [S4-TR-01]', async () => {
    const world = await prometheus();
    const counters = new Counters();
    const traffic = (bad: number) => () => {
      for (const org of ['acme', 'globex']) counters.add('webhook_total', { org, status: '200' }, 100);
      // The series of the errors is born with the first one.
      if (bad > 0) counters.add('webhook_total', { org: 'acme', status: '503' }, bad);
      return counters.sendTo(world);
    };
    await collect(world, { ms: 16 * MINUTE, ...every }, traffic(0));
    await collect(world, { ms: 15 * MINUTE, ...every }, traffic(6));
    expect((await world.statuses('webhook-5xx', 'acme')).at(-1)).toBe('breached!');
    expect(await world.statuses('webhook-5xx', 'globex')).toEqual([]);
    expect(await world.view('webhook-5xx', 'acme')).toMatchObject({ status: 'breached', unknown: false });
  });

  test('an instance that joins brings the counts of its whole life, and none of them counts', async () => {
    const world = await prometheus();
    const counters = new Counters();
    const traffic = () => {
      counters.add('http_requests_total', { code: '200' }, 200);
      return counters.sendTo(world);
    };
    await collect(world, { ms: 6 * MINUTE, ...every }, traffic);
    const old = (value: number): WrittenSeries[] =>
      ['200', '500'].map((code) => ({
        labels: { __name__: 'http_requests_total', job: 'crm', instance: '10.0.0.2:80', code },
        samples: [{ value: code === '500' ? 900_000 : 1_000_000 + value, at: world.time.now() }],
      }));
    await collect(world, { ms: 2 * MINUTE, ...every }, async () => {
      await traffic();
      return world.send('prom', remoteWriteBody(old(0)), REMOTE_WRITE_HEADERS);
    });
    expect(await world.statuses('http-500')).toEqual([]);
    expect(await world.view('http-500')).toMatchObject({ status: 'ok' });
  });

  test('the sender hears 503 while the store is away, and what it sends again is counted once', async () => {
    const world = await prometheus();
    const counters = new Counters();
    counters.add('http_requests_total', { code: '200' }, 200);
    expect((await counters.sendTo(world)).status).toBe(204);
    await world.time.advance(15_000);
    counters.add('http_requests_total', { code: '200' }, 300);
    world.storeIsAway(true);
    expect((await counters.sendTo(world)).status).toBe(503);
    world.storeIsAway(false);
    expect((await counters.sendTo(world)).status).toBe(204);
    expect((await counters.sendTo(world)).status).toBe(204);
    expect(await world.view('http-500')).toMatchObject({ all: 300, bad: 0 });
  });

  test('a stranger hears 401, a broken body 400 with its reason, and 2.0 is told to fall back', async () => {
    const world = await prometheus();
    const stranger = await world.send('prom', remoteWriteBody([]), { ...REMOTE_WRITE_HEADERS, authorization: 'Bearer wrong' });
    const broken = await world.send('prom', new Uint8Array([9, 9, 9]), REMOTE_WRITE_HEADERS);
    const proto = 'application/x-protobuf;proto=io.prometheus.write.v2.Request';
    const second = await world.send('prom', remoteWriteBody([]), { ...REMOTE_WRITE_HEADERS, 'content-type': proto });
    expect([stranger.status, broken.status, second.status]).toEqual([401, 400, 415]);
    expect(await broken.json()).toMatchObject({ code: 'BELAY_INPUT_INVALID', detail: expect.stringContaining('snappy') });
    expect(await second.text()).toContain('remote write 1.0');
    expect(world.refused.map(({ status }) => status)).toEqual([401, 400, 415]);
    expect(world.samples).toEqual([]);
  });
});

describe('by OTLP', () => {
  const every = { everyMs: 10_000 };
  const JSON_TYPE = { 'content-type': 'application/json' };

  function histogram() {
    const start = `${NOW}000000`;
    let count = 0;
    let sum = 0;
    return (world: World, seconds: number): Promise<Response> => {
      count += 20;
      sum += 20 * seconds;
      const point = {
        startTimeUnixNano: start,
        timeUnixNano: `${world.time.now()}000000`,
        count: String(count),
        sum,
        bucketCounts: [],
        explicitBounds: [],
      };
      const metrics = [{ name: 'http.server.request.duration', unit: 's', histogram: { aggregationTemporality: 2, dataPoints: [point] } }];
      return world.send('otel/v1/metrics', JSON.stringify({ resourceMetrics: [{ scopeMetrics: [{ metrics }] }] }), JSON_TYPE);
    };
  }

  test('a latency above 500 ms for five minutes is told to people, and 450 ms are not [S2-TR-01]', async () => {
    const world = await openTelemetryPage();
    const send = histogram();
    await collect(world, { ms: 6 * MINUTE, ...every }, () => send(world, 0.45));
    expect(await world.statuses('slow')).toEqual([]);
    await collect(world, { ms: 6 * MINUTE, ...every }, () => send(world, 0.7));
    // A mean asks, it does not act: its bound over slots is no act-level evidence.
    expect((await world.statuses('slow')).at(-1)).toBe('suspect!');
    expect((await world.view('slow'))?.value).toBeCloseTo(0.7, 6);
  });

  test('log records with errors are a rate, and a request that is sent twice counts once', async () => {
    const world = await openTelemetryPage();
    const body = (errors: number): string => {
      const record = { timeUnixNano: `${world.time.now()}000000`, severityNumber: 17 };
      const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] };
      return JSON.stringify({ resourceLogs: [{ resource, scopeLogs: [{ logRecords: Array.from({ length: errors }, () => record) }] }] });
    };
    await world.send('otel/v1/logs', body(3), JSON_TYPE);
    await world.send('otel/v1/logs', body(3), JSON_TYPE);
    expect(await world.view('errors-logged')).toMatchObject({ all: 3 });
    await collect(world, { ms: 6 * MINUTE, ...every }, () => world.send('otel/v1/logs', body(9), JSON_TYPE));
    expect((await world.statuses('errors-logged')).at(-1)).toBe('breached!');
  });
});
