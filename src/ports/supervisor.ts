// Who keeps the processes of a service running and says in which folder each of them runs: a process manager, as a deploy target of folders
// sees it. Which folder should be live is not its business.
export interface SupervisedUnit {
  readonly id: string;
  readonly ready: boolean;
  /** Where it really runs, links followed; null when that cannot be told. */
  readonly folder: string | null;
}

export interface Supervisor {
  /** Every process that it knows of the service, those that have ended included. @throws BELAY_TARGET_UNREACHABLE (effect none) */
  look(): Promise<{ readonly units: readonly SupervisedUnit[]; readonly gaveUp?: string }>;
  /**
   * Begins each process anew, so that it runs what `folder` holds by now.
   * @throws BELAY_ACT_FAILED, BELAY_TIMEOUT (both effect unknown), BELAY_PROCESS_FAILED (effect none)
   */
  reload(folder: string): Promise<void>;
}
