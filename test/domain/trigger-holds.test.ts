// Edges of holds and gaps: the last millisecond, pauses, what persists, what nobody saw.
import { describe, expect, test } from 'vitest';
import type { Condition } from '../../src/domain/condition.ts';
import type { SignalKind } from '../../src/domain/signal.ts';
import type { TriggerRule } from '../../src/domain/trigger.ts';
import { INITIAL, isQuiet, type Look, step } from '../../src/domain/trigger-machine.ts';
import { LATENCY, QUEUE, REQUESTS, SILENCE } from '../flows/detect-rules.ts';
import { ACT, FINE, MIDDLING, OVER, rule, Scope, SILENT, SUSPECT } from './scope-of-looks.ts';

describe('a hold', () => {
  test('is over at its last millisecond and not before', () => {
    expect(new Scope().looks([100, ACT], [599, ACT], [600, ACT])).toEqual(['ok→suspect', '', 'suspect→breached']);
  });

  test('of no length breaches with the first look that the watermark has reached', () => {
    const at = { breach: { above: 0.02, overMs: 1_000, stillMs: 100, forMs: 0 } };
    expect(new Scope(rule(at)).look(100, ACT)).toBe('ok→suspect suspect→breached');
    expect(new Scope(rule(at)).looks([100, ACT, { watermark: 99 }], [150, ACT, { watermark: 100 }])).toEqual([
      'ok→suspect',
      'suspect→breached',
    ]);
  });

  test('waits while the limit cannot be told, from the first such look to the first other one', () => {
    const scope = new Scope();
    expect(scope.looks([0, ACT], [200, SILENT], [300, SILENT], [700, ACT], [999, ACT], [1_000, ACT])).toEqual([
      'ok→suspect',
      '',
      '',
      '',
      '',
      'suspect→breached',
    ]);
    expect(scope.state.pausedMs).toBe(500);
  });

  test('does not end while the limit cannot be told, however long ago it began', () => {
    const scope = new Scope();
    scope.look(0, ACT);
    expect(scope.look(600, { ...SILENT, level: 'act' })).toBe('');
  });

  test('adds up its pauses, and a new one starts with none', () => {
    const scope = new Scope();
    scope.looks([0, ACT], [100, SILENT], [200, ACT], [300, SILENT], [450, ACT]);
    expect(scope.state).toMatchObject({ limitSince: 0, pausedMs: 250, pausedSince: null });
    expect(scope.look(500, MIDDLING)).toBe('suspect→ok');
    scope.look(600, ACT);
    expect(scope.state).toMatchObject({ limitSince: 600, pausedMs: 0, pausedSince: null, since: 600 });
  });

  test('that breaks after people were told begins anew, and the episode goes on', () => {
    const scope = new Scope();
    scope.looks([0, SUSPECT], [500, SUSPECT], [550, SILENT], [600, MIDDLING]);
    expect(scope.state).toMatchObject({ status: 'suspect', announced: true, limitSince: null, pausedMs: 0, pausedSince: null });
    expect(scope.looks([700, ACT], [1_199, ACT], [1_200, ACT])).toEqual(['', '', 'suspect→breached']);
    expect(scope.told.map((one) => one.episode)).toEqual(['ratio/acme/0', 'ratio/acme/0', 'ratio/acme/0']);
  });

  test('of evidence that has faded neither tells nor ends anything while the limit is passed', () => {
    const scope = new Scope();
    expect(scope.looks([0, SUSPECT], [600, OVER], [700, SUSPECT])).toEqual(['ok→suspect', '', 'suspect→suspect!']);
  });

  test('is told of once', () => {
    expect(new Scope().looks([0, SUSPECT], [500, SUSPECT], [600, SUSPECT], [900, SUSPECT])).toEqual([
      'ok→suspect',
      'suspect→suspect!',
      '',
      '',
    ]);
  });
});

describe('a hold that counts from between two looks', () => {
  // 300 bad ones of 1,000 came since the look before: the limit of 20 was crossed after the first fifteenth of that time.
  const burst = (spanMs: number): Partial<Look> => ({ newBad: 300, spanMs });

  test('counts from the crossing where looks are closer than the hold is long', () => {
    const scope = new Scope();
    scope.looks([0, FINE], [150, ACT, burst(150)]);
    expect(scope.state.limitSince).toBe(10);
    expect(scope.looks([509, ACT], [510, ACT])).toEqual(['', 'suspect→breached']);
  });

  test('is not over at the look that first saw it, however long ago the look before was', () => {
    const scope = new Scope();
    expect(scope.looks([0, FINE], [9_000, ACT, burst(9_000)], [9_010, ACT, burst(10)])).toEqual(['', 'ok→suspect', '']);
    expect(scope.state.limitSince).toBe(8_750);
    expect(scope.looks([9_249, ACT], [9_250, ACT])).toEqual(['', 'suspect→breached']);
  });

  test('never begins behind the look, also where time seems to have gone back since the look before', () => {
    const scope = new Scope();
    scope.look(100, ACT, burst(-90));
    expect(scope.state.limitSince).toBe(100);
  });
});

describe('a limit that is merely passed', () => {
  const THIRD = { ...OVER, bad: 3 };

  test('is asked about after twice the window, to the millisecond', () => {
    expect(new Scope().looks([0, OVER], [1_999, OVER], [2_000, OVER])).toEqual(['', '', 'ok→suspect suspect→suspect!']);
  });

  test('needs three bad events', () => {
    expect(new Scope().looks([0, THIRD], [2_000, THIRD])[1]).not.toBe('');
    expect(new Scope().looks([0, THIRD], [2_000, { ...THIRD, bad: 2 }])[1]).toBe('');
  });

  test('needs none where too little is what is bad, or where the signal counts no bad events', () => {
    const few = { ...OVER, bad: 0 };
    const low = { breach: { below: 5, overMs: 1_000, stillMs: 100, forMs: 500 }, clear: { above: 6, forMs: 300 } };
    expect(new Scope(rule(low, REQUESTS)).looks([0, few], [2_000, few])[1]).not.toBe('');
    const counts: SignalKind = { kind: 'count', of: { name: 'a', labels: [] } };
    const kinds: SignalKind[] = [
      ...[QUEUE, LATENCY, SILENCE, counts],
      { ...counts, kind: 'event' },
      { ...counts, kind: 'age' },
      { ...counts, kind: 'distinct', label: 'user' },
    ];
    for (const kind of [...kinds, { kind: 'composite', of: ['a'], atLeast: 1 } as const])
      expect([kind.kind, new Scope(rule({}, kind)).looks([0, few], [2_000, few])[1]]).toEqual([kind.kind, 'ok→suspect suspect→suspect!']);
    expect(new Scope(rule({}, REQUESTS)).looks([0, few], [2_000, few])[1]).toBe('');
    expect(new Scope(rule()).looks([0, few], [2_000, few])[1]).toBe('');
  });

  test('does not count the time in which nobody could tell', () => {
    expect(new Scope().looks([0, OVER], [500, SILENT], [1_000, OVER], [2_499, OVER], [2_500, OVER])).toEqual([
      '',
      '',
      '',
      '',
      'ok→suspect suspect→suspect!',
    ]);
  });

  test('dates the episode from its first crossing, not from the look that asked', () => {
    const scope = new Scope();
    scope.looks([100, OVER], [700, SUSPECT]);
    expect(scope.told[0]).toMatchObject({ at: 700, since: 100, episode: 'ratio/acme/100' });
  });
});

describe('a gap', () => {
  const withGap = (gap: TriggerRule['gap'], ...looks: readonly (readonly [number, Condition, Partial<Look>?])[]) => {
    const scope = new Scope(rule({ gap }));
    scope.looks(...looks);
    return scope;
  };

  test('is remembered as the instant from which the window is covered, whatever it does to holds', () => {
    for (const gap of ['hold', 'count', 'reset'] as const)
      expect(withGap(gap, [100, FINE], [400, FINE, { gapMs: 200 }]).state).toEqual({ ...INITIAL, coveredSince: 400 });
  });

  test('does not touch a hold that is not running', () => {
    expect(withGap('hold', [100, FINE, { gapMs: 50 }], [200, ACT]).state).toMatchObject({ limitSince: 200, pausedMs: 0 });
  });

  test('in a hold makes it longer by itself, and by nothing where gaps count', () => {
    const looks = [
      [0, ACT],
      [100, ACT],
      [300, ACT, { gapMs: 150 }],
    ] as const;
    expect(withGap('hold', ...looks).state).toMatchObject({ limitSince: 0, pausedMs: 150 });
    expect(withGap('count', ...looks).state).toMatchObject({ limitSince: 0, pausedMs: 0 });
    const scope = withGap('hold', ...looks, [400, ACT, { gapMs: 20 }]);
    expect(scope.looks([669, ACT], [670, ACT])).toEqual(['', 'suspect→breached']);
  });

  test('inside a pause is not counted twice', () => {
    const { state } = withGap('hold', [0, ACT], [100, SILENT], [300, SILENT, { gapMs: 150 }], [400, ACT]);
    expect(state).toMatchObject({ pausedMs: 300, pausedSince: null });
  });

  test('moves the beginning of the clean time, and leaves it alone where gaps count', () => {
    const looks = [
      [0, ACT],
      [500, ACT],
      [600, FINE],
      [800, FINE, { gapMs: 150 }],
    ] as const;
    expect(withGap('hold', ...looks).state.belowSince).toBe(750);
    expect(withGap('count', ...looks).state.belowSince).toBe(600);
    expect(withGap('reset', ...looks).state.belowSince).toBe(800);
  });

  test('resets the hold, its pauses and the clean traffic where the trigger says so', () => {
    const held = withGap('reset', [0, SUSPECT], [100, SILENT], [150, SUSPECT], [300, SILENT, { gapMs: 50 }]);
    expect(held.state).toMatchObject({ status: 'suspect', limitSince: null, pausedMs: 0, pausedSince: null });
    const clean = withGap('reset', [0, ACT], [500, ACT], [600, FINE], [700, FINE], [800, SILENT, { gapMs: 50 }]);
    expect(clean.state).toMatchObject({ status: 'breached', belowSince: null, cleanBad: 0, cleanAll: 0 });
    const kept = withGap('count', [0, ACT], [500, ACT], [600, FINE], [700, FINE], [800, SILENT, { gapMs: 50 }]);
    expect(kept.state).toMatchObject({ belowSince: 600, cleanAll: 1_000 });
  });
});

describe('a near miss', () => {
  test('is told with the episode that it was, and leaves nothing behind', () => {
    const scope = new Scope();
    scope.looks([50, FINE, { gapMs: 10 }], [100, ACT], [200, MIDDLING]);
    expect(scope.last[0]).toMatchObject({ from: 'suspect', to: 'ok', episode: 'ratio/acme/100', since: 100 });
    expect(scope.state).toEqual({ ...INITIAL, coveredSince: 50 });
  });
});

describe('a look that finds nothing', () => {
  test('is one at rest, without a hold, whose limit is not passed', () => {
    expect([isQuiet(INITIAL, false), isQuiet(INITIAL, null), isQuiet(INITIAL, true)]).toEqual([true, true, false]);
    expect(isQuiet({ ...INITIAL, limitSince: 5 }, false)).toBe(false);
    expect(isQuiet({ ...INITIAL, status: 'cleared' }, false)).toBe(false);
  });

  test('gives back the very state, so that nothing is written', () => {
    const looked = step(rule(), INITIAL, {
      condition: FINE,
      at: 5,
      watermark: 5,
      now: 5,
      newBad: 0,
      newAll: 9,
      spanMs: 0,
      gapMs: 0,
      warming: false,
      ceiling: 'act',
      sources: [],
      trigger: 'ratio',
      scope: '',
    });
    expect(looked).toEqual({ state: INITIAL, transitions: [] });
    expect(looked.state).toBe(INITIAL);
  });

  test('changes nothing of a state that waits either', () => {
    const scope = new Scope();
    scope.looks([0, ACT], [100, SILENT]);
    const before = scope.state;
    scope.look(200, SILENT);
    expect(scope.state).toBe(before);
    const rested = new Scope();
    rested.looks([0, ACT], [500, ACT], [600, MIDDLING]);
    const middling = rested.state;
    rested.look(700, MIDDLING);
    expect(rested.state).toBe(middling);
    rested.look(800, SILENT);
    expect(rested.state).toBe(middling);
    rested.look(850, FINE);
    const below = rested.state;
    rested.look(900, FINE, { newAll: 0 });
    expect(rested.state).toBe(below);
  });
});
