// Totals turned into increments, and increments laid into time slots. It knows where counts belong, not what they mean.
import type { Instant } from './json.ts';

export interface CounterState {
  readonly total: number;
  readonly at: Instant;
}

export interface Increment {
  readonly delta: number;
  /** The events happened after this instant and not later than the sample. */
  readonly from: Instant;
}

/**
 * What a new total adds; null when it adds nothing that is known. A total below the previous one is a restarted counter: all of it
 * is new. The first sample of a new series counts from 0 when its source had already been read at `sourceReadAt` (the first error
 * gives birth to the error series); of an unread source it is only the base line.
 */
export function incrementOf(previous: CounterState | undefined, sample: CounterState, sourceReadAt: Instant | null): Increment | null {
  if (previous === undefined)
    return sourceReadAt === null || sourceReadAt >= sample.at ? null : { delta: sample.total, from: sourceReadAt };
  if (sample.at <= previous.at) return null;
  return { delta: sample.total < previous.total ? sample.total : sample.total - previous.total, from: previous.at };
}

/** Share of (from, to] that lies before `at`. */
function shareBefore(at: Instant, from: Instant, to: Instant): number {
  return at <= from ? 0 : at >= to ? 1 : (at - from) / (to - from);
}

/**
 * Lays a whole count over the slots that (from, to] touches, oldest first, so that a long gap does not land in one slot.
 * Whole numbers stay whole and add up exactly; only the newest `slots` slots are told.
 */
export function spread(
  count: number,
  from: Instant,
  to: Instant,
  o: { readonly slotMs: number; readonly slots: number },
  add: (slot: number, part: number) => void,
): void {
  const last = Math.floor(to / o.slotMs);
  const first = Math.max(Math.floor(from / o.slotMs), last - o.slots);
  if (first >= last || from >= to) {
    add(last, count);
    return;
  }
  let told = Math.floor(count * shareBefore(first * o.slotMs, from, to));
  for (let slot = first; slot <= last; slot += 1) {
    const until = slot === last ? count : Math.floor(count * shareBefore((slot + 1) * o.slotMs, from, to));
    if (until > told) add(slot, until - told);
    told = until;
  }
}

/** The same for sums and times, which need not be whole. */
export function spreadEvenly(
  amount: number,
  from: Instant,
  to: Instant,
  o: { readonly slotMs: number; readonly slots: number },
  add: (slot: number, part: number) => void,
): void {
  const last = Math.floor(to / o.slotMs);
  const first = Math.max(Math.floor(from / o.slotMs), last - o.slots);
  if (first >= last || from >= to) {
    add(last, amount);
    return;
  }
  for (let slot = first; slot <= last; slot += 1) {
    const part = shareBefore((slot + 1) * o.slotMs, from, to) - shareBefore(slot * o.slotMs, from, to);
    if (part > 0) add(slot, amount * part);
  }
}
