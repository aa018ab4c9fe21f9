// Breaking the glass: a guard of the runbook does not pass, and a person has the run act all the same. Who may, what is kept of it, and what
// nobody may override.
import { describe, expect, it } from 'vitest';
import { DurableDisk } from '../../src/adapters/virtual/durable-disk.ts';
import { KillSwitch } from '../../src/adapters/virtual/kill-switch.ts';
import { createVirtualTime } from '../../src/adapters/virtual/time.ts';
import { BelayError } from '../../src/domain/errors.ts';
import { describeEvent } from '../../src/domain/event-text.ts';
import { OVERRIDE_LASTS_MS } from '../../src/domain/guard-override.ts';
import type { Guard, Runbook, Step } from '../../src/domain/ir.ts';
import { bareRunbook } from '../../src/domain/ir.ts';
import { linkRunbook } from '../../src/domain/link-runbooks.ts';
import { GOOD_RELEASE, outsideOf, SHOP, START } from '../world/scenes/deploy.ts';
import { BELAY_YAML, folderOf } from '../world/scenes/folder.ts';
import { ANA, EVE, openApproval, play, runbookOf, STEP } from '../world/scenes/play.ts';
import { deployRunbook } from '../world/scenes/runbook.ts';

const BACKUP: Guard = {
  ...{ id: 'fresh-backup', text: '', probe: 'http', with: { url: 'http://backup/' }, expect: 'ok == tried' },
  override: ['commander'],
};
const UMA = { person: 'uma', roles: ['comms'] };
const RUN = { runbook: 'deploy-rollback', inputs: {}, key: 'r1' };
const SAID = [{ guard: 'fresh-backup', reason: 'the one of yesterday will do' }];

type Backup = 'fresh' | 'old' | 'unseen';
type Options = NonNullable<Parameters<typeof play>[0]>;

async function scene(
  backup: Backup,
  { guard = BACKUP, others = [], ...options }: Options & { guard?: Guard; others?: readonly Guard[]; runbook?: Runbook } = {},
) {
  const state: { backup: Backup; other: Backup } = { backup, other: 'fresh' };
  const { runbook = runbookOf((steps) => steps), ...more } = options;
  const one = await play({ ...more, runbook: { ...runbook, start: 'ask', require: [guard, ...others] } });
  one.wrapProbe((http) => ({
    measure: async (args, o) => {
      const looked = args['url'] === 'http://backup/' ? state.backup : args['url'] === 'http://other/' ? state.other : null;
      if (looked === null) return http.measure(args, o);
      if (looked === 'unseen') return { known: false, why: 'it does not answer' };
      return { known: true, values: { status: 200, ok: looked === 'fresh' ? 10 : 4, tried: 10, latencyMs: 1, found: false } };
    },
  }));
  const approve = async (who: typeof ANA, reason?: string) => {
    const { id, planHash } = openApproval(await one.incident());
    return one.commands.approve(who, { incident: 'INC-1', approval: id, planHash, decision: 'grant', reason, key: who.person });
  };
  return { ...one, state, approve };
}

const dropping = (steps: readonly Step[]): readonly Step[] =>
  steps.map((step) => {
    if (step.kind !== 'do' || step.id !== 'switch') return step;
    const { undo: _none, ...rest } = step;
    return { ...rest, irreversible: 'it drops a table' };
  });

const ended = (one: { readonly phase: string }): boolean => one.phase === 'resolved';

describe('a guard that does not hold', () => {
  it('refuses the start and says who may override it and what to type', async () => {
    const one = await scene('old');
    await expect(one.commands.startRun(ANA, RUN)).rejects.toMatchObject({
      code: 'BELAY_GUARD_REFUSED',
      hint: 'commander may override it: belay run deploy-rollback --override fresh-backup --reason "<why>"',
    });
    await expect(one.commands.startRun(UMA, { ...RUN, override: SAID })).rejects.toMatchObject({ code: 'BELAY_FORBIDDEN' });
    expect(await one.world.incidents.list()).toEqual([]);
  });

  it('is overridden by who may, with the reason in the log, the journal, the messages and the write-up', async () => {
    const one = await scene('old');
    await one.commands.startRun(ANA, { ...RUN, override: SAID });
    await one.until(ended);
    expect(one.shop.value).toBe(GOOD_RELEASE);
    const [event] = (await one.events()).filter(({ type }) => type === 'guard.overridden');
    expect(event?.data).toMatchObject({
      guard: 'fresh-backup',
      answer: 'fail',
      by: 'ana',
      why: SAID[0]?.reason,
      until: START + OVERRIDE_LASTS_MS,
    });
    expect(event && describeEvent(event, 'pt-BR', { zone: 'UTC' })).toMatch(
      /^ana passou por cima da guarda fresh-backup, que não vale.*vale até/,
    );
    const intents = (await one.world.journal.all()).filter(({ kind }) => kind === 'intent');
    expect(intents.map(({ note }) => note)).toEqual(
      intents.map(() => 'guard fresh-backup overridden by ana: the one of yesterday will do'),
    );
    expect(outsideOf(one.disk).mailbox.filter(({ plain }) => plain.includes('in spite of a guard'))).toHaveLength(1);
    expect(outsideOf(one.disk).files.get('INC-1/postmortem.md')).toContain('## Guards that people overrode');
  });

  it('that fails only right before the first act is asked of those who may, and their yes wants a reason', async () => {
    const one = await scene('fresh');
    await one.commands.startRun(ANA, RUN);
    one.state.backup = 'old';
    await one.until((incident) => Object.keys(incident.approvals).length > 0);
    expect(openApproval(await one.incident())).toMatchObject({ from: ['commander'], min: 1, override: { guard: 'fresh-backup' } });
    await expect(one.approve(UMA, 'because')).rejects.toMatchObject({ code: 'BELAY_FORBIDDEN' });
    await expect(one.approve(ANA)).rejects.toMatchObject({ code: 'BELAY_INPUT_INVALID' });
    expect(one.freeze.effects).toEqual([]);
    await one.approve(ANA, 'the one of yesterday will do');
    await one.until(ended);
    expect(await one.all('guard.overridden')).toMatchObject([{ by: 'ana', why: 'the one of yesterday will do' }]);
  });

  it('stops the run when those who may say no', async () => {
    const one = await scene('fresh');
    await one.commands.startRun(ANA, RUN);
    one.state.backup = 'old';
    await one.until((incident) => Object.keys(incident.approvals).length > 0);
    const { id, planHash } = openApproval(await one.incident());
    await one.commands.approve(EVE, { incident: 'INC-1', approval: id, planHash, decision: 'deny', reason: 'no', key: 'k' });
    await one.until((incident) => incident.isRunning === false);
    expect([one.freeze.effects, await one.all('guard.overridden')]).toEqual([[], []]);
  });

  it('before what cannot be taken back is overridden by two: who started it, and another', async () => {
    const one = await scene('old', { runbook: runbookOf(dropping) });
    await one.commands.startRun(ANA, { ...RUN, override: SAID });
    await one.until((incident) => Object.keys(incident.approvals).length > 0);
    expect(openApproval(await one.incident())).toMatchObject({ min: 1, fourEyes: true });
    await expect(one.approve(ANA, 'again')).rejects.toMatchObject({ code: 'BELAY_FORBIDDEN' });
    expect(one.freeze.effects).toEqual([]);
    await one.approve(EVE, 'I have looked as well');
    await one.until(ended);
    expect((await one.all('guard.overridden')).map(({ by }) => by)).toEqual(['ana', 'eve']);
  });

  it('where another fails that nobody may override stops the run, and people are not asked in vain', async () => {
    const { override: _none, ...other } = { ...BACKUP, id: 'other-backup', with: { url: 'http://other/' } } as Guard & {
      override?: unknown;
    };
    const one = await scene('fresh', { others: [other as Guard] });
    await one.commands.startRun(ANA, RUN);
    one.state.backup = 'old';
    one.state.other = 'old';
    await one.until((incident) => incident.isRunning === false || Object.keys(incident.approvals).length > 0);
    expect([(await one.incident()).approvals, one.freeze.effects]).toEqual([{}, []]);
  });

  it('is overridden with a reason that is not blank, and a secret in it is hidden', async () => {
    const one = await scene('old');
    Object.assign(one.world, { hidden: async (text: string) => text.replaceAll('hunter2', '[hidden]') });
    const because = (reason: string) => ({ ...RUN, override: [{ guard: 'fresh-backup', reason }] });
    await expect(one.commands.startRun(ANA, because('  '))).rejects.toMatchObject({ code: 'BELAY_INPUT_INVALID' });
    await one.commands.startRun(ANA, because('its password hunter2 is old'));
    await one.until(ended);
    expect(await one.all('guard.overridden')).toMatchObject([{ why: 'its password [hidden] is old' }]);
    const second = await scene('fresh');
    Object.assign(second.world, { hidden: async (text: string) => text.replaceAll('hunter2', '[hidden]') });
    await second.commands.startRun(ANA, RUN);
    second.state.backup = 'old';
    await second.until((incident) => Object.keys(incident.approvals).length > 0);
    await second.approve(ANA, 'hunter2');
    expect(await second.all('guard.overridden')).toMatchObject([{ why: '[hidden]' }]);
  });

  it('is asked for again where the word ran out while people decided about something else', async () => {
    const [clock, other] = [createVirtualTime(START, 3), { ...BACKUP, id: 'other-backup', with: { url: 'http://other/' } } as Guard];
    const one = await scene('old', { clock, others: [other] });
    await one.commands.startRun(ANA, { ...RUN, override: SAID });
    one.state.other = 'old';
    await one.until((incident) => Object.keys(incident.approvals).length > 0);
    expect(openApproval(await one.incident())).toMatchObject({ override: { guard: 'other-backup' } });
    await clock.advance(OVERRIDE_LASTS_MS);
    await one.approve(ANA, 'that one, too');
    await one.until((incident) => ended(incident) || Object.keys(incident.approvals).length > 1);
    expect(one.freeze.effects).toEqual([]);
    expect(openApproval(await one.incident())).toMatchObject({ override: { guard: 'fresh-backup' } });
  });

  it.each([
    ['minutes later goes on by the word that was given', 60_000, 0],
    ['after half an hour is asked again: the word has run out', OVERRIDE_LASTS_MS, 1],
  ])('in a run that was killed between the word and the act %s', async (_what, downMs, asked) => {
    const [disk, clock, kill] = [new DurableDisk(), createVirtualTime(START, 3), new KillSwitch()];
    const first = await scene('old', { disk, clock, kill });
    first.world.engine.start = () => {
      kill.kill();
      return new Promise(() => undefined);
    };
    void first.commands.startRun(ANA, { ...RUN, override: SAID });
    await clock.advance(downMs);
    const two = await scene('old', { disk, clock });
    await two.until((incident) => ended(incident) || Object.keys(incident.approvals).length > 0);
    expect(Object.keys((await two.incident()).approvals)).toHaveLength(asked);
    expect(two.shop.value === GOOD_RELEASE).toBe(asked === 0);
    expect(await two.all('guard.overridden')).toHaveLength(1);
  });
});

/** Its first step calls the rollback, which asks the guard. */
function calling(more: object = {}, behind: readonly Step[] = []): Runbook {
  const body = deployRunbook({ id: 'roll-back', clocks: {}, evidence: [], require: [BACKUP] });
  const phases = body.phases.map((phase) => ({ ...phase, steps: phase.steps.map((step) => ({ ...step, evidence: [], meets: [] })) }));
  const call = { ...STEP, kind: 'call', id: 'back', title: 'Back', runbook: bareRunbook('roll-back'), with: {}, ...more } as const;
  const outer = {
    ...deployRunbook({ evidence: [], clocks: {} }),
    phases: [{ id: 'all', title: 'All', text: '', steps: [call, ...behind] }],
  };
  const linked = linkRunbook(outer, (id) => (id === 'roll-back' ? { ...body, phases } : undefined));
  if (!linked.ok) throw new Error(JSON.stringify(linked.problems));
  return linked.runbook;
}

describe('a guard of a called runbook', () => {
  it('is overridden under the name of the step that calls it, and a kill right behind the yes asks nobody again', async () => {
    const [disk, clock, kill] = [new DurableDisk(), createVirtualTime(START, 3), new KillSwitch()];
    const [runbook, guard] = [calling(), { id: 'sure', text: '', ask: 'Are you sure?' }];
    const one = await scene('old', { disk, clock, kill, runbook, guard });
    await one.commands.startRun(ANA, RUN);
    await one.until((incident) => Object.keys(incident.approvals).length > 0);
    expect(openApproval(await one.incident())).toMatchObject({ override: { guard: 'back.fresh-backup', answer: 'fail' } });
    await one.approve(ANA, 'the one of yesterday will do');
    kill.kill();
    const two = await scene('old', { disk, clock, runbook, guard });
    await two.until(ended);
    expect(two.shop.effects.map(({ to }) => to)).toEqual([GOOD_RELEASE]);
    expect(await two.all('approval.requested')).toHaveLength(1);
    expect(await two.all('guard.overridden')).toMatchObject([{ guard: 'back.fresh-backup', by: 'ana' }]);
  });
});

describe('a guard of a called runbook behind which its caller deletes for good', () => {
  it('is nobody’s to override: the run stops at it', async () => {
    const drop = { ...STEP, kind: 'do', id: 'drop', title: 'Drop', do: 'db.migrateDown', with: { database: 'main', to: '1' }, verify: [] };
    const runbook = calling({}, [drop as unknown as Step]);
    const one = await scene('old', { runbook, guard: { id: 'sure', text: '', ask: 'Are you sure?' } });
    await one.commands.startRun(ANA, RUN);
    await one.until((incident) => incident.isRunning === false || Object.keys(incident.approvals).length > 0);
    expect([(await one.incident()).approvals, one.freeze.effects]).toEqual([{}, []]);
    expect((await one.all('run.finished'))[0]).toMatchObject({ reason: expect.stringContaining('guard fresh-backup does not hold') });
  });
});

describe('a called runbook that is begun again', () => {
  it('asks again: what people said of its first time they have not said of its second', async () => {
    const runbook = calling({ retry: { max: 2, everyMs: 1_000, backoff: 'fixed' } });
    const one = await scene('old', { runbook, guard: { id: 'sure', text: '', ask: 'Are you sure?' } });
    one.wrapAction('deploy.freeze', () => ({
      act: async () => {
        throw new BelayError('BELAY_ACT_FAILED', 'not now', { effect: 'none' });
      },
    }));
    await one.commands.startRun(ANA, RUN);
    await one.until((incident) => Object.keys(incident.approvals).length > 0);
    await one.approve(ANA, 'the one of yesterday will do');
    await one.until((incident) => incident.isRunning === false || Object.keys(incident.approvals).length > 1);
    expect((await one.all('approval.requested')).map(({ override }) => override?.guard)).toEqual([
      'back.fresh-backup',
      'back.fresh-backup',
    ]);
  });
});

describe('a guard that nobody can measure', () => {
  it('and that is known to fail right before the first act is asked again: that was not what was overridden', async () => {
    const one = await scene('unseen');
    await one.commands.startRun(ANA, { ...RUN, override: SAID });
    one.state.backup = 'old';
    await one.until((incident) => ended(incident) || Object.keys(incident.approvals).length > 0);
    expect(openApproval(await one.incident())).toMatchObject({ override: { answer: 'fail' } });
    await one.approve(ANA, 'still good enough');
    await one.until(ended);
    expect((await one.all('guard.overridden')).map(({ answer }) => answer)).toEqual(['inconclusive', 'fail']);
  });

  it('asks no more where it was overridden at the start', async () => {
    const one = await scene('unseen');
    await one.commands.startRun(ANA, { ...RUN, override: SAID });
    await one.until(ended);
    expect([(await one.incident()).approvals, await one.all('guard.overridden')]).toMatchObject([{}, [{ answer: 'inconclusive' }]]);
  });
});

describe('nobody overrides', () => {
  const { override: _none, ...plain } = BACKUP as Guard & { override: readonly string[] };
  const deleting = (steps: readonly Step[]): readonly Step[] =>
    steps.map((step) => (step.id === 'switch' ? ({ ...step, do: 'db.migrateDown', with: { database: 'main', to: '1' } } as Step) : step));
  it.each([
    ['a guard whose runbook says nothing of it', {}, plain, 'old'],
    ['one that asks about a secret', {}, { ...BACKUP, probe: 'secret' }, 'old'],
    ['one in front of a deletion for good', { runbook: runbookOf(deleting) }, BACKUP, 'old'],
  ] as const)('%s, whoever asks', async (_what, options, guard, backup) => {
    const one = await scene(backup, { ...options, guard: guard as Guard });
    const probes = one.world.probes as Record<string, unknown>;
    probes['secret'] = probes['http'];
    const operator = { person: 'root', roles: ['operator'] };
    await expect(one.commands.startRun(operator, { ...RUN, override: SAID })).rejects.toMatchObject({
      code: 'BELAY_GUARD_REFUSED',
      message: expect.stringContaining('nobody may override'),
    });
    expect(one.disk.runs.size).toBe(0);
  });

  it('a guard that holds, and one that there is not', async () => {
    const one = await scene('fresh');
    await expect(one.commands.startRun(ANA, { ...RUN, override: SAID })).rejects.toMatchObject({ code: 'BELAY_INPUT_INVALID' });
    await expect(one.commands.startRun(ANA, { ...RUN, override: [{ guard: 'nine', reason: 'x' }] })).rejects.toMatchObject({
      code: 'BELAY_NOT_FOUND',
    });
  });

  it('a freeze: people thaw it', async () => {
    const runbook = runbookOf((steps) => steps.map((step) => (step.id === 'switch' ? ({ ...step, do: 'deploy.activate' } as Step) : step)));
    const system = { ...SHOP, targets: SHOP.targets.map((one) => ({ ...one, component: 'shop' })) };
    const one = await scene('fresh', { runbook, system });
    await one.commands.freeze(EVE, { scope: 'component/shop', why: 'migration' });
    await expect(one.commands.startRun(ANA, { ...RUN, override: [{ guard: 'freeze', reason: 'x' }] })).rejects.toMatchObject({
      code: 'BELAY_GUARD_REFUSED',
      hint: expect.stringContaining('belay thaw component/shop'),
    });
  });

  it('what the lint refuses: a guard about a secret, and one in front of a deletion', () => {
    const secrets = 'secrets: { key: { driver: env, variable: KEY } }\n';
    const rules = (yaml: string, guard: string, steps: string): readonly string[] => {
      const front = `components: []\nnever:\n  - { id: g, ${guard}, override: [commander] }\n`;
      const { diagnostics } = folderOf({ yaml: `${BELAY_YAML}${yaml}`, front, steps, env: { KEY: 'x', DB: 'x' } }).loaded();
      return diagnostics.filter(({ severity }) => severity === 'error').map(({ rule }) => rule);
    };
    const look = '### Look\n```belay wait\nfor: 1s\n```';
    expect(rules(secrets, 'probe: secret, with: { name: key, challenge: "http://127.0.0.1/" }, when: same', look)).toEqual([
      'guard-override',
    ]);
    const drop = '### Drop\n```belay do evolution.delete\nwith: { instance: one }\nirreversible: it is gone\n```';
    expect(rules('', 'probe: http, with: { url: "http://127.0.0.1/" }, when: ok == 0', drop)).toContain('guard-override');
    expect(rules('', 'probe: http, with: { url: "http://127.0.0.1/" }, when: ok == 0', look)).toEqual([]);
  });
});
