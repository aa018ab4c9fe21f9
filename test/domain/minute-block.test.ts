// Counts packed into bytes come back as they were, and bytes that are no block are refused.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BelayError } from '../../src/domain/errors.ts';
import { type BlockEntry, packBlock, unpackBlock } from '../../src/domain/minute-block.ts';

function unpacked(bytes: Uint8Array): readonly BlockEntry[] {
  const found: BlockEntry[] = [];
  unpackBlock(bytes, (id, bad, all, sum) => found.push({ id, bad, all, sum }));
  return found;
}

const count = fc.oneof(fc.nat(200), fc.maxSafeNat());
const entries = fc
  .uniqueArray(fc.record({ id: fc.nat(255), bad: count, all: count, sum: fc.oneof(fc.constant(0), fc.double({ noNaN: true })) }), {
    selector: (one) => one.id,
    maxLength: 40,
  })
  .map((list) => list.map((one) => ({ ...one, sum: one.sum === 0 ? 0 : one.sum })).sort((a, b) => a.id - b.id));

test('counts of any size come back as they were packed', () => {
  fc.assert(
    fc.property(entries, (list) => {
      const bytes = packBlock(list);
      expect(unpacked(bytes)).toEqual(list);
      // As a driver hands them over: somewhere in a larger buffer.
      const inside = new Uint8Array(bytes.length + 7);
      inside.set(bytes, 3);
      expect(unpacked(inside.subarray(3, 3 + bytes.length))).toEqual(list);
    }),
    { numRuns: 2_000 },
  );
});

test('strange bytes are read or refused, and nothing else happens', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      try {
        for (const { id, all } of unpacked(bytes)) expect(Number.isFinite(id) && Number.isFinite(all)).toBe(true);
      } catch (error) {
        expect(BelayError.is(error) && error.code).toBe('BELAY_STORE_UNSUPPORTED');
      }
    }),
    { numRuns: 10_000 },
  );
});

test('a healthy scope with up to 127 events takes two bytes, one with errors three, a mean eight more', () => {
  const block = (one: Partial<BlockEntry>): number => packBlock([{ id: 0, bad: 0, all: 100, sum: 0, ...one }]).length;
  expect([block({}), block({ bad: 2 }), block({ sum: 1.5 }), block({ all: 10_000 })]).toEqual([2, 3, 10, 3]);
});

test('counts that are not whole are rounded, and no scope is lost among its neighbours', () => {
  const list = Array.from({ length: 256 }, (_, id) => ({ id, bad: 0.4, all: 2.6, sum: 0 }));
  expect(unpacked(packBlock(list))).toEqual(list.map(({ id }) => ({ id, bad: 0, all: 3, sum: 0 })));
});
