// The published simulation of healthy fleets: how often each rule cries wolf. Fixed seed; zeros must stay zero.
import { describe, expect, test } from 'vitest';
import { criticalTable } from '../../src/domain/evidence-test.ts';
import { falseEdges, powerOf, type Rule } from '../world/fleet-simulation.ts';

const THRESHOLD = 0.02;

const above: Rule = (bad, all) => all > 0 && bad / all > THRESHOLD;
const guarded = (alpha: number): Rule => {
  const table = criticalTable(THRESHOLD, alpha);
  return (bad, all) => above(bad, all) && bad >= table.critical(all);
};
const RULES = {
  plain: above,
  'at least 20': (bad, all) => all >= 20 && above(bad, all),
  'at least 100': (bad, all) => all >= 100 && above(bad, all),
  'α = 1e-3': guarded(1e-3),
  'α = 1e-5': guarded(1e-5),
  'α = 1e-7': guarded(1e-7),
} as const satisfies Record<string, Rule>;

const simulate = (trueRate: number, seed: number) => falseEdges({ organizations: 10_000, minutes: 360, trueRate, seed }, RULES);

describe('false triggers of ten thousand healthy organizations in six hours', () => {
  const near = (found: number | undefined, published: number): void => {
    expect(found).toBeGreaterThan(published * 0.8);
    expect(found).toBeLessThan(published * 1.2);
  };

  test('at 0.3 % errors: thousands by the plain ratio, hundreds by a minimum count, none at act level', () => {
    const found = simulate(0.003, 12_345);
    near(found['plain'], 5_762);
    near(found['at least 20'], 5_058);
    near(found['at least 100'], 285);
    expect(found['α = 1e-3']).toBeLessThanOrEqual(4);
    expect(found['α = 1e-5']).toBe(0);
    expect(found['α = 1e-7']).toBe(0);
  });

  test('at exactly the threshold: the hard case, a dozen at act level and none at 1e-7', () => {
    const found = simulate(0.02, 12_345);
    near(found['plain'], 121_652);
    near(found['at least 100'], 95_519);
    // Published: 939 and 13, with the plain normal formula above 3,000 events. Here: 769 and 11 with it, 683 with its skewness term.
    near(found['α = 1e-3'], 683);
    expect(found['α = 1e-5']).toBeLessThan(13);
    expect(found['α = 1e-7']).toBe(0);
  });
});

describe('a step from 0.3 % errors is found within an hour at act level', () => {
  // Published: shares of 400 runs, in percent.
  test.each([
    [1, 1, 100],
    [1, 0.05, 1],
    [10, 1, 100],
    [10, 0.05, 27],
    [100, 1, 100],
    [100, 0.05, 100],
  ])('at %d requests a minute, to %d, about as often as was published', (perMinute, rate, published) => {
    const found = 100 * powerOf(RULES['α = 1e-5'], { perMinute, rate, runs: 2_000, withinMinutes: 60, seed: 12_345 });
    expect(Math.abs(found - published)).toBeLessThanOrEqual(5);
  });
});
