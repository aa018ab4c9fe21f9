// Starts the commands of `run` steps: argv only, here or on a host that belay.yaml names. What comes back is bounded and holds no secret.

export interface CommandOrder {
  readonly argv: readonly [string, ...string[]];
  /** `local`, or `ssh:<host>`. */
  readonly on: string;
  readonly cwd?: string;
  /** Names: the values are the policy's. */
  readonly env: readonly string[];
  readonly timeoutMs: number;
}

export interface CommandResult {
  /** 128 + the signal's number when a signal ended it. */
  readonly code: number;
  /** Standard output, without the blanks at its end; what is longer than 8 000 characters has lost its middle. */
  readonly text: string;
  /** Standard error, the same. */
  readonly trouble: string;
  readonly tookMs: number;
}

export interface CommandRunner {
  /**
   * A code other than 0 is a result.
   * @throws BELAY_PROCESS_FAILED when it cannot be started, BELAY_TARGET_UNREACHABLE when the host cannot be reached (both effect none);
   * BELAY_TIMEOUT when it did not end in time and was stopped (effect unknown).
   */
  run(order: CommandOrder): Promise<CommandResult>;
}
