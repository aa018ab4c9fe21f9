// What people write for a release: one is meant, or nobody guesses.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BelayError } from '../../src/domain/errors.ts';
import { releaseNamed } from '../../src/domain/release-name.ts';

const RELEASES = [
  { ref: 'b', version: 'v12', commit: '60883d9e8947a57e04dc9124f25df004866a2051' },
  { ref: 'a', version: 'v11', commit: '60883d00ae598e95dc970b74767f19372d61af8f' },
  { ref: 'image', version: 'v10' },
] as const;

function refusalOf(written: string): BelayError {
  try {
    releaseNamed(written, RELEASES);
  } catch (error) {
    if (BelayError.is(error)) return error;
    throw error;
  }
  throw new Error(`${written} was taken`);
}

describe('a release that a person names', () => {
  test.each([
    ['b', 'b'],
    ['v11', 'a'],
    ['60883d9', 'b'],
    ['60883D0', 'a'],
    ['60883d9e8947a57e04dc9124f25df004866a2051', 'b'],
    ['image', 'image'],
  ])('by %s is %s', (written, ref) => {
    expect(releaseNamed(written, RELEASES)).toBe(ref);
  });

  test('by the beginning of two commits is asked back with both', () => {
    expect(refusalOf('60883d')).toMatchObject({
      code: 'BELAY_INPUT_INVALID',
      effect: 'none',
      message: '"60883d" is more than one release: b (v12, commit 60883d9e8947), a (v11, commit 60883d00ae59)',
    });
  });

  test('by a commit that none is of is refused with the nearest first', () => {
    expect(refusalOf('60883d01')).toMatchObject({ code: 'BELAY_NOT_FOUND', effect: 'none' });
    expect(refusalOf('60883d01').message).toBe(
      '"60883d01" is no release; the nearest: a (v11, commit 60883d00ae59), b (v12, commit 60883d9e8947), image (v10)',
    );
  });

  test('where there is none at all is told so', () => {
    expect(() => releaseNamed('60883d9', [])).toThrow(/there is none/);
  });

  test('by anything at all is one that there is, or a refusal of bounded length', () => {
    const refs = new Set<string>(RELEASES.map((one) => one.ref));
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.string({ unit: 'binary', maxLength: 300 }), fc.constantFrom('6088', '60', 'v', '')),
        (written) => {
          try {
            return refs.has(releaseNamed(written, RELEASES));
          } catch (error) {
            return BelayError.is(error) && error.message.length < 500;
          }
        },
      ),
      { numRuns: 10_000 },
    );
  });
});
