// A figure of a rule is replaced by one that is tried, in the words of belay.yaml; what cannot be read changes nothing.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SETTABLE, tryRule } from '../../src/config/try-rule.ts';
import type { TriggerRule } from '../../src/domain/trigger.ts';

const MIN = 60_000;
const RULE: TriggerRule = {
  ...{ id: 't', signal: 's', scope: 'org', mode: 'shadow', gap: 'hold', evidence: { suspect: 0.01, act: 0.0001 }, rearmMs: 5 * MIN },
  breach: { above: 0.02, overMs: 5 * MIN, stillMs: 25_000, forMs: 0 },
};
const breachOf = (name: string, written: string, rule = RULE) => {
  const tried = tryRule(rule, name, written);
  return tried.ok ? tried.rule.breach : tried.why;
};

describe('a rule that is tried', () => {
  test('has the new limit, window or time to hold, and all else as it is written', () => {
    expect(breachOf('above', '3%')).toEqual({ ...RULE.breach, above: 0.03 });
    expect(breachOf('for', '2m')).toEqual({ ...RULE.breach, forMs: 2 * MIN });
    expect(breachOf('still', '1m')).toEqual({ ...RULE.breach, stillMs: MIN });
    const over = tryRule(RULE, 'over', '12m');
    expect(over.ok && [over.rule.breach?.overMs, over.rule.breach?.stillMs, over.rule.rearmMs]).toEqual([12 * MIN, MIN, 12 * MIN]);
  });

  test('has one limit: below takes the place of above, and of a comparison it is how many times', () => {
    expect(breachOf('below', '10/min')).toEqual({ below: 10, overMs: 5 * MIN, stillMs: 25_000, forMs: 0 });
    const vs = { ...RULE, breach: { overMs: MIN, stillMs: 0, forMs: 0, vs: { with: 'others', times: 3, least: 10 } } } as const;
    expect(breachOf('above', '5x', vs)).toMatchObject({ vs: { times: 5 } });
  });

  test.each([
    ['above', '300%', 'unreadable'],
    ['above', 'much', 'unreadable'],
    ['over', '0s', 'unreadable'],
    ['over', '5 apples', 'unreadable'],
    ['colour', 'red', 'no-such-figure'],
  ])('is refused for %s=%s', (name, written, why) => {
    expect(breachOf(name, written)).toBe(why);
  });

  test('of any text is a rule of finite figures, or refused, and never thrown at', () => {
    const figure = fc.oneof(fc.string({ maxLength: 40 }), fc.stringMatching(/^-?[0-9]{0,12}([.e][0-9]{1,3})?(%|x|m|h|d|w|ms|\/min|\/s)?$/));
    const name = fc.oneof(fc.constantFrom(...SETTABLE), fc.string({ maxLength: 12 }));
    fc.assert(
      fc.property(name, figure, (one, written) => {
        const tried = tryRule(RULE, one, written);
        const { above = 0, below = 0, overMs = 1, stillMs = 0, forMs = 0 } = (tried.ok ? tried.rule.breach : undefined) ?? {};
        return overMs > 0 && [above, below, overMs, stillMs, forMs].every(Number.isFinite);
      }),
      { numRuns: 10_000 },
    );
  });

  test('is refused where there is no breach to change', () => {
    const { breach: _breach, ...manual } = RULE;
    for (const name of SETTABLE) expect(tryRule(manual, name, '1m')).toEqual({ ok: false, why: 'no-breach' });
  });
});
