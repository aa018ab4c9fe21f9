// The series that a sample belongs to: found without a look-up where a source repeats itself, made where it is new.
import type { CounterState } from '../../domain/counter.ts';
import { originOf } from './origins.ts';
import { type CounterSample, seriesKey, withoutValues } from './series-key.ts';
import { targetsOf } from './targets.ts';
import { noteTold } from './told.ts';
import type { Book, KnownSample, Series, SourceState, Target } from './track.ts';

/** A source may hand over the same labels object again and again: then nothing is parsed or matched twice. */
export function seriesOf({ book, source }: { readonly book: Book; readonly source: SourceState }, sample: CounterSample): Series {
  const { name, labels } = sample;
  const last = source.lastSample;
  const guess = last?.next ?? null;
  if (guess !== null && guess.labels === labels && guess.name === name) {
    source.lastSample = guess;
    return guess.series;
  }
  const cached = source.bySample.get(labels);
  const known = namedOf(cached, name) ?? { name, labels, series: madeSeries(book, source, sample), next: null, other: cached };
  if (known.other === cached) source.bySample.set(labels, known);
  // Labels that are seen for the first time may never come again: nobody points at them, or one that lives on would hold all that ever came.
  if (last !== null && cached !== undefined) last.next = known;
  source.lastSample = known;
  return known.series;
}

/** So many names may share their labels object. */
const MOST_NAMES = 64;

function namedOf(first: KnownSample | undefined, name: string): KnownSample | undefined {
  let known = first;
  for (let count = 0; known !== undefined && known.name !== name; count += 1) {
    if (count === MOST_NAMES) known.other = undefined;
    known = known.other;
  }
  return known;
}

function madeSeries(book: Book, source: SourceState, sample: CounterSample): Series {
  const { name, labels } = sample;
  const key = seriesKey(name, book.hashed.size === 0 ? labels : withoutValues(labels, book.hashed));
  noteTold({ hashed: book.hashed, told: source.told }, key, sample);
  let series = source.series.get(key);
  if (series === undefined) {
    const origin = sample.kind === 'delta' || sample.origin === undefined ? null : originOf(source.origins, sample.origin);
    const targets = targetsOf(book, source, name, labels);
    const restored = source.restored.get(key);
    const previous = copied(restored);
    const { storedAt = 0 } = restored ?? {};
    series = { key, targets, kept: isKept(book, sample, targets), isPlain: targets.every(isPlain), previous, storedAt, origin };
    source.restored.delete(key);
    // Senders hand on far more series than any signal names: of those nothing is kept but what hangs on their labels.
    if (series.kept) source.series.set(key, series);
  }
  return series;
}

const copied = (state: CounterState | undefined): Series['previous'] =>
  state === undefined ? undefined : { total: state.total, at: state.at };

/** Increments need no memory, nor do values that only tell whom they are of: of both there may be millions. */
function isKept({ hashed }: Book, sample: CounterSample, targets: readonly Target[]): boolean {
  if (sample.kind !== 'delta') return targets.some(({ track }) => sample.kind === 'total' || track.values === null);
  return targets.length > 0 && (hashed.size === 0 || !Object.keys(sample.labels).some((label) => hashed.has(label)));
}

const PLAIN: ReadonlySet<string> = new Set(['ratio', 'rate', 'count', 'event', 'mean']);

const isPlain = ({ track, needs }: Target): boolean => needs === null && track.limit === null && PLAIN.has(track.spec.signal.kind);

/** Some signal counts it. */
export const isCounted = (book: Book, source: SourceState, sample: CounterSample): boolean =>
  seriesOf({ book, source }, sample).targets.length > 0;
