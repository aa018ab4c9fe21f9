// Did you mean: near names are found, far ones are not suggested.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { editDistance, nearest } from '../../src/domain/nearest.ts';

test.each([
  ['', '', 0],
  ['beley', 'belay', 1],
  ['bealy', 'belay', 1],
  ['doo', 'do', 1],
  ['', 'abc', 3],
  ['kitten', 'sitting', 3],
] as const)('from "%s" to "%s" it is %d', (a, b, distance) => {
  expect(editDistance(a, b)).toBe(distance);
});

test('a distance is the same both ways, zero for the same word, and never more than the longer word', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (a, b) => {
      expect(editDistance(a, b)).toBe(editDistance(b, a));
      expect(editDistance(a, a)).toBe(0);
      expect(editDistance(a, b)).toBeLessThanOrEqual(Math.max(a.length, b.length));
    }),
  );
});

test.each([
  ['timeot', 'timeout'],
  ['Timeout', 'timeout'],
  ['x', null],
  ['completely-else', null],
  ['tiemout', 'timeout'],
] as const)('%s may mean %s', (written, meant) => {
  expect(nearest(written, ['timeout', 'retry', 'every'])).toBe(meant);
});

test('the nearest of several is named, and the first of two equally near', () => {
  expect(nearest('team1', ['team12', 'team2', 'teams'])).toBe('team12');
  expect(nearest('shop', [])).toBeNull();
  expect(nearest('a'.repeat(500), ['a'.repeat(499)])).toBeNull();
});
