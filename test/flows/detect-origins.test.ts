// Sources that hand on what many programs count: whose first sample counts from 0, and what need not be remembered.
import { describe, expect, test } from 'vitest';
import { incrementOf, knownBefore } from '../../src/domain/counter.ts';
import type { Sample } from '../../src/domain/signal.ts';
import { DetectWorld, REQUESTS, START, signal, trigger } from './detect-world.ts';

type Total = Extract<Sample, { kind: 'total' }>;

const RATE = {
  sources: [{ id: 'shop', driver: 'push', everyMs: 1_000 }] as const,
  signals: [signal(REQUESTS, { by: null })],
  triggers: [trigger('rate', { scope: 'all', breach: { above: 1_000_000, overMs: 60_000, stillMs: 5_000, forMs: 0 } })],
};

function worldOf() {
  const world = new DetectWorld(RATE);
  const send = async (...samples: readonly (Pick<Total, 'total'> & Partial<Total>)[]): Promise<void> => {
    world.clock.nowMs += 1_000;
    const at = world.clock.nowMs;
    await world.detector.ingest({
      source: 'shop',
      at,
      alive: true,
      samples: samples.map(
        (one): Sample => ({ kind: 'total', name: 'requests_total', labels: { code: '503', of: one.origin ?? '' }, at, ...one }),
      ),
    });
  };
  const counted = async (): Promise<number> => (await world.detector.readings.views('rate')).find((one) => one.scope === '')?.bad ?? 0;
  return { world, send, counted };
}

describe('a source of many programs', () => {
  test('does not count what a program brings along that joins late', async () => {
    const { send, counted } = worldOf();
    await send({ total: 500, origin: 'a' });
    await send({ total: 503, origin: 'a' }, { total: 900_000, origin: 'b' });
    await send({ total: 503, origin: 'a' }, { total: 900_002, origin: 'b' });
    expect(await counted()).toBe(5);
  });

  test('counts from 0 what is new in a program that was heard before', async () => {
    const { send, counted } = worldOf();
    const healthy = { name: 'other_total', total: 1, origin: 'a' };
    await send(healthy);
    await send(healthy);
    await send(healthy, { total: 4, origin: 'a' });
    expect(await counted()).toBe(4);
    // The same reading, in another request.
    await send({ total: 2, origin: 'a', labels: { code: '504' }, at: START + 3_000 });
    expect(await counted()).toBe(6);
  });

  test('counts from 0 what began after the source was first heard, and counts a restart whole', async () => {
    const { send, counted } = worldOf();
    await send({ total: 500, origin: 'a' });
    await send({ total: 500, origin: 'a' }, { total: 7, origin: 'b', since: START + 1_500 });
    expect(await counted()).toBe(7);
    await send({ total: 500, origin: 'a' }, { total: 9, origin: 'b', since: START + 2_500 });
    expect(await counted()).toBe(16);
  });

  test('after a kill takes up where the store left off, and a program that it does not know is new', async () => {
    const { world, send, counted } = worldOf();
    await send({ total: 500, origin: 'a' });
    await send({ total: 502, origin: 'a' });
    world.kill();
    await send({ total: 503, origin: 'a' }, { total: 900_000, origin: 'b' });
    expect(await counted()).toBe(3);
  });

  test('remembers the ids of what some signal counts, and of nothing else', async () => {
    const asked: string[] = [];
    const world = new DetectWorld(RATE);
    const { known } = world.store;
    world.store.known = async (source: string, ids: readonly string[]) => {
      asked.push(...ids);
      return known(source, ids);
    };
    const batch = { source: 'shop', at: world.clock.nowMs, alive: true } as const;
    const delta = (id: string, name: string): Sample => ({
      kind: 'delta',
      id,
      name,
      labels: { code: '500' },
      at: world.clock.nowMs,
      delta: 1,
    });
    const samples = [delta('1', 'requests_total'), delta('2', 'other_total')];
    await world.detector.ingest({ ...batch, samples });
    await world.detector.ingest({ ...batch, samples });
    expect(asked).toEqual(['1\nrequests_total', '1\nrequests_total']);
    expect((await world.detector.readings.views('rate'))[0]?.bad).toBe(1);
  });
});

describe('the start of a counter', () => {
  test('decides where its first sample counts from', () => {
    expect(knownBefore(undefined, { readAt: 5, knownSince: 1 })).toBe(5);
    expect(knownBefore(undefined, { readAt: null, knownSince: 1 })).toBeNull();
    expect(knownBefore(7, { readAt: null, knownSince: 1 })).toBe(7);
    expect(knownBefore(7, { readAt: 9, knownSince: 1 })).toBe(9);
    expect(knownBefore(0, { readAt: null, knownSince: 1 })).toBeNull();
    expect(knownBefore(7, { readAt: null, knownSince: null })).toBeNull();
  });

  test('after the last sample tells a restart that its total hides', () => {
    expect(incrementOf({ total: 10, at: 100 }, { total: 15, at: 200, since: 150 }, 100)).toEqual({ delta: 15, from: 150 });
    expect(incrementOf({ total: 10, at: 100 }, { total: 15, at: 200, since: 100 }, 100)).toEqual({ delta: 5, from: 100 });
    expect(incrementOf({ total: 10, at: 100 }, { total: 4, at: 200, since: 50 }, 100)).toEqual({ delta: 4, from: 100 });
  });
});
