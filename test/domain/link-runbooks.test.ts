import { describe, expect, it } from 'vitest';
import type { CallStep, DoStep, Runbook, Step } from '../../src/domain/ir.ts';
import { bareRunbook, localId, ownSteps, stepsOf } from '../../src/domain/ir.ts';
import { linkRunbook } from '../../src/domain/link-runbooks.ts';

const STEP = { text: '', fail: { then: 'stop' as const }, meets: [], evidence: [] };
const call = (id: string, runbook: string, more: Partial<CallStep> = {}): CallStep => ({
  ...STEP,
  kind: 'call',
  id,
  title: id,
  runbook: bareRunbook(runbook),
  with: {},
  ...more,
});
const act = (id: string, more: Partial<DoStep> = {}): DoStep => ({
  ...STEP,
  kind: 'do',
  id,
  title: id,
  do: 'flow.set',
  with: {},
  verify: [],
  ...more,
});
const runbook = (id: string, steps: readonly Step[], more: Partial<Runbook> = {}): Runbook => ({
  ...bareRunbook(id),
  phases: [{ id: 'all', title: 'All', text: '', steps }],
  ...more,
});
const among = (...runbooks: readonly Runbook[]) => {
  const byId = new Map(runbooks.map((one) => [one.id, one]));
  return (id: string): Runbook | undefined => byId.get(id);
};
const linkedOf = (one: Runbook, ...others: readonly Runbook[]): Runbook => {
  const linked = linkRunbook(one, among(one, ...others));
  if (!linked.ok) throw new Error(JSON.stringify(linked.problems));
  return linked.runbook;
};
const problemsOf = (one: Runbook, ...others: readonly Runbook[]) => {
  const linked = linkRunbook(one, among(one, ...others));
  return linked.ok ? [] : linked.problems;
};

describe('linking', () => {
  it('puts the steps of a called runbook behind the step that calls it, each below its id, at every depth', () => {
    const inner = runbook('inner', [act('switch')]);
    const middle = runbook('middle', [act('first'), call('deep', 'inner')]);
    const outer = linkedOf(runbook('outer', [call('one', 'middle'), act('last')]), middle, inner);
    expect(stepsOf(outer).map((step) => step.id)).toEqual(['one', 'one.first', 'one.deep', 'one.deep.switch', 'last']);
    expect(ownSteps(outer).map((step) => step.id)).toEqual(['one', 'last']);
    expect(localId('one.deep.switch')).toBe('switch');
  });

  it('lets jumps and taking back lead to the steps of the same call, and not to those of the caller', () => {
    const called = runbook('called', [
      act('a', { fail: { then: 'goto', step: 'b' } }),
      {
        ...STEP,
        kind: 'choose',
        id: 'b',
        title: 'b',
        arms: { x: { title: 'x', human: false, goto: 'a' }, y: { title: 'y', human: true } },
      },
      act('c', { do: 'belay.undo', with: { steps: ['a'] } }),
    ]);
    const [, a, b, c] = stepsOf(linkedOf(runbook('outer', [call('it', 'called')]), called));
    expect(a?.fail).toEqual({ then: 'goto', step: 'it.b' });
    expect(b?.kind === 'choose' && b.arms['x']?.goto).toBe('it.a');
    expect(c?.kind === 'do' && c.with).toEqual({ steps: ['it.a'] });
  });

  it('brings the roles, clocks and evidence of the called runbook along, and leaves the caller its own clock of a name', () => {
    const clock = (budgetMs: number) => ({ from: 'detected', budgetMs, until: ['step:a'], warn: 0.8 });
    const called = runbook('called', [act('a')], {
      roles: { ops: { is: 'crm-ops' } },
      clocks: { mitigate: clock(1_000), check: clock(2_000) },
      evidence: ['proof'],
    });
    const outer = linkedOf(
      runbook('outer', [call('it', 'called')], { clocks: { mitigate: clock(9_000) }, evidence: ['decision'] }),
      called,
    );
    expect(outer.roles).toEqual({ ops: { is: 'crm-ops' } });
    expect(outer.clocks).toMatchObject({
      mitigate: { budgetMs: 9_000, until: ['step:a'] },
      check: { budgetMs: 2_000, until: ['step:it.a'] },
    });
    expect(outer.evidence).toEqual(['decision', 'proof']);
  });

  it('keeps two calls of the same runbook apart', () => {
    const called = runbook('called', [act('a')]);
    const outer = linkedOf(runbook('outer', [call('one', 'called'), call('two', 'called')]), called);
    expect(stepsOf(outer).map((step) => step.id)).toEqual(['one', 'one.a', 'two', 'two.a']);
  });

  it('leaves a runbook without calls as it is, so that its hash stays what it was', () => {
    const plain = runbook('plain', [act('a')]);
    expect(linkedOf(plain)).toBe(plain);
  });

  it('names what is missing, goes round, is too deep, or means two things by one role', () => {
    expect(problemsOf(runbook('outer', [call('it', 'gone')]))).toEqual([{ step: 'it', why: 'missing', name: 'gone' }]);
    expect(problemsOf(runbook('a', [call('it', 'b')]), runbook('b', [call('back', 'a')]))).toEqual([
      { step: 'it', why: 'loop', name: 'a → b → a' },
    ]);
    const chain = Array.from({ length: 8 }, (_, n) => runbook(`r${n}`, [n === 7 ? act('end') : call('next', `r${n + 1}`)]));
    expect(problemsOf(chain[0] as Runbook, ...chain).map((one) => [one.step, one.why])).toEqual([['next', 'too-deep']]);
    const outer = runbook('outer', [call('it', 'called')], { roles: { ops: { is: 'crm-ops' } } });
    expect(problemsOf(outer, runbook('called', [act('a')], { roles: { ops: { is: 'dba' } } }))).toEqual([
      { step: 'it', why: 'role-differs', name: 'ops' },
    ]);
  });

  it('refuses a plan that nobody could read', () => {
    const many = runbook(
      'many',
      Array.from({ length: 300 }, (_, n) => act(`s${n}`)),
    );
    expect(problemsOf(runbook('outer', [call('one', 'many'), call('two', 'many')]), many)).toEqual([
      { step: 'one', why: 'too-many-steps', name: '602' },
    ]);
  });
});
