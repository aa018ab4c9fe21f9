// `detector: cusum` through the detector: a small organization is asked about sooner, by what is usual for it, and nothing is done alone.
import { expect, test } from 'vitest';
import type { RunningSum } from '../../src/domain/cusum.ts';
import { decodeState } from '../../src/domain/trigger-machine.ts';
import { createDetector } from '../../src/flows/detect.ts';
import type { SignalStore } from '../../src/ports/signal-store.ts';
import { DurableDisk } from '../world/fakes/durable-disk.ts';
import { createFakeSignalStore } from '../world/fakes/signal-store.ts';
import { createFakeTime } from '../world/fakes/time.ts';
import { DetectWorld, Shop, START, scrape, system, trigger } from './detect-world.ts';

const MINUTE = 60_000;
const RULE = { breach: { above: 0.02, overMs: 15 * MINUTE, stillMs: 75_000, forMs: 0 }, rearmMs: 15 * MINUTE } as const;

const worldOf = (o: Partial<Parameters<typeof trigger>[1]> = { detector: 'cusum' }) =>
  new DetectWorld({ sources: [scrape(15_000)], triggers: [trigger('ratio', { ...RULE, ...o })] });

/** Ten requests a minute, of which every so manieth fails. */
async function serve(world: DetectWorld, minutes: number, every: number): Promise<void> {
  let served = 0;
  await world.run(
    minutes * 60,
    (second) => {
      if (second % 6 !== 0) return;
      served += 1;
      world.shop.serve('acme', 1, served % every === 0 ? 1 : 0);
    },
    15,
  );
}

test('five percent at ten requests a minute are asked about within a quarter of an hour, where the window alone is not sure; a kill -9 forgets nothing', async () => {
  const world = worldOf();
  await serve(world, 200, 5_000);
  expect(await world.path()).toEqual([]);
  await serve(world, 10, 20);
  expect(await world.path()).toEqual([]);
  world.kill();
  await serve(world, 10, 20);
  const [first, ...rest] = await world.transitions();
  expect(first).toMatchObject({ from: 'ok', to: 'suspect', inputs: { level: 'suspect' } });
  expect(first?.inputs.early?.usual).toBeLessThan(0.01);
  expect(first?.inputs.pValue).toBeGreaterThan(1e-3);
  expect(await world.view()).toMatchObject({ status: 'suspect', announced: true, level: 'suspect' });
  expect(rest.map((one) => one.to)).not.toContain('breached');

  const without = worldOf({});
  await serve(without, 200, 5_000);
  await serve(without, 20, 20);
  expect(await without.path()).toEqual([]);
});

test('nobody is asked while it is not known what is usual, nor where the usual share is near to the limit', async () => {
  const young = worldOf();
  await serve(young, 60, 1_000);
  await serve(young, 20, 20);
  expect(await young.path()).toEqual([]);
  const near = worldOf();
  await serve(near, 240, 70);
  await serve(near, 20, 40);
  expect(await near.path()).toEqual([]);
});

test('when it is over the sum begins anew, and what was learnt stays', async () => {
  const world = worldOf();
  await serve(world, 200, 5_000);
  await serve(world, 25, 20);
  expect((await sumIn(world.store))?.sum).toBeGreaterThan(15);
  await serve(world, 90, 1_000);
  expect(await world.path()).toEqual(['ok→suspect', 'suspect→suspect!', 'suspect→cleared', 'cleared→ok']);
  expect(await sumIn(world.store)).toMatchObject({ sum: 0 });
  expect((await sumIn(world.store))?.all).toBeGreaterThan(2_000);
});

test('what is learnt without a single error is kept now and then, and known to the next life', async () => {
  const time = createFakeTime(START);
  const store = createFakeSignalStore({ disk: new DurableDisk() });
  const parts = system({ sources: [scrape(15_000)], triggers: [trigger('ratio', { ...RULE, detector: 'cusum' })] });
  const shop = new Shop();
  const detector = createDetector({ system: parts, store, time, sources: [] });
  await detector.start();
  for (let minute = 0; minute < 3; minute += 1) {
    shop.serve('acme', 100, 0);
    await detector.ingest(shop.page(time.now()));
    await time.advance(60_000);
  }
  expect(await sumIn(store)).toMatchObject({ sum: 0, bad: 0, all: 200 });
  const stopped = detector.stop();
  await time.advance(1_000);
  await stopped;
});

async function sumIn(store: SignalStore): Promise<RunningSum | null> {
  const { states } = await store.load(0);
  return decodeState(states.find((one) => one.trigger === 'ratio' && one.scope === 'acme')?.state ?? null).cusum;
}
