// A run that people steer: it rests where they said, goes on, leaves out what they said, stops, and is driven by one person at a time.
import { describe, expect, it } from 'vitest';
import type { ManualStep, Step } from '../../src/domain/ir.ts';
import { ANA, EVE, play, runbookOf, STEP } from '../world/scenes/play.ts';

const QUIET = { start: 'ask', evidence: [], clocks: {} } as const;
const look: ManualStep = { ...STEP, kind: 'manual', id: 'look', title: 'Look', checks: [], count: 1, answers: {} };
const approve = {
  ...STEP,
  kind: 'approve',
  id: 'yes',
  title: 'Yes?',
  from: ['commander'],
  min: 1,
  fourEyes: false,
  show: [],
  onTimeout: 'escalate',
} as Step;

async function begun(
  o: { readonly until?: string; readonly skip?: readonly { step: string; reason: string }[]; readonly more?: readonly Step[] } = {},
) {
  const runbook = runbookOf((steps) => [...steps.filter((step) => ['freeze', 'switch'].includes(step.id)), ...(o.more ?? [])], QUIET);
  const one = await play({ runbook });
  const start = (key = 'k', caller = ANA) =>
    one.commands.startRun(caller, { runbook: runbook.id, inputs: {}, until: o.until, skip: o.skip, key });
  const steer = (
    caller: typeof ANA,
    verb: 'continue' | 'skip' | 'abort' | 'takeOver',
    more: { step?: string; reason?: string; key?: string } = {},
  ) => one.commands.steer(caller, { incident: 'INC-1', verb, key: 's', ...more });
  const ended = async (): Promise<string> => {
    await one.clock.advanceUntil(async () => (await one.all('run.finished')).length > 0);
    const [end] = await one.all('run.finished');
    return `${end?.outcome}: ${end?.reason}`;
  };
  /** What happens between the first look at the run and what is done about it. */
  const atNextFind = (meanwhile: () => Promise<void>): void => {
    const { engine } = one.world;
    const find = engine.find.bind(engine);
    engine.find = async (id) => {
      engine.find = find;
      const found = await find(id);
      await meanwhile();
      return found;
    };
  };
  return { ...one, start, steer, ended, atNextFind };
}

describe('a run that rests after a step', () => {
  it('has done that step and no other, and goes on when it is told to', async () => {
    const one = await begun({ until: 'freeze' });
    await one.start();
    await one.until((incident) => incident.tasks['freeze'] !== undefined);
    await one.clock.advance(60_000);
    expect((await one.incident()).tasks['freeze']).toMatchObject({ options: ['continue', 'undo', 'stop'] });
    expect(one.freeze.value).toBe('frozen');
    expect(one.shop.effects).toEqual([]);
    await one.steer(ANA, 'continue');
    expect(await one.ended()).toBe('done: ');
    expect((await one.incident()).steps).toMatchObject({ freeze: { status: 'done' }, switch: { status: 'done' } });
  });

  it('takes back what it has done where people say so', async () => {
    const one = await begun({ until: 'freeze' });
    await one.start();
    await one.until((incident) => incident.tasks['freeze'] !== undefined);
    await one.commands.answer(ANA, { incident: 'INC-1', step: 'freeze', choice: 'undo', key: 'u' });
    expect(await one.ended()).toBe('failed: freeze: stopped there by ana; took back freeze');
    expect(one.freeze.value).toBe('open');
  });

  it('is not begun for a step that is none, and the refusal says which it may be', async () => {
    const one = await begun({ until: 'freze' });
    await expect(one.start()).rejects.toMatchObject({ code: 'BELAY_INPUT_INVALID', hint: 'Did you mean freeze?' });
  });
});

describe('a step that is skipped by a person', () => {
  it('is left out of a new run, with who said so and why in the record', async () => {
    const one = await begun({ skip: [{ step: 'freeze', reason: 'nobody deploys at night' }] });
    await one.start();
    expect(await one.ended()).toBe('done: ');
    expect(await one.all('step.skipped')).toEqual([{ step: 'freeze', reason: 'ana: nobody deploys at night', facts: {} }]);
    expect(one.freeze.effects).toEqual([]);
  });

  it('is left out of the plan, too, which is another one by its hash: who said yes to the whole has not said yes to less', async () => {
    const reason = 'nobody deploys at night';
    const one = await begun({ skip: [{ step: 'freeze', reason }] });
    const [runbook = ''] = Object.keys(one.world.runbooks);
    const [whole, less] = [
      await one.commands.plan({ runbook, inputs: {} }),
      await one.commands.plan({ runbook, inputs: {}, skip: ['freeze'] }),
    ];
    expect(less.steps).toEqual(whole.steps.filter(({ id }) => id !== 'freeze'));
    const start = (planHash: string) =>
      one.commands.startRun(ANA, { runbook, inputs: {}, planHash, skip: [{ step: 'freeze', reason }], key: 'k' });
    await expect(start(whole.planHash)).rejects.toMatchObject({
      code: 'BELAY_PLAN_CHANGED',
      hint: `Read it again: belay run ${runbook} --skip freeze --dry-run`,
    });
    await start(less.planHash);
    expect(await one.ended()).toBe('done: ');
    await expect(one.commands.plan({ runbook, inputs: {}, skip: ['freze'] })).rejects.toMatchObject({ hint: 'Did you mean freeze?' });
  });

  it('is left out of a run at work while its turn has not come, and not after', async () => {
    const one = await begun({ until: 'freeze' });
    await one.start();
    await one.until((incident) => incident.tasks['freeze'] !== undefined);
    await expect(one.steer(ANA, 'skip', { step: 'freeze', reason: 'x' })).rejects.toMatchObject({ code: 'BELAY_PLAN_CHANGED' });
    await expect(one.steer(ANA, 'skip', { step: 'switch' })).rejects.toMatchObject({ code: 'BELAY_INPUT_INVALID' });
    await one.steer(ANA, 'skip', { step: 'switch', reason: 'the release heals itself' });
    await one.steer(ANA, 'continue');
    expect(await one.ended()).toBe('done: ');
    expect(one.shop.effects).toEqual([]);
    expect((await one.incident()).steps['switch']?.status).toBe('skipped');
  });

  it('is never an approval', async () => {
    const one = await begun({ skip: [{ step: 'yes', reason: 'in a hurry' }], more: [approve] });
    await expect(one.start()).rejects.toMatchObject({
      code: 'BELAY_FORBIDDEN',
      message: 'yes is an approval, and approvals are not skipped.',
    });
  });
});

describe('two people at one run', () => {
  it('are told who drives it: the second one changes nothing until it is taken over', async () => {
    const one = await begun({ until: 'freeze' });
    await one.start();
    await one.until((incident) => incident.tasks['freeze'] !== undefined);
    for (const verb of ['continue', 'abort'] as const)
      await expect(one.steer(EVE, verb, { reason: 'x' })).rejects.toMatchObject({
        code: 'BELAY_LOCK_HELD',
        message: 'ana drives the run of INC-1.',
        hint: 'To drive it instead: belay run --take-over INC-1',
      });
    await expect(one.steer(EVE, 'skip', { step: 'switch', reason: 'x' })).rejects.toMatchObject({ code: 'BELAY_LOCK_HELD' });
    await one.steer(EVE, 'takeOver');
    expect(await one.all('run.takenOver')).toMatchObject([{ by: 'eve', from: 'ana' }]);
    await expect(one.steer(ANA, 'continue')).rejects.toMatchObject({ message: 'eve drives the run of INC-1.' });
    await one.steer(EVE, 'continue');
    expect(await one.ended()).toBe('done: ');
  });

  it('are judged by who drives it when it is written: a run that was taken over in the same moment obeys the new driver alone', async () => {
    for (const verb of ['continue', 'abort'] as const) {
      const one = await begun({ until: 'freeze' });
      await one.start();
      await one.until((incident) => incident.tasks['freeze'] !== undefined);
      one.atNextFind(async () => {
        await one.steer(EVE, 'takeOver');
      });
      await expect(one.steer(ANA, verb, { reason: 'x' }), verb).rejects.toMatchObject({ message: 'eve drives the run of INC-1.' });
      await one.steer(EVE, 'continue');
      expect(await one.ended()).toBe('done: ');
    }
  });

  it('begin one run: the second one is told by whom it was begun', async () => {
    const one = await begun({ more: [look] });
    await one.start();
    await one.until((incident) => incident.tasks['look'] !== undefined);
    await expect(one.start('other', EVE)).rejects.toMatchObject({
      code: 'BELAY_LOCK_HELD',
      message: expect.stringContaining('begun by ana') as string,
    });
  });

  it('who both let it go on at the same moment: it goes on once, and the other one is told', async () => {
    const one = await begun({ until: 'freeze' });
    await one.start();
    await one.until((incident) => incident.tasks['freeze'] !== undefined);
    const both = await Promise.allSettled([one.steer(ANA, 'continue', { key: 'a' }), one.steer(ANA, 'continue', { key: 'b' })]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await one.ended()).toBe('done: ');
    expect(one.shop.effects.filter(({ by }) => by === 'belay')).toHaveLength(1);
  });
});

describe('a run that is stopped by hand', () => {
  it('and has ended in the same moment keeps its own end', async () => {
    const one = await begun({ until: 'freeze' });
    await one.start();
    await one.until((incident) => incident.tasks['freeze'] !== undefined);
    one.atNextFind(async () => {
      await one.commands.steer(ANA, { incident: 'INC-1', verb: 'continue', key: 'go' });
      await one.ended();
      await one.clock.advance(60_000);
    });
    await expect(one.steer(ANA, 'abort', { reason: 'late' })).rejects.toMatchObject({ code: 'BELAY_PLAN_CHANGED' });
    expect(await one.all('run.finished')).toMatchObject([{ outcome: 'done' }]);
  });

  it('and was killed before the log said so is stopped when it is said again: its lock is free', async () => {
    const one = await begun({ until: 'freeze' });
    await one.start();
    await one.until((incident) => incident.tasks['freeze'] !== undefined);
    await one.world.engine.cancel((await one.incident()).run ?? '');
    await expect(one.steer(ANA, 'continue')).rejects.toMatchObject({ code: 'BELAY_PLAN_CHANGED' });
    await expect(one.steer(EVE, 'abort', { reason: 'mine' })).rejects.toMatchObject({ code: 'BELAY_LOCK_HELD' });
    await one.steer(ANA, 'abort', { reason: 'again' });
    expect(await one.all('run.finished')).toMatchObject([{ outcome: 'aborted', reason: 'again' }]);
    const incident = await one.incident();
    expect([incident.isRunning, incident.lock ?? null]).toEqual([false, null]);
  });

  it('ends where it rests, takes nothing back, and leaves the incident open', async () => {
    const one = await begun({ until: 'freeze' });
    await one.start();
    await one.until((incident) => incident.tasks['freeze'] !== undefined);
    await one.steer(ANA, 'abort', { reason: 'wrong release' });
    await one.clock.advance(60_000);
    expect(await one.all('run.finished')).toMatchObject([{ outcome: 'aborted', reason: 'wrong release' }]);
    const incident = await one.incident();
    expect([incident.phase, incident.isRunning, one.freeze.value]).toEqual(['responding', false, 'frozen']);
    expect(one.shop.effects).toEqual([]);
    await expect(one.steer(ANA, 'continue')).rejects.toMatchObject({ code: 'BELAY_PLAN_CHANGED', message: 'INC-1 has no run at work.' });
  });
});
