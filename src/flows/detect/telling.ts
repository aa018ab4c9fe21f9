// Samples as columns, for sources that hand over objects: their series are known again by the labels that a source keeps. What cannot be
// kept at all is refused here, before a delivery shares a commit with others: what the store refuses of one sender must refuse nothing of
// another.
import { BelayError } from '../../domain/errors.ts';
import { areColumns, Columns } from '../../domain/sample-columns.ts';
import type { Batch, Sample, SampleColumns, Samples, ToldSeries } from '../../domain/signal.ts';
import type { Delivery } from './intake.ts';

type Counted = Exclude<Sample, { kind: 'probe' }>;

/** An id is a key of the store. */
const LONGEST_ID = 400;
/** A character that no text in Postgres can hold. */
const NUL = '\u0000';

interface Seen {
  readonly series: ToldSeries;
  /** What came behind it the last time: sources keep their order, and comparing is far cheaper than looking up. */
  next: Seen | null;
  /** Another series with the same labels object. */
  other: Seen | undefined;
}

/** So many series may share their labels object. */
const MOST_SHARING = 64;

/** Of all sources. */
export class Tellings {
  readonly #bySource = new Map<string, Telling>();

  /** @throws BELAY_INPUT_INVALID */
  deliveryOf({ samples, ...told }: Batch<Samples>): Delivery {
    const telling = this.#bySource.get(told.source) ?? new Telling(told.source);
    this.#bySource.set(told.source, telling);
    return { ...told, columns: telling.columnsOf(samples) };
  }
}

/** Of one source. */
export class Telling {
  readonly #source: string;
  readonly #byLabels = new WeakMap<object, Seen>();
  #last: Seen | null = null;

  constructor(source: string) {
    this.#source = source;
  }

  /** @throws BELAY_INPUT_INVALID */
  columnsOf(samples: Samples): SampleColumns {
    if (areColumns(samples)) {
      for (const id of samples.ids ?? []) this.#demandFit(id);
      return samples;
    }
    const columns = new Columns(samples.length);
    for (const sample of samples) {
      if (sample.kind === 'probe') {
        columns.probes.push(sample);
        continue;
      }
      const series = this.#seriesOf(sample);
      if (sample.kind === 'value') columns.add(series, sample.at, sample.value);
      else if (sample.kind === 'total') columns.addWith(series, sample.at, sample.total, sample);
      else {
        this.#demandFit(sample.id);
        columns.addWith(series, sample.at, sample.delta, { id: sample.id });
      }
    }
    return columns;
  }

  #seriesOf(sample: Counted): ToldSeries {
    const guess = this.#last?.next ?? null;
    const found = guess !== null && isOf(guess.series, sample) ? guess : this.#lookedUp(sample);
    this.#last = found;
    return found.series;
  }

  #lookedUp(sample: Counted): Seen {
    const first = this.#byLabels.get(sample.labels);
    const found = seenAs(first, sample);
    // What is seen for the first time may never come again: nobody points at it, or one that lives on would hold all that ever came.
    if (found === undefined) return this.#made(sample, first);
    if (this.#last !== null) this.#last.next = found;
    return found;
  }

  #made(sample: Counted, other: Seen | undefined): Seen {
    const { kind, name, labels } = sample;
    for (const label in labels) if (labels[label]?.includes(NUL) === true) throw this.#unfit('a label with U+0000 in it');
    const made = { series: { kind, name, labels, origin: originOf(sample) }, next: null, other };
    this.#byLabels.set(labels, made);
    return made;
  }

  #demandFit(id: string | undefined): void {
    if (id !== undefined && (id.length > LONGEST_ID || id.includes(NUL)))
      throw this.#unfit(`an id of more than ${LONGEST_ID} characters, or with U+0000 in it`);
  }

  #unfit(what: string): BelayError {
    return new BelayError('BELAY_INPUT_INVALID', `source ${this.#source}: a sample has ${what}`, {
      hint: 'Nothing of this delivery was counted: send it without.',
    });
  }
}

function seenAs(first: Seen | undefined, sample: Counted): Seen | undefined {
  let seen = first;
  for (let count = 0; seen !== undefined && !isOf(seen.series, sample); count += 1) {
    if (count === MOST_SHARING) seen.other = undefined;
    seen = seen.other;
  }
  return seen;
}

const originOf = (sample: Counted): string | undefined => (sample.kind === 'delta' ? undefined : sample.origin);

const isOf = (series: ToldSeries, sample: Counted): boolean =>
  series.labels === sample.labels && series.name === sample.name && series.kind === sample.kind && series.origin === originOf(sample);
