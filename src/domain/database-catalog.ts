// The databases of a system: the drivers of `databases:` (the migration tool, or none) with the options of each, and the queries and
// files that a database has by name. It describes, it does not act.
import type { DriverOptions, OptionsOf, SpecOf } from './driver-options.ts';
import type { NamedQuery } from './named-query.ts';

/** Of each tool whose migrations are files of a release. */
const FILES = {
  /** The folder of one release: `{release}` in it is its name. */
  artefact: { type: 'text', required: true },
} as const satisfies DriverOptions;

/** Of each tool that is a program of the release. */
const PROGRAM = {
  ...FILES,
  /** The variable in which the program finds the address of the database. */
  variable: { type: 'text', otherwise: 'DATABASE_URL' },
  environment: { type: 'words' },
  /** How long one run of the program may take. */
  toolTimeout: { type: 'duration', otherwise: 120_000, least: 1_000 },
} as const satisfies DriverOptions;

/** Of each whose migrations are programs that speak to a Postgres. */
const TRIED = {
  ...PROGRAM,
  /** A Postgres beside the real one, where they are tried in a database that is thrown away. */
  scratch: { type: 'text' },
  /** They are tried also where files of variables stand beside the release. */
  dotenv: { type: 'text', oneOf: ['allowed'] },
} as const satisfies DriverOptions;

export const DATABASE_DRIVERS = {
  /** No migrations that Belay knows of. */
  postgres: {},
  'sql-files': {
    ...FILES,
    /** Below the artefact. */
    migrations: { type: 'text', otherwise: 'migrations' },
    /** The table in which each applied migration is a row, and its column of their names. */
    table: { type: 'text', otherwise: 'schema_migrations' },
    column: { type: 'text', otherwise: 'version' },
  },
  prisma: {
    ...PROGRAM,
    migrations: { type: 'text', otherwise: 'prisma/migrations' },
    /** For `migrate resolve` alone: ways back are files. */
    command: { type: 'texts', otherwise: ['node_modules/.bin/prisma'] },
  },
  supabase: { ...FILES, migrations: { type: 'text', otherwise: 'supabase/migrations' } },
  drizzle: {
    ...FILES,
    /** What drizzle-kit calls `out`. */
    migrations: { type: 'text', otherwise: 'drizzle' },
    table: { type: 'text', otherwise: 'drizzle.__drizzle_migrations' },
  },
  'node-pg-migrate': {
    ...TRIED,
    migrations: { type: 'text', otherwise: 'migrations' },
    table: { type: 'text', otherwise: 'pgmigrations' },
    command: { type: 'texts', otherwise: ['node_modules/.bin/node-pg-migrate'] },
  },
  knex: {
    ...TRIED,
    migrations: { type: 'text', otherwise: 'migrations' },
    table: { type: 'text', otherwise: 'knex_migrations' },
    command: { type: 'texts', otherwise: ['node_modules/.bin/knex'] },
  },
  sequelize: {
    ...TRIED,
    migrations: { type: 'text', otherwise: 'migrations' },
    table: { type: 'text', otherwise: 'SequelizeMeta' },
    command: { type: 'texts', otherwise: ['node_modules/.bin/sequelize-cli'] },
  },
  umzug: {
    ...TRIED,
    migrations: { type: 'text', otherwise: 'migrations' },
    table: { type: 'text', otherwise: 'SequelizeMeta' },
    /** The program that calls `umzug.runAsCLI()`. */
    command: { type: 'texts', required: true },
  },
  alembic: {
    ...TRIED,
    /** The folder of the revisions. */
    migrations: { type: 'text', otherwise: 'alembic/versions' },
    table: { type: 'text', otherwise: 'alembic_version' },
    command: { type: 'texts', otherwise: ['alembic'] },
  },
  'migrate-mongo': {
    ...PROGRAM,
    variable: { type: 'text', otherwise: 'MONGODB_URL' },
    migrations: { type: 'text', otherwise: 'migrations' },
    /** The collection in which each applied migration is a document. */
    changelog: { type: 'text', otherwise: 'changelog' },
    /** Where the address does not end with it. */
    databaseName: { type: 'text' },
    command: { type: 'texts', otherwise: ['node_modules/.bin/migrate-mongo'] },
    /** The program that reads the changelog. */
    shell: { type: 'texts', otherwise: ['mongosh'] },
  },
} as const satisfies Readonly<Record<string, DriverOptions>>;

export type DatabaseDriverName = keyof typeof DATABASE_DRIVERS;

/** What the adapter of a driver is given. */
export type DatabaseOptions<D extends DatabaseDriverName> = OptionsOf<(typeof DATABASE_DRIVERS)[D]>;

/** What one statement may take, where nothing is written. */
export const DEFAULT_STATEMENT_MS = 10_000;

/** A file of SQL that people have written beforehand. */
export interface NamedFile {
  readonly path: string;
  /** The query whose column `applied` says that the file has done its work. */
  readonly applied: string;
  /** How many rows it may insert, update and delete together: outside of it, all is taken back. */
  readonly rows?: RowRange;
  /** The most that the whole of it may take; else what one statement may. */
  readonly timeoutMs?: number;
}

export interface RowRange {
  readonly least: number;
  readonly most: number;
}

export const rowsText = ({ least, most }: RowRange): string => (least === most ? String(least) : `${least}..${most}`);

export interface DatabaseBase {
  readonly id: string;
  readonly component?: string;
  /** The deploy target whose releases bring the migrations. */
  readonly target?: string;
  readonly url: string;
  /** The most that one statement may take. */
  readonly timeoutMs: number;
  readonly queries: Readonly<Record<string, NamedQuery>>;
  readonly files: Readonly<Record<string, NamedFile>>;
  readonly drill?: DrillSpec;
}

/** A restored copy of it, on which its way back is gone before it is needed. */
export interface DrillSpec {
  readonly url: string;
  /** One SELECT that gives the time up to which the copy is production. */
  readonly asOf?: string;
}

/** One configured database, by its driver. */
export type DatabaseSpec = SpecOf<typeof DATABASE_DRIVERS, DatabaseBase>;
