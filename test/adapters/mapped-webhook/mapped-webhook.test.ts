// The mapped webhook on its own: envelopes, mappings that cannot be compiled, bodies that do not fit, bounds, and the contract of sources.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createCel } from '../../../src/adapters/cel/index.ts';
import { createMappedWebhook } from '../../../src/adapters/mapped-webhook/index.ts';
import { createVirtualTime } from '../../../src/adapters/virtual/time.ts';
import { BelayError } from '../../../src/domain/errors.ts';
import type { Sample } from '../../../src/domain/signal.ts';
import type { SourceSpec } from '../../../src/domain/source-catalog.ts';
import { listening } from '../../../src/flows/detect/listening.ts';
import type { Decoded, Received } from '../../../src/ports/signal-source.ts';
import { signalSourceContract } from '../../contracts/signal-source.ts';

type Spec = Extract<SourceSpec, { driver: 'webhook' }>;
const NOW = Date.parse('2026-03-01T12:00:00Z');
const expression = createCel();

const make = (o: Partial<Spec> = {}) =>
  createMappedWebhook({ id: 'hooks', driver: 'webhook', everyMs: 1_000, verify: 'none', name: 'things', ...o }, { expression });
const request = (body: unknown, headers: Readonly<Record<string, string>> = {}): Received => ({
  method: 'POST',
  path: '',
  headers,
  body: typeof body === 'string' ? Buffer.from(body) : Buffer.from(JSON.stringify(body)),
  at: NOW,
});
const decode = (o: Partial<Spec>, body: unknown, headers: Readonly<Record<string, string>> = {}) =>
  make(o).decode(request(body, headers)) as Decoded;
const thrown = (work: () => unknown): BelayError => {
  try {
    work();
  } catch (error) {
    if (BelayError.is(error)) return error;
    throw error;
  }
  throw new Error('nothing was refused');
};
const why = (o: Partial<Spec>, body: unknown, headers: Readonly<Record<string, string>> = {}): string => {
  const error = thrown(() => decode(o, body, headers));
  expect(error.code).toBe('BELAY_INPUT_INVALID');
  return error.message;
};
const idsOf = ({ samples }: Decoded) => samples.map((one) => (one.kind === 'delta' ? (one.id ?? null) : null));

signalSourceContract('the mapped-webhook adapter behind a listening source', async () => {
  const source = listening(make({ labels: { kind: 'body.kind' } }), createVirtualTime(NOW));
  return {
    source,
    beat: async (count) => {
      for (let n = 0; n < count; n += 1) await source.receive(request({ kind: 'a' }));
    },
    trouble: null,
    sideBySide: true,
    close: async () => undefined,
  };
});

describe('a mapping that cannot be compiled', () => {
  test.each<[string, Partial<Spec>]>([
    ['count', { count: 'body.event ==' }],
    ['count', { count: '"yes"' }],
    ['count', { count: 'item.a == 1' }],
    ['each', { each: '"no list"' }],
    ['value', { value: '"1"' }],
    ['eventId', { eventId: '1 + 1' }],
    ['at', { at: 'now' }],
    ['org', { org: 'orgg' }],
    ['labels.state', { labels: { state: 'body.state.matches("(a+)+")' } }],
  ])('names its option %s, and the source does not open: %j', (option, spec) => {
    const error = thrown(() => make(spec));
    expect(error.code).toBe('BELAY_CONFIG_INVALID');
    expect(error.message).toContain(`source hooks: ${option}: `);
  });
});

describe('one body', () => {
  test('counts as one event at its arrival when nothing else is mapped', () => {
    expect(decode({}, { a: 1 }).samples).toEqual([{ kind: 'delta', name: 'things', labels: {}, at: NOW, delta: 1 }]);
  });

  test('is left out when it does not count, and is answered all the same', () => {
    expect(decode({ count: 'body.a == 2' }, { a: 1 })).toMatchObject({ samples: [], reply: { status: 200, body: '{"taken":0}' } });
  });

  test('is measured, once without a hold and standing with one', () => {
    expect(decode({ value: 'body.a' }, { a: 1.5 }).samples).toEqual([{ kind: 'value', name: 'things', labels: {}, at: NOW, value: 1.5 }]);
    expect(decode({ value: 'body.a', holdMs: 60_000 }, { a: true })).toMatchObject({
      samples: [],
      standing: [{ value: 1, until: NOW + 60_000 }],
    });
  });

  test.each<[string, unknown, number]>([
    ['seconds', 1_772_366_400, 1_772_366_400_000],
    ['milliseconds', 1_772_366_400_123, 1_772_366_400_123],
    ['nanoseconds as a text', '1772366400123000000', 1_772_366_400_123],
    ['ISO 8601', '2026-03-01T09:00:00-03:00', NOW],
  ])('tells its time in %s', (_form, at, wanted) => {
    expect(decode({ at: 'body.at' }, { at }).samples[0]?.at).toBe(wanted);
  });

  test('gives texts, numbers and words as labels, and leaves out what is empty', () => {
    const labels = { a: 'body.a', b: 'body.b', c: 'body.c', d: 'body.d' };
    expect(decode({ labels, org: 'body.a' }, { a: 'x\u0000y', b: 3, c: null, d: '' }).samples[0]).toMatchObject({
      labels: { a: 'x\uFFFDy', b: '3', org: 'x\uFFFDy' },
    });
    const long = decode({ labels: { a: 'body.a' } }, { a: 'é'.repeat(1_000) }).samples[0];
    expect(long?.kind === 'delta' ? long.labels['a']?.length : 0).toBe(256);
  });

  test('is known by the hash of its id where the store could not keep the id itself', () => {
    const ids = ['x'.repeat(600), 'a\u0000b', 'plain/1'].map((a) => idsOf(decode({ eventId: 'body.a' }, { a }))[0]);
    expect(ids).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/), expect.stringMatching(/^[0-9a-f]{64}$/), 'plain/1']);
  });

  test('of each element makes a sample', () => {
    const body = {
      alerts: [
        { id: 'a', org: 'acme' },
        { id: 'b', org: 'globex' },
      ],
    };
    const decoded = decode({ each: 'body.alerts', eventId: 'item.id', org: 'item.org', count: 'item.id != "c"' }, body);
    expect(decoded.samples).toMatchObject([
      { id: 'a', labels: { org: 'acme' } },
      { id: 'b', labels: { org: 'globex' } },
    ]);
  });

  test('of each element counts, also where the id is of the whole body; a second delivery has the same ids', () => {
    const body = { id: 'evt-1', failed: ['a', 'b', 'c'] };
    const ids = () => idsOf(decode({ each: 'body.failed', eventId: 'body.id' }, body));
    expect(ids()).toEqual(['evt-1/0', 'evt-1/1', 'evt-1/2']);
    expect(ids()).toEqual(ids());
  });

  test.each<[string, Partial<Spec>, unknown]>([
    ['a field that is not there', { labels: { a: 'body.missing' } }, { a: 1 }],
    ['a list as a label', { labels: { a: 'body.a' } }, { a: [1] }],
    ['a text as a value', { value: 'body.a' }, { a: 'x' }],
    ['no bool as a count', { count: 'body.a' }, { a: 'x' }],
    ['no time', { at: 'body.a' }, { a: 'tomorrow' }],
    ['no list', { each: 'body.a' }, { a: {} }],
    ['no JSON', {}, '{"a": sec'],
    ['bytes that are no UTF-8', {}, Buffer.from([0xff, 0xfe]).toString('latin1')],
  ])('is refused with its reason when it has %s', (_what, spec, body) => {
    expect(why(spec, body).length).toBeGreaterThan(10);
    expect(why(spec, body)).not.toContain('sec');
  });
});

describe('an envelope', () => {
  test('of CloudEvents tells id and time, structured, batched and binary', () => {
    const event = {
      specversion: '1.0',
      id: '7',
      source: '/shop',
      type: 'order.failed',
      time: '2026-03-01T11:59:59Z',
      data: { org: 'acme' },
    };
    const structured = decode({ org: 'body.data.org' }, event, { 'content-type': 'application/cloudevents+json; charset=utf-8' });
    expect(structured.samples).toEqual([
      { kind: 'delta', id: '/shop#7', name: 'things', labels: { org: 'acme' }, at: NOW - 1_000, delta: 1 },
    ]);
    const batch = decode({}, [event, { ...event, id: '8' }], { 'content-type': 'application/cloudevents-batch+json' });
    expect(idsOf(batch)).toEqual(['/shop#7', '/shop#8']);
    const binary = { 'ce-specversion': '1.0', 'ce-id': '9', 'ce-source': '/shop', 'ce-time': '2026-03-01T11:59:58Z' };
    expect(decode({}, { org: 'acme' }, binary).samples[0]).toMatchObject({ id: '/shop#9', at: NOW - 2_000 });
  });

  test('of Standard Webhooks tells the id of the event and the time of the attempt', () => {
    const headers = { 'webhook-id': 'msg_1', 'webhook-timestamp': String(NOW / 1_000 - 3) };
    expect(decode({}, { type: 'a.b' }, headers).samples[0]).toMatchObject({ id: 'msg_1', at: NOW - 3_000 });
    expect(idsOf(decode({}, {}, { 'svix-id': 'msg_2' }))).toEqual(['msg_2']);
    expect(idsOf(decode({ eventId: 'body.id' }, { id: 'own' }, headers))).toEqual(['own']);
    expect(idsOf(decode({ each: 'body' }, [1, 2], headers))).toEqual(['msg_1/0', 'msg_1/1']);
  });

  test('is believed as far as the signature covers it: a copy with another id is the same event', () => {
    const cloud = { 'ce-specversion': '1.0', 'ce-id': 'copy', 'ce-source': 'x', 'ce-time': '2026-02-28T12:00:00Z' };
    const hook = { 'webhook-id': 'msg_1', 'webhook-timestamp': String(NOW / 1_000) };
    expect(idsOf(decode({ verify: 'standard-webhooks' }, {}, { ...hook, ...cloud }))).toEqual(['msg_1']);
    const signed = decode({ verify: 'hmac-sha256' }, {}, { ...hook, ...cloud });
    expect(idsOf(signed)).toEqual([null]);
    expect(signed.samples[0]).toMatchObject({ at: NOW });
  });

  test('of lines makes every line a body, and one bad line refuses them all with its number', () => {
    const ndjson = { 'content-type': 'application/x-ndjson', 'webhook-id': 'm' };
    expect(idsOf(decode({}, '{"a":1}\n\n{"a":2}\r\n', ndjson))).toEqual(['m/0', 'm/1']);
    expect(why({}, '{"a":1}\n{"a":\n', ndjson)).toContain('line 2 is not JSON');
  });

  test('that is a form, or a GET, is refused with what to do instead', () => {
    expect(why({}, 'payload=%7B%7D', { 'content-type': 'application/x-www-form-urlencoded' })).toContain('form');
    expect(thrown(() => make().decode({ ...request(''), method: 'GET' })).message).toContain('takes POST');
  });

  test('of more than 10,000 lines, elements or samples is refused', () => {
    const ndjson = { 'content-type': 'application/x-ndjson' };
    expect(why({}, '1\n'.repeat(10_001), ndjson)).toContain('10000');
    expect(
      why(
        { each: 'body' },
        Array.from({ length: 10_001 }, () => 1),
      ),
    ).toContain('10000');
    expect(why({ each: 'body' }, `${JSON.stringify(Array.from({ length: 6_000 }, () => 1))}\n`.repeat(2), ndjson)).toContain(
      'more than 10000',
    );
  });
});

test('whatever is sent is a decoded request or a refusal with a reason, and samples are finite', () => {
  const decoder = make({
    each: 'body.list',
    count: 'has(item.a)',
    value: 'item.a',
    eventId: 'item.id',
    at: 'item.at',
    org: 'item.org',
    labels: { x: 'item.x' },
  });
  const field = fc.oneof(fc.string(), fc.double(), fc.jsonValue(), fc.constant(null));
  const item = fc.record({ a: fc.oneof(fc.double(), field), id: field, at: field, org: field, x: field }, { requiredKeys: [] });
  const body = fc.oneof(
    { weight: 3, arbitrary: fc.record({ list: fc.array(item, { maxLength: 3 }) }).map((one) => JSON.stringify(one)) },
    { weight: 1, arbitrary: fc.json() },
    { weight: 1, arbitrary: fc.string() },
  );
  const type = fc.constantFrom('application/json', 'application/x-ndjson', 'application/cloudevents-batch+json', '');
  const fits = (sample: Sample): boolean =>
    sample.kind !== 'probe' && Number.isFinite(sample.at) && Object.values(sample.labels).every((one) => one.length <= 256 && one !== '');
  fc.assert(
    fc.property(body, type, fc.string({ maxLength: 20 }), (text, contentType, id) => {
      try {
        const decoded = decoder.decode(request(text, { 'content-type': contentType, 'webhook-id': id, 'ce-time': id })) as Decoded;
        return decoded.samples.every(fits);
      } catch (error) {
        return BelayError.is(error, 'BELAY_INPUT_INVALID') && error.message !== '';
      }
    }),
    { numRuns: 10_000 },
  );
});
