// A question about one organization, and a breach that turns out to hit everybody: one incident goes on, the other asks nothing any more.
import { describe, expect, it } from 'vitest';
import type { Incident } from '../../src/domain/incident.ts';
import { createCommands } from '../../src/flows/commands.ts';
import { fakeTargetOn } from '../world/fakes/action.ts';
import { createFakeDigest } from '../world/fakes/digest.ts';
import { DurableDisk } from '../world/fakes/durable-disk.ts';
import { createFakeIncidentStore } from '../world/fakes/incident-store.ts';
import { KillSwitch } from '../world/fakes/kill-switch.ts';
import { createFakeOutbox } from '../world/fakes/outbox.ts';
import { createFakeTime } from '../world/fakes/time.ts';
import { BAD_RELEASE, breach, breachOf, GOOD_RELEASE, outsideOf, START, startLife, viewOf } from '../world/scenes/deploy.ts';
import { deployRunbook } from '../world/scenes/runbook.ts';

const ORGS = ['acme', 'globex', 'initech'];
const EVERYBODY_AT = START + 20_000;
const ORG_RUNBOOK = deployRunbook({ id: 'org-rollback', inputs: { org: { type: 'org', required: true } } });

const suspectOf = (org: string) => {
  const breached = breachOf(org, START, { from: 'ok', to: 'suspect', announced: true });
  return { ...breached, inputs: { ...breached.inputs, level: 'suspect' as const } };
};

/** `asked` are suspect at first, the others stand over the limit without proof; later everybody is in breach. */
async function world(asked: readonly string[]) {
  const disk = new DurableDisk();
  const clock = createFakeTime(START, 11);
  const views = () =>
    ORGS.map((org) => {
      if (clock.now() >= EVERYBODY_AT) return viewOf(org, clock.now());
      return asked.includes(org)
        ? viewOf(org, clock.now(), { status: 'suspect', level: 'suspect', announced: true })
        : viewOf(org, clock.now(), { status: 'ok', level: 'none', bad: 5 });
    });
  const store = createFakeIncidentStore({ disk, digest: createFakeDigest(), time: clock });
  const all = async (): Promise<readonly Incident[]> => (await store.list()).toSorted((a, b) => a.number - b.number);
  const live = (kill = new KillSwitch()) => startLife({ disk, clock, kill, views, orgRunbook: ORG_RUNBOOK });
  for (const org of asked) await breach(disk, suspectOf(org));
  return { disk, clock, store, all, live, shop: fakeTargetOn(disk, 'shop', BAD_RELEASE) };
}
type World = Awaited<ReturnType<typeof world>>;

const asks = (incident: Incident): boolean => Object.values(incident.approvals).some((approval) => approval.state === 'open');
const everybody = (incidents: readonly Incident[]): Incident | undefined => incidents.find((one) => one.scope.orgs === 'all');

async function everybodyBreaches({ disk, clock }: World): Promise<void> {
  await clock.advance(EVERYBODY_AT - clock.now());
  for (const org of ORGS) await breach(disk, breachOf(org, EVERYBODY_AT));
}

/** Advances until it holds; a killed life is followed by one that nobody kills. */
async function until(here: World, kill: KillSwitch, holds: (incidents: readonly Incident[]) => boolean): Promise<KillSwitch> {
  await here.clock.advanceUntil(async () => kill.dead || holds(await here.all()), 3_600_000);
  if (!kill.dead) return kill;
  const next = new KillSwitch();
  void here.live(next);
  return until(here, next, holds);
}

/** @returns how many boundaries the first life passed. */
async function story(here: World, asked: number, armedAt: number | null): Promise<KillSwitch> {
  const first = new KillSwitch(armedAt);
  void here.live(first);
  const second = await until(here, first, (incidents) => incidents.filter(asks).length === asked);
  await everybodyBreaches(here);
  const last = await until(here, second, (incidents) => everybody(incidents)?.phase === 'resolved');
  await here.clock.advance(120_000);
  expect(last.dead).toBe(false);
  return first;
}

async function expectOneRollback(here: World, asked: readonly string[], context: string): Promise<void> {
  const incidents = await here.all();
  const main = everybody(incidents);
  expect(main, context).toMatchObject({ phase: 'resolved', automaticRollbacks: 1 });
  const merged = incidents.filter((one) => one !== main);
  expect(
    merged.map((one) => one.scope.orgs),
    context,
  ).toEqual(asked.map((org) => [org]));
  for (const one of merged) {
    expect(one, context).toMatchObject({ phase: 'merged', mergedInto: main?.id, automaticRollbacks: 0 });
    expect(asks(one), context).toBe(false);
    expect(
      Object.values(one.clocks).every((clock) => clock.stoppedAt !== undefined),
      context,
    ).toBe(true);
    expect(await here.store.timers(one.id), context).toEqual([]);
  }
  const absorbed = (await here.store.events(main?.id ?? '')).filter((event) => event.type === 'incident.absorbed');
  expect(absorbed.map((event) => event.data.incident).sort(), context).toEqual(merged.map((one) => one.id).sort());
  expect(
    here.shop.effects.map((effect) => effect.to),
    context,
  ).toEqual([GOOD_RELEASE]);
}

describe('a breach that turns out to hit everybody', () => {
  it('is one incident: the question about one organization is taken back, and its people are told where it goes on', async () => {
    const here = await world(['acme']);
    await story(here, 1, null);
    await expectOneRollback(here, ['acme'], '');
    const told = outsideOf(here.disk).mailbox.filter((one) => one.id.startsWith('INC-1/'));
    expect(told.map((one) => one.plain.split('\n')[0])).toEqual(['INC-1 (P1) waits for you', 'INC-1 is part of INC-2 now']);
    const runs = (await here.live()).world.engine;
    expect((await runs.list({ status: 'running' })).map((one) => one.id)).toEqual([]);
  });

  it('takes back every question that was asked meanwhile', async () => {
    const here = await world(['acme', 'globex']);
    await story(here, 2, null);
    await expectOneRollback(here, ['acme', 'globex'], '');
  });

  it('refuses a yes to the question that was taken back', async () => {
    const here = await world(['acme']);
    await story(here, 1, null);
    const [question] = await here.all();
    const approval = Object.values(question?.approvals ?? {})[0];
    const commands = createCommands((await here.live()).world);
    const request = { incident: 'INC-1', approval: approval?.id ?? '', planHash: approval?.planHash ?? '', decision: 'grant' as const };
    await expect(commands.approve({ person: 'ana', roles: ['commander'] }, { ...request, key: 'late' })).rejects.toThrow(/INC-1 is merged/);
    expect(here.shop.effects).toHaveLength(1);
  });

  it('leaves an organization alone that somebody has said yes for', async () => {
    const here = await world(['acme']);
    const kill = new KillSwitch();
    const life = await here.live(kill);
    await until(here, kill, (incidents) => incidents.filter(asks).length === 1);
    const [question] = await here.all();
    const approval = Object.values(question?.approvals ?? {})[0];
    await createCommands(life.world).approve(
      { person: 'ana', roles: ['commander'] },
      { incident: 'INC-1', approval: approval?.id ?? '', planHash: approval?.planHash ?? '', decision: 'grant', key: 'yes' },
    );
    await everybodyBreaches(here);
    await until(here, kill, (incidents) => incidents[0]?.phase === 'resolved');
    await here.clock.advance(120_000);
    expect((await here.all())[0]).toMatchObject({ phase: 'resolved', scope: { orgs: ['acme'] } });
    expect((await here.all())[0]?.mergedInto).toBeUndefined();
  });

  it('ends the same wherever a kill falls', async () => {
    const calm = await world(['acme', 'globex']);
    const { count, passed } = await story(calm, 2, null);
    expect(count).toBeGreaterThan(100);
    for (let boundary = 1; boundary <= count; boundary += 1) {
      const here = await world(['acme', 'globex']);
      await story(here, 2, boundary);
      const context = `killed at boundary ${boundary} (${passed[boundary - 1]})`;
      await expectOneRollback(here, ['acme', 'globex'], context);
      const outbox = createFakeOutbox({ disk: here.disk, digest: createFakeDigest(), time: here.clock });
      for (const one of await here.all())
        for (const delivery of await outbox.ofIncident(one.id)) expect(['sent', 'superseded'], context).toContain(delivery.state);
    }
  }, 240_000);
});
