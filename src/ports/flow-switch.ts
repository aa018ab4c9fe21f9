// Which flow an organization uses: read and set, one organization at a time, by compare-and-set.
import type { Instant } from '../domain/json.ts';
import type { CompareAndSet } from '../domain/plan.ts';

export interface FlowState {
  readonly value: string;
  readonly fingerprint: string;
  readonly changedAt: Instant;
  readonly previous: string | null;
}

export interface FlowSwitch {
  readonly compareAndSet: CompareAndSet;
  readonly values: readonly string[];
  /** @throws BELAY_TARGET_UNREACHABLE */
  get(org: string): Promise<FlowState>;
  /** Other organizations stay as they are. @throws BELAY_TARGET_CONFLICT (effect none) when not `expected`. */
  set(org: string, value: string, o: { readonly expected: string; readonly key: string; readonly reason: string }): Promise<void>;
}
