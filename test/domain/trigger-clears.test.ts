// Edges of clearing, of the rest after an episode, and of re-opening it.
import { describe, expect, test } from 'vitest';
import { type Condition, compileRule } from '../../src/domain/condition.ts';
import type { SignalKind } from '../../src/domain/signal.ts';
import { INITIAL, type Look, usableLevel } from '../../src/domain/trigger-machine.ts';
import { ERRORS, QUEUE } from '../flows/detect-rules.ts';
import { ACT, cleared, FINE, MIDDLING, OVER, rule, Scope, SILENT, SUSPECT } from './scope-of-looks.ts';

describe('clearing', () => {
  const breached = (compiled = rule()): Scope => {
    const scope = new Scope(compiled);
    scope.looks([0, ACT], [500, ACT]);
    return scope;
  };

  test('takes the whole time of the clear rule, at the watermark', () => {
    expect(breached().looks([600, FINE], [899, FINE], [900, FINE])).toEqual(['', '', 'breached→cleared']);
    expect(breached().looks([600, FINE], [900, FINE, { watermark: 899 }], [950, FINE, { watermark: 900 }])).toEqual([
      '',
      '',
      'breached→cleared',
    ]);
  });

  test('begins anew when the value is not below the limit, with no traffic counted', () => {
    const scope = breached();
    scope.looks([600, FINE], [700, FINE], [800, MIDDLING]);
    expect(scope.state).toMatchObject({ belowSince: null, cleanBad: 0, cleanAll: 0 });
    expect(scope.looks([900, FINE], [1_199, FINE], [1_200, FINE])).toEqual(['', '', 'breached→cleared']);
  });

  test('keeps its time while it cannot be told, and does not end then', () => {
    const scope = breached();
    expect(scope.looks([600, FINE], [700, FINE], [950, SILENT], [960, FINE])).toEqual(['', '', '', 'breached→cleared']);
  });

  test('counts the traffic after the first look below the limit, and needs enough of it', () => {
    const scope = breached();
    // 149 clean events prove 2 %, 148 do not.
    expect(scope.looks([600, FINE, { newAll: 5_000 }], [900, FINE, { newAll: 148 }])).toEqual(['', '']);
    expect(scope.state).toMatchObject({ cleanBad: 0, cleanAll: 148 });
    expect(scope.look(910, FINE, { newAll: 1 })).toBe('breached→cleared');
  });

  test('counts a bad event that is told before the total that holds it', () => {
    const scope = breached();
    scope.looks([600, FINE], [650, FINE, { newBad: 30, newAll: 0 }], [660, FINE, { newBad: 0, newAll: 200 }]);
    expect(scope.state).toMatchObject({ cleanBad: 30, cleanAll: 200 });
    expect(scope.look(900, FINE, { newAll: 0 })).toBe('');
  });

  test('tells the bound that the traffic proved, and forgets it with the hold', () => {
    const scope = breached();
    scope.looks([600, FINE], [900, FINE, { newAll: 300 }]);
    expect(scope.told.at(-1)?.provenBelow).toBeCloseTo(1 - 0.05 ** (1 / 300), 12);
    expect(scope.state).toEqual({
      ...INITIAL,
      status: 'cleared',
      episode: 'ratio/acme/0',
      since: 0,
      clearedAt: 900,
    });
  });

  test('tells no bound where the signal has none', () => {
    const scope = breached(rule({ breach: { above: 5, overMs: 1_000, stillMs: 100, forMs: 500 }, clear: { below: 4, forMs: 300 } }, QUEUE));
    scope.looks([600, FINE], [900, FINE]);
    expect(scope.told.at(-1)).toMatchObject({ to: 'cleared' });
    expect(scope.told.at(-1)).not.toHaveProperty('provenBelow');
  });

  test('does not happen while the window is not covered, and then at once', () => {
    expect(breached().looks([600, FINE], [900, FINE, { warming: true }], [901, FINE])).toEqual(['', '', 'breached→cleared']);
  });

  test('of a probe takes as many good results as the signal says, of one where it says none', () => {
    const probe: SignalKind = { kind: 'probe', source: 'a', failing: 1, consecutive: 3 };
    const answers = (n: number): Partial<Look> => ({ newBad: 0, newAll: n, consecutive: 3 });
    expect(breached(rule({}, probe)).looks([600, FINE], [700, FINE, answers(2)], [900, FINE, answers(0)], [950, FINE, answers(1)])).toEqual(
      ['', '', '', 'breached→cleared'],
    );
    expect(breached(rule({}, probe)).looks([600, FINE], [900, FINE, { newAll: 1 }])).toEqual(['', 'breached→cleared']);
  });

  test('does not happen without a clear rule', () => {
    const { clear: _none, ...bare } = rule().rule;
    const scope = breached(compileRule(bare, ERRORS));
    expect(scope.looks([600, FINE], [900, FINE], [99_000, FINE])).toEqual(['', '', '']);
  });

  test('empties the running sum and keeps what was learnt', () => {
    const cusum = { sum: 7, bad: 3, all: 2_000, since: 0, expected: { usual: 0.003, enough: 9 }, expectedOf: 2_000 };
    const scope = breached();
    scope.state = { ...scope.state, cusum };
    scope.looks([600, FINE], [900, FINE], [1_900, FINE]);
    expect(scope.told.at(-2)?.to).toBe('cleared');
    expect(scope.state).toEqual({ ...INITIAL, cusum: { ...cusum, sum: 0 } });
  });

  test('of a suspect that people were told of starts with the telling', () => {
    const scope = new Scope();
    scope.looks([0, SUSPECT], [500, SUSPECT]);
    expect(scope.state).toMatchObject({ status: 'suspect', announced: true });
    expect(scope.looks([600, FINE], [899, FINE], [900, FINE])).toEqual(['', '', 'suspect→cleared']);
    expect(scope.state.announced).toBe(false);
  });
});

describe('the rest after an episode', () => {
  test('is over after the rearm time, to the millisecond, and then everything is forgotten', () => {
    const scope = cleared();
    expect(scope.look(1_899, FINE)).toBe('');
    expect(scope.look(1_900, FINE)).toBe('cleared→ok');
    expect(scope.state).toEqual(INITIAL);
    expect(scope.last[0]).toMatchObject({ episode: 'ratio/acme/0', since: 0 });
  });

  test('keeps where the data begins', () => {
    const scope = cleared();
    scope.looks([1_000, FINE, { gapMs: 10 }], [1_900, FINE]);
    expect(scope.state).toEqual({ ...INITIAL, coveredSince: 1_000 });
  });

  test('is not ended by evidence without a limit that is passed', () => {
    expect(cleared().looks([1_000, { ...MIDDLING, level: 'act' }], [1_100, { ...SILENT, level: 'act' }])).toEqual(['', '']);
  });

  test('ends in the same episode when a crossing begins in it', () => {
    const scope = cleared();
    expect(scope.look(1_899, ACT)).toBe('cleared→suspect');
    expect(scope.state).toMatchObject({ episode: 'ratio/acme/0', since: 0, reopened: 1, limitSince: 1_899, announced: false });
  });

  test('is over when a crossing begins after it, even if nobody looked in between: a new episode with a time of its own', () => {
    const scope = cleared();
    expect(scope.look(90_000, ACT)).toBe('cleared→ok ok→suspect');
    expect(scope.last.map(({ episode, since }) => [episode, since])).toEqual([
      ['ratio/acme/0', 0],
      ['ratio/acme/90000', 90_000],
    ]);
    expect(scope.state).toMatchObject({ reopened: 0, since: 90_000, clearedAt: null });
    expect(scope.look(90_500, ACT)).toBe('suspect→breached');
  });

  test('goes on while a crossing that began in it is not yet told from chance, and becomes the same episode when it is', () => {
    const scope = cleared();
    expect(scope.looks([1_500, OVER], [1_950, OVER], [2_000, SUSPECT])).toEqual(['', '', 'cleared→suspect suspect→suspect!']);
    expect(scope.state).toMatchObject({ episode: 'ratio/acme/0', reopened: 1 });
    const other = cleared();
    expect(other.looks([1_500, OVER], [1_950, OVER], [2_000, FINE])).toEqual(['', '', 'cleared→ok']);
  });

  test('keeps the hold of a mild crossing that began after it', () => {
    const scope = cleared();
    scope.look(2_000, OVER);
    expect(scope.state).toEqual({ ...INITIAL, limitSince: 2_000 });
    expect(scope.look(4_000, OVER)).toBe('ok→suspect suspect→suspect!');
    expect(scope.told.at(-1)?.episode).toBe('ratio/acme/2000');
  });

  test('that was broken for less than the hold goes on where it was', () => {
    const scope = cleared();
    expect(scope.looks([1_000, ACT], [1_100, MIDDLING])).toEqual(['cleared→suspect', 'suspect→cleared']);
    expect(scope.state).toMatchObject({ status: 'cleared', clearedAt: 900, reopened: 1, episode: 'ratio/acme/0' });
    expect(scope.look(1_900, FINE)).toBe('cleared→ok');
  });

  test('starts clean: what was below before counts for nothing after a re-opening', () => {
    const scope = cleared();
    scope.looks([1_000, SUSPECT], [1_500, SUSPECT]);
    expect(scope.state).toMatchObject({ status: 'suspect', announced: true, belowSince: null, cleanBad: 0, cleanAll: 0 });
  });
});

describe('re-opening', () => {
  test('three times takes the right to act alone from the episode, two times do not', () => {
    const scope = new Scope();
    scope.looks([0, ACT], [500, ACT]);
    let at = 500;
    const round = (): string[] => {
      scope.looks([at + 100, FINE], [at + 250, FINE], [at + 400, FINE]);
      const told = scope.looks([at + 500, ACT], [at + 1_000, ACT]);
      at += 1_000;
      return told;
    };
    expect(round()).toEqual(['cleared→suspect', 'suspect→breached']);
    expect(round()).toEqual(['cleared→suspect', 'suspect→breached']);
    expect(round()).toEqual(['cleared→suspect', 'suspect→suspect!']);
    expect(scope.state.reopened).toBe(3);
    expect(scope.told.at(-1)?.inputs.level).toBe('suspect');
  });
});

describe('the level that may be used', () => {
  const level = (condition: Condition, o: { reopened?: number; ceiling?: Look['ceiling'] } = {}) =>
    usableLevel({ ...INITIAL, reopened: o.reopened ?? 0 }, { condition, ceiling: o.ceiling ?? 'act' });

  test('is capped by the scope and by re-openings, and is none where the limit is not passed', () => {
    expect([level(ACT), level(ACT, { reopened: 2 }), level(ACT, { reopened: 3 }), level(ACT, { ceiling: 'suspect' })]).toEqual([
      'act',
      'act',
      'suspect',
      'suspect',
    ]);
    expect([level(SUSPECT), level(SUSPECT, { ceiling: 'suspect' }), level(OVER, { reopened: 3 })]).toEqual(['suspect', 'suspect', 'none']);
    expect([level({ ...ACT, limit: false }), level({ ...ACT, limit: null })]).toEqual(['none', 'none']);
  });
});
