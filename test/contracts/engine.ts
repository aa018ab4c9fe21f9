// What every Engine keeps, whatever lies under it. Run on the fake and on the real one; the crash matrix is its hardest part.
import { expect, onTestFinished, test } from 'vitest';
import { BelayError } from '../../src/domain/errors.ts';
import type { Json } from '../../src/domain/json.ts';
import type { Engine, Flow } from '../../src/ports/engine.ts';
import { stops, waits } from './engine-waits.ts';
import type { EngineWorld } from './engine-world.ts';
import { freshId, reached } from './engine-world.ts';

export function engineContract(make: () => Promise<EngineWorld>): void {
  const worldOf = async (): Promise<EngineWorld> => {
    const world = await make();
    onTestFinished(() => world.stop());
    return world;
  };
  runsOnce(worldOf);
  remembers(worldOf);
  waits(worldOf);
  stops(worldOf);
}

function runsOnce(make: () => Promise<EngineWorld>): void {
  test('a run ends with what its flow returned', async () => {
    const world = await make();
    const engine = await world.live({ greet: async (_context, input) => ({ hello: input }) });
    const id = freshId();
    await engine.start('greet', 'Ana', { id });
    expect(await world.settle(engine.result(id))).toEqual({ hello: 'Ana' });
    expect((await engine.list({ status: 'done' })).map((run) => [run.id, run.flow])).toContainEqual([id, 'greet']);
    expect(await engine.find(id)).toMatchObject({ id, flow: 'greet', status: 'done' });
    expect(await engine.find(freshId())).toBeNull();
  });

  test('a second start of the same id changes nothing', async () => {
    const world = await make();
    let executed = 0;
    const flow: Flow = async (context, input) =>
      context.step('count', async () => {
        executed += 1;
        return { executed, input };
      });
    const engine = await world.live({ flow });
    const id = freshId();
    await engine.start('flow', 'first', { id });
    await engine.start('flow', 'second', { id });
    const result = await world.settle(engine.result(id));
    await engine.start('flow', 'third', { id });
    expect(result).toEqual({ executed: 1, input: 'first' });
    expect(await world.settle(engine.result(id))).toEqual(result);
    expect(executed).toBe(1);
  });

  test('an unknown run is BELAY_NOT_FOUND for signal, cancel, resume, steps and result', async () => {
    const world = await make();
    const engine = await world.live({});
    const calls: readonly (() => Promise<unknown>)[] = [
      () => engine.signal('nobody', 'topic', 1, 'key'),
      () => engine.cancel('nobody'),
      () => engine.resume('nobody'),
      () => engine.steps('nobody'),
      () => engine.result('nobody'),
    ];
    for (const call of calls) await expect(world.settle(call())).rejects.toMatchObject({ code: 'BELAY_NOT_FOUND' });
  });

  test('runs of one key never overlap and keep their order, other keys run beside them', async () => {
    const world = await make();
    const log: string[] = [];
    const flow: Flow = async (context, input) => {
      await context.step('enter', async () => log.push(`+${String(input)}`));
      await context.receive('go', world.now() + 600_000);
      await context.step('leave', async () => log.push(`-${String(input)}`));
      return null;
    };
    const engine = await world.live({ flow });
    const [first, second, other] = [freshId(), freshId(), freshId()];
    await engine.start('flow', 'first', { id: first, key: `${first}-acme` });
    await engine.start('flow', 'second', { id: second, key: `${first}-acme` });
    await engine.start('flow', 'other', { id: other, key: `${first}-other` });
    await engine.signal(second, 'go', null, 'go');
    await engine.signal(other, 'go', null, 'go');
    await world.settle(engine.result(other));
    expect(log.filter((line) => line.endsWith('second'))).toEqual([]);
    await engine.signal(first, 'go', null, 'go');
    await world.settle(engine.result(second));
    expect(log.filter((line) => !line.endsWith('other'))).toEqual(['+first', '-first', '+second', '-second']);
  });

  test('a step may start another run', async () => {
    const world = await make();
    const child = freshId();
    let engine: Engine | null = null;
    const flows: Record<string, Flow> = {
      child: async () => 'born',
      parent: async (context) =>
        context.step('spawn', async () => engine?.start('child', null, { id: child }).then(() => 'spawned') ?? null),
    };
    engine = await world.live(flows);
    const id = freshId();
    await engine.start('parent', null, { id });
    expect(await world.settle(engine.result(id))).toBe('spawned');
    expect(await world.settle(engine.result(child))).toBe('born');
  });
}

function remembers(make: () => Promise<EngineWorld>): void {
  test('a new life repeats no finished step and gives now and uuid the same answers', async () => {
    const world = await make();
    const worked: string[] = [];
    const seen: Json[] = [];
    const flow: Flow = async (context) => {
      const one = await context.step('one', async () => worked.push('one'));
      const [now, uuid] = [await context.now(), await context.uuid()];
      seen.push({ one, now, uuid });
      const word = await context.receive('word', now + 600_000);
      await context.step('two', async () => worked.push('two'));
      return { one, now, uuid, word };
    };
    const id = freshId();
    const first = await world.live({ flow });
    await first.start('flow', null, { id });
    await reached(world, () => seen.length === 1);
    const second = await world.live({ flow });
    await second.signal(id, 'word', 'go', 'word-1');
    const result = await world.settle(second.result(id));
    expect(seen).toHaveLength(2);
    expect(seen[1]).toEqual(seen[0]);
    expect(result).toEqual({ ...(seen[0] as object), word: 'go' });
    expect(worked).toEqual(['one', 'two']);
    expect(await second.steps(id)).toEqual(['one', 'two']);
  });

  test('what a step threw is remembered with its code, hint and effect, and not tried again', async () => {
    const world = await make();
    let tried = 0;
    const flow: Flow = async (context) => {
      try {
        await context.step('act', async () => {
          tried += 1;
          throw new BelayError('BELAY_ACT_FAILED', 'the door is stuck', { hint: 'Push.', effect: 'unknown' });
        });
      } catch (error) {
        await context.receive('again', (await context.now()) + 600_000);
        if (!BelayError.is(error)) throw error;
        return { code: error.code, message: error.message, hint: error.hint ?? null, effect: error.effect };
      }
      return null;
    };
    const id = freshId();
    const first = await world.live({ flow });
    await first.start('flow', null, { id });
    await reached(world, () => tried === 1);
    const second = await world.live({ flow });
    await second.signal(id, 'again', null, 'again');
    expect(await world.settle(second.result(id))).toEqual({
      code: 'BELAY_ACT_FAILED',
      message: 'the door is stuck',
      hint: 'Push.',
      effect: 'unknown',
    });
    expect(tried).toBe(1);
  });

  test('a flow that throws fails its run, and result throws the same error', async () => {
    const world = await make();
    const flow: Flow = async () => {
      throw new BelayError('BELAY_GUARD_REFUSED', 'too late', { hint: 'Roll forward.' });
    };
    const engine = await world.live({ flow });
    const id = freshId();
    await engine.start('flow', null, { id });
    const error = await world.settle(engine.result(id).catch((caught: unknown) => caught));
    expect(error).toMatchObject({ code: 'BELAY_GUARD_REFUSED', message: 'too late', hint: 'Roll forward.', effect: 'none' });
    expect((await engine.list({ status: 'failed' })).find((run) => run.id === id)?.error).toBe('too late');
  });

  test('values pass through JSON in the first life too: no undefined, no shared reference', async () => {
    const world = await make();
    const kept: { list: number[]; gone?: number | undefined } = { list: [1], gone: undefined };
    const flow: Flow = async (context) => {
      const copy = await context.step('copy', async () => kept as unknown as Json);
      kept.list.push(2);
      return { copy, keys: Object.keys(copy as object) };
    };
    const engine = await world.live({ flow });
    const id = freshId();
    await engine.start('flow', null, { id });
    expect(await world.settle(engine.result(id))).toEqual({ copy: { list: [1] }, keys: ['list'] });
  });

  test('parallel steps keep their own memories', async () => {
    const world = await make();
    const worked: string[] = [];
    const flow: Flow = async (context) => {
      const both = await Promise.all(['a', 'b', 'c'].map((name) => context.step(name, async () => `${name}${worked.push(name)}`)));
      await context.receive('go', (await context.now()) + 600_000);
      return both;
    };
    const id = freshId();
    const first = await world.live({ flow });
    await first.start('flow', null, { id });
    await reached(world, async () => (await first.steps(id)).length === 3);
    const second = await world.live({ flow });
    await second.signal(id, 'go', null, 'go');
    const result = (await world.settle(second.result(id))) as string[];
    expect(result.map((entry) => entry[0])).toEqual(['a', 'b', 'c']);
    expect(worked.toSorted()).toEqual(['a', 'b', 'c']);
  });

  test('a step name used twice in one run is refused', async () => {
    const world = await make();
    const flow: Flow = async (context) => {
      await context.step('same', async () => 1);
      return context.step('same', async () => 2);
    };
    const engine = await world.live({ flow });
    const id = freshId();
    await engine.start('flow', null, { id });
    await expect(world.settle(engine.result(id))).rejects.toThrow(/same is used twice/);
  });

  test('patched is true in runs that begin with the patch and false in older ones', async () => {
    const world = await make();
    const before: Flow = async (context) => {
      await context.step('old', async () => 1);
      await context.receive('go', (await context.now()) + 600_000);
      return null;
    };
    const after: Flow = async (context) => {
      if (await context.patched('better')) await context.step('new', async () => 1);
      await context.step('old', async () => 1);
      await context.receive('go', (await context.now()) + 600_000);
      return null;
    };
    const [old, young] = [freshId(), freshId()];
    const first = await world.live({ flow: before });
    await first.start('flow', null, { id: old });
    await reached(world, async () => (await first.steps(old)).length === 1);
    const second = await world.live({ flow: after });
    await second.start('flow', null, { id: young });
    for (const id of [old, young]) await second.signal(id, 'go', null, 'go');
    await world.settle(Promise.all([second.result(old), second.result(young)]));
    expect(await second.steps(old)).toEqual(['old']);
    expect(await second.steps(young)).toEqual(['new', 'old']);
  });

  test('publish shows the last value, null before the first', async () => {
    const world = await make();
    const flow: Flow = async (context) => {
      await context.publish('phase', 'first');
      await context.publish('phase', { now: 'second' });
      return null;
    };
    const engine = await world.live({ flow });
    const id = freshId();
    await engine.start('flow', null, { id });
    await world.settle(engine.result(id));
    expect(await engine.published(id, 'phase')).toEqual({ now: 'second' });
    expect(await engine.published(id, 'other')).toBeNull();
  });
}
