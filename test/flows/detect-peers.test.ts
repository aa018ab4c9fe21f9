// Cases in which other watchers page, roll back or fall silent wrongly, that are not told elsewhere: what Belay does in each.
import { expect, test } from 'vitest';
import { DurableDisk } from '../../src/adapters/virtual/durable-disk.ts';
import { createVirtualSignalStore } from '../../src/adapters/virtual/signal-store.ts';
import type { Batch } from '../../src/domain/signal.ts';
import { createDetector } from '../../src/flows/detect.ts';
import { DetectWorld, ERRORS, START, scrape, signal, trigger } from './detect-world.ts';

const RATIO = { above: 0.02, overMs: 60_000, stillMs: 5_000, forMs: 0 };

test.each([2, 7, 11, 12, 15])(
  'D10: kill -9 eight minutes into a breach costs a hold of %i minutes not a second, and starts none that is over again',
  async (minutes) => {
    const holdMs = minutes * 60_000;
    const play = async (isKilled: boolean): Promise<DetectWorld> => {
      const world = new DetectWorld({
        sources: [scrape(15_000)],
        triggers: [trigger('ratio', { breach: { ...RATIO, stillMs: 60_000, forMs: holdMs } })],
      });
      await world.run(120, () => world.shop.serve('acme', 50, 0), 15);
      const sick = () => world.shop.serve('acme', 50, 25);
      await world.run(480, sick, 15);
      if (isKilled) world.kill();
      await world.run(600, sick, 15);
      return world;
    };
    const world = await play(true);
    const [suspect, breached, ...more] = await world.transitions();
    expect(await world.path()).toEqual(['ok→suspect', 'suspect→breached']);
    expect(more).toEqual([]);
    // At the first reading behind its end, as without any kill.
    const heldMs = (breached?.at ?? 0) - (suspect?.since ?? 0);
    expect([heldMs >= holdMs, heldMs < holdMs + 15_000]).toEqual([true, true]);
    expect(await world.transitions()).toEqual(await (await play(false)).transitions());
    expect((suspect?.since ?? 0) - START).toBeLessThanOrEqual(150_000);
  },
);

test('D13: with nobody to compare with the comparison says nothing, and the fixed limit beside it stands', async () => {
  const world = new DetectWorld({
    orgs: ['acme'],
    triggers: [
      trigger('ratio'),
      trigger('ratio', { id: 'canary', breach: { overMs: 60_000, stillMs: 5_000, forMs: 0, vs: { with: 'others', times: 3, least: 10 } } }),
    ],
  });
  await world.run(70, () => world.shop.serve('acme', 20, 0));
  await world.run(20, () => world.shop.serve('acme', 20, 10));
  expect(await world.path('acme', 'canary')).toEqual([]);
  expect(await world.view('canary')).toMatchObject({ status: 'ok', level: 'none' });
  expect((await world.path()).at(-1)).toBe('suspect→breached');
});

test('D14: a trigger whose source is gone is unknown from then on and acts on nothing, and one that never had data is not ok', async () => {
  const world = new DetectWorld({ signals: [signal(ERRORS, { sources: [] })] });
  await world.run(70, () => world.shop.serve('acme', 20, 0));
  expect(await world.view()).toMatchObject({ status: 'ok', unknown: false });
  const without = (disk: DurableDisk) =>
    createDetector({
      system: { ...world.system, sources: [] },
      store: createVirtualSignalStore({ disk }),
      time: world.clock.time(),
      sources: [],
    });
  const gone = without(world.disk);
  world.clock.nowMs += 60_000;
  await gone.beat();
  expect(await gone.readings.views('ratio')).toMatchObject([{ scope: 'acme', unknown: true, level: 'none' }]);
  expect(await gone.readings.read({ trigger: 'ratio', scope: 'acme' })).toMatchObject({ known: false });
  const never = without(new DurableDisk());
  await never.beat();
  expect(await never.readings.views('ratio')).toEqual([]);
  expect(await never.readings.read({ trigger: 'ratio', scope: 'acme' })).toMatchObject({
    known: false,
    why: 'no source has delivered yet',
  });
});

test('D15: what comes late, and within its bound, is judged in its own time; what comes later moves nothing and is counted', async () => {
  const world = new DetectWorld({
    sources: [{ id: 'shop', driver: 'push', everyMs: 1_000 }],
    triggers: [trigger('ratio', { breach: RATIO })],
  });
  const tell = (at: number, org: string, code: string, delta: number): Promise<void> => {
    const batch: Batch = {
      source: 'shop',
      at: world.clock.nowMs,
      alive: true,
      samples: [{ kind: 'delta', name: 'requests_total', labels: { org, code }, at, delta }],
    };
    return world.detector.ingest(batch);
  };
  const quiet = async (seconds: number): Promise<void> => {
    for (let second = 0; second < seconds; second += 1) {
      world.clock.nowMs += 1_000;
      await tell(world.clock.nowMs, 'acme', '200', 20);
    }
  };
  await quiet(70);
  await tell(world.clock.nowMs - 4_000, 'acme', '500', 60);
  expect((await world.view()).bad).toBe(60);
  expect((await world.path())[0]).toBe('ok→suspect');

  const [before, slots] = [(await world.view()).bad, await world.path()];
  await tell(START + 1_000, 'acme', '500', 1_000);
  expect((await world.view()).bad).toBe(before);
  expect(await world.path()).toEqual(slots);
});

test('D23: one error in three requests, at night, neither tells anybody nor acts', async () => {
  const world = new DetectWorld({ triggers: [trigger('ratio', { breach: { ...RATIO, stillMs: 60_000 } })] });
  await world.run(70, () => world.shop.serve('globex', 5, 0));
  await world.run(30, (second) => {
    if (second % 10 === 0) world.shop.serve('acme', 1, second === 20 ? 1 : 0);
    world.shop.serve('globex', 5, 0);
  });
  expect(await world.view()).toMatchObject({ overLimit: true, level: 'none', bad: 1, all: 3 });
  expect((await world.path()).filter((one) => one.endsWith('!') || one.endsWith('breached'))).toEqual([]);
});
