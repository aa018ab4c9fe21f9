// The ga4 source against a contract server: tokens for verified assertions, every complete minute once, and no key in any reason.
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createGa4Reader, type Ga4Spec } from '../../../src/adapters/ga4/index.ts';
import { samplesIn } from '../../../src/adapters/ga4/report.ts';
import { systemTime } from '../../../src/adapters/system/index.ts';
import type { Batch, Cursor } from '../../../src/domain/signal.ts';
import { DetectWorld } from '../../flows/detect-world.ts';
import { type AnalyticsServer, startGoogleAnalytics } from '../../world/vendors/google-analytics.ts';
import { apiSource, exampleOf, http, NEVER, type ReaderTime, saidIn, sourceIn } from '../api-source.ts';
import { becomesSamplesOrReason, odd, word } from '../odd.ts';

const MINUTE_MS = 60_000;
const NOON = Date.parse('2026-11-27T12:00:00Z');

function readerOf(server: AnalyticsServer, o: Partial<Ga4Spec> = {}, time: ReaderTime = systemTime) {
  const addresses = { url: server.url, tokenUrl: server.tokenUrl };
  const spec: Ga4Spec = {
    id: 'site',
    driver: 'ga4',
    property: '1234',
    key: server.key,
    report: 'realtime',
    metrics: ['eventCount'],
    ...addresses,
    everyMs: 20,
    timeoutMs: 5_000,
    ...o,
  };
  return createGa4Reader(spec, { http, time, baseDir: '/' });
}

apiSource('ga4', async () => {
  const server = await startGoogleAnalytics({ property: '1234' });
  server.state.today = { '': [7] };
  return {
    server,
    reader: ({ time, timeoutMs }) => {
      server.state.now = () => time.now();
      return readerOf(server, { timeoutMs, report: 'today' }, time);
    },
  };
});

async function world(o: Partial<Ga4Spec> = {}) {
  const server = await startGoogleAnalytics({ property: '1234' });
  onTestFinished(server.close);
  let now = NOON + 5_000;
  server.state.now = () => now;
  const reader = readerOf(server, o, { ...systemTime, now: () => now });
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
  samples.flatMap((one) => (one.kind === 'delta' ? [[one.labels['eventName'], (one.at - NOON) / MINUTE_MS, one.delta] as const] : []));

describe('minutes', () => {
  test('count once when they are complete, by dimension, and over a time without Belay', async () => {
    const { server, at, read } = await world({ dimensions: ['eventName'] });
    for (let n = -10; n < 60; n += 1) server.state.minutes.set(NOON + n * MINUTE_MS, { purchase: [100 + n], refund: [0] });
    const first = await read();
    expect(countsOf(first)).toEqual([['purchase', -2, 97]]);
    expect(first.at).toBe(NOON - 2 * MINUTE_MS);
    expect(countsOf(await read())).toEqual([]);
    at(NOON + 2 * MINUTE_MS);
    expect(countsOf(await read()).toSorted((a, b) => a[1] - b[1])).toEqual([
      ['purchase', -1, 98],
      ['purchase', 0, 99],
    ]);
    at(NOON + 50 * MINUTE_MS);
    expect(countsOf(await read())).toHaveLength(26);
  });

  test('of users are a value, because a user of two minutes is one user', async () => {
    const { server, read } = await world({ metrics: ['activeUsers', 'eventCount'] });
    server.state.minutes.set(NOON - 3 * MINUTE_MS, { '': [12, 40] });
    expect((await read()).samples).toEqual([
      { kind: 'value', name: 'ga4_activeUsers', labels: {}, at: NOON - 2 * MINUTE_MS, value: 12 },
      { kind: 'delta', name: 'ga4_eventCount', labels: {}, at: NOON - 2 * MINUTE_MS, delta: 40 },
    ]);
  });

  test('in which nothing happened are an empty report, which is alive', async () => {
    const { read } = await world();
    expect(await read()).toMatchObject({ alive: true, samples: [] });
  });
});

test('today so far is told as values, with labels that a selector can name', async () => {
  const { server, read } = await world({ report: 'today', metrics: ['sessions', 'bounceRate'], dimensions: ['customUser:org'] });
  server.state.today = { acme: [31, 0.25] };
  expect(saidIn(await read(), 'customUser_org')).toEqual({ 'ga4_sessions{acme}': 31, 'ga4_bounceRate{acme}': 0.25 });
});

describe('a token', () => {
  test('serves until shortly before its end, and is asked for again when it was taken back', async () => {
    const { server, at, read } = await world();
    await read();
    at(NOON + 3_000_000);
    await read();
    expect(server.state.tokens).toBe(1);
    at(NOON + 3_599_000);
    expect(await read()).toMatchObject({ alive: true });
    expect(server.state.tokens).toBe(2);
    server.state.takenBack = true;
    const refused = await read();
    expect(refused).toMatchObject({ alive: false, reason: expect.stringMatching(/answered 401: Request had invalid authentication/) });
    expect(refused.reason).not.toContain('ya29');
    expect(await read()).toMatchObject({ alive: true });
    expect(server.state.tokens).toBe(3);
  });

  test('that is repeated by whoever refuses it stands in no reason, nor does what it was asked for with', async () => {
    const key = JSON.stringify({
      client_email: 'belay@shop.iam.gserviceaccount.com',
      private_key: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' }),
    });
    const sent: string[] = [];
    const answers = [
      { status: 200, said: () => ({ access_token: 'ya29.s3cr3t-t0ken', expires_in: 3_600 }) },
      { status: 401, said: () => ({ error: { message: 'ya29.s3cr3t-t0ken is no token' } }) },
      { status: 400, said: () => ({ error: `bad assertion ${new URLSearchParams(sent.at(-1)).get('assertion')}` }) },
    ];
    const request = async ({ body }: { readonly body?: string | undefined }) => {
      sent.push(body ?? '');
      const { status, said } = answers.shift() ?? { status: 500, said: () => ({}) };
      return { status, headers: {}, body: JSON.stringify(said()), tookMs: 1 };
    };
    const spec = { id: 'site', driver: 'ga4', property: '1', key, report: 'realtime', metrics: ['eventCount'] } as const;
    const addresses = { url: 'https://analytics.test', tokenUrl: 'https://oauth.test/token', everyMs: 60_000, timeoutMs: 1_000 };
    const time = { now: () => NOON, monotonicMs: () => 0 };
    const reader = createGa4Reader({ ...spec, ...addresses }, { http: { request }, time, baseDir: '/' });
    const read = () => reader.read(new AbortController().signal, {});
    expect((await read()).reason).toBe('answered 401: *** is no token');
    expect((await read()).reason).toBe('answered 400: bad assertion ***…');
  });

  test('is refused to a key that is another one, and nothing of a broken key is repeated', async () => {
    const pem = (type: 'rsa' | 'ed25519'): string =>
      (type === 'rsa' ? generateKeyPairSync('rsa', { modulusLength: 2048 }) : generateKeyPairSync('ed25519')).privateKey
        .export({ type: 'pkcs8', format: 'pem' })
        .toString();
    const account = (key: string) => JSON.stringify({ client_email: 'belay@shop.iam.gserviceaccount.com', private_key: key });
    const reasons = [];
    for (const key of [account(pem('rsa')), account(pem('ed25519')), account('-----BEGIN PRIVATE KEY-----\nhunter2'), 'hunter2', '{}'])
      reasons.push((await (await world({ key })).read()).reason);
    expect(reasons).toEqual([
      'answered 400: invalid_grant: Invalid JWT Signature.',
      'the private_key of its key is no RSA key',
      'the private_key of its key is no RSA key',
      'its key is not the JSON of a service account',
      'its key is not the JSON of a service account',
    ]);
  });

  test('for a property of somebody else is told in Google’s words', async () => {
    const { read } = await world({ property: '99' });
    expect(await read()).toMatchObject({
      alive: false,
      reason: expect.stringMatching(/answered 403: User does not have sufficient permissions/),
    });
  });
});

test('the example of the page asks when purchases stop, and not before', async () => {
  const server = await startGoogleAnalytics({ property: '123456789' });
  onTestFinished(server.close);
  const folder = mkdtempSync(path.join(tmpdir(), 'belay-ga4-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(path.join(folder, 'ga4-key.json'), server.key);
  const { system, text } = exampleOf('ga4');
  expect(text).toContain('`ga4_<metric>`');
  const spec = { ...sourceIn(system, 'ga4'), url: server.url, tokenUrl: server.tokenUrl };
  const detect = new DetectWorld(system);
  detect.clock.nowMs = NOON;
  server.state.now = () => detect.clock.nowMs;
  const reader = createGa4Reader(spec, { http, time: { ...systemTime, now: () => detect.clock.nowMs }, baseDir: folder });
  let cursor: Cursor = {};
  const pass = async (minutes: number, purchases: number): Promise<void> => {
    for (let n = 0; n < minutes; n += 1) {
      server.state.minutes.set(Math.floor(detect.clock.nowMs / MINUTE_MS) * MINUTE_MS, { purchase: [purchases], page_view: [50] });
      detect.clock.nowMs += spec.everyMs;
      const batch = await reader.read(NEVER, cursor);
      expect(batch.reason).toBeUndefined();
      cursor = batch.cursor ?? cursor;
      await detect.detector.ingest(batch);
    }
  };
  await pass(40, 6);
  expect(await detect.path('', 'purchases-stop')).toEqual([]);
  await pass(30, 0);
  expect((await detect.path('', 'purchases-stop'))[0]).toBe('ok→suspect');
  expect(server.refused).toEqual([]);
});

test('ten thousand reports become finite samples with short, plain labels, one of each series, or a sentence', () => {
  const value = (text: fc.Arbitrary<string>) => odd(fc.record({ value: odd(text) }));
  const names = odd(fc.tuple(value(fc.constantFrom('00', '01', '02', '03')), value(word('purchase'))));
  const row = odd(
    fc.record({
      dimensionValues: names,
      metricValues: odd(fc.tuple(value(fc.constantFrom('1', '2.5', '0', '1e9', '-1', '9'.repeat(400))))),
    }),
    30,
  );
  const report = fc.record({
    kind: odd(fc.constant('analyticsData#runRealtimeReport')),
    rows: odd(fc.array(row, { maxLength: 3 })),
    rowCount: odd(fc.nat(10)),
  });
  const wanted = { metrics: ['eventCount'], dimensions: ['eventName'] };
  becomesSamplesOrReason(fc.tuple(report, fc.boolean()), ([one, isRealtime]) =>
    isRealtime
      ? samplesIn(one, { ...wanted, report: 'realtime' }, { now: NOON, from: NOON - 3 * MINUTE_MS, to: NOON })
      : samplesIn(one, { report: 'today', metrics: ['sessions'], dimensions: ['a', 'b'] }, { now: NOON, from: 0, to: 0 }),
  );
}, 60_000);
