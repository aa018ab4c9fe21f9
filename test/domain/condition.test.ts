// Limits of clearing, where the trigger writes none of its own.
import { expect, test } from 'vitest';
import { compileRule, lookAtGauge, lookAtRate, lookAtRatio } from '../../src/domain/condition.ts';
import { ERRORS, QUEUE, REQUESTS, trigger } from '../flows/detect-rules.ts';

const MINUTE = 60_000;
const ruleOf = (breach: { readonly above?: number; readonly below?: number }, kind: Parameters<typeof compileRule>[1]) =>
  compileRule(trigger('a', { breach: { overMs: MINUTE, stillMs: MINUTE, forMs: 0, ...breach }, clear: { forMs: MINUTE } }), kind);
const gauge = (breach: { readonly above?: number; readonly below?: number }, value: number) =>
  lookAtGauge(ruleOf(breach, QUEUE), [{ sum: value * MINUTE, all: MINUTE }], [{ sum: value * MINUTE, all: MINUTE }], false);

test('a clear limit that is not written is the one of the breach: what breaches above 0 is clear at 0 and not before', () => {
  expect(gauge({ above: 0 }, 0)).toMatchObject({ limit: false, below: true });
  expect(gauge({ above: 0 }, 1)).toMatchObject({ limit: true, below: false });
  expect(gauge({ below: 5 }, 5)).toMatchObject({ limit: false, below: true });
  expect(gauge({ below: 5 }, 4)).toMatchObject({ limit: true, below: false });
});

test('the same holds for shares and rates', () => {
  const share = (bad: number) => lookAtRatio(ruleOf({ above: 0.02 }, ERRORS), { bad, all: 100 }, { bad, all: 100 }, false).below;
  expect([share(1), share(2), share(3)]).toEqual([true, true, false]);
  const rate = (all: number) => lookAtRate(ruleOf({ above: 10 }, REQUESTS), { bad: 0, all }, { bad: 0, all }).below;
  expect([rate(10), rate(11)]).toEqual([true, false]);
});
