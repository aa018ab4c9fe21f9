// An event that is delivered again counts once under each name, over a restart too; and what a source told is known for selectors.
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

test('what a source told is known by name and labels, a bounded few of each, and no value that is only told apart', async () => {
  const world = new DetectWorld({
    signals: [signal({ kind: 'distinct', of: { name: 'seen', labels: [] }, label: 'phone' }, { id: 'seen', by: null })],
    triggers: [trigger('seen', { scope: 'all', breach: { above: 100, overMs: 60_000, stillMs: 5_000, forMs: 0 } })],
  });
  const tell = (names: readonly string[], labels: Readonly<Record<string, string>>) => {
    world.clock.nowMs += 1_000;
    const at = world.clock.nowMs;
    const samples = names.map((name) => ({ kind: 'delta', name, labels: { ...labels }, at, delta: 1 }) as const);
    return world.detector.ingest({ source: 'shop', at, alive: true, samples });
  };
  await tell(['webhook', 'seen'], { type: 'opened', phone: '5511999990000' });
  await tell(['webhook'], { type: 'opened', phone: '5511999990000' });
  const told = async () => (await world.detector.readings.told()).find(({ source }) => source === 'shop');
  expect(await told()).toMatchObject({
    isAll: true,
    names: [
      { name: 'webhook', isAll: true, labels: [{ type: 'opened' }] },
      { name: 'seen', isAll: true },
    ],
  });
  expect(JSON.stringify(await told())).not.toContain('5511');
  for (let n = 0; n < 20; n += 1) await tell(['webhook'], { type: `t${n}` });
  expect((await told())?.names[0]).toMatchObject({ isAll: false, labels: { length: 10 } });
  await tell(
    Array.from({ length: 600 }, (_, n) => `name_${n}`),
    {},
  );
  expect(await told()).toMatchObject({ isAll: false, names: { length: 500 } });
});
