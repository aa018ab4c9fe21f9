// Detection end to end in virtual time: real counters in, durable transitions out.
import { describe, expect, test } from 'vitest';
import { DetectWorld, LATENCY, QUEUE, REQUESTS, START, scrape, signal, trigger } from './detect-world.ts';

const HEALTHY = (world: DetectWorld) => () => world.shop.serve('acme', 10, 0);
const SICK = (world: DetectWorld) => () => world.shop.serve('acme', 10, 5);

describe('a breach', () => {
  test('is suspected, then breached, and the frozen inputs say why', async () => {
    const world = new DetectWorld();
    await world.run(70, HEALTHY(world));
    await world.run(10, SICK(world));
    expect(await world.path()).toEqual(['ok→suspect', 'suspect→suspect!', 'suspect→breached']);
    const breach = (await world.transitions()).at(-1);
    expect(breach?.inputs).toMatchObject({ above: 0.02, overMs: 60_000, level: 'act', warming: false, unknown: false, sources: ['shop'] });
    expect(breach?.inputs.pValue).toBeLessThan(1e-5);
    // 12 of 600 is the limit. At the reading of 73 s there were 15, 5 of them new: it was crossed after two fifths of that second.
    expect(breach?.since).toBe(START + 72_400);
    expect(await world.store.unanswered()).toHaveLength(3);
    expect(await world.view()).toMatchObject({ status: 'breached', level: 'act', overLimit: true });
  });

  test('does not come from a burst that is over, when the still window says so', async () => {
    const world = new DetectWorld({
      triggers: [trigger('ratio', { breach: { above: 0.02, overMs: 60_000, stillMs: 5_000, forMs: 20_000 } })],
    });
    await world.run(70, HEALTHY(world));
    await world.run(6, SICK(world));
    await world.run(40, HEALTHY(world));
    expect(await world.path()).toEqual(['ok→suspect', 'suspect→ok']);
  });

  test('is never declared from a window that is not covered: people are asked instead', async () => {
    const world = new DetectWorld();
    await world.run(40, SICK(world));
    expect(await world.path()).toEqual(['ok→suspect', 'suspect→suspect!']);
    expect(await world.view()).toMatchObject({ warming: true });
    await world.run(30, SICK(world));
    expect((await world.path()).at(-1)).toBe('suspect→breached');
  });

  test('of one organization leaves the others as they are', async () => {
    const world = new DetectWorld();
    const traffic = (errors: number) => () => {
      world.shop.serve('acme', 10, errors);
      world.shop.serve('globex', 10, 0);
    };
    await world.run(70, traffic(0));
    await world.run(20, traffic(5));
    expect((await world.view('ratio', 'acme')).status).toBe('breached');
    expect(await world.view('ratio', 'globex')).toMatchObject({ status: 'ok', overLimit: false, unknown: false, warming: false, all: 600 });
    expect(await world.path('globex')).toEqual([]);
  });

  test('that is mild and long leads to a question although chance could explain it', async () => {
    const world = new DetectWorld({ triggers: [trigger('ratio', { breach: { above: 0.02, overMs: 60_000, stillMs: 60_000, forMs: 0 } })] });
    await world.run(70, () => world.shop.serve('acme', 2, 0));
    // 1 in 40: 2.5 % of 120 requests a minute, where 9 errors would be needed to be sure.
    await world.run(400, (second) => world.shop.serve('acme', 2, second % 20 === 1 ? 1 : 0));
    expect(await world.path()).toEqual(['ok→suspect', 'suspect→suspect!']);
    const [suspect] = await world.transitions();
    expect((suspect?.at ?? 0) - (suspect?.since ?? 0)).toBe(120_600);
    expect(suspect?.inputs).toMatchObject({ bad: 3, level: 'none' });
  });
});

describe('clearing', () => {
  test('needs the value below the clear limit, time, and clean traffic that proves the limit', async () => {
    const world = new DetectWorld();
    await world.run(70, HEALTHY(world));
    await world.run(20, SICK(world));
    await world.run(200, HEALTHY(world));
    const cleared = (await world.transitions()).find((one) => one.to === 'cleared');
    expect(cleared?.provenBelow).toBeLessThan(0.02);
    // 60 s until the errors have left the window, 30 s of clear.for.
    expect((cleared?.at ?? 0) - (START + 90_000)).toBeGreaterThanOrEqual(85_000);
    expect((await world.path()).at(-1)).toBe('cleared→ok');
  });

  test('never comes from silence, however long', async () => {
    const world = new DetectWorld();
    await world.run(70, HEALTHY(world));
    await world.run(20, SICK(world));
    await world.run(600);
    expect((await world.view()).status).toBe('breached');
    expect(await world.path()).not.toContain('breached→cleared');
  });

  test('waits longer when the traffic is too thin to prove anything', async () => {
    const world = new DetectWorld();
    await world.run(70, HEALTHY(world));
    await world.run(20, SICK(world));
    await world.run(120, (second) => world.shop.serve('acme', second % 2, 0));
    expect((await world.view()).status).toBe('breached');
    await world.run(300, (second) => world.shop.serve('acme', second % 2, 0));
    expect((await world.view()).status).not.toBe('breached');
  });

  test('is taken back inside the rearm time: the same episode, and the third re-opening only asks', async () => {
    const world = new DetectWorld({ triggers: [trigger('ratio', { rearmMs: 600_000 })] });
    await world.run(70, HEALTHY(world));
    for (let round = 0; round < 4; round += 1) {
      await world.run(20, SICK(world));
      await world.run(150, HEALTHY(world));
    }
    const all = await world.transitions();
    expect(new Set(all.map((one) => one.episode)).size).toBe(1);
    expect(all.filter((one) => one.to === 'breached')).toHaveLength(3);
    expect((await world.path()).slice(-3)).toEqual(['cleared→suspect', 'suspect→suspect!', 'suspect→cleared']);
  });
});

describe('missing data', () => {
  test('D1: the whole app dies after the breach: it stays breached and unknown, and nothing resolves', async () => {
    const world = new DetectWorld();
    await world.run(70, HEALTHY(world));
    await world.run(20, SICK(world));
    for (let second = 0; second < 120; second += 1) {
      world.clock.nowMs += 1_000;
      await world.dead();
    }
    expect(await world.view()).toMatchObject({ status: 'breached', unknown: true, level: 'none' });
    expect((await world.path()).at(-1)).toBe('suspect→breached');
    expect(await world.detector.readings.health()).toMatchObject({ deadSources: ['shop'] });
    expect(await world.detector.readings.read({ trigger: 'ratio', scope: 'acme' })).toMatchObject({
      known: false,
      why: 'source shop cannot be read: connection refused',
    });
  });

  test('D6: a sender whose clock is 30 s behind is judged by arrival', async () => {
    const world = new DetectWorld({
      triggers: [trigger('ratio', { breach: { above: 0.02, overMs: 20_000, stillMs: 2_000, forMs: 3_000 } })],
    });
    const behind = async (): Promise<void> => {
      const page = world.shop.page(world.clock.nowMs);
      await world.detector.ingest({ ...page, samples: page.samples.map((sample) => ({ ...sample, at: sample.at - 30_000 })) });
    };
    for (let second = 0; second < 80; second += 1) {
      world.clock.nowMs += 1_000;
      world.shop.serve('acme', 100, second >= 40 ? 50 : 0);
      await behind();
    }
    expect((await world.path()).at(-1)).toBe('suspect→breached');
    expect((await world.transitions()).at(-1)?.at).toBeLessThanOrEqual(START + 47_000);
  });

  test('D7: a 6-second total outage whose error series is unborn is seen at a 15 s scrape, 20 of 20 times', async () => {
    let missed = 0;
    for (let round = 0; round < 20; round += 1) {
      const world = new DetectWorld({
        sources: [scrape(15_000)],
        triggers: [trigger('ratio', { breach: { above: 0.02, overMs: 60_000, stillMs: 60_000, forMs: 10_000 } })],
      });
      const from = 130 + ((round * 7) % 15);
      await world.run(260, (second) => world.shop.serve('acme', 50, second > from && second <= from + 6 ? 50 : 0), 15);
      if (!(await world.path()).includes('suspect→breached')) missed += 1;
    }
    expect(missed).toBe(0);
  });

  test('D8: a 1-minute scrape under a 1-minute window fires', async () => {
    const world = new DetectWorld({ sources: [scrape(60_000)], triggers: [trigger('ratio')] });
    await world.run(300, HEALTHY(world), 60);
    await world.run(180, SICK(world), 60);
    expect((await world.path()).at(-1)).toBe('suspect→breached');
  });

  test('D11: failed readings do not break a hold', async () => {
    const world = new DetectWorld({
      triggers: [trigger('ratio', { breach: { above: 0.02, overMs: 60_000, stillMs: 5_000, forMs: 20_000 } })],
    });
    await world.run(70, HEALTHY(world));
    for (let second = 0; second < 40; second += 1) {
      world.clock.nowMs += 1_000;
      world.shop.serve('acme', 10, 5);
      await (second % 4 === 3 ? world.scrape() : world.dead());
    }
    const [suspect, breached] = await world.transitions();
    expect(await world.path()).toEqual(['ok→suspect', 'suspect→breached']);
    expect((breached?.at ?? 0) - (suspect?.since ?? 0)).toBe(20_000);
  });

  test('D12: a scope whose series vanish while the source lives becomes unknown and resolves nothing', async () => {
    const world = new DetectWorld();
    const traffic = (errors: number) => () => {
      world.shop.serve('acme', 10, errors);
      world.shop.serve('globex', 10, 0);
    };
    await world.run(70, traffic(0));
    await world.run(20, traffic(5));
    world.shop.forget('acme');
    await world.run(300, () => world.shop.serve('globex', 10, 0));
    expect(await world.view()).toMatchObject({ status: 'breached', unknown: true });
    expect(await world.view('ratio', 'globex')).toMatchObject({ status: 'ok', unknown: false });
  });

  test('a restarted process counts from zero and is no spike', async () => {
    const world = new DetectWorld();
    await world.run(70, () => world.shop.serve('acme', 10, 0));
    world.shop.restart();
    await world.run(70, () => world.shop.serve('acme', 10, 0));
    expect(await world.view()).toMatchObject({ bad: 0, status: 'ok' });
    expect((await world.view()).all).toBeGreaterThan(590);
    expect((await world.view()).all).toBeLessThanOrEqual(620);
  });

  test('a numerator without its denominator is inconclusive', async () => {
    const apart = signal({ kind: 'ratio', bad: { name: 'errors_total', labels: [] }, all: { name: 'served_total', labels: [] } });
    const world = new DetectWorld({ signals: [apart] });
    await world.run(100, () => world.shop.add('errors_total', { org: 'acme' }, 5));
    expect(await world.view()).toMatchObject({ status: 'ok', value: null, overLimit: false });
    expect(await world.path()).toEqual([]);
  });
});

describe('kill -9', () => {
  test('during a hold costs no delay, and during a breach repeats nothing', async () => {
    const rules = { triggers: [trigger('ratio', { breach: { above: 0.02, overMs: 60_000, stillMs: 5_000, forMs: 20_000 } })] };
    const [calm, killed] = [new DetectWorld(rules), new DetectWorld(rules)];
    for (const world of [calm, killed]) {
      await world.run(70, HEALTHY(world));
      for (let second = 0; second < 40; second += 1) {
        world.clock.nowMs += 1_000;
        world.shop.serve('acme', 10, 5);
        if (world === killed) world.kill();
        await world.scrape();
      }
    }
    expect(await killed.transitions()).toEqual(await calm.transitions());
    expect(await killed.path()).toEqual(['ok→suspect', 'suspect→breached']);
    expect(await killed.view()).toMatchObject({ bad: (await calm.view()).bad, all: (await calm.view()).all, warming: false });
  });

  test('and ten seconds of absence are made up for by cumulative counters', async () => {
    const world = new DetectWorld({
      triggers: [trigger('ratio', { breach: { above: 0.02, overMs: 60_000, stillMs: 5_000, forMs: 30_000 } })],
    });
    await world.run(70, HEALTHY(world));
    await world.run(8, SICK(world));
    world.kill();
    await world.run(30, SICK(world), 10);
    const [suspect, breached] = await world.transitions();
    expect(breached?.to).toBe('breached');
    expect((breached?.at ?? 0) - (suspect?.since ?? 0)).toBeLessThan(40_000);
    expect(await world.view()).toMatchObject({ bad: 190, unknown: false });
  });

  test('a commit that fails changes nothing, and the next one goes on from the store', async () => {
    const world = new DetectWorld();
    await world.run(70, HEALTHY(world));
    const real = world.store.commit;
    let failing = true;
    world.store.commit = (change) => (failing ? Promise.reject(new Error('no disk')) : real(change));
    world.clock.nowMs += 1_000;
    world.shop.serve('acme', 10, 10);
    await expect(world.scrape()).rejects.toThrow('no disk');
    failing = false;
    await world.run(1, () => world.shop.serve('acme', 10, 10));
    expect(await world.view()).toMatchObject({ bad: 20 });
  });

  test('of state: every prefix of a run continues to the same end', async () => {
    const straight = new DetectWorld();
    const torn = new DetectWorld();
    for (const world of [straight, torn]) {
      for (let second = 0; second < 300; second += 1) {
        world.clock.nowMs += 1_000;
        world.shop.serve('acme', 10, second >= 80 && second < 110 ? 4 : 0);
        if (world === torn && second % 7 === 0) world.kill();
        await world.scrape();
      }
    }
    expect(await torn.transitions()).toEqual(await straight.transitions());
    expect(await torn.path()).toEqual(['ok→suspect', 'suspect→suspect!', 'suspect→breached', 'breached→cleared', 'cleared→ok']);
  });
});

describe('other kinds', () => {
  test('a rate breaches by the Poisson values', async () => {
    const world = new DetectWorld({
      signals: [signal(REQUESTS)],
      triggers: [trigger('rate', { breach: { above: 10, overMs: 60_000, stillMs: 5_000, forMs: 0 }, clear: { below: 5, forMs: 60_000 } })],
    });
    await world.run(70, (second) => world.shop.serve('acme', 10, second % 10 === 0 ? 1 : 0));
    await world.run(40, () => world.shop.serve('acme', 10, 1));
    const path = await world.path('acme', 'rate');
    expect(path).toEqual(['ok→suspect', 'suspect→suspect!', 'suspect→breached']);
    const [suspect, , breached] = await world.transitions('acme', 'rate');
    expect(suspect?.inputs.bad).toBe(22);
    expect(breached?.inputs.bad).toBe(27);
    await world.run(130, () => world.shop.serve('acme', 10, 0));
    expect(await world.path('acme', 'rate')).toContain('breached→cleared');
  });

  test('a mean may ask, never act', async () => {
    const world = new DetectWorld({
      signals: [signal(LATENCY)],
      triggers: [
        trigger('mean', { breach: { above: 0.5, overMs: 60_000, stillMs: 5_000, forMs: 0 }, clear: { below: 0.4, forMs: 30_000 } }),
      ],
    });
    const traffic = (seconds: number) => (second: number) => {
      world.shop.add('latency_sum', { org: 'acme' }, seconds * 10 + (second % 3) * 0.1);
      world.shop.add('latency_count', { org: 'acme' }, 10);
    };
    await world.run(70, traffic(0.1));
    await world.run(120, traffic(2));
    expect(await world.path('acme', 'mean')).toEqual(['ok→suspect', 'suspect→suspect!']);
    expect((await world.view('mean')).value).toBeCloseTo(2, 1);
  });

  test('a gauge is weighed by time and needs most of the window to be known', async () => {
    const world = new DetectWorld({
      signals: [signal(QUEUE)],
      triggers: [
        trigger('gauge', { breach: { above: 100, overMs: 60_000, stillMs: 5_000, forMs: 0 }, clear: { below: 50, forMs: 10_000 } }),
      ],
    });
    const show = async (value: number, seconds: number): Promise<void> => {
      for (let second = 0; second < seconds; second += 1) {
        world.clock.nowMs += 1_000;
        const at = world.clock.nowMs;
        await world.detector.ingest({
          source: 'shop',
          at,
          alive: true,
          samples: [{ kind: 'value', name: 'queue', labels: { org: 'acme' }, at, value }],
        });
      }
    };
    await show(10, 90);
    expect((await world.view('gauge')).value).toBeCloseTo(10, 5);
    await show(400, 40);
    expect((await world.path('acme', 'gauge')).at(-1)).toBe('suspect→breached');
    await show(10, 150);
    expect((await world.path('acme', 'gauge')).slice(-2)).toEqual(['breached→cleared', 'cleared→ok']);
  });

  test('pushed increments are counted in their own slots and judged at the watermark', async () => {
    const world = new DetectWorld({ sources: [{ id: 'shop', driver: 'push', everyMs: 1_000 }] });
    const push = async (errors: number): Promise<void> => {
      world.clock.nowMs += 1_000;
      const at = world.clock.nowMs;
      const delta = (code: string, amount: number) => ({
        kind: 'delta' as const,
        name: 'requests_total',
        labels: { org: 'acme', code },
        at: at - 400,
        delta: amount,
      });
      await world.detector.ingest({
        source: 'shop',
        at,
        alive: true,
        samples: [delta('200', 10 - errors), ...(errors > 0 ? [delta('503', errors)] : [])],
      });
    };
    for (let second = 0; second < 70; second += 1) await push(0);
    for (let second = 0; second < 10; second += 1) await push(5);
    expect((await world.path()).at(-1)).toBe('suspect→breached');
    for (let second = 0; second < 100; second += 1) {
      world.clock.nowMs += 1_000;
      await world.detector.ingest({ source: 'shop', at: world.clock.nowMs, alive: true, samples: [] });
    }
    expect(await world.view()).toMatchObject({ status: 'breached', unknown: false, all: 0 });
  });
});
