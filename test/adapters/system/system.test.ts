// Clocks and hashes of the machine.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createDigest, systemTime } from '../../../src/adapters/system/index.ts';
import type { Json } from '../../../src/domain/json.ts';
import { createFakeDigest } from '../../world/fakes/digest.ts';

const digest = createDigest('key');

describe('digest', () => {
  test('equals an independent implementation for any JSON value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        fc.pre(!/\\ud[89a-f]/.test(JSON.stringify(value)));
        expect(digest.of(value as Json)).toBe(createFakeDigest().of(value as Json));
      }),
    );
  });

  test('does not depend on the order of keys', () => {
    expect(digest.of({ a: 1, b: { c: 2, d: 3 } })).toBe(digest.of({ b: { d: 3, c: 2 }, a: 1 }));
  });

  test('refuses NaN, Infinity and undefined anywhere inside a value', () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, undefined]) {
      for (const value of [bad, [bad], { a: { b: bad } }])
        expect(() => digest.of(value as Json)).toThrow(expect.objectContaining({ name: 'Bug' }));
    }
  });

  test('gives the known hashes of a text, plain and keyed', () => {
    expect(digest.ofText('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    expect(createDigest('key').keyed('The quick brown fox jumps over the lazy dog')).toBe(
      'f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8',
    );
    expect(createDigest('other').keyed('x')).not.toBe(digest.keyed('x'));
  });
});

describe('time', () => {
  test('a sleep takes its time and an aborted one does not', async () => {
    const before = systemTime.monotonicMs();
    await systemTime.sleep(30);
    expect(systemTime.monotonicMs() - before).toBeGreaterThanOrEqual(28);
    const abort = new AbortController();
    const long = systemTime.sleep(60 * 24 * 3_600_000, abort.signal);
    abort.abort();
    await long;
    await systemTime.sleep(60_000, AbortSignal.abort());
    expect(systemTime.monotonicMs() - before).toBeLessThan(5_000);
  });
});
