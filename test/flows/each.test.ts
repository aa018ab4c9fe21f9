// `each`: organizations in batches that grow; what fails stays where it is; what was approved is what is touched.
import { describe, expect, it } from 'vitest';
import { DurableDisk } from '../../src/adapters/virtual/durable-disk.ts';
import { createVirtualIncidentStore } from '../../src/adapters/virtual/incident-store.ts';
import { journalLinesOf } from '../../src/adapters/virtual/journal.ts';
import { KillSwitch } from '../../src/adapters/virtual/kill-switch.ts';
import { createVirtualTime } from '../../src/adapters/virtual/time.ts';
import type { Incident } from '../../src/domain/incident.ts';
import type { Step } from '../../src/domain/ir.ts';
import { createCommands } from '../../src/flows/commands.ts';
import { moveTarget } from '../world/fakes/action.ts';
import { createFakeDigest } from '../world/fakes/digest.ts';
import { START, startLife, viewOf } from '../world/scenes/deploy.ts';
import type { FleetOptions } from '../world/scenes/fan-out.ts';
import { CEL, FLEET, FLEET_SYSTEM, fleet, fleetRunbook, flowActions, flowOf, refused, toV1 } from '../world/scenes/fan-out.ts';
import { ANA, asks, openApproval, STEP } from '../world/scenes/play.ts';

const ended = (incident: Incident): boolean => ['done', 'noop', 'failed'].includes(incident.steps['fan-out']?.status ?? '');

describe('a fan-out', () => {
  it('takes one organization first, then a share, then all, each once, with a record of every one of them', async () => {
    const one = await fleet();
    await one.begin();
    await one.until(ended);
    expect(one.on('v1')).toEqual(FLEET);
    for (const org of FLEET) expect(flowOf(one.disk, org).effects, org).toHaveLength(1);
    expect((await one.all('each.batch')).map(({ batch, orgs }) => [batch, orgs])).toEqual([
      [1, 1],
      [2, 4],
      [3, 7],
    ]);
    const recorded = await one.all('each.recorded');
    expect(recorded.flatMap(({ done }) => done).toSorted()).toEqual(FLEET);
    expect(await one.state()).toMatchObject({ total: 12, done: 12, failed: 0, left: 0, halted: null });
    expect((await one.incident()).steps['fan-out']).toMatchObject({ status: 'done', detail: { orgs: 12, done: 12 } });
  });

  it('stops before the next batch when one organization failed, and leaves those that did not have their turn alone', async () => {
    const one = await fleet({ refuses: (org) => (org === 'org-03' ? refused(org) : null) });
    await one.begin();
    await one.until(ended);
    expect(one.on('v1')).toContain('org-01');
    expect(one.on('v1')).not.toContain('org-03');
    expect(one.on('v2')).toEqual(expect.arrayContaining(FLEET.slice(5)));
    expect(await one.state()).toMatchObject({ failed: 1, halted: expect.stringContaining('org-03 does not answer') });
    expect((await one.incident()).steps['fan-out']?.status).toBe('failed');
    expect(await one.all('each.batch')).toHaveLength(2);
  });

  it('bears as many failures as it says, and tells who they were', async () => {
    const one = await fleet({ each: { maxFailures: 2 }, refuses: (org) => (['org-03', 'org-11'].includes(org) ? refused(org) : null) });
    await one.begin();
    await one.until(ended);
    expect(one.on('v2')).toEqual(['org-03', 'org-11']);
    expect((await one.state()).failures.map(({ org }) => org).toSorted()).toEqual(['org-03', 'org-11']);
    expect((await one.incident()).steps['fan-out']?.status).toBe('done');
  });

  it('does not go on when its gate does not pass', async () => {
    const gate: Step = {
      ...STEP,
      kind: 'verify',
      id: 'healthy',
      title: 'Healthy',
      mode: 'all',
      everyMs: 1_000,
      timeoutMs: 3_000,
      checks: [{ probe: 'http', with: { url: 'http://shop/' }, expect: 'ok == tried' }],
    };
    const one = await fleet({ each: { gate: 'healthy' }, after: [gate] });
    await one.begin();
    await one.until(ended);
    expect(one.on('v1')).toEqual(['org-01']);
    expect((await one.state()).halted).toContain('the gate healthy did not pass');
  });

  it('asks for an approval of its own before it touches more organizations than its cap, and stops when that is denied', async () => {
    const one = await fleet({ each: { cap: 5 } });
    await one.begin();
    await one.until(asks);
    expect(one.on('v1')).toEqual(FLEET.slice(0, 5));
    const { id, planHash } = openApproval(await one.incident());
    await one.commands.approve(ANA, { incident: 'INC-1', approval: id, planHash, decision: 'deny', reason: 'enough', key: 'd' });
    await one.until(ended);
    expect(one.on('v1')).toEqual(FLEET.slice(0, 5));
    expect((await one.state()).halted).toContain('more than 5 organizations were not approved');
  });

  it('is the same plan for the same organizations and another one when the list moved, with the first names and what would be done', async () => {
    const breached = new Set(['org-02', 'org-05']);
    const views = () => [...FLEET, 'stranger'].map((org) => viewOf(org, START, breached.has(org) ? {} : { status: 'ok', level: 'none' }));
    const one = await fleet({ each: { over: 'orgs("http-5xx")' }, views });
    const plan = () => one.commands.plan({ runbook: 'fleet', inputs: {} });
    const first = await plan();
    expect((await plan()).planHash).toBe(first.planHash);
    expect(first.steps.find((step) => step.id === 'fan-out')).toMatchObject({
      effect: 'change',
      runbook: 'org-rollback',
      each: { orgs: ['org-02', 'org-05'], batches: [1, 2], maxFailures: 0 },
    });
    expect(first.steps.find((step) => step.id === 'fan-out.org-02.switch')).toMatchObject({
      current: 'v2',
      desired: 'v1',
      effect: 'change',
    });
    breached.add('org-07');
    expect((await plan()).planHash).not.toBe(first.planHash);
    await expect(one.commands.startRun(ANA, { runbook: 'fleet', inputs: {}, planHash: first.planHash, key: 'k' })).rejects.toMatchObject({
      code: 'BELAY_PLAN_CHANGED',
    });
    breached.add('stranger');
    expect((await plan()).unknowns).toEqual([{ step: 'fan-out', why: expect.stringContaining('no organization stranger') }]);
  });

  it('touches exactly the organizations that were approved, also when others are in breach by then', async () => {
    const breached = new Set(['org-02', 'org-05']);
    const views = () => FLEET.map((org) => viewOf(org, START, breached.has(org) ? {} : { status: 'ok', level: 'none' }));
    const wait: Step = { ...STEP, kind: 'wait', id: 'rest', title: 'Rest', forMs: 5_000 };
    const one = await fleet({ each: { over: 'orgs("http-5xx")' }, views, before: [wait] });
    await one.begin();
    breached.add('org-07');
    breached.delete('org-05');
    await one.until(ended);
    expect(one.on('v1')).toEqual(['org-02', 'org-05']);
  });

  it('does nothing where nobody is in breach', async () => {
    const one = await fleet({ each: { over: 'orgs("http-5xx")' }, views: () => [] });
    await one.begin();
    await one.until(ended);
    expect((await one.incident()).steps['fan-out']?.status).toBe('noop');
    expect(one.on('v2')).toEqual(FLEET);
  });

  it('stops new acts at a pause, of every lane, and goes on when it is over', async () => {
    let acts = 0;
    const one = await fleet({
      refuses: () => {
        acts += 1;
        if (acts === 3) void one.commands.pause(ANA, { reason: 'wait' });
        return null;
      },
    });
    await one.begin();
    await one.until((incident) => incident.isRunPaused === true);
    await one.clock.advance(120_000);
    const before = one.on('v1').length;
    expect(before).toBeLessThanOrEqual(6);
    await one.clock.advance(120_000);
    expect(one.on('v1')).toHaveLength(before);
    await one.commands.resume(ANA);
    await one.until(ended);
    expect(one.on('v1')).toEqual(FLEET);
    for (const org of FLEET) expect(flowOf(one.disk, org).effects, org).toHaveLength(1);
  });

  it('is tried again for those that failed when people say so: what is in place already is left as it is', async () => {
    let broken = true;
    const one = await fleet({ each: { fail: { then: 'ask' } }, refuses: (org) => (broken && org === 'org-04' ? refused(org) : null) });
    await one.begin();
    await one.until((incident) => incident.tasks['fan-out'] !== undefined);
    broken = false;
    await one.commands.answer(ANA, { incident: 'INC-1', step: 'fan-out', choice: 'again', key: 'a' });
    await one.until((incident) => incident.steps['fan-out']?.status === 'done');
    expect(one.on('v1')).toEqual(FLEET);
    for (const org of FLEET) expect(flowOf(one.disk, org).effects, org).toHaveLength(1);
    expect((await one.state()).noop).toBeGreaterThan(0);
  });

  it('waits for the lock of one organization without holding up the others', async () => {
    const one = await fleet({ part: { lock: 'org/{org}' } });
    expect(await one.world.partLocks.take('org/org-06', { holder: 'somebody', incident: 'INC-9' })).toBe(true);
    await one.begin();
    await one.until(() => one.on('v1').length === FLEET.length - 1);
    expect(one.on('v2')).toEqual(['org-06']);
    await one.world.partLocks.release({ incident: 'INC-9' });
    await one.until(ended);
    expect(one.on('v1')).toEqual(FLEET);
    expect(await one.world.partLocks.find('org/org-06')).toBeNull();
  });

  it('fails for an organization that somebody changes in the same moment, and for no other', async () => {
    const one = await fleet({
      each: { maxFailures: 1 },
      refuses: (org) => {
        if (org === 'org-08') moveTarget(flowOf(one.disk, org), 'v3');
        return null;
      },
    });
    await one.begin();
    await one.until(ended);
    expect(flowOf(one.disk, 'org-08').value).toBe('v3');
    expect(one.on('v1')).toEqual(FLEET.filter((org) => org !== 'org-08'));
  });

  it('asks the guards of its part for each organization before that one is touched', async () => {
    const one = await fleet({
      each: { maxFailures: 12 },
      part: { require: [{ id: 'not-bad', text: '', probe: 'flow', with: { switch: 'flow', org: '{org}' }, expect: 'value != "never"' }] },
    });
    const asked: string[] = [];
    (one.world.probes as Record<string, unknown>)['flow'] = {
      measure: async ({ org }: { org: string }) => {
        asked.push(org);
        return { known: true, values: { value: org === 'org-02' ? 'never' : 'v2' } };
      },
    };
    await one.begin();
    const planned = asked.length;
    await one.until(ended);
    expect(one.on('v2')).toEqual(['org-02']);
    expect(
      asked.slice(planned).filter((org) => org === 'org-12'),
      'once an organization',
    ).toEqual(['org-12']);
    expect((await one.state()).failures).toEqual([{ org: 'org-02', reason: expect.stringContaining('guard not-bad does not hold') }]);
  });

  it('is not ended by people while one of its lanes is inside an act, although another one met the pause', async () => {
    const slow = { phases: [{ id: 'all', title: 'All', text: '', steps: [{ ...toV1, timeoutMs: 300_000 } as Step] }] };
    const one = await fleet({ batches: [{ share: 1 }], each: { over: FLEET.slice(0, 4), atOnce: 2 }, part: slow });
    one.wrapAction('flow.set', ({ act }) => ({
      act: async (args, o) => {
        if (args['org'] === 'org-02') await one.commands.pause(ANA, { reason: 'stop' });
        if (args['org'] === 'org-01') await one.clock.sleep(60_000);
        return act(args, o);
      },
    }));
    const end = (key: string) => one.commands.steer(ANA, { incident: 'INC-1', verb: 'abort', reason: 'by hand', key });
    await one.begin();
    await one.until((incident) => incident.isRunPaused === true);
    await one.clock.advance(5_000);
    await expect(end('early')).rejects.toMatchObject({ code: 'BELAY_GUARD_REFUSED', message: expect.stringContaining('at work') });
    await one.clock.advance(120_000);
    expect(one.on('v1')).toEqual(expect.arrayContaining(['org-01', 'org-02']));
    await end('late');
    const acted = journalLinesOf(one.disk);
    expect(acted.filter(({ kind }) => kind === 'intent')).toHaveLength(acted.filter(({ kind }) => kind === 'outcome').length);
    expect(await one.all('run.finished')).toMatchObject([{ outcome: 'aborted', reason: 'by hand' }]);
    expect(one.statuses()).not.toContain('running');
  });

  it('touches nobody whose guard cannot be measured, whoever began it, and its plan says so beforehand', async () => {
    const one = await fleet({
      each: { maxFailures: 12 },
      part: { require: [{ id: 'not-bad', text: '', probe: 'flow', with: { switch: 'flow', org: '{org}' }, expect: 'value != "never"' }] },
    });
    const blind = new Set(['org-01', 'org-05']);
    (one.world.probes as Record<string, unknown>)['flow'] = {
      measure: async ({ org }: { org: string }) =>
        blind.has(org) ? { known: false, why: 'no sample yet' } : { known: true, values: { value: 'v2' } },
    };
    expect((await one.commands.plan({ runbook: 'fleet', inputs: {} })).unknowns).toEqual([
      { step: 'fan-out', why: 'org-rollback: not-bad is inconclusive' },
    ]);
    await one.begin();
    await one.until(ended);
    expect(one.on('v2')).toEqual(['org-01', 'org-05']);
    expect((await one.state()).failures).toContainEqual({
      org: 'org-01',
      reason: expect.stringContaining('guard not-bad cannot be told: no sample yet'),
    });
    blind.clear();
    expect((await one.commands.plan({ runbook: 'fleet', inputs: {} })).unknowns).toEqual([]);
  });

  it('is ended by people while it is paused: nobody else is touched then', async () => {
    const one = await fleet({ refuses: (org) => (org === 'org-02' ? (void one.commands.pause(ANA, { reason: 'stop' }), null) : null) });
    await one.begin();
    await one.until((incident) => incident.isRunPaused === true);
    await one.clock.advance(5_000);
    await one.commands.resolve(ANA, { incident: 'INC-1', reason: 'by hand', key: 'r' });
    const touched = one.on('v1');
    await one.commands.resume(ANA);
    await one.clock.advance(600_000);
    expect(one.on('v1')).toEqual(touched);
    expect(one.statuses()).not.toContain('running');
  });

  it('ends the same after one kill at any boundary: nobody is lost, nobody is touched twice', async () => {
    const options: FleetOptions = { batches: [{ count: 1 }, { share: 1 }], each: { over: FLEET.slice(0, 4), atOnce: 2 } };
    const story = async (armedAt: number | null) => {
      const disk = new DurableDisk();
      const clock = createVirtualTime(START, 7);
      const life = (kill: KillSwitch) =>
        startLife({ disk, clock, kill, runbook: fleetRunbook(options), system: FLEET_SYSTEM, actions: flowActions(), expression: CEL });
      const first = await life(new KillSwitch());
      await createCommands(first.world).startRun(ANA, { runbook: 'fleet', inputs: {}, key: 'k' });
      const kill = new KillSwitch(armedAt);
      first.kill.kill();
      void life(kill);
      await clock.advanceUntil(async () => kill.dead || ended(await peek(disk, clock)), 600_000);
      if (kill.dead) {
        await clock.advance(700);
        void life(new KillSwitch());
        await clock.advanceUntil(async () => ended(await peek(disk, clock)), 600_000);
      }
      return { disk, kill, incident: await peek(disk, clock) };
    };
    const calm = await story(null);
    for (let boundary = 1; boundary <= calm.kill.count; boundary += 1) {
      const { disk, incident } = await story(boundary);
      const context = `killed at boundary ${boundary} (${calm.kill.passed[boundary - 1]})`;
      for (const org of FLEET.slice(0, 4))
        expect(
          flowOf(disk, org).effects.map(({ to }) => to),
          `${context} ${org}`,
        ).toEqual(['v1']);
      expect(incident.steps['fan-out']?.status, context).toBe('done');
      const lines = journalLinesOf(disk).filter((line) => line.kind === 'outcome' && line.effect === 'done');
      expect(new Set(lines.map((line) => line.target)).size, context).toBe(4);
    }
  }, 120_000);
});

async function peek(disk: DurableDisk, clock: ReturnType<typeof createVirtualTime>) {
  const incident = await createVirtualIncidentStore({ disk, digest: createFakeDigest(), time: clock }).load('INC-1');
  if (incident === null) throw new Error('no incident');
  return incident;
}
