// A folder in which people work with git. It is only looked at.

export interface WorkingCopy {
  readonly branch: string;
  /** Nothing is changed, and no file is there that git does not know. */
  readonly clean: boolean;
  /** Commits that the branch at the remote, as it is now, does not have. */
  readonly ahead: number;
  /** Commits that only the branch at the remote has. */
  readonly behind: number;
}

export interface WorkingCopies {
  /** @throws BELAY_TARGET_UNREACHABLE (effect none) when it is none, or its remote does not answer */
  look(dir: string): Promise<WorkingCopy>;
}
