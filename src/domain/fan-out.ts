// The parts of an `each`: how many organizations have had their turn by the end of each batch, how a batch is cut into lanes, and what became of
// them so far. It judges and counts; it starts nothing and knows no action.
import type { JsonObject } from './json.ts';

/** So many organizations, or such a share of them all, have had their turn by the end of a batch. */
export type BatchEnd = { readonly count: number } | { readonly share: number };

export const DEFAULT_BATCHES: readonly BatchEnd[] = [{ count: 1 }, { share: 0.1 }, { share: 1 }];
/** So many organizations have their turn at the same time, unless the step says another number. */
export const DEFAULT_AT_ONCE = 8;
export const MOST_AT_ONCE = 64;
/** Failures that are told one by one; all of them stand in the record. */
export const MOST_FAILURES_SHOWN = 20;

/** What a plan freezes of an `each`: exactly these organizations, in this order. */
export interface PlannedEach {
  readonly orgs: readonly string[];
  /** How many have had their turn by the end of each batch. */
  readonly batches: readonly number[];
  readonly maxFailures: number;
  readonly cap?: number;
  readonly gate?: string;
}

/** `left`: not begun, because the fan-out was halted. */
export interface PartCounts {
  readonly done: number;
  readonly noop: number;
  readonly failed: number;
  readonly left: number;
}

export const NO_PARTS: PartCounts = { done: 0, noop: 0, failed: 0, left: 0 };

export interface PartFailure {
  readonly org: string;
  readonly reason: string;
}

/** Where an `each` stands: part of the projection of its incident, so it stays small however many organizations there are. */
export interface EachState {
  readonly attempt: number;
  readonly total: number;
  readonly first: readonly string[];
  readonly batches: readonly number[];
  /** The batch at work, from 1; 0 before the first. */
  readonly batch: number;
  readonly maxFailures: number;
  readonly lanes: Readonly<Record<string, PartCounts>>;
  readonly failures: readonly PartFailure[];
  /** Documents that say of each organization what was done; they are hashed into the log. */
  readonly records: readonly string[];
  readonly halted: { readonly reason: string; readonly by: string } | null;
  /** How many were taken back, once that was begun: in the last such attempt. */
  readonly back: { readonly unwind: string; readonly undone: number; readonly failed: number } | null;
}

/** What a reader is shown of it. */
export interface EachView extends PartCounts {
  readonly total: number;
  readonly batch: number;
  readonly batches: readonly number[];
  readonly first: readonly string[];
  readonly failures: readonly PartFailure[];
  readonly halted: string | null;
  readonly back: { readonly undone: number; readonly failed: number } | null;
}

/** The end of each batch as a number of organizations: rising, and the last one is everybody. */
export function batchEnds(total: number, batches: readonly BatchEnd[]): readonly number[] {
  const ends: number[] = [];
  for (const batch of [...batches, { share: 1 }]) {
    const end = Math.min(total, 'count' in batch ? batch.count : Math.ceil(batch.share * total - 1e-9));
    if (end > (ends.at(-1) ?? 0)) ends.push(end);
  }
  return ends;
}

/** Dealt out like cards, so that every lane has as many as any other, give or take one. */
export function dealOut<T>(items: readonly T[], lanes: number): readonly (readonly T[])[] {
  const many = Math.max(1, Math.min(lanes, items.length));
  return Array.from({ length: many }, (_, lane) => items.filter((_item, index) => index % many === lane));
}

export function totalOf(lanes: Readonly<Record<string, PartCounts>>): PartCounts {
  return Object.values(lanes).reduce<PartCounts>(
    (sum, one) => ({ done: sum.done + one.done, noop: sum.noop + one.noop, failed: sum.failed + one.failed, left: sum.left + one.left }),
    NO_PARTS,
  );
}

/** Nobody else begins: people or the gate said so, or more failed than the runbook bears. */
export function isHalted(state: EachState): boolean {
  return state.halted !== null || totalOf(state.lanes).failed > state.maxFailures;
}

export function eachView(state: EachState): EachView {
  const { total, batch, batches, first, failures, halted, back, lanes } = state;
  const shownBack = back === null ? null : { undone: back.undone, failed: back.failed };
  return { ...totalOf(lanes), total, batch, batches, first, failures, halted: halted?.reason ?? null, back: shownBack };
}

/** For the record of the step. */
export function eachDetail(state: EachState): JsonObject {
  const { total, failures, halted, back, lanes } = state;
  const counts = totalOf(lanes);
  return {
    orgs: total,
    ...counts,
    ...(failures.length === 0 ? {} : { failures: failures.map(({ org, reason }) => ({ org, reason })) }),
    ...(halted === null ? {} : { halted: halted.reason }),
    ...(back === null ? {} : { takenBack: back.undone, notTakenBack: back.failed }),
  };
}
