// Known secrets in pieces of text: no form of one leaves, wherever the pieces are cut; nothing else is hidden.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { secretMask, withoutKnownSecrets } from '../../src/domain/secret-mask.ts';

const SECRET = 'p@ss wörd"+/=&19';
const b64 = (text: string): string => Buffer.from(text).toString('base64');
const FORMS: readonly (readonly [string, string])[] = [
  ['as it is', SECRET],
  ['base64', b64(SECRET)],
  ['base64 of a longer text', b64(`user:${SECRET}`)],
  ['base64 at the third offset', b64(`ab${SECRET}zz`)],
  ['base64url', Buffer.from(SECRET).toString('base64url')],
  ['percent-encoded', encodeURIComponent(SECRET)],
  ['as a form sends it', new URLSearchParams({ a: SECRET }).toString()],
  ['in JSON', JSON.stringify({ a: SECRET })],
  ['hex', Buffer.from(SECRET).toString('hex')],
  ['HEX', Buffer.from(SECRET).toString('hex').toUpperCase()],
];

function inPieces(text: string, cuts: readonly number[], secrets: readonly string[]): string {
  const mask = secretMask(secrets);
  const at = [0, ...cuts.toSorted((a, b) => a - b), text.length];
  return (
    at
      .slice(1)
      .map((to, n) => mask.push(text.slice(at[n], to)))
      .join('') + mask.end()
  );
}

describe.each(FORMS)('%s', (_, form) => {
  test('does not leave, at every way to cut the text in two', () => {
    const text = `before ${form} after`;
    for (let cut = 0; cut <= text.length; cut += 1) {
      const shown = inPieces(text, [cut], [SECRET]);
      expect(shown, `cut at ${cut}`).toBe(withoutKnownSecrets(text, [SECRET]));
      expect(shown).toMatch(/^before .*••• ?.*after$/);
      for (const [, other] of FORMS.slice(0, 2)) expect(shown).not.toContain(other);
    }
  });
});

test('one secret within another, and two that overlap, are hidden whole, in any pieces, 2 000 times', () => {
  const secrets = ['abcd', 'abcdefgh', 'ghij', 'xabcd'];
  const text = fc.array(fc.constantFrom(...secrets, 'a', 'abc', ' ', 'gh', 'x'), { maxLength: 6 }).map((parts) => parts.join(''));
  fc.assert(
    fc.property(text, fc.array(fc.nat(40)), (whole, cuts) => {
      const shown = inPieces(
        whole,
        cuts.filter((cut) => cut <= whole.length),
        secrets,
      );
      for (const secret of secrets) expect(shown).not.toContain(secret);
      const joined = (text: string): string => text.replaceAll(/•+/g, '•');
      expect(joined(shown)).toBe(joined(withoutKnownSecrets(whole, secrets)));
    }),
    { numRuns: 2_000 },
  );
});

test('a text without them is as it was, and is not kept back', () => {
  const mask = secretMask([SECRET]);
  expect(mask.push('all is well; ')).toBe('all is well; ');
  expect(mask.push('p@ss')).toBe('');
  expect(mask.push('port')).toBe('p@ssport');
  expect(mask.end()).toBe('');
});

test('what is shorter than four characters is no secret that can be hidden', () => {
  expect(withoutKnownSecrets('a cat sat', ['at', ''])).toBe('a cat sat');
});
