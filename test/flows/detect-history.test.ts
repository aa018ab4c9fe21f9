// What detection leaves for later: counts by the minute of every kind, who was heard, and nothing twice, over a kill and a prune.
import { describe, expect, test } from 'vitest';
import { HEARD, MINUTE_MS } from '../../src/domain/minutes.ts';
import type { SignalKind } from '../../src/domain/signal.ts';
import { forgettable } from '../../src/flows/detect/heard.ts';
import { newBook } from '../../src/flows/detect/track.ts';
import { DetectWorld, ERRORS, LATENCY, QUEUE, START, signal, trigger } from './detect-world.ts';

const AGE: SignalKind = { kind: 'age', of: { name: 'last_backup', labels: [] } };
const PROBE: SignalKind = { kind: 'probe', source: 'points', failing: 1, consecutive: 2 };
const whole = (signal: string, by: string | null = 'org') => ({ signal, by, from: START - MINUTE_MS, to: START + 3_600_000 });

/** As the upkeep does it. */
async function forget(world: DetectWorld): Promise<void> {
  const { before, history } = forgettable(newBook(world.system, world.clock.nowMs, []), world.system, world.clock.nowMs);
  await world.store.prune(before, history);
}

describe('the history of detection', () => {
  test('counts by the minute what was counted, and the same after a prune and a kill', async () => {
    const world = new DetectWorld();
    await world.scrape();
    await world.run(600, (second) => world.shop.serve('acme', 10, second > 300 ? 1 : 0));
    const before = await world.store.history(whole('ratio'));
    expect(before.reduce((sum, row) => sum + row.all, 0)).toBe(6_000);
    expect(before.reduce((sum, row) => sum + row.bad, 0)).toBe(300);
    expect(before.find((row) => row.at === START + 7 * MINUTE_MS)).toMatchObject({ scope: 'acme', bad: 60, all: 600 });
    await forget(world);
    expect((await world.store.load(0)).slots.length).toBeLessThan(300);
    world.kill();
    expect(await world.store.history(whole('ratio'))).toEqual(before);
    await world.run(60, () => world.shop.serve('acme', 10, 0));
    expect((await world.store.history(whole('ratio'))).reduce((sum, row) => sum + row.all, 0)).toBe(6_600);
  });

  test('says who was heard in which minute: a source that is away is not', async () => {
    const world = new DetectWorld();
    await world.scrape();
    await world.run(60);
    for (let second = 0; second < 180; second += 1) {
      world.clock.nowMs += 1_000;
      await world.dead();
    }
    await world.run(60);
    const heard = (await world.store.history(whole(HEARD, null))).map((row) => [row.scope, (row.at - START) / MINUTE_MS]);
    expect(heard).toEqual([0, 1, 4, 5].map((minute) => ['shop', minute]));
  });

  test('two windows of one signal are counted once', async () => {
    const slow = trigger('ratio', { id: 'slow', breach: { above: 0.02, overMs: 300_000, stillMs: 25_000, forMs: 0 } });
    const world = new DetectWorld({ signals: [signal(ERRORS)], triggers: [trigger('ratio'), slow] });
    await world.scrape();
    await world.run(240, () => world.shop.serve('acme', 10, 0));
    await forget(world);
    expect((await world.store.history(whole('ratio'))).reduce((sum, row) => sum + row.all, 0)).toBe(2_400);
  });

  test('means and gauges keep sums, ages the last good thing', async () => {
    const world = new DetectWorld({
      signals: [signal(LATENCY), signal(QUEUE), signal(AGE)],
      triggers: ['mean', 'gauge', 'age'].map((id) => trigger(id)),
    });
    world.shop.add('queue', { org: 'acme' }, 40);
    world.shop.add('last_backup', { org: 'acme' }, START / 1_000 - 90);
    await world.scrape();
    await world.run(120, () => {
      world.shop.add('latency_sum', { org: 'acme' }, 5);
      world.shop.add('latency_count', { org: 'acme' }, 10);
    });
    const [mean, gauge, age] = await Promise.all(
      ['mean', 'gauge', 'age'].map(async (id) => (await world.store.history(whole(id))).find((row) => row.at === START + MINUTE_MS)),
    );
    expect((mean?.sum ?? 0) / (mean?.all ?? 1)).toBeCloseTo(0.5);
    expect((gauge?.sum ?? 0) / (gauge?.all ?? 1)).toBeCloseTo(40);
    expect(gauge?.all).toBe(MINUTE_MS);
    expect((age?.sum ?? 0) / (age?.all ?? 1)).toBeCloseTo(START / 1_000 - 90);
  });

  test('results of probe points add up to how many failed in a row, and no scope is made of them', async () => {
    const world = new DetectWorld({ signals: [signal(PROBE, { by: null, sources: [] })], triggers: [trigger('probe', { scope: 'all' })] });
    const result = async (ok: boolean): Promise<void> => {
      world.clock.nowMs += 20_000;
      await world.detector.ingest({
        source: 'points',
        at: world.clock.nowMs,
        alive: true,
        samples: [{ kind: 'probe', point: 'login', at: world.clock.nowMs, ok, detail: '' }],
      });
    };
    for (const ok of [true, false, false, false, true, false, false]) await result(ok);
    const minutes = await world.store.history(whole('probe', null));
    expect(minutes.map((row) => [row.scope, row.bad, row.all, row.sum])).toEqual([
      ['login', 1, 2, 1],
      ['login', 2, 3, -1],
      ['login', 2, 2, 2],
    ]);
    world.kill();
    expect((await world.detector.readings.views('probe')).map((view) => view.scope)).toEqual(['']);
  });

  test('nothing is kept where belay.yaml says so', async () => {
    const world = new DetectWorld({ history: { keepMs: 0 } });
    await world.scrape();
    await world.run(300, () => world.shop.serve('acme', 10, 0));
    await forget(world);
    const found = await world.store.history(whole('ratio'));
    expect(found.every((row) => row.at >= world.clock.nowMs - 5 * MINUTE_MS)).toBe(true);
    expect(found.reduce((sum, row) => sum + row.all, 0)).toBeLessThan(3_000);
  });
});
