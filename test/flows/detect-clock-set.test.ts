// Detection on a machine whose clock was wrong, and on a store that cannot put old counts away: what is known stays, and it is told.
import { describe, expect, test } from 'vitest';
import { DetectWorld } from './detect-world.ts';

const HEALTHY = (world: DetectWorld) => () => world.shop.serve('acme', 10, 0);
const SICK = (world: DetectWorld) => () => world.shop.serve('acme', 10, 5);
const DAY_MS = 24 * 3_600_000;
const PUSHED = { id: 'shop', driver: 'push', everyMs: 1_000 } as const;

describe('what does not depend on the counting', () => {
  test('the wall clock set back an hour blinds it for no longer than its window, and a step of seconds not at all', async () => {
    const world = new DetectWorld();
    await world.run(70, HEALTHY(world));
    world.clock.nowMs -= 3_600_000;
    await world.run(62, SICK(world));
    expect((await world.path()).at(-1)).toBe('suspect→breached');
    const stepped = new DetectWorld();
    await stepped.run(70, HEALTHY(stepped));
    stepped.clock.nowMs -= 30_000;
    await stepped.run(30, SICK(stepped));
    expect((await stepped.path()).at(-1)).toBe('suspect→breached');
  });

  test('a machine whose clock was a day ahead goes on from now, however often it is killed', async () => {
    const world = new DetectWorld();
    await world.run(70, HEALTHY(world));
    world.clock.nowMs += DAY_MS;
    await world.run(30, SICK(world));
    await world.detector.beat();
    world.clock.nowMs -= DAY_MS;
    for (let second = 0; second < 58; second += 1) {
      await world.run(1, HEALTHY(world));
      if (second % 5 === 0) world.kill();
    }
    // What was counted in the wrong time is gone, and so is what the window would have said without it.
    expect(await world.view()).toMatchObject({ warming: true });
    await world.run(10, HEALTHY(world));
    expect(await world.view()).toMatchObject({ warming: false, bad: 0, status: expect.not.stringMatching('breached') });
    await world.detector.beat();
    await world.run(20, SICK(world));
    expect((await world.path()).at(-1)).toBe('suspect→breached');
    expect((await world.store.load(0)).slots.every((row) => row.slot <= world.clock.nowMs)).toBe(true);
  });

  test('a clock that was set right is told, and what is sent then is not late', async () => {
    const told: unknown[] = [];
    const world = new DetectWorld({ sources: [PUSHED] }, { onError: (error) => told.push(error) });
    const push = (delta: number) => {
      const at = world.clock.nowMs;
      const labels = { org: 'acme', code: '200' };
      return world.detector.ingest({
        source: 'shop',
        at,
        alive: true,
        samples: [{ kind: 'delta', name: 'requests_total', labels, at, delta }],
      });
    };
    world.clock.nowMs += 3_600_000;
    await push(7);
    world.clock.nowMs -= 3_600_000;
    await push(5);
    expect(await world.view()).toMatchObject({ all: 5 });
    expect(told).toMatchObject([{ code: 'BELAY_CLOCK_AHEAD' }]);
    expect(await world.detector.readings.health()).toMatchObject({ troubles: [{ kind: 'clock', at: world.clock.nowMs }] });
    world.clock.nowMs -= 20_000;
    await push(3);
    expect(await world.view()).toMatchObject({ all: 8 });
    expect(told).toHaveLength(1);
  });

  test('old counts that cannot be put away cost nothing that is known, and are told until they can', async () => {
    const told: unknown[] = [];
    const world = new DetectWorld({}, { onError: (error) => told.push(error) });
    await world.run(70, HEALTHY(world));
    const [real, load] = [world.store.prune, world.store.load];
    let loads = 0;
    world.store.load = (...asked) => {
      loads += 1;
      return load(...asked);
    };
    world.store.prune = () => Promise.reject(new Error('no disk'));
    await world.detector.beat();
    await world.run(61, HEALTHY(world));
    await world.detector.beat();
    expect(loads).toBe(0);
    expect(told).toMatchObject([{ message: 'no disk' }, { message: 'no disk' }]);
    expect(await world.detector.readings.health()).toMatchObject({
      troubles: [{ kind: 'upkeep', at: world.clock.nowMs - 61_000, why: 'no disk' }],
    });
    world.store.prune = real;
    await world.run(61, HEALTHY(world));
    await world.detector.beat();
    expect((await world.detector.readings.health()).troubles).toBeUndefined();
  });

  test('errors that were counted weeks ago are no breach after a start: a counter that stands still is not forgotten', async () => {
    const world = new DetectWorld();
    const hours = async (count: number): Promise<void> => {
      for (let hour = 0; hour < count; hour += 1) {
        world.clock.nowMs += 3_598_000;
        await world.run(2, HEALTHY(world));
        await world.detector.beat();
      }
    };
    world.shop.serve('acme', 1_000, 500);
    await world.run(70, HEALTHY(world));
    // Pods that are gone, for longer than a week.
    world.shop.add('requests_total', { org: 'gone', code: '200' }, 5);
    await world.run(1, HEALTHY(world));
    world.shop.forget('gone');
    await hours(24 * 9);
    await world.run(70, HEALTHY(world));
    expect(await world.view()).toMatchObject({ status: 'ok', bad: 0 });
    for (let life = 0; life < 3; life += 1) {
      world.kill();
      await world.run(5, HEALTHY(world));
    }
    expect(await world.view()).toMatchObject({ status: 'ok', bad: 0, warming: false });
    expect(await world.path()).toEqual([]);
    expect((await world.store.load(0)).series.filter(({ series }) => series.includes('gone'))).toEqual([]);
  });

  test('a clock that was a month ahead makes no breach of old errors when it is set right', async () => {
    const world = new DetectWorld();
    world.shop.serve('acme', 1_000, 500);
    await world.run(70, HEALTHY(world));
    world.clock.nowMs += 30 * DAY_MS;
    // Old counts are put away before anything is read.
    await world.detector.beat();
    await world.run(1, HEALTHY(world));
    world.kill();
    world.clock.nowMs -= 30 * DAY_MS;
    await world.run(70, HEALTHY(world));
    expect(await world.view()).toMatchObject({ status: 'ok', bad: 0, warming: false });
    expect(await world.path()).toEqual([]);
  });
});
