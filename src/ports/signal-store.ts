// Durable detection: slots of counts, last values of counters, trigger states and their transitions.
import type { Instant, Json } from '../domain/json.ts';
import type { MinuteRow } from '../domain/minutes.ts';
import type { Transition } from '../domain/trigger.ts';

export interface SlotRow {
  readonly signal: string;
  readonly scope: string;
  /** Start of the slot, event time. */
  readonly slot: Instant;
  readonly bad: number;
  readonly all: number;
  /** For mean and gauge. */
  readonly sum: number;
}
export interface SeriesRow {
  readonly source: string;
  readonly series: string;
  readonly total: number;
  readonly at: Instant;
}
/** The serialised state of one (trigger, scope); its content is `domain/trigger.ts`' business. */
export interface StateRow {
  readonly trigger: string;
  readonly scope: string;
  readonly state: Json;
}

/** An event that was counted: a second delivery of it is not. */
export interface EventRow {
  readonly source: string;
  readonly id: string;
  readonly at: Instant;
}

/** A value that was seen, told by its digest: the newest slot counts. */
export interface SeenRow {
  readonly signal: string;
  readonly scope: string;
  readonly digest: number;
  /** Start of the slot, event time. */
  readonly slot: Instant;
  /** One of 2^depth values was kept then. */
  readonly depth: number;
}

export interface SignalStore {
  /**
   * One transaction: increments are added to slots, totals and states replaced, values seen in their newest slot, transitions appended (one that is known is not).
   * @throws BELAY_STORE_UNAVAILABLE; after effect `unknown` load again before going on: increments must not be added twice.
   */
  commit(change: {
    readonly slots: readonly SlotRow[];
    readonly series: readonly SeriesRow[];
    readonly states: readonly StateRow[];
    readonly transitions: readonly Transition[];
    readonly events?: readonly EventRow[];
    readonly seen?: readonly SeenRow[];
  }): Promise<void>;
  /** Those of these events of a source that were committed within the last week. */
  known(source: string, ids: readonly string[]): Promise<ReadonlySet<string>>;
  /**
   * Slots and values seen from `since` on, slots by time; all series, all states. What begins at `until` or later is left out: it lies in the
   * future, written while a clock was wrong, and so does a pruning that reached further than `until`, which then hides nothing.
   */
  load(
    since: Instant,
    until?: Instant,
  ): Promise<{
    readonly slots: readonly SlotRow[];
    readonly series: readonly SeriesRow[];
    readonly states: readonly StateRow[];
    readonly seen: readonly SeenRow[];
  }>;
  /**
   * Slots of one scope that begin at `from` or later and before `to`, oldest first, and the starts at which anybody of the signal counted
   * anything: for screens. It may read what all scopes counted then: not for every look.
   */
  slots(q: { readonly signal: string; readonly scope: string; readonly from: Instant; readonly to: Instant }): Promise<{
    readonly rows: readonly SlotRow[];
    readonly spoken: ReadonlySet<Instant>;
  }>;
  /** Transitions that nobody has answered yet (`answered` was not called), oldest first. */
  unanswered(): Promise<readonly Transition[]>;
  answered(transition: Transition): Promise<void>;
  /** Oldest first; of more than `limit` the newest. */
  transitions(filter: {
    readonly trigger?: string;
    readonly scope?: string;
    readonly since?: Instant;
    readonly limit?: number;
  }): Promise<readonly Transition[]>;
  /**
   * Forgets slots and values seen before the instant, and events and counters a week older than it. Transitions and cursors (`#cursor:…`) stay.
   * With `history`, what is forgotten is kept by the minute, in the same transaction. Slots and values from `until` on, which cannot have
   * been yet, are forgotten, too, and kept nowhere.
   */
  prune(before: Instant, history?: HistoryKept, until?: Instant): Promise<void>;
  /**
   * Counts of a signal by the minute, `from` inside and `to` not, in the order of time: those that were forgotten as slots, and those
   * that still are slots. A minute without a row had no counts; whether anybody watched then is told by the signal `HEARD`.
   */
  history(o: {
    readonly signal: string;
    readonly by: string | null;
    readonly scope?: string;
    readonly from: Instant;
    readonly to: Instant;
  }): Promise<readonly MinuteRow[]>;
}

export interface HistoryKept {
  /** Minutes before it are dropped, a day at a time. */
  readonly since: Instant;
  /** Windows that count what another one counts in shorter slots: forgotten, and not kept. */
  readonly coarser: readonly string[];
}
