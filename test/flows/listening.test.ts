// A source that speaks only when something happens: its beats, what it holds, what it does when the store is away, and its bounds.
import { describe, expect, test } from 'vitest';
import { createVirtualTime } from '../../src/adapters/virtual/time.ts';
import { BelayError } from '../../src/domain/errors.ts';
import type { Batch, Cursor, Sample } from '../../src/domain/signal.ts';
import { DROPPED, listening, SERIES_CAP } from '../../src/flows/detect/listening.ts';
import type { Decoded, Received } from '../../src/ports/signal-source.ts';

const HOUR = 3_600_000;
const START = Date.parse('2026-03-01T12:00:00Z');
const REPLY = { status: 200, body: 'thanks' };

async function world(from: Cursor = {}) {
  const time = createVirtualTime(START);
  const batches: Batch[] = [];
  let next: Omit<Decoded, 'reply'> = { samples: [] };
  let away = false;
  const source = listening({ id: 'hooks', everyMs: 10_000, decode: () => ({ ...next, reply: REPLY }) }, time);
  const abort = new AbortController();
  const run = source.run(
    async (batch) => {
      if (away) throw new BelayError('BELAY_STORE_UNAVAILABLE', 'no store');
      batches.push(batch);
    },
    abort.signal,
    from,
  );
  await time.runUntilIdle();
  const receive = (decoded: Omit<Decoded, 'reply'> = { samples: [] }) => {
    next = decoded;
    const request: Received = { method: 'POST', path: '', headers: {}, body: new Uint8Array(), at: time.now() };
    return source.receive(request);
  };
  return {
    time,
    batches,
    receive,
    store: (takes: boolean) => {
      away = !takes;
    },
    stop: async () => {
      abort.abort();
      await run;
    },
  };
}

const one = (labels: Readonly<Record<string, string>> = {}): Sample => ({ kind: 'delta', name: 'things', labels, at: START, delta: 1 });
const down = (value: number, until: number) => ({ thing: 'it', name: 'down', labels: {}, value, until });
const standing = (value: number, until: number) => [down(value, until)];

describe('a listening source', () => {
  test('speaks at once and at every beat, so that quiet is known to be quiet', async () => {
    const { time, batches, stop } = await world();
    await time.advance(30_000);
    expect(batches.map((batch) => [batch.at - START, batch.alive, batch.samples.length])).toEqual([
      [0, true, 0],
      [10_000, true, 0],
      [20_000, true, 0],
      [30_000, true, 0],
    ]);
    await stop();
  });

  test('tells a state at every beat until its time is over, in this life and from the cursor in the next', async () => {
    const first = await world();
    await first.receive({ samples: [], standing: standing(1, START + 25_000) });
    await first.time.advance(30_000);
    const values = (batches: readonly Batch[]) =>
      batches.map((batch) => batch.samples.map((sample) => (sample.kind === 'value' ? sample.value : null)));
    expect(values(first.batches)).toEqual([[], [1], [1], [1], []]);
    await first.stop();
    const second = await world(first.batches[1]?.cursor);
    expect(values(second.batches)).toEqual([[1]]);
    await second.stop();
  });

  test('answers when the samples are durable, and keeps no state that was refused', async () => {
    const { time, batches, receive, store, stop } = await world();
    store(false);
    await expect(receive({ samples: [one()], standing: standing(1, START + HOUR) })).rejects.toThrow('no store');
    await time.advance(20_000);
    store(true);
    await time.advance(10_000);
    expect(batches.at(-1)?.samples).toEqual([]);
    expect(await receive({ samples: [one()] })).toBe(REPLY);
    expect(batches.at(-1)?.samples).toEqual([one()]);
    await stop();
    await expect(receive()).rejects.toThrow('is not being read now');
  });

  test('counts what comes after too many series under one label, and states for which there is no room', async () => {
    const { batches, receive, stop } = await world();
    await receive({ samples: Array.from({ length: SERIES_CAP }, (_, n) => one({ id: String(n), org: 'acme' })) });
    await receive({ samples: [one({ id: 'new', org: 'acme' }), one({ id: '7', org: 'acme' })] });
    expect(batches.at(-1)?.samples.map((sample) => ('labels' in sample ? sample.labels : null))).toEqual([
      { id: '(other)', org: '(other)' },
      { id: '7', org: 'acme' },
    ]);
    expect(batches.map((batch) => batch.folded)).toEqual([...batches.slice(1).map(() => undefined), 1]);
    await receive({
      samples: [],
      standing: Array.from({ length: 1_002 }, (_, n) => ({ ...down(1, START + HOUR), labels: { n: String(n) } })),
    });
    expect(batches.at(-1)?.samples.find((sample) => 'name' in sample && sample.name === DROPPED)).toMatchObject({ delta: 2 });
    // States that come after the cap are folded, too; whoever asks later is still told.
    expect(batches.at(-1)?.folded).toBeGreaterThan(1);
    await stop();
  });

  test('hides no mistake of our own', async () => {
    const time = createVirtualTime(START);
    const source = listening({ id: 'hooks', everyMs: 10_000, decode: () => ({ samples: [], reply: REPLY }) }, time);
    const run = source.run(async () => Promise.reject(new TypeError('a bug')), new AbortController().signal);
    await expect(run).rejects.toThrow('a bug');
  });
});
