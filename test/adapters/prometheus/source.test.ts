// The scraper against a real HTTP server that it reaches over the real client.
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import { createHttp } from '../../../src/adapters/http/index.ts';
import { createPrometheusReader } from '../../../src/adapters/prometheus/index.ts';
import { systemTime } from '../../../src/adapters/system/index.ts';
import type { Batch } from '../../../src/domain/signal.ts';
import { polled } from '../../../src/flows/detect/poll.ts';
import { signalSourceContract } from '../../contracts/signal-source.ts';

const PAGE =
  '# TYPE requests counter\nrequests_total{org="acme",code="200"} 10\nrequests_total{org="acme",code="503"} 2\n# TYPE queue gauge\nqueue 7\n';

interface Answer {
  readonly status?: number;
  readonly type?: string;
  readonly body?: string;
  /** Never answers. */
  readonly hang?: boolean;
}

async function servePage(first: Answer = {}) {
  let answer = first;
  let asked = 0;
  const waiting: (() => void)[] = [];
  const held = new Set<ServerResponse>();
  const server = createServer((_request, response) => {
    asked += 1;
    for (const wake of waiting.splice(0)) wake();
    if (answer.hang === true) return void held.add(response);
    response.writeHead(answer.status ?? 200, { 'content-type': answer.type ?? 'text/plain; version=0.0.4' }).end(answer.body ?? PAGE);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/metrics`,
    set: (next: Answer) => {
      answer = next;
    },
    asked: () => asked,
    nextAsked: () => new Promise<void>((resolve) => waiting.push(resolve)),
    close: () =>
      new Promise<void>((resolve) => {
        for (const response of held) response.destroy();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const http = createHttp({ allow: ['127.0.0.1'] });
const sourceOf = (url: string, timeoutMs = 2_000) =>
  polled(createPrometheusReader({ id: 'shop', driver: 'prometheus', url, everyMs: 20, timeoutMs }, { http, time: systemTime }), systemTime);

signalSourceContract('the prometheus adapter', async () => {
  const page = await servePage();
  return {
    source: sourceOf(page.url),
    // The answer of the last reading has been delivered when the next reading is asked for.
    beat: async (count) => {
      for (let n = 0; n <= count; n += 1) await Promise.race([page.nextAsked(), systemTime.sleep(200)]);
    },
    trouble: async (on) => page.set(on ? { status: 503, body: 'starting' } : {}),
    close: page.close,
  };
});

/** The first batch that a page gives. */
async function firstBatch(answer: Answer, timeoutMs?: number): Promise<Batch> {
  const page = await servePage(answer);
  const abort = new AbortController();
  try {
    return await new Promise<Batch>((resolve, reject) => {
      sourceOf(page.url, timeoutMs)
        .run(async (batch) => {
          resolve(batch);
          abort.abort();
        }, abort.signal)
        .catch(reject);
    });
  } finally {
    abort.abort();
    await page.close();
  }
}

describe('a page', () => {
  test('becomes totals and values stamped with the start of the reading', async () => {
    const before = Date.now();
    const { samples, at } = await firstBatch({});
    expect(at).toBeGreaterThanOrEqual(before);
    expect(at).toBeLessThanOrEqual(Date.now());
    expect(samples.map((sample) => ({ ...sample, ...('labels' in sample ? { labels: { ...sample.labels } } : {}) }))).toEqual([
      { kind: 'total', name: 'requests_total', labels: { org: 'acme', code: '200' }, at, total: 10 },
      { kind: 'total', name: 'requests_total', labels: { org: 'acme', code: '503' }, at, total: 2 },
      { kind: 'value', name: 'queue', labels: {}, at, value: 7 },
    ]);
  });

  const troubles: readonly (readonly [name: string, answer: Answer, reason: RegExp])[] = [
    ['that answers 500', { status: 500, body: 'oops' }, /answered 500$/],
    ['that is HTML', { body: '<html>login</html>\n' }, /line 1: /],
    ['that is cut off in a number', { body: 'requests_total 12' }, /line 0: the page ends in the middle of a line/],
    ['of OpenMetrics without its end', { type: 'application/openmetrics-text; version=1.0.0', body: 'requests_total 1\n' }, /no # EOF/],
    ['that never answers', { hang: true }, /no answer within 100 ms/],
  ];
  test.each(troubles)('%s is a dead reading', async (_name, answer, reason) => {
    const batch = await firstBatch(answer, 100);
    expect(batch).toMatchObject({ alive: false, samples: [], reason: expect.stringMatching(reason) });
  });

  test('of nobody is a dead reading', async () => {
    const page = await servePage();
    await page.close();
    const abort = new AbortController();
    const batch = await new Promise<Batch>((resolve) => {
      void sourceOf(page.url).run(async (one) => {
        abort.abort();
        resolve(one);
      }, abort.signal);
    });
    expect(batch.alive).toBe(false);
    expect(batch.reason).not.toBe('');
  });
});
