// How diagnostics look: place, line, caret, what belongs there; nothing in a file steers the terminal.
import { describe, expect, test } from 'vitest';
import { diagnosticsJson, renderDiagnostics, summary } from '../../src/config/diagnostics.ts';
import { compileRunbook } from '../../src/config/runbook.ts';
import type { Diagnostic } from '../../src/domain/diagnostic.ts';

const one: Diagnostic = {
  rule: 'unknown-key',
  severity: 'error',
  message: 'do knows no key timeot',
  file: 'x.runbook.md',
  line: 2,
  column: 3,
  length: 6,
  expected: 'one of timeout',
  hint: 'Mend it.',
  didYouMean: 'timeout',
};
const lines = ['first', '  timeot: 30s'];

test('a diagnostic shows the place, the line, a caret below what is meant, and what to do', () => {
  expect(renderDiagnostics([one], { linesOf: () => lines })).toBe(`x.runbook.md:2:3 error do knows no key timeot [unknown-key]
2 |   timeot: 30s
  |   ^^^^^^
    did you mean: timeout
    expected: one of timeout
    hint: Mend it.

1 error
`);
});

test('colours are asked of the painter and of nobody else', () => {
  const mark = (name: string) => (text: string) => `<${name}>${text}</${name}>`;
  const painted = renderDiagnostics([{ ...one, severity: 'warning' }], {
    linesOf: () => lines,
    paint: { error: mark('e'), warning: mark('w'), place: mark('p'), faint: mark('f') },
  });
  expect(painted).toContain('<p>x.runbook.md:2:3</p> <w>warning</w>');
  expect(renderDiagnostics([one], { linesOf: () => lines })).not.toContain('\u001b');
});

test('a line that cannot be shown is left out, a long one is cut around the place', () => {
  expect(renderDiagnostics([one], { linesOf: () => null })).not.toContain('|');
  const long = renderDiagnostics([{ ...one, line: 1, column: 400, length: 900 }], {
    linesOf: () => [`${'a'.repeat(399)}HERE${'b'.repeat(900)}`],
  });
  expect(long).toContain('HERE');
  expect(Math.max(...long.split('\n').map((line) => line.length))).toBeLessThan(160);
});

test('control characters and changes of direction in a file do not reach the terminal', () => {
  const evil = renderDiagnostics([{ ...one, message: 'a\u001b[31mred', line: 1, column: 1 }], {
    linesOf: () => ['\u001b]0;title\u0007 \u202Eabc'],
  });
  expect(evil).not.toMatch(/(?!\n)[\p{Cc}\u202e]/u);
});

describe('counting', () => {
  test.each([
    [0, 0, 'no problems'],
    [1, 0, '1 error'],
    [2, 1, '2 errors, 1 warning'],
    [0, 3, '3 warnings'],
  ])('%d errors and %d warnings', (errors, warnings, text) => {
    const all = [
      ...Array.from({ length: errors }, () => one),
      ...Array.from({ length: warnings }, () => ({ ...one, severity: 'warning' as const })),
    ];
    expect(summary(all)).toBe(text);
    expect(diagnosticsJson(all)).toMatchObject({ ok: errors === 0, errors, warnings });
  });
});

test('the JSON form is what the API and scripts read: stable keys, places from one', () => {
  const { diagnostics } = compileRunbook('---\nbelay: 1\nid: x\ntitle: X\nsverity: P1\n---\n## Do\n\n### A\n- [ ] a\n', 'x.runbook.md');
  expect(JSON.parse(JSON.stringify(diagnosticsJson(diagnostics)))).toMatchObject({
    ok: false,
    errors: 1,
    diagnostics: [{ rule: 'unknown-key', file: 'x.runbook.md', line: 5, column: 1, length: 7, didYouMean: 'severity' }],
  });
});
