import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { field } from '../../../bench/remote-write-request.ts';
import { createOtlp } from '../../../src/adapters/telemetry/index.ts';
import { METRICS_REQUEST, readMessage } from '../../../src/adapters/telemetry/otlp-message.ts';
import { BelayError } from '../../../src/domain/errors.ts';
import type { Batch, Sample } from '../../../src/domain/signal.ts';
import { sent } from '../../../src/flows/detect/sent.ts';
import type { Received } from '../../../src/ports/signal-source.ts';
import { signalSourceContract } from '../../contracts/signal-source.ts';

const AT = 1_767_225_600_000;
const NANOS = `${AT}000000`;
const START = `${AT - 60_000}000000`;
const JSON_TYPE = 'application/json';
const PROTOBUF = 'application/x-protobuf';

const request = (path: string, body: unknown, o: Partial<Received> = {}): Received => ({
  method: 'POST',
  path,
  headers: { 'content-type': JSON_TYPE },
  body: body instanceof Uint8Array ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
  at: AT + 5_000,
  ...o,
});
const attributes = (given: Readonly<Record<string, unknown>>) =>
  Object.entries(given).map(([key, value]) => ({ key, value: typeof value === 'string' ? { stringValue: value } : value }));
const RESOURCE = {
  attributes: attributes({
    'service.name': 'shop',
    'service.instance.id': 'a1',
    'service.version': '2.3.4',
    'deployment.environment': 'prod',
  }),
};
const OWN = { service_name: 'shop', service_version: '2.3.4', deployment_environment: 'prod', instance: 'a1' };
const ORIGIN = 'shop\na1';
const metricsOf = (metrics: readonly unknown[], resource: unknown = RESOURCE) => ({
  resourceMetrics: [{ resource, scopeMetrics: [{ metrics }] }],
});
const point = (more: Readonly<Record<string, unknown>>) => ({ timeUnixNano: NANOS, startTimeUnixNano: START, ...more });
const decoder = createOtlp({ id: 'otel', everyMs: 10_000 });

async function taken(metrics: readonly unknown[], resource?: unknown): Promise<readonly Sample[]> {
  return (await decoder.decode(request('/v1/metrics', metricsOf(metrics, resource)))).samples;
}

async function refusalOf(o: Received): Promise<string> {
  try {
    await decoder.decode(o);
  } catch (error) {
    if (BelayError.is(error, 'BELAY_INPUT_INVALID')) return error.message;
    throw error;
  }
  return '';
}

signalSourceContract('the OTLP source', async () => {
  const source = sent(createOtlp({ id: 'otel', everyMs: 10_000 }));
  return {
    source,
    beat: async (count) => {
      for (let n = 0; n < count; n += 1)
        await source.receive(request('/v1/metrics', metricsOf([{ name: 'a', gauge: { dataPoints: [point({ asInt: '1' })] } }])));
    },
    trouble: null,
    close: async () => undefined,
  };
});

describe('OTLP metrics', () => {
  test('a sum that grows is a counter since its start, or an increment; another sum and a gauge are values', async () => {
    const dataPoints = [
      point({ asInt: '7', attributes: attributes({ 'http.route': '/a', code: { intValue: '500' }, ok: { boolValue: false } }) }),
    ];
    const labels = { ...OWN, http_route: '/a', code: '500', ok: 'false' };
    expect(
      await taken([
        { name: 'http.requests', sum: { dataPoints, aggregationTemporality: 2, isMonotonic: true } },
        { name: 'http.requests', sum: { dataPoints, aggregationTemporality: 'AGGREGATION_TEMPORALITY_DELTA', isMonotonic: true } },
        { name: 'in.flight', sum: { dataPoints, aggregationTemporality: 2 } },
        { name: 'queue depth', gauge: { dataPoints } },
      ]),
    ).toEqual([
      { kind: 'total', name: 'http.requests', labels, origin: ORIGIN, at: AT, since: AT - 60_000, total: 7 },
      { kind: 'delta', id: expect.stringMatching(/^[\w-]{22}\/1$/), name: 'http.requests', labels, at: AT, delta: 7 },
      { kind: 'value', name: 'in.flight', labels, origin: ORIGIN, at: AT, value: 7 },
      { kind: 'value', name: 'queue_depth', labels, origin: ORIGIN, at: AT, value: 7 },
    ]);
  });

  test('a histogram is its count, its sum and its buckets, each with all that lies below its bound', async () => {
    const dataPoints = [point({ count: '6', sum: 3.5, bucketCounts: ['1', '2', '3'], explicitBounds: [0.5, 1] })];
    const samples = await taken([
      { name: 'd', histogram: { dataPoints, aggregationTemporality: 2 } },
      { name: 'd', histogram: { dataPoints, aggregationTemporality: 1 } },
    ]);
    const total = { kind: 'total', labels: OWN, origin: ORIGIN, at: AT, since: AT - 60_000 };
    expect(samples.slice(0, 5)).toEqual([
      { ...total, name: 'd_count', total: 6 },
      { ...total, name: 'd_sum', total: 3.5 },
      { ...total, name: 'd_bucket', labels: { ...OWN, le: '0.5' }, total: 1 },
      { ...total, name: 'd_bucket', labels: { ...OWN, le: '1' }, total: 3 },
      { ...total, name: 'd_bucket', labels: { ...OWN, le: '+Inf' }, total: 6 },
    ]);
    expect(samples.slice(5).map((sample) => (sample.kind === 'delta' ? [sample.name, sample.delta] : null))).toEqual([
      ['d_count', 6],
      ['d_sum', 3.5],
      ['d_bucket', 1],
      ['d_bucket', 3],
      ['d_bucket', 6],
    ]);
    expect(new Set(samples.slice(5).map((sample) => (sample.kind === 'delta' ? sample.id : ''))).size).toBe(5);
  });

  test('of exponential histograms and summaries count and sum are taken', async () => {
    const dataPoints = [point({ count: 4, sum: 2 })];
    const samples = await taken([
      { name: 'e', exponentialHistogram: { dataPoints, aggregationTemporality: 1 } },
      { name: 's', summary: { dataPoints } },
    ]);
    expect(samples.map((sample) => ('name' in sample ? [sample.kind, sample.name] : null))).toEqual([
      ['delta', 'e_count'],
      ['delta', 'e_sum'],
      ['total', 's_count'],
      ['total', 's_sum'],
    ]);
  });

  test('what cannot be counted is told to its sender, and what ended is left out', async () => {
    const sum = (one: unknown, aggregationTemporality: unknown = 2) => ({ dataPoints: [one], aggregationTemporality, isMonotonic: true });
    const { samples, reply } = await decoder.decode(
      request(
        '/v1/metrics',
        metricsOf([
          { name: 'a', sum: sum(point({ asDouble: 'NaN' })) },
          { name: 'b', sum: sum(point({ asInt: 1 }), 0) },
          { name: 'c', sum: sum(point({})) },
          {
            name: 'd',
            histogram: { dataPoints: [point({ count: 1, bucketCounts: [1], explicitBounds: [1] })], aggregationTemporality: 2 },
          },
          { name: 'e', gauge: { dataPoints: [point({ flags: 1 })] } },
        ]),
      ),
    );
    expect(samples).toEqual([]);
    expect(JSON.parse(String(reply.body))).toEqual({
      partialSuccess: { rejectedDataPoints: '4', errorMessage: 'a: a value that is no finite number' },
    });
  });

  test('attributes whose names become one label stand in it together, and the order does not matter', async () => {
    const gauge = (given: Readonly<Record<string, unknown>>) => ({
      name: 'g',
      gauge: { dataPoints: [point({ asInt: 1, attributes: attributes(given) })] },
    });
    const [first, second] = await taken([gauge({ 'a.b': 'x', a_b: 'y', '1st': 'z' }), gauge({ a_b: 'y', '1st': 'z', 'a.b': 'x' })], {
      attributes: [],
    });
    expect(first).toEqual(second);
    expect(first).toMatchObject({ labels: { a_b: 'x;y', _1st: 'z' } });
  });

  test('values that are lists, and long ones, are told apart', async () => {
    const list = (text: string) => ({ arrayValue: { values: [{ stringValue: text }] } });
    const gauge = (tag: unknown) => ({ name: 'g', gauge: { dataPoints: [point({ asInt: 1, attributes: attributes({ tag }) })] } });
    const samples = await taken([gauge(list('a')), gauge(list('b')), gauge('x'.repeat(9_999)), gauge(`${'x'.repeat(9_999)}y`)]);
    const tags = samples.map((sample) => ('labels' in sample ? (sample.labels['tag'] ?? '') : ''));
    expect(new Set(tags).size).toBe(4);
    for (const tag of tags) expect(tag).toMatch(/^.{0,247}~[0-9a-f]{8}$/);
  });

  test('two processes that look the same are kept apart by the start of their counters', async () => {
    const bare = { attributes: attributes({ 'service.name': 'shop' }) };
    const sum = (start: string) => ({
      name: 'n',
      sum: { dataPoints: [point({ asInt: 1, startTimeUnixNano: start })], aggregationTemporality: 2, isMonotonic: true },
    });
    const told = async (resource: unknown) =>
      (await taken([sum(START), sum(NANOS)], resource)).map((sample) => ('labels' in sample ? sample.labels['instance'] : null));
    const [first, second] = await told(bare);
    expect(first).not.toBe(second);
    expect(await told(RESOURCE)).toEqual(['a1', 'a1']);
  });

  test.each([
    ['a body that is no JSON', '{', /no JSON/],
    ['null', 'null', /null/],
    ['a list', '[]', /no object/],
    ['metrics that are no list', { resourceMetrics: 5 }, /resourceMetrics is no list/],
    ['a metric without a name', metricsOf([{ gauge: { dataPoints: [] } }]), /name of 0/],
    ['a value that is a text', metricsOf([{ name: 'g', gauge: { dataPoints: [point({ asInt: 'many' })] } }]), /no number/],
    ['a time that is none', metricsOf([{ name: 'g', gauge: { dataPoints: [point({ asInt: 1, timeUnixNano: '-5' })] } }]), /no time/],
    ['an attribute twice', metricsOf([], { attributes: [...attributes({ a: 'x' }), ...attributes({ a: 'y' })] }), /a stands twice/],
    ['a body that is too large', Buffer.alloc(9 * 1024 * 1024, 32), /smaller batches/],
  ])('are refused as a whole: %s', async (_what, body, why) => {
    expect(await refusalOf(request('/v1/metrics', body))).toMatch(why);
  });

  test('in protobuf more messages than memory should hold are refused', async () => {
    const body = Buffer.concat(Array.from({ length: 500_001 }, () => Buffer.from([0x0a, 0])));
    expect(await refusalOf(request('/v1/metrics', body, { headers: { 'content-type': PROTOBUF } }))).toMatch(/more than 500000 messages/);
  });

  test('an integer of 64 bits keeps all its digits in a label', () => {
    const intValue = (bytes: readonly number[]) =>
      field(1, field(1, field(1, Buffer.concat([field(1, Buffer.from('id')), field(2, Buffer.from([0x18, ...bytes]))]))));
    const read = (bytes: readonly number[]) => JSON.stringify(readMessage(intValue(bytes), METRICS_REQUEST));
    expect(read([...Array<number>(9).fill(0xff), 1])).toContain('"intValue":-1');
    expect(read([...Array<number>(8).fill(0xff), 0x7f])).toContain('"intValue":"9223372036854775807"');
    expect(read([42])).toContain('"intValue":42');
  });

  test('of random bytes and random JSON are read or refused and never more', async () => {
    const leaf = fc.oneof(
      fc.constant(null),
      fc.integer(),
      fc.string({ maxLength: 5 }),
      fc.constant({}),
      fc.constant([]),
      fc.constant(NANOS),
      fc.double(),
    );
    const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.oneof({ weight: 4, arbitrary }, { weight: 1, arbitrary: leaf });
    const dataPoint = fc.record(
      { asInt: leaf, asDouble: leaf, count: leaf, sum: leaf, timeUnixNano: leaf, attributes: leaf, flags: leaf, bucketCounts: leaf },
      { requiredKeys: [] },
    );
    const data = fc.record({
      dataPoints: maybe(fc.array(maybe(dataPoint), { maxLength: 2 })),
      aggregationTemporality: fc.constantFrom(0, 1, 2, 'x'),
      isMonotonic: leaf,
    });
    const metric = fc.record(
      { name: maybe(fc.constant('a')), sum: maybe(data), gauge: maybe(data), histogram: maybe(data), summary: maybe(data) },
      { requiredKeys: ['name'] },
    );
    const json = maybe(fc.array(maybe(metric), { maxLength: 2 })).map((metrics) =>
      Buffer.from(JSON.stringify({ resourceMetrics: [{ scopeMetrics: [{ metrics }] }] })),
    );
    const wrapped = fc
      .uint8Array({ maxLength: 30 })
      .map((bytes) => new Uint8Array(field(1, field(2, field(2, field(5, field(1, bytes)))))));
    const cases = fc.oneof(
      json.map((body) => ({ body, type: JSON_TYPE })),
      fc.uint8Array({ maxLength: 40 }).map((body) => ({ body, type: PROTOBUF })),
      wrapped.map((body) => ({ body, type: PROTOBUF })),
    );
    await fc.assert(
      fc.asyncProperty(cases, fc.constantFrom('/v1/metrics', '/v1/logs'), async ({ body, type }, path) => {
        expect((await refusalOf(request(path, body, { headers: { 'content-type': type } }))).length).toBeLessThan(400);
      }),
      { numRuns: 10_000 },
    );
  });
});

describe('OTLP logs', () => {
  test("count one for each record, by severity and service, at the record's own time", async () => {
    const logRecords = [
      { timeUnixNano: NANOS, severityNumber: 17, severityText: 'ERR' },
      { observedTimeUnixNano: NANOS, severityNumber: 'SEVERITY_NUMBER_WARN2' },
      { severityText: ' Notice ' },
      {},
    ];
    const { samples } = await decoder.decode(request('/v1/logs', { resourceLogs: [{ resource: RESOURCE, scopeLogs: [{ logRecords }] }] }));
    const labels = { service_name: 'shop', service_version: '2.3.4', deployment_environment: 'prod' };
    const one = { kind: 'delta', name: 'log_records', delta: 1 };
    expect(samples).toEqual([
      { ...one, id: expect.stringMatching(/\/1$/), labels: { ...labels, severity: 'error' }, at: AT },
      { ...one, id: expect.stringMatching(/\/2$/), labels: { ...labels, severity: 'warn' }, at: AT },
      { ...one, labels: { ...labels, severity: 'notice' }, at: AT + 5_000 },
      { ...one, labels: { ...labels, severity: 'unspecified' }, at: AT + 5_000 },
    ]);
  });
});

describe('the door of OTLP', () => {
  test('answers in the encoding that was sent, and traces are answered and not delivered', async () => {
    const batches: Batch[] = [];
    const source = sent(createOtlp({ id: 'otel', everyMs: 10_000 }));
    const abort = new AbortController();
    const run = source.run(async (batch) => void batches.push(batch), abort.signal);
    const traces = await source.receive(request('/v1/traces', { resourceSpans: [] }));
    expect(traces).toEqual({
      status: 200,
      headers: { 'content-type': JSON_TYPE },
      body: '{"partialSuccess":{"rejectedSpans":"0","errorMessage":"Belay counts no spans: none was kept."}}',
    });
    const protobuf = { headers: { 'content-type': PROTOBUF } };
    const inProtobuf = await source.receive(request('/v1/traces', new Uint8Array([1, 2, 3]), protobuf));
    expect(Buffer.from(inProtobuf.body as Uint8Array).subarray(0, 4)).toEqual(Buffer.from([0x0a, 39, 0x12, 37]));
    const refused = [
      await source.receive(request('/v1/metrics', {}, { method: 'GET' })),
      await source.receive(request('/v2/metrics', {})),
      await source.receive(request('/v1/metrics', {}, { headers: { 'content-type': 'text/plain' } })),
      await source.receive(request('/v1/metrics', {}, { headers: { 'content-type': JSON_TYPE, 'content-encoding': 'zstd' } })),
    ];
    expect(refused.map(({ status }) => status)).toEqual([405, 404, 415, 415]);
    expect(batches).toEqual([]);
    expect(await source.receive(request('/v1/metrics', new Uint8Array(), protobuf))).toEqual({
      status: 200,
      headers: protobuf.headers,
      body: new Uint8Array(),
    });
    expect(batches).toHaveLength(1);
    abort.abort();
    await run;
  });
});
