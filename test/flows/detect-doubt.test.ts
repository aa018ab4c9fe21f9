// What cannot be known must neither clear, nor hold up, nor breach: silent sources, uncovered windows, unseen members, half a histogram,
// sources that break, and turns that fail in the middle.
import { describe, expect, test } from 'vitest';
import { createVirtualSignalStore } from '../../src/adapters/virtual/signal-store.ts';
import { BelayError } from '../../src/domain/errors.ts';
import type { Batch, Cursor, Sample, SignalKind } from '../../src/domain/signal.ts';
import type { SignalSource } from '../../src/ports/signal-source.ts';
import { DetectWorld, ERRORS, signal, trigger } from './detect-world.ts';

const selector = (name: string) => ({ name, labels: [] });
const MINUTE = 60_000;
const sources = (...ids: readonly string[]) => ids.map((id) => ({ id, driver: 'push' as const, everyMs: 1_000 }));

async function beat(world: DetectWorld, source: string, samples: readonly Sample[] = []): Promise<void> {
  await world.detector.ingest({ source, at: world.clock.nowMs, alive: true, samples });
}

const happened = (world: DetectWorld, name: string, org = 'acme'): Sample => ({
  kind: 'delta',
  name,
  labels: { org },
  at: world.clock.nowMs,
  delta: 1,
});

async function beats(world: DetectWorld, seconds: number, ids: readonly string[]): Promise<void> {
  for (let second = 0; second < seconds; second += 1) {
    world.clock.nowMs += 1_000;
    for (const id of ids) await beat(world, id);
  }
}

describe('one of two sources falls silent without a word', () => {
  const both = () => new DetectWorld({ sources: sources('shop', 'edge'), signals: [signal(ERRORS, { sources: ['shop', 'edge'] })] });
  const traffic = async (world: DetectWorld, seconds: number, errors: number, from: readonly string[]): Promise<void> => {
    for (let second = 0; second < seconds; second += 1) {
      world.clock.nowMs += 1_000;
      world.shop.serve('acme', 20, errors);
      for (const id of from) await (id === 'shop' ? world.scrape() : beat(world, id));
    }
  };

  test('a breach that the other one shows is found all the same', async () => {
    const world = both();
    await traffic(world, 70, 0, ['shop', 'edge']);
    await traffic(world, 10, 0, ['shop']);
    expect((await world.detector.readings.health()).deadSources).toEqual(['edge']);
    await traffic(world, 30, 10, ['shop']);
    expect((await world.view()).status).toBe('breached');
    // With its word the newest data is old: without it, it is not.
    expect(world.clock.nowMs - (await world.view()).watermark).toBeLessThan(5_000);
  });

  test('one that belay.yaml names no more holds nothing up after a start', async () => {
    const world = both();
    await traffic(world, 70, 0, ['shop', 'edge']);
    const store = createVirtualSignalStore({ disk: world.disk });
    const after = new DetectWorld({ sources: sources('shop'), signals: [signal(ERRORS, { sources: [] })] }, { store });
    after.clock.nowMs = world.clock.nowMs;
    after.shop.serve('acme', 20, 0);
    await after.run(10, () => after.shop.serve('acme', 20, 0));
    // It is the same store: the window of before is there.
    expect((await after.view()).all).toBeGreaterThan(500);
    expect((await after.detector.readings.health()).deadSources).toEqual([]);
    expect(after.clock.nowMs - (await after.view()).watermark).toBeLessThan(5_000);
  });
});

describe('an event whose window is covered no more', () => {
  const CRASH: SignalKind = { kind: 'event', of: selector('crashes') };
  const rule = { breach: { overMs: 10 * MINUTE, stillMs: 0, forMs: 0 }, clear: { forMs: MINUTE } };
  const world = () => new DetectWorld({ sources: sources('shop'), signals: [signal(CRASH)], triggers: [trigger('event', rule)] });

  test('is not over because nobody looked: it clears when a whole window has been seen', async () => {
    const one = world();
    await beats(one, 601, ['shop']);
    await beat(one, 'shop', [happened(one, 'crashes')]);
    await beats(one, 2, ['shop']);
    expect((await one.view('event')).status).toBe('breached');
    // An hour in which Belay was away: what happened in it was not seen.
    one.kill();
    one.clock.nowMs += 60 * MINUTE;
    await beats(one, 300, ['shop']);
    expect((await one.view('event')).status).toBe('breached');
    await beats(one, 400, ['shop']);
    expect(await one.path('acme', 'event')).toContain('breached→cleared');
  });

  test('breaches at once, however little of the window is covered', async () => {
    const one = world();
    await beats(one, 5, ['shop']);
    await beat(one, 'shop', [happened(one, 'crashes')]);
    await beats(one, 2, ['shop']);
    expect((await one.view('event')).status).toBe('breached');
  });

  test('too few of them are no breach before the window is covered', async () => {
    const few: SignalKind = { kind: 'count', of: selector('backups') };
    const below = { breach: { below: 30, overMs: 10 * MINUTE, stillMs: 0, forMs: 0 }, clear: { forMs: MINUTE } };
    const one = new DetectWorld({ sources: sources('shop'), signals: [signal(few)], triggers: [trigger('count', below)] });
    await beat(one, 'shop', [happened(one, 'backups')]);
    await beats(one, 400, ['shop']);
    expect(await one.view('count')).toMatchObject({ warming: true });
    expect((await one.view('count')).status).not.toBe('breached');
    await beats(one, 400, ['shop']);
    expect((await one.view('count')).status).toBe('breached');
  });
});

describe('a histogram without a bucket at the limit', () => {
  const SLOW: SignalKind = { kind: 'fractionAbove', of: selector('latency_seconds'), limit: 0.5 };
  const rule = { breach: { above: 0.2, overMs: MINUTE, stillMs: 5_000, forMs: 0 }, clear: { below: 0.1, forMs: 30_000 } };
  const answer = (world: DetectWorld, pod: string, le: string, fast: number, slow: number): void => {
    // The count comes first: it may not be lost because its buckets are told after it.
    world.shop.add('latency_seconds_count', { org: 'acme', pod }, fast + slow);
    world.shop.add('latency_seconds_bucket', { org: 'acme', pod, le }, fast);
    world.shop.add('latency_seconds_bucket', { org: 'acme', pod, le: '+Inf' }, fast + slow);
  };

  test('says nothing: neither that all were slow nor that none was', async () => {
    const world = new DetectWorld({ signals: [signal(SLOW)], triggers: [trigger('fractionAbove', rule)] });
    await world.run(100, () => answer(world, 'a', '0.4', 20, 0));
    expect(await world.path('acme', 'fractionAbove')).toEqual([]);
    expect(await world.view('fractionAbove')).toMatchObject({ unknown: true, value: null });
  });

  test('is left out where another one of the same organization has it, also after kill -9', async () => {
    const world = new DetectWorld({ signals: [signal(SLOW)], triggers: [trigger('fractionAbove', rule)] });
    const both = () => {
      answer(world, 'old', '0.4', 50, 0);
      answer(world, 'new', '0.5', 9, 1);
    };
    await world.run(100, both);
    expect((await world.view('fractionAbove')).value).toBeCloseTo(0.1, 2);
    world.kill();
    await world.run(20, both);
    expect((await world.view('fractionAbove')).value).toBeCloseTo(0.1, 2);
    expect(await world.path('acme', 'fractionAbove')).toEqual([]);
  });
});

describe('a trigger over triggers, one of which nobody can see', () => {
  const ids = ['api', 'database'] as const;
  const world = () =>
    new DetectWorld({
      sources: sources(...ids),
      signals: [
        ...ids.map((id) => ({ ...signal({ kind: 'event', of: selector(`${id}_down`) }, { sources: [id] }), id })),
        { ...signal({ kind: 'composite', of: [...ids], atLeast: 2 }), id: 'both' },
      ],
      triggers: [
        ...ids.map((id) => trigger(id, { breach: { overMs: MINUTE, stillMs: 0, forMs: 0 }, clear: { forMs: 5_000 } })),
        trigger('both', { breach: { overMs: 1, stillMs: 0, forMs: 0 }, clear: { forMs: 10_000 }, scope: 'all', rearmMs: MINUTE }),
      ],
    });

  test('is unknown where that one would decide, and does not clear by it', async () => {
    const one = world();
    await beats(one, 61, ids);
    await beat(one, 'api', [happened(one, 'api_down')]);
    await beat(one, 'database', [happened(one, 'database_down')]);
    await beats(one, 2, ids);
    expect((await one.view('both', '')).status).toBe('breached');
    // The API stays down. The database is well again, and then heard no more: nobody can say whether both are down.
    for (let second = 0; (await one.view('database')).status === 'breached'; second += 1) {
      if (second % 20 === 0) await beat(one, 'api', [happened(one, 'api_down')]);
      await beats(one, 1, ids);
    }
    await beats(one, 30, ['api']);
    expect((await one.view('database')).unknown).toBe(true);
    expect(await one.view('both', '')).toMatchObject({ status: 'breached', unknown: true, overLimit: false });
    await beats(one, 15, ids);
    expect((await one.view('both', '')).status).toBe('cleared');
  });

  test('is of the sources of those that decide: how old the data of another is says nothing about it', async () => {
    const three = ['api', 'database', 'queue'] as const;
    const one = new DetectWorld({
      sources: sources(...three),
      signals: [
        ...three.map((id) => ({ ...signal({ kind: 'event', of: selector(`${id}_down`) }, { sources: [id] }), id })),
        { ...signal({ kind: 'composite', of: [...three], atLeast: 2 }), id: 'both' },
      ],
      triggers: [
        ...three.map((id) => trigger(id, { breach: { overMs: MINUTE, stillMs: 0, forMs: 0 }, clear: { forMs: 5_000 } })),
        trigger('both', { breach: { overMs: 1, stillMs: 0, forMs: 0 }, clear: { forMs: 10_000 }, scope: 'all', rearmMs: MINUTE }),
      ],
    });
    await beats(one, 61, three);
    await beat(one, 'queue', [{ ...happened(one, 'queue_down'), delta: 0 } as Sample]);
    await beats(one, 20, ['api', 'database']);
    await beat(one, 'api', [happened(one, 'api_down')]);
    await beat(one, 'database', [happened(one, 'database_down')]);
    await beats(one, 2, ['api', 'database']);
    const breach = (await one.transitions('', 'both')).at(-1);
    expect(breach).toMatchObject({ to: 'breached', inputs: { sources: ['api', 'database'] } });
    const health = await one.detector.readings.health({ sources: breach?.inputs.sources ?? [] });
    expect(health).toMatchObject({ deadSources: [], watermarkAgeMs: expect.toSatisfy((age: number) => age < 5_000) as number });
    expect((await one.detector.readings.health()).deadSources).toEqual(['queue']);
  });

  test('never breaches by the one that is not seen', async () => {
    const one = world();
    await beats(one, 61, ['api']);
    await beat(one, 'api', [happened(one, 'api_down')]);
    await beats(one, 30, ['api']);
    expect((await one.view('api')).status).toBe('breached');
    expect(await one.path('', 'both')).toEqual([]);
  });
});

describe('more scopes than are told apart', () => {
  test('share one scope that may ask but never breach', async () => {
    const world = new DetectWorld({ signals: [signal(ERRORS, { max: 2 })] });
    const traffic = (errors: number) => () => {
      for (let org = 0; org < 5; org += 1) world.shop.serve(`org-${org}`, 10, errors);
    };
    await world.run(70, traffic(0));
    await world.run(20, traffic(5));
    expect((await world.detector.readings.views('ratio')).map((view) => view.scope).sort()).toEqual(['(other)', 'org-0', 'org-1']);
    expect(await world.path('(other)')).toEqual(['ok→suspect', 'suspect→suspect!']);
    expect((await world.path('org-0')).at(-1)).toBe('suspect→breached');
  });
});

describe('a source that breaks its contract', () => {
  test('is dead, is told, and is begun again where its last reading was committed', async () => {
    const begun: Cursor[] = [];
    const told: unknown[] = [];
    const source: SignalSource = {
      id: 'shop',
      everyMs: 1_000,
      run: async (deliver, signal, from = {}) => {
        begun.push(from);
        const batch: Batch = { source: 'shop', at: START_AT(), alive: true, samples: [], cursor: { offset: begun.length } };
        await deliver(batch);
        if (begun.length === 1) throw new TypeError('a bug of ours');
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
      },
    };
    const START_AT = (): number => world.clock.nowMs;
    const world: DetectWorld = new DetectWorld(
      { signals: [signal(ERRORS)] },
      { sources: [source], onError: (error) => void told.push(error), time: { ...new DetectWorld().clock.time(), sleep: napping } },
    );
    await world.detector.start();
    await expect.poll(() => begun.length, { timeout: 5_000 }).toBe(2);
    await world.detector.stop();
    expect(begun).toEqual([{}, { offset: 1 }]);
    expect(told).toMatchObject([{ message: 'a bug of ours' }]);
  });
});

/** Sleeps a moment, whatever is asked for. */
const napping = (_ms: number, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, 5);
    signal?.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
  });

describe('a turn that fails in the middle', () => {
  test('leaves nothing of it in memory: what is sent again counts once', async () => {
    const disk = new DetectWorld().disk;
    const store = createVirtualSignalStore({ disk });
    let isBroken = false;
    const CRASH: SignalKind = { kind: 'event', of: selector('crashes') };
    const rule = { breach: { overMs: 10 * MINUTE, stillMs: 0, forMs: 0 }, clear: { forMs: MINUTE } };
    const world = new DetectWorld(
      { sources: sources('shop'), signals: [signal(CRASH)], triggers: [trigger('event', rule)] },
      {
        store: {
          ...store,
          commit: async (change) => (isBroken ? Promise.reject(new BelayError('BELAY_STORE_UNAVAILABLE', 'away')) : store.commit(change)),
        },
      },
    );
    await beats(world, 5, ['shop']);
    isBroken = true;
    await expect(beat(world, 'shop', [happened(world, 'crashes')])).rejects.toThrow('away');
    // A sample that no code was written for, in the same delivery as one that counts.
    const strange = { kind: 'delta', name: 'crashes', labels: null, at: world.clock.nowMs, delta: 1 } as unknown as Sample;
    isBroken = false;
    await expect(beat(world, 'shop', [happened(world, 'crashes'), strange])).rejects.toThrow(TypeError);
    await beat(world, 'shop', [happened(world, 'crashes')]);
    expect((await world.view('event')).value).toBe(1);
  });
});

test('an organization of half a surrogate pair is one that the store can hold', async () => {
  const CRASH: SignalKind = { kind: 'event', of: selector('crashes') };
  const world = new DetectWorld({
    sources: sources('shop'),
    signals: [signal(CRASH)],
    triggers: [trigger('event', { breach: { overMs: MINUTE, stillMs: 0, forMs: 0 } })],
  });
  await beat(world, 'shop', [happened(world, 'crashes', 'ac\ud800me')]);
  expect((await world.detector.readings.views('event')).map((view) => view.scope)).toEqual(['ac\ufffdme']);
});
