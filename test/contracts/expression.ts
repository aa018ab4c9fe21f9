// What every keeper of the expression port must do. The measured traps of CEL are the cases: each one would silently say something wrong.
import { describe, expect, test } from 'vitest';
import type { Expression, ExprType } from '../../src/ports/expression.ts';

const NAMES = {
  bad: 'int',
  all: 'int',
  value: 'double',
  found: 'bool',
  name: 'string',
  things: 'list',
  now: 'time',
  anything: 'any',
  org: { id: 'string' },
  steps: { fix_ready: { out: { goLive: 'time', count: 'int' } }, empty: {} },
} as const satisfies Record<string, ExprType>;

const VALUES = {
  bad: 0,
  all: 5,
  value: 0.01,
  found: true,
  name: 'a',
  things: ['a', 'b'],
  now: 1_000,
  anything: 'x',
  org: { id: 'acme' },
  steps: { fix_ready: { out: { goLive: 999 } } },
};

export function expressionContract(make: () => Expression): void {
  const expression = make();
  const rules = (source: string, wants: 'bool' | 'string' | 'list' = 'bool') =>
    expression.check(source, NAMES, wants).map((one) => one.rule);
  const told = (source: string) => expression.check(source, NAMES, 'bool')[0];
  const evaluated = (source: string, more: Record<string, unknown> = {}) => expression.evaluate(source, NAMES, { ...VALUES, ...more });
  const why = (source: string, more: Record<string, unknown> = {}): string => {
    const answer = evaluated(source, more);
    return answer.ok ? `ok: ${JSON.stringify(answer.value)}` : answer.why;
  };

  describe('checking', () => {
    test('what is well typed has no problems', () => {
      for (const source of [
        'bad == 0 && all >= 1',
        'value < 0.02',
        'found',
        'name == "a"',
        'now >= steps.fix_ready.out.goLive',
        'org.id in ["acme"]',
        'bad < 2.5',
        '"a" in things',
      ])
        expect(rules(source)).toEqual([]);
    });

    test('a whole-number division is found wherever it hides', () => {
      expect(rules('bad / all < 0.02')).toEqual(['int-division']);
      expect(rules('found && things.exists(one, bad / all > 1)')).toEqual(['int-division']);
      expect(rules('value / 2.0 < 0.02')).toEqual([]);
      expect(rules('double(bad) / double(all) < 0.02')).toEqual([]);
    });

    test('matches() is refused, because its engine can run for seconds on a few characters', () => {
      expect(rules('name.matches("^(a+)+$")')).toContain('matches');
      expect(rules('found || name.matches("a")')).toContain('matches');
    });

    test('a fraction compared with a whole number is an error that says what to write', () => {
      expect(told('value == 0')?.hint).toContain('0.0');
    });

    test('the result must be of the wanted type', () => {
      expect(rules('bad')).toEqual(['result-type']);
      expect(rules('anything')).toEqual(['result-type']);
      expect(rules('name', 'string')).toEqual([]);
      expect(rules('found', 'string')).toEqual(['result-type']);
      expect(rules('things', 'list')).toEqual([]);
    });

    test('a result whose type shows only with the values is accepted where the caller looks at it, one of a wrong type never', () => {
      const untyped = (source: string, wants: 'bool' | 'string' | 'list' | 'number') =>
        expression.check(source, NAMES, wants, 'accept').map((one) => one.rule);
      for (const wants of ['bool', 'string', 'list', 'number'] as const) expect(untyped('anything', wants)).toEqual([]);
      expect(untyped('name', 'bool')).toEqual(['result-type']);
      expect(untyped('name', 'number')).toEqual(['result-type']);
      expect(untyped('bad', 'number')).toEqual([]);
      expect(untyped('value', 'number')).toEqual([]);
      expect(untyped('nothing', 'number')).toEqual(['type']);
    });

    test('an unknown name and an unknown field are found at their place, with the name that was meant', () => {
      expect(told('bad == 0 && alll > 1')).toMatchObject({ offset: 12, hint: expect.stringContaining('all') });
      expect(told('now >= steps.fix_ready.out.goLiv')).toMatchObject({ offset: 27, hint: expect.stringContaining('goLive') });
      expect(rules('steps.empty.out == 1')).toEqual(['type']);
    });

    test('an id with a dash reads as a subtraction, and the hint says how it is written', () => {
      expect(told('steps.fix-ready.out.goLive < now')).toMatchObject({
        rule: 'kebab-id',
        offset: 6,
        hint: expect.stringContaining('fix_ready'),
      });
    });

    test('what does not parse is a problem with a place, and never a throw', () => {
      for (const source of ['', 'bad ==', '"', '((', 'bad == 0)', '\u0000', '__proto__ == 1', '1 = 1'])
        expect(rules(source).length, source).toBeGreaterThan(0);
    });

    test('what is too large is refused', () => {
      expect(rules(`${'('.repeat(40)}1${')'.repeat(40)} == 1`)).toEqual(['limit']);
      expect(rules(`bad in [${Array.from({ length: 200 }, () => '1').join(', ')}]`)).toEqual(['limit']);
      expect(rules(Array.from({ length: 300 }, () => 'bad == 0').join(' && '))).toEqual(['limit']);
    });
  });

  describe('evaluating', () => {
    test('counts are exact whole numbers, fractions are fractions, times are instants', () => {
      expect(why('bad == 0 && all == 5')).toBe('ok: true');
      expect(why('value < 0.02')).toBe('ok: true');
      expect(why('now >= steps.fix_ready.out.goLive')).toBe('ok: true');
      expect(why('now', {})).toBe('ok: 1000');
      expect(why('all + 1')).toBe('ok: 6');
      expect(why('name', {})).toBe('ok: "a"');
    });

    test('null is a value of what may be anything, and of nothing else', () => {
      expect(evaluated('anything == null', { anything: null })).toEqual({ ok: true, value: true });
      expect(evaluated('found || anything.field == 1', { anything: null })).toEqual({ ok: true, value: true });
      expect(why('anything.field == 1', { anything: null })).not.toMatch(/^ok/);
      expect(why('anything == null', { anything: undefined })).toContain('anything has no value');
      expect(why('bad == 0', { bad: null })).toContain('bad has no value');
    });

    test('fields of a value of any type are read, and records come out as they are', () => {
      const anything = JSON.parse('{"a": [{"b": 1, "__proto__": "c"}], "n": null}');
      expect(why('anything.a', { anything })).toBe('ok: [{"b":1,"__proto__":"c"}]');
      expect(why('anything.a[0].b > 0', { anything })).toBe('ok: true');
      expect(why('anything.n', { anything })).toBe('ok: null');
      expect(why('anything.missing', { anything })).toContain('missing');
      expect(why('anything.constructor', { anything })).toContain('constructor');
    });

    test('NaN and infinity are not known, before anything is compared', () => {
      expect(why('value < 0.02', { value: Number.NaN })).toContain('value is not a number');
      expect(why('value < 0.02', { value: Number.POSITIVE_INFINITY })).toContain('value is not a number');
    });

    test('an absent value is not known, also where a shortcut would hide it', () => {
      expect(why('bad == 0', { bad: undefined })).toBe('bad has no value');
      expect(why('bad == 0', { bad: null })).toBe('bad has no value');
      expect(why('found || bad == 1', { bad: null })).toBe('bad has no value');
      expect(why('steps.fix_ready.out.count == 1')).toBe('steps.fix_ready.out.count has no value');
      expect(why('org.id == "acme"', { org: undefined })).toBe('org.id has no value');
    });

    test('what the expression does not read may be absent', () => {
      expect(why('found', { bad: undefined, value: Number.NaN, org: null })).toBe('ok: true');
      expect(why('has(steps.fix_ready.out.count)')).toBe('ok: false');
    });

    test('a value of another type than declared is not known', () => {
      expect(why('bad == 0', { bad: 1.5 })).toContain('not a whole number');
      expect(why('bad == 0', { bad: '0' })).toContain('not a whole number');
      expect(why('found', { found: 'yes' })).toContain('not true or false');
      expect(why('now >= now', { now: 'soon' })).toContain('not a time');
    });

    test('a division by zero, an index out of range, and an invalid expression have no answer', () => {
      expect(evaluated('all % bad == 0').ok).toBe(false);
      expect(evaluated('things[7] == "a"').ok).toBe(false);
      expect(evaluated('bad / all < 0.02').ok).toBe(false);
      expect(evaluated('nothing == 1').ok).toBe(false);
    });

    test('a result that is no plain value has no answer', () => {
      expect(evaluated('now - now').ok).toBe(false);
      expect(evaluated('things').ok).toBe(true);
    });

    test('names from a prototype are not there', () => {
      expect(evaluated('toString == 1').ok).toBe(false);
      expect(expression.evaluate('constructor == 1', { ['constructor']: 'int' as const }, {}).ok).toBe(false);
    });
  });
}
