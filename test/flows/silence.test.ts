// Silences in the life of Belay: what breaches under one waits for its end, what has cleared by then is never told, and nobody acts alone.
import { describe, expect, it } from 'vitest';
import { DurableDisk } from '../../src/adapters/virtual/durable-disk.ts';
import { createVirtualIncidentStore } from '../../src/adapters/virtual/incident-store.ts';
import { KillSwitch } from '../../src/adapters/virtual/kill-switch.ts';
import { createVirtualSignalStore } from '../../src/adapters/virtual/signal-store.ts';
import { createVirtualSilenceStore } from '../../src/adapters/virtual/silence-store.ts';
import { createVirtualTime } from '../../src/adapters/virtual/time.ts';
import type { Transition } from '../../src/domain/trigger.ts';
import { createCommands } from '../../src/flows/commands.ts';
import { answerTransitions, runIdOf } from '../../src/flows/responder.ts';
import { fakeTargetOn } from '../world/fakes/action.ts';
import { createFakeDigest } from '../world/fakes/digest.ts';
import {
  BAD_RELEASE,
  breach,
  breachOf,
  GOOD_RELEASE,
  outsideOf,
  type SceneOptions,
  SHOP,
  START,
  startLife,
  viewOf,
} from '../world/scenes/deploy.ts';
import { deployRunbook } from '../world/scenes/runbook.ts';

const HOUR = 3_600_000;
const MINUTE = 60_000;
const ANA = { person: 'ana', roles: ['commander'] };
const WINDOW = { trigger: 'http-5xx', org: 'acme', until: START + MINUTE, reason: 'load test', key: 'window-1' };

function ground() {
  const disk = new DurableDisk();
  const clock = createVirtualTime(START, 7);
  const incidents = createVirtualIncidentStore({ disk, digest: createFakeDigest(), time: clock });
  const signals = createVirtualSignalStore({ disk });
  const silences = createVirtualSilenceStore({ disk });
  return { disk, clock, incidents, signals, silences, shop: fakeTargetOn(disk, 'shop', BAD_RELEASE) };
}
type Ground = ReturnType<typeof ground>;

async function scene(o: Omit<SceneOptions, 'disk' | 'clock'> = {}) {
  const here = ground();
  const life = await startLife({ ...here, ...o });
  return { ...here, life, commands: createCommands(life.world) };
}

const clearedOf = (scope: string, at: number, change: Partial<Transition> = {}): Transition =>
  breachOf(scope, at, { from: 'breached', to: 'cleared', ...change });

describe('a breach under a silence', () => {
  it('opens nothing, tells nobody and acts on nothing while it holds, and stays recorded', async () => {
    const one = await scene();
    expect(await one.commands.silence(ANA, WINDOW)).toMatchObject({ id: 'SIL-1', from: START, by: 'ana', ended: null });
    await breach(one.disk, breachOf('acme', START + 1_000));
    await one.clock.advance(MINUTE - 2_000);
    expect(await one.incidents.list()).toEqual([]);
    expect(await one.life.world.engine.list()).toEqual([]);
    expect([one.shop.effects, outsideOf(one.disk).mailbox]).toEqual([[], []]);
    expect(await one.signals.transitions({})).toHaveLength(1);
    expect(await one.signals.unanswered()).toHaveLength(1);
  });

  it('is answered when the silence ends and it still stands, with clocks that count from there and a record of when it began', async () => {
    const one = await scene();
    await one.commands.silence(ANA, WINDOW);
    await breach(one.disk, breachOf('acme', START + 1_000));
    await one.clock.advance(MINUTE);
    await one.clock.advanceUntil(async () => (await one.incidents.load('INC-1'))?.phase === 'resolved', HOUR);
    const incident = await one.incidents.load('INC-1');
    expect(incident).toMatchObject({ phase: 'resolved', detectedAt: START + MINUTE, automaticRollbacks: 1 });
    expect(Object.values(incident?.clocks ?? {}).every((clock) => clock.startedAt >= START + MINUTE)).toBe(true);
    const crossed = (await one.incidents.events('INC-1')).find((event) => event.type === 'trigger.changed');
    expect(crossed).toMatchObject({ at: START + 1_000, data: { transition: { since: START - 1_000, heldUntil: START + MINUTE } } });
    expect(one.shop.effects.map((effect) => effect.to)).toEqual([GOOD_RELEASE]);
    expect(await one.signals.unanswered()).toEqual([]);
  });

  it('is answered within a second when somebody ends the silence early', async () => {
    const one = await scene();
    await one.commands.silence(ANA, WINDOW);
    await breach(one.disk, breachOf('acme', START + 1_000));
    await one.clock.advance(20_000);
    expect(await one.commands.endSilence({ person: 'bob', roles: ['comms'] }, { id: 'sil-1' })).toMatchObject({
      ended: { by: 'bob', at: START + 20_000 },
    });
    await one.clock.advance(1_000);
    expect(await one.incidents.load('INC-1')).toMatchObject({ detectedAt: START + 20_000 });
  });

  it('is never told when it clears before the silence ends: both are answered, and no incident is opened', async () => {
    const one = await scene();
    await one.commands.silence(ANA, WINDOW);
    await breach(one.disk, breachOf('acme', START + 1_000, { to: 'suspect', from: 'ok', announced: true }));
    await breach(one.disk, breachOf('acme', START + 2_000));
    await one.clock.advance(30_000);
    await breach(one.disk, clearedOf('acme', START + 30_000));
    await one.clock.advance(2_000);
    expect(await one.signals.unanswered()).toEqual([]);
    await one.clock.advance(2 * MINUTE);
    expect(await one.incidents.list()).toEqual([]);
    expect(outsideOf(one.disk).mailbox).toEqual([]);
  });

  it('is told once when it has cleared and broken again within its episode', async () => {
    const one = await scene();
    await one.commands.silence(ANA, WINDOW);
    for (const transition of [breachOf('acme', START + 1_000), clearedOf('acme', START + 5_000), breachOf('acme', START + 9_000)])
      await breach(one.disk, transition);
    await one.clock.advance(MINUTE + 1_000);
    expect((await one.life.world.engine.list()).map((run) => run.id)).toEqual([runIdOf(breachOf('acme', START + 9_000))]);
  });

  it('of one organization does not silence another', async () => {
    const views = () => [
      viewOf('acme', START),
      viewOf('globex', START, { level: 'act' }),
      viewOf('initech', START, { status: 'ok', overLimit: false, level: 'none', bad: 0 }),
    ];
    const orgRunbook = deployRunbook({ id: 'org-rollback', inputs: { org: { type: 'org', required: true } } });
    const one = await scene({ views, orgRunbook });
    await one.commands.silence(ANA, WINDOW);
    await breach(one.disk, breachOf('acme', START + 1_000));
    await breach(one.disk, breachOf('globex', START + 1_000));
    await one.clock.advance(5_000);
    expect((await one.incidents.list()).map((incident) => incident.scope.orgs)).toEqual([['globex']]);
  });

  it('waits although a window was asked for long before, and not before the window begins', async () => {
    const one = await scene();
    await one.commands.silence(ANA, { ...WINDOW, from: START + MINUTE, until: START + 3 * MINUTE });
    await one.clock.advance(MINUTE + 1_000);
    await breach(one.disk, breachOf('acme', one.clock.now()));
    await one.clock.advance(60_000);
    expect(await one.incidents.list()).toEqual([]);
    const other = await scene();
    await other.commands.silence(ANA, { ...WINDOW, from: START + MINUTE, until: START + 3 * MINUTE });
    await breach(other.disk, breachOf('acme', START + 1_000));
    await other.clock.advance(5_000);
    expect(await other.incidents.list()).toHaveLength(1);
  });
});

describe('what was there before', () => {
  it('an incident goes on: its clear is written into it while the silence holds', async () => {
    const one = await scene({ runbook: deployRunbook({ start: 'ask' }) });
    await breach(one.disk, breachOf('acme', START));
    await one.clock.advance(5_000);
    await one.commands.silence(ANA, WINDOW);
    await breach(one.disk, clearedOf('acme', START + 6_000));
    await one.clock.advance(5_000);
    expect((await one.incidents.events('INC-1')).map((event) => event.type)).toContain('signal.cleared');
  });

  it('an incident that would act alone asks instead when the decision falls into a silence', async () => {
    const one = await scene();
    // Answered before the silence, decided within it: the run starts in the same moment.
    await one.life.world.engine.start('respond', { kind: 'trigger', transition: breachOf('acme', START) } as never, { id: 'early' });
    await one.commands.silence(ANA, { ...WINDOW, org: null });
    await one.clock.advance(60_000);
    const decision = (await one.incidents.events('INC-1')).find((event) => event.type === 'decision.made');
    expect(decision?.data).toMatchObject({ choice: 'ask', reason: 'guard G9' });
    const guards = decision?.type === 'decision.made' ? decision.data.guards : [];
    expect(guards.find((guard) => guard.guard === 'G9')).toMatchObject({ answer: 'fail', facts: { restrictions: ['silence SIL-1'] } });
    expect(one.shop.effects).toEqual([]);
  });
});

describe('asking for a silence', () => {
  it('is refused with every problem of the request, and stores nothing', async () => {
    const one = await scene();
    const bad = { ...WINDOW, trigger: 'nope', until: START + 8 * 24 * HOUR, reason: ' ' };
    await expect(one.commands.silence(ANA, bad)).rejects.toMatchObject({
      code: 'BELAY_INPUT_INVALID',
      message: expect.stringMatching(/no trigger "nope".*7 days at most.*needs a reason/) as string,
    });
    expect(await one.silences.list({ endingAfter: 0 })).toEqual([]);
  });

  it('repeated under one key makes no second one, and of two people the same key makes two', async () => {
    const one = await scene();
    const first = await one.commands.silence(ANA, WINDOW);
    await one.clock.advance(1_000);
    expect(await one.commands.silence(ANA, WINDOW)).toEqual(first);
    expect(await one.commands.silence({ person: 'bob', roles: ['comms'] }, WINDOW)).toMatchObject({ id: 'SIL-2' });
  });

  it('stops at a number that nobody can read any more', async () => {
    const one = await scene();
    for (let n = 0; n < 200; n += 1) await one.commands.silence(ANA, { ...WINDOW, key: `key-${n}` });
    await expect(one.commands.silence(ANA, { ...WINDOW, key: 'one more' })).rejects.toThrow(/There are 200 silences already/);
  });

  it('and ending one that is not there is told', async () => {
    const one = await scene();
    for (const id of ['SIL-1', '7', '', 'INC-1', 'SIL-999999999999'])
      await expect(one.commands.endSilence(ANA, { id })).rejects.toMatchObject({ code: 'BELAY_NOT_FOUND' });
  });
});

it('a breach that cannot be let go yet is not outlived by its clear: no incident comes of it later', async () => {
  const one = ground();
  const kill = new KillSwitch();
  const { world } = await startLife({ ...one, kill });
  kill.kill();
  await one.silences.add({ ...WINDOW, from: START, by: 'ana' }, 'k');
  await breach(one.disk, breachOf('acme', START + 1_000));
  await breach(one.disk, clearedOf('acme', START + 5_000));
  await one.clock.advance(10_000);
  const failing = {
    ...one.signals,
    answered: async (transition: Transition) => {
      if (transition.to === 'breached') throw new Error('not now');
      await one.signals.answered(transition);
    },
  };
  const calm = { ...world, signals: failing, silences: one.silences, incidents: one.incidents, time: one.clock };
  await expect(answerTransitions(calm)).rejects.toThrow(/1 transitions could not be answered yet/);
  expect(await one.signals.unanswered()).toHaveLength(2);
});

describe('kill -9', () => {
  const END = START + 10_000;
  /** Asked for, breached twice, ended by itself; acme is still in breach then, globex has cleared. A life that dies is followed by another. */
  async function story(here: Ground, armedAt: number | null): Promise<KillSwitch> {
    const { disk, clock } = here;
    const orgRunbook = deployRunbook({ id: 'org-rollback', inputs: { org: { type: 'org', required: true } } });
    const views = () => SHOP.organizations.map(({ id }) => viewOf(id, clock.now(), id === 'acme' ? {} : HEALTHY));
    const first = new KillSwitch(armedAt);
    let kill = first;
    const live = async () => startLife({ disk, clock, kill, views, orgRunbook });
    const until = async (holds: () => Promise<boolean>): Promise<void> => {
      await clock.advanceUntil(async () => kill.dead || (await holds()), HOUR);
      if (!kill.dead || (await holds())) return;
      kill = new KillSwitch();
      void live();
      await until(holds);
    };
    const ask = async (): Promise<void> => {
      void createCommands((await live()).world).silence(ANA, { ...WINDOW, org: null, until: END });
    };
    void ask();
    await clock.runUntilIdle();
    // Killed before it was answered: people ask again with the same key.
    if (kill.dead) {
      kill = new KillSwitch();
      void ask();
      await clock.runUntilIdle();
    }
    await breach(disk, breachOf('acme', START + 1_000));
    await breach(disk, breachOf('globex', START + 1_000));
    await clock.advance(4_000);
    await breach(disk, clearedOf('globex', START + 4_000));
    await until(async () => clock.now() >= END - 1_000);
    expect(await here.incidents.list()).toEqual([]);
    await until(async () => (await here.incidents.list())[0]?.phase === 'resolved');
    await clock.advance(10_000);
    return first;
  }

  const HEALTHY = { status: 'ok', level: 'none', bad: 0, overLimit: false } as const;

  async function expectSame(here: Ground, context: string): Promise<void> {
    expect(
      (await here.silences.list({ endingAfter: 0 })).map((one) => one.id),
      context,
    ).toEqual(['SIL-1']);
    const incidents = await here.incidents.list();
    expect(
      incidents.map((one) => [one.scope.orgs, one.phase, one.detectedAt]),
      context,
    ).toEqual([[['acme'], 'resolved', END]]);
    expect(
      here.shop.effects.map((effect) => effect.to),
      context,
    ).toEqual([GOOD_RELEASE]);
    expect(await here.signals.unanswered(), context).toEqual([]);
    const declared = (await here.incidents.events('INC-1')).filter((event) => event.type === 'incident.declared');
    expect(
      declared.every((event) => event.at >= END),
      context,
    ).toBe(true);
  }

  it('at every boundary of such a story ends the same', async () => {
    const calm = ground();
    const { count, passed } = await story(calm, null);
    await expectSame(calm, 'nobody is killed');
    expect(passed).toContain('store:silence:after');
    expect(count).toBeGreaterThan(50);
    for (let boundary = 1; boundary <= count; boundary += 1) {
      const here = ground();
      await story(here, boundary);
      await expectSame(here, `killed at boundary ${boundary} (${passed[boundary - 1]})`);
    }
  }, 240_000);
});
