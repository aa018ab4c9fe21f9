// Steps of kind `run`: off until belay.yaml allows them, started once or again as they say of themselves, planned, taken back, and never
// started by a kill a second time where that may harm. The ledger of started commands is the judge.
import { describe, expect, it } from 'vitest';
import { createCel } from '../../src/adapters/cel/index.ts';
import { DurableDisk } from '../../src/adapters/virtual/durable-disk.ts';
import { createVirtualIncidentStore } from '../../src/adapters/virtual/incident-store.ts';
import { journalLinesOf } from '../../src/adapters/virtual/journal.ts';
import { KillSwitch } from '../../src/adapters/virtual/kill-switch.ts';
import { createVirtualTime } from '../../src/adapters/virtual/time.ts';
import { BelayError } from '../../src/domain/errors.ts';
import type { CommandEffect, Runbook, RunStep, Step } from '../../src/domain/ir.ts';
import type { System } from '../../src/domain/system.ts';
import { commandsOn } from '../world/fakes/command-runner.ts';
import { createFakeDigest } from '../world/fakes/digest.ts';
import type { SceneOptions } from '../world/scenes/deploy.ts';
import { breach, breachOf, SHOP, START, startLife } from '../world/scenes/deploy.ts';
import { ANA, asks, play, runbookOf, STEP } from '../world/scenes/play.ts';

const run = (more: Partial<RunStep> = {}): RunStep => ({
  ...STEP,
  kind: 'run',
  id: 'install',
  title: 'Install',
  cmd: ['npm', 'ci'],
  on: 'local',
  env: [],
  effect: 'state',
  codes: [0],
  ...more,
});

const wait = (more: Partial<Step>): Step => ({ ...STEP, kind: 'wait', id: 'rest', title: 'Rest', forMs: 1, ...more }) as Step;

const policyOf = (commands: Record<string, readonly string[]>): System => ({
  ...SHOP,
  policy: {
    run: {
      runbooks: {},
      env: {},
      hosts: {},
      commands: Object.fromEntries(Object.entries(commands).map(([id, cmd]) => [id, { cmd, on: 'local', env: [] }])),
    },
  },
});
const ALLOWED = policyOf({
  install: ['npm', 'ci'],
  back: ['npm', 'rollback'],
  check: ['git', 'checkout', '--', '{inputs.ref}'],
  plain: ['git', 'log', '{inputs.ref}'],
});

const steps = (...own: readonly Step[]) => runbookOf(() => own, { start: 'ask', evidence: [], clocks: {}, require: [] });

async function started(runbook: Runbook, o: Partial<SceneOptions> & { readonly inputs?: Record<string, string> } = {}) {
  const one = await play({ runbook, system: ALLOWED, ...o });
  (one.world as { expression: unknown }).expression = createCel();
  const ledger = commandsOn(one.disk);
  const start = () => one.commands.startRun(ANA, { runbook: runbook.id, inputs: o.inputs ?? {}, key: 'k' });
  return { ...one, ledger, start };
}

describe('a command', () => {
  it('that belay.yaml does not allow starts nothing, and the refusal says what to type', async () => {
    const one = await started(steps(run()), { system: SHOP });
    const refused = (await one.start().catch((error: unknown) => error)) as BelayError;
    expect(refused.code).toBe('BELAY_FORBIDDEN');
    expect(refused.message).toContain('npm ci');
    expect(refused.hint).toMatch(/policy: \{ run: \{ runbooks: \{ deploy-rollback: [0-9a-f]{64} \} \} \}/);
    expect(refused.hint).toContain('commands: { install: { cmd: ["npm", "ci"] } }');
    expect(one.ledger.started).toEqual([]);
  });

  it('is allowed by the hash of its runbook, and not any more when the text is another', async () => {
    const runbook = steps(run());
    const hash = (await play({ runbook })).world.runbooks[runbook.id]?.irHash ?? '';
    const system = { ...SHOP, policy: { run: { commands: {}, env: {}, hosts: {}, runbooks: { [runbook.id]: hash } } } };
    const one = await started(runbook, { system });
    await one.start();
    await one.until((incident) => incident.steps['install']?.status === 'done');
    expect(one.ledger.started.map(({ argv }) => argv)).toEqual([['npm', 'ci']]);
    const other = await started(steps(run({ cmd: ['npm', 'install'] })), { system });
    await expect(other.start()).rejects.toMatchObject({
      code: 'BELAY_FORBIDDEN',
      message: expect.stringContaining('not the text that belay.yaml allows') as string,
    });
  });

  it('stands in the plan with its words, its undo and what Belay cannot see, and leaves its code and text as outputs', async () => {
    const one = await started(
      steps(
        run({ undo: { cmd: ['npm', 'rollback'] } }),
        wait({ id: 'yes', when: 'steps.install.out.code == 0 && steps.install.out.text == "added 3"' }),
        wait({ id: 'no', when: 'steps.install.out.code != 0' }),
      ),
    );
    const plan = await one.commands.plan({ runbook: 'deploy-rollback', inputs: {} });
    expect(plan.steps[0]).toMatchObject({
      action: 'run',
      args: { cmd: ['npm', 'ci'] },
      effect: 'change',
      undo: { action: 'run', args: { cmd: ['npm', 'rollback'] } },
      notes: ['own-program'],
    });
    expect(plan.steps[1]?.when).toBe('steps.install.out.code == 0 && steps.install.out.text == "added 3"');
    one.ledger.answers.push({ text: 'added 3' });
    await one.start();
    await one.until((incident) => incident.steps['no'] !== undefined);
    const { steps: ended } = await one.incident();
    expect([ended['install']?.status, ended['yes']?.status, ended['no']?.status]).toEqual(['done', 'done', 'skipped']);
    expect(ended['install']?.detail).toMatchObject({ cmd: ['npm', 'ci'], code: 0, text: 'added 3' });
    const [skipped] = await one.all('step.skipped');
    expect(skipped).toEqual({
      step: 'no',
      reason: 'when steps.install.out.code != 0',
      facts: { 'steps.install.out': { code: 0, text: 'added 3' } },
    });
  });

  it('is told the number of the incident, which the plan cannot know yet', async () => {
    const runbook = steps(run({ cmd: ['note', '{incident.id}'] }));
    const one = await started(runbook, { system: policyOf({ note: ['note', '{incident.id}'] }) });
    await one.start();
    await one.until((incident) => incident.steps['install']?.status === 'done');
    expect(one.ledger.started[0]?.argv).toEqual(['note', 'INC-1']);
  });

  it('is told the number of the incident inside of a longer word as well, and its undo is, while what an input says is taken as it is', async () => {
    const inputs = { ref: { type: 'string' as const, required: true } };
    const cmd = ['note', 'out-{incident.id}-{inputs.ref}.txt', '{inputs.ref}'];
    const undo = { cmd: ['unnote', 'of/{incident.id}'] };
    const proof = {
      ...{ ...STEP, kind: 'verify', id: 'proof', title: 'Proof', mode: 'all', everyMs: 1_000, timeoutMs: 3_000, fail: { then: 'undo' } },
      checks: [{ probe: 'http', with: { url: 'http://shop/' }, expect: 'ok == tried' }],
    } as Step;
    const runbook = { ...steps(run({ cmd, undo }), proof), inputs };
    const system = policyOf({ note: cmd, back: undo.cmd });
    const one = await started(runbook, { system, inputs: { ref: 'v1' } });
    await one.start();
    await one.until((incident) => incident.isRunning === false);
    expect(one.ledger.started.map(({ argv }) => argv)).toEqual([
      ['note', 'out-INC-1-v1.txt', 'v1'],
      ['unnote', 'of/INC-1'],
    ]);
    const plain = { ...steps(run({ cmd: ['git', 'log', '{inputs.ref}'] })), inputs };
    const sly = await started(plain, { inputs: { ref: '{incident.id}' } });
    await sly.start();
    await sly.until((incident) => incident.steps['install']?.status === 'done');
    expect(sly.ledger.started[0]?.argv).toEqual(['git', 'log', '{incident.id}']);
    const mixed = await (await started(runbook, { system })).commands.plan({
      runbook: 'deploy-rollback',
      inputs: { ref: '{incident.id}' },
    });
    expect(mixed.unknowns[0]?.why).toContain('reads {incident.id} itself');
  });

  it('takes values as whole arguments, and refuses one that would be read as an option', async () => {
    const inputs = { ref: { type: 'string' as const, required: true } };
    const good = await started({ ...steps(run({ cmd: ['git', 'log', '{inputs.ref}'] })), inputs }, { inputs: { ref: 'v1; rm -rf /' } });
    await good.start();
    await good.until((incident) => incident.steps['install']?.status === 'done');
    expect(good.ledger.started[0]?.argv).toEqual(['git', 'log', 'v1; rm -rf /']);
    const bad = await started(
      { ...steps(run({ cmd: ['git', 'log', '{inputs.ref}'] })), inputs },
      { inputs: { ref: '--output=/etc/passwd' } },
    );
    const plan = await bad.commands.plan({ runbook: 'deploy-rollback', inputs: { ref: '--output=/etc/passwd' } });
    expect(plan.steps[0]?.effect).toBe('unknown');
    expect(plan.unknowns[0]?.why).toContain('read as an option');
    await bad.start();
    await bad.until((incident) => incident.tasks['install'] !== undefined);
    expect(bad.ledger.started).toEqual([]);
    const behind = await started(
      { ...steps(run({ cmd: ['git', 'checkout', '--', '{inputs.ref}'] })), inputs },
      { inputs: { ref: '-odd-file' } },
    );
    await behind.start();
    await behind.until((incident) => incident.steps['install']?.status === 'done');
    expect(behind.ledger.started[0]?.argv).toEqual(['git', 'checkout', '--', '-odd-file']);
  });

  it('that ends with another code fails as its step says: a state is tried again, a once is not', async () => {
    const retry = { max: 3, everyMs: 1_000, backoff: 'fixed' as const };
    const state = await started(steps(run({ retry })));
    state.ledger.answers.push({ code: 1, trouble: 'registry away' }, { code: 0 });
    await state.start();
    await state.until((incident) => incident.steps['install']?.status === 'done');
    expect(state.ledger.started).toHaveLength(2);
    const once = await started(steps(run({ retry, effect: 'once', irreversible: 'sends mail' })));
    once.ledger.answers.push({ code: 1, trouble: 'half of it is done' });
    await once.start();
    await once.until((incident) => incident.steps['install']?.status === 'failed');
    expect(once.ledger.started).toHaveLength(1);
    expect((await once.incident()).steps['install']?.detail).toMatchObject({
      code: 1,
      message: 'it ended with code 1: half of it is done',
    });
    const listed = await started(steps(run({ codes: [0, 1] })));
    listed.ledger.answers.push({ code: 1 });
    await listed.start();
    await listed.until((incident) => incident.steps['install']?.status === 'done');
  });

  it('that did not end in time is a failure where it may be repeated, and a question where it may not', async () => {
    const late = () => new BelayError('BELAY_TIMEOUT', 'npm did not end within 60000 ms and was stopped', { effect: 'unknown' });
    const state = await started(steps(run()));
    state.ledger.answers.push(late());
    await state.start();
    await state.until((incident) => incident.steps['install']?.status === 'failed');
    const once = await started(steps(run({ effect: 'once' })));
    once.ledger.answers.push(late());
    await once.start();
    await once.until((incident) => incident.tasks['install'] !== undefined);
    expect((await once.incident()).steps['install']?.status).toBe('waiting');
    await once.commands.answer(ANA, { incident: 'INC-1', step: 'install', choice: 'continue', key: 'c' });
    expect(once.ledger.started).toHaveLength(1);
  });

  it('is taken back by its own command, and a read is not', async () => {
    const undo = { cmd: ['npm', 'rollback'] };
    const failing = {
      ...STEP,
      kind: 'verify',
      id: 'proof',
      title: 'Proof',
      mode: 'all',
      everyMs: 1_000,
      timeoutMs: 3_000,
      fail: { then: 'undo' },
    };
    const proof = { ...failing, checks: [{ probe: 'http', with: { url: 'http://shop/' }, expect: 'ok == tried' }] } as Step;
    const one = await started(steps(run({ undo }), run({ id: 'look', effect: 'read', cmd: ['npm', 'ci'] }), proof));
    await one.start();
    await one.until((incident) => incident.steps['proof']?.status === 'failed' && incident.isRunning === false);
    expect(one.ledger.started.map(({ argv }) => argv.join(' '))).toEqual(['npm ci', 'npm ci', 'npm rollback']);
    expect(await one.all('step.undone')).toEqual([{ step: 'install', by: 'proof' }]);
  });

  it('is not started while Belay is paused, and is when it goes on', async () => {
    const one = await started(steps(run()));
    await one.world.pause.pause('ana', 'wait');
    await one.start();
    await one.until((incident) => incident.isRunPaused === true);
    expect(one.ledger.started).toEqual([]);
    await one.commands.resume(ANA);
    await one.until((incident) => incident.steps['install']?.status === 'done');
    expect(one.ledger.started).toHaveLength(1);
  });
});

describe('a kill at any boundary', () => {
  const story = async (effect: CommandEffect, armedAt: number | null) => {
    const disk = new DurableDisk();
    const clock = createVirtualTime(START, 7);
    const runbook = runbookOf(() => [run({ effect })], { evidence: [], clocks: {} });
    const kill = new KillSwitch(armedAt);
    const o = { disk, clock, runbook, system: ALLOWED };
    await breach(disk, breachOf('acme', START));
    void startLife({ ...o, kill });
    const found = async (): Promise<{ readonly status: string | undefined; readonly asked: boolean; readonly approvals: boolean }> => {
      const incident = await incidentOn(disk, clock);
      return {
        status: incident?.steps['install']?.status,
        asked: incident?.tasks['install'] !== undefined,
        approvals: incident !== null && asks(incident),
      };
    };
    const settled = async (): Promise<boolean> => {
      const { status, asked, approvals } = await found();
      return asked || status === 'done' || approvals;
    };
    await clock.advanceUntil(async () => kill.dead || (await settled()), 10 * 60_000);
    if (kill.dead) {
      await clock.advance(700);
      void startLife({ ...o, kill: new KillSwitch() });
      await clock.advanceUntil(settled, 10 * 60_000);
    }
    return {
      kill,
      starts: commandsOn(disk).started.length,
      ...(await found()),
      intents: journalLinesOf(disk).filter((line) => line.kind === 'intent').length,
    };
  };

  it('leaves a state done after one start or two, a read too, and a once started once or asked about', async () => {
    for (const effect of ['state', 'read', 'once'] as const) {
      const calm = await story(effect, null);
      expect(calm).toMatchObject({ status: 'done', starts: 1 });
      const ends = new Set<string>();
      for (let boundary = 1; boundary <= calm.kill.count; boundary += 1) {
        const { status, starts, asked } = await story(effect, boundary);
        const context = `${effect}, killed at boundary ${boundary} (${calm.kill.passed[boundary - 1]})`;
        ends.add(`${asked ? 'asked' : status} after ${starts}`);
        if (effect === 'once') expect(starts, context).toBeLessThanOrEqual(1);
        else expect([status, starts <= 2], context).toEqual(['done', true]);
      }
      expect([...ends].sort()).toEqual(
        effect === 'once' ? ['asked after 0', 'asked after 1', 'done after 1'] : ['done after 1', 'done after 2'],
      );
    }
  }, 60_000);
});

const incidentOn = (disk: DurableDisk, clock: ReturnType<typeof createVirtualTime>) =>
  createVirtualIncidentStore({ disk, digest: createFakeDigest(), time: clock }).load('INC-1');
