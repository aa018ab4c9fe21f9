// The datadog source against a contract server: every complete minute once, by tag, and no key in any reason.
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { samplesIn } from '../../../src/adapters/datadog/answers.ts';
import { createDatadogReader, type DatadogSpec } from '../../../src/adapters/datadog/index.ts';
import { systemTime } from '../../../src/adapters/system/index.ts';
import type { Batch, Cursor } from '../../../src/domain/signal.ts';
import { DetectWorld } from '../../flows/detect-world.ts';
import { type DatadogServer, minutes, startDatadog } from '../../world/vendors/datadog.ts';
import { apiSource, exampleOf, http, NEVER, type ReaderTime, SECRET, saidIn, sourceIn } from '../api-source.ts';
import { becomesSamplesOrReason, odd, word } from '../odd.ts';

const MINUTE_MS = 60_000;
const NOON = Date.parse('2026-11-27T12:00:00Z');
const ERRORS = 'sum:web.errors{*} by {org}.as_count().rollup(sum, 60)';

const started = (): Promise<DatadogServer> => startDatadog({ apiKey: SECRET, appKey: `${SECRET}-app` });
function readerOf(url: string, o: Partial<DatadogSpec> = {}, time: ReaderTime = systemTime) {
  const keys = { apiKey: SECRET, appKey: `${SECRET}-app` };
  const spec: DatadogSpec = {
    id: 'dd',
    driver: 'datadog',
    url,
    ...keys,
    queries: { errors: ERRORS },
    as: 'counts',
    settleMs: MINUTE_MS,
    everyMs: 20,
    timeoutMs: 2_000,
    ...o,
  };
  return createDatadogReader(spec, { http, time });
}
/** Something in every minute around now. */
const always = (value: number) =>
  minutes(Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS - 120 * MINUTE_MS, ...Array.from({ length: 240 }, () => value));

apiSource('datadog', async () => {
  const server = await started();
  server.series.set('avg:system.load.1{*}', [{ tags: ['org:acme'], points: always(3) }]);
  return {
    server,
    reader: ({ time, timeoutMs }) => readerOf(server.url, { timeoutMs, as: 'values', queries: { load: 'avg:system.load.1{*}' } }, time),
  };
});

async function world(o: Partial<DatadogSpec> = {}) {
  const server = await started();
  onTestFinished(server.close);
  let now = NOON + 5_000;
  const reader = readerOf(server.url, o, { ...systemTime, now: () => now });
  let cursor: Cursor = {};
  return {
    server,
    at: (ms: number) => {
      now = ms;
    },
    read: async (): Promise<Batch> => {
      const batch = await reader.read(NEVER, cursor);
      cursor = batch.cursor ?? cursor;
      return batch;
    },
  };
}

const countsOf = ({ samples }: Batch) =>
  samples.flatMap((one) => (one.kind === 'delta' ? [[one.labels['org'], (one.at - NOON) / MINUTE_MS, one.delta] as const] : []));

test('counts of each minute count once by tag, however often they are read, and over a time without Belay', async () => {
  const { server, at, read } = await world();
  server.series.set(ERRORS, [
    { tags: ['org:acme'], points: minutes(NOON - 5 * MINUTE_MS, 1, 2, 3, 4, 5, 6, 7, 8) },
    { tags: ['org:globex', 'lonely'], points: minutes(NOON - 5 * MINUTE_MS, 0, 0, 0, null, 50) },
  ]);
  const first = await read();
  expect(countsOf(first)).toEqual([['acme', -1, 4]]);
  expect(first.at).toBe(NOON - MINUTE_MS);
  expect(countsOf(await read())).toEqual([]);
  at(NOON + 2 * MINUTE_MS);
  server.mood = 'cut';
  expect(await read()).toMatchObject({ alive: false });
  server.mood = 'well';
  expect(countsOf(await read())).toEqual([
    ['acme', 0, 5],
    ['acme', 1, 6],
    ['globex', 0, 50],
  ]);
});

test('a query without data is told and counts nothing, unless it says that nothing is zero', async () => {
  const { server, at, read } = await world();
  server.series.set(ERRORS, []);
  expect(await read()).toMatchObject({ alive: false, reason: expect.stringMatching(/errors: Datadog has no data of it; .*default_zero/) });
  server.series.set(ERRORS, [{ tags: ['org:acme'], points: minutes(NOON - 2 * MINUTE_MS, null, null) }]);
  expect(await read()).toMatchObject({ alive: false, samples: [] });
  server.series.set(ERRORS, [{ tags: ['org:acme'], points: minutes(NOON - 2 * MINUTE_MS, 0, 0, 0) }]);
  expect(await read()).toMatchObject({ alive: true, samples: [] });
  at(NOON + 30_000);
  expect(await read()).toMatchObject({ alive: true, samples: [] });
  for (const filled of [`default_zero(${ERRORS})`, ERRORS.replace('.rollup', '.fill(zero).rollup')]) {
    const zeros = await world({ queries: { errors: filled } });
    zeros.server.series.set(filled, []);
    expect(await zeros.read()).toMatchObject({ alive: true, samples: [] });
  }
});

test('a metric that is sent no more makes its trigger unknown and never healthy', async () => {
  const server = await started();
  onTestFinished(server.close);
  const { system } = exampleOf('datadog');
  const spec = { ...sourceIn(system, 'datadog'), url: server.url, apiKey: SECRET, appKey: `${SECRET}-app` };
  const detect = new DetectWorld(system);
  detect.clock.nowMs = NOON;
  const reader = createDatadogReader(spec, { http, time: { ...systemTime, now: () => detect.clock.nowMs } });
  const [failed = '', asked = ''] = Object.values(spec.queries);
  let cursor: Cursor = {};
  const hour = (count: number | null) =>
    minutes(Math.floor(detect.clock.nowMs / MINUTE_MS) * MINUTE_MS - 60 * MINUTE_MS, ...Array.from({ length: 61 }, () => count));
  const pass = async (readings: number, requests: number | null): Promise<void> => {
    for (let n = 0; n < readings; n += 1) {
      server.series.set(failed, [{ tags: ['org:acme'], points: hour(requests === null ? 0 : 12) }]);
      server.series.set(asked, requests === null ? [] : [{ tags: ['org:acme'], points: hour(requests) }]);
      detect.clock.nowMs += spec.everyMs;
      const batch = await reader.read(NEVER, cursor);
      cursor = batch.cursor ?? cursor;
      await detect.detector.ingest(batch);
    }
  };
  await pass(30, 100);
  expect((await detect.view('checkout-failing')).status).toBe('breached');
  await pass(90, null);
  expect(await detect.view('checkout-failing')).toMatchObject({ status: 'breached', unknown: true });
});

test('values are the newest point of the last five minutes, and none where there is none', async () => {
  const { server, at, read } = await world({ as: 'values', queries: { load: 'avg:system.load.1{*}' } });
  server.series.set('avg:system.load.1{*}', [{ tags: [], points: minutes(NOON - 5 * MINUTE_MS, 1, 2, 3.5, null) }]);
  expect(saidIn(await read())).toEqual({ load: 3.5 });
  at(NOON + 20 * MINUTE_MS);
  expect(await read()).toMatchObject({ alive: true, samples: [] });
});

test('points that are not of a minute, and queries that Datadog does not understand, are told with what to write', async () => {
  const loose = await world({ queries: { errors: 'sum:web.errors{*}' } });
  loose.server.series.set('sum:web.errors{*}', [{ tags: [], points: minutes(NOON - 2 * MINUTE_MS, 1) }]);
  expect(await loose.read()).toMatchObject({
    alive: false,
    reason: expect.stringMatching(/errors: its points are not of one minute: end the query with/),
  });
  const wrong = await world({ queries: { errors: 'sum(' } });
  expect(await wrong.read()).toMatchObject({
    alive: false,
    reason: expect.stringMatching(/answered 400: Error parsing query: unable to parse sum\($/),
  });
});

test('a wrong key is told in Datadog’s words, and is repeated nowhere', async () => {
  const { read } = await world({ appKey: 'a-wrong-application-key' });
  const batch = await read();
  expect(batch).toMatchObject({ alive: false, reason: expect.stringMatching(/answered 403: Forbidden$/) });
});

test('the example of the page breaches for the organization whose checkout fails, and for no other', async () => {
  const server = await started();
  onTestFinished(server.close);
  const { system } = exampleOf('datadog');
  const spec = { ...sourceIn(system, 'datadog'), url: server.url, apiKey: SECRET, appKey: `${SECRET}-app` };
  const detect = new DetectWorld(system);
  detect.clock.nowMs = NOON;
  const reader = createDatadogReader(spec, { http, time: { ...systemTime, now: () => detect.clock.nowMs } });
  const [failed = '', asked = ''] = Object.values(spec.queries);
  const [acme, globex, all] = [new Map<number, number>(), new Map<number, number>(), new Map([[NOON - 2 * MINUTE_MS, 100]])];
  expect(failed).toContain('default_zero(');
  server.series.set(failed, [
    { tags: ['org:acme'], points: acme },
    { tags: ['org:globex'], points: globex },
  ]);
  server.series.set(asked, [
    { tags: ['org:acme'], points: all },
    { tags: ['org:globex'], points: all },
  ]);
  let cursor: Cursor = {};
  const pass = async (count: number, errors: number): Promise<void> => {
    for (let n = 0; n < count; n += 1) {
      const minute = Math.floor(detect.clock.nowMs / MINUTE_MS) * MINUTE_MS;
      acme.set(minute, errors);
      globex.set(minute, 0);
      all.set(minute, 100);
      detect.clock.nowMs += spec.everyMs;
      const batch = await reader.read(NEVER, cursor);
      expect(batch.reason).toBeUndefined();
      cursor = batch.cursor ?? cursor;
      await detect.detector.ingest(batch);
    }
  };
  await pass(30, 0);
  expect(await detect.path('acme', 'checkout-failing')).toEqual([]);
  await pass(20, 12);
  expect((await detect.path('acme', 'checkout-failing')).at(-1)).toBe('suspect→breached');
  await pass(40, 0);
  expect(await detect.path('acme', 'checkout-failing')).toContain('breached→cleared');
  expect(await detect.path('globex', 'checkout-failing')).toEqual([]);
  expect(server.refused).toEqual([]);
});

test('ten thousand answers become finite samples with short, plain labels, one of each series, or a sentence', () => {
  const point = odd(fc.tuple(odd(fc.constantFrom(0, MINUTE_MS, 30_000)), odd(fc.nat(100), 20)), 30);
  const tags = odd(fc.array(odd(word('org:acme', 'org:globex', ':x', 'a b:c', '__proto__:x')), { maxLength: 3 }));
  const series = odd(fc.record({ tag_set: tags, interval: odd(fc.constant(60)), pointlist: odd(fc.array(point, { maxLength: 2 })) }));
  const answer = fc.record({ status: odd(fc.constant('ok')), error: odd(word()), series: odd(fc.array(series, { maxLength: 3 })) });
  becomesSamplesOrReason(fc.tuple(answer, fc.constantFrom('counts' as const, 'values' as const)), ([one, as]) =>
    samplesIn(one, { name: 'errors', as, isFilled: true, from: 0, to: 2 * MINUTE_MS }),
  );
}, 60_000);
