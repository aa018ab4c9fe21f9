// What detection remembers of samples by their labels objects: the order of a sender, and nothing that will never come again.
import { expect, test } from 'vitest';
import type { Sample } from '../../src/domain/signal.ts';
import { seriesOf } from '../../src/flows/detect/known-series.ts';
import { type KnownSample, newBook, sourceOf } from '../../src/flows/detect/track.ts';
import { ERRORS, START, signal, system, trigger } from './detect-world.ts';

type Counter = Extract<Sample, { kind: 'delta' }>;
const delta = (labels: Readonly<Record<string, string>>, name = 'requests_total'): Counter => ({
  kind: 'delta',
  name,
  labels,
  at: START,
  delta: 1,
});

function source() {
  const of = system({ signals: [signal(ERRORS)], triggers: [trigger('ratio')] });
  const book = newBook(of, START, []);
  return { book, source: sourceOf(book, of, 'shop', 1_000) };
}

function reachable(from: KnownSample | undefined): number {
  const seen = new Set<KnownSample>();
  for (const left = from === undefined ? [] : [from]; left.length > 0; ) {
    const one = left.pop();
    if (one === undefined || seen.has(one)) continue;
    seen.add(one);
    if (one.next !== null) left.push(one.next);
    if (one.other !== undefined) left.push(one.other);
  }
  return seen.size;
}

test('labels that live on hold none of the samples that came after them and never came again', () => {
  const intake = source();
  const lasting = { org: 'acme' };
  seriesOf(intake, delta(lasting));
  seriesOf(intake, delta(lasting));
  for (let n = 0; n < 5_000; n += 1) seriesOf(intake, delta({ org: 'acme', id: String(n) }));
  expect(reachable(intake.source.bySample.get(lasting))).toBeLessThan(10);
});

test('names that share their labels object are found each without being made again, and many of them are bounded', () => {
  const intake = source();
  const shared = { org: 'acme', code: '200' };
  const first = ['requests_total', 'other_total'].map((name) => seriesOf(intake, delta(shared, name)));
  for (const order of [
    [0, 1],
    [1, 0],
    [1, 1, 0],
  ])
    for (const index of order) expect(seriesOf(intake, delta(shared, ['requests_total', 'other_total'][index]))).toBe(first[index]);
  for (let n = 0; n < 2_000; n += 1) seriesOf(intake, delta(shared, `name_${n}`));
  for (let n = 0; n < 2_000; n += 1) seriesOf(intake, delta(shared, `name_${n}`));
  expect(reachable(intake.source.bySample.get(shared))).toBeLessThan(5_000);
});
