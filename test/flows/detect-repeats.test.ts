// An event that is delivered again counts once under each name, over a restart too.
import { expect, test } from 'vitest';
import { DetectWorld, signal, trigger } from './detect-world.ts';

test('one event under two names counts once under each, however often it is delivered and in whatever parts', async () => {
  const of = (name: string) => signal({ kind: 'count', of: { name, labels: [] } }, { id: name, by: null });
  const rule = (name: string) => trigger(name, { scope: 'all', breach: { above: 100, overMs: 60_000, stillMs: 5_000, forMs: 0 } });
  const world = new DetectWorld({ signals: [of('orders'), of('refunds')], triggers: [rule('orders'), rule('refunds')] });
  const deliver = (...names: readonly string[]) => {
    const at = world.clock.nowMs;
    const samples = names.map((name) => ({ kind: 'delta', id: 'evt_1', name, labels: {}, at, delta: 1 }) as const);
    return world.detector.ingest({ source: 'shop', at, alive: true, samples });
  };
  const counted = async () => [(await world.view('orders', '')).all, (await world.view('refunds', '')).all];
  await deliver('orders', 'refunds', 'orders');
  expect(await counted()).toEqual([1, 1]);
  world.kill();
  world.clock.nowMs += 1_000;
  await deliver('refunds');
  await deliver('orders');
  expect(await counted()).toEqual([1, 1]);
});
