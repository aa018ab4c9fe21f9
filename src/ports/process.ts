// Child processes: argv only, no shell, own process group, killed as a group.
export interface ProcessResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}
export interface Processes {
  /** @throws BELAY_PROCESS_FAILED when it cannot be started (effect none), BELAY_TIMEOUT (effect unknown). A non-zero code is a result. */
  run(argv: readonly [string, ...string[]], o: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>>; readonly timeoutMs: number }): Promise<ProcessResult>;
}
