// A check of a sampled value: it passes or fails only where the whole interval does, also where its condition is a band.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createCel } from '../../src/adapters/cel/index.ts';
import { runCheck } from '../../src/flows/checks.ts';
import type { Probe } from '../../src/ports/probe.ts';

const expression = createCel();

async function judged(condition: string, [value, lower, upper]: readonly [number, number, number]): Promise<string> {
  const values = { value, lower, upper, bad: 1, all: 100, growing: false };
  const metric = { measure: async () => ({ known: true, values, interval: { lower, upper } }) } as unknown as Probe;
  return (await runCheck({ probes: { metric }, expression }, { probe: 'metric', with: {}, expect: condition }, () => undefined)).result;
}

test.each([
  ['value < 0.02', [0.01, 0.005, 0.019], 'pass'],
  ['value < 0.02', [0.05, 0.03, 0.09], 'fail'],
  ['value < 0.02', [0.0, 0.0, 0.095], 'inconclusive'],
  ['value > 0.1 && value < 0.2', [0.15, 0.12, 0.18], 'pass'],
  // The point and both ends are beside the band, and the value may be in it all the same.
  ['value > 0.1 && value < 0.2', [0.22, 0.05, 0.25], 'inconclusive'],
  ['value > 0.1 && value < 0.2', [0.3, 0.25, 0.4], 'fail'],
  // The point and both ends are beside what is forbidden, and the value may be in it all the same.
  ['value < 0.1 || value > 0.2', [0.22, 0.05, 0.25], 'inconclusive'],
  ['value < 0.1 || value > 0.2', [0.22, 0.21, 0.25], 'pass'],
  // No number stands beside the value itself.
  ['(value - 0.5) * (value - 0.5) > 0.01', [0.3, 0.2, 0.9], 'inconclusive'],
] as const)('%s of %j is %s', async (condition, sample, result) => {
  expect(await judged(condition, sample)).toBe(result);
});

test('a band of any two numbers is told for sure only where the whole interval is within it, or the whole is beside it', async () => {
  const share = fc.integer({ min: 0, max: 1_000 }).map((one) => one / 1_000);
  await fc.assert(
    fc.asyncProperty(share, share, share, share, share, async (a, b, c, d, e) => {
      const [low, high] = [Math.min(a, b), Math.max(a, b)];
      const [lower = 0, value = 0, upper = 0] = [c, d, e].toSorted((x, y) => x - y);
      const result = await judged(`value > ${low.toFixed(3)} && value < ${high.toFixed(3)}`, [value, lower, upper]);
      if (result === 'pass') expect(low < lower && upper < high).toBe(true);
      // A band that is touched at its edge alone holds no value of the interval.
      if (result === 'fail') expect(upper <= low || lower >= high || low === high).toBe(true);
    }),
    { numRuns: 2_000 },
  );
});
