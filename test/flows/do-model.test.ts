// The small model of the step protocol, over the real `performDo`: every kill point, up to two kills, and one foreign deploy at every
// instant between the protocol's own atomic acts. The target's ledger is the judge.
import { describe, expect, it } from 'vitest';
import { DurableDisk } from '../../src/adapters/virtual/durable-disk.ts';
import { createVirtualEngine } from '../../src/adapters/virtual/engine.ts';
import { createVirtualJournal, journalLinesOf } from '../../src/adapters/virtual/journal.ts';
import { KillSwitch } from '../../src/adapters/virtual/kill-switch.ts';
import { createVirtualPause } from '../../src/adapters/virtual/pause.ts';
import { createVirtualTime } from '../../src/adapters/virtual/time.ts';
import { ACTIONS } from '../../src/domain/catalog.ts';
import type { DoOutcome } from '../../src/flows/do.ts';
import { performDo } from '../../src/flows/do.ts';
import type { Action } from '../../src/ports/action.ts';
import type { Journal } from '../../src/ports/journal.ts';
import { createFakeAction, fakeTargetOn, moveTarget } from '../world/fakes/action.ts';
import { createFakeDigest } from '../world/fakes/digest.ts';
import { compared, explore } from '../world/protocol-model.ts';

const BAD = 'v2';
const GOOD = 'v1';
/** As the model calls them. */
const NAMES: Readonly<Record<string, string>> = { v1: 'good', v2: 'bad', v3: 'foreign' };

interface Case {
  readonly kills: readonly (number | null)[];
  /** The n-th atomic act of the protocol before which somebody else deploys, over all lives; null: nobody does. */
  readonly foreignAt: number | null;
  readonly foreignTo: string;
}

interface Ended {
  readonly outcome: DoOutcome;
  readonly disk: DurableDisk;
  readonly atomicActs: number;
  readonly boundaries: number;
}

async function play(one: Case): Promise<Ended> {
  const disk = new DurableDisk();
  const clock = createVirtualTime(1_000_000);
  const target = fakeTargetOn(disk, 'web', BAD);
  let atomicActs = 0;
  const tick = (): void => {
    atomicActs += 1;
    if (atomicActs === one.foreignAt) moveTarget(target, one.foreignTo);
  };
  for (const armedAt of [...one.kills, null]) {
    const kill = new KillSwitch(armedAt);
    const life = performLife({ disk, clock, kill, tick });
    const ended = await settled(life.outcome, clock, kill);
    if (ended !== null) return { outcome: ended, disk, atomicActs, boundaries: kill.count };
  }
  throw new Error('the last life was not killed and did not end');
}

function performLife({
  disk,
  clock,
  kill,
  tick,
}: {
  disk: DurableDisk;
  clock: ReturnType<typeof createVirtualTime>;
  kill: KillSwitch;
  tick: () => void;
}) {
  const time = clock.ofLife(kill);
  const target = fakeTargetOn(disk, 'web', BAD);
  const action = ticking(
    createFakeAction({ spec: ACTIONS['deploy.rollback'] as never, target, name: 'target:web', kill, wanted: () => GOOD, beforeAct: tick }),
    tick,
  );
  const journal = tickingJournal(createVirtualJournal({ digest: createFakeDigest(), disk, kill }), tick);
  const world = {
    journal,
    pause: createVirtualPause({ disk, kill, time }),
    engine: createVirtualEngine({ disk, clock, kill }),
    time,
    probes: {},
    expression: { check: () => [], evaluate: () => ({ ok: true as const, value: true }) },
  };
  const outcome = performDo(world, {
    action,
    args: { target: 'web', to: GOOD },
    key: 'run/switch#1',
    run: 'run',
    incident: 'INC-1',
    step: 'switch',
    attempt: 1,
    expected: `${BAD}@1`,
    reason: 'INC-1',
    actor: 'belay',
    verify: [],
    lookup: () => undefined,
    timeoutMs: 1_000,
    earlier: [],
  });
  return { outcome };
}

function ticking(action: Action, tick: () => void): Action {
  return {
    ...action,
    observe: async (args) => {
      tick();
      return action.observe(args);
    },
  };
}

function tickingJournal(journal: Journal, tick: () => void): Journal {
  return {
    ...journal,
    append: async (line) => {
      tick();
      return journal.append(line);
    },
  };
}

/** The outcome, or null when this life was killed first. */
async function settled(
  outcome: Promise<DoOutcome>,
  clock: ReturnType<typeof createVirtualTime>,
  kill: KillSwitch,
): Promise<DoOutcome | null> {
  let ended: DoOutcome | null = null;
  void outcome.then((value) => {
    ended = value;
  });
  await clock.advanceUntil(() => ended !== null || kill.dead, 60_000);
  return ended;
}

/** What must hold at the end, whatever happened on the way. */
function violations(one: Case, ended: Ended): string[] {
  const { effects } = fakeTargetOn(ended.disk, 'web', BAD);
  const ours = effects.filter((effect) => effect.by === 'belay');
  const foreignIndex = effects.findIndex((effect) => effect.by !== 'belay');
  const found: string[] = [];
  if (ours.length > 1) found.push(`acted ${ours.length} times`);
  if (foreignIndex >= 0 && effects.slice(foreignIndex + 1).some((effect) => effect.by === 'belay'))
    found.push('a foreign deploy was overwritten');
  if (effects.at(-1)?.to === BAD && effects.at(-1)?.by === 'belay') found.push('the bad version was put back');
  const { status } = ended.outcome;
  if (status === 'done' && ours.length === 0 && one.foreignTo !== GOOD) found.push('done, but nothing was done');
  if (status === 'noop' && ours.length > 0) found.push('noop, although it acted');
  if ((status === 'conflict' || (status === 'failed' && ended.outcome.effect === 'none')) && ours.length > 0)
    found.push(`${status}, although it acted`);
  if (status === 'unknown' && one.foreignAt === null) found.push('unknown without any interference');
  const outcomes = journalLinesOf(ended.disk).filter((line) => line.kind === 'outcome');
  if (outcomes.at(-1)?.effect === 'done' && ours.length === 0 && one.foreignTo !== GOOD)
    found.push('the journal says done, but nothing was done');
  if (outcomes.at(-1)?.effect === 'none' && ours.length > 0) found.push('the journal says not done, but it was done');
  return found;
}

describe('the step protocol', () => {
  it('ends in no wrong state for every kill point, pair of kills, and foreign deploy between them', async () => {
    const calm = await play({ kills: [], foreignAt: null, foreignTo: '' });
    expect(calm.outcome.status).toBe('done');
    const kills = [null, ...Array.from({ length: calm.boundaries + 2 }, (_, index) => index + 1)];
    const wrong: string[] = [];
    const ends = new Set<string>();
    const statuses: Record<string, number> = {};
    let played = 0;
    for (const first of kills) {
      for (const second of first === null ? [null] : kills) {
        for (const foreignTo of ['', 'v3', GOOD]) {
          for (let foreignAt = 1; foreignAt <= (foreignTo === '' ? 1 : 16); foreignAt += 1) {
            const one: Case = {
              kills: [first, second].filter((kill) => kill !== null),
              foreignAt: foreignTo === '' ? null : foreignAt,
              foreignTo,
            };
            const ended = await play(one);
            played += 1;
            ends.add(`${ended.outcome.status} ${NAMES[fakeTargetOn(ended.disk, 'web', BAD).value]}`);
            statuses[ended.outcome.status] = (statuses[ended.outcome.status] ?? 0) + 1;
            wrong.push(...violations(one, ended).map((violation) => `${JSON.stringify(one)}: ${violation}`));
          }
        }
      }
    }
    expect(wrong).toEqual([]);
    expect(played).toBeGreaterThan(500);
    expect(Object.keys(statuses).sort()).toEqual(['conflict', 'done', 'noop', 'unknown']);
    // The real step ends where its model does, and nowhere else: in every order of three crashes and one foreign deploy.
    const modelled = (['foreign', 'good'] as const).flatMap((to) => explore(compared, to)).map(({ status, live }) => `${status} ${live}`);
    expect([...ends].sort()).toEqual([...new Set(modelled)].sort());
  }, 120_000);

  it('ends as without a crash after three of them, wherever they come', async () => {
    const calm = await play({ kills: [], foreignAt: null, foreignTo: '' });
    const points = Array.from({ length: calm.boundaries + 1 }, (_, index) => index + 1);
    const ends = new Set<string>();
    for (const first of points)
      for (const second of points)
        for (const third of points) {
          const one: Case = { kills: [first, second, third], foreignAt: null, foreignTo: '' };
          const ended = await play(one);
          ends.add(`${ended.outcome.status} ${NAMES[fakeTargetOn(ended.disk, 'web', BAD).value]} ${violations(one, ended).join()}`);
        }
    expect([...ends]).toEqual(['done good ']);
  }, 120_000);

  it('would be caught overwriting a foreign deploy if the target compared nothing and nothing was observed first', async () => {
    // The judge of the model must bite: the same ledger after a blind act.
    const disk = new DurableDisk();
    const target = fakeTargetOn(disk, 'web', BAD);
    moveTarget(target, 'v3');
    const kill = new KillSwitch();
    const blind = createFakeAction({
      spec: ACTIONS['deploy.rollback'] as never,
      target,
      name: 'target:web',
      kill,
      wanted: () => GOOD,
      compares: false,
    });
    await blind.act({}, { expected: `${BAD}@1`, key: 'k', reason: '' });
    const outcome = { status: 'done', recovered: false, current: GOOD, desired: GOOD, checks: [], fingerprint: '' } as const;
    expect(violations({ kills: [], foreignAt: 1, foreignTo: 'v3' }, { outcome, disk, atomicActs: 0, boundaries: 0 })).toEqual([
      'a foreign deploy was overwritten',
    ]);
  });
});
