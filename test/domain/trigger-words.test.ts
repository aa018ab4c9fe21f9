// What a transition carries, whom it is told to, what the store holds of a state.
import { describe, expect, test } from 'vitest';
import { compileRule } from '../../src/domain/condition.ts';
import { isTold, type TriggerStatus } from '../../src/domain/trigger.ts';
import { decodeState, encodeState, INITIAL } from '../../src/domain/trigger-machine.ts';
import { REQUESTS, trigger } from '../flows/detect-rules.ts';
import { ACT, rule, Scope } from './scope-of-looks.ts';

describe('what a transition carries', () => {
  test('is everything the decision was taken from', () => {
    const scope = new Scope();
    scope.look(40, ACT, { watermark: 30, warming: true, sources: ['shop', 'mail'] });
    expect(scope.told[0]).toEqual({
      trigger: 'ratio',
      scope: 'acme',
      episode: 'ratio/acme/40',
      from: 'ok',
      to: 'suspect',
      at: 40,
      since: 40,
      observedAt: 47,
      announced: false,
      inputs: {
        value: 0.3,
        bad: 300,
        all: 1_000,
        above: 0.02,
        overMs: 1_000,
        level: 'act',
        pValue: expect.any(Number),
        alpha: { suspect: 1e-3, act: 1e-5 },
        watermark: 30,
        sources: ['shop', 'mail'],
        unknown: false,
        warming: true,
      },
    });
    expect(scope.told[0]?.inputs.pValue).toBeLessThan(1e-100);
    for (const absent of ['report', 'provenBelow', 'heldUntil']) expect(scope.told[0]).not.toHaveProperty(absent);
    for (const absent of ['baseline', 'early']) expect(scope.told[0]?.inputs).not.toHaveProperty(absent);
  });

  test('is the report of a person and the baseline of a comparison, where there is one', () => {
    const scope = new Scope();
    scope.look(40, { ...ACT, compared: { bad: 7, all: 900, chance: 1e-9 } }, { report: { by: 'ana' }, scope: '' });
    expect(scope.told[0]).toMatchObject({ report: { by: 'ana' }, episode: 'ratio/*/40' });
    expect(scope.told[0]?.inputs).toMatchObject({ baseline: { bad: 7, all: 900 }, pValue: 1e-9 });
    const early = new Scope();
    early.look(40, { ...ACT, level: 'suspect', early: { usual: 0.004 } });
    expect(early.told[0]?.inputs).toMatchObject({ level: 'suspect', early: { usual: 0.004 } });
  });

  test('is the limit from below where too little is bad, and none where the rule has none', () => {
    const low = { breach: { below: 5, overMs: 1_000, stillMs: 100, forMs: 500 }, clear: { above: 6, forMs: 300 } };
    const one = new Scope(rule(low, REQUESTS));
    one.look(40, ACT);
    expect(one.told[0]?.inputs.above).toBe(5);
    const { breach: _none, ...manual } = trigger('manual', { rearmMs: 1_000 });
    const other = new Scope(compileRule(manual, { kind: 'manual', who: ['all'], ask: '?' }));
    other.look(40, ACT);
    expect(other.told[0]?.inputs).toMatchObject({ above: null, pValue: null });
  });
});

describe('a state in the store', () => {
  test('holds only what differs from the initial one', () => {
    expect(encodeState(INITIAL)).toEqual({});
    expect(encodeState({ ...INITIAL, status: 'suspect', reporters: ['ana'], pausedMs: 3 })).toEqual({
      status: 'suspect',
      reporters: ['ana'],
      pausedMs: 3,
    });
    expect(decodeState({ status: 'suspect', pausedMs: 3 })).toEqual({ ...INITIAL, status: 'suspect', pausedMs: 3 });
  });

  test('that is no object is the initial one', () => {
    for (const json of [null, 'x', 5, ['status']]) expect(decodeState(json)).toBe(INITIAL);
  });
});

describe('a change that people are told of', () => {
  test('is a breach, or a suspicion whose hold is over', () => {
    const told = (to: TriggerStatus, announced: boolean) => isTold({ to, announced });
    expect([told('breached', false), told('breached', true), told('suspect', true)]).toEqual([true, true, true]);
    expect([told('suspect', false), told('cleared', true), told('ok', true), told('ok', false)]).toEqual([false, false, false, false]);
  });
});
