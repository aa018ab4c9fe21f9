// How many users are hit of how many (guard G6): what was not seen is never taken for nobody, whoever else looks at the same signal.
import { describe, expect, test } from 'vitest';
import { DEFAULT_GUARD_LIMITS } from '../../src/domain/guardrail.ts';
import type { SignalKind } from '../../src/domain/signal.ts';
import { DetectWorld, ERRORS, signal, trigger } from './detect-world.ts';

const MINUTE = 60_000;
const people = (name: string): SignalKind => ({ kind: 'distinct', of: { name, labels: [] }, label: 'user' });
const push = (id: string) => ({ id, driver: 'push' as const, everyMs: 1_000 });

const worldOf = (isWatched: boolean): DetectWorld =>
  new DetectWorld({
    sources: [push('shop'), push('hits')],
    signals: [
      signal(ERRORS),
      { ...signal(people('active')), id: 'active' },
      { ...signal(people('hit'), { sources: ['hits'] }), id: 'hit' },
    ],
    triggers: [
      trigger('ratio', {
        breach: { above: 0.02, overMs: 10 * MINUTE, stillMs: 5_000, forMs: 0 },
        users: { affected: 'hit', active: 'active' },
      }),
      ...(isWatched ? [trigger('active', { breach: { above: 1_000, overMs: 10 * MINUTE, stillMs: 0, forMs: 0 } })] : []),
    ],
  });

async function second(
  world: DetectWorld,
  o: { readonly active?: string; readonly hit?: string; readonly silent?: boolean },
): Promise<void> {
  world.clock.nowMs += 1_000;
  const at = world.clock.nowMs;
  const sample = (name: string, user: string | undefined) =>
    user === undefined ? [] : [{ kind: 'delta' as const, name, labels: { org: 'acme', user }, at, delta: 1 }];
  if (o.silent !== true) await world.detector.ingest({ source: 'shop', at, alive: true, samples: sample('active', o.active) });
  await world.detector.ingest({ source: 'hits', at, alive: true, samples: sample('hit', o.hit) });
}

describe.each([false, true])('where a trigger looks at the active users, too: %s', (isWatched) => {
  test('users that nobody saw in a gap make the share unknown until a whole window was seen', async () => {
    const world = worldOf(isWatched);
    for (let n = 0; n < 661; n += 1) await second(world, { active: `u${n % 100}`, ...(n === 0 || n === 600 ? { hit: 'u1' } : {}) });
    const users = () => world.detector.readings.users({ trigger: 'ratio', scope: 'acme' });
    expect(await users()).toEqual({ affected: 1, active: 100 });
    for (let n = 0; n < 590; n += 1) await second(world, { silent: true, ...(n === 580 ? { hit: 'u1' } : {}) });
    // The sender is back, and tells nothing of users yet.
    await second(world, {});
    expect(await users()).toBeNull();
    world.kill();
    await second(world, { active: 'u1' });
    expect(await users()).toBeNull();
    for (let n = 0; n < 601; n += 1) await second(world, { active: `u${n % 100}`, hit: 'u1' });
    expect(await users()).toEqual({ affected: 1, active: 100 });
  });
});

test('users that a page or a table did not tell, because nobody could read it, make the share unknown, too', async () => {
  const world = new DetectWorld({
    signals: [
      { ...signal(people('active')), id: 'active' },
      { ...signal(people('hit')), id: 'hit' },
    ],
    guards: { ...DEFAULT_GUARD_LIMITS, users: { affected: 'hit', active: 'active' } },
    triggers: [trigger('age', { breach: { above: 1, overMs: 10 * MINUTE, stillMs: 0, forMs: 0 } })],
  });
  const read = async (n: number): Promise<void> => {
    world.clock.nowMs += 1_000;
    const at = world.clock.nowMs;
    const row = (name: string, user: string) => ({ kind: 'value' as const, name, labels: { org: 'acme', user }, at, value: 1 });
    await world.detector.ingest({ source: 'shop', at, alive: true, samples: [row('active', `u${n % 100}`), row('hit', 'u1')] });
  };
  for (let n = 0; n < 661; n += 1) await read(n);
  const users = () => world.detector.readings.users({ trigger: 'age', scope: 'acme' });
  expect(await users()).toEqual({ affected: 1, active: 100 });
  for (let n = 0; n < 590; n += 1) {
    world.clock.nowMs += 1_000;
    await world.dead();
  }
  await read(0);
  expect(await users()).toBeNull();
});
