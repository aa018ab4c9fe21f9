// Kinds of signals that count events, ages, shares above a limit, and other triggers; and what senders deliver twice.
import { describe, expect, test } from 'vitest';
import { createVirtualSignalStore } from '../../src/adapters/virtual/signal-store.ts';
import { BelayError } from '../../src/domain/errors.ts';
import type { Batch, Cursor, Sample, SignalKind } from '../../src/domain/signal.ts';
import type { TriggerRule } from '../../src/domain/trigger.ts';
import type { SignalSource } from '../../src/ports/signal-source.ts';
import { DetectWorld, ERRORS, START, signal, trigger } from './detect-world.ts';

const selector = (name: string) => ({ name, labels: [] });
const MINUTE = 60_000;

function worldOf(kind: SignalKind, rule: Partial<TriggerRule>, more: Partial<ConstructorParameters<typeof DetectWorld>[0]> = {}) {
  return new DetectWorld({ signals: [signal(kind)], triggers: [trigger(kind.kind, rule)], ...more });
}

const push = (everyMs = 1_000) => [{ id: 'shop', driver: 'push' as const, everyMs }];
const delta = (name: string, labels: Readonly<Record<string, string>>, at: number, amount = 1, id?: string): Sample => ({
  kind: 'delta',
  name,
  labels,
  at,
  delta: amount,
  ...(id === undefined ? {} : { id }),
});

async function send(world: DetectWorld, samples: readonly Sample[]): Promise<void> {
  await world.detector.ingest({ source: 'shop', at: world.clock.nowMs, alive: true, samples });
}

/** And the heartbeats after which nothing older is expected any more. */
async function sendAndWait(world: DetectWorld, samples: readonly Sample[]): Promise<void> {
  await send(world, samples);
  await quiet(world, 2);
}

/** Time passes with a heartbeat each second. */
async function quiet(world: DetectWorld, seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second += 1) {
    world.clock.nowMs += 1_000;
    await send(world, []);
  }
}

describe('count', () => {
  const COUNT: SignalKind = { kind: 'count', of: selector('failed_restores_total') };
  const rule = { breach: { above: 1, overMs: 10 * MINUTE, stillMs: 0, forMs: 0 }, clear: { below: 1, forMs: MINUTE } };

  test('more events than the limit within the window ask, and many more may act', async () => {
    const world = worldOf(COUNT, rule, { sources: push() });
    await quiet(world, 601);
    await send(world, [delta('failed_restores_total', { org: 'acme' }, world.clock.nowMs)]);
    expect(await world.path('acme', 'count')).toEqual([]);
    // Three where one is normal is not rare enough to act on; nine are.
    await send(world, [delta('failed_restores_total', { org: 'acme' }, world.clock.nowMs, 5)]);
    expect((await world.view('count')).level).toBe('suspect');
    await sendAndWait(world, [delta('failed_restores_total', { org: 'acme' }, world.clock.nowMs, 6)]);
    expect(await world.view('count')).toMatchObject({ status: 'breached', level: 'act', value: 12 });
  });

  test('clears when the events have left the window and the source is still heard', async () => {
    const world = worldOf(COUNT, rule, { sources: push() });
    await quiet(world, 601);
    await send(world, [delta('failed_restores_total', { org: 'acme' }, world.clock.nowMs, 12)]);
    await quiet(world, 590);
    expect((await world.view('count')).status).toBe('breached');
    await quiet(world, 90);
    expect((await world.path('acme', 'count')).at(-1)).toBe('breached→cleared');
  });
});

describe('event', () => {
  const CRASH: SignalKind = { kind: 'event', of: selector('crashes') };
  const rule = { breach: { overMs: 10 * MINUTE, stillMs: 0, forMs: 0 }, clear: { forMs: MINUTE } };

  test('one is enough, survives kill -9, and is over when it has left the window', async () => {
    const world = worldOf(CRASH, rule, { sources: push() });
    await quiet(world, 601);
    await sendAndWait(world, [delta('crashes', { org: 'acme' }, world.clock.nowMs, 1, 'crash-1')]);
    expect(await world.view('event')).toMatchObject({ status: 'breached', level: 'act', value: 1 });
    world.kill();
    await quiet(world, 30);
    expect((await world.view('event')).status).toBe('breached');
    await quiet(world, 700);
    expect(await world.path('acme', 'event')).toContain('breached→cleared');
  });
});

describe('fractionAbove', () => {
  const SLOW: SignalKind = { kind: 'fractionAbove', of: selector('latency_seconds'), limit: 0.5 };
  const rule = { breach: { above: 0.2, overMs: MINUTE, stillMs: 5_000, forMs: 0 }, clear: { below: 0.1, forMs: 30_000 } };

  test('a histogram says which share was slower, whatever the order and the writing of its buckets', async () => {
    const world = worldOf(SLOW, rule);
    const answer = (fast: number, slow: number): void => {
      world.shop.add('latency_seconds_bucket', { org: 'acme', le: '0.1' }, fast);
      world.shop.add('latency_seconds_bucket', { org: 'acme', le: '0.50' }, fast);
      world.shop.add('latency_seconds_bucket', { org: 'acme', le: '+Inf' }, fast + slow);
      world.shop.add('latency_seconds_count', { org: 'acme' }, fast + slow);
    };
    await world.run(70, () => answer(19, 1));
    expect((await world.view('fractionAbove')).value).toBeCloseTo(0.05, 5);
    await world.run(40, () => answer(10, 10));
    expect(await world.view('fractionAbove')).toMatchObject({ status: 'breached', level: 'act' });
    const { value, bad, all } = await world.view('fractionAbove');
    expect(bad / all).toBeCloseTo(value ?? 0, 10);
    expect((await world.detector.readings.read({ trigger: 'fractionAbove', scope: 'acme' })).value).toBeCloseTo(value ?? 0, 10);
    world.kill();
    await world.run(100, () => answer(20, 0));
    expect((await world.path('acme', 'fractionAbove')).at(-1)).toMatch(/→cleared$|→ok$/);
  });

  test('single values are counted one by one', async () => {
    const world = worldOf(SLOW, rule, { sources: push() });
    const serve = async (seconds: number, slow: boolean): Promise<void> => {
      for (let second = 0; second < seconds; second += 1) {
        world.clock.nowMs += 1_000;
        const at = world.clock.nowMs;
        const one = (value: number): Sample => ({ kind: 'value', name: 'latency_seconds', labels: { org: 'acme' }, at, value });
        await send(world, [one(0.2), one(slow ? 0.9 : 0.5)]);
      }
    };
    await serve(70, false);
    expect((await world.view('fractionAbove')).value).toBe(0);
    await serve(50, true);
    expect(await world.view('fractionAbove')).toMatchObject({ status: 'breached', level: 'act' });
  });
});

describe('age', () => {
  const BACKUP: SignalKind = { kind: 'age', of: selector('last_backup_seconds') };
  const rule = { breach: { above: 900, overMs: 1, stillMs: 0, forMs: 0 }, clear: { below: 900, forMs: 5_000 }, rearmMs: MINUTE };

  test('grows with time alone, is exact, and is over with the next good thing', async () => {
    const world = worldOf(BACKUP, rule);
    const backedUpAt = START / 1_000;
    const tell = async (at: number): Promise<void> =>
      send(world, [{ kind: 'value', name: 'last_backup_seconds', labels: { org: 'acme' }, at: world.clock.nowMs, value: at }]);
    for (let second = 0; second < 900; second += 1) {
      world.clock.nowMs += 1_000;
      await tell(backedUpAt);
    }
    expect(await world.view('age')).toMatchObject({ status: 'ok', value: 900 });
    world.clock.nowMs += 2_000;
    await tell(backedUpAt);
    expect(await world.view('age')).toMatchObject({ status: 'breached', level: 'act', value: 902 });
    for (let second = 0; second < 10; second += 1) {
      world.clock.nowMs += 1_000;
      await tell(world.clock.nowMs / 1_000 - 3);
    }
    expect((await world.path('acme', 'age')).at(-1)).toBe('breached→cleared');
  });

  test('is of the newest of several series, whatever their order, and older again when that one is taken away', async () => {
    const world = worldOf(BACKUP, rule);
    const tell = (ages: Readonly<Record<string, number>>): Promise<void> => {
      world.clock.nowMs += 1_000;
      const at = world.clock.nowMs;
      const samples = Object.entries(ages).map(([host, age]): Sample => {
        return { kind: 'value', name: 'last_backup_seconds', labels: { org: 'acme', host }, at, value: at / 1_000 - age };
      });
      return send(world, samples);
    };
    await tell({ a: 100, b: 5_000 });
    expect(await world.view('age')).toMatchObject({ status: 'ok', value: 100 });
    await tell({ b: 5_000, a: 100 });
    expect((await world.view('age')).value).toBe(100);
    await tell({ a: 3_000, b: 5_000 });
    expect(await world.view('age')).toMatchObject({ status: 'breached', value: 3_000 });
  });

  test('is unknown, and no breach, until its source has spoken after a start', async () => {
    const world = worldOf(BACKUP, rule);
    await send(world, [{ kind: 'value', name: 'last_backup_seconds', labels: { org: 'acme' }, at: START, value: START / 1_000 }]);
    world.kill();
    world.clock.nowMs += 3_600_000;
    await send(world, []);
    expect(await world.path('acme', 'age')).toEqual([]);
  });
});

describe('composite', () => {
  const members = ['api', 'database', 'queue'] as const;
  const composite: SignalKind = { kind: 'composite', of: [...members], atLeast: 2 };
  const world = (scope: 'org' | 'all') =>
    new DetectWorld({
      sources: push(),
      signals: [
        ...members.map((id) => ({ ...signal({ kind: 'event', of: selector(`${id}_down`) }), id })),
        { ...signal(composite), id: 'several' },
      ],
      triggers: [
        ...members.map((id) => trigger(id, { breach: { overMs: MINUTE, stillMs: 0, forMs: 0 }, clear: { forMs: 5_000 }, scope: 'org' })),
        trigger('several', { breach: { overMs: 1, stillMs: 0, forMs: 0 }, clear: { forMs: 10_000 }, scope, rearmMs: MINUTE }),
      ],
    });

  test('two or more critical components down at once breach together, one alone does not [S5-TR-17]', async () => {
    const one = world('all');
    await quiet(one, 61);
    await send(one, [delta('api_down', { org: 'acme' }, one.clock.nowMs)]);
    expect(await one.path('', 'several')).toEqual([]);
    await sendAndWait(one, [delta('database_down', { org: 'globex' }, one.clock.nowMs)]);
    expect(await one.view('several', '')).toMatchObject({ status: 'breached', level: 'act', value: 2 });
    one.kill();
    await quiet(one, 10);
    expect((await one.view('several', '')).status).toBe('breached');
    await quiet(one, 120);
    expect((await one.path('', 'several')).filter((step) => step.endsWith('→cleared'))).toHaveLength(1);
  });

  test('per organization counts what happens to that organization alone', async () => {
    const one = world('org');
    await quiet(one, 61);
    await send(one, [delta('api_down', { org: 'acme' }, one.clock.nowMs), delta('database_down', { org: 'globex' }, one.clock.nowMs)]);
    expect(await one.path('acme', 'several')).toEqual([]);
    await sendAndWait(one, [delta('queue_down', { org: 'acme' }, one.clock.nowMs)]);
    expect((await one.view('several', 'acme')).status).toBe('breached');
    expect(await one.path('globex', 'several')).toEqual([]);
  });
});

describe('what is delivered twice', () => {
  const rule = { breach: { overMs: 10 * MINUTE, stillMs: 0, forMs: 0 }, clear: { forMs: MINUTE } };
  const CRASH: SignalKind = { kind: 'event', of: selector('crashes') };

  test('is counted once: in one delivery, in the next, and after kill -9', async () => {
    const world = worldOf(CRASH, rule, { sources: push() });
    await quiet(world, 601);
    const crash = (id: string) => delta('crashes', { org: 'acme' }, world.clock.nowMs, 1, id);
    await send(world, [crash('a'), crash('a'), crash('b')]);
    await send(world, [crash('b'), crash('a')]);
    world.kill();
    await send(world, [crash('a'), crash('c')]);
    expect((await world.view('event')).value).toBe(3);
  });

  test('counts when the first delivery was refused by the store, and then once', async () => {
    const disk = new DetectWorld({ sources: push() }).disk;
    const store = createVirtualSignalStore({ disk });
    let away = true;
    const failing: typeof store = {
      ...store,
      commit: async (change) => {
        if (away && (change.events ?? []).length > 0) throw new BelayError('BELAY_STORE_UNAVAILABLE', 'no store');
        await store.commit(change);
      },
    };
    const world = new DetectWorld({ sources: push(), signals: [signal(CRASH)], triggers: [trigger('event', rule)] }, { store: failing });
    await quiet(world, 601);
    const crash = [delta('crashes', { org: 'acme' }, world.clock.nowMs, 1, 'a')];
    await expect(send(world, crash)).rejects.toMatchObject({ code: 'BELAY_STORE_UNAVAILABLE' });
    away = false;
    await send(world, crash);
    await send(world, crash);
    expect((await world.view('event')).value).toBe(1);
  });
});

describe('the cursor of a reader', () => {
  test('is handed back by the next life as it was committed with the counts, and not as it was only read', async () => {
    const given: Cursor[] = [];
    const batches: Batch[] = [];
    const source: SignalSource = {
      id: 'shop',
      everyMs: 1_000,
      run: async (deliver, signal, from = {}) => {
        given.push(from);
        for (const batch of batches.splice(0)) await deliver(batch);
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
      },
    };
    const world = new DetectWorld({ signals: [signal(ERRORS)] }, { sources: [source] });
    const batch = (offset: number): Batch => ({
      source: 'shop',
      at: world.clock.nowMs,
      alive: true,
      samples: [],
      cursor: { inode: 7, offset },
    });
    batches.push(batch(10), batch(20), {
      source: 'shop',
      at: world.clock.nowMs,
      alive: false,
      reason: 'gone',
      samples: [],
      cursor: { offset: 99 },
    });
    const live = async (): Promise<void> => {
      await world.detector.start();
      await new Promise((resolve) => setTimeout(resolve, 20));
      await world.detector.stop();
      world.kill();
    };
    await live();
    await live();
    expect(given).toEqual([{}, { inode: 7, offset: 20 }]);
  });
});

describe('labels from strangers', () => {
  test('that are long are told apart, in keys that the store can hold, and a name of 10 kB is no organization', async () => {
    const world = new DetectWorld();
    const page = (extra: number): Batch => {
      const at = world.clock.nowMs;
      const total = (code: string, path: string, total: number): Sample => ({
        kind: 'total',
        name: 'requests_total',
        labels: { org: 'acme', code, path },
        at,
        total,
      });
      const long = 'x'.repeat(10_000);
      const stranger: Sample = { kind: 'total', name: 'requests_total', labels: { org: long, code: '200' }, at, total: 5 };
      return {
        source: 'shop',
        at,
        alive: true,
        samples: [total('200', `${long}a`, 100 + extra), total('200', `${long}b`, 7 + 2 * extra), stranger],
      };
    };
    await world.detector.ingest(page(0));
    world.clock.nowMs += 1_000;
    await world.detector.ingest(page(10));
    expect((await world.view()).all).toBe(30);
    const { series, slots } = await world.store.load(0);
    expect(Math.max(...series.map((row) => Buffer.byteLength(row.series)), ...slots.map((row) => row.scope.length))).toBeLessThan(2_000);
    expect((await world.detector.readings.views('ratio')).map((view) => view.scope).sort()).toEqual(['(other)', 'acme']);
  });
});

test('what the store cannot keep is refused alone: what others deliver at the same time is taken', async () => {
  const world = new DetectWorld();
  const page = (id: string, labels: Readonly<Record<string, string>> = { org: 'acme' }): Batch => ({
    source: 'shop',
    at: world.clock.nowMs,
    alive: true,
    samples: [{ kind: 'delta', id, name: 'http_requests_total', labels, at: world.clock.nowMs, delta: 1 }],
  });
  const said = await Promise.allSettled(
    [page('good'), page('a\u0000'), page('x'.repeat(5_000)), page('b', { org: 'a\u0000' }), page('good-too')].map((one) =>
      world.detector.ingest(one),
    ),
  );
  expect(said.map((one) => (one.status === 'fulfilled' ? 'taken' : (one.reason as { code: string }).code))).toEqual([
    'taken',
    'BELAY_INPUT_INVALID',
    'BELAY_INPUT_INVALID',
    'BELAY_INPUT_INVALID',
    'taken',
  ]);
});
