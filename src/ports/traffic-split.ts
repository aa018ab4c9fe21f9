// How a proxy shares requests between two releases that run beside one another: read, and set to an explicit share.
import type { CompareAndSet } from '../domain/plan.ts';

export interface TrafficState {
  /** Of each name from 0 to 1; together 1, or 0 where nobody gets any. */
  readonly shares: Readonly<Record<string, number>>;
  /** Those that the proxy takes for able to answer. */
  readonly up: readonly string[];
  /** What people must know although the shares are as they should be. */
  readonly warning?: string;
  /** Changes whenever the shares do. */
  readonly fingerprint: string;
}

export interface TrafficSplit {
  readonly compareAndSet: CompareAndSet;
  /** Two. */
  readonly names: readonly string[];
  /** Reads only. @throws BELAY_TARGET_UNREACHABLE (effect none) */
  look(): Promise<TrafficState>;
  /**
   * `to` gets `share` (from 0 to 1, to the nearest hundredth), the other one the rest.
   * @throws BELAY_TARGET_CONFLICT (effect none) when it is not `expected`; BELAY_ACT_FAILED with its effect.
   */
  put(to: string, share: number, o: { readonly expected: string; readonly key: string; readonly reason: string }): Promise<void>;
}
