// The programs whose counts a source hands on: when each was last heard of. What one of them has never told counts from 0.
import type { Instant } from '../../domain/json.ts';

/** One of the programs whose counts a source hands on. */
export interface Origin {
  newest: Instant;
  /** The one before: what was read together may arrive one after the other. */
  before: Instant;
}
const MOST_ORIGINS = 50_000;

/** Takes note of a sample. @returns when the program was last heard of before it; 0 where it was not */
export function heardOf(origin: Origin, at: Instant): Instant {
  if (at > origin.newest) {
    origin.before = origin.newest;
    origin.newest = at;
  }
  return origin.before < at ? origin.before : 0;
}

/** Beyond the cap all are forgotten: those that speak again are new, and what is new counts from its first sample on. */
export function originOf(origins: Map<string, Origin>, id: string): Origin {
  const known = origins.get(id);
  if (known !== undefined) return known;
  if (origins.size >= MOST_ORIGINS) origins.clear();
  const origin = { newest: 0, before: 0 };
  origins.set(id, origin);
  return origin;
}
