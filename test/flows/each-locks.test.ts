// A fan-out below a call that holds the very lock its parts want: they pass, one at a time among themselves, against everybody else under the
// call's lock. And the way back of a part where another run had its lock in between.
import { describe, expect, it } from 'vitest';
import type { CallStep, EachStep, Runbook, Step } from '../../src/domain/ir.ts';
import { bareRunbook, ownSteps } from '../../src/domain/ir.ts';
import { linkRunbook } from '../../src/domain/link-runbooks.ts';
import { opening } from '../contracts/store-kit.ts';
import { CEL, FLEET, FLEET_SYSTEM, fleet, fleetRunbook, flowActions, flowOf, refused, toV1 } from '../world/scenes/fan-out.ts';
import { ANA, play, STEP } from '../world/scenes/play.ts';
import { deployRunbook } from '../world/scenes/runbook.ts';

const LOCK = 'till';

/** outer → call (holds the lock) → each → a part an organization (wants the same). */
function nested(after: readonly Step[] = [], part: Partial<Runbook> = { lock: LOCK }): Runbook {
  const inner = { ...fleetRunbook({ part }), lock: LOCK };
  const each = ownSteps(inner)[0] as EachStep;
  const call: CallStep = { ...STEP, kind: 'call', id: 'all', title: 'All', runbook: bareRunbook('fleet'), with: {} };
  const outer = deployRunbook({
    id: 'outer',
    ...{ clocks: {}, evidence: [], start: 'ask' },
    phases: [{ id: 'all', title: 'All', text: '', steps: [call, ...after] }],
  });
  const linked = linkRunbook(outer, (id) => (id === 'fleet' ? inner : each.runbook));
  if (!linked.ok) throw new Error(JSON.stringify(linked.problems));
  return linked.runbook;
}

async function begun(runbook: Runbook) {
  const one = await play({ runbook, system: FLEET_SYSTEM, actions: flowActions(), expression: CEL });
  const names = new Set<string>();
  let [now, most] = [0, 0];
  one.wrapAction('flow.set', (original) => ({
    act: async (args, o) => {
      now += 1;
      most = Math.max(most, now);
      names.add((await one.world.partLocks.find(LOCK))?.incident ?? 'nobody');
      await one.clock.sleep(20);
      await original.act(args, o);
      now -= 1;
    },
  }));
  await one.commands.startRun(ANA, { runbook: 'outer', inputs: {}, key: 'k' });
  const on = (flow: string) => FLEET.filter((org) => flowOf(one.disk, org).value === flow);
  return { ...one, on, most: () => most, names };
}

describe('a fan-out below a call that holds the lock of its parts', () => {
  it('does not wait for itself: its parts go on, one at a time, and nobody else has the lock meanwhile', async () => {
    const one = await begun(nested());
    await one.until((incident) => incident.isRunning === false, 600_000);
    expect([one.on('v1'), one.most(), [...one.names]]).toEqual([FLEET, 1, ['INC-1']]);
    expect(await one.world.partLocks.find(LOCK)).toBeNull();
  });

  it('is taken back in the same way once the call is over, under the lock again', async () => {
    const undo: Step = { ...STEP, kind: 'do', id: 'undo', title: 'Undo', do: 'belay.undo', with: { steps: ['all.fan-out'] }, verify: [] };
    const one = await begun(nested([undo]));
    await one.until((incident) => incident.steps['undo']?.status === 'done', 600_000);
    expect([one.on('v2'), one.most(), [...one.names]]).toEqual([FLEET, 1, ['INC-1']]);
    expect(await one.world.partLocks.find(LOCK)).toBeNull();
  });

  it('lets the calls of its parts pass, too', async () => {
    const inner = deployRunbook({
      ...{ id: 'inner', clocks: {}, evidence: [], lock: LOCK, inputs: { org: { type: 'org', required: true } } },
      phases: (ownSteps(fleetRunbook())[0] as EachStep).runbook.phases,
    });
    const call: CallStep = { ...STEP, kind: 'call', id: 'in', title: 'In', runbook: bareRunbook('inner'), with: { org: '{org}' } };
    const phases = [{ id: 'all', title: 'All', text: '', steps: [call] }];
    const part = deployRunbook({ id: 'org-rollback', clocks: {}, evidence: [], inputs: inner.inputs, phases });
    const linked = linkRunbook(part, () => inner);
    if (!linked.ok) throw new Error(JSON.stringify(linked.problems));
    const fleetBook = { ...fleetRunbook(), lock: LOCK };
    const each = { ...(ownSteps(fleetBook)[0] as EachStep), runbook: linked.runbook };
    const book = { ...fleetBook, phases: [{ id: 'all', title: 'All', text: '', steps: [each] }] };
    const outer = { ...nested(), phases: nested().phases };
    const all = linkRunbook(outer, (id) => ({ fleet: book, 'org-rollback': part, inner })[id]);
    if (!all.ok) throw new Error(JSON.stringify(all.problems));
    const one = await begun(all.runbook);
    await one.until((incident) => incident.isRunning === false, 3_600_000);
    expect([one.on('v1'), one.most(), [...one.names]]).toEqual([FLEET, 1, ['INC-1']]);
  });
});

describe('the part of an organization', () => {
  it('is taken back together with a call that held its very lock: the run does not wait for itself', async () => {
    const on = (to: string) => ({ do: 'flow.set', with: { switch: 'flow', org: 'org-12', to } });
    const alone = deployRunbook({
      ...{ id: 'alone', clocks: {}, evidence: [], lock: 'org/org-01' },
      phases: [{ id: 'all', title: 'All', text: '', steps: [{ ...toV1, ...on('v1'), undo: on('v2') } as Step] }],
    });
    const call: CallStep = { ...STEP, kind: 'call', id: 'one', title: 'One', runbook: bareRunbook('alone'), with: {} };
    const each = ownSteps(fleetRunbook({ each: { over: ['org-01', 'org-02'] }, part: { lock: 'org/{org}' } }))[0] as EachStep;
    const undo = {
      ...STEP,
      kind: 'do',
      id: 'undo',
      title: 'Undo',
      do: 'belay.undo',
      with: { steps: ['one.switch', 'fan-out'] },
      verify: [],
    };
    const outer = deployRunbook({
      ...{ id: 'outer', clocks: {}, evidence: [], start: 'ask' },
      phases: [{ id: 'all', title: 'All', text: '', steps: [call, each, undo as Step] }],
    });
    const linked = linkRunbook(outer, (id) => (id === 'alone' ? alone : each.runbook));
    if (!linked.ok) throw new Error(JSON.stringify(linked.problems));
    const one = await begun(linked.runbook);
    await one.until((incident) => ['done', 'waiting'].includes(incident.steps['undo']?.status ?? ''), 3_600_000);
    expect([(await one.incident()).steps['undo']?.status, one.on('v1')]).toEqual(['done', []]);
    expect(await one.world.partLocks.find('org/org-01')).toBeNull();
  });

  it('is not taken back by itself where another run changed something under its lock since, and is told by name', async () => {
    const one = await fleet({ each: { fail: { then: 'undo' } }, part: { lock: 'org/{org}' } });
    one.wrapAction('flow.set', (original) => ({
      act: async (args, o) => {
        if (args['org'] !== 'org-12') return original.act(args, o);
        const { incident } = await one.world.incidents.declare('another', opening('another'));
        const stamp = { at: 0, actor: { kind: 'engine' as const, id: 'belay' } };
        await one.world.partLocks.take('org/org-01', { holder: 'b', incident: incident.id });
        const data = { step: 'down', kind: 'do', title: 'Down', attempt: 1 };
        await one.world.incidents.append(incident.id, { key: 'a', events: [{ type: 'step.started', data, ...stamp }] });
        await one.world.partLocks.release({ incident: incident.id });
        throw refused('org-12');
      },
    }));
    await one.begin();
    await one.until((incident) => incident.isRunning === false);
    expect(one.on('v1')).toEqual(['org-01']);
    expect((await one.all('each.returned')).flatMap(({ failed }) => failed)).toEqual([
      {
        org: 'org-01',
        reason: 'nothing was taken back: INC-2 has held org/org-01 since, and did down: what would be put back may not fit that',
      },
    ]);
  });

  it('does not act once its lock is somebody else’s', async () => {
    const one = await fleet({ part: { lock: 'org/{org}' } });
    one.wrapAction('flow.set', (original) => ({
      observe: async (args) => {
        if (args['org'] === 'org-01' && (await one.world.partLocks.find('org/org-01')) !== null)
          await one.world.partLocks.release({ incident: 'INC-1' });
        return original.observe(args);
      },
    }));
    await one.begin();
    await one.until((incident) => incident.isRunning === false);
    expect(one.on('v1')).toEqual([]);
    expect((await one.state()).failures[0]?.reason).toContain('this run does not hold org/org-01 any more');
  });
});
