// `detector: cusum` through the detector: a small organization is asked about sooner, by what is usual for it, and acted on where days of counts
// say what that is.
import { describe, expect, test } from 'vitest';
import { DurableDisk } from '../../src/adapters/virtual/durable-disk.ts';
import { createVirtualSignalStore } from '../../src/adapters/virtual/signal-store.ts';
import { createVirtualTime } from '../../src/adapters/virtual/time.ts';
import type { RunningSum } from '../../src/domain/cusum.ts';
import { explainNow } from '../../src/domain/explanation.ts';
import type { MinuteRow } from '../../src/domain/minutes.ts';
import { explanationLines } from '../../src/domain/text/explanations.ts';
import type { Transition } from '../../src/domain/trigger.ts';
import { decodeState } from '../../src/domain/trigger-machine.ts';
import { createDetector } from '../../src/flows/detect.ts';
import type { SignalStore } from '../../src/ports/signal-store.ts';
import { DetectWorld, Shop, START, scrape, system, trigger } from './detect-world.ts';

const MINUTE = 60_000;
const RULE = { breach: { above: 0.02, overMs: 15 * MINUTE, stillMs: 75_000, forMs: 0 }, rearmMs: 15 * MINUTE } as const;

const worldOf = (o: Partial<Parameters<typeof trigger>[1]> = { detector: 'cusum' }) =>
  new DetectWorld({ sources: [scrape(15_000)], triggers: [trigger('ratio', { ...RULE, ...o })] });

/** Ten requests a minute, of which every so manieth fails. */
async function serve(world: DetectWorld, minutes: number, every: number): Promise<void> {
  let served = 0;
  await world.run(
    minutes * 60,
    (second) => {
      if (second % 6 !== 0) return;
      served += 1;
      world.shop.serve('acme', 1, served % every === 0 ? 1 : 0);
    },
    15,
  );
}

test('five percent at ten requests a minute are asked about within a quarter of an hour, where the window alone is not sure; a kill -9 forgets nothing', async () => {
  const world = worldOf();
  await serve(world, 200, 5_000);
  expect(await world.path()).toEqual([]);
  await serve(world, 10, 20);
  expect(await world.path()).toEqual([]);
  world.kill();
  await serve(world, 10, 20);
  const [first, ...rest] = await world.transitions();
  expect(first).toMatchObject({ from: 'ok', to: 'suspect', inputs: { level: 'suspect' } });
  expect(first?.inputs.early?.usual).toBeLessThan(0.01);
  expect(first?.inputs.pValue).toBeGreaterThan(1e-3);
  expect(await world.view()).toMatchObject({ status: 'suspect', announced: true, level: 'suspect' });
  expect(rest.map((one) => one.to)).not.toContain('breached');

  const without = worldOf({});
  await serve(without, 200, 5_000);
  await serve(without, 20, 20);
  expect(await without.path()).toEqual([]);
});

test('nobody is asked while it is not known what is usual, nor where the usual share is near to the limit', async () => {
  const young = worldOf();
  await serve(young, 60, 1_000);
  await serve(young, 20, 20);
  expect(await young.path()).toEqual([]);
  const near = worldOf();
  await serve(near, 240, 70);
  await serve(near, 20, 40);
  expect(await near.path()).toEqual([]);
});

test('when it is over the sum begins anew, and what was learnt stays', async () => {
  const world = worldOf();
  await serve(world, 200, 5_000);
  await serve(world, 25, 20);
  expect((await sumIn(world.store))?.sum).toBeGreaterThan(15);
  await serve(world, 90, 1_000);
  expect(await world.path()).toEqual(['ok→suspect', 'suspect→suspect!', 'suspect→cleared', 'cleared→ok']);
  expect(await sumIn(world.store)).toMatchObject({ sum: 0 });
  expect((await sumIn(world.store))?.all).toBeGreaterThan(2_000);
});

test('what is learnt without a single error is kept now and then, and known to the next life', async () => {
  const time = createVirtualTime(START);
  const store = createVirtualSignalStore({ disk: new DurableDisk() });
  const parts = system({ sources: [scrape(15_000)], triggers: [trigger('ratio', { ...RULE, detector: 'cusum' })] });
  const shop = new Shop();
  const detector = createDetector({ system: parts, store, time, sources: [] });
  await detector.start();
  for (let minute = 0; minute < 3; minute += 1) {
    shop.serve('acme', 100, 0);
    await detector.ingest(shop.page(time.now()));
    await time.advance(60_000);
  }
  expect(await sumIn(store)).toMatchObject({ sum: 0, bad: 0, all: 200 });
  const stopped = detector.stop();
  await time.advance(1_000);
  await stopped;
});

describe('where the store has days of counts', () => {
  const HOUR = 60 * MINUTE;
  const WEEK = 7 * 24 * HOUR;
  /** Noon, the end of a part of four hours, and a little later. */
  const NOON = START;
  const LATER = NOON + 11 * MINUTE;

  /** An event in so many minutes since `first`; one in 1,500 is bad. */
  function minutes(first: number, everyMinutes: number, broken: (at: number) => boolean = () => false): readonly MinuteRow[] {
    const count = Math.ceil((NOON - first) / (everyMinutes * MINUTE));
    return Array.from({ length: count }, (_, index) => {
      const at = first + index * everyMinutes * MINUTE;
      const bad = broken(at) || index % 1_500 === 0 ? 1 : 0;
      return { at, spanMs: MINUTE, scope: 'acme', bad, all: 1, sum: 0 };
    });
  }

  function worldWith(rows: readonly MinuteRow[], o: Partial<Parameters<typeof trigger>[1]> = { detector: 'cusum' }) {
    const world = worldOf(o);
    world.clock.nowMs = LATER;
    const reads: number[] = [];
    const begin = (): void => {
      const history: SignalStore['history'] = async ({ from, to }) => {
        reads.push(from);
        return rows.filter((row) => row.at >= from && row.at < to);
      };
      world.detector = createDetector({ system: world.system, store: { ...world.store, history }, time: world.clock.time(), sources: [] });
    };
    begin();
    return {
      world,
      reads,
      kill: () => {
        world.kill();
        begin();
      },
    };
  }

  const saidOf = async (world: DetectWorld, lang: 'en' | 'pt-BR'): Promise<string> => {
    const [rule] = world.system.triggers;
    if (rule === undefined) throw new Error('there is a trigger');
    const explained = explainNow({ rule, kind: 'ratio' }, await world.view());
    return explanationLines(explained, { lang, zone: 'UTC', nameOf: (scope) => scope }).join(' ');
  };

  async function breaks(
    { world, kill }: ReturnType<typeof worldWith>,
    o: { readonly killed?: boolean } = {},
  ): Promise<readonly Transition[]> {
    await world.detector.beat();
    await serve(world, 30, 5_000);
    if (o.killed === true) kill();
    await serve(world, 15, 20);
    if (o.killed === true) kill();
    await serve(world, 30, 20);
    return world.transitions();
  }

  test('a week and 1,000 events are enough to act on, also right after a kill -9', async () => {
    const one = worldWith(minutes(NOON - WEEK, 10).slice(0, 1_000));
    const found = await breaks(one);
    expect(found.map((one) => one.to)).toContain('breached');
    const breached = found.find((one) => one.to === 'breached');
    expect(breached?.inputs).toMatchObject({ level: 'act' });
    // One in a thousand, as high as it may be.
    expect(breached?.inputs.early?.usual).toBeLessThan(0.005);
    expect(breached?.inputs.pValue).toBeGreaterThan(1e-5);
    expect(await saidOf(one.world, 'en')).toContain('once in a hundred years: enough to act alone');
    expect(await saidOf(one.world, 'pt-BR')).toContain('uma vez em cem anos: basta para agir sozinho');
    const killed = await breaks(worldWith(minutes(NOON - WEEK, 10).slice(0, 1_000)), { killed: true });
    expect(killed.map((one) => one.to)).toContain('breached');
  });

  test.each([
    ['6 d 23 h', minutes(NOON - WEEK + HOUR, 5)],
    ['a week and 999 events', minutes(NOON - WEEK, 10).slice(0, 999)],
    ['a fortnight of which a third was an outage', minutes(NOON - 2 * WEEK, 5, (at) => Math.floor(at / (4 * HOUR)) % 5 < 2)],
    ['nothing', []],
  ])('%s: it asks, and never acts', async (_what, rows) => {
    const one = worldWith(rows);
    await one.world.detector.beat();
    await serve(one.world, 170, 5_000);
    await serve(one.world, 40, 20);
    const found = await one.world.transitions();
    expect(found.map((each) => each.to)).toContain('suspect');
    expect(found.map((each) => each.to)).not.toContain('breached');
  });

  test('an outage in the fortnight does not make it deaf', async () => {
    const outage = (at: number): boolean => at >= NOON - 5 * 24 * HOUR && at < NOON - 5 * 24 * HOUR + 4 * HOUR;
    const found = await breaks(worldWith(minutes(NOON - 2 * WEEK, 5, outage)));
    expect(found.map((one) => one.to)).toContain('breached');
  });

  test('the store is read beside the deliveries: once at the start, then each four hours for what is new', async () => {
    const { world, reads } = worldWith(minutes(NOON - 2 * WEEK, 5));
    await world.detector.beat();
    const first = reads.length;
    expect(first).toBeGreaterThanOrEqual(84);
    await serve(world, 120, 5_000);
    for (let minute = 0; minute < 30; minute += 1) {
      world.clock.nowMs += MINUTE;
      await world.detector.beat();
    }
    expect(reads).toHaveLength(first);
    world.clock.nowMs += 2 * HOUR;
    await world.detector.beat();
    expect(reads.slice(first)).toEqual([NOON]);
  });
});

async function sumIn(store: SignalStore): Promise<RunningSum | null> {
  const { states } = await store.load(0);
  return decodeState(states.find((one) => one.trigger === 'ratio' && one.scope === 'acme')?.state ?? null).cusum;
}
