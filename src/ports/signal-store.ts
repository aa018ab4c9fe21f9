// Durable detection: slots of counts, last values of counters, trigger states and their transitions.
import type { Instant, Json } from '../domain/json.ts';
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

export interface SignalStore {
  /** One transaction: increments are added to slots, totals replaced, states replaced, transitions appended. */
  commit(change: { readonly slots: readonly SlotRow[]; readonly series: readonly SeriesRow[]; readonly states: readonly StateRow[]; readonly transitions: readonly Transition[] }): Promise<void>;
  load(since: Instant): Promise<{ readonly slots: readonly SlotRow[]; readonly series: readonly SeriesRow[]; readonly states: readonly StateRow[] }>;
  /** Transitions that nobody has answered yet (`answered` was not called), oldest first. */
  unanswered(): Promise<readonly Transition[]>;
  answered(transition: Transition): Promise<void>;
  transitions(filter: { readonly trigger?: string; readonly scope?: string; readonly since?: Instant; readonly limit?: number }): Promise<readonly Transition[]>;
  prune(before: Instant): Promise<void>;
}
