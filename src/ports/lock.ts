// Lock files that Belay shares with other programs of the same host: first line the owner's pid, second line its start (see
// ProcessIdentity; may be absent). One that a killed process left behind is proven dead before it is taken.

export interface HeldLock {
  /** @throws BELAY_LOCK_HELD (effect none) when the file is not ours any more. Asked right before each change. */
  assertHeld(): Promise<void>;
}

export interface Locks {
  /**
   * Runs `work` while this process holds the lock file at `path`. Calls within one process wait for one another, too.
   * @throws BELAY_LOCK_HELD (effect none) when a living process, or one that cannot be proven dead, holds it for longer than `waitMs`;
   * BELAY_TARGET_UNREACHABLE (effect none) when the file cannot be made.
   */
  hold<T>(path: string, o: { readonly waitMs: number }, work: (lock: HeldLock) => Promise<T>): Promise<T>;
}
