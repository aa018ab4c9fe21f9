// What the store cannot hold is found wherever it stands, and nothing else is.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { demandStorable, nulIn } from '../../src/domain/storable.ts';

test.each([
  ['a\0b', ''],
  [{ reason: 'x\0' }, 'reason'],
  [{ answers: { phone: 1, why: ['a', '\0'] } }, 'answers.why.1'],
  [{ answers: { 'a\0b': 1 } }, 'answers.a\ufffdb'],
])('U+0000 in %j is found at %j', (value, path) => {
  expect(nulIn(value)).toBe(path);
  expect(() => demandStorable(value)).toThrow(/holds the character U\+0000, which cannot be stored/);
});

test('ten thousand values are refused where their JSON holds U+0000, and only there', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 3, stringUnit: fc.constantFrom('a', '\0', '\\', '0') }), (value) => {
      expect(nulIn(value) !== null).toBe(/(?<!\\)(?:\\\\)*\\u0000/.test(JSON.stringify(value)));
    }),
    { numRuns: 10_000 },
  );
}, 30_000);
