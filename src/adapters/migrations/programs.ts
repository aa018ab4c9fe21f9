// Migration tools that are programs of the release: node-pg-migrate, knex, sequelize-cli, umzug. Each is told one migration by its name,
// newest first, and never "the last one": the table says afterwards whether exactly that one is gone. They are run by argv, with the
// address of the database in their environment.
import type { DatabaseSpec } from '../../domain/database-catalog.ts';
import { BelayError } from '../../domain/errors.ts';
import type { Migration } from '../../domain/migrations.ts';
import { percentDecoded } from '../../domain/percent.ts';
import type { Migrations, SqlServer } from '../../ports/database.ts';
import type { Processes, ProcessResult } from '../../ports/process.ts';
import { type Artefact, byName } from './artefact.ts';
import { hashOf } from './drill.ts';
import { aftermathOf, shapeOf } from './shape.ts';
import { quoted, readColumn } from './table.ts';

type ProgramSpec = Extract<DatabaseSpec, { driver: 'node-pg-migrate' | 'knex' | 'sequelize' | 'umzug' }>;
/** What all programs have, alembic too. */
type AnyProgram = Pick<ProgramSpec, 'id' | 'url' | 'variable' | 'environment' | 'toolTimeoutMs'> & { readonly command: readonly string[] };

export interface ProgramDeps {
  readonly artefact: Artefact;
  readonly server: SqlServer;
  readonly processes: Pick<Processes, 'run'>;
}

interface Tool {
  readonly select: (table: string) => string;
  /** File name → name of the migration; null: no migration. */
  readonly nameOf: (file: string) => string | null;
  readonly down: (spec: ProgramSpec, id: string) => readonly string[];
  /** All that there are. */
  readonly up: (spec: ProgramSpec) => readonly string[];
  /** Asks the database and changes nothing; some make the tool's own table where there is none. */
  readonly look: (spec: ProgramSpec) => readonly string[];
  readonly boot: Migrations['boot'];
  /** Each migration is in a transaction with its line in the table: where the line is still there, so is all that it says. */
  readonly transacts: boolean;
  /** The name cannot be given to the program: why. */
  readonly odd?: (id: string) => string | null;
}

const SCRIPT = /\.(?:c|m)?[jt]s$|\.sql$/;
const whole = (file: string): string | null => (SCRIPT.test(file) && !/\.d\.[cm]?ts$/.test(file) ? file : null);
const bare = (file: string): string | null => whole(file)?.replace(/\.[^.]+$/, '') ?? null;

const TOOLS: Readonly<Record<ProgramSpec['driver'], Tool>> = {
  'node-pg-migrate': {
    select: (table) => `select name from ${table} order by run_on, id`,
    nameOf: bare,
    down: ({ migrations, table, variable }, id) => [
      'down',
      id,
      '--migrations-dir',
      migrations,
      '--migrations-table',
      table,
      '--database-url-var',
      variable,
    ],
    up: ({ migrations, table, variable }) => [
      'up',
      '--migrations-dir',
      migrations,
      '--migrations-table',
      table,
      '--database-url-var',
      variable,
    ],
    // It has no word for looking: none of them, and nothing for real.
    look: ({ migrations, table, variable }) => [
      ...['up', '0', '--dry-run', '--migrations-dir', migrations],
      ...['--migrations-table', table, '--database-url-var', variable],
    ],
    // Measured, and so with sequelize-cli and Umzug: `up` of an old release says that there is nothing to do, and the service starts on a
    // schema that it cannot read.
    boot: 'starts-blindly',
    transacts: true,
    odd: (id) => (/^\d+$/.test(id) ? 'node-pg-migrate would take it for a number of migrations' : null),
  },
  knex: {
    select: (table) => `select name from ${table} order by id`,
    nameOf: whole,
    down: (_spec, id) => ['migrate:down', id],
    up: () => ['migrate:latest'],
    look: () => ['migrate:currentVersion'],
    boot: 'refuses',
    transacts: true,
  },
  sequelize: {
    select: (table) => `select name from ${table} order by name`,
    nameOf: whole,
    down: ({ migrations }, id) => ['db:migrate:undo', '--name', id, '--migrations-path', migrations],
    up: ({ migrations }) => ['db:migrate', '--migrations-path', migrations],
    look: ({ migrations }) => ['db:migrate:status', '--migrations-path', migrations],
    boot: 'starts-blindly',
    transacts: false,
  },
  umzug: {
    select: (table) => `select name from ${table} order by name`,
    nameOf: whole,
    down: (_spec, id) => ['down', '--name', id],
    up: () => ['up'],
    look: () => ['executed'],
    boot: 'starts-blindly',
    transacts: false,
  },
};

export function createProgramMigrations(spec: ProgramSpec, deps: ProgramDeps): Migrations {
  const { artefact, server } = deps;
  const tool = TOOLS[spec.driver];
  refuseByName(spec);
  const table = quoted(spec.id, 'table', spec.table);
  const applied = (): Promise<readonly string[]> => readColumn(server, table, tool.select(table));
  return {
    compareAndSet: 'none',
    boot: tool.boot,
    known: async (release) => {
      const names = await artefact.list(release, spec.migrations);
      const files = names.flatMap((file) => {
        const id = tool.nameOf(file);
        return id === null ? [] : [{ id, file: `${spec.migrations}/${file}` }];
      });
      return Promise.all(files.toSorted((a, b) => byName(a.id, b.id)).map(({ id, file }) => migrationOf(artefact, release, { id, file })));
    },
    applied: () => applied(),
    down: async ({ from, revert, expected }) => {
      const odd = revert
        .map((id) => tool.odd?.(id) ?? (id.startsWith('-') ? 'it would be taken for an option' : null))
        .find((one) => one !== null);
      if (odd !== undefined && odd !== null) throw new BelayError('BELAY_ACT_FAILED', `${revert.join(', ')}: ${odd}`);
      if ((await applied()).join('\n') !== expected.join('\n'))
        throw new BelayError('BELAY_TARGET_CONFLICT', `${spec.id} has other migrations by now`);
      const folder = await artefact.folder(from);
      for (const [index, id] of revert.entries()) {
        const one = takeBack(id, { spec, deps, tool, release: from, folder, applied });
        await (index === 0 ? one : afterStart(one));
      }
    },
  };
}

interface Taking {
  readonly spec: ProgramSpec;
  readonly deps: ProgramDeps;
  readonly tool: Tool;
  readonly release: string;
  readonly folder: string;
  readonly applied: () => Promise<readonly string[]>;
}

async function takeBack(id: string, taking: Taking): Promise<void> {
  const { spec, deps, tool, folder, applied } = taking;
  const before = await applied();
  if (!before.includes(id)) return;
  const shape = tool.transacts ? await shapeOf(deps.server) : null;
  const result = await runTool(spec, deps, folder, tool.down(spec, id));
  const after = await afterStart(applied());
  const wanted = before.filter((one) => one !== id);
  if (after.join('\n') === wanted.join('\n')) return;
  // Another one went, or more than one, or half of this one: whatever the program says, people look at it.
  const isListed = tool.transacts && after.join('\n') === before.join('\n');
  const left = isListed
    ? await aftermathOf(deps.server, shape, await afterStart(textsOf(id, taking)))
    : ({ effect: 'unknown', words: '' } as const);
  throw failed(spec, result, left.effect, `${id} is still applied, or not it alone is gone${left.words}`);
}

const CONFIGS: readonly string[] = ['knexfile.js', 'knexfile.cjs', 'knexfile.mjs', 'knexfile.ts'];

/** Where it may say that it wants no transaction: in itself, in what its tool is configured with, or told to it. */
async function textsOf(id: string, { spec, deps: { artefact }, tool, release }: Taking): Promise<readonly (string | null)[]> {
  const own = (await artefact.list(release, spec.migrations)).filter((file) => tool.nameOf(file) === id);
  const named = spec.command.filter((word) => /^[\w.][\w./-]*\.[cm]?[jt]s$/.test(word));
  const files = [...own.map((file) => `${spec.migrations}/${file}`), ...CONFIGS, ...named];
  return [spec.command.join(' '), ...(await Promise.all(files.map((file) => artefact.text(release, file))))];
}

/** Once a program was started, nothing that then fails says that nothing has changed. */
export async function afterStart<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!BelayError.is(error) || error.effect !== 'none') throw error;
    throw new BelayError(error.code, error.message, {
      effect: 'unknown',
      hint: 'A program of migrations had been started before: look at what it changed.',
      cause: error,
    });
  }
}

/** On a database that is thrown away: all of them. @throws BELAY_ACT_FAILED */
export async function programUp(spec: ProgramSpec, deps: ProgramDeps, release: string): Promise<void> {
  const result = await runTool(spec, deps, await deps.artefact.folder(release), TOOLS[spec.driver].up(spec));
  if (result.code !== 0) throw failed(spec, result, 'unknown', 'its migrations cannot be tried');
}

/** Asks which there are. @throws BELAY_ACT_FAILED */
export async function programLook(spec: ProgramSpec, deps: ProgramDeps, release: string): Promise<void> {
  const result = await runTool(spec, deps, await deps.artefact.folder(release), TOOLS[spec.driver].look(spec));
  if (result.code !== 0) throw failed(spec, result, 'none', 'it cannot say what is applied');
}

/** Of a file that is no SQL, all that is said is whether it seems to have a way back. */
async function migrationOf(
  artefact: Artefact,
  release: string,
  { id, file }: { readonly id: string; readonly file: string },
): Promise<Migration> {
  const text = (await artefact.text(release, file)) ?? '';
  const hash = hashOf(text);
  if (!file.endsWith('.sql')) return { id, up: null, down: null, reversible: hasDown(text), hash };
  const at = text.search(/^\s*--[\s-]*down\s+migration/im);
  if (at === -1) return { id, up: text, down: null, reversible: false, hash };
  return {
    id,
    up: text.slice(0, at),
    down: text.slice(at),
    reversible:
      text
        .slice(at)
        .replace(/--[^\n]*/g, '')
        .trim() !== '',
    hash,
  };
}

export function hasDown(text: string): boolean {
  if (/\bdown\s*[=:]\s*false\b/.test(text)) return false;
  return /\bdown\b/.test(text.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, ''));
}

/** Programs whose word for "down" throws data away, or takes back whatever comes first. */
function refuseByName({ id, command }: AnyProgram): void {
  const line = command.join(' ');
  const hint = 'Name the program alone: Belay adds which migration is taken back.';
  if (/\bsupabase\b/.test(line))
    throw new BelayError('BELAY_CONFIG_INVALID', `database ${id}: command: "supabase migration down" resets the whole database`, {
      hint: 'Use driver: supabase, whose ways back are files of yours.',
    });
  const empties = command.find((word) => /^(reset|db:reset|--force-reset|--accept-data-loss)$/.test(word));
  if (empties !== undefined)
    throw new BelayError('BELAY_CONFIG_INVALID', `database ${id}: command: ${empties} empties the whole database`, { hint });
  const last = command.at(-1) ?? '';
  if (command.length > 1 && /^(down|downgrade|rollback|undo|migrate:(down|rollback)|db:migrate:undo(:all)?|-\d+|-b|--block)$/.test(last))
    throw new BelayError(
      'BELAY_CONFIG_INVALID',
      `database ${id}: command: it ends with ${last}, which without a name takes back whatever comes first`,
      { hint },
    );
}

export { refuseByName };

export async function runTool(
  spec: AnyProgram,
  { processes }: Pick<ProgramDeps, 'processes'>,
  cwd: string,
  args: readonly string[],
): Promise<ProcessResult> {
  const [program = '', ...first] = spec.command;
  const env = { ...spec.environment, [spec.variable]: spec.url };
  return processes.run([program, ...first, ...args], { cwd, env, timeoutMs: spec.toolTimeoutMs, hide: hidingOf(spec) });
}

/** Shorter values, a flag or a number, would hide half of every text. */
const SHORTEST_VALUE = 4;

/** Out of what a program prints: the address, its password, and every value that belay.yaml gives to the program. */
export function hidingOf({ url, environment = {} }: Pick<AnyProgram, 'url' | 'environment'>): (printed: string) => string {
  // An address with several hosts is no URL.
  const password = /^[a-z0-9+.-]+:\/\/[^/@:]*:([^/@]*)@/i.exec(url)?.[1] ?? '';
  const values = Object.values(environment).filter((one) => one.length >= SHORTEST_VALUE);
  // The longest first: a part of a value that is gone already would leave the rest of it.
  const all = [url, password, percentDecoded(password), ...values].filter((one) => one !== '').toSorted((a, b) => b.length - a.length);
  return (printed) => all.reduce((text, one) => text.replaceAll(one, '***'), printed);
}

/** The program's last words, without what it was given and may have printed. */
export function failed(spec: AnyProgram, { code, stdout, stderr }: ProcessResult, effect: 'none' | 'unknown', what: string): BelayError {
  const words = tellingOf(hidingOf(spec)((stderr.trim() === '' ? stdout : stderr).trim()));
  return new BelayError(
    'BELAY_ACT_FAILED',
    `${spec.id}: ${what} (${spec.command[0]} ended with ${code}${words === '' ? '' : `: ${words}`})`,
    {
      effect,
      hint: 'Read what the program says; nothing else was started.',
    },
  );
}

/** The lines that say what is wrong, else the last ones: programs print where they were when they fell, and that is long. */
function tellingOf(said: string): string {
  const lines = said.split('\n').map((line) => line.trim());
  const telling = lines.filter((line) => /error|refus|frozen|fail|cannot|can't|denied/i.test(line) && !line.startsWith('at ')).slice(0, 4);
  return (telling.length === 0 ? lines.slice(-4) : telling).join(' ').slice(0, 500);
}
