// Clocks of the sources: one that is off is judged by arrival and told to people once, asks for nothing but a look, and closes when it is right.
import { describe, expect, test } from 'vitest';
import { clockCondition, withClock, withLag } from '../../src/domain/clock-skew.ts';
import { explainNow } from '../../src/domain/explanation.ts';
import type { System } from '../../src/domain/system.ts';
import { explanationLines } from '../../src/domain/text/explanations.ts';
import { hindrance } from '../../src/flows/rehearse/stand-in.ts';
import { breach, breachOf, SHOP, START as STORY_START } from '../world/scenes/deploy.ts';
import { asks, play } from '../world/scenes/play.ts';
import { DetectWorld, ERRORS, START, scrape, signal, system, trigger } from './detect-world.ts';

const RULE = trigger('ratio', { breach: { above: 0.02, overMs: 20_000, stillMs: 2_000, forMs: 3_000 } });
const parts = (o: Partial<System> = {}): System => withClock(system({ signals: [signal(ERRORS)], triggers: [RULE], ...o }));

/** Seconds in which the page is stamped by a clock that is off. */
async function served(world: DetectWorld, seconds: number, aheadMs: number | ((second: number) => number), errors = 0): Promise<void> {
  for (let second = 0; second < seconds; second += 1) {
    world.clock.nowMs += 1_000;
    world.shop.serve('acme', 100, errors);
    const page = world.shop.page(world.clock.nowMs);
    const off = typeof aheadMs === 'number' ? aheadMs : aheadMs(second);
    await world.detector.ingest({ ...page, samples: page.samples.map((sample) => ({ ...sample, at: sample.at + off })) });
  }
}

const clockPath = (world: DetectWorld) => world.path('shop', 'clock');

describe('a source whose clock is off', () => {
  test('D6: samples that are stamped 30 s in the past fire by arrival, and the clock trigger asks once', async () => {
    const world = new DetectWorld(parts());
    await served(world, 40, -30_000);
    expect(await clockPath(world)).toEqual(['ok→suspect', 'suspect→suspect!']);
    expect((await world.transitions('shop', 'clock')).at(-1)).toMatchObject({
      episode: `clock/shop/${START + 3_000}`,
      inputs: { value: 30, level: 'suspect', sources: ['shop'] },
    });
    await served(world, 40, -30_000, 50);
    expect((await world.path()).at(-1)).toBe('suspect→breached');
    expect((await world.transitions()).at(-1)?.at).toBeLessThanOrEqual(START + 47_000);
    expect(await clockPath(world)).toHaveLength(2);
    expect(await world.view('clock', 'shop')).toMatchObject({ status: 'suspect', announced: true, value: 30, level: 'suspect' });
  });

  test('by 6 s is told, though no window would notice it; by 4 s, or now and then, it is not', async () => {
    const told = async (off: Parameters<typeof served>[2]): Promise<boolean> => {
      const world = new DetectWorld(parts());
      await served(world, 60, off);
      return (await clockPath(world)).includes('suspect→suspect!');
    };
    expect(await Promise.all([told(6_000), told(-6_000), told(4_000), told(-4_000), told(0)])).toEqual([true, true, false, false, false]);
    expect(await told((second) => (second % 2 === 0 ? -60_000 : -100))).toBe(false);
    // A file that is sent in pieces, and a backlog that is being worked off.
    expect(await told((second) => (second < 20 ? -3_600_000 : -100))).toBe(false);
    expect(await told((second) => -6_000 * (10 - (second % 10)))).toBe(false);
  });

  test('closes a minute after it is right again, not while it is nearly right, and a kill -9 forgets nothing', async () => {
    const world = new DetectWorld(parts());
    await served(world, 25, -30_000);
    expect(await clockPath(world)).toEqual(['ok→suspect']);
    world.kill();
    await served(world, 15, -30_000);
    expect(await clockPath(world)).toEqual(['ok→suspect', 'suspect→suspect!']);
    await served(world, 120, -4_000);
    expect((await clockPath(world)).at(-1)).toBe('suspect→suspect!');
    await served(world, 50, -100);
    expect((await clockPath(world)).at(-1)).toBe('suspect→suspect!');
    world.kill();
    expect(await world.view('clock', 'shop')).toMatchObject({ status: 'suspect', unknown: true, value: null });
    await served(world, 70, -100);
    expect((await clockPath(world)).at(-1)).toBe('suspect→cleared');
    // The same trouble within ten minutes is the same episode.
    await served(world, 20, -30_000);
    expect(new Set((await world.transitions('shop', 'clock')).map((one) => one.episode)).size).toBe(1);
  });

  test('each has its own: another source that is right stays at rest', async () => {
    const world = new DetectWorld(parts({ sources: [scrape(), { id: 'app', driver: 'push', everyMs: 1_000 }] }));
    await served(world, 20, -30_000);
    await world.detector.ingest({ source: 'app', at: world.clock.nowMs, alive: true, samples: [] });
    expect(await world.view('clock', 'app')).toMatchObject({ status: 'ok', value: null, unknown: false });
    expect(await world.view('clock', 'shop')).toMatchObject({ status: 'suspect' });
  });

  test('is explained in both languages', async () => {
    const world = new DetectWorld(parts());
    await served(world, 20, 30_000);
    const rule = world.system.triggers.find((one) => one.id === 'clock');
    if (rule === undefined) throw new Error('there is the trigger');
    const view = await world.view('clock', 'shop');
    const said = (lang: 'en' | 'pt-BR') =>
      explanationLines(explainNow({ rule, kind: 'age' }, view), { lang, zone: 'UTC', nameOf: (scope) => scope }).join(' ');
    expect(said('en')).toContain('clock (shop)');
    expect(said('en')).toContain("Its clock and Belay's are 30 s apart");
    expect(said('pt-BR')).toContain('O relógio dela e o do Belay diferem em 30 s');
  });
});

describe('what says nothing of a clock', () => {
  const lags = (...all: number[]) => all.reduce<readonly number[]>((known, lag) => withLag(known, lag), []);

  test('is a query of times gone by, unless they lie ahead; a file of another day; fewer than three deliveries', () => {
    const late = lags(60_000, 60_000, 60_000);
    expect(clockCondition(late, { stampsNow: false })).toMatchObject({ limit: false, below: true });
    expect(clockCondition(late, { stampsNow: true })).toMatchObject({ limit: true, value: 60, level: 'suspect' });
    expect(clockCondition(lags(-60_000, -60_000, -60_000), { stampsNow: false })).toMatchObject({ limit: true, value: 60 });
    expect(clockCondition(lags(9e7, 9e7, 9e7), { stampsNow: true })).toMatchObject({ limit: false, below: true });
    expect(clockCondition(lags(60_000, 60_000), { stampsNow: true })).toBeNull();
  });

  test("is a system without sources; a trigger of the same name stays what it is, and Belay's own is not rehearsed", () => {
    expect(withClock(system({ sources: [] })).triggers).toHaveLength(1);
    const built = withClock(system());
    const rule = built.triggers.at(-1);
    expect(rule === undefined ? null : hindrance(built, rule)).toBe('clock');
    const own = withClock(system({ triggers: [trigger('ratio', { id: 'clock' })] }));
    expect(own.triggers.map((one) => [one.id, one.builtIn])).toEqual([
      ['clock', undefined],
      ['belay-clock', 'clock'],
    ]);
  });
});

test('people hear of a wrong clock once an episode, in an incident of P2 that no runbook answers and nothing acts on', async () => {
  const one = await play({ system: withClock({ ...SHOP, sources: [scrape()] }) });
  const told = {
    trigger: 'clock',
    episode: `clock/shop/${STORY_START}`,
    from: 'suspect',
    to: 'suspect',
    announced: true,
  } as const;
  await breach(one.disk, breachOf('shop', STORY_START, told));
  await one.until(() => true);
  await one.clock.advance(10_000);
  const incident = await one.incident();
  expect([incident.severity, incident.trigger, asks(incident), incident.automaticRollbacks]).toEqual(['P2', 'clock', false, 0]);
  const deliveries = await one.world.outbox.ofIncident('INC-1');
  expect(deliveries.map((each) => [each.template, each.to, each.values['asks']])).toEqual([['belay-clock', 'oncall', 'shop']]);
  await breach(one.disk, breachOf('shop', STORY_START + 60_000, told));
  await one.clock.advance(120_000);
  expect(await one.world.outbox.ofIncident('INC-1')).toHaveLength(1);
  expect(await one.all('comms.planned')).toHaveLength(1);
  expect(await one.all('decision.made')).toEqual([]);
});
