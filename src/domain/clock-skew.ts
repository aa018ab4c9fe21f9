// A sender whose clock is off: told apart from a sender that is late by being off by the same amount again and again.
// It corrects event times towards arrival; it never guesses from one delivery.

const MEMORY = 8;
const ENOUGH = 3;

/** Arrival minus newest event time, of the latest deliveries. */
export type Lags = readonly number[];

export const withLag = (lags: Lags, lagMs: number): Lags => [...lags.slice(1 - MEMORY), lagMs];

/**
 * What to add to event times: 0 while the clock is within `limitMs`, or while the lags differ (a backlog that is being worked off
 * shrinks from delivery to delivery; a wrong clock stays wrong).
 */
export function skewOf(lags: Lags, limitMs: number): number {
  if (lags.length < ENOUGH) return 0;
  const least = Math.min(...lags);
  return Math.abs(least) > limitMs && Math.max(...lags) - least <= limitMs ? least : 0;
}
