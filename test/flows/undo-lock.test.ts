// What is taken back after a call has ended is taken back under the lock that the call held: it waits its turn, has an end, and is asked of people
// where another run had the lock in between and changed something.
import { describe, expect, it } from 'vitest';
import { DurableDisk } from '../../src/adapters/virtual/durable-disk.ts';
import { createVirtualIncidentStore } from '../../src/adapters/virtual/incident-store.ts';
import { KillSwitch } from '../../src/adapters/virtual/kill-switch.ts';
import { createVirtualPartLocks } from '../../src/adapters/virtual/part-locks.ts';
import { partLocksOn } from '../../src/adapters/virtual/store-tables.ts';
import { createVirtualTime } from '../../src/adapters/virtual/time.ts';
import type { EventDraft } from '../../src/domain/event.ts';
import type { Incident } from '../../src/domain/incident.ts';
import type { CallStep, DoStep, Runbook, Step } from '../../src/domain/ir.ts';
import { bareRunbook, stepsOf } from '../../src/domain/ir.ts';
import { linkRunbook } from '../../src/domain/link-runbooks.ts';
import { createCommands } from '../../src/flows/commands.ts';
import type { World } from '../../src/flows/world.ts';
import { opening } from '../contracts/store-kit.ts';
import { fakeTargetOn } from '../world/fakes/action.ts';
import { commandsOn } from '../world/fakes/command-runner.ts';
import { createFakeDigest } from '../world/fakes/digest.ts';
import { BAD_RELEASE, breach, breachOf, GOOD_RELEASE, SHOP, START, startLife } from '../world/scenes/deploy.ts';
import { ANA, play, STEP } from '../world/scenes/play.ts';
import { deployRunbook } from '../world/scenes/runbook.ts';

const LOCK = 'deploy/app';
const OTHER = 'INC-2';
const bare = stepsOf(deployRunbook()).map((step) => ({ ...step, evidence: [] }));
const [freeze, rollback, answers] = bare.slice(1) as unknown as [DoStep, DoStep, Step];
const { contingency: _measure, ...lasting } = freeze;
const rest: Step = { ...STEP, kind: 'wait', id: 'rest', title: 'Rest', forMs: 3_600_000 };

/** The release is switched by a call that holds the lock; what comes after it fails, and the run takes all of it back. */
function calling(
  o: { readonly called?: readonly Step[]; readonly after?: readonly Step[]; readonly outer?: Partial<Runbook> } = {},
): Runbook {
  const base = { clocks: {}, evidence: [] } as const;
  const all = (steps: readonly Step[]) => [{ id: 'all', title: 'All', text: '', steps }];
  const inner = deployRunbook({ ...base, id: 'inner', lock: LOCK, phases: all(o.called ?? [rollback]) });
  const call: CallStep = { ...STEP, kind: 'call', id: 'back', title: 'Back', runbook: bareRunbook('inner'), with: {} };
  const after = o.after ?? [{ ...answers, fail: { then: 'undo' } }];
  const linked = linkRunbook(deployRunbook({ ...base, phases: all([call, ...after]), ...o.outer }), () => inner);
  if (!linked.ok) throw new Error(JSON.stringify(linked.problems));
  return linked.runbook;
}

/** Another incident, whose run does what a test says. */
async function another({ incidents, partLocks }: Pick<World, 'incidents' | 'partLocks'>) {
  const { incident } = await incidents.declare('another', opening('another'));
  let freed = 0;
  const write = (event: Pick<EventDraft, 'type' | 'data'>, key: string) =>
    incidents.append(incident.id, { key, events: [{ ...event, at: START, actor: { kind: 'engine', id: 'belay' } } as EventDraft] });
  return {
    take: () => partLocks.take(LOCK, { holder: 'run-b/step', incident: incident.id }),
    release: async () => {
      await partLocks.release({ incident: incident.id });
      // As a call does: the loops look for whoever waits.
      freed += 1;
      await write({ type: 'note.added', data: { by: 'b', text: 'freed', lang: 'en' } }, `freed ${freed}`);
    },
    did: async (step: string, status: 'done' | 'noop' | 'unknown', kind = 'do') => {
      await write({ type: 'step.started', data: { step, kind, title: step, attempt: 1 } }, `begin ${step}`);
      if (status !== 'unknown') await write({ type: 'step.finished', data: { step, attempt: 1, status, detail: {} } }, `end ${step}`);
    },
  };
}

const failing = (incident: Incident): boolean => incident.steps['answers']?.status === 'running';
const ended = (incident: Incident): boolean => incident.isRunning === false;

/** At the check that is going to fail: the call is done and its lock is free. */
async function atCheck(runbook = calling(), options: Parameters<typeof play>[0] = {}) {
  const one = await play({ runbook, heals: false, ...options });
  await breach(one.disk, breachOf('acme', START));
  await one.until(failing);
  expect([one.shop.value, await one.world.partLocks.find(LOCK)]).toEqual([GOOD_RELEASE, null]);
  const b = await another(one.world);
  const reason = async () => (await one.all('run.finished')).at(-1)?.reason ?? '';
  return { ...one, b, reason };
}

describe('what a call did', () => {
  it('is not taken back while another run holds its lock: it waits, says for whom, goes back when it is free, and gives it back', async () => {
    const one = await atCheck();
    await one.b.take();
    await one.until((incident) => incident.queued != null);
    expect((await one.incident()).queued).toEqual({ lock: LOCK, behind: OTHER, step: 'answers' });
    await one.clock.advance(120_000);
    expect(one.shop.value).toBe(GOOD_RELEASE);
    await one.b.release();
    await one.until(ended, 5_000);
    expect(one.shop.value).toBe(BAD_RELEASE);
    expect(await one.reason()).toContain('took back back.switch');
    expect(await one.world.partLocks.find(LOCK)).toBeNull();
    expect((await one.all('lock.taken')).map(({ step, lock }) => `${step} ${lock}`)).toEqual([`back ${LOCK}`, `answers ${LOCK}`]);
    expect((await one.all('lock.freed')).map(({ step }) => step)).toEqual(['back', 'answers']);
    expect((await one.incident()).queued).toBeNull();
  });

  it('holds the lock during the undo, and the undo is refused once it is somebody else’s', async () => {
    const one = await atCheck();
    const holders: (string | undefined)[] = [];
    one.wrapAction('deploy.activate', (original) => ({
      observe: async (args) => {
        const { world } = one;
        holders.push((await world.partLocks.find(LOCK))?.incident);
        await world.partLocks.release({ incident: 'INC-1' });
        await one.b.take();
        return original.observe(args);
      },
    }));
    await one.until(ended);
    expect(holders[0]).toBe('INC-1');
    expect(one.shop.value).toBe(GOOD_RELEASE);
    expect(await one.reason()).toContain(
      `the undo of back.switch did not succeed (failed: this run does not hold ${LOCK} any more: somebody gave it back, or another run has it)`,
    );
  });

  it.each(['done', 'unknown'] as const)(
    'is asked of people where another run had the lock since and did a step that ended %s',
    async (status) => {
      const one = await atCheck();
      await one.b.take();
      await one.b.did('down', status);
      await one.b.release();
      await one.until((incident) => incident.steps['answers']?.status === 'waiting');
      expect((await one.incident()).tasks['answers']).toMatchObject({
        ask: `${OTHER} has held ${LOCK} since, and did down: what would be put back may not fit that. Take it back all the same?`,
        options: ['undo', 'stop'],
      });
      expect(one.shop.value).toBe(GOOD_RELEASE);
      // Nobody waits for the lock while people think.
      expect(await one.world.partLocks.find(LOCK)).toBeNull();
      const choice = status === 'done' ? 'undo' : 'stop';
      await one.commands.answer(ANA, { incident: 'INC-1', step: 'answers', choice, key: 'k' });
      await one.until(ended);
      expect(one.shop.value).toBe(status === 'done' ? BAD_RELEASE : GOOD_RELEASE);
      expect(await one.reason()).toContain(status === 'done' ? 'took back back.switch' : 'nothing was taken back: INC-2 has held');
      expect(await one.world.partLocks.find(LOCK)).toBeNull();
    },
  );

  it('goes back by itself where another run had the lock since and changed nothing, and where it had it before', async () => {
    const one = await play({ runbook: calling(), heals: false });
    const b = await another(one.world);
    await b.take();
    await b.did('down', 'noop');
    await b.did('look', 'done', 'verify');
    await b.release();
    const c = await one.world.incidents.declare('third', opening('third'));
    await one.world.partLocks.take(LOCK, { holder: 'run-c', incident: c.incident.id });
    await one.world.incidents.append(c.incident.id, {
      key: 'x',
      events: [
        {
          type: 'step.started',
          data: { step: 'up', kind: 'do', title: 'Up', attempt: 1 },
          at: START,
          actor: { kind: 'engine', id: 'belay' },
        },
      ],
    });
    await one.world.partLocks.release({ incident: c.incident.id });
    await breach(one.disk, breachOf('acme', START));
    const mine = async () => (await one.world.incidents.list()).find(({ runbook }) => runbook === 'deploy-rollback');
    await one.clock.advanceUntil(async () => (await mine())?.steps['answers']?.status === 'running', 60_000);
    await b.take();
    await b.release();
    await one.clock.advanceUntil(async () => (await mine())?.isRunning === false, 600_000);
    expect(one.shop.value).toBe(BAD_RELEASE);
  });

  it('stays, in words, when the lock is not free within a quarter of an hour, and nobody is queued any more', async () => {
    const one = await atCheck();
    await one.b.take();
    await one.until(ended, 1_200_000);
    expect(one.shop.value).toBe(GOOD_RELEASE);
    expect(await one.reason()).toContain(`nothing was taken back: ${OTHER} holds ${LOCK}, and the time for it is over`);
    expect(await one.all('lock.missed')).toEqual([
      { lock: LOCK, step: 'answers', why: `${OTHER} holds ${LOCK}, and the time for it is over` },
    ]);
    expect((await one.incident()).queued).toBeNull();
  });

  it('goes back under its lock by a step `belay.undo`, too', async () => {
    const undo: Step = { ...STEP, kind: 'do', id: 'undo', title: 'Undo', do: 'belay.undo', with: { steps: ['back.switch'] }, verify: [] };
    const one = await play({ runbook: calling({ after: [{ ...rest, forMs: 60_000 }, undo], outer: { start: 'ask' } }) });
    await one.commands.startRun(ANA, { runbook: 'deploy-rollback', inputs: {}, key: 'k' });
    await one.until((incident) => incident.steps['rest']?.status === 'running');
    const b = await another(one.world);
    await b.take();
    await one.until((incident) => incident.queued != null);
    expect([one.shop.value, (await one.incident()).queued?.step]).toEqual([GOOD_RELEASE, 'undo']);
    await b.release();
    await one.until((incident) => incident.steps['undo']?.status === 'done', 60_000);
    expect(one.shop.value).toBe(BAD_RELEASE);
  });
});

describe('a measure of a call', () => {
  const expiring = { ...freeze, contingency: { owner: 'commander', expiresMs: 600_000, atExpiry: 'undo' as const } };

  async function opened(runbook: Runbook, step: string) {
    const one = await play({ runbook });
    await breach(one.disk, breachOf('acme', START));
    await one.until((incident) => incident.steps[step]?.status === 'done' && Object.keys(incident.callLocks ?? {}).length === 0);
    return { ...one, b: await another(one.world) };
  }

  it('that expires waits for the lock it was put in place under, and its run is not the one that is queued', async () => {
    const one = await opened(calling({ called: [expiring], after: [rest] }), 'back.freeze');
    await one.b.take();
    await one.clock.advance(700_000);
    expect(one.freeze.value).toBe('frozen');
    expect((await one.incident()).queued ?? null).toBeNull();
    expect((await one.all('note.added')).map(({ text }) => text)).toContain(
      `taking back.freeze back waits for ${LOCK}, which ${OTHER} holds`,
    );
    await one.b.release();
    await one.until((incident) => incident.contingencies.every((open) => open.closedAt !== undefined), 900_000);
    expect([one.freeze.value, await one.world.partLocks.find(LOCK)]).toEqual(['open', null]);
  });

  it('that expires is its owner’s to look at where another run changed something under the lock since, the run’s own lock too', async () => {
    for (const [runbook, step] of [
      [calling({ called: [expiring], after: [rest] }), 'back.freeze'],
      [
        deployRunbook({ clocks: {}, evidence: [], lock: LOCK, phases: [{ id: 'all', title: 'All', text: '', steps: [expiring] }] }),
        'freeze',
      ],
    ] as const) {
      const one = await opened(runbook, step);
      if (step === 'freeze') await one.until(ended);
      await one.b.take();
      await one.b.did('down', 'done');
      await one.b.release();
      await one.clock.advance(700_000);
      expect(one.freeze.value).toBe('frozen');
      expect((await one.all('escalation.fired')).map(({ why }) => why)).toContain(
        `contingency ${step} has expired and could not be taken back: nothing was taken back: ${OTHER} has held ${LOCK} since, and did down: what would be put back may not fit that`,
      );
      expect(await one.world.partLocks.find(LOCK)).toBeNull();
    }
  });
});

it('a command within a call is not started once the lock of the call is somebody else’s', async () => {
  const command = { ...STEP, kind: 'run' as const, id: 'install', title: 'Install', cmd: ['npm', 'ci'], on: 'local', env: [], codes: [0] };
  const system = {
    ...SHOP,
    policy: { run: { runbooks: {}, env: {}, hosts: {}, commands: { ci: { cmd: ['npm', 'ci'], on: 'local', env: [] } } } },
  };
  const runbook = calling({ called: [lasting as Step, { ...command, effect: 'state' }], outer: { start: 'ask' } });
  const one = await play({ runbook, system });
  one.wrapAction('deploy.freeze', (original) => ({
    act: async (args, o) => {
      await original.act(args, o);
      await one.world.partLocks.release({ incident: 'INC-1' });
    },
  }));
  await one.commands.startRun(ANA, { runbook: runbook.id, inputs: {}, key: 'k' });
  await one.until((incident) => incident.steps['back.install']?.status === 'failed');
  expect(commandsOn(one.disk).started).toEqual([]);
  expect((await one.incident()).steps['back.install']?.detail).toMatchObject({
    effect: 'none',
    message: `this run does not hold ${LOCK} any more: somebody gave it back, or another run has it`,
  });
});

it('a call waits for the lock under which an expired measure of its own incident is taken back, and does not fail over it', async () => {
  const one = await play({ runbook: calling({ outer: { start: 'ask' } }) });
  await one.world.partLocks.take(LOCK, { holder: 'expire/INC-1/hold/1/hold/undo', incident: 'INC-1' });
  await one.commands.startRun(ANA, { runbook: 'deploy-rollback', inputs: {}, key: 'k' });
  await one.until((incident) => incident.queued != null);
  await one.clock.advance(10_000);
  expect((await one.incident()).steps['back']?.status).toBe('running');
  await one.world.partLocks.release({ incident: 'INC-1' });
  await one.until((incident) => incident.phase === 'resolved');
  expect(one.shop.value).toBe(GOOD_RELEASE);
});

describe('a kill at any boundary of the taking back', () => {
  /** The other run has the lock when the check fails, and gives it back later; what it did meanwhile people are asked about. */
  async function world(armedAt: number | null, didSomething: boolean) {
    const disk = new DurableDisk();
    const clock = createVirtualTime(START, 3);
    const kill = new KillSwitch(armedAt);
    const unheld: string[] = [];
    const live = async (by: KillSwitch) => {
      const life = await startLife({ disk, clock, kill: by, runbook: calling({ called: [lasting as Step, rollback] }), heals: false });
      for (const name of ['deploy.activate', 'deploy.thaw']) {
        const original = life.world.actions[name];
        if (original === undefined) throw new Error(`no ${name}`);
        (life.world.actions as Record<string, typeof original>)[name] = {
          ...original,
          act: async (args, o) => {
            if (partLocksOn(disk).get(LOCK)?.incident !== 'INC-1') unheld.push(name);
            await original.act(args, o);
          },
        };
      }
      return life;
    };
    // What nobody kills: the judge.
    const time = clock;
    const incidents = createVirtualIncidentStore({ disk, digest: createFakeDigest(), time });
    const partLocks = createVirtualPartLocks({ disk, time });
    const first = await live(kill);
    await breach(disk, breachOf('acme', START));
    const mine = async () => (await incidents.load('INC-1')) as Incident;
    const until = (holds: (incident: Incident) => boolean) => clock.advanceUntil(async () => kill.dead || holds(await mine()), 3_600_000);
    await clock.advanceUntil(async () => ((await incidents.load('INC-1'))?.steps['answers']?.status ?? '') === 'running', 60_000);
    const b = await another({ incidents, partLocks });
    await b.take();
    if (didSomething) await b.did('down', 'done');
    const answered = async (life: Awaited<typeof first>): Promise<void> => {
      const commands = createCommands(life.world);
      await until((incident) => ended(incident) || incident.steps['answers']?.status === 'waiting');
      // The calls of a life that dies never come back.
      if (!kill.dead && didSomething)
        void commands.answer(ANA, { incident: 'INC-1', step: 'answers', choice: 'undo', key: 'k' }).catch(() => undefined);
      await until(ended);
    };
    return { disk, clock, kill, live, first, mine, until, b, unheld, partLocks, answered };
  }

  it.each([
    ['after waiting for the lock', false],
    ['after people were asked', true],
  ])(
    'takes back once, never without the lock, and leaves no lock behind: %s',
    async (_name, didSomething) => {
      const calm = await world(null, didSomething);
      const atFailing = calm.kill.count;
      await calm.until((incident) => incident.queued != null);
      // The way there is the same in both.
      const before = didSomething ? calm.kill.count : atFailing;
      await calm.b.release();
      await calm.answered(calm.first);
      const end = calm.kill.count;
      expect(end - before).toBeGreaterThan(20);
      for (let boundary = before + 1; boundary <= end; boundary += 1) {
        const at = `killed at boundary ${boundary}`;
        const here = await world(boundary, didSomething);
        await here.until((incident) => incident.queued != null);
        await here.b.release();
        await here.answered(here.first);
        if (here.kill.dead) {
          const commands = createCommands((await here.live(new KillSwitch())).world);
          const isOver = async (): Promise<boolean> => ended(await here.mine());
          for (let round = 0; round < 50 && !(await isOver()); round += 1) {
            if ((await here.mine()).tasks['answers'] !== undefined)
              await commands.answer(ANA, { incident: 'INC-1', step: 'answers', choice: 'undo', key: 'k' });
            await here.clock.advance(60_000);
          }
        }
        expect(ended(await here.mine()), at).toBe(true);
        const shop = fakeTargetOn(here.disk, 'shop', BAD_RELEASE);
        const froze = fakeTargetOn(here.disk, 'freeze', 'open');
        expect(
          [shop, froze].map(({ effects }) => effects.map(({ to }) => to)),
          at,
        ).toEqual([
          [GOOD_RELEASE, BAD_RELEASE],
          ['frozen', 'open'],
        ]);
        expect(here.unheld, at).toEqual([]);
        expect(await here.partLocks.find(LOCK), at).toBeNull();
        expect((await here.mine()).callLocks ?? {}, at).toEqual({});
      }
    },
    120_000,
  );
});
