// Totals turned into increments, and increments laid into time slots. It knows where counts belong, not what they mean.
import type { Instant } from './json.ts';

export interface CounterState {
  readonly total: number;
  readonly at: Instant;
}

/** A total as it arrives; `since`: it was 0 then. */
export interface Total extends CounterState {
  readonly since?: Instant;
}

export interface Increment {
  readonly delta: number;
  /** The events happened after this instant and not later than the sample. */
  readonly from: Instant;
}

/**
 * What a new total adds; null when it adds nothing that is known. A total below the previous one, or one that was 0 after it, is a
 * restarted counter: all of it is new. The first sample of a new series counts from 0 when its source had already been read at `sourceReadAt` (the first error
 * gives birth to the error series); of an unread source it is only the base line.
 */
export function incrementOf(previous: CounterState | undefined, sample: Total, sourceReadAt: Instant | null): Increment | null {
  if (previous === undefined)
    return sourceReadAt === null || sourceReadAt >= sample.at ? null : { delta: sample.total, from: sourceReadAt };
  if (sample.at <= previous.at) return null;
  const { since = -Infinity } = sample;
  const restarted = sample.total < previous.total || since > previous.at;
  return { delta: restarted ? sample.total : sample.total - previous.total, from: Math.min(Math.max(previous.at, since), sample.at) };
}

/**
 * Up to when a series is known to have had no count before its first sample; null where nobody can say. A source that hands on what
 * many programs count is known only as far as each of them is: one that joins late brings totals of a time that nobody watched.
 */
export function knownBefore(
  since: Instant | undefined,
  o: { readonly readAt: Instant | null; readonly knownSince: Instant | null },
): Instant | null {
  const isBornHere = since !== undefined && o.knownSince !== null && since >= o.knownSince;
  return isBornHere ? Math.max(since, o.readAt ?? -Infinity) : o.readAt;
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
  const first = Math.min(last, Math.max(Math.floor(from / o.slotMs), last - o.slots));
  if (first === last) {
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
  const first = Math.min(last, Math.max(Math.floor(from / o.slotMs), last - o.slots));
  if (first === last) {
    add(last, amount);
    return;
  }
  for (let slot = first; slot <= last; slot += 1) {
    const part = shareBefore((slot + 1) * o.slotMs, from, to) - shareBefore(slot * o.slotMs, from, to);
    if (part > 0) add(slot, amount * part);
  }
}
