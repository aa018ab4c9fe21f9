// The fake engine keeps the contract of the real one, and its kill points kill.
import { describe, expect, test } from 'vitest';
import { DurableDisk } from '../../../src/adapters/virtual/durable-disk.ts';
import type { VirtualEngine } from '../../../src/adapters/virtual/engine.ts';
import { createVirtualEngine } from '../../../src/adapters/virtual/engine.ts';
import { createVirtualJournal, journalLinesOf } from '../../../src/adapters/virtual/journal.ts';
import { KillSwitch } from '../../../src/adapters/virtual/kill-switch.ts';
import { createVirtualTime } from '../../../src/adapters/virtual/time.ts';
import type { Flow } from '../../../src/ports/engine.ts';
import { engineContract } from '../../contracts/engine.ts';
import type { EngineWorld } from '../../contracts/engine-world.ts';
import { createFakeDigest } from './digest.ts';

const START = Date.parse('2025-03-10T12:00:00Z');

describe('the contract', () => {
  engineContract(async (): Promise<EngineWorld> => {
    const disk = new DurableDisk();
    const clock = createVirtualTime(START);
    let kill = new KillSwitch();
    return {
      now: () => clock.now(),
      stop: async () => kill.kill(),
      live: async (flows) => {
        kill.kill();
        kill = new KillSwitch();
        const engine = createVirtualEngine({ disk, clock, kill });
        await engine.open(flows);
        return engine;
      },
      settle: async (promise) => {
        let settled = false;
        const done = (): void => {
          settled = true;
        };
        promise.then(done, done);
        while (!settled) {
          await clock.runUntilIdle();
          await new Promise((resolve) => setTimeout(resolve, 5));
          if (!settled && clock.waiting > 0) await clock.advance(100);
        }
        return promise;
      },
    };
  });
});

describe('kill points', () => {
  interface Life {
    readonly engine: VirtualEngine;
    readonly kill: KillSwitch;
  }

  /** A small ledger behind the fake engine: three effects, each journaled around it. */
  function world(): {
    readonly live: (kill: KillSwitch) => Promise<Life>;
    readonly clock: ReturnType<typeof createVirtualTime>;
    readonly disk: DurableDisk;
    readonly effects: string[];
  } {
    const disk = new DurableDisk();
    const clock = createVirtualTime(START);
    const effects = disk.part<string[]>('ledger', () => []);
    return {
      disk,
      clock,
      effects,
      live: async (kill) => {
        const engine = createVirtualEngine({ disk, clock, kill });
        const journal = createVirtualJournal({ digest: createFakeDigest(), disk, kill });
        const flow: Flow = async (context) => {
          for (const name of ['a', 'b', 'c']) {
            await context.step(name, async () => {
              const line = {
                at: clock.now(),
                run: context.runId,
                incident: 'i',
                step: name,
                attempt: 1,
                key: name,
                target: 't',
                expected: '',
                desired: null,
                effect: 'none',
                actor: 'belay',
              } as const;
              await journal.append({ ...line, kind: 'intent' });
              await kill.at(`act:${name}:before`);
              if (!effects.includes(name)) effects.push(name);
              await kill.at(`act:${name}:after`);
              await journal.append({ ...line, kind: 'outcome', effect: 'done' });
              return null;
            });
            await context.sleepUntil((await context.now()) + 60_000);
          }
          return context.uuid();
        };
        await engine.open({ flow });
        return { engine, kill };
      },
    };
  }

  async function runToEnd(
    armedAt: number | null,
  ): Promise<{ readonly effects: readonly string[]; readonly count: number; readonly killed: boolean; readonly lines: number }> {
    const { live, clock, disk, effects } = world();
    const first = new KillSwitch(armedAt);
    const life = await live(first);
    void life.engine.start('flow', null, { id: 'run' });
    await clock.advanceUntil(() => first.dead || disk.runs.get('run')?.status === 'done', 600_000);
    await clock.runUntilIdle();
    if (first.dead) {
      const second = await live(new KillSwitch());
      await second.engine.start('flow', null, { id: 'run' });
      await clock.advanceUntil(() => disk.runs.get('run')?.status === 'done', 600_000);
    }
    return { effects, count: first.count, killed: first.dead, lines: journalLinesOf(disk).length };
  }

  test('a run killed at any boundary ends as the undisturbed one did, each effect once', async () => {
    const calm = await runToEnd(null);
    expect(calm.effects).toEqual(['a', 'b', 'c']);
    expect(calm.lines).toBe(6);
    expect(calm.count).toBeGreaterThan(30);
    for (let boundary = 1; boundary <= calm.count; boundary += 1) {
      const disturbed = await runToEnd(boundary);
      expect(disturbed.killed, `boundary ${boundary}`).toBe(true);
      expect(disturbed.effects, `boundary ${boundary}`).toEqual(['a', 'b', 'c']);
      expect(disturbed.lines, `boundary ${boundary}`).toBeGreaterThanOrEqual(6);
    }
  });

  test('nothing of a killed life proceeds, not even its finally', async () => {
    const disk = new DurableDisk();
    const clock = createVirtualTime(START);
    const kill = new KillSwitch(4);
    const after: string[] = [];
    const engine = createVirtualEngine({ disk, clock, kill });
    await engine.open({
      flow: async (context) => {
        try {
          await context.step('one', async () => 1);
        } finally {
          after.push('finally');
        }
        return null;
      },
    });
    void engine.start('flow', null, { id: 'run' });
    await clock.advance(60_000);
    expect(kill.passed).toEqual(['start:run:before', 'start:run:recorded', 'step:one:before', 'step:one:worked']);
    expect(after).toEqual([]);
    expect(disk.runs.get('run')?.checkpoints.size).toBe(0);
  });

  test('a flow that calls in another order than before is a bug, not a silent mix-up', async () => {
    const disk = new DurableDisk();
    const clock = createVirtualTime(START);
    const first = createVirtualEngine({ disk, clock, kill: new KillSwitch(6) });
    const twoSteps =
      (names: readonly [string, string]): Flow =>
      async (context) => {
        for (const name of names) await context.step(name, async () => name);
        return null;
      };
    await first.open({ flow: twoSteps(['a', 'b']) });
    void first.start('flow', null, { id: 'run' });
    await clock.runUntilIdle();
    const second = createVirtualEngine({ disk, clock });
    await second.open({ flow: twoSteps(['b', 'a']) });
    await clock.runUntilIdle();
    await expect(second.result('run')).rejects.toThrow(/not deterministic: call 0 was "a" before and is "b" now/);
  });
});
