// Programs on other hosts. Only the key that the configuration pins is believed, and nothing of this user's own configuration counts.
import type { SshHost } from '../domain/run-policy.ts';
import type { ProcessResult } from './process.ts';

export interface RemoteOrder {
  readonly argv: readonly [string, ...string[]];
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly maxOutputBytes?: number;
  /** See Processes. */
  readonly hide?: (printed: string) => string | Promise<string>;
  /** A host that does not answer for this long is given up; if not written it is waited for to the end of the time. */
  readonly silentMs?: number;
}

/** A host by the name that the configuration gives it. */
export interface NamedHost extends SshHost {
  readonly id: string;
}

export interface Remote {
  /**
   * A code other than 0 is a result. `where` is how people call the host in a message.
   * @throws BELAY_TARGET_UNREACHABLE: effect none when the host was not reached, did not let us in or showed another key, unknown when the
   * connection broke; BELAY_TIMEOUT (effect unknown): it may still run there.
   */
  run(where: string, host: NamedHost, order: RemoteOrder): Promise<ProcessResult>;
}
