// Situations in which a rollback tool does harm: each was once done wrong here, and each must stay right.
import { describe, expect, it } from 'vitest';
import { DurableDisk } from '../../src/adapters/virtual/durable-disk.ts';
import { createVirtualTime } from '../../src/adapters/virtual/time.ts';
import { BelayError } from '../../src/domain/errors.ts';
import type { Event, EventType } from '../../src/domain/event.ts';
import type { Incident } from '../../src/domain/incident.ts';
import { createCommands } from '../../src/flows/commands.ts';
import type { Action } from '../../src/ports/action.ts';
import { fakeTargetOn, moveTarget } from '../world/fakes/action.ts';
import type { SceneOptions } from '../world/scenes/deploy.ts';
import { BAD_RELEASE, breach, breachOf, GOOD_RELEASE, outsideOf, START, startLife } from '../world/scenes/deploy.ts';
import { ANA } from '../world/scenes/play.ts';
import { deployRunbook } from '../world/scenes/runbook.ts';

async function scene(options: Partial<SceneOptions> = {}) {
  const disk = new DurableDisk();
  const clock = createVirtualTime(START, 5);
  const life = await startLife({ disk, clock, ...options });
  const incident = async (): Promise<Incident> => {
    const [first] = await life.world.incidents.list();
    if (first === undefined) throw new Error('no incident');
    return first;
  };
  const until = (condition: (incident: Incident) => boolean): Promise<void> =>
    clock.advanceUntil(async () => ((await life.world.incidents.list())[0] === undefined ? false : condition(await incident())), 3_600_000);
  const events = async (): Promise<readonly Event[]> => life.world.incidents.events('INC-1');
  const ended = (): Promise<void> =>
    clock.advanceUntil(async () => (await events()).some((event) => event.type === 'run.finished'), 3_600_000);
  const lastOf = async (type: EventType): Promise<unknown> => (await events()).findLast((event) => event.type === type)?.data;
  const wrap = (name: string, change: (original: Action) => Partial<Action>): void => {
    const original = life.world.actions[name];
    if (original === undefined) throw new Error(`no action ${name}`);
    (life.world.actions as Record<string, Action>)[name] = { ...original, ...change(original) };
  };
  return {
    ...life,
    incident,
    until,
    ended,
    lastOf,
    wrap,
    commands: createCommands(life.world),
    shop: fakeTargetOn(disk, 'shop', BAD_RELEASE),
    freeze: fakeTargetOn(disk, 'freeze', 'open'),
  };
}

const waits = (incident: Incident): boolean =>
  Object.values(incident.approvals).some((approval) => approval.state === 'open') || Object.keys(incident.tasks).length > 0;

describe('never the wrong rollback', () => {
  it('does not put the bad release back when somebody has already rolled back by hand', async () => {
    const one = await scene();
    moveTarget(one.shop, GOOD_RELEASE);
    one.shop.changedAt = START - 1_000;
    await breach(one.disk, breachOf('acme', START));
    await one.until((incident) => waits(incident) || incident.phase === 'resolved');
    await one.clock.advance(30_000);
    expect(one.shop.value).toBe(GOOD_RELEASE);
    expect(one.shop.effects.filter((effect) => effect.by === 'belay')).toEqual([]);
  });

  it('does not take back over a hotfix that somebody deployed after our own change', async () => {
    const one = await scene({ heals: false });
    await breach(one.disk, breachOf('acme', START));
    await one.until((incident) => incident.tasks['answers'] !== undefined);
    moveTarget(one.shop, 'v1.2.0');
    await one.commands.answer(ANA, { incident: 'INC-1', step: 'answers', choice: 'undo', key: 'k' });
    await one.ended();
    expect(one.shop.value).toBe('v1.2.0');
  });

  it('does not act on a step that the approved plan could not know', async () => {
    const one = await scene({ runbook: deployRunbook({ start: 'ask' }) });
    let away = true;
    const target = one.world.targets['shop'];
    if (target === undefined) throw new Error('no target');
    const current = target.current;
    (target as { current: typeof current }).current = async () => {
      if (away) throw new BelayError('BELAY_TARGET_UNREACHABLE', 'shop is away');
      return current();
    };
    await breach(one.disk, breachOf('acme', START));
    await one.until(waits);
    const [approval] = Object.values((await one.incident()).approvals);
    if (approval === undefined) throw new Error('no approval');
    away = false;
    await one.commands.approve(ANA, { incident: 'INC-1', approval: approval.id, planHash: approval.planHash, decision: 'grant', key: 'k' });
    await one.until(
      (incident) => Object.values(incident.approvals).some((other) => other.state === 'open') || Object.keys(incident.tasks).length > 0,
    );
    expect(one.shop.effects).toEqual([]);
  });

  it('asks the guards again when a pause lay between the decision and the first act', async () => {
    const one = await scene();
    let fresh = true;
    one.world.readings.health = async () => ({ watermarkAgeMs: fresh ? 100 : 3_600_000, lagMs: 1, deadSources: [] });
    let looks = 0;
    one.wrap('deploy.freeze', (original) => ({
      observe: async (args) => {
        looks += 1;
        // The first look is the plan's; at the second the guards have just been asked.
        if (looks === 2) await one.world.pause.pause('ana', 'wait');
        return original.observe(args);
      },
    }));
    await breach(one.disk, breachOf('acme', START));
    await one.clock.advance(5_000);
    expect(one.freeze.effects).toEqual([]);
    fresh = false;
    await one.commands.resume(ANA);
    await one.until(waits);
    expect([...one.freeze.effects, ...one.shop.effects]).toEqual([]);
  });
});

describe('never a lost truth', () => {
  it('calls an act of unknown effect unknown even when the target still looks as before, and counts a late landing as its own', async () => {
    const one = await scene();
    let landed = false;
    one.wrap('deploy.rollback', (original) => ({
      act: async () => {
        throw new BelayError('BELAY_HTTP_FAILED', 'the connection broke', { effect: 'unknown' });
      },
      observe: async (args) => {
        if (landed && one.shop.value !== GOOD_RELEASE) moveTarget(one.shop, GOOD_RELEASE, 'belay');
        return original.observe(args);
      },
    }));
    await breach(one.disk, breachOf('acme', START));
    await one.until((incident) => incident.tasks['switch'] !== undefined);
    expect(await one.lastOf('step.finished')).toMatchObject({ step: 'switch', status: 'unknown' });
    landed = true;
    await one.commands.answer(ANA, { incident: 'INC-1', step: 'switch', choice: 'again', key: 'k' });
    await one.until((incident) => incident.phase === 'resolved');
    expect((await one.incident()).steps['switch']?.detail).toMatchObject({ status: 'done' });
  });

  it('ends an act that never answers as unknown, after its time-out', async () => {
    const one = await scene();
    one.wrap('deploy.rollback', () => ({ act: () => new Promise(() => undefined) }));
    await breach(one.disk, breachOf('acme', START));
    await one.until((incident) => incident.tasks['switch'] !== undefined);
    expect(await one.lastOf('step.finished')).toMatchObject({ step: 'switch', status: 'unknown' });
  });
});

describe('never silence', () => {
  it('tells the responders that it asks', async () => {
    const one = await scene({ runbook: deployRunbook({ start: 'ask' }) });
    await breach(one.disk, breachOf('acme', START));
    await one.until(waits);
    await one.clock.advance(5_000);
    expect(
      outsideOf(one.disk)
        .mailbox.map((mail) => mail.plain)
        .join(),
    ).toContain('INC-1 (P1) waits for you');
  });

  it('answers a new breach of an incident whose run has ended, instead of swallowing it', async () => {
    const one = await scene({ runbook: deployRunbook({ start: 'ask' }) });
    await breach(one.disk, breachOf('acme', START));
    await one.until(waits);
    const [approval] = Object.values((await one.incident()).approvals);
    if (approval === undefined) throw new Error('no approval');
    await one.commands.approve(ANA, { incident: 'INC-1', approval: approval.id, planHash: approval.planHash, decision: 'deny', key: 'k' });
    await one.clock.advance(5_000);
    await breach(one.disk, breachOf('acme', START + 60_000, { episode: 'later' }));
    await one.until((incident) => Object.values(incident.approvals).some((other) => other.state === 'open'));
    expect(await one.world.incidents.list()).toHaveLength(1);
    expect((await one.incident()).run).toContain('later');
  });

  it('does not let evidence override a denial that was given in the same moment', async () => {
    const one = await scene({ runbook: deployRunbook({ start: 'ask' }) });
    await breach(one.disk, breachOf('acme', START));
    await one.until(waits);
    const [approval] = Object.values((await one.incident()).approvals);
    if (approval === undefined) throw new Error('no approval');
    await Promise.all([
      breach(one.disk, breachOf('globex', START, { episode: 'second' })),
      one.commands.approve(ANA, { incident: 'INC-1', approval: approval.id, planHash: approval.planHash, decision: 'deny', key: 'k' }),
    ]);
    await one.clock.advance(60_000);
    expect(one.shop.effects).toEqual([]);
  });

  it('keeps one open question through breaches of other organizations that change nothing', async () => {
    const one = await scene({ runbook: deployRunbook({ start: 'ask' }) });
    await breach(one.disk, breachOf('acme', START));
    await one.until(waits);
    for (const org of ['globex', 'initech']) await breach(one.disk, breachOf(org, START, { episode: org }));
    await one.clock.advance(10_000);
    const approvals = Object.values((await one.incident()).approvals);
    expect(approvals.map((approval) => approval.state)).toEqual(['open']);
  });

  it('stops and says why when the target cannot be asked while deciding', async () => {
    const one = await scene();
    one.wrap('deploy.rollback', () => ({
      lastChange: async () => {
        throw new BelayError('BELAY_TARGET_UNREACHABLE', 'shop is away');
      },
    }));
    await breach(one.disk, breachOf('acme', START));
    await one.until(waits);
    const decision = (await one.world.incidents.events('INC-1')).find((event) => event.type === 'decision.made');
    expect(decision?.data).toMatchObject({ choice: 'ask' });
  });
});

describe('never deaf', () => {
  it('answers an episode that re-opens after its incident was resolved', async () => {
    const one = await scene();
    await breach(one.disk, breachOf('acme', START));
    await one.until((incident) => incident.phase === 'resolved');
    one.shop.value = BAD_RELEASE;
    one.shop.revision += 1;
    one.shop.changedAt = START + 7_200_000;
    await one.clock.advance(7_200_000);
    // The same episode, crossing again inside its re-arm time: only the instant differs.
    await breach(one.disk, breachOf('acme', START + 7_205_000));
    await one.clock.advance(60_000);
    expect((await one.world.incidents.list()).map((incident) => incident.id)).toEqual(['INC-2', 'INC-1']);
  });
});
