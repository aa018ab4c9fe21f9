// Whatever happens to a file (cut, overwritten, doubled, shuffled at any byte) there are diagnostics with places, never a throw.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { lintSystem } from '../../src/config/lint.ts';
import { loadSystem } from '../../src/config/load.ts';
import { collectProblems } from '../../src/config/problems.ts';
import { compileRunbook } from '../../src/config/runbook.ts';
import { readSystem } from '../../src/config/schema.ts';
import { sourceText, wholeFile } from '../../src/config/source-text.ts';
import { readYaml } from '../../src/config/yaml.ts';
import { BASE, BASE_RUNBOOK, ENV, fixture, TOOLS } from './workspace.ts';

const VALID = [fixture(`base/${BASE_RUNBOOK}`), fixture('example.runbook.md')];
const SYSTEM = fixture('base/belay.yaml');
const PIECES = [
  '{',
  '}',
  '[',
  ']',
  '"',
  "'",
  ':',
  '- ',
  '\n',
  '\r\n',
  '\t',
  '    ',
  '```',
  '``',
  '~~~',
  '#',
  '## ',
  '### ',
  '#### ',
  '---\n',
  '&a ',
  '*a',
  '!!x ',
  '|',
  '>',
  '{org}',
  '\u0000',
  '\uFEFF',
  '\u{1F4A5}',
  '> ',
  '<!--',
  'belay',
  '```belay do x\n',
  '.inf',
  '__proto__: 1\n',
  'constructor: 1\n',
  '? ',
  '%',
  '@',
  '`',
];

/** A mutation: cut at a place, or something put there, or a piece removed or doubled. */
const mutation = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  length: fc.nat(60),
  kind: fc.constantFrom('truncate', 'insert', 'remove', 'double', 'replace', 'behead'),
  piece: fc.oneof(fc.constantFrom(...PIECES), fc.string({ maxLength: 8, unit: 'binary' })),
});

function mutate(text: string, changes: readonly { at: number; length: number; kind: string; piece: string }[]): string {
  return changes.reduce((current, { at, length, kind, piece }) => {
    const from = Math.floor(at * current.length);
    const [before, middle, after] = [current.slice(0, from), current.slice(from, from + length), current.slice(from + length)];
    switch (kind) {
      case 'truncate':
        return before;
      case 'behead':
        return middle + after;
      case 'insert':
        return before + piece + middle + after;
      case 'remove':
        return before + after;
      case 'double':
        return before + middle + middle + after;
      default:
        return before + piece + after;
    }
  }, text);
}

const changes = fc.array(mutation, { minLength: 1, maxLength: 3 });

function expectPlaces(
  diagnostics: readonly { readonly line: number; readonly column: number; readonly length: number }[],
  text: string,
): void {
  const lines = text.split('\n');
  for (const one of diagnostics) {
    expect(one.line).toBeGreaterThanOrEqual(1);
    expect(one.line).toBeLessThanOrEqual(lines.length);
    expect(one.column).toBeGreaterThanOrEqual(1);
    expect(one.length).toBeGreaterThanOrEqual(1);
  }
}

test('a mutated runbook gives diagnostics at places inside the file, and is a runbook or has an error', () => {
  const loaded = loadSystem(BASE, { env: ENV });
  let broken = 0;
  fc.assert(
    fc.property(fc.constantFrom(...VALID), changes, (valid, how) => {
      const text = mutate(valid, how);
      const compiled = compileRunbook(text, 'x.runbook.md');
      expectPlaces(compiled.diagnostics, text);
      const errors = compiled.diagnostics.filter((one) => one.severity === 'error').length;
      expect(compiled.runbook === null).toBe(errors > 0);
      if (errors > 0) broken += 1;
      if (compiled.draft === null) return;
      const found = lintSystem({ ...loaded, drafts: { ...loaded.drafts, runbooks: [compiled.draft] } }, TOOLS);
      expectPlaces(
        found.filter((one) => one.file === 'x.runbook.md'),
        text,
      );
    }),
    { numRuns: 2000 },
  );
  expect(broken).toBeGreaterThan(500);
}, 120_000);

test('a runbook that is cut anywhere never throws', () => {
  const [valid = ''] = VALID;
  for (let end = 0; end < valid.length; end += 17) expect(() => compileRunbook(valid.slice(0, end), 'x.runbook.md')).not.toThrow();
}, 60_000);

test('a mutated belay.yaml gives diagnostics at places inside the file', () => {
  fc.assert(
    fc.property(changes, (how) => {
      const text = mutate(SYSTEM, how);
      const problems = collectProblems(sourceText('belay.yaml', text));
      readSystem(readYaml(wholeFile(problems.source), problems), problems);
      expectPlaces(problems.found, text);
    }),
    { numRuns: 800 },
  );
}, 60_000);

test('text that has nothing to do with runbooks is told so', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 300, unit: 'binary' }), (text) => {
      const compiled = compileRunbook(text, 'any.md');
      expect(compiled.runbook === null).toBe(compiled.diagnostics.some((one) => one.severity === 'error'));
    }),
    { numRuns: 1000 },
  );
});

test('nesting that would end the stack of a parser, or keep it busy for a minute, is a diagnostic', () => {
  const levels = Array.from({ length: 400 }, (_, level) => `${' '.repeat(level)}a:`).join('\n');
  for (const text of [
    `${'> '.repeat(20_000)}x`,
    `---\nbelay: 1\nid: x\nowner: ${'['.repeat(20_000)}\n---\n`,
    `---\nbelay: 1\nid: x\nowner:\n${levels}\n---\n`,
    'x'.repeat(600_000),
  ]) {
    const compiled = compileRunbook(text, 'deep.md');
    expect(compiled.runbook).toBeNull();
    expect(compiled.diagnostics.length).toBeGreaterThan(0);
  }
}, 30_000);
