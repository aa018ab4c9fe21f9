// Child processes: argv only, no shell, own process group, killed as a group. And other processes of this host: who they are, a
// signal to exactly one of them, and the lock files that Belay shares with them.
import type { Instant } from '../domain/json.ts';
import type { Locks } from './lock.ts';

export interface ProcessResult {
  /** 128 + the signal's number when a signal ended it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A pid alone proves nothing, because numbers are given out again: `start` tells two processes of one pid apart. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Opaque; '' where the system does not tell. */
  readonly start: string;
}
export interface ProcessSighting extends ProcessIdentity {
  /** Wall clock, to about a second; null where the system does not tell. */
  readonly startedAt: Instant | null;
}

export interface Processes {
  /** @throws BELAY_PROCESS_FAILED when it cannot be started (effect none), BELAY_TIMEOUT (effect unknown). A non-zero code is a result. */
  run(
    argv: readonly [string, ...string[]],
    o: {
      readonly cwd?: string;
      readonly env?: Readonly<Record<string, string>>;
      readonly timeoutMs: number;
      /** Of stdout and of stderr each; what is longer loses its middle. */
      readonly maxOutputBytes?: number;
      /** What is printed goes through it before its end is told in an error: masked first and then cut, so that no half of a secret is left. */
      readonly hide?: (printed: string) => string | Promise<string>;
    },
  ): Promise<ProcessResult>;
  /** This process. */
  self(): Promise<ProcessIdentity>;
  /** Null when there is no such process, or only its corpse. */
  inspect(pid: number): Promise<ProcessSighting | null>;
  /**
   * Sends a signal (`SIGHUP`) to exactly this process: it is looked at again right before.
   * @throws BELAY_PROCESS_FAILED (effect none) when it is gone, is another one by now, or may not be signalled.
   */
  signal(process: ProcessIdentity, name: string): Promise<void>;
  readonly locks: Locks;
}
