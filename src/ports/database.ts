// A database of the user's: what it can be asked, how it is changed, and the migrations that its tool knows. Values travel beside the
// statement and never inside it.
import type { Comparison, SchemaObject } from '../domain/certificate.ts';
import type { DatabaseSpec } from '../domain/database-catalog.ts';
import type { Instant, Json } from '../domain/json.ts';
import type { Migration } from '../domain/migrations.ts';
import type { CompareAndSet } from '../domain/plan.ts';

/** As the server writes it. */
export type Cell = string | null;

export interface SqlTable {
  readonly columns: readonly { readonly name: string; readonly type: number }[];
  readonly rows: readonly (readonly Cell[])[];
}

export interface Statement {
  readonly text: string;
  readonly values: readonly Cell[];
}

export interface SqlServer {
  /** All in one transaction that can only read, each within the time. @throws BELAY_TARGET_UNREACHABLE (effect none) */
  read(statements: readonly Statement[], o?: { readonly timeoutMs?: number }): Promise<readonly SqlTable[]>;
  /**
   * One transaction: what `work` asks is committed together, or not at all when it throws.
   * @throws BELAY_ACT_FAILED (effect none; unknown when a script ended the transaction, or the connection was lost after one was sent),
   * BELAY_TARGET_UNREACHABLE (effect none), BELAY_TIMEOUT (effect unknown: the answer to the commit is missing)
   */
  change<T>(work: (session: SqlSession) => Promise<T>, o?: { readonly timeoutMs?: number }): Promise<T>;
}

export interface SqlSession {
  ask(statement: Statement): Promise<SqlTable>;
  /** Any number of statements without values: a file. Gives how many rows they inserted, updated and deleted together. */
  script(sql: string): Promise<number>;
}

export interface Migrations {
  readonly compareAndSet: CompareAndSet;
  /** What a release does that meets migrations which it does not know: refuses to start, starts without looking, or nobody knows. */
  readonly boot: 'refuses' | 'starts-blindly' | 'unknown';
  /** Of a release, oldest first. @throws BELAY_NOT_FOUND when its artefact is gone, BELAY_INPUT_INVALID when its order cannot be read */
  known(release: string): Promise<readonly Migration[]>;
  /**
   * The same, after programs were tried on the server that is declared for that: for a plan that somebody has asked for alone, because it runs
   * the tool of the release. Missing where nothing is tried. @throws as `known`
   */
  tried?(release: string): Promise<readonly Migration[]>;
  /**
   * What the database has, oldest first. A tool that writes down its newest one alone needs `by`: a release that knows what came before.
   * @throws BELAY_TARGET_UNREACHABLE (effect none)
   */
  applied(by: string): Promise<readonly string[]>;
  /**
   * Reverts exactly `revert`, newest first, by the program or the files of the release `from`.
   * @throws BELAY_TARGET_CONFLICT (effect none) when what is applied is not `expected`.
   */
  down(o: {
    readonly from: string;
    /** The newest one that stays; null: none does. */
    readonly to: string | null;
    readonly revert: readonly string[];
    readonly expected: readonly string[];
  }): Promise<void>;
  /** Missing where none can be half there. */
  readonly settling?: Settling;
}

export type MigrationState = 'applied' | 'rolled-back' | 'unfinished' | 'absent';

/** Of tools that write down that a migration has begun. */
export interface Settling {
  /** @throws BELAY_TARGET_UNREACHABLE (effect none) */
  state(id: string): Promise<MigrationState>;
  /** By the program of the release `from`. @throws BELAY_TARGET_CONFLICT (effect none), BELAY_ACT_FAILED */
  settle(o: { readonly from: string; readonly id: string; readonly as: 'applied' | 'rolled-back' }): Promise<void>;
}

/** Keeps everybody from migrating, Belay too. */
export interface DatabaseFreeze {
  /** @throws BELAY_NOT_FOUND where no tool has migrated yet, BELAY_TARGET_UNREACHABLE (both effect none) */
  read(): Promise<{ readonly frozen: boolean; readonly why: string | null }>;
  /** Idempotent. @throws as `SqlServer.change` */
  set(on: boolean, why: string): Promise<void>;
}

/** A database that must stay as it is. */
export interface Untouched {
  readonly id: string;
  readonly server: SqlServer;
}

/** A restored copy of a database, on which its way back is gone before it is needed. */
export interface Drill {
  /**
   * A copy of it that is dropped whatever the work comes to.
   * @throws BELAY_GUARD_REFUSED where it is one of `production`, or it cannot be told; BELAY_TARGET_UNREACHABLE, BELAY_LOCK_HELD; BELAY_TARGET_CONFLICT
   * where the tool of the release `from` does not ask the copy
   */
  use<T>(o: { readonly production: readonly Untouched[]; readonly from: string }, work: (copy: DrillCopy) => Promise<T>): Promise<T>;
  /** Removes what a killed process has left there, and gives its names. @throws BELAY_TARGET_UNREACHABLE */
  sweep(): Promise<readonly string[]>;
}

/** A copy with the migration tool of its database. */
export interface DrillCopy {
  /** Major version of the server. */
  readonly postgres: number;
  /** Up to when the copy is production; null: it does not say. */
  readonly copiedAt: Instant | null;
  /** Of the drill database itself, as it was copied. */
  before(): Promise<readonly SchemaObject[]>;
  readonly migrations: Migrations;
  now(): Promise<readonly SchemaObject[]>;
  compare(): Promise<Comparison>;
  /**
   * What the migrations of these releases make of an empty database, one after the other in the same one.
   * @throws BELAY_ACT_FAILED and others of the world where they cannot be had
   */
  made(releases: readonly string[]): Promise<readonly (readonly SchemaObject[])[]>;
  /** Migrates the copy up again with the release; `ids`: what was taken back, oldest first. @throws BELAY_ACT_FAILED */
  up(release: string, ids: readonly string[]): Promise<void>;
}

export interface Database {
  readonly spec: DatabaseSpec;
  readonly server: SqlServer;
  /** Null where Belay knows no migrations. */
  readonly migrations: Migrations | null;
  /** Null where Belay knows no migrations. */
  readonly freeze: DatabaseFreeze | null;
  /** Missing where none is declared. */
  readonly drill?: Drill;
  /** Removes what a killed process has left on servers that are declared for trying; gives its names. @throws BELAY_TARGET_UNREACHABLE */
  sweep?(): Promise<readonly string[]>;
  /** Trees of the statements of a text; null for what Postgres would refuse. */
  parse(sql: string): Promise<readonly Json[] | null>;
  /** One of its named files, with the sha256 of its text. @throws BELAY_NOT_FOUND */
  file(name: string): Promise<{ readonly text: string; readonly hash: string }>;
}
