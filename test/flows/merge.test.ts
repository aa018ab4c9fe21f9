// A question about one organization, and a breach that turns out to hit everybody: one incident goes on, the other asks nothing any more.
import { describe, expect, it } from 'vitest';
import { DurableDisk } from '../../src/adapters/virtual/durable-disk.ts';
import { createVirtualIncidentStore } from '../../src/adapters/virtual/incident-store.ts';
import { KillSwitch } from '../../src/adapters/virtual/kill-switch.ts';
import { createVirtualOutbox } from '../../src/adapters/virtual/outbox.ts';
import { createVirtualTime } from '../../src/adapters/virtual/time.ts';
import type { Incident } from '../../src/domain/incident.ts';
import type { Runbook } from '../../src/domain/ir.ts';
import type { Json } from '../../src/domain/json.ts';
import type { TriggerView } from '../../src/domain/trigger.ts';
import { createCommands } from '../../src/flows/commands.ts';
import { fingerprintOf, openingChange } from '../../src/flows/open-incident.ts';
import { runIdOf } from '../../src/flows/responder.ts';
import { fakeTargetOn } from '../world/fakes/action.ts';
import { createFakeDigest } from '../world/fakes/digest.ts';
import { BAD_RELEASE, breach, breachOf, GOOD_RELEASE, outsideOf, SHOP, START, startLife, viewOf } from '../world/scenes/deploy.ts';
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
  const clock = createVirtualTime(START, 11);
  const views = () =>
    ORGS.map((org) => {
      if (clock.now() >= EVERYBODY_AT) return viewOf(org, clock.now());
      return asked.includes(org)
        ? viewOf(org, clock.now(), { status: 'suspect', level: 'suspect', announced: true })
        : viewOf(org, clock.now(), { status: 'ok', level: 'none', bad: 5 });
    });
  const store = createVirtualIncidentStore({ disk, digest: createFakeDigest(), time: clock });
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
    await expect(commands.approve({ person: 'ana', roles: ['commander'] }, { ...request, key: 'late' })).rejects.toThrow(
      /INC-1 is a part of INC-2 now/,
    );
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
      const outbox = createVirtualOutbox({ disk: here.disk, digest: createFakeDigest(), time: here.clock });
      for (const one of await here.all())
        for (const delivery of await outbox.ofIncident(one.id)) expect(['sent', 'superseded'], context).toContain(delivery.state);
    }
  }, 240_000);
});

const ANA = { person: 'ana', roles: ['commander'] };

/** acme is in breach from the start and asked about; from `EVERYBODY_AT` on the others look as `others` says. */
async function acmeFirst(o: { readonly others: Partial<TriggerView>; readonly runbook?: Runbook; readonly orgRunbook?: Runbook }) {
  const disk = new DurableDisk();
  const clock = createVirtualTime(START, 11);
  const healthy = { status: 'ok', level: 'none', bad: 0, overLimit: false } as const;
  const views = () => ORGS.map((org) => viewOf(org, clock.now(), org === 'acme' ? {} : clock.now() >= EVERYBODY_AT ? o.others : healthy));
  const store = createVirtualIncidentStore({ disk, digest: createFakeDigest(), time: clock });
  const asking = deployRunbook({ ...ORG_RUNBOOK, start: 'ask' });
  const life = await startLife({ disk, clock, views, orgRunbook: o.orgRunbook ?? asking, ...(o.runbook ? { runbook: o.runbook } : {}) });
  await breach(disk, breachOf('acme', START));
  const load = async (id: string): Promise<Incident> => (await store.load(id)) as Incident;
  return { disk, clock, store, life, load, shop: fakeTargetOn(disk, 'shop', BAD_RELEASE), commands: createCommands(life.world) };
}

describe('a question stays where it is', () => {
  it('while nobody has a runbook for everybody', async () => {
    const one = await acmeFirst({ others: {}, runbook: deployRunbook({ triggers: ['another'] }) });
    await one.clock.advance(EVERYBODY_AT - START);
    await breach(one.disk, breachOf('globex', EVERYBODY_AT));
    await one.clock.advance(60_000);
    expect((await one.store.list()).map((incident) => incident.id)).toEqual(['INC-2', 'INC-1']);
    expect(asks(await one.load('INC-1'))).toBe(true);
  });

  it('while it is only suspected that everybody is hit', async () => {
    const one = await acmeFirst({ others: { status: 'suspect', level: 'suspect', announced: true } });
    await one.clock.advance(EVERYBODY_AT - START);
    await breach(one.disk, { ...suspectOf('globex'), at: EVERYBODY_AT });
    await one.clock.advance(60_000);
    expect(await one.load('INC-2')).toMatchObject({ scope: { orgs: 'all' }, phase: 'triage' });
    expect(asks(await one.load('INC-1'))).toBe(true);
  });

  it('once a person has said no', async () => {
    const one = await acmeFirst({ others: {} });
    await one.clock.advance(10_000);
    const approval = Object.values((await one.load('INC-1')).approvals)[0];
    const no = {
      incident: 'INC-1',
      approval: approval?.id ?? '',
      planHash: approval?.planHash ?? '',
      decision: 'deny' as const,
      reason: 'no',
    };
    await one.commands.approve(ANA, { ...no, key: 'no' });
    await one.clock.advance(10_000);
    await breach(one.disk, breachOf('globex', EVERYBODY_AT));
    await one.clock.advance(60_000);
    expect((await one.load('INC-1')).mergedInto).toBeUndefined();
  });
});

describe('in the same moment', () => {
  it('a run that would have acted for one organization sees everybody right before its first act, and hands over', async () => {
    const disk = new DurableDisk();
    const clock = createVirtualTime(START, 11);
    let looks = 0;
    const healthy = { status: 'ok', level: 'none', bad: 0, overLimit: false } as const;
    const views = () => {
      looks += 1;
      return ORGS.map((org) => viewOf(org, clock.now(), org === 'acme' || looks > 2 ? {} : healthy));
    };
    await startLife({ disk, clock, views, orgRunbook: deployRunbook({ ...ORG_RUNBOOK, start: 'auto' }) });
    await breach(disk, breachOf('acme', START));
    await clock.advance(1_500);
    await breach(disk, breachOf('globex', START + 1_000));
    await breach(disk, breachOf('initech', START + 1_000));
    await clock.advance(600_000);
    const store = createVirtualIncidentStore({ disk, digest: createFakeDigest(), time: clock });
    expect(await store.load('INC-1')).toMatchObject({ phase: 'merged', mergedInto: 'INC-2', isRunning: false });
    expect(await store.load('INC-2')).toMatchObject({ phase: 'resolved' });
    expect(fakeTargetOn(disk, 'shop', BAD_RELEASE).effects.map((effect) => effect.to)).toEqual([GOOD_RELEASE]);
  });

  it('two runs of one organization, killed after both have declared: the one for everybody goes on', async () => {
    const disk = new DurableDisk();
    const clock = createVirtualTime(START, 11);
    const digest = createFakeDigest();
    const store = createVirtualIncidentStore({ disk, digest, time: clock });
    const [rule] = SHOP.triggers;
    const [forAll, forOne] = [breachOf('acme', START), { ...suspectOf('acme'), at: START - 1_000 }];
    const pin = (runbook: Runbook) => ({ runbook, irHash: digest.of(runbook as unknown as Json) });
    const declare = (scope: string, opening: Omit<Parameters<typeof openingChange>[1], 'rule'>) =>
      store.declare(fingerprintOf('http-5xx', scope), (number) =>
        openingChange({ system: SHOP }, { rule: rule as NonNullable<typeof rule>, ...opening }, number, START),
      );
    await declare('all', { transition: forAll, locality: 'global', runbook: pin(deployRunbook()), run: runIdOf(forAll) });
    await declare('acme', { transition: forOne, locality: 'local', runbook: pin(ORG_RUNBOOK), run: runIdOf(forOne) });
    await breach(disk, forOne);
    await breach(disk, forAll);
    const views = () => ORGS.map((org) => viewOf(org, clock.now()));
    await startLife({ disk, clock, views, orgRunbook: ORG_RUNBOOK });
    await clock.advance(600_000);
    expect(await store.load('INC-1')).toMatchObject({ phase: 'resolved', automaticRollbacks: 1 });
    expect(await store.load('INC-2')).toMatchObject({ phase: 'merged', mergedInto: 'INC-1' });
    expect(fakeTargetOn(disk, 'shop', BAD_RELEASE).effects.map((effect) => effect.to)).toEqual([GOOD_RELEASE]);
  });

  it('a person cancels: told where it has gone, and no run is left', async () => {
    const one = await acmeFirst({ others: {} });
    await one.clock.advance(EVERYBODY_AT - START);
    const { engine } = one.life.world;
    const cancel = engine.cancel.bind(engine);
    engine.cancel = async (run) => {
      engine.cancel = cancel;
      await cancel(run);
      await breach(one.disk, breachOf('globex', EVERYBODY_AT));
      await one.clock.advance(3_000);
    };
    const said = one.commands.cancel(ANA, { incident: 'INC-1', reason: 'none', key: 'c' });
    await expect(said).rejects.toThrow('INC-1 is a part of INC-2 now.');
    await one.clock.advance(600_000);
    expect(await one.load('INC-1')).toMatchObject({ phase: 'merged' });
    expect((await engine.list({ status: 'running' })).map((run) => run.id)).toEqual([]);
    for (const end of [
      one.commands.close(ANA, { incident: 'INC-1', key: 'k' }),
      one.commands.resolve(ANA, { incident: 'INC-1', reason: 'x', key: 'r' }),
    ])
      await expect(end).rejects.toThrow('INC-1 is a part of INC-2 now.');
  });
});
