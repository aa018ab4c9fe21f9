// The part of the engine's contract about waiting and stopping: signals, deadlines, sleep, cancel, resume, close.
import { expect, test } from 'vitest';
import { BelayError } from '../../src/domain/errors.ts';
import type { Json } from '../../src/domain/json.ts';
import type { Flow, FlowContext } from '../../src/ports/engine.ts';
import type { EngineWorld } from './engine-world.ts';
import { freshId, reached } from './engine-world.ts';

export function waits(make: () => Promise<EngineWorld>): void {
  const taker: Flow = async (context, input) => {
    const taken: Json[] = [];
    const deadline = (await context.now()) + 600_000;
    for (let count = 0; count < (input as number); count += 1) taken.push(await context.receive('word', deadline));
    return taken;
  };

  test('signals wait in order, and one key counts once, received or not', async () => {
    const world = await make();
    const engine = await world.live({ taker });
    const id = freshId();
    await engine.start('taker', 3, { id });
    for (const word of ['a', 'b']) await engine.signal(id, 'word', word, `key-${word}`);
    await engine.signal(id, 'word', 'a again', 'key-a');
    await engine.signal(id, 'other', 'x', 'key-x');
    await engine.signal(id, 'word', 'c', 'key-c');
    expect(await world.settle(engine.result(id))).toEqual(['a', 'b', 'c']);
    await engine.signal(id, 'word', 'd', 'key-d');
  });

  test('receive gives null at its deadline, and a waiting value even when the deadline is past', async () => {
    const world = await make();
    const flow: Flow = async (context) => {
      const started = await context.now();
      const nothing = await context.receive('nothing', started + 300);
      const waited = (await context.now()) - started;
      await context.receive('ready', started + 600_000);
      return { nothing, late: waited >= 300 && waited < 5_000, value: await context.receive('early', started) };
    };
    const engine = await world.live({ flow });
    const id = freshId();
    await engine.start('flow', null, { id });
    await engine.signal(id, 'early', 'bird', 'early');
    await engine.signal(id, 'ready', true, 'ready');
    expect(await world.settle(engine.result(id))).toEqual({ nothing: null, late: true, value: 'bird' });
  });

  test('a sleep ends at its instant although the process died in between, and a past instant costs nothing', async () => {
    const world = await make();
    const flow: Flow = async (context) => {
      const started = await context.now();
      await context.sleepUntil(started - 1_000);
      await context.sleepUntil(started + 1_500);
      return (await context.now()) - started;
    };
    const id = freshId();
    const first = await world.live({ flow });
    await first.start('flow', null, { id });
    await reached(world, async () => (await first.list({ status: 'running' })).some((run) => run.id === id));
    const second = await world.live({ flow });
    const slept = (await world.settle(second.result(id))) as number;
    expect(slept).toBeGreaterThanOrEqual(1_500);
    expect(slept).toBeLessThan(6_000);
  });
}

export function stops(make: () => Promise<EngineWorld>): void {
  test('cancel stops at the next step boundary, resume goes on from there', async () => {
    const world = await make();
    const worked: string[] = [];
    let release: () => void = () => undefined;
    let holding = true;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const flow: Flow = async (context) => {
      await context.step('one', async () => worked.push('one'));
      await context.step('two', async () => {
        worked.push('two');
        if (holding) await gate;
        return null;
      });
      await context.step('three', async () => worked.push('three'));
      return 'through';
    };
    const engine = await world.live({ flow });
    const id = freshId();
    await engine.start('flow', null, { id });
    await reached(world, () => worked.includes('two'));
    await engine.cancel(id);
    const error = await world.settle(engine.result(id).catch((caught: unknown) => caught));
    expect(BelayError.is(error, 'BELAY_RUN_CANCELLED')).toBe(true);
    holding = false;
    release();
    await reached(world, async () => (await engine.list({ status: 'cancelled' })).some((run) => run.id === id));
    expect(worked).toEqual(['one', 'two']);
    await engine.resume(id);
    expect(await world.settle(engine.result(id))).toBe('through');
    expect(worked.filter((name) => name === 'one')).toHaveLength(1);
    expect(worked.filter((name) => name === 'three')).toHaveLength(1);
    expect(worked.filter((name) => name === 'two').length).toBeLessThanOrEqual(2);
  });

  test('a run cancelled while it waits frees its key', async () => {
    const world = await make();
    const flow: Flow = async (context: FlowContext, input) => {
      if (input === 'wait') await context.receive('never', (await context.now()) + 600_000);
      return input;
    };
    const engine = await world.live({ flow });
    const [first, second] = [freshId(), freshId()];
    await engine.start('flow', 'wait', { id: first, key: first });
    await engine.start('flow', 'next', { id: second, key: first });
    await reached(world, async () => (await engine.list({ status: 'running' })).some((run) => run.id === first));
    await engine.cancel(first);
    expect(await world.settle(engine.result(second))).toBe('next');
  });

  test('resume of a finished run changes nothing', async () => {
    const world = await make();
    let executed = 0;
    const flow: Flow = async (context) =>
      context.step('once', async () => {
        executed += 1;
        return executed;
      });
    const engine = await world.live({ flow });
    const id = freshId();
    await engine.start('flow', null, { id });
    await world.settle(engine.result(id));
    await engine.resume(id);
    await engine.cancel(id);
    expect(await world.settle(engine.result(id))).toBe(1);
    expect(executed).toBe(1);
  });

  test('a closed engine starts no further step; its process may not act', async () => {
    const world = await make();
    const worked: string[] = [];
    const flow: Flow = async (context) => {
      await context.step('one', async () => worked.push('one'));
      await context.receive('go', (await context.now()) + 600_000);
      await context.step('two', async () => worked.push('two'));
      return null;
    };
    const engine = await world.live({ flow });
    expect(await engine.mayAct()).toBe(true);
    const id = freshId();
    await engine.start('flow', null, { id });
    await reached(world, () => worked.length === 1);
    await engine.close();
    expect(await engine.mayAct()).toBe(false);
    const next = await world.live({ flow });
    await next.signal(id, 'go', null, 'go');
    await world.settle(next.result(id));
    expect(worked).toEqual(['one', 'two']);
  });
}
