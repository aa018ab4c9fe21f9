// The formats of settings files: what they read, what they write, and what they refuse. Fuzzed against the loaders of Node.
import { parseEnv } from 'node:util';
import { runInThisContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { envFormat } from '../../../src/adapters/settings-file/env.ts';
import { FormatProblem } from '../../../src/adapters/settings-file/format.ts';
import { jsonFormat } from '../../../src/adapters/settings-file/json.ts';
import { typescriptFormat } from '../../../src/adapters/settings-file/typescript.ts';

const RUNS = { numRuns: 10_000 };

describe('an environment file', () => {
  const env = envFormat('shell');

  it('keeps comments, quotes, order and what nobody reads when one value changes', () => {
    const text = ['# top', '', 'export A="one two" # first', "B='x#y'", 'not a line of it', 'C = 3   # third', 'B=last', ''].join('\n');
    expect(Object.fromEntries(env.read(text))).toEqual({ A: 'one two', B: 'last', C: '3' });
    expect(env.write(text, { A: 'three', B: 'a b', C: '4', D: 'new' })).toBe(
      ['# top', '', 'export A="three" # first', "B='x#y'", 'not a line of it', 'C = 4   # third', "B='a b'", 'D=new', ''].join('\n'),
    );
    expect(env.write(text, { B: null })).toBe(
      ['# top', '', 'export A="one two" # first', 'not a line of it', 'C = 3   # third', ''].join('\n'),
    );
  });

  it('keeps the ends of lines of Windows, and a file without a last one', () => {
    expect(env.write('A=1\r\nB=2\r\n', { A: '9', C: '3' })).toBe('A=9\r\nB=2\r\nC=3\r\n');
    expect(env.write('A=1', { B: '2' })).toBe('A=1\nB=2\n');
    expect(env.write('', { B: '2' })).toBe('B=2\n');
  });

  it('reads a value over several lines, and leaves it where it is', () => {
    const text = 'KEY="-----BEGIN\nA=not a key\n-----END"\nA=1\n';
    expect([...env.read(text).keys()]).toEqual(['KEY', 'A']);
    expect(env.write(text, { A: '2' })).toBe('KEY="-----BEGIN\nA=not a key\n-----END"\nA=2\n');
  });

  it.each([
    ['a value of two lines', 'one\ntwo'],
    ['a value that no quotes hold alike', `it's $HOME "here"`],
  ])('does not write %s', (_what, value) => {
    expect(() => env.write('A=1\n', { A: value })).toThrow(FormatProblem);
  });

  it.each([
    ['a quote that is never closed', 'A=1\nB="open\nC=3\n', /line 2: the quote of B/],
    ['words behind the quotes', 'A="x" y\n', /line 1: something stands behind/],
  ])('refuses %s instead of guessing', (_what, text, why) => {
    expect(() => env.read(text)).toThrow(why);
  });

  it('takes quotes for a part of the value where its loader does', () => {
    const plain = envFormat('none');
    expect(Object.fromEntries(plain.read('A="1" # x\nB=it\'s\n'))).toEqual({ A: '"1" # x', B: "it's" });
    expect(plain.write('A="1"\n', { A: 'a b' })).toBe('A=a b\n');
  });

  it('writes what Node reads back, whatever stood there before', () => {
    const value = fc.stringMatching(/^[ -~ä☃]{0,12}$/);
    const line = fc.oneof(
      fc
        .tuple(fc.constantFrom('A', 'B', 'C'), fc.constantFrom('', '"', "'"), fc.stringMatching(/^[a-z0-9][a-z0-9 =.]{0,6}$/))
        .map(([key, quote, one]) => `${key}=${quote}${one}${quote}`),
      fc.constantFrom('# a comment', '', 'export D=1 # x'),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 6 }), value, (lines, wanted) => {
        const text = lines.map((one) => `${one}\n`).join('');
        const before = parseEnv(text);
        let after: string;
        try {
          after = env.write(text, { B: wanted });
        } catch (error) {
          expect(error).toBeInstanceOf(FormatProblem);
          return;
        }
        expect({ ...parseEnv(after) }).toEqual({ ...before, B: wanted });
        expect(env.read(after).get('B')).toBe(wanted);
      }),
      RUNS,
    );
  });

  it('never fails on odd bytes in any other way than by saying so', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('A', '=', '"', "'", '`', '\\', '#', '\n', '\r', ' ', 'export ', '\u0000') }),
        (text) => {
          try {
            const all = env.read(text);
            expect(env.read(env.write(text, { ZZ: 'x' })).get('ZZ')).toBe('x');
            for (const [key, value] of all) expect(env.read(env.write(text, { ZZ: 'x' })).get(key)).toBe(value);
          } catch (error) {
            expect(error).toBeInstanceOf(FormatProblem);
          }
        },
      ),
      RUNS,
    );
  });
});

describe('a JSON file', () => {
  it('changes a value where it stands, adds a key last and takes one away with its comma', () => {
    const json = jsonFormat('app.features');
    const text = '{\n  "app": {\n    "features": {\n      "a":  true,\n      "b": "x"\n    }, "z": [1, 2]\n  }\n}\n';
    expect(Object.fromEntries(json.read(text))).toEqual({ a: true, b: 'x' });
    expect(json.write(text, { a: false, c: 3 })).toBe(text.replace('"a":  true', '"a":  false').replace('"x"', '"x",\n      "c": 3'));
    expect(json.write(text, { a: null })).toBe(text.replace('"a":  true,\n      ', ''));
    expect(json.write(text, { b: null })).toBe(text.replace(',\n      "b": "x"', ''));
    expect(json.write('{"app":{"features":{}}}', { a: 1 })).toBe('{"app":{"features":{ "a": 1 }}}');
  });

  it.each([
    ['what is not JSON', '{ a: 1 }', /not JSON/],
    ['a key that stands twice', '{"features":{"a":1,"a":2}}', /a stands twice/],
    ['an object that is not there', '{"other":{}}', /no object features/],
  ])('refuses %s', (_what, text, why) => {
    expect(() => jsonFormat('features').read(text)).toThrow(why);
  });

  it('changes one key of any object and nothing else', () => {
    const plain = fc.oneof(fc.string(), fc.integer(), fc.boolean());
    const key = fc.stringMatching(/^[a-z" é]{1,4}$/);
    fc.assert(
      fc.property(
        fc.dictionary(key, fc.oneof(plain, fc.array(plain), fc.constant({ in: 1 }))),
        key,
        plain,
        fc.constantFrom(0, 2, '\t'),
        (all, one, value, indent) => {
          const before = { ...all };
          if (typeof before[one] === 'object') return;
          const after = jsonFormat(undefined).write(JSON.stringify(before, null, indent), { [one]: value });
          expect(JSON.parse(after)).toEqual({ ...before, [one]: value });
          const { [one]: _gone, ...rest } = before;
          expect(JSON.parse(jsonFormat(undefined).write(after, { [one]: null }))).toEqual(rest);
        },
      ),
      RUNS,
    );
  });
});

describe('a constant of TypeScript', () => {
  const FEATURES = `import { type Flags } from './flags.ts';
// { not: 'this' }
const LIMITS = { most: 3 };

/** Read by the app. */
export const featureFlags: Readonly<Record<string, boolean>> = Object.freeze({
  newVoiceAnalysis: true, // since May
  'beta-gamification': true,
  nested: { improvedOffline: true },
});
export type Name = keyof typeof featureFlags;
`;

  it('turns flags of the app off where they stand', () => {
    const ts = typescriptFormat({ name: 'featureFlags' });
    expect(Object.fromEntries(ts.read(FEATURES))).toEqual({ newVoiceAnalysis: true, 'beta-gamification': true });
    expect(ts.write(FEATURES, { newVoiceAnalysis: false, 'beta-gamification': false })).toBe(
      FEATURES.replace('Analysis: true', 'Analysis: false').replace("gamification': true", "gamification': false"),
    );
    const nested = typescriptFormat({ name: 'featureFlags', under: 'nested' });
    expect(nested.write(FEATURES, { improvedOffline: false })).toBe(FEATURES.replace('Offline: true', 'Offline: false'));
  });

  it('finds the only constant without its name, and a default export by "default"', () => {
    expect(typescriptFormat({}).read('export const f = {\n  a: 1\n}\n').get('a')).toBe(1);
    expect(typescriptFormat({ name: 'default' }).read('export default { a: "x" } satisfies F;\n').get('a')).toBe('x');
  });

  it.each([
    ['a value that has to be worked out', "const f = { a: process.env.A === '1' };", /no plain value/],
    ['a value with more behind it', 'const f = { a: true && b };', /missing, or the value before is more/],
    ['a spread', 'const f = { ...base, a: true };', /key is missing/],
    ['a computed key', 'const f = { [key]: true };', /key is missing/],
    ['a method', 'const f = { a() { return 1; } };', /no value of its own/],
    ['a template text', 'const f = { a: `x` };', /no plain value/],
    ['a text in backticks before it', 'const x = `{`; const f = { a: 1 };', /what it begins is not understood/],
    ['a regular expression before it', 'const x = /[{]/; const f = { a: 1 };', /what it begins is not understood/],
    ['two constants without a name', 'const f = { a: 1 }; const g = { a: 2 };', /2 constants that are objects \(f, g\)/],
    ['a constant that is changed at once', 'const f = { a: true }.a;', /changes what it is/],
    ['a key that stands twice', 'const f = { a: 1, a: 2 };', /a stands twice/],
  ])('refuses, because it could be more than it looks, %s', (_what, text, why) => {
    expect(() => typescriptFormat(text.includes('const g') ? {} : { name: 'f' }).read(text)).toThrow(why);
  });

  it('never takes for a flag what Node would not, and says so of everything else', () => {
    const part = fc.constantFrom(
      'const f = ',
      '{',
      '}',
      'a',
      ': ',
      ',',
      'true',
      "'x'",
      '1',
      ' ',
      '\n',
      '// c\n',
      '/* c */',
      '(',
      ')',
      ';',
      '.',
      '=',
      '>',
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 14 }), (parts) => {
        const text = `const f = {${parts.join('')}`;
        let read: ReadonlyMap<string, unknown>;
        try {
          read = typescriptFormat({ name: 'f' }).read(text);
        } catch (error) {
          expect(error).toBeInstanceOf(FormatProblem);
          return;
        }
        const end = text.indexOf('}');
        // What was read is what the language reads of the same object.
        const object = runInThisContext(`(${text.slice(10, closing(text, 10) + 1)})`) as Record<string, unknown>;
        expect(end).toBeGreaterThan(0);
        for (const [key, value] of read) expect(object[key]).toBe(value);
      }),
      RUNS,
    );
  });
});

function closing(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; at += 1) {
    if (text.startsWith('//', at)) at = text.indexOf('\n', at);
    else if (text.startsWith('/*', at)) at = text.indexOf('*/', at) + 1;
    else if (text[at] === '{') depth += 1;
    else if (text[at] === '}' && --depth === 0) return at;
  }
  return text.length;
}
