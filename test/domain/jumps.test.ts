// Which steps a run may get past without having done them, by what the steps of a runbook say.
import { describe, expect, it } from 'vitest';
import type { OnFail, Step } from '../../src/domain/ir.ts';
import { joinJumps, jumpsOf, NO_JUMPS } from '../../src/domain/jumps.ts';

const STOP: OnFail = { then: 'stop' };
const step = (id: string, fail: OnFail = STOP): Step =>
  ({ kind: 'verify', id, title: id, text: '', fail, meets: [], evidence: [], mode: 'all', checks: [], everyMs: 1 }) as Step;
const choose = (id: string, ...gotos: readonly string[]): Step => {
  const arms = Object.fromEntries(gotos.map((goto, at) => [`a${at}`, { title: goto, human: false, goto }]));
  return { ...step(id), kind: 'choose', arms: { ...arms, on: { title: 'on', human: false } } } as Step;
};
const past = (...steps: readonly Step[]) => [...jumpsOf(steps).past];

describe('a run', () => {
  it('that goes straight on gets past nothing', () => {
    expect(jumpsOf([step('a'), step('b')])).toEqual(NO_JUMPS);
    expect(past(choose('a', 'b'), step('b'))).toEqual([]);
  });

  it('may get past what an arm, or a failure, leads over, and past what fails without stopping it', () => {
    expect(past(choose('a', 'd', 'c'), step('b'), step('c'), step('d'))).toEqual(['b', 'c']);
    expect(past(step('a', { then: 'goto', step: 'c' }), step('b'), step('c'))).toEqual(['a', 'b']);
    expect(past(step('a', { then: 'continue' }), step('b', { then: 'undo' }))).toEqual(['a']);
  });

  it('may come back where a jump leads to the step itself or one above it', () => {
    expect(jumpsOf([step('a'), choose('b', 'a'), step('c')])).toEqual({ past: new Set(), back: true });
    expect(joinJumps([NO_JUMPS, { past: new Set(['x']), back: true }, { past: new Set(['y']), back: false }])).toEqual({
      past: new Set(['x', 'y']),
      back: true,
    });
  });
});
