// Rule R11 over every kind of target: a rollback never races the deploy that is on its way. The target's ledger is the judge, under kills at
// every boundary and with the deploy landing at every look.
import { describe, expect, it } from 'vitest';
import { createVirtualDeployTarget, type VirtualDeployTarget } from '../../src/adapters/virtual/deploy-target.ts';
import { DurableDisk } from '../../src/adapters/virtual/durable-disk.ts';
import { createVirtualEngine } from '../../src/adapters/virtual/engine.ts';
import { createVirtualJournal, journalLinesOf } from '../../src/adapters/virtual/journal.ts';
import { KillSwitch } from '../../src/adapters/virtual/kill-switch.ts';
import { createVirtualPause } from '../../src/adapters/virtual/pause.ts';
import { createVirtualTime } from '../../src/adapters/virtual/time.ts';
import { BelayError } from '../../src/domain/errors.ts';
import type { Runbook, Step } from '../../src/domain/ir.ts';
import { onItsWayText } from '../../src/domain/text/plan-notes.ts';
import { createActions } from '../../src/flows/actions/index.ts';
import type { DoOutcome, DoRequest } from '../../src/flows/do.ts';
import { afterAbort, type InFlight } from '../../src/flows/in-flight.ts';
import { recallPlan } from '../../src/flows/plan.ts';
import { createFakeDigest } from '../world/fakes/digest.ts';
import { ANA, EVE, play, runbookOf, STEP } from '../world/scenes/play.ts';

const RELEASES = ['v0', 'v1', 'v2'].map((ref, at) => ({ ref, createdAt: at + 1 }));
type Begun = 'abort' | 'wait' | 'overtake';
const targetOf = (begun: Begun, now = () => 1_000_000): VirtualDeployTarget =>
  createVirtualDeployTarget({ releases: RELEASES, live: 'v1', begun, now });
const ARGS = { target: 'shop', to: 'v0' };

interface Case {
  readonly begun?: Begun;
  readonly to?: string;
  readonly kills?: readonly number[];
  /** Before the n-th look at the target, over all lives, what is on its way goes live. */
  readonly landsAt?: number;
  readonly planned?: InFlight | null;
  readonly isUndo?: true;
  readonly change?: (target: VirtualDeployTarget) => Partial<VirtualDeployTarget>;
}

/** `v2` is on its way, `v1` is live. */
async function act(o: Case = {}) {
  const [disk, clock] = [new DurableDisk(), createVirtualTime(1_000_000)];
  const plain = targetOf(o.begun ?? 'abort');
  plain.begin('v2');
  const planned = o.planned === undefined ? ({ release: 'v2', then: o.begun ?? 'abort', live: 'v1' } as const) : o.planned;
  const { fingerprint } = await plain.current();
  let looks = 0;
  for (const armedAt of [...(o.kills ?? []), null]) {
    const kill = new KillSwitch(armedAt);
    const time = clock.ofLife(kill);
    const seen: VirtualDeployTarget = {
      ...plain,
      current: async () => {
        await kill.gate();
        looks += 1;
        if (looks === o.landsAt && (await plain.current()).inFlight !== undefined) plain.end('live');
        return plain.current();
      },
      rollTo: async (to, order) => {
        await kill.at('rollTo:before');
        await plain.rollTo(to, order);
        await kill.at('rollTo:after');
      },
      ...(plain.abort === undefined
        ? {}
        : {
            abort: async (release: string) => {
              await kill.at('abort:before');
              await plain.abort?.(release);
              await kill.at('abort:after');
            },
          }),
      ...o.change?.(plain),
    };
    const actions = createActions({ targets: { shop: seen }, switches: {}, pause: null as never });
    const world = {
      ...{
        journal: createVirtualJournal({ digest: createFakeDigest(), disk, kill }),
        pause: createVirtualPause({ disk, kill, time }),
        time,
        probes: {},
        actions,
      },
      engine: createVirtualEngine({ disk, clock, kill }),
      expression: { check: () => [], evaluate: () => ({ ok: true as const, value: true }) },
    };
    const request: DoRequest = {
      ...{ key: 'run/switch#1', run: 'run', incident: 'INC-1', step: 'switch', attempt: 1, actor: 'belay', reason: 'INC-1' },
      ...{ action: actions['deploy.rollback'] as never, args: { ...ARGS, to: o.to ?? 'v0' }, expected: fingerprint },
      ...{ verify: [], lookup: () => undefined, timeoutMs: 5_000, earlier: [] },
      ...(o.isUndo === true ? { isUndo: true } : {}),
    };
    let outcome: DoOutcome | null = null;
    const ended = afterAbort(world, request, planned);
    ended.then(
      (one) => {
        outcome = one;
      },
      () => undefined,
    );
    await clock.advanceUntil(() => outcome !== null || kill.dead, 60_000);
    if (!kill.dead) return { outcome: await ended, target: plain, looks, boundaries: kill.count, lines: journalLinesOf(disk) };
  }
  throw new Error('the last life did not end');
}

describe('a rollback while a deploy is on its way', () => {
  it('stops it first, as an act with its own intent and outcome, where the target can', async () => {
    const { outcome, target, lines } = await act();
    expect(outcome).toMatchObject({ status: 'done', current: 'v0', aborted: 'v2' });
    expect(target.effects).toEqual([{ by: 'belay', to: 'v0', key: 'run/switch#1' }]);
    expect((await target.current()).inFlight).toBeUndefined();
    expect(lines.map((line) => [line.key, line.kind, line.effect])).toEqual([
      ['run/switch#1/abort', 'intent', 'none'],
      ['run/switch#1/abort', 'outcome', 'done'],
      ['run/switch#1', 'intent', 'none'],
      ['run/switch#1', 'outcome', 'done'],
    ]);
  });

  it('back to what is live yet is done by stopping it, and that is no "already as wanted"', async () => {
    const { outcome, target } = await act({ to: 'v1' });
    expect(outcome).toMatchObject({ status: 'done', current: 'v1', aborted: 'v2' });
    expect(target.effects).toEqual([]);
  });

  it('overtakes it where the target does that', async () => {
    const { outcome, target, lines } = await act({ begun: 'overtake' });
    expect(outcome).toMatchObject({ status: 'done', current: 'v0' });
    expect(target.effects).toEqual([{ by: 'belay', to: 'v0', key: 'run/switch#1' }]);
    expect(lines).toHaveLength(2);
  });

  it.each(['abort', 'wait'] as const)('that nobody has seen in the plan is a conflict, and nothing is touched (%s)', async (begun) => {
    const { outcome, target, lines } = await act({ begun, planned: null });
    expect(outcome).toMatchObject({ status: 'conflict', current: 'v1', desired: 'v0' });
    expect([target.effects, lines]).toEqual([[], []]);
    expect((await target.current()).inFlight).toBe('v2');
  });

  it.each([
    ['abort', 'stop it (the step deploy.abort does), or wait until it has ended, and undo again'],
    ['wait', 'wait until it has ended, and undo again'],
  ] as const)('that an undo meets is named, and left to people (%s)', async (begun, what) => {
    const { outcome, target, lines } = await act({ begun, planned: null, isUndo: true });
    expect(outcome).toMatchObject({
      ...{ status: 'failed', effect: 'none', code: 'BELAY_TARGET_CONFLICT' },
      message: `v2 is on its way to target:shop, and nobody has approved that an undo acts beside it: ${what}`,
    });
    expect([target.effects, lines]).toEqual([[], []]);
    expect((await target.current()).inFlight).toBe('v2');
  });

  it('is overtaken by an undo, too, where the target does that', async () => {
    const { outcome, target } = await act({ begun: 'overtake', planned: null, isUndo: true });
    expect(outcome).toMatchObject({ status: 'done', current: 'v0' });
    expect(target.effects).toEqual([{ by: 'belay', to: 'v0', key: 'run/switch#1' }]);
  });

  it('that the target refuses to stop, or of which nobody can tell, goes no further and says which', async () => {
    const refusing = (effect: 'none' | 'unknown') => ({
      abort: async () => {
        throw new BelayError('BELAY_ACT_FAILED', 'it is past stopping', { effect });
      },
    });
    const refused = await act({ change: () => refusing('none') });
    expect(refused.outcome).toMatchObject({
      ...{ status: 'failed', effect: 'none' },
      message: 'v2 is on its way and could not be stopped, so nothing else was done: it is past stopping',
    });
    const untold = await act({ change: () => refusing('unknown') });
    expect(untold.outcome).toMatchObject({ status: 'unknown', message: expect.stringContaining('could not be stopped') as string });
    expect([...refused.target.effects, ...untold.target.effects]).toEqual([]);
  });

  it('which goes live at any look ends in a conflict or in what was asked for, never in another release', async () => {
    const ends: string[] = [];
    const { looks } = await act();
    for (let landsAt = 1; landsAt <= looks; landsAt += 1) {
      const { outcome, target } = await act({ landsAt });
      const { release } = await target.current();
      ends.push(`${outcome.status} ${release}`);
      expect(target.effects.filter((one) => one.by === 'belay').map((one) => one.to)).toEqual(outcome.status === 'done' ? ['v0'] : []);
    }
    expect(new Set(ends)).toEqual(new Set(['conflict v2', 'done v0']));
  });

  it('is stopped once and rolled back once, wherever Belay is killed', async () => {
    const { boundaries } = await act();
    expect(boundaries).toBeGreaterThan(10);
    for (let first = 1; first <= boundaries; first += 1) {
      const { outcome, target } = await act({ kills: [first] });
      expect(outcome, `killed at ${first}`).toMatchObject({ status: 'done', current: 'v0' });
      expect(target.effects).toEqual([{ by: 'belay', to: 'v0', key: 'run/switch#1' }]);
    }
  });
});

const QUIET = { start: 'ask', evidence: [], clocks: {} } as const;
const BACK: Runbook = runbookOf(
  () => [
    {
      ...STEP,
      kind: 'do',
      id: 'switch',
      title: 'Back',
      do: 'deploy.rollback',
      with: ARGS,
      verify: [],
      undo: { do: 'deploy.activate', with: ARGS },
    },
  ],
  QUIET,
);

async function started(begun: Begun) {
  const target = targetOf(begun);
  target.begin('v2');
  const actions = createActions({ targets: { shop: target }, switches: {}, pause: null as never });
  const one = await play({
    runbook: BACK,
    parts: (world) => ({ targets: { shop: target }, actions: { ...world.actions, ...actions } }),
  });
  const plan = await one.commands.startRun(ANA, { runbook: BACK.id, inputs: {}, key: 'k' });
  return { ...one, target, plan };
}

describe('a run that finds a deploy on its way', () => {
  it.each([
    ['abort', 'v2 is on its way there: Belay stops it first, and looks that it has ended'],
    ['wait', 'v2 is on its way there and can neither be stopped nor overtaken: Belay waits up to 10 min for its end, then plans again'],
    ['overtake', 'v2 is on its way there: this overtakes it'],
  ] as const)('says in the plan what becomes of it (%s)', async (begun, text) => {
    const { all, world, until } = await started(begun);
    await until((incident) => incident.run !== null);
    const [run] = await all('run.started');
    const [step] = (await recallPlan(world, run?.planHash ?? '')).steps;
    expect(step).toMatchObject({ current: 'v1', desired: 'v0', effect: 'change', onItsWay: { release: 'v2', then: begun } });
    expect(onItsWayText(step?.onItsWay ?? { release: '', then: 'wait' }, 'en')).toBe(text);
  });

  it('waits for its end where it can neither be stopped nor overtaken, plans again, and asks', async () => {
    const { target, clock, until, all, commands, incident } = await started('wait');
    await clock.advance(60_000);
    expect(target.effects).toEqual([]);
    expect((await all('note.added')).map((note) => note.text)).toEqual([
      'switch waits up to 10 min until v2, which is on its way to target:shop, has ended',
    ]);
    target.end('live');
    await until((found) => Object.values(found.approvals).some((approval) => approval.state === 'open'));
    const [approval] = Object.values((await incident()).approvals);
    expect(target.effects.map((one) => one.by)).toEqual(['somebody else']);
    const { id = '', planHash = '' } = approval ?? {};
    await commands.approve(EVE, { incident: 'INC-1', approval: id, planHash, decision: 'grant', key: 'yes' });
    await clock.advanceUntil(async () => (await all('run.finished')).length > 0);
    expect(target.effects.at(-1)).toMatchObject({ by: 'belay', to: 'v0' });
    expect((await all('run.finished')).map((end) => end.outcome)).toEqual(['done']);
  });

  it('does not wait where a freeze keeps it from going live', async () => {
    const target = targetOf('wait');
    target.begin('v2');
    const action = createActions({ targets: { shop: target }, switches: {}, pause: null as never })['deploy.rollback'];
    expect(await action?.onItsWay?.(ARGS)).toEqual({ release: 'v2', then: 'wait' });
    await target.freeze(true, 'INC-1');
    expect(await action?.onItsWay?.(ARGS)).toEqual({ release: 'v2', then: 'overtake' });
  });

  it('gives up on one that never ends, with nothing done and what to type', async () => {
    const { target, clock, all } = await started('wait');
    await clock.advanceUntil(async () => (await all('run.finished')).length > 0, 3_600_000);
    const [end] = await all('run.finished');
    expect(end).toMatchObject({
      outcome: 'failed',
      reason: expect.stringContaining('still on its way to target:shop after 10 min') as string,
    });
    expect(target.effects).toEqual([]);
  });
});

describe('an undo that meets a deploy on its way', () => {
  const back: Step = {
    ...{ ...STEP, kind: 'do', id: 'switch', title: 'Back', do: 'deploy.rollback', with: ARGS, verify: [] },
    undo: { do: 'deploy.activate', with: { target: 'shop', to: 'v1' } },
  };
  const rest: Step = { ...STEP, kind: 'wait', id: 'rest', title: 'Rest', forMs: 10_000 };
  const takeBack: Step = { ...STEP, kind: 'do', id: 'back', title: 'Undo', do: 'belay.undo', with: { steps: ['switch'] }, verify: [] };

  /** `v2` has begun after the step that is taken back. */
  async function asked(begun: Begun) {
    const target = targetOf(begun);
    const actions = createActions({ targets: { shop: target }, switches: {}, pause: null as never });
    const one = await play({
      runbook: runbookOf(() => [back, rest, takeBack], QUIET),
      parts: (world) => ({ targets: { shop: target }, actions: { ...world.actions, ...actions } }),
    });
    await one.commands.startRun(ANA, { runbook: BACK.id, inputs: {}, key: 'k' });
    await one.until((incident) => incident.steps['switch']?.status === 'done');
    target.begin('v2');
    await one.until((incident) => incident.steps['back']?.status === 'waiting');
    return { ...one, target };
  }

  it.each(['abort', 'wait', 'overtake'] as const)('names it, and does not say that somebody changed what is live (%s)', async (begun) => {
    const { all, target } = await asked(begun);
    const said = (await all('step.waiting')).at(-1)?.ask ?? '';
    expect(said).toContain('the undo of switch did not succeed (failed: v2 is on its way to target:shop');
    expect(said).toContain('wait until it has ended, and undo again');
    expect(said).not.toContain('somebody changed');
    expect(target.effects.map(({ to }) => to)).toEqual(['v0']);
  });

  it('is done when people have stopped that deploy and say "again"', async () => {
    const { commands, until, target } = await asked('abort');
    await target.abort?.('v2');
    await commands.answer(ANA, { incident: 'INC-1', step: 'back', choice: 'again', key: 'again' });
    await until((incident) => incident.isRunning === false);
    expect(target.effects.map(({ to }) => to)).toEqual(['v0', 'v1']);
  });
});
