// Holds: from which instant they count, and at which reading they end.
import { expect, test } from 'vitest';
import { DetectWorld, trigger } from './detect-world.ts';

/** Half of ten requests a second fail; 2 % of a minute is crossed in the third second. */
async function sickFor(seconds: number, forMs: number, aheadMs: (second: number) => number): Promise<DetectWorld> {
  const world = new DetectWorld({ triggers: [trigger('ratio', { breach: { above: 0.02, overMs: 60_000, stillMs: 5_000, forMs } })] });
  await world.run(70, () => world.shop.serve('acme', 10, 0));
  for (let second = 1; second <= seconds; second += 1) {
    world.clock.nowMs += 1_000;
    world.shop.serve('acme', 10, 5);
    world.clock.nowMs += aheadMs(second);
    await world.scrape();
    world.clock.nowMs -= aheadMs(second);
  }
  return world;
}

const heldMs = async (world: DetectWorld): Promise<number> => {
  const [suspect, breached] = await world.transitions();
  expect(breached?.to).toBe('breached');
  return (breached?.at ?? 0) - (suspect?.since ?? 0);
};

test('a hold counts from the crossing between two readings to the first reading behind its end', async () => {
  const world = await sickFor(40, 20_000, () => 0);
  expect(await world.path()).toEqual(['ok→suspect', 'suspect→breached']);
  expect(await heldMs(world)).toBe(20_600);
});

test('it ends at the tenth reading behind the one that saw the crossing, also when that comes a little early', async () => {
  // Counted from reading to reading it would be 9,997 ms, and the eleventh would decide.
  const world = await sickFor(15, 10_000, (second) => (second > 3 && second < 13 ? 3 : second === 13 ? -3 : 0));
  expect(await heldMs(world)).toBe(10_597);
});
