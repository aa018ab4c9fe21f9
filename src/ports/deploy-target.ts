// Where releases run. A driver answers "what is live, everywhere?" and "put exactly this there"; health is a check's business.
import type { Instant } from '../domain/json.ts';
import type { CompareAndSet } from '../domain/plan.ts';

export interface Release {
  readonly ref: string;
  readonly version: string;
  /** Where it comes from, as the target names it: a commit, when it knows one. */
  readonly commit?: string;
  readonly artefact: string;
  readonly createdAt: Instant;
  readonly status: 'live' | 'available' | 'failed';
  /** Healthy for long enough to be a floor for automatic rollbacks. */
  readonly stable?: { readonly sinceMs: number };
  /** An older one was put live in its place in an incident, and it was not live since. */
  readonly rolledAway?: true;
}

export interface TargetState {
  readonly release: string;
  /** Compare-and-set token: changes whenever what is live changes. */
  readonly fingerprint: string;
  /** Every process, container or replica; those that are on their way out are left out. */
  readonly units: readonly { readonly id: string; readonly release: string; readonly ready: boolean }[];
  readonly frozen: boolean;
  readonly changedAt: Instant;
  /** The release that was live before the last change; null when unknown. */
  readonly previous: string | null;
  /** A change that has begun and not ended, by the release that it brings. `release` is then still what was live before. */
  readonly inFlight?: string;
  /** The target itself has given up on the last change, or taken it back: why. Waiting longer is of no use. */
  readonly gaveUp?: string;
}

export interface TargetCaps {
  readonly compareAndSet: CompareAndSet;
  readonly freeze: boolean;
  /** What becomes of configuration when an older release is put live, whether Belay wants it or not. */
  readonly restoresConfig: 'none' | 'all' | 'custom';
  /** The release is built or installed again: minutes, not seconds. */
  readonly rebuilds?: true;
  /** What a release runs before it goes live (migrations) runs again on the way back. */
  readonly runsReleaseHooks?: true;
  /** A change in flight may still go live after a later one, unless the target is frozen. What cannot be aborted there is waited for. */
  readonly races?: true;
  /** Putting a release back removes what came after it from the record of the target, for everybody. */
  readonly rewritesHistory?: true;
}

/** Takes one change back and leaves what came after it. */
export interface ChangeReverts {
  /**
   * `change`: its full name. `isIn`: it is a part of what is to be live. `conflict`: why it cannot be taken back alone, or null.
   * @throws BELAY_NOT_FOUND, BELAY_ACT_FAILED (both effect none)
   */
  look(change: string): Promise<{ readonly change: string; readonly isIn: boolean; readonly conflict: string | null }>;
  /** Keeps the promises of `rollTo`. @throws BELAY_ACT_FAILED (effect none) on a conflict with later changes: nothing is left behind. */
  revert(change: string, o: RollOrder): Promise<void>;
}

/** Builds one commit anew, where nothing that can be put back is left of it. */
export interface CommitDeploys {
  /** What its release will be called; null: this is no whole commit. */
  refOf(commit: string): string | null;
  /** Begins it; whether it gets there is seen. @throws BELAY_DEPLOY_TIMEOUT (effect unknown), BELAY_ACT_FAILED, BELAY_TARGET_UNREACHABLE */
  deploy(commit: string): Promise<void>;
}

/** `expected`: the fingerprint that was seen. `key`: the same for every repetition of one order. */
export interface RollOrder {
  readonly expected: string;
  readonly key: string;
  readonly reason: string;
}

export interface DeployTarget {
  readonly caps: TargetCaps;
  /** Newest first. */
  list(limit: number): Promise<readonly Release[]>;
  /** @throws BELAY_TARGET_UNREACHABLE (effect none) */
  current(): Promise<TargetState>;
  /** `one-way`: a later release that ran says that nothing before it can run any more, for example because of its migration. */
  restorable(
    release: string,
  ): Promise<
    { readonly ok: true; readonly artefact: string } | { readonly ok: false; readonly why: 'pruned' | 'failed' | 'unknown' | 'one-way' }
  >;
  /**
   * Another name of a release (a tag, the beginning of a commit) as its `ref`; what names none comes back as it is, or is refused. Plans hold
   * refs: what a tag means may move. @throws BELAY_INPUT_INVALID (effect none) when it means more than one; BELAY_NOT_FOUND (effect none).
   */
  resolve?(name: string): Promise<string>;
  /**
   * Files whose content differs between two releases, as paths within a release: those of `within` (a folder has a slash at its end), or all
   * of them where it is empty. @throws BELAY_NOT_FOUND (effect none) for a release that is not there
   */
  changedFiles?(from: string, to: string, within: readonly string[]): Promise<readonly string[]>;
  /** The text of a small file in a release; null: it has none of that name. @throws BELAY_NOT_FOUND, BELAY_TARGET_UNREACHABLE (effect none) */
  read?(release: string, path: string): Promise<string | null>;
  /** Absent where a release is not made of changes. */
  readonly changes?: ChangeReverts;
  /** Absent where it builds nothing by itself. */
  readonly commits?: CommitDeploys;
  /**
   * Puts `release` live. Repeating it with the same key is safe.
   * @throws BELAY_TARGET_CONFLICT (effect none) when the fingerprint is not `expected`; BELAY_DEPLOY_TIMEOUT (effect unknown).
   */
  rollTo(release: string, o: RollOrder): Promise<void>;
  /**
   * Ends a change that is in flight without bringing it live, if it still is: `state.inFlight` as it was seen. Absent where a target
   * has nothing of the kind: there a `rollTo` overtakes it, unless `caps.races`.
   */
  abort?(inFlight: string): Promise<void>;
  /** Idempotent. A frozen target refuses other deployers as far as it can (`caps.freeze`). */
  freeze(on: boolean, why: string): Promise<void>;
}
