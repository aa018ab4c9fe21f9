// Which samples a selector means, and whose they are.
import { describe, expect, test } from 'vitest';
import { compileSelector, scopeOf } from '../../src/domain/selector.ts';
import { OVERFLOW_SCOPE, type Selector } from '../../src/domain/signal.ts';

const hits = (
  name: string,
  labels: Readonly<Record<string, string>>,
  ...tests: readonly (readonly [string, Selector['labels'][number]['op'], string])[]
) => compileSelector({ name: 'requests', labels: tests.map(([label, op, value]) => ({ label, op, value })) })(name, labels);

describe('a selector', () => {
  test.each([
    ['equal', '=', '500', '500', true],
    ['equal to a part only', '=', '50', '500', false],
    ['equal letter by letter, not as a pattern', '=', '5..', '500', false],
    ['other', '!=', '200', '500', true],
    ['not other', '!=', '500', '500', false],
    ['matching', '=~', '5..', '500', true],
    ['matching in the middle only', '=~', '0', '500', false],
    ['matching at the beginning only', '=~', '50', '500', false],
    ['matching at the end only', '=~', '00', '500', false],
    ['matching one of two, each of them whole', '=~', '4|500', '500', true],
    ['matching a part of one of two', '=~', '4|50', '500', false],
    ['not matching', '!~', '2..', '500', true],
    ['not not matching', '!~', '5..', '500', false],
    ['matching a character outside of the first plane as one', '=~', '.', '😀', true],
  ] as const)('takes a label that is %s', (_what, op, value, label, expected) => {
    expect(hits('requests', { code: label }, ['code', op, value])).toBe(expected);
  });

  test('takes a label that is not there as the empty text', () => {
    expect([
      hits('requests', {}, ['code', '=', '']),
      hits('requests', {}, ['code', '!=', '500']),
      hits('requests', {}, ['code', '=~', '.+']),
    ]).toEqual([true, true, false]);
  });

  test('takes only its own name, and all of its labels must fit', () => {
    expect(hits('requests', { code: '500' })).toBe(true);
    expect(hits('requests_total', { code: '500' })).toBe(false);
    expect(hits('requests', { code: '500', org: 'a' }, ['code', '=', '500'], ['org', '=', 'a'])).toBe(true);
    expect(hits('requests', { code: '500', org: 'a' }, ['code', '=', '500'], ['org', '=', 'b'])).toBe(false);
    expect(hits('requests', { code: '500', org: 'a' }, ['code', '=', '200'], ['org', '=', 'a'])).toBe(false);
  });
});

describe('the scope of a sample', () => {
  test('is the value of the label that the signal names, or the whole where it names none', () => {
    expect([scopeOf({ org: 'acme' }, 'org'), scopeOf({ org: 'acme' }, null)]).toEqual(['acme', '']);
  });

  test('is nobody in particular where the label is not there, empty or longer than any name', () => {
    expect([scopeOf({}, 'org'), scopeOf({ org: '' }, 'org'), scopeOf({ org: 'x'.repeat(201) }, 'org')]).toEqual([
      OVERFLOW_SCOPE,
      OVERFLOW_SCOPE,
      OVERFLOW_SCOPE,
    ]);
    expect(scopeOf({ org: 'x'.repeat(200) }, 'org')).toBe('x'.repeat(200));
  });

  test('holds nothing that a database cannot hold', () => {
    expect(scopeOf({ org: 'a\0b\ud83dc\0😀' }, 'org')).toBe('a\ufffdb\ufffdc\ufffd😀');
  });
});
