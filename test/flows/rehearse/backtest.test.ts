// A backtest finds what detection found: minutes that a live detector left behind are replayed, and the episodes are compared.
import { describe, expect, test } from 'vitest';
import { Episodes } from '../../../src/domain/episodes.ts';
import { MINUTE_MS } from '../../../src/domain/minutes.ts';
import type { Replayed } from '../../../src/domain/replay-report.ts';
import type { SignalKind } from '../../../src/domain/signal.ts';
import type { TriggerRule } from '../../../src/domain/trigger.ts';
import { backtest } from '../../../src/flows/rehearse/backtest.ts';
import { DetectWorld, ERRORS, QUEUE, REQUESTS, SILENCE, START, scrape, signal, trigger } from '../detect-world.ts';

const FIVE = { above: 0.02, overMs: 300_000, stillMs: 25_000, forMs: 0 };
const rule = (o: Partial<TriggerRule> = {}): TriggerRule =>
  trigger('ratio', { breach: FIVE, clear: { below: 0.01, forMs: 120_000 }, rearmMs: 300_000, ...o });

async function replayed(world: DetectWorld, o: { readonly trigger?: string; readonly org?: string } = {}): Promise<Replayed> {
  return backtest({
    system: world.system,
    trigger: o.trigger ?? 'ratio',
    from: START,
    to: world.clock.nowMs,
    org: o.org,
    history: (query) => world.store.history(query),
  });
}

async function live(world: DetectWorld, id = 'ratio') {
  const episodes = new Episodes();
  for (const one of await world.store.transitions({ trigger: id })) episodes.add(one);
  return episodes.list();
}

/** Traffic of minutes: errors a hundred requests, by organization. */
async function play(world: DetectWorld, minutes: readonly number[], other = 0): Promise<void> {
  for (const errors of minutes) {
    await world.run(
      60,
      (second) => {
        world.shop.serve('acme', 10, second % 10 < errors ? 1 : 0);
        world.shop.serve('globex', 10, second % 10 < other ? 1 : 0);
      },
      5,
    );
    await world.detector.beat();
  }
}

const near = (a: number | null, b: number | null): boolean => a === b || (a !== null && b !== null && Math.abs(a - b) <= MINUTE_MS);

describe('a backtest', () => {
  test('finds the episodes that detection found, each within a minute, and no other', async () => {
    const world = new DetectWorld({ sources: [scrape(5_000)], signals: [signal(ERRORS)], triggers: [rule()] });
    await world.scrape();
    await play(world, [0, 0, 0, 0, 0, 0, 5, 5, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 8, 8, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    const expected = await live(world);
    const found = await replayed(world);
    expect(expected).toHaveLength(2);
    expect(found.episodes.map((one) => [one.scope, one.level, one.actedAt !== null])).toEqual(
      expected.map((one) => [one.scope, one.level, one.actedAt !== null]),
    );
    for (const [index, one] of expected.entries()) {
      const other = found.episodes[index];
      expect(near(one.since, other?.since ?? null), `since of ${index}`).toBe(true);
      expect(near(one.actedAt, other?.actedAt ?? null), `breach of ${index}`).toBe(true);
      expect(near(one.endedAt, other?.endedAt ?? null), `end of ${index}`).toBe(true);
    }
    expect(found.gaps).toEqual([]);
    expect(found.episodes[1]?.peak).toBeGreaterThan(0.05);
  });

  test('answers what another limit would have done, with the rule that it is given', async () => {
    const world = new DetectWorld({ sources: [scrape(5_000)], signals: [signal(ERRORS)], triggers: [rule()] });
    await world.scrape();
    await play(world, [0, 0, 0, 0, 0, 0, 5, 5, 5, 5, 0, 0, 0, 0, 0, 0, 0, 0]);
    const strict = { ...world.system, triggers: [rule({ breach: { ...FIVE, above: 0.2 } })] };
    const found = await backtest({
      system: strict,
      trigger: 'ratio',
      from: START,
      to: world.clock.nowMs,
      history: (o) => world.store.history(o),
    });
    expect((await replayed(world)).episodes).toHaveLength(1);
    expect(found.episodes).toEqual([]);
  });

  test('shows a time that nobody watched as a gap and claims nothing of it', async () => {
    const world = new DetectWorld({ sources: [scrape(5_000)], signals: [signal(ERRORS)], triggers: [rule()] });
    await world.scrape();
    await play(world, [0, 0, 0, 0, 0, 0]);
    world.kill();
    world.clock.nowMs += 20 * MINUTE_MS;
    await world.scrape();
    await play(world, [0, 0, 0]);
    for (let second = 0; second < 300; second += 5) {
      world.clock.nowMs += 5_000;
      await world.dead();
      await world.detector.beat();
    }
    const found = await replayed(world);
    // The counter made up for the time that Belay was away: what it says of it is known. The dead source says nothing.
    expect(found.gaps.map((gap) => gap.why)).toContain('silent');
    expect(found.gaps.every((gap) => gap.to - gap.from >= 2 * MINUTE_MS)).toBe(true);
    expect(found.watchedMs).toBeLessThan(found.to - found.from - 4 * MINUTE_MS);
    expect(found.episodes).toEqual([]);
  });

  test('a time before anything was kept is a gap, too', async () => {
    const world = new DetectWorld({ sources: [scrape(5_000)], signals: [signal(ERRORS)], triggers: [rule()] });
    await world.scrape();
    await play(world, [0, 0, 0]);
    const found = await backtest({
      system: world.system,
      trigger: 'ratio',
      from: START - 60 * MINUTE_MS,
      to: world.clock.nowMs,
      history: (o) => world.store.history(o),
    });
    expect(found.gaps).toEqual([{ from: START - 60 * MINUTE_MS, to: START, why: 'away' }]);
  });

  test('one organization alone is answered, and fewer rows are read', async () => {
    const world = new DetectWorld({ sources: [scrape(5_000)], signals: [signal(ERRORS)], triggers: [rule()] });
    await world.scrape();
    await play(world, [0, 0, 0, 0, 0, 0, 5, 5, 5, 5, 0, 0], 6);
    const all = await replayed(world);
    const one = await replayed(world, { org: 'globex' });
    expect(new Set(all.episodes.map((episode) => episode.scope))).toEqual(new Set(['acme', 'globex']));
    expect(new Set(one.episodes.map((episode) => episode.scope))).toEqual(new Set(['globex']));
    expect(one.rows).toBeLessThan(all.rows);
  });

  const ALL_REQUESTS: SignalKind = { kind: 'count', of: { name: 'requests_total', labels: [] } };
  const kinds: readonly (readonly [string, SignalKind, Partial<TriggerRule>])[] = [
    ['rate', REQUESTS, { breach: { above: 60, overMs: 300_000, stillMs: 25_000, forMs: 0 }, clear: { below: 20, forMs: 60_000 } }],
    ['count', ALL_REQUESTS, { breach: { above: 100, overMs: 300_000, stillMs: 300_000, forMs: 0 }, clear: { forMs: 60_000 } }],
    ['absent', SILENCE, { breach: { overMs: 300_000, stillMs: 25_000, forMs: 0 }, clear: { forMs: 60_000 } }],
    ['gauge', QUEUE, { breach: { above: 100, overMs: 300_000, stillMs: 25_000, forMs: 0 }, clear: { below: 50, forMs: 60_000 } }],
  ];
  test.each(kinds)('replays a %s as it was judged', async (id, kind, o) => {
    const world = new DetectWorld({
      sources: [scrape(5_000)],
      signals: [signal({ ...kind } as SignalKind, { id })],
      triggers: [rule({ id, signal: id, ...o })],
    });
    await world.scrape();
    for (const phase of [0, 1, 0]) {
      for (let minute = 0; minute < (phase === 1 ? 8 : 14); minute += 1) {
        if (id === 'gauge') {
          world.shop.forget('acme');
          world.shop.add('queue', { org: 'acme' }, phase === 1 ? 500 : 10);
        }
        await world.run(
          60,
          () => {
            if (id === 'absent' ? phase === 0 : true)
              world.shop.add('requests_total', { org: 'acme', code: phase === 1 ? '503' : '200' }, 20);
          },
          5,
        );
        await world.detector.beat();
      }
    }
    const expected = (await live(world, id)).filter((one) => one.askedAt !== null);
    const found = (await replayed(world, { trigger: id })).episodes.filter((one) => one.askedAt !== null);
    expect(expected.length).toBeGreaterThan(0);
    expect(found.map((one) => [one.scope, one.level])).toEqual(expected.map((one) => [one.scope, one.level]));
    for (const [index, one] of expected.entries())
      expect(Math.abs(one.since - (found[index]?.since ?? 0))).toBeLessThanOrEqual(2 * MINUTE_MS);
  });

  test('a trigger of people is refused, and one that is not there', async () => {
    const manual: SignalKind = { kind: 'manual', who: [], ask: 'Is it bad?' };
    const world = new DetectWorld({ sources: [scrape(5_000)], signals: [signal(manual)], triggers: [trigger('manual')] });
    await expect(replayed(world, { trigger: 'manual' })).rejects.toThrow('cannot be replayed');
    await expect(replayed(world, { trigger: 'nope' })).rejects.toThrow('there is no trigger nope');
  });
});
