// Inputs as they are typed behind --input: a time is one instant, wherever it is typed.
import { expect, test } from 'vitest';
import { inputsOf } from '../../src/cli/plan-of.ts';

const read = (text: string) =>
  inputsOf({ options: { input: [`at=${text}`] }, args: [] } as unknown as Parameters<typeof inputsOf>[0], {
    at: { type: 'time', required: true },
  });

test.each([
  ['2026-03-01T14:35:00Z', '2026-03-01T14:35:00Z'],
  ['2026-03-01 14:35-03:00', '2026-03-01T17:35:00Z'],
])('an input of a time that is typed as %s is one instant', (text, at) => {
  expect(read(text)).toEqual({ at: Date.parse(at) });
});

test.each(['2026-03-01T14:35', '2026-03-01', '03/04/2026 14:35', '10', '2026-02-30T14:35Z'])(
  'an input of a time that is typed as %s is refused with what to type',
  (text) => {
    expect(() => read(text)).toThrow('2026-03-01T14:35-03:00');
  },
);
