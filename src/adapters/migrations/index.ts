// A database of belay.yaml with its migration tool and its files. It composes; what each tool is like its own file knows.
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { DatabaseSpec, DrillSpec } from '../../domain/database-catalog.ts';
import { BelayError } from '../../domain/errors.ts';
import type { Database, Drill, Migrations, SqlServer } from '../../ports/database.ts';
import type { Copies } from '../../ports/drill.ts';
import type { Processes } from '../../ports/process.ts';
import type { Scratch } from '../../ports/scratch.ts';
import type { SqlParser } from '../../ports/sql-parser.ts';
import { alembicLook, alembicUp, createAlembicMigrations } from './alembic.ts';
import { type Artefact, createArtefact } from './artefact.ts';
import { type CaptureDeps, type Tool, TRIAL_MS, withCapture } from './capture.ts';
import { demandNoDotEnv } from './dotenv.ts';
import { createDrill, filesTool, tableName } from './drill.ts';
import { createFileMigrations } from './files.ts';
import { createFreeze } from './freeze.ts';
import { createMongoMigrations } from './mongo.ts';
import { createPrismaSettling } from './prisma.ts';
import { createProgramMigrations, programLook, programUp } from './programs.ts';
import { quoted } from './table.ts';

const LARGEST_FILE = 4 * 1024 * 1024;

export interface DatabaseDeps {
  readonly server: SqlServer;
  readonly parser: SqlParser;
  readonly processes: Pick<Processes, 'run'>;
  readonly baseDir: string;
  /** By the address of its server. */
  readonly scratch: (url: string) => Scratch;
  /** Of a drill database. */
  readonly copies?: (drill: DrillSpec) => Copies;
}

/** @throws BELAY_CONFIG_INVALID for options that mean nothing */
export function createDatabase(spec: DatabaseSpec, deps: DatabaseDeps): Database {
  refuseSql(spec);
  const opened = migrationsOf(spec, deps);
  const drill = drillOf(spec, deps, opened);
  const sweeps = sweepsOf(spec, deps, drill);
  return {
    spec,
    server: deps.server,
    migrations: opened?.migrations ?? null,
    ...(drill === null ? {} : { drill }),
    ...(sweeps.length === 0 ? {} : { sweep: async () => (await Promise.all(sweeps.map((one) => one.sweep()))).flat() }),
    freeze:
      spec.driver === 'postgres' || spec.driver === 'migrate-mongo'
        ? null
        : createFreeze({ id: spec.id, table: tableOf(spec), server: deps.server }),
    parse: (sql) => deps.parser.parse(sql),
    file: (name) => readNamed(spec, deps.baseDir, name),
  } satisfies Database;
}

/** @throws BELAY_CONFIG_INVALID for SQL of a database that reads none */
function refuseSql({ id, driver, queries, files }: DatabaseSpec): void {
  if (driver !== 'migrate-mongo' || Object.keys(queries).length + Object.keys(files).length === 0) return;
  throw new BelayError('BELAY_CONFIG_INVALID', `database ${id}: queries and files are SQL, which a MongoDB does not read`, {
    hint: 'Take them out; a step of kind run can ask it with a program.',
  });
}

function sweepsOf(spec: DatabaseSpec, deps: DatabaseDeps, drill: Drill | null): readonly Pick<Drill, 'sweep'>[] {
  const scratch = 'scratch' in spec && spec.scratch !== undefined ? [deps.scratch(spec.scratch)] : [];
  return [...scratch, ...(drill === null ? [] : [drill])];
}

/** Where the tool writes down what it has applied. */
function tableOf(spec: Exclude<DatabaseSpec, { driver: 'postgres' | 'migrate-mongo' }>): string {
  if (spec.driver === 'prisma') return '"_prisma_migrations"';
  return spec.driver === 'supabase' ? 'supabase_migrations.schema_migrations' : quoted(spec.id, 'table', spec.table);
}

/** Where the migrations of a driver are, and the same tool on another database. */
interface Opened {
  readonly migrations: Migrations;
  /** Null: it can be tried nowhere. */
  readonly tool: {
    readonly on: (database: { readonly url: string; readonly server: SqlServer }) => Tool;
    readonly isProgram: boolean;
    /** @throws BELAY_TARGET_CONFLICT where the release must not be run on a copy */
    readonly demand: (release: string) => Promise<void>;
  } | null;
}

function migrationsOf(spec: DatabaseSpec, deps: DatabaseDeps): Opened | null {
  if (spec.driver === 'postgres') return null;
  const artefact = createArtefact({ id: spec.id, artefact: spec.artefact, baseDir: deps.baseDir });
  switch (spec.driver) {
    case 'prisma':
    case 'sql-files':
    case 'supabase':
    case 'drizzle': {
      const migrations = createFileMigrations(spec, { ...deps, artefact });
      const settling = spec.driver === 'prisma' ? { settling: createPrismaSettling(spec, { ...deps, artefact }) } : {};
      const on = ({ server }: { readonly server: SqlServer }) => filesTool(createFileMigrations(spec, { artefact, server }), server);
      return { migrations: { ...migrations, ...settling }, tool: { on, isProgram: false, demand: async () => undefined } };
    }
    case 'node-pg-migrate':
    case 'knex':
    case 'sequelize':
    case 'umzug': {
      const make = (on: typeof spec, server: SqlServer) => {
        const mine = { ...deps, artefact, server };
        return {
          ...createProgramMigrations(on, mine),
          look: (release: string) => programLook(on, mine, release),
          up: (release: string) => programUp(on, mine, release),
        };
      };
      return tried(make, spec, { deps, artefact });
    }
    case 'alembic': {
      const make = (on: typeof spec, server: SqlServer) => {
        const mine = { ...deps, artefact, server };
        return {
          ...createAlembicMigrations(on, mine),
          look: (release: string) => alembicLook(on, mine, release),
          up: (release: string) => alembicUp(on, mine, release),
        };
      };
      return tried(make, spec, { deps, artefact });
    }
    case 'migrate-mongo':
      return { migrations: createMongoMigrations(spec, { ...deps, artefact }), tool: null };
  }
}

type TriedSpec = Extract<DatabaseSpec, { readonly scratch?: string }>;

/** On scratch in little time; on a drill database in the time that the real one is given. */
function tried<S extends TriedSpec>(
  make: (on: S, server: SqlServer) => Tool,
  spec: S,
  o: { readonly deps: DatabaseDeps; readonly artefact: Artefact },
): Opened {
  const demand = (release: string): Promise<void> => demandNoDotEnv(spec, o.artefact, release);
  /** Nothing of it is run there before it has looked. */
  const careful = (tool: Tool): Tool => ({
    ...tool,
    look: async (release) => {
      await demand(release);
      await tool.look(release);
    },
  });
  const on: CaptureDeps['on'] = ({ url, server }) =>
    careful(make({ ...onTrial(spec, url), toolTimeoutMs: Math.min(spec.toolTimeoutMs, TRIAL_MS) }, server));
  const migrations = captured(make(spec, o.deps.server), spec, { ...o, on });
  return { migrations, tool: { on: ({ url, server }) => careful(make(onTrial(spec, url), server)), isProgram: true, demand } };
}

/** @throws BELAY_CONFIG_INVALID for one that means nothing, or is the database itself by its address */
function drillOf(spec: DatabaseSpec, { copies }: DatabaseDeps, opened: Opened | null): Drill | null {
  if (spec.drill === undefined || copies === undefined) return null;
  const refuse = (why: string, hint: string): BelayError =>
    new BelayError('BELAY_CONFIG_INVALID', `database ${spec.id}: drill: ${why}`, { hint });
  if (opened?.tool === null || opened?.tool === undefined || spec.driver === 'postgres' || spec.driver === 'migrate-mongo')
    throw refuse(`driver ${spec.driver} has no migrations that can be tried on a Postgres`, 'Take it out.');
  if (!URL.canParse(spec.drill.url) || placeOf(spec.drill.url) === placeOf(spec.url))
    throw refuse('it must be the address of another database than url', 'Name a restored copy, on a Postgres of its own.');
  return createDrill({ ...opened.tool, copies: copies(spec.drill), table: tableName(tableOf(spec)) });
}

/** Server and database, whoever asks. */
function placeOf(address: string): string {
  const { host, pathname, searchParams } = new URL(address);
  return `${host.replace(/:5432$/, '')} ${searchParams.get('host') ?? ''} ${pathname}`;
}

/** Of `environment` only what leads to no database: programs, languages, libraries. */
const PLAIN = /^(?:PATH|HOME|LANG|LC_\w+|TZ|NODE_ENV|NODE_PATH|PYTHON\w*|VIRTUAL_ENV|LD_LIBRARY_PATH)$/;

function onTrial<T extends Extract<DatabaseSpec, { readonly scratch?: string }>>(spec: T, url: string): T {
  const environment = Object.fromEntries(Object.entries(spec.environment ?? {}).filter(([name]) => PLAIN.test(name)));
  return { ...spec, url, environment };
}

interface Capturing {
  readonly deps: DatabaseDeps;
  readonly artefact: Artefact;
  readonly on: CaptureDeps['on'];
}

/** Where a server is declared for it, programs are read by running them there. @throws BELAY_CONFIG_INVALID */
function captured(
  base: Migrations,
  {
    id,
    url,
    scratch,
    table,
    migrations,
  }: Pick<Extract<DatabaseSpec, { driver: 'knex' }>, 'id' | 'url' | 'scratch' | 'table' | 'migrations'>,
  { deps, artefact, on }: Capturing,
): Migrations {
  if (scratch === undefined) return base;
  const server = (address: string): string => {
    if (!URL.canParse(address)) return '';
    const { host, searchParams } = new URL(address);
    return `${host.replace(/:5432$/, '')} ${searchParams.get('host') ?? ''}`;
  };
  if (server(scratch) === '' || server(scratch) === server(url))
    throw new BelayError('BELAY_CONFIG_INVALID', `database ${id}: scratch: it must be the address of another Postgres than url`, {
      hint: 'Migrations are tried there in a database that is thrown away: never beside the real one.',
    });
  const { parser, server: real } = deps;
  return withCapture(base, { scratch: deps.scratch(scratch), artefact, parser, server: real, table, folder: migrations, on });
}

async function readNamed(spec: DatabaseSpec, baseDir: string, name: string): Promise<{ readonly text: string; readonly hash: string }> {
  const named = Object.hasOwn(spec.files, name) ? spec.files[name] : undefined;
  if (named === undefined)
    throw new BelayError('BELAY_NOT_FOUND', `there is no file ${name} of ${spec.id}`, {
      hint: `Known: ${Object.keys(spec.files).join(', ') || 'none'}. They stand in belay.yaml.`,
    });
  const path = resolve(baseDir, named.path);
  try {
    if ((await stat(path)).size > LARGEST_FILE) throw new BelayError('BELAY_INPUT_INVALID', `${path} is larger than ${LARGEST_FILE} bytes`);
    const text = await readFile(path, 'utf8');
    return { text, hash: createHash('sha256').update(text).digest('hex') };
  } catch (cause) {
    if (BelayError.is(cause)) throw cause;
    throw new BelayError('BELAY_NOT_FOUND', `the file ${named.path} of ${spec.id} cannot be read`, {
      hint: 'Look whether it is there.',
      cause,
    });
  }
}
