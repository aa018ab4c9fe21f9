// What a trigger's signal counted lately, for screens: what is missing is missing, and never a zero.
import { describe, expect, test } from 'vitest';
import { pointsOf, type SignalSeries } from '../../src/domain/series.ts';
import { DetectWorld, ERRORS, QUEUE, REQUESTS, SILENCE, START, scrape, signal, trigger } from './detect-world.ts';

const RATIO = { trigger: 'ratio', scope: 'acme' };

async function seriesOf(world: DetectWorld, o: { trigger: string; scope: string; from?: number } = RATIO): Promise<SignalSeries> {
  const series = await world.detector.readings.series(o);
  if (series === null) throw new Error('there is no series');
  return series;
}
const allOf = (series: SignalSeries, from: number, to: number): number =>
  series.slots.filter((slot) => slot.at >= from && slot.at < to).reduce((sum, slot) => sum + slot.all, 0);

const pushed = (): DetectWorld =>
  new DetectWorld({ sources: [{ id: 'app', driver: 'push', everyMs: 1_000 }], signals: [signal(ERRORS, { sources: ['app'] })] });

/** One increment a second. */
async function send(world: DetectWorld, seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second += 1) {
    world.clock.nowMs += 1_000;
    const at = world.clock.nowMs;
    const samples = [{ kind: 'delta' as const, name: 'requests_total', labels: { org: 'acme', code: '200' }, at, delta: 10 }];
    await world.detector.ingest({ source: 'app', at, alive: true, samples });
  }
}

describe('the history of a signal', () => {
  test('has every slot with its counts, one without traffic too, and the value that the rule saw', async () => {
    const world = new DetectWorld();
    await world.run(60, () => world.shop.serve('acme', 10, 1));
    await world.run(20);
    await world.run(30, () => world.shop.serve('acme', 10, 0));
    const series = await seriesOf(world);
    expect(series).toMatchObject({ slotMs: 1_000, overMs: 60_000, from: START + 1_000, to: START + 110_000, gaps: [] });
    expect(allOf(series, START, START + 110_000)).toBe(890);
    expect(series.slots.filter((slot) => slot.at >= START + 60_000 && slot.at < START + 80_000).map((slot) => slot.all)).toEqual(
      Array.from({ length: 20 }, () => 0),
    );
    const points = pointsOf(series, 'ratio');
    expect(points.at(-1)).toMatchObject({ at: START + 110_000, value: (await world.view()).value });
    expect(points.find((point) => point.at === START + 60_000)?.value).toBeCloseTo(0.1, 2);
  });

  test('a source that sends increments and was silent leaves a gap, and no zero in it', async () => {
    const world = pushed();
    await send(world, 60);
    world.clock.nowMs += 20_000;
    await send(world, 30);
    const series = await seriesOf(world);
    expect(series.gaps).toEqual([{ from: START + 61_000, to: START + 81_000 }]);
    expect(series.slots.some((slot) => slot.at >= START + 61_000 && slot.at < START + 81_000)).toBe(false);
    expect(pointsOf(series, 'ratio').some((point) => point.at > START + 61_000 && point.at < START + 81_000)).toBe(false);
    expect(pointsOf(series, 'ratio').at(-1)?.value).toBe(0);
  });

  test('what counters make up for after a silence is no gap', async () => {
    const world = new DetectWorld();
    await world.run(60, () => world.shop.serve('acme', 10, 0));
    await world.run(20, () => world.shop.serve('acme', 10, 0), 20);
    await world.run(10, () => world.shop.serve('acme', 10, 0));
    const series = await seriesOf(world);
    expect(series.gaps).toEqual([]);
    expect(allOf(series, START + 60_000, START + 80_000)).toBe(200);
  });

  test('a silence that lasts is a gap up to now', async () => {
    const world = new DetectWorld();
    await world.run(60, () => world.shop.serve('acme', 10, 0));
    world.clock.nowMs += 40_000;
    const series = await seriesOf(world);
    expect(series.gaps).toEqual([{ from: START + 60_000, to: START + 100_000 }]);
    expect((await world.view()).unknown).toBe(true);
  });

  test('one organization whose series are gone has a gap of its own', async () => {
    const world = new DetectWorld();
    const both = (): void => {
      world.shop.serve('acme', 10, 0);
      world.shop.serve('globex', 10, 0);
    };
    await world.run(60, both);
    world.shop.forget('acme');
    await world.run(30, () => world.shop.serve('globex', 10, 0));
    expect((await seriesOf(world)).gaps).toEqual([{ from: START + 60_000, to: START + 90_000 }]);
    expect((await seriesOf(world, { trigger: 'ratio', scope: 'globex' })).gaps).toEqual([]);
    await world.run(20, both);
    // Its counters tell what happened: the gap vanishes.
    expect((await seriesOf(world)).gaps).toEqual([]);
  });

  test('after a kill it is the same, and the time in which nobody listened is a gap', async () => {
    const world = pushed();
    await send(world, 70);
    const before = await seriesOf(world);
    world.kill();
    const after = await seriesOf(world);
    expect(after.slots).toEqual(before.slots);
    world.kill();
    world.clock.nowMs += 30_000;
    await send(world, 10);
    world.kill();
    expect((await seriesOf(world)).gaps).toEqual([{ from: START + 71_000, to: START + 101_000 }]);
  });

  test('a gauge is known as long as it holds, and a rate counts per minute', async () => {
    const world = new DetectWorld({
      signals: [signal(QUEUE), signal(REQUESTS)],
      triggers: [trigger('gauge', { breach: { above: 5, overMs: 60_000, stillMs: 5_000, forMs: 0 } }), trigger('rate')],
    });
    const value = (at: number, queue: number) =>
      world.detector.ingest({
        source: 'shop',
        at,
        alive: true,
        samples: [
          { kind: 'value', name: 'queue', labels: { org: 'acme' }, at, value: queue },
          { kind: 'total', name: 'requests_total', labels: { org: 'acme', code: '503' }, at, total: (at - START) / 500 },
        ],
      });
    for (let second = 1; second <= 40; second += 1) {
      world.clock.nowMs += 1_000;
      await value(world.clock.nowMs, 7);
    }
    world.clock.nowMs += 20_000;
    await value(world.clock.nowMs, 7);
    world.clock.nowMs += 1_000;
    await value(world.clock.nowMs, 9);
    const gauge = await seriesOf(world, { trigger: 'gauge', scope: 'acme' });
    expect(pointsOf(gauge, 'gauge').at(-2)?.value).toBeCloseTo(7, 5);
    expect(gauge.gaps).toEqual([{ from: START + 40_000, to: START + 60_000 }]);
    const rate = pointsOf(await seriesOf(world, { trigger: 'rate', scope: 'acme' }), 'rate');
    expect(rate.at(-1)?.value).toBeCloseTo(120, -1);
  });

  test('kinds that keep no counts, and scopes that were never seen, have none', async () => {
    const world = new DetectWorld({ signals: [signal(SILENCE)], triggers: [trigger('absent')], sources: [scrape()] });
    await world.run(5, () => world.shop.serve('acme', 1, 0));
    expect(await world.detector.readings.series({ trigger: 'absent', scope: 'acme' })).toBeNull();
    const counted = new DetectWorld();
    expect(await counted.detector.readings.series({ trigger: 'ratio', scope: 'nobody' })).toBeNull();
    expect(await counted.detector.readings.series({ trigger: 'nothing', scope: '' })).toBeNull();
  });
});
