// The memory of series by the bytes of their labels: whatever strangers send, bytes that differ are two, bytes that are the same are one,
// and it stays as small as it may be.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { remoteWriteBody, type WrittenSeries, writeRequest } from '../../../bench/remote-write-request.ts';
import { createRemoteWrite } from '../../../src/adapters/telemetry/index.ts';
import { type ByteHash, keyedHash } from '../../../src/adapters/telemetry/label-hash.ts';
import { type Bytes, type Place, SeriesMemory } from '../../../src/adapters/telemetry/series-memory.ts';
import { WriteRequests } from '../../../src/adapters/telemetry/write-request.ts';
import { BelayError } from '../../../src/domain/errors.ts';

const bytesOf = (text: string | Uint8Array): Bytes => {
  const bytes = Buffer.from(text as string);
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length) };
};
const textAt = ({ in: told, from, size }: Place): string => told.bytes.subarray(from, from + size).toString('latin1');
const ask = (memory: SeriesMemory<Place>, text: string): Place => {
  const told = bytesOf(`<<${text}>>`);
  return memory.valueOf(memory.of(told, 2, told.bytes.length - 2, (place) => place));
};
const WIDE = { series: 1_000, bytes: 1_000_000 };
const one = (labels: Readonly<Record<string, string>>, value: number): WrittenSeries => ({
  labels,
  samples: [{ value, at: 1_767_225_600_000 }],
});

describe('the memory of series', () => {
  const text = fc.oneof(
    fc.constantFrom('', 'a', 'ab', 'abcdefg', 'abcdefgh', 'abcdefgi', 'abcdefghi'),
    fc.string({ maxLength: 30, unit: 'binary-ascii' }),
  );
  const hashes: readonly (readonly [string, ByteHash])[] = [
    ['its own hash', keyedHash()],
    ['a hash under which all meet', () => -7],
    ['a hash under which most meet', (view, from, end) => (end > from ? view.getUint8(from) & 1 : 0)],
  ];
  test.each(hashes)('knows the same bytes again and no others, as a map does, with %s', (_what, hash) => {
    fc.assert(
      fc.property(fc.array(text, { maxLength: 80 }), (texts) => {
        const memory = new SeriesMemory<Place>(WIDE, hash);
        const known = new Map<string, Place>();
        for (const each of [...texts, ...texts, ...texts.toReversed()]) {
          const place = ask(memory, each);
          expect(textAt(place)).toBe(each);
          expect(known.get(each) ?? place).toBe(place);
          known.set(each, place);
        }
        expect(memory.size).toBe(known.size);
      }),
      { numRuns: 1_000 },
    );
  });

  test('what it makes of bytes keeps them, when others are forgotten and when they are too long for a block', () => {
    const memory = new SeriesMemory<Place>({ series: 50, bytes: 4_000_000 });
    const places = new Map<string, Place>();
    for (let n = 0; n < 1_000; n += 1) {
      const each = n % 90 === 0 ? `${n}${'x'.repeat(1_100_000)}` : `org-${n}`;
      places.set(each, ask(memory, each));
      expect(memory.size).toBeLessThanOrEqual(50);
    }
    for (const [each, place] of places) expect(textAt(place) === each).toBe(true);
  });

  test('what cannot be made is not remembered, and leaves nothing behind', () => {
    const memory = new SeriesMemory<Place>({ series: 100, bytes: 1_000 });
    const told = bytesOf('broken');
    for (let n = 0; n < 10_000; n += 1)
      expect(() =>
        memory.of(told, 0, 6, () => {
          throw new Error('no');
        }),
      ).toThrow('no');
    expect(memory.size).toBe(0);
    expect(textAt(ask(memory, 'fine'))).toBe('fine');
  });

  test('stays as small as it may be when a million different series come, and still knows the ones that are asked for', () => {
    const memory = new SeriesMemory<Place>({ series: 20_000, bytes: 400_000 });
    const used = ask(memory, 'used');
    const told = bytesOf('label-0000000');
    for (let n = 0; n < 1_000_000; n += 1) {
      told.view.setUint32(9, n);
      memory.of(told, 0, 13, (place) => place);
      if (n % 1_000 === 0) expect(ask(memory, 'used')).toBe(used);
    }
    expect(memory.size).toBeLessThanOrEqual(20_000);
    expect(textAt(used)).toBe('used');
  });
});

describe('the hash of label bytes', () => {
  const hashOf = (hash: ByteHash, bytes: Uint8Array): number => {
    const { view } = bytesOf(bytes);
    return hash(view, 0, bytes.length);
  };

  test('depends on every bit, on the length and on its key, and not on where the bytes stand', () => {
    const hash = keyedHash(Buffer.from('01234567'));
    const other = keyedHash(Buffer.from('01234568'));
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.nat(), fc.nat(7), fc.nat(9), (bytes, at, bit, offset) => {
        const whole = hashOf(hash, bytes);
        const changed = Uint8Array.from(bytes);
        changed[at % bytes.length] = (changed[at % bytes.length] ?? 0) ^ (1 << bit);
        const moved = bytesOf(Buffer.concat([Buffer.alloc(offset, 1), bytes, Buffer.alloc(3)]));
        expect(hash(moved.view, offset, offset + bytes.length)).toBe(whole);
        expect([hashOf(hash, changed), hashOf(hash, Buffer.concat([bytes, Buffer.alloc(1)])), hashOf(other, bytes)]).not.toContain(whole);
      }),
      { numRuns: 10_000 },
    );
  });

  test('spreads labels that differ in a number over all places of a table', () => {
    const hash = keyedHash();
    const places = new Uint32Array(1_024);
    for (let n = 0; n < 65_536; n += 1) {
      const place = hashOf(hash, Buffer.from(`webhook_total{org="org-${n}"}`)) & 1_023;
      places[place] = (places[place] ?? 0) + 1;
    }
    // 64 are expected; eight standard deviations on either side.
    expect(Math.max(...places)).toBeLessThan(128);
    expect(Math.min(...places)).toBeGreaterThan(10);
  });
});

describe('series of hostile senders', () => {
  test('the same labels in another order are the same labels', () => {
    const requests = new WriteRequests();
    const samples = [
      ...requests.read(
        writeRequest([one({ __name__: 'a_total', org: 'x', code: '1' }, 1), one({ code: '1', org: 'x', __name__: 'a_total' }, 2)]),
      ).samples,
    ];
    const labelsOf = (index: number) => (samples[index] as { readonly labels: Readonly<Record<string, string>> }).labels;
    expect(labelsOf(0)).toEqual(labelsOf(1));
    expect(labelsOf(0)).toEqual({ org: 'x', code: '1' });
  });

  test('names that look the same and differ in their bytes are two, and a label twice is refused each time', () => {
    const requests = new WriteRequests();
    const composed = [one({ __name__: 'a_total', org: 'caf\u00e9' }, 1), one({ __name__: 'a_total', org: 'cafe\u0301' }, 2)];
    const { series } = requests.read(writeRequest(composed)).samples;
    expect(new Set(series).size).toBe(2);
    expect(new Set(series.map(({ labels }) => labels['org'])).size).toBe(2);
    const twice = Buffer.from(
      writeRequest([one({ __name__: 'a_total', org: 'x', orh: 'x' }, 1)])
        .toString('latin1')
        .replace('orh', 'org'),
      'latin1',
    );
    for (let n = 0; n < 3; n += 1) expect(() => requests.read(twice)).toThrow(/org stands twice/);
    expect(requests.remembered).toBe(2);
  });

  test('requests of every form, one after the other on one decoder, say what a new decoder says of each', async () => {
    const label = fc.constantFrom('org', 'code', 'le', 'job', 'instance');
    const value = fc.oneof(fc.constantFrom('a', 'b', '', 'x'.repeat(300), 'a\nb'), fc.string({ maxLength: 9 }));
    const written = fc.record({
      labels: fc
        .tuple(fc.constantFrom('a_total', 'queue', 'b_bucket', 'counted'), fc.dictionary(label, value, { maxKeys: 4 }))
        .map(([name, labels]) => ({ __name__: name, ...labels })),
      samples: fc.array(
        fc.record({ value: fc.oneof(fc.double(), fc.nat(9), fc.constant('stale' as const)), at: fc.integer({ min: 0, max: 2e12 }) }),
        { maxLength: 3 },
      ),
    });
    const request = fc.tuple(
      fc.array(written, { maxLength: 5 }),
      fc.array(fc.record({ type: fc.constantFrom(1, 2), family: fc.constantFrom('counted', 'other') }), { maxLength: 1 }),
      fc.tuple(fc.nat(400), fc.nat(255)),
    );
    const old = createRemoteWrite({ id: 'prom', everyMs: 1_000 });
    const soiled = createRemoteWrite({ id: 'prom', everyMs: 1_000 });
    const metadata = new Set<string>();
    const read = async (decoder: typeof old, body: Uint8Array): Promise<string> => {
      try {
        const { samples, reply } = await decoder.decode({
          method: 'POST',
          path: '',
          headers: { 'content-encoding': 'snappy' },
          body,
          at: 0,
        });
        return JSON.stringify([[...samples], reply]);
      } catch (error) {
        if (BelayError.is(error, 'BELAY_INPUT_INVALID')) return error.message;
        throw error;
      }
    };
    await fc.assert(
      fc.asyncProperty(request, async ([series, told, [at, byte]]) => {
        const body = remoteWriteBody(series, told);
        const learnt = remoteWriteBody(
          [],
          [...metadata].map((family) => ({ type: 1, family })),
        );
        // A byte of the packed bytes fell over: it may say anything, but it is answered.
        const broken = Uint8Array.from(body);
        broken[at % broken.length] = byte;
        expect((await read(soiled, broken)).length).toBeGreaterThan(0);
        const fresh = createRemoteWrite({ id: 'prom', everyMs: 1_000 });
        await read(fresh, learnt);
        expect(await read(old, body)).toBe(await read(fresh, body));
        // Metadata stand behind the series of their request and are of use from the next one on.
        for (const { type, family } of told) if (type === 1) metadata.add(family);
      }),
      { numRuns: 2_000 },
    );
  }, 30_000);
});
