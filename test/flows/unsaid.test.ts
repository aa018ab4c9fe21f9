// What nobody can say right now: a guard that cannot be measured, a condition on what never was answered, an act without an answer. None of it is
// a yes, a no, or a reason to wait for ever.
import { describe, expect, it } from 'vitest';
import { createCel } from '../../src/adapters/cel/index.ts';
import { BelayError } from '../../src/domain/errors.ts';
import type { Incident } from '../../src/domain/incident.ts';
import { bareRunbook, type ManualStep, type Step } from '../../src/domain/ir.ts';
import { linkRunbook } from '../../src/domain/link-runbooks.ts';
import type { Plan } from '../../src/domain/plan.ts';
import { moveTarget } from '../world/fakes/action.ts';
import { BAD_RELEASE, breach, breachOf, GOOD_RELEASE, START } from '../world/scenes/deploy.ts';
import { ANA, asks, openApproval, type Play, play, runbookOf, STEP } from '../world/scenes/play.ts';

const QUIET = { start: 'ask', evidence: [], clocks: {} } as const;

describe('what nobody can say', () => {
  const lookFirst: ManualStep = {
    ...STEP,
    kind: 'manual',
    id: 'look',
    title: 'Look',
    checks: [],
    count: 1,
    answers: { bad: { type: 'bool' } },
  };
  const approvals = (incident: Incident) => Object.values(incident.approvals).filter((one) => one.state === 'open');

  it.each([
    ['require', 'grant', ['frozen', GOOD_RELEASE]],
    ['never', 'grant', ['frozen', GOOD_RELEASE]],
    ['require', 'deny', []],
  ] as const)(
    'is no pass of a %s of a run that a person began: it is asked about right before the first act, once, and a %s counts',
    async (kind, decision, effects) => {
      const guard = { id: 'backup-recent', text: '', probe: 'http', with: { url: 'http://shop/' } };
      const guards = kind === 'require' ? { require: [{ ...guard, expect: 'true' }] } : { never: [{ ...guard, when: 'false' }] };
      const acts = ['freeze', 'switch'];
      const one = await play({
        runbook: runbookOf((steps) => [lookFirst, ...steps.filter(({ id }) => acts.includes(id))], { ...QUIET, ...guards }),
      });
      (one.world as { expression: unknown }).expression = createCel();
      const { guards: before } = await one.commands.plan({ runbook: 'deploy-rollback', inputs: {} });
      expect(before).toMatchObject([{ guard: 'backup-recent', answer: 'pass' }]);
      await one.commands.startRun(ANA, { runbook: 'deploy-rollback', inputs: {}, key: 'k' });
      await one.until((incident) => incident.tasks['look'] !== undefined);
      one.wrapProbe(() => ({ measure: async () => ({ known: false, why: 'the bucket does not answer' }) }));
      await one.commands.answer(ANA, { incident: 'INC-1', step: 'look', answers: { bad: true }, key: 'a' });
      await one.until((incident) => approvals(incident).length > 0);
      expect((await one.all('decision.made')).at(-1)?.guards).toMatchObject([
        { guard: 'backup-recent', reason: 'the bucket does not answer' },
      ]);
      expect([one.freeze.effects, one.shop.effects]).toEqual([[], []]);
      const { id, planHash } = openApproval(await one.incident());
      await one.commands.approve(ANA, { incident: 'INC-1', approval: id, planHash, decision, key: 'g' });
      await one.clock.advanceUntil(async () => (await one.all('run.finished')).length > 0);
      expect([...one.freeze.effects, ...one.shop.effects].map(({ to }) => to)).toEqual(effects);
      expect(await one.all('approval.requested')).toHaveLength(1);
    },
  );

  const freezeIf = (when: string) => (steps: readonly Step[]) => [
    { ...lookFirst, fail: { then: 'continue' as const } },
    ...steps.flatMap((step) => (step.id === 'freeze' ? [{ ...step, when }] : [])),
  ];
  const begun = async (steps: Parameters<typeof runbookOf>[0], skip: readonly { step: string; reason: string }[] = []) => {
    const one = await play({ runbook: runbookOf(steps, { ...QUIET, inputs: { quick: { type: 'bool', required: false } } }) });
    (one.world as { expression: unknown }).expression = createCel();
    await one.commands.startRun(ANA, { runbook: 'deploy-rollback', inputs: {}, skip, key: 'k' });
    return one;
  };
  const over = (one: Play) => one.clock.advanceUntil(async () => (await one.all('run.finished')).length > 0);

  it.each([
    ['a person skipped it', async () => begun(freezeIf('steps.look.out.bad'), [{ step: 'look', reason: 'no time' }])],
    [
      'it was refused and the run went on',
      async () => {
        const one = await begun(freezeIf('steps.look.out.bad'));
        await one.until((incident) => incident.tasks['look'] !== undefined);
        await one.commands.answer(ANA, { incident: 'INC-1', step: 'look', refuse: 'I cannot tell', key: 'a' });
        return one;
      },
    ],
  ])('is no reason to leave out what stands on a step where %s: people say whether it is done', async (_why, begin) => {
    for (const choice of ['do', 'skip'] as const) {
      const one = await begin();
      await one.until((incident) => incident.tasks['freeze'] !== undefined);
      expect((await one.incident()).tasks['freeze']).toMatchObject({ options: ['do', 'skip', 'stop'] });
      expect(one.freeze.effects).toEqual([]);
      await one.commands.answer(ANA, { incident: 'INC-1', step: 'freeze', choice, key: 'c' });
      await over(one);
      expect(one.freeze.effects.map(({ to }) => to)).toEqual(choice === 'do' ? ['frozen'] : []);
    }
  });

  it('is a no where the runbook itself left the step out, or nobody gave the input', async () => {
    const chain = await begun((steps) => [{ ...lookFirst, when: '1 > 2' }, ...freezeIf('steps.look.out.bad')(steps).slice(1)]);
    await over(chain);
    const plain = await begun((steps) => freezeIf('inputs.quick')(steps).slice(1));
    await over(plain);
    for (const one of [chain, plain]) expect([one.freeze.effects, (await one.incident()).steps['freeze']?.status]).toEqual([[], 'skipped']);
  });

  it('is no reason to wait for ever, either: a wait for what has no value asks people', async () => {
    const wait = { ...STEP, kind: 'wait', id: 'rest', title: 'Rest', until: 'steps.look.out.bad' } as Step;
    const one = await begun(
      (steps) => [lookFirst, wait, ...steps.filter(({ id }) => id === 'freeze')],
      [{ step: 'look', reason: 'no time' }],
    );
    await one.until((incident) => incident.tasks['rest'] !== undefined);
    expect((await one.incident()).steps['rest']?.status).toBe('waiting');
    await one.commands.answer(ANA, { incident: 'INC-1', step: 'rest', choice: 'stop', key: 'c' });
    await over(one);
    expect(one.freeze.effects).toEqual([]);
  });

  it('skips no approval: who is asked whether it is needed may say that it is, or stop', async () => {
    const approve = {
      ...STEP,
      kind: 'approve',
      id: 'yes',
      title: 'Yes?',
      from: ['commander'],
      min: 1,
      fourEyes: false,
      show: [],
    } as object;
    const asked = { ...approve, onTimeout: 'escalate', when: 'steps.look.out.bad' } as Step;
    const one = await begun(
      (steps) => [lookFirst, asked, ...steps.filter(({ id }) => id === 'freeze')],
      [{ step: 'look', reason: 'no time' }],
    );
    await one.until((incident) => incident.tasks['yes'] !== undefined);
    expect((await one.incident()).tasks['yes']).toMatchObject({ options: ['do', 'stop'] });
    await one.commands.answer(ANA, { incident: 'INC-1', step: 'yes', choice: 'do', key: 'c' });
    await one.until((incident) => approvals(incident).length > 0);
    expect(one.freeze.effects).toEqual([]);
  });

  it('was said of a guard of the caller is not said of one of the same name in what it calls', async () => {
    const require = [{ id: 'backup-recent', text: '', probe: 'http', with: { url: 'http://shop/' }, expect: 'true' }];
    const act = (id: string) => (steps: readonly Step[]) => steps.filter((step) => step.id === id);
    const called = { ...runbookOf(act('switch'), { ...QUIET, require }), id: 'inner' };
    const call = { ...STEP, kind: 'call', id: 'back', title: 'Back', runbook: bareRunbook('inner'), with: {} } as Step;
    const linked = linkRunbook(
      runbookOf((steps) => [...act('freeze')(steps), call], { ...QUIET, require }),
      (id) => (id === 'inner' ? called : undefined),
    );
    if (!linked.ok) throw new Error(JSON.stringify(linked.problems));
    const one = await play({ runbook: linked.runbook });
    one.wrapProbe(() => ({ measure: async () => ({ known: false, why: 'away' }) }));
    await one.commands.startRun(ANA, { runbook: 'deploy-rollback', inputs: {}, key: 'k' });
    for (const effects of [
      [[], []],
      [['frozen'], []],
    ]) {
      await one.until((incident) => approvals(incident).length > 0);
      expect([one.freeze, one.shop].map((target) => target.effects.map(({ to }) => to))).toEqual(effects);
      const { id, planHash } = openApproval(await one.incident());
      await one.commands.approve(ANA, { incident: 'INC-1', approval: id, planHash, decision: 'grant', key: id });
    }
    await over(one);
    expect(one.shop.value).toBe(GOOD_RELEASE);
  });
});

describe('never by itself', () => {
  it('an arm for people: an expression that names it asks them', async () => {
    const arms = { wait: { title: 'Wait', human: false }, restore: { title: 'Restore', human: true } };
    const choose = { ...STEP, kind: 'choose', id: 'way', title: 'Which way?', by: '"restore"', arms } as Step;
    const one = await play({
      runbook: runbookOf((steps) => [choose, ...steps.filter(({ id }) => id === 'freeze')], QUIET),
      expression: createCel(),
    });
    await one.commands.startRun(ANA, { runbook: 'deploy-rollback', inputs: {}, key: 'k' });
    await one.until((incident) => incident.tasks['way'] !== undefined);
    await one.clock.advance(3_600_000);
    expect((await one.incident()).tasks['way']).toMatchObject({ options: ['wait', 'restore'] });
    expect(one.freeze.effects).toEqual([]);
  });

  it('a second attempt of an act of which nobody knows the effect, whatever `retry` says', async () => {
    const again = { retry: { max: 5, everyMs: 1_000, backoff: 'fixed' }, timeoutMs: 2_000 };
    const one = await play({
      runbook: runbookOf((steps) => steps.flatMap((step) => (step.id === 'switch' ? [{ ...step, ...again } as Step] : [])), QUIET),
    });
    let acts = 0;
    one.wrapAction('deploy.rollback', () => ({
      act: async () => {
        acts += 1;
        throw new BelayError('BELAY_TIMEOUT', 'no answer', { effect: 'unknown' });
      },
    }));
    await one.commands.startRun(ANA, { runbook: 'deploy-rollback', inputs: {}, key: 'k' });
    await one.until((incident) => incident.tasks['switch'] !== undefined);
    await one.clock.advance(60_000);
    expect(acts).toBe(1);
    expect((await one.all('step.finished')).map(({ step, status }) => [step, status])).toEqual([['switch', 'unknown']]);
  });
});

describe('a change of which nobody knows whether it is there', () => {
  it.each([
    ['the target does not answer', 'target'],
    ['the look fails', 'look'],
  ])('is not called taken back while %s: the undo stops before it and says what to look at', async (_why, what) => {
    const runbook = runbookOf((steps) => steps.filter(({ id }) => ['freeze', 'switch'].includes(id)), QUIET);
    const one = await play({ runbook });
    one.wrapAction('deploy.rollback', (original) => ({
      act: async () => {
        away = true;
        throw new BelayError('BELAY_TIMEOUT', 'no answer', { effect: 'unknown' });
      },
      observe: async (...args) => {
        if (away && what === 'look') throw new BelayError('BELAY_TARGET_UNREACHABLE', 'shop is away');
        return original.observe(...args);
      },
    }));
    let away = false;
    const target = one.world.targets['shop'];
    if (target === undefined) throw new Error('no target');
    const current = target.current.bind(target);
    (target as { current: typeof current }).current = async () => {
      if (away && what === 'target') throw new BelayError('BELAY_TARGET_UNREACHABLE', 'shop is away');
      return current();
    };
    await one.commands.startRun(ANA, { runbook: 'deploy-rollback', inputs: {}, key: 'k' });
    await one.until((incident) => incident.tasks['switch'] !== undefined);
    await one.commands.answer(ANA, { incident: 'INC-1', step: 'switch', choice: 'undo', key: 'u' });
    await one.clock.advanceUntil(async () => (await one.all('run.finished')).length > 0);
    const [end] = await one.all('run.finished');
    expect(end?.reason).toContain('stopped before switch: nobody can see whether it is in place, so look at target:shop (shop is away)');
    const { steps, contingencies } = await one.incident();
    expect([steps['switch']?.status, steps['freeze']?.status]).toEqual(['unknown', 'done']);
    expect(contingencies.map(({ step, closedAt }) => [step, closedAt])).toEqual([['freeze', undefined]]);
    expect(one.freeze.value).toBe('frozen');
  });
});

describe('a hotfix that somebody deployed between the plan and the act', () => {
  const look: ManualStep = { ...STEP, kind: 'manual', id: 'look', title: 'Look', checks: [], count: 1, answers: {} };

  async function offerAll(one: Play): Promise<void> {
    const target = one.world.targets['shop'];
    if (target === undefined) throw new Error('no target');
    // All releases can be put back, the bad one too.
    const listed = await target.list(50);
    const [newest] = listed;
    if (newest === undefined) throw new Error('no release');
    const hotfix = { ...newest, ref: 'v1.2.0', version: 'v1.2.0', createdAt: newest.createdAt + 60_000 };
    (target as { list: typeof target.list }).list = async () => [hotfix, ...listed];
    (target as { restorable: typeof target.restorable }).restorable = async (release) => ({ ok: true, artefact: release });
  }

  it.each([
    ['at once', []],
    [
      'through an approval in between',
      [
        {
          ...STEP,
          kind: 'approve',
          id: 'yes',
          title: 'Yes?',
          from: ['commander'],
          min: 1,
          fourEyes: false,
          show: [],
          onTimeout: 'escalate',
        },
      ],
    ],
  ])('is not rolled back to the bad release that the plan was about, %s: nobody is asked for a yes to that', async (_how, between) => {
    const one = await play({
      runbook: runbookOf((steps) => [look, ...(between as Step[]), ...steps.filter(({ id }) => id === 'switch')], QUIET),
    });
    await offerAll(one);
    await one.commands.startRun(ANA, { runbook: 'deploy-rollback', inputs: {}, key: 'k' });
    await one.until((incident) => incident.tasks['look'] !== undefined);
    moveTarget(one.shop, 'v1.2.0');
    await one.commands.answer(ANA, { incident: 'INC-1', step: 'look', key: 'a' });
    for (let round = 0; round < 3; round += 1) {
      await one.until((incident) => asks(incident) || incident.tasks['switch'] !== undefined);
      const incident = await one.incident();
      if (incident.tasks['switch'] !== undefined) break;
      const { id, planHash } = openApproval(incident);
      const plan = (await one.world.documents.get(planHash)) as unknown as Plan;
      expect(plan.steps.filter((step) => step.effect === 'change').map((step) => step.desired)).not.toContain(BAD_RELEASE);
      await one.commands.approve(ANA, { incident: 'INC-1', approval: id, planHash, decision: 'grant', key: id });
      await one.clock.advance(1_000);
    }
    expect((await one.incident()).tasks['switch']).toMatchObject({ options: ['again', 'continue', 'undo', 'stop'] });
    expect(one.shop.value).toBe('v1.2.0');
  });

  it('while the question of a breach is open withdraws it, and the new one does not propose the bad release either', async () => {
    const one = await play({ runbook: runbookOf((steps) => steps.filter(({ id }) => id === 'switch'), QUIET) });
    await offerAll(one);
    await breach(one.disk, breachOf('acme', START));
    await one.until(asks);
    const first = openApproval(await one.incident());
    moveTarget(one.shop, 'v1.2.0');
    await breach(one.disk, breachOf('globex', START + 60_000));
    await one.until((incident) => asks(incident) && openApproval(incident).id !== first.id);
    const plan = (await one.world.documents.get(openApproval(await one.incident()).planHash)) as unknown as Plan;
    expect(plan.steps.map(({ id, effect, desired }) => [id, effect, desired])).toEqual([['switch', 'unknown', BAD_RELEASE]]);
    expect(one.shop.value).toBe('v1.2.0');
  });
});
