// The order of diagnostics, and that none is told twice.
import { expect, test } from 'vitest';
import type { Diagnostic } from '../../src/domain/diagnostic.ts';
import { hasErrors, sortDiagnostics } from '../../src/domain/diagnostic.ts';

const at = (file: string, line: number, column: number, more: Partial<Diagnostic> = {}): Diagnostic => ({
  rule: 'r',
  severity: 'error',
  message: 'm',
  file,
  line,
  column,
  length: 1,
  ...more,
});

test('they stand by file, line and column, and the same one only once', () => {
  const all = [at('b', 1, 1), at('a', 10, 1), at('a', 2, 5), at('a', 2, 1), at('a', 2, 5), at('a', 2, 5, { message: 'other' })];
  expect(sortDiagnostics(all).map((one) => `${one.file}:${one.line}:${one.column} ${one.message}`)).toEqual([
    'a:2:1 m',
    'a:2:5 m',
    'a:2:5 other',
    'a:10:1 m',
    'b:1:1 m',
  ]);
});

test('warnings alone do not block', () => {
  expect(hasErrors([at('a', 1, 1, { severity: 'warning' })])).toBe(false);
  expect(hasErrors([at('a', 1, 1, { severity: 'warning' }), at('a', 1, 1)])).toBe(true);
});
