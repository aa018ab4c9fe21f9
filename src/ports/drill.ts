// The server of a drill database, a restored copy of a database of production: it is copied again for each try, and the try is thrown away. It must not
// be production, by any name.
import type { Comparison, SchemaObject } from '../domain/certificate.ts';
import type { Instant } from '../domain/json.ts';
import type { SqlServer, Untouched } from './database.ts';
import type { ScratchDatabase } from './scratch.ts';

/** What the server of a drill database can do; it knows no migration tool. */
export interface Copies {
  /**
   * A copy of the drill database that is dropped whatever the work comes to.
   * @throws BELAY_GUARD_REFUSED where the drill database is one of `production`, leads to others, or it cannot be told; BELAY_TARGET_UNREACHABLE, BELAY_LOCK_HELD
   */
  use<T>(production: readonly Untouched[], work: (copy: Copy) => Promise<T>): Promise<T>;
  /** Removes what a killed process has left there, and gives its names. @throws BELAY_TARGET_UNREACHABLE */
  sweep(): Promise<readonly string[]>;
}

export interface Copy {
  readonly database: ScratchDatabase;
  /** Major version of the server. */
  readonly postgres: number;
  /** When the copy was production; null: it does not say. */
  readonly copiedAt: Instant | null;
  /** Of the drill database itself, as it was copied. */
  before(): Promise<readonly SchemaObject[]>;
  /** Of a database: as it is now. */
  schemaOf(server: SqlServer): Promise<readonly SchemaObject[]>;
  /** The drill database against the copy; `without`: the table of the migration tool. */
  compare(without: string): Promise<Comparison>;
  /** An empty database on the same server, dropped after the work. */
  empty<T>(work: (database: ScratchDatabase) => Promise<T>): Promise<T>;
}
