// The series that a row belongs to: found without a look-up where a source repeats itself, made where it is new.
import type { ToldSeries } from '../../domain/signal.ts';
import { originOf } from './origins.ts';
import { seriesKey, withoutValues } from './series-key.ts';
import { targetsOf } from './targets.ts';
import { noteTold } from './told.ts';
import type { Book, Series, SourceState, Target } from './track.ts';

/** Of what a source tells again and again nothing is parsed or matched twice. */
export function seriesOf(book: Book, source: SourceState, told: ToldSeries): Series {
  const last = source.lastSeries;
  const guess = last === null ? null : last.next;
  if (guess !== null && guess.told === told) {
    source.lastSeries = guess;
    return guess;
  }
  const cached = source.byTold.get(told);
  const series = cached ?? madeSeries(book, source, told);
  source.lastSeries = series;
  if (cached === undefined) {
    // What is told for the first time may never come again: nobody points at it, or one that lives on would hold all that ever came.
    source.byTold.set(told, series);
    return series;
  }
  series.told = told;
  if (last !== null) last.next = series;
  return series;
}

function madeSeries(book: Book, source: SourceState, told: ToldSeries): Series {
  const { name, labels } = told;
  const key = seriesKey(name, book.hashed.size === 0 ? labels : withoutValues(labels, book.hashed));
  // These labels: asked for again, `told` would keep them.
  noteTold({ hashed: book.hashed, told: source.told }, key, { name, labels });
  let series = source.series.get(key);
  if (series === undefined) {
    const origin = told.kind === 'delta' || told.origin === undefined ? null : originOf(source.origins, told.origin);
    const targets = targetsOf(book, source, name, labels);
    const kept = isKept(book, told.kind, labels, targets);
    const plain = kept && targets.every(isPlain);
    const { storedAt = 0 } = source.restored.get(key) ?? {};
    series = { key, targets, kept, isPlain: plain, last: lastOf(source, key), storedAt, changedIn: 0, origin, told: null, next: null };
    source.restored.delete(key);
    // Senders hand on far more series than any signal names: of those nothing is kept but what hangs on their labels.
    if (series.kept) source.series.set(key, series);
  }
  return series;
}

function lastOf({ id, restored }: SourceState, series: string): Series['last'] {
  const state = restored.get(series);
  return state === undefined ? undefined : { source: id, series, total: state.total, at: state.at };
}

/** Increments need no memory, nor do values that only tell whom they are of: of both there may be millions. */
function isKept({ hashed }: Book, kind: ToldSeries['kind'], labels: ToldSeries['labels'], targets: readonly Target[]): boolean {
  if (kind !== 'delta') return targets.some(({ track }) => kind === 'total' || track.values === null);
  return targets.length > 0 && (hashed.size === 0 || !Object.keys(labels).some((label) => hashed.has(label)));
}

const PLAIN: ReadonlySet<string> = new Set(['ratio', 'rate', 'count', 'event', 'mean']);

const isPlain = ({ track, needs }: Target): boolean => needs === null && track.limit === null && PLAIN.has(track.spec.signal.kind);

/** Some signal counts it. */
export const isCounted = (book: Book, source: SourceState, told: ToldSeries): boolean => seriesOf(book, source, told).targets.length > 0;
