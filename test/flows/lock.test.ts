// Runbooks that say `lock`: one run at a time, the other waits its turn, whatever is killed in between.
import { describe, expect, it } from 'vitest';
import { DurableDisk } from '../../src/adapters/virtual/durable-disk.ts';
import { createVirtualIncidentStore } from '../../src/adapters/virtual/incident-store.ts';
import { KillSwitch } from '../../src/adapters/virtual/kill-switch.ts';
import { createVirtualTime } from '../../src/adapters/virtual/time.ts';
import type { Incident } from '../../src/domain/incident.ts';
import type { ManualStep, Runbook } from '../../src/domain/ir.ts';
import { createCommands } from '../../src/flows/commands.ts';
import { startLoops } from '../../src/flows/loops.ts';
import { opening } from '../contracts/store-kit.ts';
import { createFakeDigest } from '../world/fakes/digest.ts';
import { breach, breachOf, createWorld, START, startLife, viewOf } from '../world/scenes/deploy.ts';
import { ANA, STEP } from '../world/scenes/play.ts';
import { deployRunbook } from '../world/scenes/runbook.ts';

const look: ManualStep = { ...STEP, kind: 'manual', id: 'look', title: 'Look', who: 'commander', checks: ['seen'], count: 1, answers: {} };
const holding = (lock: string): Runbook =>
  deployRunbook({
    id: 'org-rollback',
    inputs: { org: { type: 'org', required: true } },
    lock,
    start: 'ask',
    clocks: {},
    evidence: [],
    phases: [{ id: 'all', title: 'All', text: '', steps: [look] }],
  });

/** Two organizations in breach: two incidents, two runs of one runbook. */
async function world(lock: string, armedAt: number | null = null) {
  const disk = new DurableDisk();
  const clock = createVirtualTime(START, 5);
  const views = () =>
    ['acme', 'globex', 'initech', 'umbrella', 'hooli', 'wonka'].map((org) =>
      ['acme', 'globex'].includes(org)
        ? viewOf(org, clock.now())
        : viewOf(org, clock.now(), { status: 'ok', level: 'none', bad: 0, overLimit: false }),
    );
  const orgRunbook = holding(lock);
  const kill = new KillSwitch(armedAt);
  const live = (by: KillSwitch) => startLife({ disk, clock, kill: by, views, orgRunbook });
  const first = live(kill);
  await breach(disk, breachOf('acme', START));
  await breach(disk, breachOf('globex', START + 10));
  const store = createVirtualIncidentStore({ disk, digest: createFakeDigest(), time: clock });
  const all = async (): Promise<readonly Incident[]> => (await store.list()).toSorted((a, b) => a.number - b.number);
  const until = async (holds: (incidents: readonly Incident[]) => boolean): Promise<void> => {
    await clock.advanceUntil(async () => kill.dead || holds(await all()), 3_600_000);
  };
  return { disk, clock, kill, live, first, all, until, store };
}
const holders = (incidents: readonly Incident[]): readonly string[] => incidents.filter((one) => one.lock != null).map((one) => one.id);
const grant = async (here: Awaited<ReturnType<typeof world>>, commands: ReturnType<typeof createCommands>): Promise<void> => {
  for (const incident of await here.all())
    for (const approval of Object.values(incident.approvals))
      if (approval.state === 'open')
        await commands.approve(ANA, {
          incident: incident.id,
          approval: approval.id,
          planHash: approval.planHash,
          decision: 'grant',
          key: approval.id,
        });
};
const asked = (incidents: readonly Incident[]): boolean =>
  incidents.length === 2 && incidents.every((one) => Object.values(one.approvals).some((approval) => approval.state === 'open'));
const tick = (commands: ReturnType<typeof createCommands>, incident: string) =>
  commands.answer(ANA, { incident, step: 'look', ticks: ['seen'], key: `tick ${incident}` });

describe('a runbook with a lock', () => {
  it('runs once at a time: the second run waits, says for whom, and goes on when the first has ended', async () => {
    const here = await world('shop');
    const { world: of } = await here.first;
    const commands = createCommands(of);
    await here.until(asked);
    await grant(here, commands);
    await here.until((incidents) => incidents.some((one) => one.queued != null));
    const [a, b] = await here.all();
    const [held, waits] = a?.queued == null ? [a, b] : [b, a];
    expect(holders(await here.all())).toEqual([held?.id]);
    expect(waits?.queued).toEqual({ lock: 'shop', behind: held?.id });
    expect(waits?.steps).toEqual({});
    await here.clock.advance(120_000);
    expect((await here.all()).find((one) => one.id === waits?.id)?.tasks).toEqual({});
    await tick(commands, held?.id ?? '');
    await here.until((incidents) => incidents.find((one) => one.id === waits?.id)?.tasks['look'] !== undefined);
    expect(holders(await here.all())).toEqual([waits?.id]);
    expect((await here.all()).find((one) => one.id === waits?.id)?.queued).toBeNull();
    await tick(commands, waits?.id ?? '');
    await here.until((incidents) => incidents.every((one) => one.phase === 'resolved'));
    expect(holders(await here.all())).toEqual([]);
  });

  it('does not wait for a run that holds something else', async () => {
    const here = await world('org/{org}');
    const commands = createCommands((await here.first).world);
    await here.until(asked);
    await grant(here, commands);
    await here.until((incidents) => incidents.every((one) => one.tasks['look'] !== undefined));
    expect((await here.all()).map((one) => one.lock)).toEqual(['org/acme', 'org/globex']);
  });

  it('gives way when people end the incident whose run holds it, and a waiting one can be ended, too', async () => {
    const here = await world('shop');
    const commands = createCommands((await here.first).world);
    await here.until(asked);
    await grant(here, commands);
    await here.until((incidents) => incidents.some((one) => one.queued != null));
    const held = (await here.all()).find((one) => one.lock != null);
    await commands.cancel(ANA, { incident: held?.id ?? '', reason: 'a drill', key: 'c' });
    await here.until((incidents) => incidents.some((one) => one.id !== held?.id && one.lock != null));

    const again = await world('shop');
    const others = createCommands((await again.first).world);
    await again.until(asked);
    await grant(again, others);
    await again.until((incidents) => incidents.some((one) => one.queued != null));
    const waiting = (await again.all()).find((one) => one.queued != null);
    await others.cancel(ANA, { incident: waiting?.id ?? '', reason: 'a drill', key: 'c' });
    await again.clock.advance(60_000);
    expect((await again.all()).find((one) => one.id === waiting?.id)).toMatchObject({ phase: 'cancelled', steps: {}, queued: null });
  });

  it('waits for an hour with a few rows of history, and begins within a second when the lock is free', async () => {
    const here = await world('shop');
    const { world: of } = await here.first;
    const commands = createCommands(of);
    await here.until(asked);
    await grant(here, commands);
    await here.until((incidents) => incidents.some((one) => one.queued != null));
    const [held, waits] = (await here.all()).toSorted((a) => (a.queued == null ? -1 : 1));
    const before = (await of.engine.steps(waits?.run ?? '')).length;
    await here.clock.advance(3_600_000);
    expect((await of.engine.steps(waits?.run ?? '')).length - before).toBeLessThan(15);
    await tick(commands, held?.id ?? '');
    await here.until((incidents) => incidents.every((one) => one.lock == null || one.id === waits?.id));
    await here.clock.advance(1_000);
    expect(holders(await here.all())).toEqual([waits?.id]);
  });

  it('is looked for by the loops of Belay as soon as an incident changes', async () => {
    const disk = new DurableDisk();
    const clock = createVirtualTime(START, 5);
    const of = createWorld({ disk, clock, kill: new KillSwitch() });
    let looks = 0;
    const incidents: typeof of.incidents = {
      ...of.incidents,
      list: (filter) => {
        looks += filter?.open === true ? 1 : 0;
        return of.incidents.list(filter);
      },
    };
    const loops = startLoops({ ...of, incidents }, (error) => {
      throw error;
    });
    await clock.advance(1_000);
    const before = looks;
    await clock.advance(2_000);
    expect(looks).toBe(before);
    await of.incidents.declare('errors/acme', opening());
    await clock.advance(10);
    expect(looks).toBeGreaterThan(before);
    await Promise.all([loops.stop(), clock.advance(60_000)]);
  });

  it('is held by one at most after a kill at any boundary, and both runs come to their end', async () => {
    const calm = await world('shop');
    const commands = createCommands((await calm.first).world);
    await calm.until(asked);
    const before = calm.kill.count;
    await grant(calm, commands);
    await calm.until(
      (incidents) => incidents.some((one) => one.queued != null) && incidents.some((one) => one.tasks['look'] !== undefined),
    );
    const end = calm.kill.count;
    expect(end - before).toBeGreaterThan(10);
    for (let boundary = before + 1; boundary <= end; boundary += 1) {
      const here = await world('shop', boundary);
      const first = createCommands((await here.first).world);
      await here.until(asked);
      // The calls of a life that dies never come back.
      void grant(here, first).catch(() => undefined);
      await here.until(
        (incidents) => incidents.some((one) => one.queued != null) && incidents.some((one) => one.tasks['look'] !== undefined),
      );
      const life = here.kill.dead ? await here.live(new KillSwitch()) : await here.first;
      const now = createCommands(life.world);
      const done = (): Promise<boolean> => here.all().then((incidents) => incidents.every((one) => one.phase === 'resolved'));
      for (let round = 0; round < 200 && !(await done()); round += 1) {
        await grant(here, now);
        const incidents = await here.all();
        expect(holders(incidents).length, `killed at boundary ${boundary}`).toBeLessThanOrEqual(1);
        for (const one of incidents) if (one.tasks['look'] !== undefined) await tick(now, one.id);
        await here.clock.advance(5_000);
      }
      expect(await done(), `killed at boundary ${boundary} (${here.kill.passed.at(-1)})`).toBe(true);
    }
  }, 120_000);
});
