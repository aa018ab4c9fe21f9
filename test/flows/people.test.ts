// People who answer: nothing they say is lost, taken twice, or judged by a text they never saw.
import { describe, expect, it } from 'vitest';
import { DurableDisk } from '../../src/adapters/virtual/durable-disk.ts';
import { KillSwitch } from '../../src/adapters/virtual/kill-switch.ts';
import { createVirtualTime } from '../../src/adapters/virtual/time.ts';
import type { ManualStep } from '../../src/domain/ir.ts';
import { breach, breachOf, outsideOf, START } from '../world/scenes/deploy.ts';
import { ANA, EVE, play, runbookOf, STEP } from '../world/scenes/play.ts';

const attend: ManualStep = {
  ...STEP,
  kind: 'manual',
  id: 'attend',
  title: 'Attend',
  who: 'commander',
  checks: [],
  count: 2,
  answers: { link: { type: 'url' } },
};
const attended = (change: Partial<ManualStep>) => runbookOf((steps) => [{ ...attend, ...change }, ...steps.slice(-1)]);
const ANSWER = { incident: 'INC-1', step: 'attend' };

describe('a message that is sent', () => {
  it('meets the clock and is the evidence that its step says', async () => {
    const told = runbookOf(
      (steps) => steps.map((step): typeof step => (step.id === 'tell' ? { ...step, meets: ['first-word'], evidence: ['told'] } : step)),
      {
        clocks: { 'first-word': { from: 'detected', budgetMs: 900_000, until: [], warn: 0.8 } },
        evidence: ['told'],
      },
    );
    const one = await play({ runbook: told });
    await breach(one.disk, breachOf('acme', START));
    await one.until((incident) => incident.steps['tell']?.status === 'done');
    const incident = await one.incident();
    expect(incident.clocks['first-word']?.stoppedAt).toBeDefined();
    expect(incident.evidence).toContain('told');
    expect(await one.all('clock.stopped')).toContainEqual({ clock: 'first-word', met: true, by: 'step.tell' });
  });
});

describe('the character U+0000', () => {
  it('in a text of a person is refused at every door before anything is written, and stops no pause', async () => {
    const one = await play({ runbook: attended({}) });
    await breach(one.disk, breachOf('acme', START));
    await one.until((incident) => incident.tasks['attend'] !== undefined);
    const before = (await one.incident()).seq;
    const said = 'a\0b';
    const id = 'INC-1';
    const { commands } = one;
    const asked: readonly (() => Promise<unknown>)[] = [
      () => commands.note(ANA, { incident: id, text: said, lang: 'en', key: '1' }),
      () => commands.answer(ANA, { ...ANSWER, note: said, key: '2' }),
      () => commands.answer(ANA, { ...ANSWER, answers: { link: said }, key: '3' }),
      () => commands.approve(ANA, { incident: id, approval: 'x', planHash: '', decision: 'deny', reason: said, key: '4' }),
      () => commands.silence(ANA, { trigger: null, org: null, until: START + 60_000, reason: said, key: '5' }),
      () => commands.report(ANA, { trigger: 'http-5xx', scope: 'acme', text: said }),
      () => commands.markShadow(ANA, { episode: said, verdict: 'right', why: 'x' } as never),
      () => commands.startRun(ANA, { runbook: 'deploy', inputs: { [said]: 1 }, key: '6' }),
      () => commands.cancel(ANA, { incident: id, reason: said, key: '7' }),
      () => commands.resolve(ANA, { incident: id, reason: said, key: '8' }),
      () => commands.closeContingency(ANA, { incident: id, step: 'attend', note: said, key: '9' }),
      () => commands.evidence(said),
    ];
    for (const ask of asked)
      await expect(ask()).rejects.toMatchObject({ code: 'BELAY_INPUT_INVALID', message: expect.stringContaining('U+0000') as string });
    expect((await one.incident()).seq).toBe(before);
    expect(await commands.pause(ANA, { reason: said })).toMatchObject({
      paused: true,
      by: [{ reason: 'a\ufffdb' }, { reason: 'a\ufffdb' }],
    });
  });
});

describe('an answer', () => {
  it('to a part of what a step asks for is not taken, because later steps stand on the rest: it says what is open, and ticks may come before', async () => {
    const one = await play({
      runbook: attended({ checks: ['looked'], count: 1, answers: { worker: { type: 'bool' }, scheduler: { type: 'bool' } } }),
    });
    await breach(one.disk, breachOf('acme', START));
    await one.until((incident) => incident.tasks['attend'] !== undefined);
    const answer = (more: object, key: string) => one.commands.answer(ANA, { ...ANSWER, ...more, key });
    await expect(answer({ answers: { worker: true }, ticks: ['looked'] }, '1')).rejects.toMatchObject({
      code: 'BELAY_INPUT_INVALID',
      message: 'Step attend also asks for scheduler: nothing of the answer was taken.',
      hint: 'Answer all of it at once: --set worker=… --set scheduler=…',
    });
    expect((await one.incident()).tasks['attend']).toMatchObject({ ticked: [], samples: 0 });
    await answer({ ticks: ['looked'] }, '2');
    await answer({ answers: { worker: true, scheduler: false } }, '3');
    await one.until((incident) => incident.steps['attend']?.status === 'done');
  });

  it.each([
    ['an answer', { count: 1, answers: { w: { type: 'bool' } } }, [{ answers: { w: true }, ticks: ['x'] }]],
    ['two confirmations', { count: 2, answers: {} }, [{ ticks: ['x'] }, { ticks: ['x'] }]],
  ] as const)(
    'may be given before the last box is ticked (%s): the box ends the step, which keeps what was answered',
    async (_what, asked, given) => {
      const one = await play({ runbook: attended({ checks: ['x', 'y'], ...asked }) });
      await breach(one.disk, breachOf('acme', START));
      await one.until((incident) => incident.tasks['attend'] !== undefined);
      const answer = (more: object, key: string) => one.commands.answer(ANA, { ...ANSWER, ...more, key });
      for (const [index, more] of given.entries()) await answer(more, `a${index}`);
      await one.clock.advance(60_000);
      expect((await one.incident()).steps['attend']?.status).toBe('waiting');
      await expect(answer({ ...given[0], answers: 'w' in asked.answers ? { w: false } : {}, ticks: [] }, 'again')).rejects.toMatchObject({
        message: 'Step attend has all its answers.',
      });
      await answer({ ticks: ['y'] }, 'last');
      await one.until((incident) => incident.steps['attend']?.status === 'done');
      const last = given.at(-1) as { readonly answers?: object };
      expect((await one.incident()).steps['attend']?.detail).toMatchObject({ answers: last.answers ?? {} });
    },
  );

  it('without any of what a step asks for is none', async () => {
    const one = await play({ runbook: attended({ checks: [], count: 1, answers: { link: { type: 'url' } } }) });
    await breach(one.disk, breachOf('acme', START));
    await one.until((incident) => incident.tasks['attend'] !== undefined);
    await expect(one.commands.answer(ANA, { ...ANSWER, key: '1' })).rejects.toMatchObject({ code: 'BELAY_INPUT_INVALID' });
  });

  it('that follows a refusal reaches the run, however much it looks like the one before', async () => {
    const one = await play({ runbook: attended({ fail: { then: 'ask' } }) });
    await breach(one.disk, breachOf('acme', START));
    await one.until((incident) => incident.tasks['attend'] !== undefined);
    await one.commands.answer(ANA, { ...ANSWER, answers: { link: 'https://a.example/1' }, key: '1' });
    await one.commands.answer(ANA, { ...ANSWER, refuse: 'not now', key: '2' });
    await one.until((incident) => incident.tasks['attend']?.kind === 'ask');
    await one.commands.answer(ANA, { ...ANSWER, choice: 'stop', key: '3' });
    await one.clock.advance(60_000);
    expect(await one.all('run.finished')).toMatchObject([
      { outcome: 'failed', reason: expect.stringContaining('stopped by ana') as string },
    ]);
  });

  it('is judged by the runbook as it was pinned, also when the file was edited while the step waited', async () => {
    const disk = new DurableDisk();
    const clock = createVirtualTime(START, 3);
    const kill = new KillSwitch();
    const first = await play({ disk, clock, kill, runbook: attended({ checks: ['it anwsers'], count: 1, answers: {} }) });
    await breach(disk, breachOf('acme', START));
    await first.until((incident) => incident.tasks['attend'] !== undefined);
    kill.kill();
    const second = await play({ disk, clock, runbook: attended({ id: 'renamed', checks: ['it answers'], count: 1, answers: {} }) });
    await expect(second.commands.answer(ANA, { ...ANSWER, ticks: ['it answers'], key: '1' })).rejects.toMatchObject({
      code: 'BELAY_INPUT_INVALID',
    });
    await second.commands.answer(ANA, { ...ANSWER, ticks: ['it anwsers'], key: '2' });
    await second.until((incident) => incident.steps['attend']?.status === 'done');
  });

  it('is refused from somebody whom the step does not name, and from a second person once it was decided', async () => {
    const one = await play({ runbook: attended({ fail: { then: 'ask' } }) });
    await breach(one.disk, breachOf('acme', START));
    await one.until((incident) => incident.tasks['attend'] !== undefined);
    await expect(one.commands.answer({ person: 'bob', roles: ['support'] }, { ...ANSWER, refuse: 'no', key: '1' })).rejects.toMatchObject({
      code: 'BELAY_FORBIDDEN',
    });
    one.world.engine.signal = () => Promise.resolve();
    await one.commands.answer(ANA, { ...ANSWER, refuse: 'no', key: '1' });
    await expect(one.commands.answer(EVE, { ...ANSWER, refuse: 'no', key: '1' })).rejects.toMatchObject({ code: 'BELAY_PLAN_CHANGED' });
    expect(await one.all('checklist.answered')).toHaveLength(1);
  });

  it('that is sent again under its key answers the same and counts once', async () => {
    const one = await play({ runbook: attended({ count: 1 }) });
    await breach(one.disk, breachOf('acme', START));
    await one.until((incident) => incident.tasks['attend'] !== undefined);
    const request = { ...ANSWER, answers: { link: 'https://a.example/1' }, key: '1' };
    await one.commands.answer(ANA, request);
    await one.until((incident) => incident.steps['attend']?.status === 'done');
    await one.commands.answer(ANA, request);
    expect(await one.all('checklist.answered')).toHaveLength(1);
  });
});

describe('a question of a failed step', () => {
  it('is told to the responders, and once answered waits for nobody: the step is what it was', async () => {
    const one = await play({ heals: false });
    await breach(one.disk, breachOf('acme', START));
    await one.until((incident) => incident.tasks['answers'] !== undefined);
    await one.clock.advance(5_000);
    expect(
      outsideOf(one.disk)
        .mailbox.map((mail) => mail.id)
        .filter((id) => id.includes('ask')),
    ).toHaveLength(1);
    await one.commands.answer(ANA, { incident: 'INC-1', step: 'answers', choice: 'continue', key: 'k' });
    await one.until((incident) => incident.steps['watch'] !== undefined);
    const incident = await one.incident();
    expect(incident.steps['answers']?.status).toBe('failed');
    expect(incident.steps['answers']?.detail).toEqual({ result: 'fail' });
    expect(Object.keys(incident.tasks)).not.toContain('answers');
    expect(await one.all('step.settled')).toEqual([{ step: 'answers', attempt: 1, by: 'ana', choice: 'continue' }]);
  });

  it('is asked no more when its run has ended', async () => {
    const one = await play({ heals: false });
    await breach(one.disk, breachOf('acme', START));
    await one.until((incident) => incident.tasks['answers'] !== undefined);
    await one.commands.answer(ANA, { incident: 'INC-1', step: 'answers', choice: 'stop', key: 'k' });
    await one.until((incident) => incident.isRunning === false);
    const incident = await one.incident();
    expect([incident.tasks, incident.steps['answers']?.status]).toEqual([{}, 'failed']);
  });
});

it("a runbook's own word for a role asks those who hold the role behind it, and lets its deputy approve", async () => {
  const roles = { boss: { is: 'commander', deputy: 'eve' } };
  const agree = {
    ...STEP,
    kind: 'approve',
    id: 'agree',
    title: 'Agree',
    from: ['boss'],
    min: 2,
    fourEyes: false,
    show: [],
    onTimeout: 'escalate',
  };
  const runbook = runbookOf((steps) => [{ ...attend, who: 'boss', count: 1, answers: {} }, agree as never, ...steps.slice(-1)], { roles });
  const one = await play({ runbook });
  await breach(one.disk, breachOf('acme', START));
  await one.until((incident) => incident.tasks['attend'] !== undefined);
  expect((await one.incident()).tasks['attend']?.who).toBe('commander');
  await one.commands.answer(ANA, { ...ANSWER, key: '1' });
  await one.until((incident) => Object.keys(incident.approvals).length > 0);
  const [approval] = Object.values((await one.incident()).approvals);
  expect(approval?.from).toEqual(['commander', 'eve']);
  const yes = { incident: 'INC-1', approval: approval?.id ?? '', planHash: approval?.planHash ?? '', decision: 'grant' } as const;
  await one.commands.approve(ANA, { ...yes, key: '2' });
  await expect(one.commands.approve({ person: 'rui', roles: ['comms'] }, { ...yes, key: '3' })).rejects.toMatchObject({
    code: 'BELAY_FORBIDDEN',
  });
  await one.commands.approve({ person: 'eve', roles: ['comms'] }, { ...yes, key: '4' });
  await one.until((incident) => incident.steps['agree']?.status === 'done');
});
