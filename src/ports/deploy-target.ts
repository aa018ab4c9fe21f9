// Where releases run. A driver answers "what is live, everywhere?" and "put exactly this there"; health is a check's business.
import type { Instant } from '../domain/json.ts';

export interface Release {
  readonly ref: string;
  readonly version: string;
  readonly artefact: string;
  readonly createdAt: Instant;
  readonly status: 'live' | 'available' | 'failed';
  /** Healthy for long enough to be a floor for automatic rollbacks. */
  readonly stable?: { readonly sinceMs: number };
}

export interface TargetState {
  readonly release: string;
  /** Compare-and-set token: changes whenever what is live changes. */
  readonly fingerprint: string;
  readonly units: readonly { readonly id: string; readonly release: string; readonly ready: boolean }[];
  readonly frozen: boolean;
  readonly changedAt: Instant;
  /** The release that was live before the last change; null when unknown. */
  readonly previous: string | null;
  readonly inFlight?: string;
}

export interface DeployTarget {
  readonly caps: { readonly cas: 'native' | 'lock' | 'none'; readonly freeze: boolean; readonly restoresConfig: 'none' | 'all' | 'custom' };
  /** Newest first. */
  list(limit: number): Promise<readonly Release[]>;
  /** @throws BELAY_TARGET_UNREACHABLE (effect none) */
  current(): Promise<TargetState>;
  restorable(
    release: string,
  ): Promise<{ readonly ok: true; readonly artefact: string } | { readonly ok: false; readonly why: 'pruned' | 'failed' | 'unknown' }>;
  /**
   * Puts `release` live. Repeating it with the same key is safe.
   * @throws BELAY_TARGET_CONFLICT (effect none) when the fingerprint is not `expected`; BELAY_DEPLOY_TIMEOUT (effect unknown).
   */
  rollTo(release: string, o: { readonly expected: string; readonly key: string; readonly reason: string }): Promise<void>;
  /** Idempotent. A frozen target refuses other deployers as far as it can (`caps.freeze`). */
  freeze(on: boolean, why: string): Promise<void>;
}
