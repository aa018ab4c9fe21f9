// A fan-out that is taken back: everybody once, in order, under the lock of each, and never said of those of whom nobody knows.
import { describe, expect, it } from 'vitest';
import type { Step } from '../../src/domain/ir.ts';
import { moveTarget } from '../world/fakes/action.ts';
import type { FleetOptions } from '../world/scenes/fan-out.ts';
import { FLEET, fleet, flowOf, refused } from '../world/scenes/fan-out.ts';
import { ANA, STEP } from '../world/scenes/play.ts';

/** Begun, and halted by the last organization, at whose turn another run has taken the lock of the first. */
async function lockedBack(each: Exclude<FleetOptions['each'], undefined>) {
  const one = await fleet({ each: { fail: { then: 'undo' }, ...each }, part: { lock: 'org/{org}' } });
  one.wrapAction('flow.set', (original) => ({
    act: async (args, o) => {
      if (args['org'] !== 'org-12') return original.act(args, o);
      await one.world.partLocks.take('org/org-01', { holder: 'somebody', incident: 'INC-9' });
      throw refused('org-12');
    },
  }));
  await one.begin();
  await one.until((incident) => incident.each?.['fan-out']?.halted != null);
  return one;
}

describe('a fan-out that is taken back', () => {
  it('goes back by itself where the step says so, and leaves alone what somebody changed in the meantime', async () => {
    const one = await fleet({ each: { fail: { then: 'undo' } }, refuses: (org) => (org === 'org-09' ? refused(org) : null) });
    await one.begin();
    await one.until((incident) => incident.each?.['fan-out']?.back != null || incident.isRunning === false);
    await one.until((incident) => incident.isRunning === false);
    expect(one.on('v2')).toEqual(FLEET);
    const acted = FLEET.filter((org) => flowOf(one.disk, org).effects.length > 0);
    expect(acted).toContain('org-01');
    for (const org of acted)
      expect(
        flowOf(one.disk, org).effects.map(({ to }) => to),
        org,
      ).toEqual(['v1', 'v2']);
    expect((await one.state()).back).toEqual({ undone: acted.length, failed: 0 });
  });

  it('goes back only while it holds the lock of the organization, and waits for one that another run has', async () => {
    const one = await lockedBack({});
    await one.until(() => one.on('v1').length === 1);
    expect(one.on('v1')).toEqual(['org-01']);
    await one.clock.advance(60_000);
    expect(one.on('v1')).toEqual(['org-01']);
    await one.world.partLocks.release({ incident: 'INC-9' });
    await one.until((incident) => incident.isRunning === false);
    expect(one.on('v2')).toEqual(FLEET);
    expect((await one.state()).back?.failed).toBe(0);
    for (const org of FLEET) expect(await one.world.partLocks.find(`org/${org}`), org).toBeNull();
  });

  it('does not go back for an organization whose lock another run keeps, and tells which', async () => {
    const one = await lockedBack({ timeoutMs: 60_000 });
    await one.until((incident) => incident.isRunning === false);
    expect(one.on('v1')).toEqual(['org-01']);
    expect((await one.all('each.returned')).flatMap(({ failed }) => failed)).toEqual([
      { org: 'org-01', reason: 'another run holds its lock' },
    ]);
    expect(await one.all('step.undone')).toEqual([]);
  });

  it('says of whom nobody knows what was done when a lane broke off, keeps it from beginning again, and is not taken back then', async () => {
    const one = await fleet({ each: { fail: { then: 'undo' } }, part: { lock: 'org/{org}' } });
    expect(await one.world.partLocks.take('org/org-06', { holder: 'somebody', incident: 'INC-9' })).toBe(true);
    await one.begin();
    await one.until(() => one.on('v1').length === FLEET.length - 1);
    const [id, lane] = [...one.disk.runs].find(([name]) => name.endsWith('/3.1')) ?? [];
    if (id === undefined || lane === undefined) throw new Error('no lane');
    const { run } = await one.incident();
    for (const name of ['fan-out/org-09', 'fan-out/org-09/call', 'other/org-09'])
      await one.world.partLocks.take(name, { holder: `${run}/${name}`, incident: 'INC-1' });
    await one.world.engine.cancel(id);
    lane.status = 'parked';
    await one.until((incident) => incident.isRunning === false);
    expect(lane.status).toBe('cancelled');
    // What its own organizations held is free; what another step holds is still held.
    expect(await one.world.partLocks.find('fan-out/org-09')).toBeNull();
    expect(await one.world.partLocks.find('fan-out/org-09/call')).toBeNull();
    expect(await one.world.partLocks.find('other/org-09')).not.toBeNull();
    expect(one.on('v1')).toEqual(['org-09', 'org-12']);
    expect(await one.all('each.halted')).toMatchObject([{ lost: ['org-06', 'org-09', 'org-12'] }]);
    expect(await one.all('step.undone')).toEqual([]);
    expect(JSON.stringify(await one.events())).toContain('nobody knows what was done for org-06, org-09, org-12, whose lane broke off');
  });

  it('undoes once what two attempts did for an organization, and the next time only what is left', async () => {
    const undo = { ...STEP, kind: 'do', id: 'back', title: 'Back', do: 'belay.undo', with: { steps: ['fan-out'] }, verify: [] } as Step;
    let [attempt, undos] = [1, 0];
    const one = await fleet({ each: { fail: { then: 'ask' } }, after: [undo] });
    one.wrapAction('flow.set', (original) => ({
      act: async (args, o) => {
        const act = `${String(args['org'])} ${String(args['to'])}`;
        if (attempt === 1 && act === 'org-12 v1') throw refused('org-12');
        if (attempt === 2 && act === 'org-05 v2') throw refused('org-05');
        if (args['to'] === 'v2') undos += 1;
        await original.act(args, o);
      },
    }));
    const again = async (step: string): Promise<void> => {
      await one.until((incident) => incident.steps[step]?.status === 'waiting');
      attempt += 1;
      await one.commands.answer(ANA, { incident: 'INC-1', step, choice: 'again', key: step });
    };
    await one.begin();
    await one.until((incident) => incident.steps['fan-out']?.status === 'waiting');
    moveTarget(flowOf(one.disk, 'org-01'), 'v2');
    await again('fan-out');
    await one.until((incident) => incident.steps['back']?.status === 'waiting');
    expect((await one.state()).back).toEqual({ undone: 11, failed: 1 });
    expect([one.on('v1'), undos]).toEqual([['org-05'], 11]);
    await again('back');
    await one.until((incident) => incident.steps['back']?.status === 'done');
    expect((await one.state()).back).toEqual({ undone: 1, failed: 0 });
    expect([one.on('v2'), undos]).toEqual([FLEET, 12]);
    expect(flowOf(one.disk, 'org-01').effects.map(({ to }) => to)).toEqual(['v1', 'v2', 'v1', 'v2']);
    const followed = (await one.all('each.returned')).flatMap(({ records }) => records);
    expect(new Set(followed).size).toBe(followed.length);
    expect((await one.incident()).each?.['fan-out']?.records.filter((record) => followed.includes(record))).toEqual([]);
  });
});
