// What triggers in shadow would have done, and what people said of it, kept over restarts.
import type { Instant } from '../domain/json.ts';
import type { ShadowDecision, ShadowMark } from '../domain/shadow.ts';

/** Every method may throw BELAY_STORE_UNAVAILABLE; asking again is safe. A write is durable when it resolves. */
export interface ShadowStore {
  /** Once for each `shadowKey`: what was kept first stays. */
  keep(decision: ShadowDecision): Promise<void>;
  /** Of changes of state at `since` or later, oldest first; of more than `limit` the newest. */
  decisions(filter: {
    readonly trigger?: string;
    readonly episode?: string;
    readonly since?: Instant;
    readonly limit?: number;
    /** Without those that were taken over from another one (`JOINS`). */
    readonly judged?: boolean;
  }): Promise<readonly ShadowDecision[]>;
  /** Idempotent by `key`: asked again, it answers the mark that was made first. Marks are never replaced: the newest of an episode counts. */
  mark(mark: ShadowMark, key: string): Promise<ShadowMark>;
  /** Of episodes that began at `since` or later, in the order in which they were made. */
  marks(filter: { readonly trigger?: string; readonly since?: Instant }): Promise<readonly ShadowMark[]>;
  /** Forgets what is older than the instant. */
  prune(before: Instant): Promise<void>;
}
