// Signals: what is measured, from where, and the samples that arrive. Scopes are organizations, or '' for the whole system.
import type { Instant } from './json.ts';

/** '' is the scope of a signal without `by`. */
export type ScopeKey = string;
/** Where scopes beyond a signal's `max`, and samples without the scope's label, are counted: it may notify, never act. */
export const OVERFLOW_SCOPE: ScopeKey = '(other)';

/** A counter of a Prometheus-like page: name and label matchers. */
export interface Selector {
  readonly name: string;
  readonly labels: readonly { readonly label: string; readonly op: '=' | '!=' | '=~' | '!~'; readonly value: string }[];
}

export type SignalKind =
  | { readonly kind: 'ratio'; readonly bad: Selector; readonly all: Selector }
  /** Events above the limit: from a histogram (`<name>_bucket`, `<name>_count`), or from single values. The limit in the metric's unit. */
  | { readonly kind: 'fractionAbove'; readonly of: Selector; readonly limit: number }
  /** The value that a share q of the events stays below: judged by the share above the trigger's limit. */
  | { readonly kind: 'quantile'; readonly of: Selector; readonly q: number }
  | { readonly kind: 'rate'; readonly of: Selector }
  | { readonly kind: 'count'; readonly of: Selector }
  /** As `count`, and one is enough. */
  | { readonly kind: 'event'; readonly of: Selector }
  /** Different values of a label that were seen: users, phones, people who report. */
  | { readonly kind: 'distinct'; readonly of: Selector; readonly label: string }
  /** Seconds since the last good thing: the samples are instants, in seconds since 1970 (as Prometheus writes them). */
  | { readonly kind: 'age'; readonly of: Selector }
  | { readonly kind: 'mean'; readonly sum: Selector; readonly count: Selector }
  | { readonly kind: 'gauge'; readonly of: Selector }
  | { readonly kind: 'absent'; readonly of: Selector }
  | { readonly kind: 'probe'; readonly source: string; readonly failing: number; readonly consecutive: number }
  /** So many of these triggers are in breach, in the same scope. */
  | { readonly kind: 'composite'; readonly of: readonly string[]; readonly atLeast: number }
  | { readonly kind: 'manual'; readonly who: readonly string[]; readonly ask: string };

export interface SignalSpec {
  readonly id: string;
  readonly signal: SignalKind;
  /** The label that is the scope, or null for one scope. */
  readonly by: string | null;
  /** Cap on the fan-out; the rest shares one scope that may notify but never act. */
  readonly max: number;
  /** Bound on disorder, ms. */
  readonly lateMs: number;
  /** Silence after which a scope is unknown: a multiple of the source's cadence, or ms. */
  readonly absentAfter: { readonly cadences: number } | { readonly ms: number };
  /** Sources that feed it; empty: any whose samples match. */
  readonly sources: readonly string[];
}

/**
 * What a source hands over, in event time. Counters are cumulative (`total`) or increments (`delta`);
 * turning totals into increments, resets included, is `domain/counter.ts`.
 */
export type Sample =
  | {
      readonly kind: 'total';
      readonly name: string;
      readonly labels: Readonly<Record<string, string>>;
      /** Which of the programs behind the source it is of: what was never heard of one that was is new, and counts from 0. */
      readonly origin?: string;
      readonly at: Instant;
      /** When it was 0, where its sender tells it. */
      readonly since?: Instant;
      readonly total: number;
    }
  | {
      readonly kind: 'delta';
      /** Of the event that it counts: within a week, a second one of its source and name is not counted. */
      readonly id?: string;
      readonly name: string;
      readonly labels: Readonly<Record<string, string>>;
      readonly at: Instant;
      readonly delta: number;
    }
  | {
      readonly kind: 'value';
      readonly name: string;
      readonly labels: Readonly<Record<string, string>>;
      readonly origin?: string;
      readonly at: Instant;
      readonly value: number;
    }
  | { readonly kind: 'probe'; readonly point: string; readonly at: Instant; readonly ok: boolean; readonly detail: string };

export type Probe = Extract<Sample, { kind: 'probe' }>;

/** A series as its source tells it. Whoever tells it again and again hands over the same object. */
export interface ToldSeries {
  readonly kind: Exclude<Sample['kind'], 'probe'>;
  readonly name: string;
  /** No text in it holds U+0000. It may be read anew each time that it is asked for: not for every sample. */
  readonly labels: Readonly<Record<string, string>>;
  readonly origin: string | undefined;
}

/** The same as many samples, in columns: row n is the n-th. How they are made, and samples of them, is domain/sample-columns.ts. */
export interface SampleColumns extends Iterable<Sample> {
  /** One a row; the other columns may be longer. */
  readonly series: readonly ToldSeries[];
  readonly at: Float64Array;
  /** What the series' kind says: total, delta or value. */
  readonly value: Float64Array;
  /** NaN in rows that tell none; null where none does. */
  readonly since: Float64Array | null;
  readonly ids: readonly (string | undefined)[] | null;
  readonly probes: readonly Probe[];
  /** Of rows and probes. */
  readonly length: number;
}

export type Samples = readonly Sample[] | SampleColumns;

/** Where a reading ended, in numbers that mean something to its source alone. */
export type Cursor = Readonly<Record<string, number>>;

/**
 * One delivery of a source: an empty one with `alive` false says that the source could not be read. Few sources speak in columns: those
 * whose samples are many.
 */
export interface Batch<S extends Samples = readonly Sample[]> {
  readonly source: string;
  readonly at: Instant;
  readonly alive: boolean;
  readonly reason?: string;
  readonly samples: S;
  /** Samples of this source, since it began to listen, whose series were beyond its cap: they count as `(other)`. */
  readonly folded?: number;
  /** Its sender left something out: what it tells is incomplete. */
  readonly truncated?: true;
  /** Kept in the transaction of the samples: the next life reads on from there, and nothing is counted twice. */
  readonly cursor?: Cursor;
}
