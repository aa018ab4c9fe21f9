// The answer to a breach, in virtual time over the fakes: who decides, what stops it, and what people are asked.
import { describe, expect, it } from 'vitest';
import { DurableDisk } from '../../src/adapters/virtual/durable-disk.ts';
import type { VirtualJournal } from '../../src/adapters/virtual/journal.ts';
import { journalLinesOf } from '../../src/adapters/virtual/journal.ts';
import { KillSwitch } from '../../src/adapters/virtual/kill-switch.ts';
import { createVirtualTime } from '../../src/adapters/virtual/time.ts';
import type { Incident } from '../../src/domain/incident.ts';
import type { Runbook } from '../../src/domain/ir.ts';
import { stepsOf } from '../../src/domain/ir.ts';
import { createCommands } from '../../src/flows/commands.ts';
import { fakeTargetOn, moveTarget } from '../world/fakes/action.ts';
import type { SceneOptions } from '../world/scenes/deploy.ts';
import { BAD_RELEASE, breach, breachOf, GOOD_RELEASE, START, startLife, viewOf } from '../world/scenes/deploy.ts';
import { deployRunbook } from '../world/scenes/runbook.ts';

const ANA = { person: 'ana', roles: ['commander', 'comms'] };

async function scene(options: Partial<SceneOptions> = {}) {
  const disk = options.disk ?? new DurableDisk();
  const clock = options.clock ?? createVirtualTime(START, 3);
  const life = await startLife({ disk, clock, ...options });
  const incident = async (): Promise<Incident> => {
    const [first] = await life.world.incidents.list();
    if (first === undefined) throw new Error('no incident');
    return first;
  };
  const until = (condition: (incident: Incident) => boolean, maxMs = 3_600_000): Promise<void> =>
    clock.advanceUntil(async () => ((await life.world.incidents.list())[0] === undefined ? false : condition(await incident())), maxMs);
  const types = async (): Promise<string[]> => (await life.world.incidents.events((await incident()).id)).map((event) => event.type);
  return {
    ...life,
    incident,
    until,
    types,
    commands: createCommands(life.world),
    shop: fakeTargetOn(disk, 'shop', BAD_RELEASE),
    freeze: fakeTargetOn(disk, 'freeze', 'open'),
  };
}

const waits = (incident: Incident): boolean => Object.values(incident.approvals).some((approval) => approval.state === 'open');
const openApproval = (incident: Incident) => {
  const open = Object.values(incident.approvals).find((approval) => approval.state === 'open');
  if (open === undefined) throw new Error('nothing waits for approval');
  return open;
};

describe('deciding', () => {
  it('asks when the runbook says ask, and acts only after a person approved that very plan', async () => {
    const one = await scene({ runbook: deployRunbook({ start: 'ask' }) });
    await breach(one.disk, breachOf('acme', START));
    await one.until(waits);
    expect(one.shop.effects).toEqual([]);
    const approval = openApproval(await one.incident());
    const id = (await one.incident()).id;
    const request = { incident: id, approval: approval.id, decision: 'grant' as const, key: 'k1' };
    await expect(one.commands.approve(ANA, { ...request, planHash: 'f'.repeat(64) })).rejects.toMatchObject({ code: 'BELAY_PLAN_CHANGED' });
    await expect(
      one.commands.approve({ person: 'bob', roles: ['support'] }, { ...request, planHash: approval.planHash }),
    ).rejects.toMatchObject({ code: 'BELAY_FORBIDDEN' });
    await one.commands.approve(ANA, { ...request, planHash: approval.planHash });
    await one.until((incident) => incident.phase === 'resolved');
    expect(one.shop.effects.map((effect) => effect.to)).toEqual([GOOD_RELEASE]);
    expect((await one.incident()).automaticRollbacks).toBe(0);
  });

  it('does nothing when the plan is denied', async () => {
    const one = await scene({ runbook: deployRunbook({ start: 'ask' }) });
    await breach(one.disk, breachOf('acme', START));
    await one.until(waits);
    const approval = openApproval(await one.incident());
    await one.commands.approve(ANA, {
      incident: 'INC-1',
      approval: approval.id,
      planHash: approval.planHash,
      decision: 'deny',
      reason: 'not us',
      key: 'k',
    });
    await one.clock.advance(60_000);
    expect(one.shop.effects).toEqual([]);
    expect((await one.incident()).phase).toBe('responding');
  });

  it('asks on suspect-level evidence, and acts alone once act-level evidence arrives for the same episode', async () => {
    let level: 'suspect' | 'act' = 'suspect';
    const views = () =>
      ['acme', 'globex', 'initech'].map((org) =>
        viewOf(org, START, { level, status: level === 'act' ? 'breached' : 'suspect', announced: true }),
      );
    const one = await scene({ views });
    const suspect = breachOf('acme', START, { to: 'suspect', from: 'ok', announced: true });
    await breach(one.disk, { ...suspect, inputs: { ...suspect.inputs, level: 'suspect' } });
    await one.until(waits);
    expect((await one.incident()).phase).toBe('triage');
    level = 'act';
    await breach(one.disk, breachOf('acme', START + 5_000));
    await one.until((incident) => incident.phase === 'resolved');
    expect((await one.incident()).automaticRollbacks).toBe(1);
    expect(await one.types()).toContain('approval.expired');
  });

  it('adds the second organization in breach to the open global incident instead of opening another', async () => {
    const one = await scene();
    await breach(one.disk, breachOf('acme', START));
    await breach(one.disk, breachOf('globex', START, { episode: 'http-5xx/globex/1' }));
    await one.until((incident) => incident.phase === 'resolved');
    expect(await one.world.incidents.list()).toHaveLength(1);
    expect(await one.types()).toContain('signal.deduped');
    expect(one.shop.effects).toHaveLength(1);
  });

  it('records a breach of one organization alone without touching the deploy that serves the healthy ones', async () => {
    const views = () => [
      viewOf('acme', START),
      viewOf('globex', START, { status: 'ok', overLimit: false, level: 'none', bad: 0 }),
      viewOf('initech', START, { status: 'ok', overLimit: false, level: 'none', bad: 0 }),
    ];
    const one = await scene({ views });
    await breach(one.disk, breachOf('acme', START));
    await one.until((incident) => incident.declaredAt > 0);
    await one.clock.advance(60_000);
    expect((await one.incident()).scope.orgs).toEqual(['acme']);
    expect((await one.incident()).runbook).toBeNull();
    expect(one.shop.effects).toEqual([]);
  });

  it('asks instead of rolling back when nothing was deployed lately', async () => {
    const one = await scene();
    one.shop.changedAt = START - 7 * 3_600_000;
    await breach(one.disk, breachOf('acme', START));
    await one.until(waits);
    const decision = (await one.world.incidents.events('INC-1')).find((event) => event.type === 'decision.made');
    expect(decision?.data).toMatchObject({ choice: 'ask', reason: 'guard G2' });
    expect(one.shop.effects).toEqual([]);
  });

  it('leaves a shadow trigger to itself', async () => {
    const one = await scene();
    const [rule] = one.world.system.triggers;
    const shadow = await scene({ system: { ...one.world.system, triggers: [{ ...(rule as NonNullable<typeof rule>), mode: 'shadow' }] } });
    await breach(shadow.disk, breachOf('acme', START));
    await shadow.clock.advance(60_000);
    expect(await shadow.world.incidents.list()).toEqual([]);
    expect(await shadow.world.signals.unanswered()).toEqual([]);
  });
});

describe('acting', () => {
  it('starts no effect while paused, and goes on at once when resumed', async () => {
    const one = await scene();
    await one.world.pause.pause('ana', 'look first');
    await breach(one.disk, breachOf('acme', START));
    await one.clock.advance(120_000);
    expect([...one.shop.effects, ...one.freeze.effects]).toEqual([]);
    await one.commands.resume(ANA);
    // A guard (G9) was open at the decision, so people are asked although the pause is over.
    await one.until(waits);
    const approval = openApproval(await one.incident());
    await one.commands.approve(ANA, { incident: 'INC-1', approval: approval.id, planHash: approval.planHash, decision: 'grant', key: 'k' });
    await one.until((incident) => incident.phase === 'resolved');
    expect(one.shop.effects).toHaveLength(1);
  });

  it('stops between two steps when paused in the middle of a run', async () => {
    const one = await scene();
    await breach(one.disk, breachOf('acme', START));
    const original = one.world.actions['deploy.freeze'];
    if (original === undefined) throw new Error('no freeze');
    (one.world.actions as Record<string, typeof original>)['deploy.freeze'] = {
      ...original,
      act: async (args, options) => {
        await original.act(args, options);
        await one.world.pause.pause('ana', 'stop');
      },
    };
    await one.until((incident) => incident.steps['freeze']?.status === 'done');
    await one.clock.advance(120_000);
    expect(one.shop.effects).toEqual([]);
    expect(await one.types()).toContain('run.paused');
    await one.commands.resume(ANA);
    await one.until((incident) => incident.phase === 'resolved');
    expect(one.shop.effects).toHaveLength(1);
  });

  it('never overwrites a foreign deploy: it plans again, asks, and leaves everything as it is when denied', async () => {
    const one = await scene();
    await breach(one.disk, breachOf('acme', START));
    const original = one.world.actions['deploy.freeze'];
    if (original === undefined) throw new Error('no freeze');
    (one.world.actions as Record<string, typeof original>)['deploy.freeze'] = {
      ...original,
      act: async (args, options) => {
        await original.act(args, options);
        moveTarget(one.shop, 'v1.2.0');
      },
    };
    // What to go back to from v1.2.0 is not known, so a person is asked how to go on.
    await one.until((incident) => incident.tasks['switch'] !== undefined);
    expect(one.shop.value).toBe('v1.2.0');
    await one.commands.answer(ANA, { incident: 'INC-1', step: 'switch', choice: 'stop', key: 'k' });
    await one.clock.advanceUntil(async () => (await one.types()).includes('run.finished'), 600_000);
    expect(one.shop.effects.map((effect) => effect.by)).toEqual(['somebody else']);
    expect(await one.types()).toContain('run.finished');
  });

  it('does not act when the journal cannot be written, and says so', async () => {
    const one = await scene();
    (one.world.journal as VirtualJournal).faults.unavailable = true;
    await breach(one.disk, breachOf('acme', START));
    await one.until((incident) => incident.steps['freeze']?.status === 'failed');
    expect([...one.shop.effects, ...one.freeze.effects]).toEqual([]);
    expect((await one.incident()).steps['freeze']?.detail).toMatchObject({ code: 'BELAY_AUDIT_UNAVAILABLE', effect: 'none' });
    expect(journalLinesOf(one.disk)).toEqual([]);
  });

  it('asks when the old release does not heal, and takes everything back in reverse when told to', async () => {
    const one = await scene({ heals: false });
    await breach(one.disk, breachOf('acme', START));
    await one.until((incident) => incident.tasks['answers'] !== undefined);
    expect((await one.incident()).phase).toBe('responding');
    await one.commands.answer(ANA, { incident: 'INC-1', step: 'answers', choice: 'undo', key: 'k' });
    await one.until((incident) => incident.steps['freeze']?.status === 'undone');
    const effects = [...one.shop.effects, ...one.freeze.effects].map((effect) => effect.to);
    expect(effects).toEqual([GOOD_RELEASE, BAD_RELEASE, 'frozen', 'open']);
    const undone = (await one.world.incidents.events('INC-1')).flatMap((event) => (event.type === 'step.undone' ? [event.data.step] : []));
    expect(undone).toEqual(['switch', 'freeze']);
    expect((await one.incident()).contingencies.every((contingency) => contingency.closedAt !== undefined)).toBe(true);
  });

  it('refuses to start when a require of the runbook does not hold', async () => {
    const require = [{ id: 'healthy-before', text: '', probe: 'http', with: { url: 'http://shop/' }, expect: 'ok == tried' }];
    const one = await scene({ runbook: deployRunbook({ require }) });
    await breach(one.disk, breachOf('acme', START));
    await one.until((incident) => incident.evidence.includes('decision'));
    await one.clock.advance(30_000);
    const decision = (await one.world.incidents.events('INC-1')).find((event) => event.type === 'decision.made');
    expect(decision?.data).toMatchObject({ choice: 'refuse', reason: 'guard healthy-before' });
    expect(one.shop.effects).toEqual([]);
  });
});

describe('people in the loop', () => {
  const manual = (): Runbook => {
    const runbook = deployRunbook();
    const step = {
      kind: 'manual' as const,
      id: 'attend',
      title: 'Attend',
      text: '',
      fail: { then: 'stop' as const },
      meets: [],
      evidence: [],
      who: 'commander',
      withinMs: 60_000,
      checks: ['it answers', 'nobody complains'],
      count: 2,
      answers: { link: { type: 'url' as const } },
    };
    return { ...runbook, phases: [{ id: 'all', title: 'All', text: '', steps: [step, ...stepsOf(runbook).slice(-1)] }] };
  };

  it('waits for every box and every distinct answer, escalates when it is late, and goes on', async () => {
    const one = await scene({ runbook: manual() });
    await breach(one.disk, breachOf('acme', START));
    await one.until((incident) => incident.tasks['attend'] !== undefined);
    await one.clock.advance(61_000);
    expect(await one.types()).toContain('escalation.fired');
    const base = { incident: 'INC-1', step: 'attend' };
    await expect(one.commands.answer(ANA, { ...base, answers: { link: 'not a link' }, key: 'bad' })).rejects.toMatchObject({
      code: 'BELAY_INPUT_INVALID',
    });
    await expect(one.commands.answer(ANA, { ...base, ticks: ['no such box'], key: 'bad2' })).rejects.toMatchObject({
      code: 'BELAY_INPUT_INVALID',
    });
    await one.commands.answer(ANA, { ...base, ticks: ['it answers'], answers: { link: 'https://a.example/1' }, key: 'k1' });
    await one.clock.advance(1_000);
    expect((await one.incident()).steps['attend']?.status).toBe('waiting');
    await one.commands.answer(ANA, { ...base, ticks: ['nobody complains'], answers: { link: 'https://a.example/2' }, key: 'k2' });
    await one.until((incident) => incident.steps['attend']?.status === 'done');
  });

  it('delivers an answer that was written just before a kill', async () => {
    const disk = new DurableDisk();
    const clock = createVirtualTime(START, 3);
    const kill = new KillSwitch();
    const first = await scene({ disk, clock, kill, runbook: manual() });
    await breach(disk, breachOf('acme', START));
    await first.until((incident) => incident.tasks['attend'] !== undefined);
    first.world.engine.signal = () => new Promise(() => undefined);
    for (const key of ['k1', 'k2'])
      void first.commands.answer(ANA, {
        incident: 'INC-1',
        step: 'attend',
        ticks: ['it answers', 'nobody complains'],
        answers: { link: `https://a.example/${key}` },
        key,
      });
    await clock.runUntilIdle();
    kill.kill();
    const second = await scene({ disk, clock, runbook: manual() });
    await second.until((incident) => incident.steps['attend']?.status === 'done', 120_000);
  });

  it('fires a clock once that expired while Belay was down, and says how late it was seen', async () => {
    const disk = new DurableDisk();
    const clock = createVirtualTime(START, 3);
    const kill = new KillSwitch();
    const runbook = deployRunbook({ start: 'ask' });
    const first = await scene({ disk, clock, kill, runbook });
    await breach(disk, breachOf('acme', START));
    await first.until(waits);
    kill.kill();
    await clock.advance(3_600_000);
    const second = await scene({ disk, clock, runbook });
    await second.until((incident) => incident.clocks['mitigate']?.breachedAt !== undefined, 60_000);
    await clock.advance(60_000);
    const breaches = (await second.world.incidents.events('INC-1')).filter((event) => event.type === 'clock.breached');
    expect(breaches).toHaveLength(1);
    expect(breaches[0]?.data).toMatchObject({ clock: 'mitigate' });
    expect(breaches.map((event) => (event.type === 'clock.breached' ? event.data.lateByMs : 0))[0]).toBeGreaterThan(2_600_000);
    expect(breaches[0]?.observedAt).toBeGreaterThan(breaches[0]?.at ?? Number.POSITIVE_INFINITY);
  });

  it('closes an incident only when its contingencies are taken back', async () => {
    const one = await scene();
    await breach(one.disk, breachOf('acme', START));
    await one.until((incident) => incident.phase === 'resolved');
    expect((await one.incident()).onContingency).toBe(true);
    await expect(one.commands.close(ANA, { incident: 'INC-1', key: 'k' })).rejects.toMatchObject({ code: 'BELAY_GUARD_REFUSED' });
  });
});
