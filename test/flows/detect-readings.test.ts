// What detection tells checks and screens, and the kinds that need a running clock: silence, probes, people.
import { describe, expect, test } from 'vitest';
import { DurableDisk } from '../../src/adapters/virtual/durable-disk.ts';
import { createVirtualSignalStore } from '../../src/adapters/virtual/signal-store.ts';
import { createVirtualTime } from '../../src/adapters/virtual/time.ts';
import { BelayError } from '../../src/domain/errors.ts';
import { createDetector } from '../../src/flows/detect.ts';
import { DetectWorld, ERRORS, Shop, SILENCE, START, scrape, signal, system, trigger } from './detect-world.ts';

const read = (world: DetectWorld, o: { scope?: string; overMs?: number; since?: number } = {}) =>
  world.detector.readings.read({ trigger: 'ratio', scope: 'acme', ...o });

describe('a reading', () => {
  test('has the value, the counts and the exact interval', async () => {
    const world = new DetectWorld();
    await world.run(100, (second) => world.shop.serve('acme', 10, second % 10 === 0 ? 1 : 0));
    const reading = await read(world);
    expect(reading).toMatchObject({ known: true, why: '', bad: 6, all: 600, value: 0.01, growing: false, watermark: START + 100_000 });
    expect(reading.lower).toBeCloseTo(0.00368, 4);
    expect(reading.upper).toBeCloseTo(0.02163, 4);
  });

  test('of a shorter window uses the same slots, and of all organizations their sum', async () => {
    const world = new DetectWorld();
    await world.run(100, () => {
      world.shop.serve('acme', 10, 0);
      world.shop.serve('globex', 5, 0);
    });
    expect((await read(world, { overMs: 10_000 })).all).toBe(100);
    expect((await read(world, { scope: '' })).all).toBe(900);
    expect(await read(world, { overMs: 3_600_000 })).toMatchObject({
      known: false,
      why: expect.stringContaining('only the last 60000 ms'),
    });
  });

  test('of a longer window is there when it was asked for in time', async () => {
    const world = new DetectWorld({}, { windows: [{ trigger: 'ratio', overMs: 120_000 }] });
    await world.run(150, () => world.shop.serve('acme', 10, 0));
    expect((await read(world, { overMs: 120_000 })).all).toBe(1_200);
  });

  test('cut by since never shows what happened before, not even inside the increment that straddles it', async () => {
    const world = new DetectWorld();
    await world.run(70, () => world.shop.serve('acme', 10, 0));
    await world.run(10, () => world.shop.serve('acme', 10, 10));
    // The rollback lands in the middle of a second; the bad requests of that second were before it.
    const since = world.clock.nowMs + 500;
    expect(await read(world, { since })).toMatchObject({ known: false, why: 'nothing has been measured since then' });
    await world.run(1, () => world.shop.serve('acme', 10, 10));
    expect(await read(world, { since })).toMatchObject({ known: false });
    await world.run(5, () => world.shop.serve('acme', 10, 0));
    const reading = await read(world, { since });
    expect(reading).toMatchObject({ known: true, bad: 0 });
    expect(reading.all).toBeGreaterThanOrEqual(40);
    expect((await read(world)).bad).toBe(110);
  });

  test('says that errors grow', async () => {
    const world = new DetectWorld();
    await world.run(70, () => world.shop.serve('acme', 10, 0));
    await world.run(20, () => world.shop.serve('acme', 10, 1));
    expect((await read(world)).growing).toBe(true);
    await world.run(60, () => world.shop.serve('acme', 10, 1));
    expect((await read(world)).growing).toBe(false);
  });

  test('is unknown, with its reason, without data, without traffic, when stale, while warming and for what does not exist', async () => {
    const world = new DetectWorld();
    expect(await read(world)).toMatchObject({ known: false, why: 'no source has delivered yet' });
    await world.run(20, () => world.shop.serve('acme', 10, 0));
    expect(await read(world)).toMatchObject({ known: false, why: 'the window is covered for 19000 of 60000 ms' });
    expect(await read(world, { scope: 'nobody' })).toMatchObject({ known: false, why: 'no data of nobody has ever been seen' });
    await world.run(110);
    expect(await read(world)).toMatchObject({ known: false, why: 'there was no traffic in the window' });
    await world.run(10, () => world.shop.serve('acme', 10, 0));
    expect((await read(world)).known).toBe(true);
    world.clock.nowMs += 40_000;
    expect(await read(world)).toMatchObject({ known: false, why: 'the newest data is 40000 ms old' });
    expect(await world.detector.readings.read({ trigger: 'nope', scope: '' })).toMatchObject({
      known: false,
      why: 'there is no trigger nope',
    });
  });

  test('of health is fresh while readings come', async () => {
    const world = new DetectWorld();
    await world.run(5, () => world.shop.serve('acme', 1, 0));
    expect(await world.detector.readings.health()).toEqual({ watermarkAgeMs: 0, lagMs: 0, deadSources: [] });
    expect((await world.view()).measuredSince).toBe(START + 1_000);
    world.kill();
    expect((await world.view()).measuredSince).toBe(START + 1_000);
    world.clock.nowMs += 60_000;
    expect(await world.detector.readings.health()).toMatchObject({ watermarkAgeMs: 60_000, deadSources: ['shop'] });
  });
});

/** A detector on virtual time with a source that is read by its own loop. */
function onTime(o: Parameters<typeof system>[0], disk = new DurableDisk(), time = createVirtualTime(START)) {
  const shop = new Shop();
  let up = true;
  const store = createVirtualSignalStore({ disk });
  const errors: unknown[] = [];
  const detector = createDetector({
    system: system(o),
    store,
    time,
    onError: (error) => errors.push(error),
    sources: [
      {
        id: 'shop',
        everyMs: 1_000,
        run: async (deliver, abort) => {
          while (!abort.aborted) {
            await deliver(up ? shop.page(time.now()) : { source: 'shop', at: time.now(), alive: false, reason: 'down', samples: [] });
            await time.sleep(1_000, abort);
          }
        },
      },
    ],
  });
  const path = async (id: string, scope: string) =>
    (await store.transitions({ trigger: id, scope })).map((one) => `${(one.at - START) / 1_000}:${one.from}→${one.to}`);
  return {
    shop,
    store,
    detector,
    time,
    disk,
    errors,
    path,
    setUp: (value: boolean) => {
      up = value;
    },
  };
}

describe('a source with more series than are told apart', () => {
  test('is named while it lasts, for those who read the health of everything or of it', async () => {
    const world = new DetectWorld();
    world.shop.serve('acme', 10, 0);
    await world.detector.ingest({ ...world.shop.page(world.clock.nowMs), folded: 3 });
    await world.detector.ingest({ ...world.shop.page(world.clock.nowMs, 'other') });
    const { health } = world.detector.readings;
    expect((await health()).crowdedSources).toEqual(['shop']);
    expect((await health({ sources: ['other'] })).crowdedSources).toBeUndefined();
    await world.detector.ingest(world.shop.page(world.clock.nowMs + 1_000));
    expect((await health()).crowdedSources).toBeUndefined();
  });
});

describe('silence', () => {
  const absent = {
    signals: [signal(SILENCE)],
    triggers: [trigger('absent', { breach: { overMs: 30_000, stillMs: 2_500, forMs: 0 }, clear: { forMs: 5_000 } })],
  };

  test('of one expected organization asks as soon as its usual traffic makes it improbable, and clears when it speaks again', async () => {
    const world = onTime(absent);
    await world.detector.start();
    for (let second = 0; second < 60; second += 1) {
      for (const org of ['acme', 'globex', 'initech']) world.shop.serve(org, 2, 0);
      await world.time.advance(1_000);
    }
    for (let second = 0; second < 60; second += 1) {
      for (const org of ['acme', 'globex']) world.shop.serve(org, 2, 0);
      await world.time.advance(1_000);
    }
    expect(await world.path('absent', 'acme')).toEqual([]);
    expect((await world.path('absent', 'initech')).map((one) => one.slice(one.indexOf(':')))).toEqual([':ok→suspect', ':suspect→suspect']);
    const [first] = await world.store.transitions({ trigger: 'absent', scope: 'initech' });
    expect(first?.at).toBeGreaterThanOrEqual(START + 90_000);
    expect(first?.at).toBeLessThanOrEqual(START + 92_000);
    for (let second = 0; second < 20; second += 1) {
      for (const org of ['acme', 'globex', 'initech']) world.shop.serve(org, 2, 0);
      await world.time.advance(1_000);
    }
    expect((await world.path('absent', 'initech')).at(-1)).toContain('suspect→cleared');
    await world.detector.stop();
    expect(world.errors).toEqual([]);
  });

  test('opens on its own when the whole app is gone, without any delivery', async () => {
    const world = onTime(absent);
    await world.detector.start();
    for (let second = 0; second < 40; second += 1) {
      world.shop.serve('acme', 2, 0);
      await world.time.advance(1_000);
    }
    world.setUp(false);
    await world.time.advance(45_000);
    expect((await world.path('absent', 'acme')).length).toBe(2);
    await world.detector.stop();
  });

  test('of an organization that never spoke is asked about by persistence, and a restart neither forgets nor adds silence', async () => {
    const first = onTime(absent);
    await first.detector.start();
    for (let second = 0; second < 20; second += 1) {
      first.shop.serve('acme', 2, 0);
      await first.time.advance(1_000);
    }
    await first.detector.stop();
    await first.time.advance(600_000);
    const second = onTime(absent, first.disk, first.time);
    await second.detector.start();
    await second.time.advance(20_000);
    expect(await second.path('absent', 'globex')).toEqual([]);
    await second.time.advance(90_000);
    expect((await second.path('absent', 'globex')).length).toBe(2);
    await second.detector.stop();
  });
});

describe('probes', () => {
  const points = ['http://a.test/', 'http://b.test/', 'http://c.test/'];
  const setup = (failing: number) => ({
    sources: [{ id: 'outside', driver: 'http' as const, points, everyMs: 1_000, timeoutMs: 500, expectStatus: 200, certificateDays: 7 }],
    signals: [signal({ kind: 'probe', source: 'outside', failing, consecutive: 3 }, { by: null, sources: [] })],
    triggers: [trigger('probe', { scope: 'all' as const, clear: { forMs: 5_000 } })],
  });
  const beat = async (world: DetectWorld, failing: readonly string[]): Promise<void> => {
    world.clock.nowMs += 1_000;
    const at = world.clock.nowMs;
    await world.detector.ingest({
      source: 'outside',
      at,
      alive: true,
      samples: points.map((point) => ({ kind: 'probe' as const, point, at, ok: !failing.includes(point), detail: '' })),
    });
  };

  test('breach when two points fail three times in a row, over a kill, and clear when all answer', async () => {
    const world = new DetectWorld(setup(2));
    for (let n = 0; n < 5; n += 1) await beat(world, []);
    for (let n = 0; n < 2; n += 1) await beat(world, points.slice(0, 2));
    expect(await world.path('', 'probe')).toEqual([]);
    world.kill();
    await beat(world, points.slice(0, 2));
    expect(await world.path('', 'probe')).toEqual(['ok→suspect', 'suspect→breached']);
    for (let n = 0; n < 10; n += 1) await beat(world, []);
    expect((await world.path('', 'probe')).at(-1)).toBe('breached→cleared');
  });

  test('of one point alone may ask, never act', async () => {
    const world = new DetectWorld(setup(1));
    for (let n = 0; n < 30; n += 1) await beat(world, points.slice(0, 1));
    expect(await world.path('', 'probe')).toEqual(['ok→suspect', 'suspect→suspect!']);
  });

  test('that fail now and then do nothing', async () => {
    const world = new DetectWorld(setup(2));
    for (let n = 0; n < 60; n += 1) await beat(world, n % 3 === 2 ? [] : points);
    expect(await world.path('', 'probe')).toEqual([]);
  });
});

describe('people', () => {
  const manual = {
    signals: [signal({ kind: 'manual', who: ['crm-ops', 'approver'], ask: 'Is it broken?' }, { sources: [] })],
    triggers: [(({ breach: _breach, clear: _clear, ...rule }) => rule)(trigger('manual'))],
  };
  const report = (world: DetectWorld, by: string, roles: readonly string[], o: { scope?: string; trigger?: string } = {}) =>
    world.detector.readings.report({ trigger: 'manual', scope: 'acme', by, roles, text: 'nothing opens', ...o });

  test('one word asks, a second one is act-level, and who said it is kept', async () => {
    const world = new DetectWorld(manual);
    await report(world, 'ana', ['crm-ops']);
    expect(await world.path('acme', 'manual')).toEqual(['ok→suspect', 'suspect→suspect!']);
    world.clock.nowMs += 1_000;
    await report(world, 'ana', ['crm-ops']);
    expect(await world.view('manual')).toMatchObject({ status: 'suspect' });
    world.kill();
    await report(world, 'bia', ['crm-ops']);
    expect(await world.path('acme', 'manual')).toEqual(['ok→suspect', 'suspect→suspect!', 'suspect→suspect!', 'suspect→breached']);
    expect((await world.transitions('acme', 'manual')).at(-1)?.report).toMatchObject({ by: 'bia', text: 'nothing opens' });
  });

  test('words add up within the hour, or what the trigger says, and whoever spoke is counted once', async () => {
    const world = new DetectWorld(manual);
    expect(await report(world, 'ana', ['crm-ops'])).toEqual({
      status: 'suspect',
      people: ['ana'],
      withinMs: 3_600_000,
      enough: false,
    });
    world.clock.nowMs += 50 * 60_000;
    expect(await report(world, 'ana', ['crm-ops'])).toMatchObject({ people: ['ana'], enough: false });
    world.clock.nowMs += 50 * 60_000;
    expect(await report(world, 'bia', ['crm-ops'])).toMatchObject({ people: ['ana', 'bia'], enough: true, status: 'breached' });
  });

  test('a word that is older than the hour counts no more, and the next one is a new episode', async () => {
    const world = new DetectWorld(manual);
    await report(world, 'ana', ['crm-ops']);
    world.clock.nowMs += 61 * 60_000;
    expect(await report(world, 'bia', ['crm-ops'])).toMatchObject({ people: ['bia'], enough: false, status: 'suspect' });
    const episodes = (await world.transitions('acme', 'manual')).map((one) => one.episode);
    expect(new Set(episodes).size).toBe(2);
  });

  test('an approver alone is act-level', async () => {
    const world = new DetectWorld(manual);
    await report(world, 'ana', ['approver']);
    expect((await world.path('acme', 'manual')).at(-1)).toBe('suspect→breached');
  });

  test('who may not report, what cannot be reported and unknown organizations are refused', async () => {
    const world = new DetectWorld({
      ...manual,
      signals: [...manual.signals, signal(ERRORS)],
      triggers: [...manual.triggers, trigger('ratio')],
    });
    const code = async (work: Promise<unknown>) =>
      work.then(
        () => 'accepted',
        (error: unknown) => (BelayError.is(error) ? error.code : 'other'),
      );
    expect(await code(report(world, 'eve', ['guest']))).toBe('BELAY_FORBIDDEN');
    expect(await code(report(world, 'ana', ['crm-ops'], { scope: 'umbrella' }))).toBe('BELAY_NOT_FOUND');
    expect(await code(report(world, 'ana', ['crm-ops'], { trigger: 'ratio' }))).toBe('BELAY_NOT_FOUND');
    expect(await code(report(world, 'ana', ['crm-ops'], { trigger: 'nope' }))).toBe('BELAY_NOT_FOUND');
    expect(await world.store.unanswered()).toEqual([]);
  });

  test('an impact that must be confirmed keeps a breach at a question until somebody confirms it', async () => {
    const world = new DetectWorld({ triggers: [trigger('ratio', { impact: { who: 'crm-ops', ask: 'Does it hurt?' } })] });
    await world.run(70, () => world.shop.serve('acme', 10, 0));
    await world.run(20, () => world.shop.serve('acme', 10, 5));
    expect(await world.path()).toEqual(['ok→suspect', 'suspect→suspect!']);
    expect((await world.view()).level).toBe('suspect');
    await report(world, 'ana', ['crm-ops'], { trigger: 'ratio' });
    await world.run(1, () => world.shop.serve('acme', 10, 5));
    expect((await world.path()).at(-1)).toBe('suspect→breached');
    const { episode } = await world.view();
    await world.run(4_000, () => world.shop.serve('acme', 10, 5));
    await report(world, 'bia', ['crm-ops'], { trigger: 'ratio' });
    await world.run(1, () => world.shop.serve('acme', 10, 5));
    expect(await world.view()).toMatchObject({ status: 'breached', episode });
  });
});

describe('running', () => {
  test('start reads the sources, settled waits for their first word, stop ends everything', async () => {
    const world = onTime({ sources: [scrape()] });
    await world.detector.start();
    const settled = world.detector.settled(5_000);
    await world.time.advance(100);
    await settled;
    world.shop.serve('acme', 5, 0);
    await world.time.advance(2_500);
    expect((await world.detector.readings.views('ratio')).map((view) => view.scope)).toEqual(['acme']);
    await world.detector.stop();
    expect(world.time.waiting).toBe(0);
    expect(world.errors).toEqual([]);
  });
});
