// The sentry-api source against a contract server: every complete minute once, every issue once, and sessions as shares.
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { errorsIn, issuesIn, sessionsIn } from '../../../src/adapters/sentry-api/answers.ts';
import { createSentryApiReader, type SentryApiSpec } from '../../../src/adapters/sentry-api/index.ts';
import { systemTime } from '../../../src/adapters/system/index.ts';
import type { Batch, Cursor } from '../../../src/domain/signal.ts';
import { DetectWorld } from '../../flows/detect-world.ts';
import { type SentryServer, startSentryApi } from '../../world/vendors/sentry-api.ts';
import { apiSource, demandTame, exampleOf, http, NEVER, type ReaderTime, SECRET, saidIn, sourceIn } from '../api-source.ts';
import { becomesSamplesOrReason, odd, word } from '../odd.ts';

const MINUTE_MS = 60_000;
const NOON = Date.parse('2026-11-27T12:00:00Z');

const started = (): Promise<SentryServer> => startSentryApi({ token: SECRET, organization: 'acme' });
const specOf = (url: string, o: Partial<SentryApiSpec> = {}): SentryApiSpec => ({
  id: 'counts',
  driver: 'sentry-api',
  url,
  organization: 'acme',
  token: SECRET,
  counts: ['errors', 'issues', 'sessions'],
  settleMs: MINUTE_MS,
  everyMs: 20,
  timeoutMs: 2_000,
  ...o,
});
const readerOf = (url: string, o: Partial<SentryApiSpec> = {}, time: ReaderTime = systemTime) =>
  createSentryApiReader(specOf(url, o), { http, time });

apiSource('sentry-api', async () => {
  const server = await started();
  server.state.sessions = { healthy: 99, crashed: 1 };
  return {
    server,
    reader: ({ time, timeoutMs }) =>
      readerOf(server.url, { timeoutMs, projects: ['shop', '7'], environment: 'production', query: 'level:error' }, time),
  };
});

async function world(o: Partial<SentryApiSpec> = {}) {
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

const errorsOf = ({ samples }: Batch): readonly (readonly [at: number, count: number])[] =>
  samples.flatMap((one) => (one.kind === 'delta' && one.name === 'sentry_errors' ? [[one.at - NOON, one.delta] as const] : []));

describe('errors', () => {
  test('of each minute count once, however often they are read, and over a time without Belay', async () => {
    const { server, at, read } = await world({ counts: ['errors'] });
    for (let n = -10; n < 60; n += 1) server.state.errors.set(NOON + n * MINUTE_MS, 100 + n);
    const first = await read();
    // At five seconds past noon, with a minute to settle: the last complete one began two minutes before.
    expect(errorsOf(first)).toEqual([[-MINUTE_MS, 98]]);
    expect(first.at).toBe(NOON - MINUTE_MS);
    expect(errorsOf(await read())).toEqual([]);
    at(NOON + MINUTE_MS + 5_000);
    expect(errorsOf(await read())).toEqual([[0, 99]]);
    at(NOON + 5 * MINUTE_MS);
    expect(errorsOf(await read())).toEqual([1, 2, 3, 4].map((n) => [n * MINUTE_MS, 99 + n]));
  });

  test('of a minute that Sentry calls incomplete wait until it is complete', async () => {
    const { server, at, read } = await world({ counts: ['errors'] });
    for (let n = -2; n < 5; n += 1) server.state.errors.set(NOON + n * MINUTE_MS, 7);
    await read();
    at(NOON + 4 * MINUTE_MS);
    server.state.incompleteFrom = NOON + MINUTE_MS;
    const some = await read();
    expect(errorsOf(some).map(([when]) => when / MINUTE_MS)).toEqual([0, 1]);
    server.state.incompleteFrom = Number.POSITIVE_INFINITY;
    expect(errorsOf(await read()).map(([when]) => when / MINUTE_MS)).toEqual([2, 3]);
  });

  test('of a reading that failed are read by the next one', async () => {
    const { server, at, read } = await world({ counts: ['errors'] });
    for (let n = -2; n < 5; n += 1) server.state.errors.set(NOON + n * MINUTE_MS, 7);
    await read();
    at(NOON + 2 * MINUTE_MS);
    server.mood = 'cut';
    expect(await read()).toMatchObject({ alive: false });
    server.mood = 'well';
    expect(errorsOf(await read()).map(([when]) => when / MINUTE_MS)).toEqual([0, 1]);
  });

  test('of longer ago than twelve hours are left out', async () => {
    const { at, server, read } = await world({ counts: ['errors'] });
    await read();
    at(NOON + 30 * 3_600_000);
    for (let n = 0; n < 30 * 60; n += 1) server.state.errors.set(NOON + n * MINUTE_MS, 1);
    expect(errorsOf(await read())).toHaveLength(12 * 60);
  });
});

test('a new issue counts once, by its id, and one of before Belay does not', async () => {
  const { server, at, read } = await world({ counts: ['issues'] });
  const issue = (id: string, firstSeenMs: number) => ({ id, level: 'fatal', project: 'shop', firstSeenMs });
  server.state.issues = [issue('1', NOON - 3_600_000)];
  expect((await read()).samples).toEqual([]);
  server.state.issues = [issue('1', NOON - 3_600_000), issue('2', NOON + 1_000)];
  at(NOON + 3 * MINUTE_MS);
  expect((await read()).samples).toEqual([
    { kind: 'delta', id: 'issue/2', name: 'sentry_new_issues', labels: { level: 'fatal', project: 'shop' }, at: NOON + 1_000, delta: 1 },
  ]);
  at(NOON + 6 * MINUTE_MS);
  expect((await read()).samples).toEqual([]);
});

test('sessions are told as shares, and as none where there were none', async () => {
  const { server, read } = await world({ counts: ['sessions'] });
  expect(saidIn(await read())).toEqual({ sentry_sessions: 0 });
  server.state.sessions = { healthy: 950, errored: 30, crashed: 20 };
  expect(saidIn(await read())).toEqual({
    sentry_sessions: 1_000,
    sentry_crashed_share: 0.02,
    sentry_errored_share: expect.closeTo(0.05, 9),
  });
});

test('counts that there are not are refused at opening', () => {
  expect(() => readerOf('http://x', { counts: ['tears'] })).toThrow(/source counts: counts: there is no tears/);
});

test('a wrong token or a wrong organization is told in Sentry’s words, without the token', async () => {
  const { read } = await world({ token: 'other-token-of-sentry' });
  expect(await read()).toMatchObject({ alive: false, reason: expect.stringMatching(/answered 401: Invalid token$/) });
  const other = await world({ organization: 'nobody' });
  expect(await other.read()).toMatchObject({
    alive: false,
    reason: expect.stringMatching(/answered 404: there is no organization nobody$/),
  });
});

test('the example of the page breaches when errors rise, and not before', async () => {
  const server = await started();
  onTestFinished(server.close);
  server.state.sessions = { healthy: 99, crashed: 1 };
  const { system, text } = exampleOf('sentry-api');
  const spec = { ...sourceIn(system, 'sentry-api'), url: server.url };
  const detect = new DetectWorld(system);
  detect.clock.nowMs = NOON;
  const reader = createSentryApiReader(spec, { http, time: { ...systemTime, now: () => detect.clock.nowMs } });
  let cursor: Cursor = {};
  const pass = async (minutes: number, errors: number): Promise<void> => {
    for (let n = 0; n < minutes; n += 1) {
      server.state.errors.set(Math.floor(detect.clock.nowMs / MINUTE_MS) * MINUTE_MS, errors);
      detect.clock.nowMs += spec.everyMs;
      const batch = await reader.read(NEVER, cursor);
      expect(batch.reason).toBeUndefined();
      demandTame(batch, text);
      cursor = batch.cursor ?? cursor;
      await detect.detector.ingest(batch);
    }
  };
  await pass(25, 3);
  expect(await detect.path('', 'errors-high')).toEqual([]);
  await pass(15, 60);
  expect(await detect.path('', 'errors-high')).toContain('suspect→breached');
  await pass(40, 1);
  expect(await detect.path('', 'errors-high')).toContain('breached→cleared');
});

test('ten thousand answers become finite samples with short, plain labels, or a sentence', () => {
  const span = { from: 0, to: 2 * MINUTE_MS };
  const number = odd(fc.nat(1_000), 30);
  const minute = (at: number) => odd(fc.record({ timestamp: odd(fc.constant(at)), value: number, incomplete: odd(fc.boolean()) }));
  const errors = fc.record({ timeSeries: odd(fc.tuple(odd(fc.record({ values: odd(fc.tuple(minute(0), minute(MINUTE_MS))) })))) });
  const issue = fc.record({
    id: odd(word('1', '2')),
    firstSeen: odd(word('1970-01-01T00:00:30Z', '1970-01-01T00:01:30Z')),
    level: odd(word()),
    project: odd(fc.record({ slug: odd(word()) })),
  });
  const group = fc.record({
    by: odd(fc.record({ 'session.status': odd(word('healthy', 'crashed', 'errored')) })),
    totals: odd(fc.record({ 'sum(session)': number })),
  });
  const document = fc.record({
    errors: odd(errors),
    issues: odd(fc.array(odd(issue), { maxLength: 2 })),
    sessions: odd(fc.record({ groups: odd(fc.array(group, { maxLength: 2 })) })),
  });
  becomesSamplesOrReason(fc.tuple(document, fc.nat(2)), ([one, which]) =>
    which === 0 ? errorsIn(one.errors, span).samples : which === 1 ? issuesIn(one.issues, span) : sessionsIn(one.sessions, 5),
  );
}, 60_000);
