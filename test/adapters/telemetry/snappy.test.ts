import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { packSnappy } from '../../../bench/remote-write-request.ts';
import { unpackSnappy } from '../../../src/adapters/telemetry/snappy.ts';
import { BelayError } from '../../../src/domain/errors.ts';

const MOST = 32 * 1024 * 1024;

function refusalOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (BelayError.is(error, 'BELAY_INPUT_INVALID')) return error.message;
    throw error;
  }
  return '';
}

describe('a snappy block', () => {
  test.each([
    ['nothing', [0], ''],
    ['a literal', [3, 2 << 2, 97, 98, 99], 'abc'],
    ['a literal with its size in a byte of its own', [3, 60 << 2, 2, 97, 98, 99], 'abc'],
    ['a copy that reads what it writes', [8, 1 << 2, 97, 98, (2 << 2) | 1, 2], 'abababab'],
    ['a copy with an offset of two bytes', [6, 2 << 2, 97, 98, 99, (2 << 2) | 2, 3, 0], 'abcabc'],
    ['a copy with an offset of four bytes', [6, 2 << 2, 97, 98, 99, (2 << 2) | 3, 3, 0, 0, 0], 'abcabc'],
  ])('holds %s', (_what, bytes, text) => {
    expect(unpackSnappy(Uint8Array.from(bytes), MOST).toString()).toBe(text);
  });

  test.each([
    ['empty', [], /length/],
    ['a length that does not end', [255, 255, 255, 255, 255, 1], /length/],
    ['more declared than is taken', [0x81, 0x80, 0x80, 0x10, 0], /at most 33554432/],
    ['more declared than it can hold', [0xff, 0xff, 0xff, 0x07, 0], /cannot hold/],
    ['less than declared', [4, 2 << 2, 97, 98, 99], /4 bytes are declared, 3 came/],
    ['more than declared', [2, 2 << 2, 97, 98, 99], /more than it declares/],
    ['a literal that is cut off', [3, 2 << 2, 97], /cut off/],
    ['a copy that is cut off', [6, 2 << 2, 97, 98, 99, (2 << 2) | 2, 3], /cut off/],
    ['a copy from before the beginning', [6, 2 << 2, 97, 98, 99, (2 << 2) | 2, 4, 0], /before the beginning/],
    ['a copy of nothing', [6, 2 << 2, 97, 98, 99, (2 << 2) | 2, 0, 0], /before the beginning/],
  ])('is refused: %s', (_what, bytes, why) => {
    expect(refusalOf(() => unpackSnappy(Uint8Array.from(bytes), MOST))).toMatch(why);
  });

  test('unpacks to what was packed, whatever it was', () => {
    const repeating = fc.tuple(
      fc.uint8Array({ minLength: 1, maxLength: 40 }),
      fc.integer({ min: 1, max: 60 }),
      fc.uint8Array({ maxLength: 40 }),
    );
    fc.assert(
      fc.property(repeating, ([part, times, tail]) => {
        const plain = Buffer.concat([...Array.from({ length: times }, () => part), tail]);
        expect(unpackSnappy(packSnappy(plain), MOST).equals(plain)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
    const large = Buffer.from(Array.from({ length: 300_000 }, (_, at) => (at * 7 + (at >> 9)) & 0xff));
    expect(unpackSnappy(packSnappy(large), MOST).equals(large)).toBe(true);
  });

  test('of random bytes, or with a bit that fell over, is unpacked or refused and never more', () => {
    const packed = packSnappy(Buffer.from('http_requests_total{code="200"} http_requests_total{code="500"} http_requests_total'));
    const flipped = fc.tuple(fc.nat(packed.length - 1), fc.nat(7), fc.nat(packed.length)).map(([at, bit, end]) => {
      const copy = Uint8Array.from(packed);
      copy[at] = (copy[at] ?? 0) ^ (1 << bit);
      return copy.subarray(0, end);
    });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 60 }), flipped), (bytes) => {
        refusalOf(() => unpackSnappy(bytes, 1_000));
      }),
      { numRuns: 10_000 },
    );
  });
});
