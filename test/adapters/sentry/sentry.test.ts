// Sentry: signed webhooks, envelopes by hand and by the real SDK, through the real door into detection.
import { execFile } from 'node:child_process';
import { createHmac } from 'node:crypto';
import path from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createSentry } from '../../../src/adapters/sentry/index.ts';
import { createVirtualTime } from '../../../src/adapters/virtual/time.ts';
import { BelayError } from '../../../src/domain/errors.ts';
import { listening } from '../../../src/flows/detect/listening.ts';
import type { Decoded, Received } from '../../../src/ports/signal-source.ts';
import { signalSourceContract } from '../../contracts/signal-source.ts';
import { blocksOf, NOW, openSenders, systemOf } from '../../world/senders.ts';

const CLIENT_SECRET = 'client-secret';
const SDK_SECRET = 'sdk-secret';
const page = () =>
  systemOf(blocksOf('docs/sources/sentry.md')[0] ?? '', { SENTRY_CLIENT_SECRET: CLIENT_SECRET, SENTRY_SDK_SECRET: SDK_SECRET });
const decoder = createSentry({ id: 'sentry', driver: 'sentry', everyMs: 1_000, verify: 'none' });

const request = (where: string, body: string | Uint8Array, headers: Readonly<Record<string, string>> = {}): Received => ({
  method: 'POST',
  path: where,
  headers,
  body: Buffer.from(body),
  at: NOW,
});
const hook = (resource: string, body: unknown) =>
  decoder.decode(request('', JSON.stringify(body), { 'sentry-hook-resource': resource })) as Decoded;
const envelope = (body: string | Uint8Array, project = '42') => decoder.decode(request(`/api/${project}/envelope`, body)) as Decoded;
const why = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    expect(BelayError.is(error, 'BELAY_INPUT_INVALID')).toBe(true);
    return (error as Error).message;
  }
  throw new Error('nothing was refused');
};

const ID = '9ec79c33ec9942ab8353589fcb2e04dc';
const lines = (...all: readonly unknown[]): string => all.map((one) => (typeof one === 'string' ? one : JSON.stringify(one))).join('\n');
const event = (o: Readonly<Record<string, unknown>> = {}) => ({
  event_id: ID,
  level: 'fatal',
  environment: 'production',
  release: 'shop@1.2.3',
  ...o,
});
const anEnvelope = (o: Readonly<Record<string, unknown>> = {}) =>
  lines({ event_id: (o['event_id'] as string | undefined) ?? ID, sent_at: '2026-03-01T12:00:00Z' }, { type: 'event' }, event(o));

signalSourceContract('the sentry adapter behind a listening source', async () => {
  const source = listening(decoder, createVirtualTime(NOW));
  return {
    source,
    beat: async (count) => {
      for (let n = 0; n < count; n += 1) await source.receive(request('/api/1/envelope', anEnvelope()));
    },
    trouble: null,
    sideBySide: true,
    close: async () => undefined,
  };
});

describe('a webhook', () => {
  const issue = { id: '1', shortId: 'SHOP-1', level: 'error', project: { id: '42', name: 'Shop', slug: 'shop' } };

  test.each<[string, unknown, Readonly<Record<string, string>>]>([
    ['issue', { action: 'created', data: { issue } }, { project: 'shop', level: 'error', action: 'created', resource: 'issue' }],
    [
      'event_alert',
      { action: 'triggered', data: { event: { ...event(), project: 42 } } },
      { project: '42', level: 'fatal', action: 'triggered', resource: 'event_alert' },
    ],
    [
      'error',
      { action: 'created', data: { error: { project: 42, level: 'warning' } } },
      { project: '42', level: 'warning', action: 'created', resource: 'error' },
    ],
    [
      'metric_alert',
      { action: 'critical', data: { metric_alert: { id: '5', projects: ['shop'] } } },
      { project: 'shop', level: 'critical', action: 'critical', resource: 'metric_alert' },
    ],
    ['comment', { action: 'created', data: { comment_id: 1 } }, { action: 'created', resource: 'comment' }],
    ['something_new', { action: 'dreamt', data: {} }, { action: 'dreamt', resource: 'something_new' }],
  ])('about %s counts once, with where it happened and how bad it is', (resource, body, labels) => {
    const { samples, reply } = hook(resource, body);
    expect(reply.status).toBe(200);
    expect(samples).toEqual([
      { kind: 'delta', id: expect.stringMatching(/^[0-9a-f]{32}$/), name: 'sentry_events', labels, at: NOW, delta: 1 },
    ]);
    expect(hook(resource, body).samples).toEqual(samples);
  });

  test.each<[string, () => unknown]>([
    ['no resource', () => decoder.decode(request('', '{"action":"created"}'))],
    ['no action', () => hook('issue', { data: { issue } })],
    ['a resource that its body is not about', () => hook('metric_alert', { action: 'created', data: { issue } })],
    ['no JSON', () => decoder.decode(request('', 'x', { 'sentry-hook-resource': 'issue' }))],
    ['another address', () => decoder.decode(request('/api/42/store', '{}'))],
  ])('with %s is refused with its reason', (_what, work) => {
    expect(why(work)).toMatch(/\w+ \w+/);
  });
});

describe('an envelope', () => {
  test('of an error counts it by its id, with level, project, environment and release', () => {
    const { samples, reply } = envelope(anEnvelope());
    expect(reply).toMatchObject({ status: 200, body: JSON.stringify({ id: ID }) });
    const labels = { project: '42', level: 'fatal', environment: 'production', release: 'shop@1.2.3' };
    expect(samples).toEqual([{ kind: 'delta', id: ID, name: 'sentry_events', labels, at: NOW, delta: 1 }]);
  });

  test('is cut by the lengths of its items, so that payloads may hold newlines, and what is not counted is not read', () => {
    const attachment = 'line 1\n{"type":"event"}\nline 3';
    const text = lines(
      {},
      { type: 'attachment', length: attachment.length, filename: 'a.txt' },
      attachment,
      { type: 'transaction' },
      '{broken',
      {
        type: 'event',
        length: JSON.stringify(event()).length,
      },
      event(),
      '',
    );
    expect(envelope(text).samples).toMatchObject([{ id: ID }]);
  });

  test('of sessions counts each status of a session once, and aggregates by what they hold', () => {
    const session = (status: string) =>
      lines({}, { type: 'session' }, { sid: 'a1', init: true, status, errors: 0, attrs: { release: 'shop@1.2.3' } });
    expect(envelope(session('ok')).samples).toMatchObject([
      { id: 'a1/ok', name: 'sentry_sessions', labels: { status: 'ok', release: 'shop@1.2.3' }, delta: 1 },
    ]);
    expect(envelope(session('crashed')).samples).toMatchObject([{ id: 'a1/crashed' }]);
    expect(envelope(session(`\u0000${'x'.repeat(10_000)}`)).samples).toMatchObject([{ id: expect.stringMatching(/^a1\/\ufffdx{30}…$/) }]);
    const aggregates = lines(
      {},
      { type: 'sessions' },
      { aggregates: [{ started: '2026-03-01T12:00:00Z', exited: 40, crashed: 2, errored: 0 }], attrs: { release: 'r' } },
    );
    expect(envelope(aggregates).samples).toMatchObject([
      { labels: { status: 'exited', release: 'r' }, delta: 40 },
      { labels: { status: 'crashed', release: 'r' }, delta: 2 },
    ]);
  });

  test.each<[string, string]>([
    ['no header', ''],
    ['a header that is no JSON', 'x'],
    ['an item without a header', lines({}, 'x')],
    ['a length that is too long', lines({}, { type: 'event', length: 1_000 }, {})],
    ['a length that is too short', lines({}, { type: 'event', length: 1 }, {})],
    ['a length that is none', lines({}, { type: 'event', length: -1 }, {})],
    ['an event that is no JSON', lines({}, { type: 'event' }, '{')],
    ['a session without an id', lines({}, { type: 'session' }, { status: 'ok' })],
    ['an id of a session that no store can keep', lines({}, { type: 'session' }, { sid: 'a\u0000', status: 'ok' })],
    ['a count that is none', lines({}, { type: 'sessions' }, { aggregates: [{ crashed: -1 }] })],
    ['1,001 items', lines({}, ...Array.from({ length: 1_001 }, () => [{ type: 'log' }, {}]).flat())],
  ])('with %s is refused with its place', (_what, text) => {
    expect(why(() => envelope(text))).toMatch(/\w+ \w+/);
  });

  test('of whatever bytes is samples or a refusal with a reason', () => {
    const item = fc.tuple(
      fc.record({
        type: fc.constantFrom('event', 'session', 'sessions', 'log'),
        length: fc.option(fc.integer({ min: -1, max: 60 }), { nil: undefined }),
      }),
      fc.oneof(
        fc.json(),
        fc.string(),
        fc
          .record({ sid: fc.string(), status: fc.jsonValue(), event_id: fc.jsonValue(), level: fc.jsonValue(), aggregates: fc.jsonValue() })
          .map((one) => JSON.stringify(one)),
      ),
    );
    fc.assert(
      fc.property(fc.oneof(fc.constant('{}'), fc.json(), fc.string()), fc.array(item, { maxLength: 3 }), (head, items) => {
        try {
          return envelope(lines(head, ...items.flat())).samples.every(
            (sample) => sample.kind === 'delta' && Number.isSafeInteger(sample.delta) && !/\0|.{200}/.test(sample.id ?? ''),
          );
        } catch (error) {
          return BelayError.is(error, 'BELAY_INPUT_INVALID') && error.message !== '';
        }
      }),
      { numRuns: 10_000 },
    );
  });
});

describe('through the door into detection', () => {
  const bearer = { authorization: `Bearer ${SDK_SECRET}`, 'content-type': 'text/plain;charset=UTF-8' };
  const ENVELOPE = '/in/sentry-sdk/api/42/envelope/?sentry_version=7&sentry_key=public';
  const idAt = (n: number): string => n.toString(16).padStart(32, '0');

  test('a crash in production starts its trigger once, one of a test environment or a mere error does not [S2-TR-05]', async () => {
    const senders = await openSenders(page());
    await senders.time.advance(60_000);
    await senders.send(ENVELOPE, anEnvelope({ event_id: idAt(1), environment: 'staging' }), bearer);
    await senders.send(ENVELOPE, anEnvelope({ event_id: idAt(2), level: 'error' }), bearer);
    await senders.time.advance(10_000);
    expect(await senders.statuses('app-crash')).toEqual([]);
    for (let n = 0; n < 3; n += 1) expect((await senders.send(ENVELOPE, anEnvelope({ event_id: idAt(3) }), bearer)).status).toBe(200);
    await senders.time.advance(10_000);
    expect((await senders.statuses('app-crash')).filter((one) => one === 'breached')).toHaveLength(1);
    expect(await senders.count('app-crash')).toBe(1);
  });

  test('a spike of errors above 10 a minute starts its trigger, and the errors of every day do not [S3-TR-04][S3-TR-05]', async () => {
    const senders = await openSenders(page());
    let n = 0;
    const fail = async (minutes: number, perMinute: number): Promise<void> => {
      for (let second = 0; second < minutes * 60; second += 60 / perMinute) {
        n += 1;
        await senders.send(ENVELOPE, anEnvelope({ event_id: idAt(n), level: 'error' }), bearer);
        await senders.time.advance(60_000 / perMinute);
      }
    };
    await fail(5, 4);
    expect(await senders.statuses('app-error-spike')).toEqual([]);
    await fail(2, 60);
    expect((await senders.statuses('app-error-spike')).filter((one) => one === 'breached')).toHaveLength(1);
    await senders.time.advance(10 * 60_000);
    expect(await senders.statuses('app-error-spike')).toContain('cleared');
  });

  test('a webhook of a metric alert is taken by its signature alone, within a second, and a recorded one counts once', async () => {
    const senders = await openSenders(page());
    const body = JSON.stringify({
      action: 'critical',
      installation: { uuid: 'u' },
      data: { metric_alert: { id: '5', projects: ['shop'] } },
      actor: { id: 'sentry', type: 'application' },
    });
    const signature = createHmac('sha256', CLIENT_SECRET).update(body).digest('hex');
    const headers = (id: string) => ({ 'sentry-hook-resource': 'metric_alert', 'sentry-hook-signature': signature, 'request-id': id });
    const began = performance.now();
    expect((await senders.send('/in/sentry', body, headers('a'))).status).toBe(200);
    expect(performance.now() - began).toBeLessThan(1_000);
    expect((await senders.send('/in/sentry', body, headers('b'))).status).toBe(200);
    expect((await senders.send('/in/sentry', `${body} `, headers('c'))).status).toBe(401);
    await senders.time.advance(10_000);
    expect(await senders.count('sentry-alert')).toBe(1);
    expect(await senders.statuses('sentry-alert')).toContain('breached');
  });

  test('a delivery that the store refuses is answered 503 at once, and is counted exactly once when it is sent again', async () => {
    const senders = await openSenders(page());
    senders.store(false);
    const began = performance.now();
    expect((await senders.send(ENVELOPE, anEnvelope(), bearer)).status).toBe(503);
    expect(performance.now() - began).toBeLessThan(1_000);
    senders.store(true);
    for (let n = 0; n < 2; n += 1)
      expect((await senders.send(ENVELOPE, gzipSync(anEnvelope()), { ...bearer, 'content-encoding': 'gzip' })).status).toBe(200);
    expect(await senders.count('app-crash')).toBe(1);
  });

  test('the real SDK, told the secret by its transport, delivers an error, a crash and a session', async () => {
    const senders = await openSenders(page());
    const address = new URL(await senders.listen());
    const dsn = `http://public@${address.host}/in/sentry-sdk/42`;
    const app = path.join(import.meta.dirname, 'sdk-app.ts');
    await promisify(execFile)(process.execPath, ['--disable-warning=ExperimentalWarning', app, dsn, SDK_SECRET], { timeout: 30_000 });
    expect(senders.refused).toEqual([]);
    expect(await senders.count('app-crash')).toBe(1);
    expect(await senders.count('app-error-spike')).toBe(2);
    expect(await senders.count('app-crashed-sessions')).toBeGreaterThan(0);
    await senders.time.advance(20_000);
    expect(await senders.statuses('app-crash')).toContain('breached');
  });
});
