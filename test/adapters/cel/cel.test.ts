// CEL keeps the contract of expressions, whatever the source, and is fast enough to be asked every second.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createCel } from '../../../src/adapters/cel/index.ts';
import { expressionContract } from '../../contracts/expression.ts';

describe('cel', () => expressionContract(createCel));

test('no source and no value makes it throw, and what does not check is never evaluated', () => {
  const cel = createCel();
  const piece = fc.constantFrom(
    'bad',
    'value',
    '0',
    '0.0',
    '==',
    '<',
    '/',
    '&&',
    '(',
    ')',
    '"',
    '.',
    'x',
    ' ',
    '[',
    ']',
    'all(x, x)',
    'size',
    '-',
    '?',
    ':',
    '\n',
    '\\u',
    'has(',
    '1e999',
    "b'",
    '{',
    '}',
  );
  const source = fc.oneof(
    fc.string({ maxLength: 30 }),
    fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join('')),
  );
  const value = fc.oneof(
    fc.constant(Number.NaN),
    fc.constant(null),
    fc.integer(),
    fc.double(),
    fc.string(),
    fc.constant(undefined),
    fc.object(),
  );
  fc.assert(
    fc.property(source, value, value, (text, bad, fraction) => {
      const names = { bad: 'int', value: 'double' } as const;
      const problems = cel.check(text, names, 'bool');
      const answer = cel.evaluate(text, names, { bad, value: fraction });
      for (const problem of problems) expect(problem.offset).toBeGreaterThanOrEqual(0);
      if (problems.length === 0 && answer.ok) expect(typeof answer.value).toBe('boolean');
    }),
    { numRuns: 2000 },
  );
});

test('an evaluation takes less than 100 µs once it is compiled', () => {
  const cel = createCel();
  const names = { bad: 'int', all: 'int' } as const;
  cel.evaluate('bad == 0 && all >= 1', names, { bad: 0, all: 1 });
  const started = performance.now();
  for (let round = 0; round < 5000; round += 1) cel.evaluate('bad == 0 && all >= 1', names, { bad: round, all: 1 });
  expect((performance.now() - started) / 5000).toBeLessThan(0.1);
});
