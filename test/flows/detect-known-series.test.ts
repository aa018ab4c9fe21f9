// What detection remembers of samples by their labels objects: the order of a sender, and nothing that will never come again.
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import type { Sample, ToldSeries } from '../../src/domain/signal.ts';
import { seriesOf } from '../../src/flows/detect/known-series.ts';
import { Telling } from '../../src/flows/detect/telling.ts';
import { newBook, type Series, sourceOf } from '../../src/flows/detect/track.ts';
import { ERRORS, START, signal, system, trigger } from './detect-world.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

type Counter = Extract<Sample, { kind: 'delta' }>;
const delta = (labels: Readonly<Record<string, string>>, name = 'requests_total'): Counter => ({
  kind: 'delta',
  name,
  labels,
  at: START,
  delta: 1,
});

class Source {
  readonly #of = system({ signals: [signal(ERRORS)], triggers: [trigger('ratio')] });
  readonly #book = newBook(this.#of, START, []);
  readonly #source = sourceOf(this.#book, this.#of, 'shop', 1_000);
  readonly #telling = new Telling('shop');

  /** As a source that hands over objects tells it. */
  told(sample: Sample): ToldSeries {
    const [told] = this.#telling.columnsOf([sample]).series;
    if (told === undefined) throw new Error('a sample is a row');
    return told;
  }

  series(told: ToldSeries): Series {
    return seriesOf(this.#book, this.#source, told);
  }
}

async function alive(refs: readonly WeakRef<object>[]): Promise<number> {
  await setImmediate();
  collect();
  return refs.filter((ref) => ref.deref() !== undefined).length;
}

/** Of each name the labels of ten series are remembered for whoever writes a selector. */
const FEW = 30;

test('labels that live on hold none of the samples that came after them and never came again', async () => {
  const source = new Source();
  const lasting = { org: 'acme' };
  const refs: WeakRef<object>[] = [];
  const tell = (labels: Readonly<Record<string, string>>): Series => {
    refs.push(new WeakRef(labels));
    return source.series(source.told(delta(labels)));
  };
  const first = tell(lasting);
  expect(tell(lasting)).toBe(first);
  for (let n = 0; n < 5_000; n += 1) tell({ org: 'acme', id: String(n) });
  expect(await alive(refs)).toBeLessThan(FEW);
  expect(tell(lasting)).toBe(first);
});

test('series that a decoder tells once are held by none that it tells again and again', async () => {
  const source = new Source();
  const lasting: ToldSeries = { kind: 'total', name: 'requests_total', labels: { org: 'acme' }, origin: undefined };
  const refs: WeakRef<object>[] = [];
  const tell = (told: ToldSeries): Series => {
    refs.push(new WeakRef(told));
    return source.series(told);
  };
  const first = tell(lasting);
  expect(tell(lasting)).toBe(first);
  for (let n = 0; n < 5_000; n += 1) {
    tell({ ...lasting, labels: { org: 'acme', id: String(n) } });
    tell({ ...lasting, name: 'other_total', labels: { org: 'acme', id: String(n) } });
  }
  expect(await alive(refs)).toBeLessThan(FEW);
  expect(tell(lasting)).toBe(first);
});

test('names that share their labels object are found each without being made again, and many of them are bounded', async () => {
  const source = new Source();
  const shared = { org: 'acme', code: '200' };
  const refs: WeakRef<object>[] = [];
  const tell = (name: string): ToldSeries => {
    const told = source.told(delta(shared, name));
    refs.push(new WeakRef(told));
    source.series(told);
    return told;
  };
  const names = ['requests_total', 'other_total'] as const;
  const first = names.map((name) => tell(name));
  for (const order of [
    [0, 1],
    [1, 0],
    [1, 1, 0],
  ] as const)
    for (const index of order) expect(tell(names[index])).toBe(first[index]);
  for (let n = 0; n < 2_000; n += 1) tell(`name_${n}`);
  for (let n = 0; n < 2_000; n += 1) tell(`name_${n}`);
  expect(await alive(refs)).toBeLessThan(100);
});
