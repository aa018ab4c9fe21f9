// Texts of a form as inputs of a runbook: each type, what is wrong with each, and nothing that a stranger writes breaks it.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { InputSpec, Runbook } from '../../src/domain/ir.ts';
import { readInputs } from '../../src/server/run-inputs.ts';
import { SYSTEM } from './story-system.ts';

const one = (spec: Partial<InputSpec>, text: string) => {
  const { values, problems } = readInputs(
    { inputs: { x: { type: 'string', required: true, ...spec } } } as unknown as Runbook,
    { x: text },
    SYSTEM,
  );
  return problems['x'] ?? values['x'];
};

test.each<readonly [Partial<InputSpec>, string, unknown]>([
  [{}, '  acme ', 'acme'],
  [{}, '', 'missing'],
  [{ required: false }, '', undefined],
  [{ default: 'x' }, '', undefined],
  [{ type: 'int' }, '-3', -3],
  [{ type: 'int' }, '3.5', 'notInt'],
  [{ type: 'bool' }, 'true', true],
  [{ type: 'bool' }, 'sim', 'notOne'],
  [{ type: 'duration' }, '15m', 900_000],
  [{ type: 'duration' }, '15', 'notDuration'],
  // On the wall clock of the system, which is three hours behind.
  [{ type: 'time' }, '2026-03-01T14:35', Date.parse('2026-03-01T17:35:00Z')],
  [{ type: 'time' }, '2026-03-01T14:35:00Z', Date.parse('2026-03-01T14:35:00Z')],
  [{ type: 'time' }, '2026-03-01 14:35', Date.parse('2026-03-01T17:35:00Z')],
  [{ type: 'time' }, '2026-03-01T14:35+01:00', Date.parse('2026-03-01T13:35:00Z')],
  [{ type: 'time' }, '2026-13-41T14:35', 'notTime'],
  [{ type: 'time' }, '03/04/2026 14:35', 'notTime'],
  [{ type: 'time' }, '10', 'notTime'],
  [{ type: 'time' }, '2026-02-30T14:35', 'notTime'],
  [{ type: 'time' }, '2026-04-31T14:35Z', 'notTime'],
  [{ type: 'time' }, '2026-02-28T24:00', 'notTime'],
  [{ type: 'time' }, '2026-03-01T14:35:00.5', Date.parse('2026-03-01T17:35:00Z')],
  [{ type: 'org' }, 'acme', 'acme'],
  [{ type: 'org' }, 'nobody', 'notOne'],
  [{ type: 'component' }, 'shop', 'shop'],
  [{ type: 'component' }, 'shops', 'notOne'],
  [{ oneOf: ['slow', 'fast'] }, 'slow', 'slow'],
  [{ oneOf: ['slow', 'fast'] }, 'medium', 'notOne'],
  [{ type: 'int', oneOf: [1, 2] }, '2', 2],
])('an input %j that is written %j is %j', (spec, text, wanted) => {
  expect(one(spec, text)).toBe(wanted);
});

test('whatever is written is a value of its type or told to be wrong, and what the runbook does not know is left out', () => {
  const types = ['string', 'int', 'bool', 'duration', 'time', 'org', 'release', 'backup', 'component'] as const;
  const inputs = Object.fromEntries(types.map((type) => [type, { type, required: true }]));
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('true', '9'.repeat(400), '2026-03-01T14:35', '__proto__', '1e9', '15m'),
  );
  fc.assert(
    fc.property(fc.record({ ...Object.fromEntries(types.map((type) => [type, text])), other: text, constructor: text }), (texts) => {
      const { values, problems } = readInputs({ inputs } as unknown as Runbook, texts as Record<string, string>, SYSTEM);
      expect([...Object.keys(values), ...Object.keys(problems)].toSorted()).toEqual([...types].toSorted());
      for (const value of Object.values(values)) if (typeof value === 'number') expect(Number.isSafeInteger(value)).toBe(true);
    }),
    { numRuns: 10_000 },
  );
});
