// The verbs of people, whatever else happens: starting, approving, resuming, and ending an incident by their word.
import { describe, expect, it } from 'vitest';
import { DurableDisk } from '../../src/adapters/virtual/durable-disk.ts';
import { KillSwitch } from '../../src/adapters/virtual/kill-switch.ts';
import { createVirtualTime } from '../../src/adapters/virtual/time.ts';
import type { ApproveStep, Step } from '../../src/domain/ir.ts';
import { breach, breachOf, GOOD_RELEASE, outsideOf, START } from '../world/scenes/deploy.ts';
import type { Play } from '../world/scenes/play.ts';
import { ANA, asks, EVE, openApproval, play, runbookOf, STEP } from '../world/scenes/play.ts';
import { deployRunbook } from '../world/scenes/runbook.ts';

const RUN = { runbook: 'deploy-rollback', inputs: {}, key: 'r1' };

/** A life that is killed between the opening of the incident and the start of its run. */
async function killedBeforeStart() {
  const disk = new DurableDisk();
  const clock = createVirtualTime(START, 3);
  const kill = new KillSwitch();
  const one = await play({ disk, clock, kill });
  one.world.engine.start = () => {
    kill.kill();
    return new Promise(() => undefined);
  };
  void one.commands.startRun(ANA, RUN);
  await clock.advance(1_000);
  return { disk, clock };
}

describe('starting a run', () => {
  it('that was killed right behind its incident is started by the next life', async () => {
    const two = await play(await killedBeforeStart());
    await two.until((incident) => incident.phase === 'resolved');
    expect(two.shop.value).toBe(GOOD_RELEASE);
    expect(await two.all('run.started')).toHaveLength(1);
  });

  it('again under the same key starts nothing, and under another says what holds it', async () => {
    const one = await play();
    const first = await one.commands.startRun(ANA, RUN);
    expect((await one.commands.startRun(ANA, RUN)).id).toBe(first.id);
    await expect(one.commands.startRun(EVE, { ...RUN, key: 'r2' })).rejects.toMatchObject({ code: 'BELAY_LOCK_HELD' });
    await one.until((incident) => incident.phase === 'resolved');
    expect(one.shop.effects).toHaveLength(1);
  });
});

describe('resuming', () => {
  it('reaches every incident although the run of another is unknown to the engine', async () => {
    const one = await play();
    await one.world.pause.pause('ana', 'look first');
    await breach(one.disk, breachOf('acme', START));
    await one.until(asks);
    const signalled: string[] = [];
    const { signal } = one.world.engine;
    one.world.engine.signal = (run, ...rest) => {
      signalled.push(run);
      return signal.call(one.world.engine, run, ...rest);
    };
    const [known] = await one.world.incidents.list();
    one.world.incidents.list = async () => [
      { ...(known as NonNullable<typeof known>), id: 'INC-9', run: 'run/gone' },
      known as NonNullable<typeof known>,
    ];
    expect((await one.commands.resume(ANA)).paused).toBe(false);
    expect(signalled).toEqual(['run/gone', known?.run]);
  });
});

const twoPeople = (steps: readonly Step[]): readonly Step[] =>
  steps.map((step) => {
    if (step.kind !== 'do' || step.id !== 'switch') return step;
    const { undo: _none, ...rest } = step;
    return { ...rest, irreversible: 'it drops a table' };
  });

async function grant(one: Play, who: typeof ANA, key: string) {
  const { id, planHash } = openApproval(await one.incident());
  return one.commands.approve(who, { incident: 'INC-1', approval: id, planHash, decision: 'grant', key });
}

describe('approving', () => {
  it('the same again, by the same person under the same key, answers the same', async () => {
    const one = await play({ runbook: deployRunbook({ start: 'ask' }) });
    await breach(one.disk, breachOf('acme', START));
    await one.until(asks);
    const { id, planHash } = openApproval(await one.incident());
    const request = { incident: 'INC-1', approval: id, planHash, decision: 'grant' as const, key: 'same' };
    await one.commands.approve(ANA, request);
    expect((await one.commands.approve(ANA, request)).approvals[id]?.granted.map((by) => by.by)).toEqual(['ana']);
    await expect(one.commands.approve(ANA, { ...request, decision: 'deny' })).rejects.toMatchObject({ code: 'BELAY_PLAN_CHANGED' });
  });

  it('under the key that another person used counts for the second person, too', async () => {
    const one = await play({ runbook: runbookOf(twoPeople) });
    await breach(one.disk, breachOf('acme', START));
    await one.until(asks);
    await grant(one, ANA, 'same');
    await expect(grant(one, ANA, 'another')).rejects.toMatchObject({ code: 'BELAY_FORBIDDEN' });
    const after = await grant(one, EVE, 'same');
    expect(Object.values(after.approvals).map((approval) => [approval.state, approval.granted.map((by) => by.by)])).toEqual([
      ['granted', ['ana', 'eve']],
    ]);
  });

  it('under four eyes is refused to the person who asked for the run, even to the operator', async () => {
    const review: ApproveStep = {
      ...STEP,
      kind: 'approve',
      id: 'review',
      title: 'Review',
      from: ['commander'],
      min: 1,
      fourEyes: true,
      show: [],
      onTimeout: 'escalate',
    };
    const operator = { person: 'operator', roles: ['operator', 'commander'] };
    const one = await play({ runbook: runbookOf((steps) => [review, ...steps]) });
    await one.commands.startRun(operator, RUN);
    await one.until((incident) => asks(incident) && openApproval(incident).step === 'review');
    await expect(grant(one, operator, 'k')).rejects.toMatchObject({ code: 'BELAY_FORBIDDEN' });
    await grant(one, ANA, 'k');
    await one.until((incident) => incident.steps['review']?.status === 'done');
  });

  it('after a deadline that ends the approval is refused, also while no run was there to say so', async () => {
    const review: ApproveStep = {
      ...STEP,
      kind: 'approve',
      id: 'review',
      title: 'Review',
      from: ['commander'],
      min: 1,
      fourEyes: false,
      show: [],
      onTimeout: 'abort',
      timeoutMs: 60_000,
    };
    const disk = new DurableDisk();
    const clock = createVirtualTime(START, 3);
    const kill = new KillSwitch();
    const runbook = runbookOf((steps) => [review, ...steps]);
    const one = await play({ disk, clock, kill, runbook });
    await breach(disk, breachOf('acme', START));
    await one.until(asks);
    const approval = openApproval(await one.incident());
    kill.kill();
    await clock.advance(3_600_000);
    const two = await play({ disk, clock, runbook });
    const late = two.commands.approve(ANA, {
      incident: 'INC-1',
      approval: approval.id,
      planHash: approval.planHash,
      decision: 'grant',
      key: 'k',
    });
    await expect(late).rejects.toMatchObject({ code: 'BELAY_PLAN_CHANGED', message: expect.stringContaining('ran out') as string });
    await clock.advance(60_000);
    expect(two.shop.effects).toEqual([]);
  });
});

describe('ending by a word', () => {
  const asked = async (): Promise<Play> => {
    const one = await play({ heals: false });
    await breach(one.disk, breachOf('acme', START));
    await one.until((incident) => incident.tasks['answers'] !== undefined);
    return one;
  };

  it('resolves an incident whose run waits for people: the run is stopped, the clocks too, and the reason is in the record', async () => {
    const one = await asked();
    await one.commands.resolve(ANA, { incident: 'INC-1', reason: 'fixed by the provider', key: 'k' });
    const incident = await one.incident();
    expect(incident).toMatchObject({ phase: 'resolved', isRunning: false, onContingency: true });
    expect([incident.tasks, incident.steps['answers']?.status]).toEqual([{}, 'failed']);
    expect(incident.clocks['mitigate']?.stoppedAt).toBeDefined();
    expect((await one.all('phase.entered')).at(-1)).toMatchObject({ to: 'resolved', reason: 'fixed by the provider' });
    expect(await one.all('run.finished')).toMatchObject([{ outcome: 'aborted' }]);
    expect(one.statuses()).toEqual(['cancelled']);
    expect([...outsideOf(one.disk).files.keys()]).toContain('INC-1/postmortem.md');
    await expect(one.commands.answer(ANA, { incident: 'INC-1', step: 'answers', choice: 'undo', key: 'late' })).rejects.toMatchObject({
      code: 'BELAY_PLAN_CHANGED',
    });
  });

  it('again under the same key changes nothing, and under another is refused', async () => {
    const one = await asked();
    await one.commands.resolve(ANA, { incident: 'INC-1', reason: 'fixed', key: 'k' });
    await one.commands.resolve(ANA, { incident: 'INC-1', reason: 'fixed', key: 'k' });
    expect((await one.all('phase.entered')).filter((data) => data.to === 'resolved')).toHaveLength(1);
    await expect(one.commands.resolve(EVE, { incident: 'INC-1', reason: 'fixed', key: 'k' })).rejects.toMatchObject({
      code: 'BELAY_GUARD_REFUSED',
    });
  });

  it('is refused while the run may be changing something, and the run goes on', async () => {
    const one = await play();
    let release = (): void => undefined;
    one.wrapAction('deploy.rollback', (action) => ({
      act: async (args, o) => {
        await new Promise<void>((resolve) => {
          release = resolve;
        });
        await action.act(args, o);
      },
    }));
    await breach(one.disk, breachOf('acme', START));
    await one.until((incident) => incident.steps['switch']?.status === 'running');
    await one.clock.advance(500);
    one.world.engine.cancel = (run) => Promise.reject(new Error(`${run} was cut off`));
    for (const verb of [one.commands.resolve, one.commands.cancel]) {
      await expect(verb(ANA, { incident: 'INC-1', reason: 'enough', key: 'k' })).rejects.toMatchObject({ code: 'BELAY_GUARD_REFUSED' });
    }
    release();
    await one.until((incident) => incident.phase === 'resolved');
    expect(one.shop.effects.map((effect) => effect.to)).toEqual([GOOD_RELEASE]);
  });

  it('is taken back when the run began to act in the same moment', async () => {
    const one = await asked();
    const { cancel } = one.world.engine;
    one.world.engine.cancel = async (run) => {
      await one.commands.answer(EVE, { incident: 'INC-1', step: 'answers', choice: 'undo', key: 'first' });
      await cancel.call(one.world.engine, run);
    };
    await expect(one.commands.resolve(ANA, { incident: 'INC-1', reason: 'fixed', key: 'k' })).rejects.toMatchObject({
      code: 'BELAY_GUARD_REFUSED',
    });
    await one.until((incident) => incident.steps['freeze']?.status === 'undone');
    expect((await one.incident()).phase).toBe('responding');
  });

  it('cancels an incident that was none: its open approval with it, and a new breach opens another', async () => {
    const one = await play({ runbook: deployRunbook({ start: 'ask' }) });
    await breach(one.disk, breachOf('acme', START));
    await one.until(asks);
    const { id, planHash } = openApproval(await one.incident());
    await one.commands.cancel(ANA, { incident: 'INC-1', reason: 'a load test', key: 'k' });
    expect(await one.incident()).toMatchObject({ phase: 'cancelled', approvals: { [id]: { state: 'expired' } } });
    expect(await one.all('incident.cancelled')).toEqual([{ reason: 'a load test' }]);
    await expect(
      one.commands.approve(ANA, { incident: 'INC-1', approval: id, planHash, decision: 'grant', key: 'k' }),
    ).rejects.toMatchObject({ code: 'BELAY_PLAN_CHANGED' });
    await breach(one.disk, breachOf('acme', one.clock.now(), { episode: 'another' }));
    await one.clock.advance(5_000);
    expect(one.shop.effects).toEqual([]);
    expect((await one.world.incidents.list()).map((incident) => incident.id)).toEqual(['INC-2', 'INC-1']);
  });

  it('cancels a run that stands still because everything is paused', async () => {
    const one = await play({ runbook: deployRunbook() });
    one.wrapAction('deploy.freeze', (action) => ({
      act: async (args, o) => {
        await action.act(args, o);
        await one.world.pause.pause('ana', 'stop');
      },
    }));
    await breach(one.disk, breachOf('acme', START));
    await one.until((incident) => incident.isRunPaused === true);
    await one.commands.cancel(ANA, { incident: 'INC-1', reason: 'not ours', key: 'k' });
    await one.commands.resume(ANA);
    await one.clock.advance(60_000);
    expect(one.shop.effects).toEqual([]);
    expect((await one.incident()).phase).toBe('cancelled');
  });
});

describe('closing', () => {
  it('works once the open measure was taken back by hand, and the record says by whom and how', async () => {
    const one = await play();
    await breach(one.disk, breachOf('acme', START));
    await one.until((incident) => incident.phase === 'resolved');
    await expect(one.commands.close(ANA, { incident: 'INC-1', key: 'k' })).rejects.toMatchObject({ code: 'BELAY_GUARD_REFUSED' });
    const request = { incident: 'INC-1', step: 'freeze', note: 'thawed in the pipeline', key: 'k' };
    await expect(one.commands.closeContingency(ANA, { ...request, step: 'switch' })).rejects.toMatchObject({ code: 'BELAY_GUARD_REFUSED' });
    await one.commands.closeContingency(ANA, request);
    await one.commands.closeContingency(ANA, request);
    expect(await one.all('contingency.closed')).toEqual([{ step: 'freeze', by: 'ana', note: 'thawed in the pipeline' }]);
    expect((await one.incident()).onContingency).toBe(false);
    await one.commands.close(ANA, { incident: 'INC-1', key: 'k' });
    expect((await one.incident()).phase).toBe('closed');
  });

  it('of what a person resolved waits for evidence that its stopped run can never give, until somebody gives it by hand', async () => {
    const one = await play({ runbook: runbookOf((steps) => steps.filter((step) => step.id !== 'freeze')), heals: false });
    await breach(one.disk, breachOf('acme', START));
    await one.until((incident) => incident.tasks['answers'] !== undefined);
    await one.commands.resolve(ANA, { incident: 'INC-1', reason: 'fixed', key: 'k' });
    const close = () => one.commands.close(ANA, { incident: 'INC-1', key: 'k' });
    await expect(close()).rejects.toThrow('evidence restored-at is missing');
    await one.commands.keepEvidence(ANA, { incident: 'INC-1', evidence: 'restored-at', text: '09:14', key: 'k' });
    await close();
    expect((await one.incident()).phase).toBe('closed');
  });
});
