// How many different users: a signal that asks, that counts nobody twice, keeps nobody's number, and survives kill -9.
import { expect, test } from 'vitest';
import { createVirtualTime } from '../../src/adapters/virtual/time.ts';
import type { Sample, SignalKind } from '../../src/domain/signal.ts';
import { listening } from '../../src/flows/detect/listening.ts';
import { DetectWorld, START, signal, trigger } from './detect-world.ts';

const MINUTE = 60_000;
const COMPLAINTS: SignalKind = { kind: 'distinct', of: { name: 'complaints', labels: [] }, label: 'phone' };
const RULE = { breach: { above: 3, overMs: 10 * MINUTE, stillMs: 0, forMs: 0 }, clear: { below: 1, forMs: MINUTE } };
const phone = (n: number): string => `+55119${90_000_000 + n}`;

const worldOf = (source: 'push' | 'prometheus' = 'push') =>
  new DetectWorld({
    signals: [signal(COMPLAINTS), signal({ kind: 'count', of: { name: 'complaints', labels: [] } })],
    triggers: [trigger('distinct', RULE), trigger('count', { ...RULE, breach: { ...RULE.breach, above: 1_000_000 } })],
    ...(source === 'push' ? { sources: [{ id: 'shop', driver: 'push', everyMs: 1_000 }] } : {}),
  });

const complaint = (world: DetectWorld, who: string, org = 'acme', o: Partial<Extract<Sample, { kind: 'delta' }>> = {}): Sample => ({
  kind: 'delta',
  name: 'complaints',
  labels: { org, phone: who },
  at: world.clock.nowMs,
  delta: 1,
  ...o,
});

async function send(world: DetectWorld, samples: readonly Sample[] = [], seconds = 1): Promise<void> {
  await world.detector.ingest({ source: 'shop', at: world.clock.nowMs, alive: true, samples });
  for (let second = 0; second < seconds; second += 1) {
    world.clock.nowMs += 1_000;
    await world.detector.ingest({ source: 'shop', at: world.clock.nowMs, alive: true, samples: [] });
  }
}

test('more different people than the limit ask, however many, and never let Belay act alone', async () => {
  const world = worldOf();
  await send(world, [complaint(world, phone(0))], 11 * 60);
  // One who complains a hundred times is one.
  await send(
    world,
    Array.from({ length: 100 }, () => complaint(world, phone(1))),
  );
  await send(world, [complaint(world, phone(2)), complaint(world, phone(3)), complaint(world, phone(1), 'globex')]);
  expect(await world.view('distinct')).toMatchObject({ status: 'ok', value: 3 });
  expect((await world.view('count')).value).toBe(102);
  await send(
    world,
    Array.from({ length: 400 }, (_, n) => complaint(world, phone(n))),
  );
  expect(await world.view('distinct')).toMatchObject({ status: 'suspect', announced: true, level: 'suspect', value: 400 });
  expect(await world.detector.readings.read({ trigger: 'distinct', scope: 'acme' })).toMatchObject({ value: 400, lower: 400, upper: 400 });
  await send(world, [], 13 * 60);
  expect(await world.path('acme', 'distinct')).toContain('suspect→cleared');
});

test('a kill -9 forgets nobody, what is sent again counts nobody twice, and the store holds no number', async () => {
  const world = worldOf();
  await send(world, [], 601);
  const batch = [1, 2, 3, 4].map((n) => complaint(world, phone(n), 'acme', { id: `event-${n}` }));
  await send(world, batch);
  world.kill();
  expect(await world.view('distinct')).toMatchObject({ status: 'suspect', value: 4 });
  await send(world, batch);
  await send(world, [complaint(world, phone(4))]);
  expect((await world.view('distinct')).value).toBe(4);
  const { slots, series, states, seen } = await world.store.load(0);
  expect(seen).toHaveLength(4);
  expect(JSON.stringify([slots, series, states, seen])).not.toContain('5511');
  // Those who were seen before the kill leave the window as if nothing had been.
  await send(world, [], 9 * 60);
  await send(world, [complaint(world, phone(9))], 2 * 60);
  expect((await world.view('distinct')).value).toBe(1);
});

test('counters of a page say who was active by growing, values by being above nothing, and no series of theirs is kept by name', async () => {
  const world = worldOf('prometheus');
  await world.run(601);
  for (const n of [1, 2, 3, 4, 5]) world.shop.add('complaints', { org: 'acme', phone: phone(n) }, 1);
  await world.run(2);
  expect((await world.view('distinct')).value).toBe(5);
  await world.run(560);
  world.shop.add('complaints', { org: 'acme', phone: phone(1) }, 1);
  await world.run(60);
  // The others are still on the page, and have done nothing for ten minutes.
  expect((await world.view('distinct')).value).toBe(1);
  expect(JSON.stringify((await world.store.load(0)).series)).not.toContain('5511');
  const value = (n: number, amount: number): Sample => ({
    kind: 'value',
    name: 'complaints',
    labels: { org: 'acme', phone: phone(n) },
    at: world.clock.nowMs,
    value: amount,
  });
  world.clock.nowMs += 1_000;
  await world.detector.ingest({ source: 'shop', at: world.clock.nowMs, alive: true, samples: [value(7, 2), value(8, 0)] });
  expect((await world.view('distinct')).value).toBe(2);
  // Without the label nobody was seen, but the organization was.
  world.clock.nowMs += 1_000;
  const nobody: Sample = { kind: 'value', name: 'complaints', labels: { org: 'globex' }, at: world.clock.nowMs, value: 1 };
  await world.detector.ingest({ source: 'shop', at: world.clock.nowMs, alive: true, samples: [nobody] });
  expect(await world.view('distinct', 'globex')).toMatchObject({ value: 0, unknown: false });
});

test('thirty thousand users cost bounded memory in the store, and are told within four percent', async () => {
  const world = worldOf();
  await send(world, [complaint(world, phone(0))], 11 * 60);
  for (let part = 0; part < 6; part += 1)
    await send(
      world,
      Array.from({ length: 5_000 }, (_, n) => complaint(world, phone(part * 5_000 + n))),
    );
  const reading = await world.detector.readings.read({ trigger: 'distinct', scope: 'acme' });
  expect(Math.abs(reading.value / 30_000 - 1)).toBeLessThan(0.04);
  expect(reading.lower).toBeLessThan(30_000);
  expect(reading.upper).toBeGreaterThan(30_000);
  const before = (await world.view('distinct')).value;
  world.kill();
  expect((await world.view('distinct')).value).toBe(before);
  expect((await world.store.load(0)).seen.length).toBeLessThan(25_000);
});

test('a source of events does not fold users together that are counted, only other labels of which there are too many', async () => {
  const time = createVirtualTime(START);
  const samples = Array.from(
    { length: 7_000 },
    (_, n): Sample => ({ kind: 'delta', name: 'complaints', labels: { org: 'acme', phone: phone(n) }, at: START, delta: 1 }),
  );
  const reply = { status: 200, body: '' };
  const told: Sample[] = [];
  for (const counted of [new Set(['phone']), new Set<string>()]) {
    const source = listening({ id: 'hooks', everyMs: 10_000, decode: () => ({ samples, reply }) }, time, counted);
    const abort = new AbortController();
    const running = source.run(
      async (batch) => void told.push(...batch.samples.filter((one) => one.kind === 'delta' && one.labels['phone'] === '(other)')),
      abort.signal,
    );
    await time.advance(1);
    await source.receive({ method: 'POST', path: '', headers: {}, body: new Uint8Array(), at: START });
    expect(told).toHaveLength(counted.size === 0 ? 2_000 : 0);
    abort.abort();
    await time.advance(10_000);
    await running;
  }
});
