// Locks of calls: one call at a time, the other waits its turn, never in a circle, whatever is killed in between.
import { describe, expect, it } from 'vitest';
import { DurableDisk } from '../../src/adapters/virtual/durable-disk.ts';
import { createVirtualIncidentStore } from '../../src/adapters/virtual/incident-store.ts';
import { KillSwitch } from '../../src/adapters/virtual/kill-switch.ts';
import { createVirtualTime } from '../../src/adapters/virtual/time.ts';
import type { Incident } from '../../src/domain/incident.ts';
import type { CallStep, ManualStep, Runbook, Step } from '../../src/domain/ir.ts';
import { bareRunbook, stepsOf } from '../../src/domain/ir.ts';
import { linkRunbook } from '../../src/domain/link-runbooks.ts';
import { planLockText } from '../../src/domain/text/plan-locks.ts';
import { createCommands } from '../../src/flows/commands.ts';
import { createFakeDigest } from '../world/fakes/digest.ts';
import { breach, breachOf, START, startLife, viewOf } from '../world/scenes/deploy.ts';
import { ANA, STEP } from '../world/scenes/play.ts';
import { deployRunbook } from '../world/scenes/runbook.ts';

const look: ManualStep = { ...STEP, kind: 'manual', id: 'look', title: 'Look', who: 'commander', checks: ['seen'], count: 1, answers: {} };
const call = (id: string, lock?: string): CallStep => ({
  ...STEP,
  kind: 'call',
  id,
  title: id,
  ...(lock === undefined ? {} : { lock }),
  runbook: bareRunbook('inner'),
  with: { org: '{org}' },
});
/** The called runbook is one question to people. */
function calling(
  calls: readonly CallStep[],
  o: { readonly inner?: string; readonly own?: string; readonly then?: readonly Step[] } = {},
): Runbook {
  const base = { inputs: { org: { type: 'org', required: true } }, start: 'ask', clocks: {}, evidence: [] } as const;
  const inner = deployRunbook({
    ...base,
    id: 'inner',
    ...(o.inner === undefined ? {} : { lock: o.inner }),
    phases: [{ id: 'all', title: 'All', text: '', steps: [look, ...(o.then ?? [])] }],
  });
  const outer = deployRunbook({
    ...base,
    id: 'org-rollback',
    ...(o.own === undefined ? {} : { lock: o.own }),
    phases: [{ id: 'all', title: 'All', text: '', steps: calls }],
  });
  const linked = linkRunbook(outer, () => inner);
  if (!linked.ok) throw new Error(JSON.stringify(linked.problems));
  return linked.runbook;
}

/** Two organizations in breach: two incidents, two runs of one runbook. */
async function world(orgRunbook: Runbook, armedAt: number | null = null) {
  const disk = new DurableDisk();
  const clock = createVirtualTime(START, 5);
  const views = () =>
    ['acme', 'globex', 'initech', 'umbrella', 'hooli', 'wonka'].map((org) =>
      ['acme', 'globex'].includes(org)
        ? viewOf(org, clock.now())
        : viewOf(org, clock.now(), { status: 'ok', level: 'none', bad: 0, overLimit: false }),
    );
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
  const grant = async (commands: ReturnType<typeof createCommands>): Promise<void> => {
    for (const incident of await all())
      for (const { id, planHash, state } of Object.values(incident.approvals))
        if (state === 'open') await commands.approve(ANA, { incident: incident.id, approval: id, planHash, decision: 'grant', key: id });
  };
  return { disk, clock, kill, live, first, all, until, store, grant };
}
const asked = (incidents: readonly Incident[]): boolean =>
  incidents.length === 2 && incidents.every((one) => Object.values(one.approvals).some(({ state }) => state === 'open'));
const holding = (incidents: readonly Incident[]): readonly string[] =>
  incidents.filter((one) => Object.keys(one.callLocks ?? {}).length > 0).map((one) => one.id);
const tick = (commands: ReturnType<typeof createCommands>, incident: string, step: string) =>
  commands.answer(ANA, { incident, step, ticks: ['seen'], key: `tick ${incident} ${step}` });
const begun = (incidents: readonly Incident[]): boolean =>
  incidents.some((one) => one.queued != null) && incidents.some((one) => one.tasks['one.look'] !== undefined);

describe('a call with a lock', () => {
  it('is carried out once at a time, both runs being at work: the plan says who has it, the other one waits and goes on', async () => {
    const here = await world(calling([call('one', 'till')], { inner: 'org-shop' }));
    const commands = createCommands((await here.first).world);
    await here.until(asked);
    await here.grant(commands);
    await here.until(begun);
    const incidents = await here.all();
    expect(incidents.map((one) => one.isRunning)).toEqual([true, true]);
    const [held, waits] = incidents[0]?.queued == null ? incidents : incidents.toReversed();
    expect([held?.callLocks, waits?.callLocks]).toEqual([{ one: ['org-shop', 'till'] }, undefined]);
    expect(waits?.queued).toEqual({ lock: 'org-shop', behind: held?.id, step: 'one' });
    await here.clock.advance(180_000);
    const plan = await commands.plan({ runbook: 'org-rollback', inputs: { org: 'acme' } });
    expect(plan.locks?.map((lock) => planLockText(lock, 'en').replace(/since .*/, 'since then'))).toEqual(
      ['till', 'org-shop'].map((lock) => `${lock} (one): waits for run ${held?.run} of ${held?.id}, which has it since then`),
    );
    expect(plan.locks?.[0]?.heldBy?.heldMs).toBeGreaterThanOrEqual(180_000);
    await tick(commands, held?.id ?? '', 'one.look');
    await here.until((now) => now.find((one) => one.id === waits?.id)?.tasks['one.look'] !== undefined);
    expect(holding(await here.all())).toEqual([waits?.id]);
    await tick(commands, waits?.id ?? '', 'one.look');
    await here.until((now) => now.every((one) => one.phase === 'resolved'));
    expect(holding(await here.all())).toEqual([]);
    const tokens = (await Promise.all((await here.all()).map(({ id }) => here.store.events(id))))
      .flat()
      .flatMap((event) => (event.type === 'lock.taken' && event.data.lock === 'till' ? [event.data.token] : []));
    expect(new Set(tokens).size).toBe(2);
  });

  it('gives way in words where two would wait for each other for ever: the younger incident fails, the older goes on', async () => {
    const here = await world(calling([call('one', 'org/acme'), call('two', 'org/globex')], { own: 'org/{org}' }));
    const commands = createCommands((await here.first).world);
    await here.until(asked);
    await here.grant(commands);
    await here.until((now) => now.some((one) => one.tasks['one.look'] !== undefined) && now.some((one) => one.queued != null));
    await tick(commands, 'INC-1', 'one.look');
    await here.until((now) => now.find((one) => one.id === 'INC-2')?.steps['one']?.status === 'failed');
    const failed = (await here.all()).find((one) => one.id === 'INC-2')?.steps['one'];
    expect(failed?.detail['message']).toBe(
      'INC-1 holds org/acme, and INC-1 waits for org/globex, which this run holds: neither would ever go on',
    );
    expect(failed?.detail['code']).toBe('BELAY_LOCK_HELD');
    await here.until((now) => now.find((one) => one.id === 'INC-1')?.tasks['two.look'] !== undefined);
    await tick(commands, 'INC-1', 'two.look');
    await here.until((now) => now.find((one) => one.id === 'INC-1')?.phase === 'resolved');
  });

  it("does not act once its lock is somebody else's, although it is taken under the same name again", async () => {
    const act = stepsOf(deployRunbook()).filter((step) => step.id === 'freeze');
    const here = await world(calling([call('one', 'till')], { then: act }));
    const { world: of } = await here.first;
    const commands = createCommands(of);
    await here.until(asked);
    await here.grant(commands);
    await here.until(begun);
    const held = (await here.all()).find((one) => one.queued == null);
    const holder = (await of.partLocks.find('till'))?.holder ?? '';
    await of.partLocks.release({ incident: held?.id ?? '' });
    await of.partLocks.take('till', { holder, incident: held?.id ?? '' });
    await tick(commands, held?.id ?? '', 'one.look');
    const after = () => here.all().then((incidents) => incidents.find((one) => one.id === held?.id));
    await here.until((now) => now.find((one) => one.id === held?.id)?.steps['one.freeze']?.status === 'failed');
    expect((await after())?.steps['one.freeze']?.detail).toMatchObject({
      code: 'BELAY_GUARD_REFUSED',
      message: 'this run does not hold till any more: somebody gave it back, or another run has it',
    });
  });

  it('is held by one at most after a kill at any boundary, and both runs come to their end', async () => {
    const runbook = calling([call('one', 'till')]);
    const calm = await world(runbook);
    await calm.until(asked);
    const before = calm.kill.count;
    await calm.grant(createCommands((await calm.first).world));
    await calm.until(begun);
    const end = calm.kill.count;
    expect(end - before).toBeGreaterThan(10);
    for (let boundary = before + 1; boundary <= end; boundary += 1) {
      const here = await world(runbook, boundary);
      await here.until(asked);
      // The calls of a life that dies never come back.
      void here.grant(createCommands((await here.first).world)).catch(() => undefined);
      await here.until(begun);
      const life = here.kill.dead ? await here.live(new KillSwitch()) : await here.first;
      const now = createCommands(life.world);
      const done = (): Promise<boolean> => here.all().then((incidents) => incidents.every((one) => one.phase === 'resolved'));
      for (let round = 0; round < 100 && !(await done()); round += 1) {
        await here.grant(now);
        const incidents = await here.all();
        expect(holding(incidents).length, `killed at boundary ${boundary}`).toBeLessThanOrEqual(1);
        for (const one of incidents) if (one.tasks['one.look'] !== undefined) await tick(now, one.id, 'one.look');
        await here.clock.advance(5_000);
      }
      expect(await done(), `killed at boundary ${boundary} (${here.kill.passed.at(-1)})`).toBe(true);
      expect(await life.world.partLocks.find('till'), `killed at boundary ${boundary}`).toBeNull();
    }
  }, 120_000);
});
