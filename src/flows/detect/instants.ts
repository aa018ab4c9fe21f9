// When the last good thing was, by what each series of an age tells. It judges nothing.
import type { Instant } from '../../domain/json.ts';
import { mayFeed } from './feeders.ts';
import { DELIVERY_MS, type Track } from './track.ts';

/** Tolerance for a sender's clock that is ahead; beyond it the arrival counts. */
export const AHEAD_MS = 1_000;
/** Above this a number is meant in milliseconds. */
const SECONDS_END = 1e11;

/** Nobody is waited for longer after a start. */
const LONGEST_WAIT_MS = 120_000;

/** After a start: what one source tells says nothing while another may know of something newer. */
export function awaitSources(track: Track, sources: readonly { readonly id: string; readonly everyMs: number }[], now: Instant): void {
  if (track.spec.signal.kind !== 'age') return;
  for (const { id, everyMs } of sources)
    if (mayFeed(track, id)) track.awaited.set(id, now + Math.min(3 * everyMs + DELIVERY_MS, LONGEST_WAIT_MS));
}

export function isAwaited({ awaited }: Track, now: Instant): boolean {
  for (const until of awaited.values()) if (now < until) return true;
  return false;
}

interface Told {
  /** Of the series. */
  readonly key: string;
  readonly total: number;
  readonly at: Instant;
}

/** The newest of what its series tell is the last good thing; one that was taken away makes it older again. */
export function noteInstant(track: Track, row: number, { key, total, at }: Told): void {
  const instants = track.instants.get(row) ?? new Map<string, Instant>();
  track.instants.set(row, instants.set(key, Math.min(total > SECONDS_END ? total : total * 1_000, at + AHEAD_MS)));
  track.eventAt[row] = Math.max(...instants.values());
}
