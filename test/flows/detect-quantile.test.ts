// The value that nearly all events stay below: shown as a quantile, judged by how many are above the limit.
import { describe, expect, test } from 'vitest';
import type { Sample, SignalKind } from '../../src/domain/signal.ts';
import { DetectWorld, signal, trigger } from './detect-world.ts';

const MINUTE = 60_000;
const P99: SignalKind = { kind: 'quantile', of: { name: 'latency_seconds', labels: [] }, q: 0.99 };
const RULE = { breach: { above: 0.5, overMs: 5 * MINUTE, stillMs: 25_000, forMs: 0 }, clear: { below: 0.3, forMs: MINUTE } };
const BOUNDS = [0.1, 0.25, 0.5, 1, 2.5];

const worldOf = (rule: Parameters<typeof trigger>[1] = RULE) =>
  new DetectWorld({ signals: [signal(P99)], triggers: [trigger('quantile', rule)] });

function answer(world: DetectWorld, seconds: readonly number[], org = 'acme', bounds: readonly number[] = BOUNDS): void {
  for (const value of seconds) {
    for (const le of bounds) world.shop.add('latency_seconds_bucket', { org, le: String(le) }, value <= le ? 1 : 0);
    world.shop.add('latency_seconds_bucket', { org, le: '+Inf' }, 1);
    world.shop.add('latency_seconds_count', { org }, 1);
  }
}

const fast = Array.from({ length: 20 }, () => 0.05);

describe('of a histogram', () => {
  test('is told by its buckets, judged by the events above the limit, and survives kill -9', async () => {
    const world = worldOf();
    await world.run(310, () => answer(world, fast));
    const calm = await world.view('quantile');
    expect(calm).toMatchObject({ status: 'ok', bad: 0 });
    expect(calm.value).toBeCloseTo(0.099, 3);
    // One of twenty is slow: five times what may be.
    await world.run(150, () => answer(world, [...fast.slice(1), 0.8]));
    const slow = await world.view('quantile');
    expect(slow).toMatchObject({ status: 'breached', level: 'act' });
    expect(slow.value).toBeGreaterThan(0.5);
    expect(slow.value).toBeLessThan(1);
    expect(slow.bad).toBeGreaterThan(140);
    const reading = await world.detector.readings.read({ trigger: 'quantile', scope: 'acme' });
    expect(reading.value).toBeCloseTo(slow.value ?? 0, 10);
    expect(reading.lower).toBeLessThanOrEqual(reading.value);
    expect(reading.upper).toBeGreaterThanOrEqual(reading.value);
    world.kill();
    const after = await world.view('quantile');
    expect([after.value, after.bad, after.all]).toEqual([slow.value, slow.bad, slow.all]);
    await world.run(520, () => answer(world, fast));
    expect(await world.path('acme', 'quantile')).toContain('breached→cleared');
  });

  test('one slow answer in ninety is within what may be by chance: no breach, and people read both figures', async () => {
    const world = worldOf();
    await world.run(310, (second) => answer(world, second % 9 === 0 ? [...fast.slice(11), 0.8] : fast.slice(10)));
    const view = await world.view('quantile');
    expect(view.status).toBe('ok');
    expect(view.overLimit).toBe(true);
    expect(view.level).toBe('none');
    expect(view.value).toBeGreaterThan(0.5);
  });

  test('without a bucket at the limit counts what is above the next one, and is unknown where no bucket is that high', async () => {
    const world = worldOf({ ...RULE, breach: { ...RULE.breach, above: 0.4 } });
    await world.run(310, () => {
      answer(world, [...fast.slice(2), 0.45, 0.8]);
      answer(world, [...fast, 0.8], 'globex', [0.1, 0.25]);
    });
    const { bad, all } = await world.view('quantile');
    // 0.45 may be below 0.4 for all that the buckets say; 0.8 is not.
    expect(bad / all).toBeCloseTo(0.05, 3);
    expect((await world.detector.readings.views('quantile')).find((view) => view.scope === 'globex')).toMatchObject({
      all: 0,
      value: null,
    });
  });
});

test('of single values is within five percent, and a check of a runbook sees only what came after its step', async () => {
  const world = new DetectWorld({
    signals: [signal(P99)],
    triggers: [trigger('quantile', RULE)],
    sources: [{ id: 'shop', driver: 'push', everyMs: 1_000 }],
  });
  const serve = async (seconds: number, slow: number): Promise<void> => {
    for (let second = 0; second < seconds; second += 1) {
      world.clock.nowMs += 1_000;
      const at = world.clock.nowMs;
      const one = (value: number): Sample => ({ kind: 'value', name: 'latency_seconds', labels: { org: 'acme' }, at, value });
      await world.detector.ingest({ source: 'shop', at, alive: true, samples: [...Array.from({ length: 9 }, () => one(0.2)), one(slow)] });
    }
  };
  await serve(310, 2);
  expect(await world.view('quantile')).toMatchObject({ status: 'breached', level: 'act' });
  expect(Math.abs(((await world.view('quantile')).value ?? 0) / 2 - 1)).toBeLessThan(0.05);
  const since = world.clock.nowMs;
  await serve(100, 0.2);
  const reading = await world.detector.readings.read({ trigger: 'quantile', scope: 'acme', since });
  expect(Math.abs(reading.value / 0.2 - 1)).toBeLessThan(0.05);
  expect((await world.view('quantile')).value).toBeGreaterThan(1);
});
