// Measures that expire, and the locks that they are taken back under: what their own incident holds, what people did while the lock was waited
// for, and what another measure of the same run has done to the lock before.
import { describe, expect, it } from 'vitest';
import { DurableDisk } from '../../src/adapters/virtual/durable-disk.ts';
import { KillSwitch } from '../../src/adapters/virtual/kill-switch.ts';
import { partLocksOn } from '../../src/adapters/virtual/store-tables.ts';
import { createVirtualTime } from '../../src/adapters/virtual/time.ts';
import { BelayError } from '../../src/domain/errors.ts';
import type { EventDraft } from '../../src/domain/event.ts';
import type { Incident } from '../../src/domain/incident.ts';
import type { CallStep, DoStep, Runbook, Step } from '../../src/domain/ir.ts';
import { bareRunbook, stepsOf } from '../../src/domain/ir.ts';
import { linkRunbook } from '../../src/domain/link-runbooks.ts';
import { opening } from '../contracts/store-kit.ts';
import { fakeTargetOn, moveTarget } from '../world/fakes/action.ts';
import { breach, breachOf, GOOD_RELEASE, START, startLife } from '../world/scenes/deploy.ts';
import { ANA, type Play, play, STEP } from '../world/scenes/play.ts';
import { deployRunbook } from '../world/scenes/runbook.ts';

const LOCK = 'deploy/app';
const [freeze, rollback] = stepsOf(deployRunbook())
  .map((step) => ({ ...step, evidence: [] }))
  .slice(1) as unknown as [DoStep, DoStep];
const EXPIRES_MS = 600_000;
const expiring = (step: DoStep, expiresMs = EXPIRES_MS): DoStep => ({
  ...step,
  contingency: { owner: 'commander', expiresMs, atExpiry: 'undo' },
});
const rest = (forMs: number): Step => ({ ...STEP, kind: 'wait', id: 'rest', title: 'Rest', forMs });
const book = (steps: readonly Step[], more: Partial<Runbook> = {}): Runbook =>
  deployRunbook({ clocks: {}, evidence: [], phases: [{ id: 'all', title: 'All', text: '', steps }], ...more });

function calling(called: readonly Step[], after: readonly Step[]): Runbook {
  const inner = book(called, { id: 'inner', lock: LOCK });
  const call: CallStep = { ...STEP, kind: 'call', id: 'back', title: 'Back', runbook: bareRunbook('inner'), with: {} };
  const linked = linkRunbook(book([call, ...after]), () => inner);
  if (!linked.ok) throw new Error(JSON.stringify(linked.problems));
  return linked.runbook;
}

async function begun(runbook: Runbook, step: string) {
  const one = await play({ runbook });
  await breach(one.disk, breachOf('acme', START));
  await one.until((incident) => incident.steps[step]?.status === 'done');
  return one;
}

/** Another incident's run has the lock, does a step under it, and gives it back. */
async function another({ world: { incidents, partLocks } }: Play) {
  const { incident } = await incidents.declare('another', opening('another'));
  const write = (event: Pick<EventDraft, 'type' | 'data'>, key: string) =>
    incidents.append(incident.id, { key, events: [{ ...event, at: START, actor: { kind: 'engine', id: 'belay' } } as EventDraft] });
  return {
    take: () => partLocks.take(LOCK, { holder: 'run-b/step', incident: incident.id }),
    did: (step: string) => write({ type: 'step.started', data: { step, kind: 'do', title: step, attempt: 1 } }, step),
    release: () => partLocks.release({ incident: incident.id }),
  };
}

const ended = (incident: Incident): boolean => incident.isRunning === false;
const whys = async (one: Play) => (await one.all('escalation.fired')).map(({ why }) => why);

describe('a measure that expires', () => {
  it('is taken back while the call that holds the lock around it is still at work: nobody else can come in between', async () => {
    const one = await begun(calling([expiring(freeze), rest(7_200_000)], []), 'back.freeze');
    await one.clock.advance(EXPIRES_MS + 60_000);
    expect([one.freeze.value, await whys(one)]).toEqual(['open', []]);
  });

  it('is left alone where people said, while its lock was waited for, that they took it back by hand', async () => {
    const one = await begun(calling([expiring(freeze)], [rest(3_600_000)]), 'back');
    const b = await another(one);
    await b.take();
    await one.clock.advance(EXPIRES_MS + 30_000);
    await one.commands.closeContingency(ANA, { incident: 'INC-1', step: 'back.freeze', note: 'it stays: owned by the shop now', key: 'c' });
    await b.release();
    await one.clock.advance(1_200_000);
    expect([one.freeze.value, await whys(one), await one.world.partLocks.find(LOCK)]).toEqual(['frozen', [], null]);
  });

  it('is left as it is where another run changed something under the lock of its run, whichever measure of it comes first', async () => {
    const other = expiring(rollback, EXPIRES_MS + 120_000);
    const one = await begun(book([expiring(freeze), other], { lock: LOCK }), 'switch');
    await one.until(ended);
    const b = await another(one);
    await b.take();
    await b.did('down');
    await b.release();
    await one.clock.advance(EXPIRES_MS + 600_000);
    expect([one.freeze.value, one.shop.value, (await whys(one)).length]).toEqual(['frozen', GOOD_RELEASE, 2]);
  });

  it('is taken back although people end the incident meanwhile: the lock that it holds is not the run’s to give back', async () => {
    const one = await begun(calling([expiring(freeze)], [rest(3_600_000)]), 'back');
    let looks = 0;
    one.wrapAction('deploy.thaw', (original) => ({
      observe: async (args) => {
        looks += 1;
        if (looks === 1) await one.commands.cancel(ANA, { incident: 'INC-1', reason: 'it was none', key: 'c' });
        return original.observe(args);
      },
    }));
    await one.clock.advance(EXPIRES_MS + 60_000);
    expect(looks).toBeGreaterThan(0);
    expect([one.freeze.value, await whys(one), await one.world.partLocks.find(LOCK)]).toEqual(['open', [], null]);
  });
});

it('a run that breaks off within a call, over what the world said, gives the lock of the call back', async () => {
  const one = await play({ runbook: calling([rest(60_000), rollback], []) });
  await breach(one.disk, breachOf('acme', START));
  await one.until((incident) => incident.steps['back.rest']?.status === 'running');
  moveTarget(one.shop, 'v9');
  (one.world.documents as { put: unknown }).put = () => Promise.reject(new BelayError('BELAY_DISK_FULL', "the store's disk is full"));
  await one.until(ended);
  expect((await one.all('run.finished')).at(-1)?.reason).toContain('BELAY_DISK_FULL');
  expect(await one.world.partLocks.find(LOCK)).toBeNull();
});

it('a run that a fault of Belay broke off within a call holds nothing any more once people end its incident', async () => {
  const one = await play({ runbook: calling([freeze], []) });
  one.wrapAction('deploy.freeze', (original) => ({
    observe: async (args) => {
      if ((await one.world.partLocks.find(LOCK)) !== null) throw new TypeError('a fault');
      return original.observe(args);
    },
  }));
  await breach(one.disk, breachOf('acme', START));
  await one.clock.advanceUntil(() => one.statuses().includes('failed'), 600_000);
  expect(await one.world.partLocks.find(LOCK)).not.toBeNull();
  await one.commands.resolve(ANA, { incident: 'INC-1', reason: 'done by hand', key: 'r' });
  expect(await one.world.partLocks.find(LOCK)).toBeNull();
});

it('a measure whose taking back breaks off is told to its owner, and its lock is free', async () => {
  const one = await begun(calling([expiring(freeze)], [rest(3_600_000)]), 'back');
  const { partLocks } = one.world;
  const { uses } = partLocks;
  (partLocks as { uses: typeof uses }).uses = () => Promise.reject(new BelayError('BELAY_DISK_FULL', "the store's disk is full"));
  await one.clock.advance(EXPIRES_MS + 60_000);
  expect([one.freeze.value, await partLocks.find(LOCK)]).toEqual(['frozen', null]);
  expect(await whys(one)).toEqual([
    "contingency back.freeze has expired and could not be taken back: BELAY_DISK_FULL: the store's disk is full",
  ]);
});

it('a measure is taken back once after one kill at any boundary, and its lock is free', async () => {
  const runbook = calling([expiring(freeze)], [rest(7_200_000)]);
  const story = async (armedAt: number | null) => {
    const disk = new DurableDisk();
    const clock = createVirtualTime(START, 7);
    const life = (by: KillSwitch) => startLife({ disk, clock, kill: by, runbook, lookEveryMs: 5_000 });
    const first = await life(new KillSwitch());
    await breach(disk, breachOf('acme', START));
    await clock.advance(EXPIRES_MS - 30_000);
    first.kill.kill();
    const kill = new KillSwitch(armedAt);
    void life(kill);
    await clock.advance(60_000);
    if (kill.dead) void life(new KillSwitch());
    await clock.advance(120_000);
    return { kill, effects: fakeTargetOn(disk, 'freeze', 'open').effects.map(({ to }) => to), locks: [...partLocksOn(disk).keys()] };
  };
  const calm = await story(null);
  expect([calm.effects, calm.locks]).toEqual([['frozen', 'open'], []]);
  expect(calm.kill.count).toBeGreaterThan(20);
  for (let boundary = 1; boundary <= calm.kill.count; boundary += 1) {
    const { effects, locks } = await story(boundary);
    expect([effects, locks], `killed at ${calm.kill.passed[boundary - 1]}`).toEqual([['frozen', 'open'], []]);
  }
}, 60_000);
