// A runbook that calls another: one incident, one plan, one approval, and after a kill anywhere the same end.
import { describe, expect, it } from 'vitest';
import { DurableDisk } from '../../src/adapters/virtual/durable-disk.ts';
import { KillSwitch } from '../../src/adapters/virtual/kill-switch.ts';
import { createVirtualTime } from '../../src/adapters/virtual/time.ts';
import type { CallStep, ManualStep, Runbook, Step } from '../../src/domain/ir.ts';
import { bareRunbook, stepsOf } from '../../src/domain/ir.ts';
import { linkRunbook } from '../../src/domain/link-runbooks.ts';
import { recallPlan } from '../../src/flows/plan.ts';
import { fakeTargetOn } from '../world/fakes/action.ts';
import { BAD_RELEASE, breach, breachOf, GOOD_RELEASE, outsideOf, START, startLife } from '../world/scenes/deploy.ts';
import { ANA, asks, openApproval, play, STEP } from '../world/scenes/play.ts';
import { deployRunbook } from '../world/scenes/runbook.ts';

const STABLE = 'INC-1/INC-1/stable%231/team/oncall';

const callOf = (more: Partial<CallStep> = {}): CallStep => ({
  ...STEP,
  kind: 'call',
  id: 'back',
  title: 'Roll the shop back',
  runbook: bareRunbook('roll-back'),
  with: {},
  ...more,
});
const look: ManualStep = {
  ...STEP,
  kind: 'manual',
  id: 'look',
  title: 'Look',
  who: 'commander',
  checks: [],
  count: 1,
  answers: { why: { type: 'text' } },
};

/** The deploy runbook, whose steps from the freeze on stand in a runbook of their own. */
function calling(
  o: {
    readonly call?: Partial<CallStep>;
    readonly called?: Partial<Runbook>;
    readonly outer?: Partial<Runbook>;
    readonly before?: readonly Step[];
  } = {},
): Runbook {
  const [tell, ...rest] = stepsOf(deployRunbook()) as [Step, ...Step[]];
  const stable = rest.at(-1) as Step;
  const called: Runbook = {
    ...deployRunbook({ id: 'roll-back', clocks: {}, evidence: [] }),
    phases: [{ id: 'all', title: 'All', text: '', steps: rest.slice(0, -1).map((step) => ({ ...step, evidence: [] })) }],
    ...o.called,
  };
  const outer: Runbook = {
    ...deployRunbook({ evidence: [] }),
    phases: [{ id: 'all', title: 'All', text: '', steps: [tell, ...(o.before ?? []), callOf(o.call), stable] }],
    ...o.outer,
  };
  const linked = linkRunbook(outer, (id) => (id === 'roll-back' ? called : undefined));
  if (!linked.ok) throw new Error(JSON.stringify(linked.problems));
  return linked.runbook;
}

describe('a called runbook', () => {
  it('runs as a part of the incident: its steps below the calling step, its clock met, its effects once', async () => {
    const one = await play({ runbook: calling() });
    await breach(one.disk, breachOf('acme', START));
    await one.until((incident) => incident.phase === 'resolved');
    const incident = await one.incident();
    expect(Object.fromEntries(Object.entries(incident.steps).map(([id, step]) => [id, step.status]))).toEqual({
      tell: 'done',
      back: 'done',
      'back.freeze': 'done',
      'back.switch': 'done',
      'back.answers': 'done',
      'back.watch': 'done',
      stable: 'done',
    });
    expect(incident.clocks['mitigate']?.stoppedAt).toBeDefined();
    expect(one.shop.effects.filter((effect) => effect.by === 'belay').map((effect) => effect.to)).toEqual([GOOD_RELEASE]);
    expect(await one.all('incident.declared')).toHaveLength(1);
  });

  it('is in the plan that is approved: what it would do, with its target, and its hash is another when that changes', async () => {
    const one = await play({ runbook: calling({ outer: { start: 'ask' } }) });
    await breach(one.disk, breachOf('acme', START));
    await one.until(asks);
    const { planHash } = openApproval(await one.incident());
    const plan = (await one.world.documents.get(planHash)) as unknown as {
      steps: { id: string; effect: string; desired?: string; runbook?: string }[];
    };
    expect(plan.steps.map(({ id, effect }) => `${id} ${effect}`)).toEqual([
      'tell none',
      'back none',
      'back.freeze change',
      'back.switch change',
      'back.answers none',
      'back.watch none',
      'stable none',
    ]);
    expect(plan.steps.find((step) => step.id === 'back.switch')?.desired).toBe(GOOD_RELEASE);
    expect(plan.steps.find((step) => step.id === 'back')?.runbook).toBe('roll-back');
    const other = await play({
      runbook: calling({
        outer: { start: 'ask' },
        call: { with: { reason: 'x' } },
        called: { inputs: { reason: { type: 'string', required: true } } },
      }),
    });
    await breach(other.disk, breachOf('acme', START));
    await other.until(asks);
    expect(openApproval(await other.incident()).planHash).not.toBe(planHash);
  });

  it('begun by hand, before there is a number, gets the number of its incident through its inputs, and no text of people is taken for it', async () => {
    const freeze = { ...(stepsOf(deployRunbook())[1] as Step), evidence: [] } as Step;
    const inputs = { ticket: { type: 'string' as const, required: true }, said: { type: 'string' as const, required: true } };
    const why = { target: 'shop', why: '{ticket}', said: '{inputs.said}' };
    const inner = {
      ...deployRunbook({ id: 'inner', clocks: {}, evidence: [], inputs }),
      phases: [{ id: 'all', title: 'All', text: '', steps: [{ ...freeze, with: why, undo: { do: 'deploy.thaw', with: why } } as Step] }],
    };
    const middle = callOf({ id: 'in', runbook: bareRunbook('inner'), with: { ticket: 'see {ticket}', said: '{said}' } });
    const outer = {
      ...deployRunbook({ start: 'ask', evidence: [], clocks: {}, inputs: { said: inputs.said } }),
      phases: [{ id: 'all', title: 'All', text: '', steps: [callOf({ with: { ticket: '{incident.id}', said: '{said}' } })] }],
    };
    const called: Runbook = {
      ...deployRunbook({ id: 'roll-back', clocks: {}, evidence: [], inputs }),
      phases: [{ id: 'all', title: 'All', text: '', steps: [middle] }],
    };
    const linked = linkRunbook(outer, (id) => ({ inner, 'roll-back': called })[id]);
    if (!linked.ok) throw new Error(JSON.stringify(linked.problems));
    const one = await play({ runbook: linked.runbook });
    const given: unknown[] = [];
    one.wrapAction('deploy.freeze', (original) => ({
      act: async (args, o) => {
        given.push(args);
        await original.act(args, o);
      },
    }));
    await one.commands.startRun(ANA, { runbook: outer.id, inputs: { said: 'like INC-?' }, key: 'k' });
    await one.until((incident) => incident.steps['back.in.freeze']?.status === 'done');
    expect(given).toEqual([{ target: 'shop', why: 'see INC-1', said: 'like INC-?' }]);
    const [opened] = await one.all('contingency.opened');
    expect(opened?.undo).toEqual({ do: 'deploy.thaw', with: { target: 'shop', why: 'see INC-1', said: 'like INC-?' } });
    // What people saw and approved is what it was: the number is no part of it.
    const [run] = await one.all('run.started');
    const plan = await one.commands.plan({ runbook: outer.id, inputs: { said: 'like INC-?' } });
    expect(plan.steps.find((step) => step.action === 'deploy.freeze')?.args).toMatchObject({ why: 'see INC-?' });
    expect((await recallPlan(one.world, run?.planHash ?? '')).steps.map((step) => step.args)).toEqual(plan.steps.map((step) => step.args));
  });

  it('is given what the caller knows by then, and answers of its own steps are its own', async () => {
    const called = { inputs: { reason: { type: 'string' as const, required: true } } };
    const steps: readonly Step[] = [
      { ...STEP, kind: 'wait', id: 'given', title: 'Given', forMs: 1, when: 'reason == reason' },
      { ...look, who: 'commander' },
    ];
    const runbook = calling({
      before: [look],
      call: { with: { reason: '{steps.look.out.why}' } },
      called: { ...called, phases: [{ id: 'all', title: 'All', text: '', steps }] },
    });
    const one = await play({ runbook });
    await breach(one.disk, breachOf('acme', START));
    await one.until(asks);
    await one.commands.approve(ANA, {
      incident: 'INC-1',
      approval: openApproval(await one.incident()).id,
      planHash: openApproval(await one.incident()).planHash,
      decision: 'grant',
      key: 'a',
    });
    await one.until((incident) => incident.tasks['look'] !== undefined);
    await one.commands.answer(ANA, { incident: 'INC-1', step: 'look', answers: { why: 'their new flow' }, key: '1' });
    await one.until((incident) => incident.tasks['back.look'] !== undefined);
    await one.commands.answer(ANA, { incident: 'INC-1', step: 'back.look', answers: { why: 'another' }, key: '2' });
    await one.until((incident) => incident.steps['back']?.status === 'done');
    expect((await one.incident()).steps['back']?.detail).toMatchObject({ runbook: 'roll-back', inputs: { reason: 'their new flow' } });
  });

  it('that cannot be given what it needs does nothing, and the calling step says what happens then', async () => {
    const runbook = calling({
      call: { with: { org: 'nobody' }, fail: { then: 'ask' } },
      called: { inputs: { org: { type: 'org', required: true } } },
    });
    const one = await play({ runbook });
    await breach(one.disk, breachOf('acme', START));
    await one.until(asks);
    const approval = openApproval(await one.incident());
    await one.commands.approve(ANA, { incident: 'INC-1', approval: approval.id, planHash: approval.planHash, decision: 'grant', key: 'a' });
    await one.until((incident) => incident.tasks['back'] !== undefined);
    expect((await one.incident()).steps['back']?.detail).toMatchObject({
      ask: expect.stringContaining('no organization "nobody"') as string,
    });
    expect(one.shop.value).toBe(BAD_RELEASE);
  });

  it('that fails is a failure of the calling step, which may go on; what people stopped stays stopped', async () => {
    const failing = { phases: [{ id: 'all', title: 'All', text: '', steps: [{ ...look, fail: { then: 'stop' as const } }] }] };
    const goOn = await play({ runbook: calling({ call: { fail: { then: 'continue' } }, called: failing }) });
    await breach(goOn.disk, breachOf('acme', START));
    await goOn.until((incident) => incident.tasks['back.look'] !== undefined);
    await goOn.commands.answer(ANA, { incident: 'INC-1', step: 'back.look', refuse: 'cannot see it', key: '1' });
    await goOn.until((incident) => incident.steps['stable']?.status === 'done');

    const asking = { phases: [{ id: 'all', title: 'All', text: '', steps: [{ ...look, fail: { then: 'ask' as const } }] }] };
    const stopped = await play({ runbook: calling({ call: { fail: { then: 'continue' } }, called: asking }) });
    await breach(stopped.disk, breachOf('acme', START));
    await stopped.until((incident) => incident.tasks['back.look'] !== undefined);
    await stopped.commands.answer(ANA, { incident: 'INC-1', step: 'back.look', refuse: 'cannot see it', key: '1' });
    await stopped.until((incident) => incident.tasks['back.look']?.kind === 'ask');
    await stopped.commands.answer(ANA, { incident: 'INC-1', step: 'back.look', choice: 'stop', key: '2' });
    await stopped.clock.advance(60_000);
    expect(await stopped.all('run.finished')).toMatchObject([
      { outcome: 'failed', reason: expect.stringContaining('stopped by ana') as string },
    ]);
    expect((await stopped.incident()).steps['stable']).toBeUndefined();
  });

  it('takes back by its own policy what it has done itself, and leaves what its caller did before', async () => {
    const freeze = stepsOf(deployRunbook()).find((step) => step.id === 'freeze') as Step;
    const inner = stepsOf(deployRunbook()).filter((step) => ['switch', 'answers'].includes(step.id));
    const steps = inner.map((step): Step => (step.id === 'answers' ? { ...step, evidence: [], fail: { then: 'undo' } } : step));
    const one = await play({
      heals: false,
      runbook: calling({ before: [freeze], called: { phases: [{ id: 'all', title: 'All', text: '', steps }] } }),
    });
    await breach(one.disk, breachOf('acme', START));
    await one.until((incident) => incident.steps['back']?.status === 'failed');
    expect(one.shop.value).toBe(BAD_RELEASE);
    expect(one.freeze.value).toBe('frozen');
  });

  it('asks its own guards before its first act, although the caller has acted already, and does not act when one does not hold', async () => {
    const freeze = stepsOf(deployRunbook()).find((step) => step.id === 'freeze') as Step;
    const never = [{ id: 'too-late', text: '', probe: 'http', with: {}, when: 'ok == 4' }];
    const one = await play({ runbook: calling({ before: [freeze], outer: { start: 'ask' }, called: { never } }) });
    await breach(one.disk, breachOf('acme', START));
    await one.until(asks);
    const approval = openApproval(await one.incident());
    await one.commands.approve(ANA, { incident: 'INC-1', approval: approval.id, planHash: approval.planHash, decision: 'grant', key: 'a' });
    await one.until((incident) => incident.steps['back']?.status === 'failed');
    expect(one.freeze.value).toBe('frozen');
    expect(one.shop.value).toBe(BAD_RELEASE);
    expect((await one.incident()).steps['back.switch']).toBeUndefined();
  });

  it('ends the same after one kill at each boundary', async () => {
    const runbook = calling();
    const story = async (armedAt: number | null) => {
      const disk = new DurableDisk();
      const clock = createVirtualTime(START, 7);
      await breach(disk, breachOf('acme', START));
      const isOver = (): boolean =>
        outsideOf(disk).files.has('INC-1/evidence.json') && outsideOf(disk).mailbox.some((one) => one.id === STABLE);
      const kill = new KillSwitch(armedAt);
      void startLife({ disk, clock, kill, runbook });
      await clock.advanceUntil(() => kill.dead || isOver(), 10 * 60_000);
      if (kill.dead) {
        await clock.advance(700);
        void startLife({ disk, clock, kill: new KillSwitch(), runbook });
        await clock.advanceUntil(isOver, 10 * 60_000);
      }
      await clock.advance(120_000);
      const effects = [...fakeTargetOn(disk, 'freeze', 'open').effects, ...fakeTargetOn(disk, 'shop', BAD_RELEASE).effects];
      return { kill, effects: effects.map((effect) => `${effect.by}: ${effect.to}`), mails: outsideOf(disk).mailbox.map((one) => one.id) };
    };
    const calm = await story(null);
    expect(calm.effects).toEqual(['belay: frozen', `belay: ${GOOD_RELEASE}`]);
    for (let boundary = 1; boundary <= calm.kill.count; boundary += 1) {
      const { effects, mails } = await story(boundary);
      const context = `killed at boundary ${boundary} (${calm.kill.passed[boundary - 1]})`;
      expect(effects, context).toEqual(calm.effects);
      // The first word may have been overtaken; the last one is always said, and nothing twice.
      expect(
        mails.filter((id) => id === STABLE),
        context,
      ).toEqual([STABLE]);
      expect(new Set(mails).size, context).toBe(mails.length);
    }
  }, 120_000);
});
