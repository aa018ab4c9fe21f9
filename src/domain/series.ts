// What a signal counted over time, and the values that a rule saw: slots of counts, and the spans of which nothing is known.
// Pure. What is missing stays missing here: it never becomes a zero, and no line is drawn through it.
import type { Instant } from './json.ts';
import type { SignalKind } from './signal.ts';

export interface SlotCounts {
  /** Start of the slot, event time. */
  readonly at: Instant;
  readonly bad: number;
  readonly all: number;
  /** For mean and gauge. */
  readonly sum: number;
}

export interface Span {
  readonly from: Instant;
  readonly to: Instant;
}

export interface SignalSeries extends Span {
  readonly slotMs: number;
  readonly overMs: number;
  /** Windows that end before it would be cut by what is no longer kept. */
  readonly tellsFrom: Instant;
  /** Those of which something is known, without traffic too, oldest first; they begin one window before `from`. */
  readonly slots: readonly SlotCounts[];
  /** Of which nothing is known, oldest first; not before `from`. */
  readonly gaps: readonly Span[];
}

export interface Point {
  /** End of its slot. */
  readonly at: Instant;
  /** Of the whole window that ends here, as the rule compares it; null: there was nothing to measure. */
  readonly value: number | null;
  /** Of the window. */
  readonly bad: number;
  readonly all: number;
}

/** Kinds whose history is a line. */
export const hasSeries = (kind: SignalKind['kind']): boolean =>
  kind !== 'absent' &&
  kind !== 'distinct' &&
  kind !== 'quantile' &&
  kind !== 'probe' &&
  kind !== 'age' &&
  kind !== 'composite' &&
  kind !== 'manual';

const MINUTE_MS = 60_000;

/** One point for each slot that is known and shown; a gap has none. */
export function pointsOf(series: SignalSeries, kind: SignalKind['kind']): readonly Point[] {
  const { slots, slotMs, overMs, from, to, tellsFrom } = series;
  const points: Point[] = [];
  const sum = { bad: 0, all: 0, sum: 0 };
  let first = 0;
  for (const slot of slots) {
    add(sum, slot, 1);
    const at = Math.min(slot.at + slotMs, to);
    // The window as detection has it: its slots, and the one that is filling.
    const begins = Math.floor(at / slotMs) * slotMs - overMs;
    for (let old = slots[first]; old !== undefined && old.at < begins; old = slots[first]) {
      add(sum, old, -1);
      first += 1;
    }
    if (slot.at < from || at < tellsFrom) continue;
    points.push({ at, value: figureOf(sum, kind, overMs), bad: sum.bad, all: sum.all });
  }
  return points;
}

interface Sums {
  bad: number;
  all: number;
  sum: number;
}

function add(sums: Sums, slot: SlotCounts, sign: 1 | -1): void {
  sums.bad += sign * slot.bad;
  sums.all += sign * slot.all;
  sums.sum += sign * slot.sum;
}

function figureOf({ bad, all, sum }: Sums, kind: SignalKind['kind'], overMs: number): number | null {
  if (kind === 'count' || kind === 'event') return all;
  if (kind === 'rate') return (all * MINUTE_MS) / overMs;
  if (all === 0) return null;
  return kind === 'mean' || kind === 'gauge' ? sum / all : Math.min(bad, all) / all;
}

/** Something that happened and may explain the line. */
export interface Mark {
  readonly at: Instant;
  readonly what: 'change' | 'incident-began' | 'incident-ended';
  /** Of a change: what was touched and to what. Of an incident: its id. */
  readonly label: string;
}

/** Adjacent and overlapping spans become one. They come oldest first. */
export function merged(spans: readonly Span[]): readonly Span[] {
  const out: { from: Instant; to: Instant }[] = [];
  for (const { from, to } of spans) {
    const last = out.at(-1);
    if (last !== undefined && from <= last.to) last.to = Math.max(last.to, to);
    else if (to > from) out.push({ from, to });
  }
  return out;
}
