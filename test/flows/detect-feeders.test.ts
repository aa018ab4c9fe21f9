// Whose counts are in a window is known after a kill, also where no signal names its sources and the sender has not spoken since.
import { expect, test } from 'vitest';
import type { Batch } from '../../src/domain/signal.ts';
import { DetectWorld, ERRORS, scrape, signal, trigger } from './detect-world.ts';

const remote = (world: DetectWorld, bad: number): Batch => ({
  source: 'remote',
  at: world.clock.nowMs,
  alive: true,
  samples: [
    { kind: 'total', name: 'requests_total', labels: { org: 'acme', code: '503', from: 'remote' }, at: world.clock.nowMs, total: bad },
  ],
});

test('a breach made of what an unsigned sender told before the kill names that sender', async () => {
  const world = new DetectWorld({
    sources: [scrape(), { id: 'remote', driver: 'remote-write', verify: 'none', everyMs: 1_000 }],
    signals: [signal(ERRORS, { sources: [] })],
    triggers: [trigger('ratio', { breach: { above: 0.02, overMs: 60_000, stillMs: 60_000, forMs: 10_000 } })],
  });
  await world.run(70, () => world.shop.serve('acme', 20, 0));
  await world.detector.ingest(remote(world, 0));
  await world.run(1, () => world.shop.serve('acme', 20, 0));
  await world.detector.ingest(remote(world, 500));
  await world.run(2, () => world.shop.serve('acme', 20, 0));
  expect((await world.view()).status).toBe('suspect');
  world.kill();
  await world.run(30, () => world.shop.serve('acme', 20, 0));
  const breach = (await world.transitions()).find((one) => one.to === 'breached');
  expect(breach?.inputs.sources.toSorted()).toEqual(['remote', 'shop']);
});
