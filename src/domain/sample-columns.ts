// Many samples as columns: a row each, and one object for each series however many rows are its own. Samples as objects are made of the
// rows where somebody wants objects. It knows no protocol and counts nothing.
import type { Instant } from './json.ts';
import type { Probe, Sample, SampleColumns, Samples, ToldSeries } from './signal.ts';

const FIRST_ROWS = 16;

/** Beside time and value: what few samples tell. */
export interface ToldBeside {
  readonly since?: Instant | undefined;
  readonly id?: string | undefined;
}

export class Columns implements SampleColumns {
  readonly series: ToldSeries[] = [];
  readonly probes: Probe[] = [];
  at: Float64Array;
  value: Float64Array;
  since: Float64Array | null = null;
  ids: (string | undefined)[] | null = null;

  /** `rows`: about so many are expected. */
  constructor(rows = FIRST_ROWS) {
    const capacity = Math.max(FIRST_ROWS, rows);
    this.at = new Float64Array(capacity);
    this.value = new Float64Array(capacity);
  }

  get length(): number {
    return this.series.length + this.probes.length;
  }

  add(series: ToldSeries, at: Instant, value: number): void {
    const row = this.series.length;
    if (row === this.at.length) this.#grow();
    this.series.push(series);
    this.at[row] = at;
    this.value[row] = value;
  }

  addWith(series: ToldSeries, at: Instant, value: number, { since, id }: ToldBeside): void {
    const row = this.series.length;
    this.add(series, at, value);
    if (since !== undefined) {
      this.since ??= new Float64Array(this.at.length).fill(Number.NaN);
      this.since[row] = since;
    }
    if (id !== undefined) {
      this.ids ??= [];
      this.ids[row] = id;
    }
  }

  *[Symbol.iterator](): Iterator<Sample> {
    for (let row = 0; row < this.series.length; row += 1) yield sampleAt(this, row);
    yield* this.probes;
  }

  #grow(): void {
    const larger = (from: Float64Array): Float64Array => {
      const to = new Float64Array(2 * from.length);
      to.set(from);
      return to;
    };
    const before = this.at.length;
    this.at = larger(this.at);
    this.value = larger(this.value);
    if (this.since !== null) this.since = larger(this.since).fill(Number.NaN, before);
  }
}

export const areColumns = (samples: Samples): samples is SampleColumns => 'series' in samples;

function sampleAt(columns: SampleColumns, row: number): Sample {
  const { kind, name, labels, origin } = columns.series[row] as ToldSeries;
  const at = columns.at[row] as number;
  const value = columns.value[row] as number;
  const from = origin === undefined ? {} : { origin };
  if (kind === 'value') return { kind, name, labels, ...from, at, value };
  if (kind === 'delta') {
    const id = columns.ids?.[row];
    return { kind, ...(id === undefined ? {} : { id }), name, labels, at, delta: value };
  }
  const since = columns.since?.[row] ?? Number.NaN;
  return { kind, name, labels, ...from, at, ...(Number.isNaN(since) ? {} : { since }), total: value };
}

/** The same without some rows. */
export function withoutRows(columns: SampleColumns, isLeftOut: (row: number) => boolean): SampleColumns {
  const kept = new Columns(columns.series.length);
  for (const [row, series] of columns.series.entries()) {
    if (isLeftOut(row)) continue;
    const since = columns.since?.[row] ?? Number.NaN;
    const beside = { since: Number.isNaN(since) ? undefined : since, id: columns.ids?.[row] };
    kept.addWith(series, columns.at[row] as number, columns.value[row] as number, beside);
  }
  kept.probes.push(...columns.probes);
  return kept;
}
