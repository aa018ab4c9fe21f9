// Comparisons as they run: with the other organizations, and with the time before; over restarts, and while there is nothing to compare.
import { describe, expect, test } from 'vitest';
import type { TriggerRule } from '../../src/domain/trigger.ts';
import { DetectWorld, ERRORS, REQUESTS, signal, trigger } from './detect-world.ts';

const ORGS = ['acme', 'globex', 'initech'];
const rule = (vs: NonNullable<NonNullable<TriggerRule['breach']>['vs']>): Partial<TriggerRule> => ({
  breach: { overMs: 60_000, stillMs: 5_000, forMs: 0, vs },
  clear: { below: 0.02, forMs: 30_000 },
});

describe('with the other organizations', () => {
  const world = () =>
    new DetectWorld({ signals: [signal(ERRORS)], triggers: [trigger('ratio', rule({ with: 'others', times: 3, least: 10 }))] });

  test('one that is much worse breaches, and while all are equally bad nobody does', async () => {
    const one = world();
    const all = (errors: (org: string) => number) => () => {
      for (const org of ORGS) one.shop.serve(org, 20, errors(org));
    };
    await one.run(
      70,
      all(() => 2),
    );
    for (const org of ORGS) expect(await one.path(org)).toEqual([]);
    await one.run(
      40,
      all((org) => (org === 'acme' ? 12 : 2)),
    );
    expect(await one.view('ratio', 'acme')).toMatchObject({ status: 'breached', level: 'act' });
    expect(await one.path('globex')).toEqual([]);
    const breached = (await one.transitions('acme')).at(-1);
    expect(breached?.inputs.baseline?.all).toBeGreaterThan(2_000);
    expect(breached?.inputs.pValue).toBeLessThan(1e-5);
    await one.run(
      120,
      all(() => 0),
    );
    expect((await one.path('acme')).slice(1, 3)).toEqual(['suspect→breached', 'breached→cleared']);
  });

  test('with nobody else there is nothing to say', async () => {
    const one = world();
    await one.run(100, () => one.shop.serve('acme', 20, 15));
    expect(await one.path('acme')).toEqual([]);
  });
});

describe('with the time before', () => {
  const vs = { with: { beforeMs: 300_000 }, times: 3, least: 10 } as const;

  test('a share that jumps after a deploy breaches once the time before is covered, and a kill -9 forgets nothing', async () => {
    const one = new DetectWorld({ triggers: [trigger('ratio', rule(vs))] });
    const serve = (errors: number) => () => one.shop.serve('acme', 20, errors);
    await one.run(100, serve(1));
    await one.run(60, serve(10));
    // Bad from early on, and nothing before to compare it with.
    expect(await one.path('acme')).toEqual([]);
    await one.run(500, serve(1));
    expect(await one.path('acme')).toEqual([]);
    one.kill();
    await one.run(30, serve(10));
    expect(await one.view('ratio', 'acme')).toMatchObject({ status: 'breached', level: 'act' });
    await one.run(200, serve(0));
    expect(await one.path('acme')).toContain('breached→cleared');
  });

  test('an organization that is new is not compared: neither a breach nor known to be well, and people can read why', async () => {
    const one = new DetectWorld({ triggers: [trigger('ratio', rule(vs))] });
    await one.run(400, () => one.shop.serve('acme', 20, 1));
    await one.run(20, () => {
      one.shop.serve('acme', 20, 1);
      one.shop.serve('globex', 20, 15);
    });
    expect(await one.path('globex')).toEqual([]);
    expect(await one.view('ratio', 'globex')).toMatchObject({ overLimit: false, baseline: null });
    expect((await one.view('ratio', 'acme')).baseline).toMatchObject({ all: expect.any(Number) as number });
  });

  test('a burst that is over is not acted on', async () => {
    const one = new DetectWorld({
      triggers: [trigger('ratio', { ...rule(vs), breach: { overMs: 60_000, stillMs: 5_000, forMs: 10_000, vs } })],
    });
    await one.run(400, () => one.shop.serve('acme', 20, 1));
    await one.run(6, () => one.shop.serve('acme', 20, 20));
    await one.run(60, () => one.shop.serve('acme', 20, 0));
    expect((await one.path('acme')).some((step) => step.endsWith('→breached'))).toBe(false);
  });

  test('a rate of errors is compared with its own past, with a least number of them', async () => {
    const one = new DetectWorld({
      signals: [signal(REQUESTS)],
      triggers: [trigger('rate', { ...rule(vs), clear: { below: 30, forMs: 30_000 } })],
    });
    await one.run(400, (second) => one.shop.serve('acme', 20, second % 30 === 0 ? 1 : 0));
    expect(await one.path('acme', 'rate')).toEqual([]);
    await one.run(7, () => one.shop.serve('acme', 20, 1));
    expect(await one.path('acme', 'rate')).toEqual([]);
    await one.run(20, () => one.shop.serve('acme', 20, 3));
    expect(await one.view('rate', 'acme')).toMatchObject({ status: 'breached', level: 'act' });
  });
});
