// The source against an API over real HTTP: what it asks, what it takes, and what it says when it cannot.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createHttp } from '../../../src/adapters/http/index.ts';
import { createPromqlReader, type PromqlSpec } from '../../../src/adapters/promql/index.ts';
import { systemTime } from '../../../src/adapters/system/index.ts';
import type { Batch } from '../../../src/domain/signal.ts';
import { polled } from '../../../src/flows/detect/poll.ts';
import { signalSourceContract } from '../../contracts/signal-source.ts';

const NEVER = new AbortController().signal;
const http = createHttp({ allow: ['127.0.0.1'] });

interface Asked {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly form: Readonly<Record<string, string>>;
}
type Series = readonly [labels: Readonly<Record<string, string>>, value: string];
/** What a query is answered; null: never. */
type Answer = { readonly status?: number; readonly body: string } | readonly Series[] | null;

async function serveApi(answerOf: (asked: Asked) => Answer) {
  let answer = answerOf;
  const asked: Asked[] = [];
  const waiting: (() => void)[] = [];
  const server = createServer((request, response) => void serve(request, response));
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const form = Object.fromEntries(new URLSearchParams(await text(request)));
    const one = { path: request.url ?? '', headers: request.headers, form };
    asked.push(one);
    for (const wake of waiting.splice(0)) wake();
    const told = answer(one);
    if (told === null) return;
    if ('body' in told) return void response.writeHead(told.status ?? 200).end(told.body);
    const result = told.map(([metric, value]) => ({ metric, value: [Number(form['time']), value] }));
    response.end(JSON.stringify({ status: 'success', data: { resultType: 'vector', result } }));
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    answer: (next: (asked: Asked) => Answer) => {
      answer = next;
    },
    nextAsked: () => new Promise<void>((resolve) => waiting.push(resolve)),
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const specOf = (url: string, o: Partial<PromqlSpec> = {}): PromqlSpec => ({
  id: 'engine',
  driver: 'promql',
  url,
  queries: { requests: 'sum by (org, instance) (http_requests_total)' },
  as: 'totals',
  process: 'instance',
  offsetMs: 1_000,
  everyMs: 20,
  timeoutMs: 2_000,
  ...o,
});
const readerOf = (spec: PromqlSpec) => createPromqlReader(spec, { http, time: systemTime });

signalSourceContract('the promql adapter', async () => {
  const api = await serveApi(() => [[{ instance: 'a:1' }, '1']]);
  return {
    source: polled(readerOf(specOf(api.url)), systemTime),
    beat: async (count) => {
      for (let n = 0; n <= count; n += 1) await Promise.race([api.nextAsked(), systemTime.sleep(200)]);
    },
    trouble: async (on) => api.answer(() => (on ? { status: 503, body: 'starting' } : [[{ instance: 'a:1' }, '1']])),
    close: api.close,
  };
});

async function reading(answerOf: (asked: Asked) => Answer, o: Partial<PromqlSpec> = {}) {
  const api = await serveApi(answerOf);
  onTestFinished(api.close);
  const spec = specOf(`${api.url}${o.url ?? ''}`, { ...o, url: `${api.url}${o.url ?? ''}` });
  const batch: Batch = await readerOf(spec).read(NEVER, {});
  return { batch, asked: api.asked, api };
}

describe('a reading', () => {
  test('asks each query for the same instant, that far behind now, and gives totals of their processes', async () => {
    const queries = { requests: 'sum by (org, instance) (x)', errors: 'sum by (org, instance) (y)' };
    const before = Date.now();
    const { batch, asked } = await reading(
      ({ form }) => [[{ org: 'acme', instance: 'a:1', job: 'shop' }, form['query'] === queries.requests ? '40' : '2']],
      { url: '/select/0/prometheus/', queries, offsetMs: 30_000 },
    );
    expect(asked.map(({ path }) => path)).toEqual(Array(2).fill('/select/0/prometheus/api/v1/query'));
    expect(new Set(asked.map(({ form }) => form['time'])).size).toBe(1);
    const at = Math.round(Number(asked[0]?.form['time']) * 1_000);
    expect(at - (before - 30_000)).toBeGreaterThanOrEqual(0);
    expect(at).toBeLessThanOrEqual(Date.now() - 30_000);
    const labels = { instance: 'a:1', job: 'shop', org: 'acme' };
    expect(batch).toEqual({
      source: 'engine',
      at,
      alive: true,
      samples: [
        { kind: 'total', name: 'requests', labels, origin: 'shop\na:1', at, total: 40 },
        { kind: 'total', name: 'errors', labels, origin: 'shop\na:1', at, total: 2 },
      ],
    });
  });

  test('wants all or nothing of engines that would rather answer in part', async () => {
    const { asked } = await reading(() => []);
    expect(asked[0]?.form).toMatchObject({ deny_partial_response: '1', partial_response: 'false', nocache: '1', limit: '50001' });
  });

  test('carries a token and headers of its own, and shows neither when it is refused', async () => {
    const { batch, asked } = await reading(() => ({ status: 401, body: '{"message":"no"}' }), {
      token: 'hunter2',
      headers: { 'X-Scope-OrgID': 'tenant-7' },
    });
    expect(asked[0]?.headers).toMatchObject({ authorization: 'Bearer hunter2', 'x-scope-orgid': 'tenant-7' });
    expect(batch).toMatchObject({ alive: false, samples: [], reason: expect.stringMatching(/query requests answered 401$/) });
    expect(JSON.stringify(batch)).not.toMatch(/hunter2|tenant-7/);
  });

  test('as values takes what is there and needs no process; what is no number is no sample', async () => {
    const { batch } = await reading(
      () => [
        [{ org: 'acme' }, '-7'],
        [{ org: 'globex' }, 'NaN'],
      ],
      { as: 'values' },
    );
    expect(batch.samples).toEqual([{ kind: 'value', name: 'requests', labels: { org: 'acme' }, at: batch.at, value: -7 }]);
  });

  test('gives the same labels as the same object again, and forgets those that are gone', async () => {
    const { api } = await reading(() => []);
    const reader = readerOf(specOf(api.url));
    const labelsNow = async (series: readonly Series[]): Promise<readonly object[]> => {
      api.answer(() => series);
      return (await reader.read(NEVER, {})).samples.map((one) => ('labels' in one ? one.labels : one));
    };
    const [first] = await labelsNow([[{ instance: 'a' }, '1']]);
    expect(
      (
        await labelsNow([
          [{ instance: 'a' }, '2'],
          [{ instance: 'b' }, '2'],
        ])
      )[0],
    ).toBe(first);
    await labelsNow([]);
    expect((await labelsNow([[{ instance: 'a' }, '3']]))[0]).not.toBe(first);
  });

  const GOOD: readonly Series[] = [[{ instance: 'a:1' }, '1']];
  test.each<[what: string, answer: Answer, says: RegExp, o?: Partial<PromqlSpec>]>([
    ['an engine that starts', { status: 503, body: 'Service Unavailable' }, /query requests answered 503$/],
    [
      'a query that it refuses',
      { status: 400, body: '{"status":"error","errorType":"bad_data","error":"unexpected"}' },
      /bad_data: unexpected/,
    ],
    ['a redirect to a login', { status: 302, body: '' }, /answered 302/],
    ['another kind of page', { body: '<html>' }, /no JSON/],
    ['a total of no process', [[{ org: 'acme' }, '1']], /without the label instance: keep it, as in sum by \(org, instance\)/],
    ['a total of no pod', GOOD, /without the label pod/, { process: 'pod' }],
    ['a total below zero', [[{ instance: 'a:1' }, '-1']], /gives -1, and a total is never below zero/],
    ['nobody who answers', null, /no answer within 100 ms/, { timeoutMs: 100 }],
  ])('is dead with its reason, and nothing of it counts: %s', async (_what, answer, says, o) => {
    const { batch } = await reading(() => answer, o);
    expect(batch).toMatchObject({ source: 'engine', alive: false, samples: [], reason: expect.stringMatching(says) });
  });

  test('is dead when one of its queries is, says which, and does not wait for the others', async () => {
    const queries = { all: 'all', bad: 'bad' };
    const began = performance.now();
    const { batch } = await reading(({ form }) => (form['query'] === 'all' ? null : { body: '{"status":"error","error":"no bad"}' }), {
      queries,
    });
    expect(batch).toMatchObject({ alive: false, samples: [], reason: expect.stringMatching(/query bad is refused, nothing: no bad/) });
    expect(performance.now() - began).toBeLessThan(1_500);
  });

  test('is dead when it is answered for another time than it asked for', async () => {
    const stale = { status: 'success', data: { resultType: 'vector', result: [{ metric: { instance: 'a' }, value: [1_000, '1'] }] } };
    const { batch } = await reading(() => ({ body: JSON.stringify(stale) }));
    expect(batch.reason).toMatch(/answers for 1970-01-01T00:16:40.000Z, and was asked for another time/);
  });

  test('takes a sum over one process where that is said', async () => {
    const { batch } = await reading(() => [[{ org: 'acme' }, '5']], { process: 'none' });
    expect(batch.samples).toEqual([{ kind: 'total', name: 'requests', labels: { org: 'acme' }, at: batch.at, total: 5 }]);
  });
});

test.each<[what: string, o: Partial<PromqlSpec>, says: RegExp]>([
  ['rates as totals', { queries: { r: 'sum by (org, instance) (rate(x_total[5m]))' } }, /rate and increase give no total/],
  ['increases as totals', { queries: { r: 'increase (x_total[5m])' } }, /rate and increase give no total/],
  ['no query', { queries: {} }, /queries: there are 0 of them/],
  [
    'too many queries',
    { queries: Object.fromEntries(Array.from({ length: 33 }, (_, n) => [`q${n}`, 'x'])) },
    /queries: there are 33 of them/,
  ],
])('a source that cannot give what is asked of it does not start: %s', (_what, o, says) => {
  expect(() => readerOf(specOf('http://127.0.0.1:1', o))).toThrow(says);
  expect(() => readerOf(specOf('http://127.0.0.1:1', { queries: { error_rate: 'error_rate' } }))).not.toThrow();
});

test('a token or a header that the engine repeats stands in no reason, neither whole nor as the half that a long answer leaves', async () => {
  const api = await serveApi(({ headers }) => ({
    status: 401,
    body: JSON.stringify({
      status: 'error',
      errorType: 'unauthorized',
      error: `who is ${headers.authorization} ${String(headers['x-key'])}${'y'.repeat(146)}${String(headers['x-key'])}?`,
    }),
  }));
  onTestFinished(api.close);
  const reader = createPromqlReader(specOf(api.url, { token: 's3cr3t-t0ken', headers: { 'X-Key': 'another-s3cr3t' } }), {
    http,
    time: systemTime,
  });
  const { reason } = await reader.read(NEVER, {});
  expect(reason).toContain('who is Bearer *** ***yyy');
  expect(reason).not.toMatch(/s3cr|anoth/);
});
