// One scope under a rule of small round numbers, looked at again and again. Refuses to judge what it sees.
import { expect } from 'vitest';
import { type Condition, compileRule } from '../../src/domain/condition.ts';
import type { SignalKind } from '../../src/domain/signal.ts';
import type { Transition, TriggerRule } from '../../src/domain/trigger.ts';
import { INITIAL, type Look, type MachineState, step } from '../../src/domain/trigger-machine.ts';
import { ERRORS, trigger } from '../flows/detect-rules.ts';

export const rule = (o: Partial<TriggerRule> = {}, kind: SignalKind = ERRORS) =>
  compileRule(
    trigger('ratio', {
      breach: { above: 0.02, overMs: 1_000, stillMs: 100, forMs: 500 },
      clear: { below: 0.01, forMs: 300 },
      rearmMs: 1_000,
      ...o,
    }),
    kind,
  );

export const FINE: Condition = { value: 0.001, bad: 1, all: 1_000, limit: false, level: 'none', below: true, still: false };
export const MIDDLING: Condition = { ...FINE, value: 0.015, bad: 15, below: false };
export const OVER: Condition = { value: 0.021, bad: 21, all: 1_000, limit: true, level: 'none', below: false, still: true };
export const SUSPECT: Condition = { ...OVER, value: 0.04, bad: 40, level: 'suspect' };
export const ACT: Condition = { ...OVER, value: 0.3, bad: 300, level: 'act' };
export const SILENT: Condition = { value: null, bad: 0, all: 0, limit: null, level: 'none', below: null, still: false };

/** Looks at one scope, one after the other. */
export class Scope {
  state: MachineState = INITIAL;
  last: readonly Transition[] = [];
  readonly told: Transition[] = [];
  readonly #rule;

  constructor(compiled = rule()) {
    this.#rule = compiled;
  }

  look(at: number, condition: Condition, o: Partial<Look> = {}): string {
    const stepped = step(this.#rule, this.state, {
      condition,
      at,
      watermark: at,
      now: at + 7,
      newBad: condition.below === true ? 0 : 10,
      newAll: condition.limit === null ? 0 : 1_000,
      spanMs: 0,
      gapMs: 0,
      warming: false,
      ceiling: 'act',
      sources: ['shop'],
      trigger: 'ratio',
      scope: 'acme',
      ...o,
    });
    this.state = stepped.state;
    this.last = stepped.transitions;
    this.told.push(...stepped.transitions);
    return stepped.transitions.map((one) => `${one.from}→${one.to}${one.announced && one.to === 'suspect' ? '!' : ''}`).join(' ');
  }

  looks(...looks: readonly (readonly [at: number, condition: Condition, o?: Partial<Look>])[]): string[] {
    return looks.map(([at, condition, o]) => this.look(at, condition, o));
  }
}

/** Breached at 500, below the clear limit since 600, cleared at 900. */
export function cleared(compiled = rule()): Scope {
  const scope = new Scope(compiled);
  scope.looks([0, ACT], [500, ACT], [600, FINE], [750, FINE], [900, FINE]);
  expect(scope.state).toMatchObject({ status: 'cleared', clearedAt: 900 });
  return scope;
}
