// Freezes of one organization, and temporary measures that end by themselves: on the deploy scene, over kills.
import { describe, expect, it } from 'vitest';
import { DurableDisk } from '../../src/adapters/virtual/durable-disk.ts';
import { createVirtualFreezes } from '../../src/adapters/virtual/freezes.ts';
import { KillSwitch } from '../../src/adapters/virtual/kill-switch.ts';
import { createVirtualTime } from '../../src/adapters/virtual/time.ts';
import { ACTIONS } from '../../src/domain/catalog.ts';
import { ledgerOf } from '../../src/domain/contingency-ledger.ts';
import { BelayError } from '../../src/domain/errors.ts';
import type { DoStep, Runbook, Step } from '../../src/domain/ir.ts';
import type { System } from '../../src/domain/system.ts';
import { scopeFreezeActions } from '../../src/flows/actions/scope-freeze.ts';
import { createCommands } from '../../src/flows/commands.ts';
import { createFakeAction, fakeTargetOn, moveTarget } from '../world/fakes/action.ts';
import { breach, breachOf, START, startLife } from '../world/scenes/deploy.ts';
import { CEL, FLEET_SYSTEM, flowActions, flowOf, toV1 } from '../world/scenes/fan-out.ts';
import { ANA, asks, openApproval, play, runbookOf, STEP } from '../world/scenes/play.ts';
import { deployRunbook } from '../world/scenes/runbook.ts';

const freeze: DoStep = {
  ...STEP,
  kind: 'do',
  id: 'hold',
  title: 'Freeze new activations',
  do: 'belay.freeze',
  with: { org: '{org}', why: 'v2 is being repaired' },
  undo: { do: 'belay.thaw', with: { org: '{org}' } },
  verify: [],
};
const orgRunbook = (id: string, steps: readonly Step[]): Runbook =>
  deployRunbook({
    id,
    inputs: { org: { type: 'org', required: true } },
    clocks: {},
    evidence: [],
    start: 'ask',
    phases: [{ id: 'all', title: 'All', text: '', steps }],
  });
const rest: Step = { ...STEP, kind: 'wait', id: 'rest', title: 'Rest', forMs: 3_600_000 };

const actions = (disk: DurableDisk, kill: KillSwitch, now: () => number = () => START) => ({
  ...flowActions()(disk, kill),
  ...Object.fromEntries(
    scopeFreezeActions({ freezes: createVirtualFreezes({ disk, kill }), system: FLEET_SYSTEM, time: { now } }).map((one) => [
      one.spec.name,
      one,
    ]),
  ),
});
const scene = async (runbook: Runbook, other: Runbook) =>
  play({ runbook, orgRunbook: other, system: FLEET_SYSTEM, actions, expression: CEL });

describe('a freeze of one organization', () => {
  it('refuses to put something live for it outside of its incident, says what to type, and touches no other organization', async () => {
    const one = await scene(orgRunbook('hold', [freeze, rest]), orgRunbook('forward', [toV1]));
    await one.commands.startRun(ANA, { runbook: 'hold', inputs: { org: 'org-02' }, key: 'a' });
    await one.until((incident) => incident.steps['hold']?.status === 'done');
    expect(await one.world.freezes.list()).toEqual([
      { scope: 'org/org-02', incident: 'INC-1', by: 'belay', why: 'v2 is being repaired', at: START },
    ]);
    await expect(one.commands.startRun(ANA, { runbook: 'forward', inputs: { org: 'org-02' }, key: 'b' })).rejects.toMatchObject({
      code: 'BELAY_GUARD_REFUSED',
      message: expect.stringMatching(/org\/org-02 is frozen by belay in INC-1 \(v2 is being repaired\).*belay thaw org\/org-02/),
    });
    expect(flowOf(one.disk, 'org-02').value).toBe('v2');
    await one.commands.startRun(ANA, { runbook: 'forward', inputs: { org: 'org-03' }, key: 'c' });
    await one.clock.advanceUntil(() => flowOf(one.disk, 'org-03').value === 'v1', 60_000);
    await one.commands.thaw(ANA, { scope: 'org-02', why: 'the fix is reviewed' });
    await one.commands.startRun(ANA, { runbook: 'forward', inputs: { org: 'org-02' }, key: 'd' });
    await one.clock.advanceUntil(() => flowOf(one.disk, 'org-02').value === 'v1', 60_000);
  });

  it('is seen right before the act as well, by a run that was planned before it', async () => {
    const pausing: Step = { ...STEP, kind: 'wait', id: 'rest', title: 'Rest', forMs: 10_000 };
    const one = await scene(orgRunbook('forward', [pausing, toV1]), orgRunbook('other', [rest]));
    await one.commands.startRun(ANA, { runbook: 'forward', inputs: { org: 'org-02' }, key: 'a' });
    await one.commands.freeze(ANA, { scope: 'org/org-02', why: 'stop' });
    await one.until((incident) => incident.steps['switch']?.status === 'failed');
    expect((await one.incident()).steps['switch']?.detail).toMatchObject({
      code: 'BELAY_GUARD_REFUSED',
      message: expect.stringContaining('org/org-02 is frozen by ana (stop)'),
    });
    expect(flowOf(one.disk, 'org-02').effects).toEqual([]);
  });

  it('lets its own incident go on, a plan that thaws first, and the way back of everybody', async () => {
    const thaw: Step = { ...freeze, id: 'thaw', do: 'belay.thaw', with: { org: '{org}' } };
    const one = await scene(
      orgRunbook('own', [freeze, toV1]),
      orgRunbook('forward', [thaw, { ...toV1, with: { switch: 'flow', org: '{org}', to: 'v3' } } as Step]),
    );
    await one.commands.startRun(ANA, { runbook: 'own', inputs: { org: 'org-02' }, key: 'a' });
    await one.until((incident) => incident.isRunning === false);
    expect(flowOf(one.disk, 'org-02').value).toBe('v1');
    await one.commands.startRun(ANA, { runbook: 'forward', inputs: { org: 'org-02' }, key: 'b' });
    await one.clock.advanceUntil(() => flowOf(one.disk, 'org-02').value === 'v3', 60_000);
    expect(await one.world.freezes.list()).toEqual([]);
  });

  it('lets a run take back what it has put live before somebody froze it', async () => {
    const pausing: Step = { ...STEP, kind: 'wait', id: 'rest', title: 'Rest', forMs: 10_000 };
    const onward = { ...toV1, id: 'onward', with: { switch: 'flow', org: '{org}', to: 'v3' }, fail: { then: 'undo' } } as Step;
    const one = await scene(orgRunbook('forward', [toV1, pausing, onward]), orgRunbook('other', [rest]));
    await one.commands.startRun(ANA, { runbook: 'forward', inputs: { org: 'org-02' }, key: 'a' });
    await one.until((incident) => incident.steps['switch']?.status === 'done');
    await one.commands.freeze(ANA, { scope: 'org/org-02', why: 'stop' });
    await one.until((incident) => incident.isRunning === false);
    expect((await one.incident()).steps).toMatchObject({ switch: { status: 'undone' }, onward: { status: 'failed' } });
    expect(flowOf(one.disk, 'org-02').effects.map(({ to }) => to)).toEqual(['v1', 'v2']);
  });

  it('makes the rollback of a breach ask people, and it goes on when they have thawed and approved', async () => {
    const on = (to: string) => ({ switch: 'flow', org: 'org-02', to });
    const back = { ...toV1, with: on('v1'), undo: { do: 'flow.set', with: on('v2') } } as Step;
    const disk = new DurableDisk();
    const clock = createVirtualTime(START, 3);
    const runbook = runbookOf(() => [back], { evidence: [], clocks: {}, require: [], never: [] });
    const one = await play({ disk, clock, runbook, system: FLEET_SYSTEM, actions, expression: CEL });
    await one.commands.freeze(ANA, { scope: 'org/org-02', why: 'stop' });
    await breach(disk, breachOf('acme', START));
    await one.until(asks);
    expect((await one.all('decision.made')).at(-1)).toMatchObject({
      choice: 'ask',
      guards: expect.arrayContaining([
        expect.objectContaining({ guard: 'freeze', answer: 'fail', reason: expect.stringContaining('belay thaw org/org-02') }),
      ]),
    });
    expect(flowOf(disk, 'org-02').effects).toEqual([]);
    await one.commands.thaw(ANA, { scope: 'org-02', why: 'go back' });
    const { id, planHash } = openApproval(await one.incident());
    await one.commands.approve(ANA, { incident: 'INC-1', approval: id, planHash, decision: 'grant', key: 'y' });
    await clock.advanceUntil(() => flowOf(disk, 'org-02').value === 'v1', 60_000);
  });

  it('is refused for what does not exist, and for what is frozen already', async () => {
    const one = await scene(orgRunbook('own', [rest]), orgRunbook('other', [rest]));
    await expect(one.commands.freeze(ANA, { scope: 'org/nobody', why: 'x' })).rejects.toMatchObject({ code: 'BELAY_NOT_FOUND' });
    await one.commands.freeze(ANA, { scope: 'component/shop', why: 'x' });
    await expect(one.commands.freeze(ANA, { scope: 'shop', why: 'y' })).rejects.toMatchObject({ code: 'BELAY_GUARD_REFUSED' });
    await expect(one.commands.thaw(ANA, { scope: 'org-01', why: 'y' })).rejects.toMatchObject({ code: 'BELAY_NOT_FOUND' });
  });
});

describe('a measure that takes itself back', () => {
  const bypass = { ...toV1, id: 'bypass', contingency: { owner: 'commander', expiresMs: 60_000, atExpiry: 'undo' as const } } as Step;

  it('is in the ledger with its owner and its end, blocks closing, and is gone when it has expired', async () => {
    const one = await scene(orgRunbook('measure', [bypass]), orgRunbook('other', [rest]));
    await one.commands.startRun(ANA, { runbook: 'measure', inputs: { org: 'org-02' }, key: 'a' });
    await one.until((incident) => incident.isRunning === false);
    expect(ledgerOf(await one.world.incidents.list(), one.clock.now())).toMatchObject([
      { incident: 'INC-1', step: 'bypass', owner: 'commander', state: 'open', atExpiry: 'undo', undo: 'flow.set' },
    ]);
    await one.commands.resolve(ANA, { incident: 'INC-1', reason: 'good', key: 'r' });
    await expect(one.commands.close(ANA, { incident: 'INC-1', key: 'x' })).rejects.toMatchObject({
      message: expect.stringContaining('contingency bypass'),
    });
    await one.until((incident) => incident.contingencies.every((open) => open.closedAt !== undefined));
    expect(flowOf(one.disk, 'org-02').effects.map(({ to }) => to)).toEqual(['v1', 'v2']);
    expect((await one.commands.close(ANA, { incident: 'INC-1', key: 'y' })).phase).toBe('closed');
  });

  it('is taken back although somebody froze its organization in the meantime', async () => {
    const one = await scene(orgRunbook('measure', [bypass]), orgRunbook('other', [rest]));
    await one.commands.startRun(ANA, { runbook: 'measure', inputs: { org: 'org-02' }, key: 'a' });
    await one.until((incident) => incident.isRunning === false);
    await one.commands.freeze(ANA, { scope: 'org/org-02', why: 'stop' });
    await one.clock.advance(120_000);
    expect(flowOf(one.disk, 'org-02').effects.map(({ to }) => to)).toEqual(['v1', 'v2']);
    expect(await one.all('escalation.fired')).toEqual([]);
  });

  it('that its target refuses to take back says why to its owner', async () => {
    const one = await scene(orgRunbook('measure', [bypass]), orgRunbook('other', [rest]));
    await one.commands.startRun(ANA, { runbook: 'measure', inputs: { org: 'org-02' }, key: 'a' });
    await one.until((incident) => incident.isRunning === false);
    one.wrapAction('flow.set', () => ({
      act: () => Promise.reject(new BelayError('BELAY_TARGET_UNREACHABLE', 'the switch does not answer', { effect: 'none' })),
    }));
    await one.clock.advance(120_000);
    expect((await one.all('escalation.fired')).map(({ why }) => why)).toEqual([
      expect.stringContaining('the undo of bypass did not succeed (failed: the switch does not answer)'),
    ]);
  });

  it('that somebody changed meanwhile is left as it is, and its owner is called', async () => {
    const one = await scene(orgRunbook('measure', [bypass]), orgRunbook('other', [rest]));
    await one.commands.startRun(ANA, { runbook: 'measure', inputs: { org: 'org-02' }, key: 'a' });
    await one.until((incident) => incident.isRunning === false);
    moveTarget(flowOf(one.disk, 'org-02'), 'v3');
    await one.clock.advance(120_000);
    expect(flowOf(one.disk, 'org-02').value).toBe('v3');
    expect((await one.all('escalation.fired')).map(({ to, why }) => `${to}: ${why}`)).toEqual([
      expect.stringMatching(/^commander: contingency bypass has expired and could not be taken back: .*somebody changed/),
    ]);
    expect(ledgerOf(await one.world.incidents.list(), one.clock.now())).toMatchObject([{ state: 'overdue' }]);
  });

  it('is taken back once after one kill at any boundary', async () => {
    const runbook = orgRunbook('measure', [bypass]);
    const story = async (armedAt: number | null) => {
      const disk = new DurableDisk();
      const clock = createVirtualTime(START, 7);
      const life = (kill: KillSwitch) => startLife({ disk, clock, kill, runbook, system: FLEET_SYSTEM, actions, expression: CEL });
      const first = await life(new KillSwitch());
      await createCommands(first.world).startRun(ANA, { runbook: 'measure', inputs: { org: 'org-02' }, key: 'a' });
      await clock.advance(30_000);
      first.kill.kill();
      const kill = new KillSwitch(armedAt);
      void life(kill);
      await clock.advance(60_000);
      if (kill.dead) void life(new KillSwitch());
      await clock.advance(60_000);
      return { kill, effects: flowOf(disk, 'org-02').effects.map(({ to }) => to) };
    };
    const calm = await story(null);
    expect(calm.effects).toEqual(['v1', 'v2']);
    for (let boundary = 1; boundary <= calm.kill.count; boundary += 1)
      expect((await story(boundary)).effects, `killed at ${calm.kill.passed[boundary - 1]}`).toEqual(['v1', 'v2']);
  }, 60_000);
});

describe('an undo that deletes for good', () => {
  const SYSTEM = { ...FLEET_SYSTEM, databases: [{ id: 'crm', component: 'shop' }] as unknown as NonNullable<System['databases']> };
  const columnOf = (disk: DurableDisk) => fakeTargetOn(disk, 'column', 'absent');
  const applying = (disk: DurableDisk, kill: KillSwitch) => ({
    ...actions(disk, kill),
    'db.apply': createFakeAction({
      ...{ spec: ACTIONS['db.apply'] as never, target: columnOf(disk), name: 'database:crm', kill },
      wanted: ({ file }) => (file === 'add' ? 'present' : 'absent'),
    }),
  });
  const add = {
    ...{ ...STEP, kind: 'do', id: 'add', title: 'Add the column', do: 'db.apply', with: { database: 'crm', file: 'add' }, verify: [] },
    undo: { do: 'db.apply', with: { database: 'crm', file: 'drop' } },
  } as const satisfies Step;
  const expiring: Step = { ...add, contingency: { owner: 'commander', expiresMs: 60_000, atExpiry: 'undo' } };
  const begun = async (steps: readonly Step[]) => {
    const runbook = { ...orgRunbook('measure', steps), inputs: {} };
    const one = await play({ runbook, orgRunbook: orgRunbook('other', [rest]), system: SYSTEM, actions: applying, expression: CEL });
    await one.commands.startRun(ANA, { runbook: 'measure', inputs: {}, key: 'a' });
    await one.until((incident) => incident.steps['add']?.status === 'done');
    await one.commands.freeze(ANA, { scope: 'component/shop', why: 'do not delete data' });
    return {
      ...one,
      dropped: () =>
        columnOf(one.disk)
          .effects.map(({ to }) => to)
          .includes('absent'),
    };
  };

  it('stops before the frozen component, also in the run that is taking back, and says how it is thawed', async () => {
    const pausing: Step = { ...STEP, kind: 'wait', id: 'pause', title: 'Pause', forMs: 10_000 };
    const back: Step = { ...STEP, kind: 'do', id: 'back', title: 'Undo', do: 'belay.undo', with: { steps: ['add'] }, verify: [] };
    const one = await begun([add, pausing, back]);
    await one.until((incident) => incident.steps['back']?.status === 'waiting');
    expect((await one.all('step.waiting')).at(-1)?.ask).toMatch(
      /^the undo of add did not succeed \(failed: component\/shop is frozen by ana \(do not delete data\); .*belay thaw component\/shop/,
    );
    expect(one.dropped()).toBe(false);
    await one.commands.thaw(ANA, { scope: 'component/shop', why: 'the data is safe' });
    await one.commands.answer(ANA, { incident: 'INC-1', step: 'back', choice: 'again', key: 'again' });
    await one.until((incident) => incident.isRunning === false);
    expect(one.dropped()).toBe(true);
  });

  it('of a measure that expires is told to its owner once, waits for the thaw, and is not forgotten', async () => {
    const one = await begun([expiring]);
    await one.clock.advance(7_200_000);
    expect(one.dropped()).toBe(false);
    const told = (await one.all('escalation.fired')).map(({ to, why }) => `${to}: ${why}`);
    expect(told).toEqual([
      expect.stringMatching(
        /^commander: contingency add has expired .* frozen by ana .*belay thaw component\/shop .*tried again after the thaw$/,
      ),
    ]);
    expect(ledgerOf(await one.world.incidents.list(), one.clock.now())).toMatchObject([{ state: 'overdue' }]);
    await one.commands.thaw(ANA, { scope: 'component/shop', why: 'the data is safe' });
    await one.until((incident) => incident.contingencies.every((open) => open.closedAt !== undefined), 600_000);
    expect(columnOf(one.disk).effects.map(({ to }) => to)).toEqual(['present', 'absent']);
    expect(await one.all('escalation.fired')).toHaveLength(1);
  });

  it('of a measure that people took back by hand meanwhile is not done after the thaw', async () => {
    const one = await begun([expiring]);
    await one.clock.advance(120_000);
    await one.commands.closeContingency(ANA, { incident: 'INC-1', step: 'add', note: 'the column stays', key: 'c' });
    await one.commands.thaw(ANA, { scope: 'component/shop', why: 'the data is safe' });
    await one.clock.advance(3_600_000);
    expect(columnOf(one.disk).effects.map(({ to }) => to)).toEqual(['present']);
    expect([...one.disk.runs.values()].filter(({ status }) => status === 'running')).toEqual([]);
  });

  it("that fails after the thaw for another reason is its owner's to look at", async () => {
    const one = await begun([expiring]);
    await one.clock.advance(120_000);
    moveTarget(columnOf(one.disk), 'renamed');
    await one.commands.thaw(ANA, { scope: 'component/shop', why: 'the data is safe' });
    await one.clock.advance(3_600_000);
    expect((await one.all('escalation.fired')).map(({ why }) => why)).toEqual([
      expect.stringContaining('tried again after the thaw'),
      expect.stringContaining('somebody changed database:crm since'),
    ]);
    expect(one.dropped()).toBe(false);
  });

  it('is done once after the thaw, whenever Belay is killed while it waits', async () => {
    const runbook = { ...orgRunbook('measure', [expiring]), inputs: {} };
    const disk = new DurableDisk();
    const clock = createVirtualTime(START, 7);
    const life = (kill: KillSwitch) => startLife({ disk, clock, kill, runbook, system: SYSTEM, actions: applying, expression: CEL });
    let { world, kill } = await life(new KillSwitch());
    await createCommands(world).startRun(ANA, { runbook: 'measure', inputs: {}, key: 'a' });
    await clock.advance(30_000);
    await createCommands(world).freeze(ANA, { scope: 'component/shop', why: 'stop' });
    for (let turn = 1; turn <= 4; turn += 1) {
      await clock.advance(45_000 * turn);
      kill.kill();
      ({ world, kill } = await life(new KillSwitch()));
    }
    expect(columnOf(disk).effects.map(({ to }) => to)).toEqual(['present']);
    await createCommands(world).thaw(ANA, { scope: 'component/shop', why: 'go on' });
    await clock.advance(900_000);
    expect(columnOf(disk).effects.map(({ to }) => to)).toEqual(['present', 'absent']);
    const events = await world.incidents.events('INC-1');
    expect(events.filter(({ type }) => type === 'escalation.fired')).toHaveLength(1);
  });
});
