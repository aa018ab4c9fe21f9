// Wall clock, monotonic clock and waiting, for loops and adapters. Flows use the engine's context instead.
import type { Instant } from '../domain/json.ts';

export interface Time {
  now(): Instant;
  /** Never jumps back; for measuring. */
  monotonicMs(): number;
  /** Resolves after `ms`, or at once when the signal aborts. Never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  uuid(): string;
}
