import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  field,
  packSnappy,
  REMOTE_WRITE_HEADERS,
  remoteWriteBody,
  varint,
  type WrittenSeries,
  writeRequest,
} from '../../../bench/remote-write-request.ts';
import { createRemoteWrite } from '../../../src/adapters/telemetry/index.ts';
import { WRITE_CAPS, WriteRequests } from '../../../src/adapters/telemetry/write-request.ts';
import { BelayError } from '../../../src/domain/errors.ts';
import type { Batch, Samples } from '../../../src/domain/signal.ts';
import { sent } from '../../../src/flows/detect/sent.ts';
import type { Received } from '../../../src/ports/signal-source.ts';
import { signalSourceContract } from '../../contracts/signal-source.ts';

const AT = 1_767_225_600_000;
const one = (labels: Readonly<Record<string, string>>, value: number | 'stale' = 1, at = AT): WrittenSeries => ({
  labels,
  samples: [{ value, at }],
});
const request = (body: Uint8Array, o: Partial<Received> = {}): Received => ({
  method: 'POST',
  path: '/api/v1/write',
  headers: REMOTE_WRITE_HEADERS,
  body,
  at: AT + 500,
  ...o,
});
const decoderOf = () => createRemoteWrite({ id: 'prom', everyMs: 15_000 });
const samplesIn = (requests: WriteRequests, bytes: Uint8Array) => [...requests.read(bytes).samples];
const read = (...series: readonly WrittenSeries[]) => samplesIn(new WriteRequests(), writeRequest(series));

function refusalOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (BelayError.is(error, 'BELAY_INPUT_INVALID')) return error.message;
    throw error;
  }
  return '';
}

signalSourceContract('the remote-write source', async () => {
  const source = sent(decoderOf());
  let round = 0;
  return {
    source,
    beat: async (count) => {
      for (let n = 0; n < count; n += 1) {
        round += 1;
        await source.receive(request(remoteWriteBody([one({ __name__: 'a_total' }, round, AT + round)])));
      }
    },
    trouble: null,
    close: async () => undefined,
  };
});

describe('a write request', () => {
  test('gives each sample its labels, its time and its origin', async () => {
    const body = remoteWriteBody([
      {
        labels: { __name__: 'http_requests_total', code: '200', instance: '10.0.0.1:80', job: 'shop' },
        samples: [
          { value: 3, at: AT },
          { value: 5.5, at: AT + 15_000 },
        ],
      },
      one({ __name__: 'queue', empty: '' }, -2),
    ]);
    const { samples, reply } = await decoderOf().decode(request(body));
    expect(samples).toHaveLength(3);
    const labels = { code: '200', instance: '10.0.0.1:80', job: 'shop' };
    const origin = 'shop\n10.0.0.1:80';
    expect([...samples]).toEqual([
      { kind: 'total', name: 'http_requests_total', labels, origin, at: AT, total: 3 },
      { kind: 'total', name: 'http_requests_total', labels, origin, at: AT + 15_000, total: 5.5 },
      { kind: 'value', name: 'queue', labels: {}, origin: '\n', at: AT, value: -2 },
    ]);
    expect(reply).toEqual({ status: 204, headers: {} });
  });

  test('counts what its name or its metadata call a counter, and a histogram keeps its bounds', () => {
    const requests = new WriteRequests();
    const names = ['a_total', 'a_count', 'a_sum', 'a_bucket', 'a', 'b'];
    const body = writeRequest(names.map((name) => one({ __name__: name, le: '0.5' })));
    const kinds = () => samplesIn(requests, body).map((sample) => sample.kind);
    expect(kinds()).toEqual(['total', 'total', 'total', 'total', 'value', 'value']);
    const metadata = writeRequest(
      [],
      [
        { type: 1, family: 'a' },
        { type: 2, family: 'b' },
      ],
    );
    expect(samplesIn(requests, metadata)).toEqual([]);
    expect(kinds()).toEqual(['total', 'total', 'total', 'total', 'total', 'value']);
    expect(samplesIn(requests, body)[3]).toMatchObject({ labels: { le: '0.5' } });
  });

  test('leaves out what is no number and the mark that a series ended, and says how many', async () => {
    const values = ['stale' as const, Number.NaN, Infinity, -Infinity, 7];
    const body = remoteWriteBody(values.map((value, index) => one({ __name__: 'queue', n: String(index) }, value)));
    const { samples, reply } = await decoderOf().decode(request(body));
    expect([...samples]).toEqual([{ kind: 'value', name: 'queue', labels: { n: '4' }, origin: '\n', at: AT, value: 7 }]);
    expect(reply).toEqual({ status: 204, headers: { 'x-belay-left-out': 'stale=1, notFinite=3' } });
  });

  test('leaves out native histograms and exemplars, and keeps the fields that are left out at their default', () => {
    const label = field(1, Buffer.concat([field(1, Buffer.from('__name__')), field(2, Buffer.from('a_total'))]));
    const series = Buffer.concat([label, field(2, Buffer.alloc(0)), field(3, Buffer.from([0x08, 1])), field(4, Buffer.from([0x08, 1]))]);
    const { samples, leftOut } = new WriteRequests().read(field(1, series));
    expect([...samples]).toEqual([{ kind: 'total', name: 'a_total', labels: {}, origin: '\n', at: 0, total: 0 }]);
    expect(leftOut).toEqual({ stale: 0, notFinite: 0, histograms: 1 });
  });

  test('hands over the same series with frozen labels each time, in whatever order they come', () => {
    const requests = new WriteRequests();
    const series = ['x', 'y', 'z'].map((org) => one({ __name__: 'a_total', org }));
    const seriesOf = (list: readonly WrittenSeries[]) => requests.read(writeRequest(list)).samples.series;
    const [x, y, z] = seriesOf(series);
    expect(Object.isFrozen(x?.labels)).toBe(true);
    expect([x, y, z].map((told) => told?.labels)).toEqual([{ org: 'x' }, { org: 'y' }, { org: 'z' }]);
    const shuffled = seriesOf(series.toReversed());
    expect(shuffled[0]).toBe(z);
    expect(shuffled[1]).toBe(y);
    expect(shuffled[2]).toBe(x);
    expect(requests.remembered).toBe(3);
  });

  test('remembers no more series and no more bytes than it may, and the ones in use longest', () => {
    const requests = new WriteRequests({ series: 100, bytes: 1_000_000 });
    const first = () => requests.read(writeRequest([one({ __name__: 'a_total', org: 'used' })])).samples.series[0];
    const kept = first();
    for (let n = 0; n < 1_000; n += 1) {
      requests.read(writeRequest([one({ __name__: 'a_total', org: `org-${n}` })]));
      if (n < 150) expect(first()).toBe(kept);
      expect(requests.remembered).toBeLessThanOrEqual(100);
    }
    const narrow = new WriteRequests({ series: 100, bytes: 500 });
    for (let n = 0; n < 50; n += 1) narrow.read(writeRequest([one({ __name__: 'a_total', org: `org-${n}` })]));
    expect(narrow.remembered).toBeLessThanOrEqual(20);
  });

  test('cuts long values and replaces control characters, and two series stay two', () => {
    const long = 'x'.repeat(10_000);
    const samples = read(
      one({ __name__: 'a_total', path: `${long}1` }),
      one({ __name__: 'a_total', path: `${long}2` }),
      one({ __name__: 'a_total', path: 'a\nb' }),
      one({ __name__: 'a_total', path: 'a\tb' }),
    );
    const paths = samples.map((sample) => ('labels' in sample ? (sample.labels['path'] ?? '') : ''));
    expect(new Set(paths).size).toBe(4);
    for (const path of paths) expect(path).toMatch(/^\P{Cc}{1,247}~[0-9a-f]{8}$/u);
    expect(paths[0]).toHaveLength(256);
  });

  test('takes a label that is called as a property of every object is', () => {
    const samples = read(one({ __name__: 'a_total', ['__proto__']: 'x', constructor: 'y' }), one({ __name__: 'a_total' }));
    expect(samples.map((sample) => ('labels' in sample ? Object.entries(sample.labels) : []))).toEqual([
      [
        ['__proto__', 'x'],
        ['constructor', 'y'],
      ],
      [],
    ]);
  });

  const label = (name: string, value: string) => field(1, Buffer.concat([field(1, Buffer.from(name)), field(2, Buffer.from(value))]));
  const sample = field(2, Buffer.from([0x10, 1]));
  const named = label('__name__', 'a');
  test.each([
    ['a series without a name', field(1, Buffer.concat([label('org', 'x'), sample])), /__name__/],
    ['an empty name', field(1, Buffer.concat([label('__name__', ''), sample])), /__name__/],
    ['a name without end', field(1, Buffer.concat([label('__name__', 'a'.repeat(300)), sample])), /name of 300/],
    ['a label twice', field(1, Buffer.concat([named, label('org', 'x'), label('org', 'y'), sample])), /org stands twice/],
    ['a label without a name', field(1, Buffer.concat([named, label('', 'x'), sample])), /name of 0/],
    ['a label behind the samples', field(1, Buffer.concat([named, sample, label('org', 'x')])), /behind its samples/],
    [
      '129 labels',
      field(1, Buffer.concat([named, ...Array.from({ length: 128 }, (_, n) => label(`l${n}`, 'x')), sample])),
      /more than 128/,
    ],
    [
      'a text that is no UTF-8',
      field(1, Buffer.concat([field(1, Buffer.concat([field(1, Buffer.from([0xff])), field(2, Buffer.from('x'))])), sample])),
      /UTF-8/,
    ],
    ['a time before 1970', field(1, Buffer.concat([named, field(2, Buffer.from([0x10, ...Array<number>(9).fill(0xff), 1]))])), /no|none/],
    ['a number of eleven bytes', Buffer.from([0x08, ...Array<number>(11).fill(0xff)]), /ten bytes/],
    ['a length beyond the message', Buffer.from([0x0a, 0xff, 0xff, 0xff, 0x7f, 0]), /are left/],
    ['a nested length beyond its message', field(1, Buffer.from([0x0a, 100, 1])), /are left/],
    ['a group', Buffer.from([0x0b, 0x0c]), /wire type 3/],
    ['field number 0', Buffer.from([0x02, 0]), /without a number/],
    ['a value that is cut off', field(1, Buffer.concat([named, field(2, Buffer.from([0x09, 1, 2]))])), /cut off/],
    [
      'too many samples',
      field(1, Buffer.concat([named, ...Array.from({ length: WRITE_CAPS.samples + 1 }, () => Buffer.from([0x12, 0]))])),
      /more than 200000 samples/,
    ],
  ])('is refused as a whole: %s', (_what, bytes, why) => {
    expect(refusalOf(() => new WriteRequests().read(bytes))).toMatch(why);
  });

  test('of random bytes, cut off, or with bits that fell over, is read or refused and never more', () => {
    const good = writeRequest(
      [one({ __name__: 'http_requests_total', code: '500', org: 'acme' }, 12), one({ __name__: 'queue', le: '+Inf' }, 'stale')],
      [{ type: 1, family: 'queue' }],
    );
    const broken = fc
      .tuple(fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 3 }), fc.nat(good.length))
      .map(([changes, end]) => {
        const copy = Uint8Array.from(good);
        for (const [at, byte] of changes) copy[at] = byte;
        return copy.subarray(0, end);
      });
    const nested = fc.uint8Array({ maxLength: 40 }).map((bytes) => new Uint8Array(field(1, bytes)));
    const requests = new WriteRequests();
    fc.assert(
      fc.property(fc.oneof(broken, nested, fc.uint8Array({ maxLength: 40 })), (bytes) => {
        const why = refusalOf(() => {
          for (const found of requests.read(bytes).samples) if ('at' in found) expect(Number.isFinite(found.at)).toBe(true);
        });
        expect(why.length).toBeLessThan(400);
      }),
      { numRuns: 10_000 },
    );
  });

  test('a varint is read as it was written, up to the largest time', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 8.64e15 }), (at) => {
        expect(read(one({ __name__: 'a' }, 1, at))[0]).toMatchObject({ at });
      }),
    );
    expect(varint(300)).toEqual(Buffer.from([0xac, 0x02]));
  });
});

describe('the door of remote write', () => {
  test('tells a sender of 2.0, of another encoding or of another type to fall back, and delivers nothing', async () => {
    const batches: Batch<Samples>[] = [];
    const source = sent(decoderOf());
    const abort = new AbortController();
    const run = source.run(async (batch) => void batches.push(batch), abort.signal);
    const headers = (more: Readonly<Record<string, string>>) => ({ headers: { ...REMOTE_WRITE_HEADERS, ...more } });
    const body = remoteWriteBody([one({ __name__: 'a_total' })]);
    const asked = [
      headers({ 'content-type': 'application/x-protobuf;proto=io.prometheus.write.v2.Request' }),
      headers({ 'content-type': 'application/json' }),
      headers({ 'content-encoding': 'zstd' }),
      { method: 'GET' as const },
      { path: '/api/v1/read' },
    ];
    const statuses = [];
    for (const o of asked) statuses.push((await source.receive(request(body, o))).status);
    expect(statuses).toEqual([415, 415, 415, 405, 404]);
    expect(batches).toEqual([]);
    const taken = headers({ 'content-type': 'application/x-protobuf; proto=prometheus.WriteRequest' });
    expect((await source.receive(request(body, { ...taken, path: '' }))).status).toBe(204);
    expect(batches).toHaveLength(1);
    abort.abort();
    await run;
  });

  test('refuses a body that is not packed, and one that unpacks to too much, without unpacking it', () => {
    const decoder = decoderOf();
    expect(refusalOf(() => decoder.decode(request(writeRequest([one({ __name__: 'a_total' })]))))).toMatch(/snappy|protobuf/);
    const bomb = Buffer.concat([varint(33 * 1024 * 1024), Buffer.alloc(2_000_000)]);
    expect(refusalOf(() => decoder.decode(request(bomb)))).toMatch(/at most 33554432 are taken/);
    expect(packSnappy(Buffer.alloc(0))).toHaveLength(1);
  });
});
