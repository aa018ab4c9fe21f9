// The digest of long keys: stable over releases, because it is stored, and different for texts that differ a little.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { digestOf } from '../../src/domain/text-digest.ts';

test('is always the same for the same text', () => {
  expect(digestOf('')).toBe(digestOf(''));
  expect(digestOf('requests_total')).toHaveLength(32);
  expect(digestOf('é')).not.toBe(digestOf('e'));
});

test('tells texts apart that differ in one place', () => {
  const seen = new Set<string>();
  for (let n = 0; n < 50_000; n += 1) seen.add(digestOf(`${'x'.repeat(700)}${n}`));
  expect(seen.size).toBe(50_000);
  fc.assert(
    fc.property(fc.string({ minLength: 1, maxLength: 50 }), fc.string({ maxLength: 50 }), (one, other) => {
      if (one !== other) expect(digestOf(one)).not.toBe(digestOf(other));
    }),
    { numRuns: 10_000 },
  );
});
