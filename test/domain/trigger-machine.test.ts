// The automaton of one scope, by table and by properties over arbitrary looks.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Condition, compileRule } from '../../src/domain/condition.ts';
import type { Transition, TriggerRule } from '../../src/domain/trigger.ts';
import { decodeState, encodeState, INITIAL, type Look, type MachineState, step } from '../../src/domain/trigger-machine.ts';
import { ERRORS, trigger } from '../flows/detect-rules.ts';

const MINUTE = 60_000;
const rule = (o: Partial<TriggerRule> = {}) =>
  compileRule(
    trigger('ratio', {
      breach: { above: 0.02, overMs: 10 * MINUTE, stillMs: MINUTE, forMs: 5 * MINUTE },
      clear: { below: 0.01, forMs: 3 * MINUTE },
      rearmMs: 10 * MINUTE,
      ...o,
    }),
    ERRORS,
  );

const CONDITIONS = {
  fine: { value: 0.001, bad: 1, all: 1_000, limit: false, level: 'none', below: true, still: false },
  middling: { value: 0.015, bad: 15, all: 1_000, limit: false, level: 'none', below: false, still: false },
  over: { value: 0.021, bad: 21, all: 1_000, limit: true, level: 'none', below: false, still: true },
  suspect: { value: 0.04, bad: 40, all: 1_000, limit: true, level: 'suspect', below: false, still: true },
  act: { value: 0.3, bad: 300, all: 1_000, limit: true, level: 'act', below: false, still: true },
  silent: { value: null, bad: 0, all: 0, limit: null, level: 'none', below: null, still: false },
} as const satisfies Record<string, Condition>;
type Kind = keyof typeof CONDITIONS;

const lookAt = (at: number, kind: Kind, o: Partial<Look> = {}): Look => ({
  condition: CONDITIONS[kind],
  at,
  watermark: at,
  now: at + 5,
  newBad: kind === 'fine' ? 1 : 10,
  newAll: kind === 'silent' ? 0 : 1_000,
  spanMs: 0,
  gapMs: 0,
  warming: false,
  ceiling: 'act',
  sources: ['shop'],
  trigger: 'ratio',
  scope: 'acme',
  ...o,
});

function play(
  kinds: readonly (Kind | [Kind, Partial<Look>])[],
  compiled = rule(),
): { state: MachineState; told: Transition[]; path: string[] } {
  let state = INITIAL;
  const told: Transition[] = [];
  for (const [minute, entry] of kinds.entries()) {
    const [kind, o] = typeof entry === 'string' ? [entry, {}] : entry;
    const stepped = step(compiled, state, lookAt(minute * MINUTE, kind, o));
    state = stepped.state;
    told.push(...stepped.transitions);
  }
  return {
    state,
    told,
    path: told.map((one) => `${one.at / MINUTE}:${one.from}→${one.to}${one.announced && one.to === 'suspect' ? '!' : ''}`),
  };
}
const times = <T>(n: number, value: T): T[] => Array.from({ length: n }, () => value);

describe('the table of states', () => {
  const cases: readonly (readonly [
    name: string,
    kinds: readonly (Kind | [Kind, Partial<Look>])[],
    path: readonly string[],
    compiled?: () => ReturnType<typeof rule>,
  ])[] = [
    [
      'significant evidence is suspected at once and breaches when the hold is over',
      ['fine', ...times(8, 'act' as const)],
      ['1:ok→suspect', '6:suspect→breached'],
    ],
    [
      'evidence that asks but does not act is announced when the hold is over',
      ['fine', ...times(8, 'suspect' as const)],
      ['1:ok→suspect', '6:suspect→suspect!'],
    ],
    [
      'stronger evidence later turns an announced suspect into a breach',
      ['fine', ...times(7, 'suspect' as const), 'act'],
      ['1:ok→suspect', '6:suspect→suspect!', '8:suspect→breached'],
    ],
    [
      'a limit that is no longer passed before anybody was told is a near miss',
      ['fine', 'act', 'act', 'middling', 'fine'],
      ['1:ok→suspect', '3:suspect→ok'],
    ],
    [
      'a break of the limit starts the hold anew',
      ['act', 'act', 'act', 'middling', ...times(6, 'act' as const)],
      ['0:ok→suspect', '3:suspect→ok', '4:ok→suspect', '9:suspect→breached'],
    ],
    [
      'silence neither breaks nor fills the hold',
      ['act', 'act', ...times(10, 'silent' as const), ...times(6, 'act' as const)],
      ['0:ok→suspect', '15:suspect→breached'],
    ],
    ['what merely persists is asked about after twice the window', times(24, 'over' as const), ['20:ok→suspect', '20:suspect→suspect!']],
    [
      'an announced suspect ends by the clear rule only',
      [...times(6, 'suspect' as const), ...times(4, 'middling' as const), ...times(5, 'fine' as const)],
      ['0:ok→suspect', '5:suspect→suspect!', '13:suspect→cleared'],
    ],
    [
      'a breach is over after clean traffic, and its episode after the rearm time',
      [...times(6, 'act' as const), ...times(15, 'fine' as const)],
      ['0:ok→suspect', '5:suspect→breached', '9:breached→cleared', '19:cleared→ok'],
    ],
    [
      'a crossing inside the rearm time opens the same episode again',
      [...times(6, 'act' as const), ...times(4, 'fine' as const), ...times(6, 'act' as const)],
      ['0:ok→suspect', '5:suspect→breached', '9:breached→cleared', '10:cleared→suspect', '15:suspect→breached'],
    ],
    [
      'nothing clears while the window is not covered',
      [...times(6, 'act' as const), ...times(9, ['fine', { warming: true }] as [Kind, Partial<Look>])],
      ['0:ok→suspect', '5:suspect→breached'],
    ],
    [
      'nothing breaches while the window is not covered',
      times(9, ['act', { warming: true }] as [Kind, Partial<Look>]),
      ['0:ok→suspect', '5:suspect→suspect!'],
    ],
    [
      'a capped scope asks and never breaches',
      times(9, ['act', { ceiling: 'suspect' }] as [Kind, Partial<Look>]),
      ['0:ok→suspect', '5:suspect→suspect!'],
    ],
    [
      'a trigger without a clear rule never clears',
      [...times(6, 'act' as const), ...times(60, 'fine' as const)],
      ['0:ok→suspect', '5:suspect→breached'],
      () => compileRule({ ...withoutClear() }, ERRORS),
    ],
  ];

  for (const [name, kinds, path, compiled] of cases) {
    test(name, () => {
      expect(play(kinds, (compiled ?? rule)()).path).toEqual(path);
    });
  }

  test('the watermark, not the newest event, ends a hold', () => {
    const behind = (minute: number): [Kind, Partial<Look>] => ['act', { watermark: (minute - 2) * MINUTE }];
    expect(play(Array.from({ length: 9 }, (_, minute) => behind(minute))).path).toEqual(['0:ok→suspect', '7:suspect→breached']);
  });

  test('a gap is held, counted or resets the hold, as the trigger says', () => {
    const kinds: (Kind | [Kind, Partial<Look>])[] = ['act', 'act', 'act', ['act', { gapMs: MINUTE }], ...times(6, 'act' as const)];
    const breach = (gap: TriggerRule['gap']) => play(kinds, rule({ gap })).path.find((one) => one.endsWith('→breached'));
    expect(breach('count')).toBe('5:suspect→breached');
    expect(breach('hold')).toBe('6:suspect→breached');
    expect(breach('reset')).toBe('8:suspect→breached');
  });

  test('the bound that clean traffic proved is told', () => {
    const { told } = play([...times(6, 'act' as const), ...times(4, 'fine' as const)]);
    const bound = told.at(-1)?.provenBelow ?? 1;
    expect(bound).toBeGreaterThan(0.001);
    expect(bound).toBeLessThan(0.02);
  });
});

function withoutClear(): TriggerRule {
  const { clear: _clear, ...rest } = rule().rule;
  return rest;
}

describe('whatever the looks are', () => {
  const kind = fc.constantFrom<Kind>('fine', 'middling', 'over', 'suspect', 'act', 'silent');
  const look = fc.record({
    kind,
    stepMs: fc.integer({ min: 1, max: 4 * MINUTE }),
    lagMs: fc.integer({ min: 0, max: MINUTE }),
    gap: fc.boolean(),
    warming: fc.boolean(),
  });
  const run = (looks: readonly { kind: Kind; stepMs: number; lagMs: number; gap: boolean; warming: boolean }[], torn: boolean) => {
    const compiled = rule();
    let state = INITIAL;
    let at = 1_000_000;
    const seen: { look: Look; before: MachineState; after: MachineState; told: readonly Transition[] }[] = [];
    for (const one of looks) {
      at += one.stepMs;
      const look = lookAt(at, one.kind, { watermark: at - one.lagMs, gapMs: one.gap ? one.stepMs : 0, warming: one.warming });
      const before = torn ? decodeState(JSON.parse(JSON.stringify(encodeState(state)))) : state;
      const { state: after, transitions } = step(compiled, before, look);
      seen.push({ look, before, after, told: transitions });
      state = after;
    }
    return seen;
  };
  const check = (property: (seen: ReturnType<typeof run>) => void): void =>
    fc.assert(
      fc.property(fc.array(look, { maxLength: 60 }), (looks) => property(run(looks, false))),
      { numRuns: 500 },
    );

  test('only act-level evidence on a covered window breaches, and only after the hold', () => {
    check((seen) => {
      for (const { look, told } of seen) {
        for (const one of told.filter((each) => each.to === 'breached')) {
          expect(look.condition).toMatchObject({ limit: true, level: 'act' });
          expect(look.warming).toBe(false);
          expect(one.inputs.level).toBe('act');
          expect(look.watermark - one.since).toBeGreaterThanOrEqual(5 * MINUTE);
        }
      }
    });
  });

  test('what cannot be told changes no status', () => {
    check((seen) => {
      for (const { look, before, after } of seen) {
        if (look.condition.limit === null && before.status !== 'cleared') expect(after.status).toBe(before.status);
      }
    });
  });

  test('nothing clears without clean traffic that is below the limit now', () => {
    check((seen) => {
      for (const { look, told } of seen) {
        for (const one of told.filter((each) => each.to === 'cleared' && each.provenBelow !== undefined)) {
          expect(look.condition.below).toBe(true);
          expect(one.provenBelow).toBeLessThan(0.02);
        }
      }
    });
  });

  test('transitions form a chain, times never go back, and an episode keeps its name', () => {
    check((seen) => {
      let status = 'ok';
      let at = 0;
      let episode = '';
      for (const one of seen.flatMap((each) => each.told)) {
        expect(one.from).toBe(status);
        expect(one.at).toBeGreaterThanOrEqual(at);
        expect(one.since).toBeLessThanOrEqual(one.at);
        expect(one.episode).not.toBe('');
        if (status !== 'ok') expect(one.episode).toBe(episode);
        status = one.to;
        at = one.at;
        episode = one.episode;
      }
    });
  });

  test('a state that went through the store goes on exactly as one that did not', () => {
    fc.assert(
      fc.property(fc.array(look, { maxLength: 60 }), (looks) => {
        expect(run(looks, true).flatMap((one) => one.told)).toEqual(run(looks, false).flatMap((one) => one.told));
      }),
      { numRuns: 300 },
    );
  });
});
