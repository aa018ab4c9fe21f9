// Virtual time passes only when told, in order, and never for the dead.
import { expect, test } from 'vitest';
import { KillSwitch } from '../../../src/adapters/virtual/kill-switch.ts';
import { createVirtualTime } from '../../../src/adapters/virtual/time.ts';

test('sleepers wake in the order of their instants while time is advanced', async () => {
  const time = createVirtualTime(1_000);
  const woke: [string, number][] = [];
  for (const [name, ms] of [
    ['late', 300],
    ['early', 100],
    ['never', 900],
  ] as const)
    void time.sleep(ms).then(() => woke.push([name, time.now()]));
  await time.advance(500);
  expect(woke).toEqual([
    ['early', 1_100],
    ['late', 1_300],
  ]);
  expect(time.now()).toBe(1_500);
  expect(time.monotonicMs()).toBe(500);
});

test('advanceUntil jumps to what is waited for and says so when it never comes', async () => {
  const time = createVirtualTime(0);
  let rang = 0;
  void (async () => {
    for (;;) {
      await time.sleep(3_600_000);
      rang += 1;
    }
  })();
  await time.advanceUntil(() => rang === 5);
  expect(time.now()).toBe(5 * 3_600_000);
  await expect(time.advanceUntil(() => rang === 1_000, 7_200_000)).rejects.toThrow(/did not come true within 7200000 ms/);
});

test('an aborted sleep ends at once, a sleep of a killed life never', async () => {
  const time = createVirtualTime(0);
  const abort = new AbortController();
  const kill = new KillSwitch();
  const ended: string[] = [];
  void time.sleep(1_000, abort.signal).then(() => ended.push('aborted'));
  void time
    .ofLife(kill)
    .sleep(10)
    .then(() => ended.push('dead'));
  abort.abort();
  kill.kill();
  await time.advance(5_000);
  expect(ended).toEqual(['aborted']);
  expect(time.waiting).toBe(0);
});

test('ids of one seed are the same ids', () => {
  const ids = (seed: number): string[] => Array.from({ length: 3 }, createVirtualTime(0, seed).uuid.bind(createVirtualTime(0, seed)));
  expect(ids(7)).toEqual(ids(7));
  expect(ids(7)).not.toEqual(ids(8));
  expect(ids(7)[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
});
