// A database that is made for one piece of work and thrown away after it, on a server that belay.yaml declares for that. Everything that is said
// to it is written down.
import type { SqlServer } from './database.ts';

export interface ScratchDatabase {
  /** Its address for a program, through the recorder. */
  readonly url: string;
  /** The same database, past the recorder. */
  readonly server: SqlServer;
  /** The statements since the last call, in their order; null: not everything could be written down. */
  taken(): readonly string[] | null;
}

export interface Scratch {
  /**
   * Makes it, and removes it whatever the work comes to. `other`: what it must not be a part of.
   * @throws BELAY_TARGET_UNREACHABLE (effect none), also where it is the server of `other`
   */
  use<T>(other: SqlServer, work: (database: ScratchDatabase) => Promise<T>): Promise<T>;
  /** Removes what a killed process has left there, and gives its names. @throws BELAY_TARGET_UNREACHABLE */
  sweep(): Promise<readonly string[]>;
}
