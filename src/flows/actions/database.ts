// `db.migrateDown`: a database goes back to a migration by its name, by the files of the release that is live. `db.apply`: a file of
// SQL that people have written beforehand does its work, and a query says that it has.
import { rowsText } from '../../domain/database-catalog.ts';
import { BelayError } from '../../domain/errors.ts';
import type { Json, JsonObject } from '../../domain/json.ts';
import { BASE, type DownPlan, type DownRefusal, downPlan, downPlanKeeping, type Migration } from '../../domain/migrations.ts';
import { boundValues, rowOf } from '../../domain/query-answer.ts';
import { nodeOf } from '../../domain/sql-tree.ts';
import { digestOf } from '../../domain/text-digest.ts';
import { uncountedIn, uncountedText } from '../../domain/uncounted-sql.ts';
import type { Action } from '../../ports/action.ts';
import type { Database, DatabaseFreeze, Migrations, SqlTable } from '../../ports/database.ts';
import { named, specOf, textOf } from './arguments.ts';
import { resolveAction } from './database-resolve.ts';

type Databases = Readonly<Record<string, Database>>;

export const databaseActions = (databases: Databases): readonly Action[] => [
  migrateDown(databases),
  applyFile(databases),
  resolveAction(databases),
  freezeAction(databases, 'db.freeze', true),
  freezeAction(databases, 'db.thaw', false),
];

/** @throws BELAY_INPUT_INVALID for a database without a migration tool */
export function migrationsOf({ spec, migrations }: Database): Migrations {
  if (migrations !== null) return migrations;
  throw new BelayError('BELAY_INPUT_INVALID', `Belay knows no migrations of ${spec.id}`, {
    hint: 'Give the database the driver of its migration tool in belay.yaml.',
  });
}

interface Look {
  readonly applied: readonly string[];
  readonly way: DownPlan;
  /** Why a file of the way back cannot run inside the transaction that Belay brings. */
  readonly odd: string | null;
}

/** Their ways back are files that Belay itself runs. */
const FILED: ReadonlySet<string> = new Set(['sql-files', 'prisma', 'supabase', 'drizzle']);

async function oddFile({ spec, parse }: Database, known: readonly Migration[], revert: readonly string[]): Promise<string | null> {
  if (!FILED.has(spec.driver)) return null;
  for (const id of revert) {
    const down = known.find((one) => one.id === id)?.down ?? null;
    const why = down === null ? null : whyNotScript(`the way back of ${id}`, await parse(down), { isCounted: false });
    if (why !== null) return why;
  }
  return null;
}

function migrateDown(databases: Databases): Action {
  const databaseOf = (args: JsonObject): Database => named(databases, 'database', textOf(args, 'database'));
  const look = async (args: JsonObject): Promise<Look> => {
    const migrations = migrationsOf(databaseOf(args));
    const from = textOf(args, 'from');
    const known = await migrations.known(from);
    const applied = await migrations.applied(from);
    const way = await wayDown(migrations, { applied, known }, args);
    return { applied, way, odd: way.ok ? await oddFile(databaseOf(args), known, way.revert) : null };
  };
  return {
    spec: specOf('db.migrateDown'),
    compareAndSet: (args) => migrationsOf(databaseOf(args)).compareAndSet,
    target: (args) => `database:${textOf(args, 'database')}`,
    observe: async (args) => {
      const { applied, way } = await look(args);
      const reached = way.ok && way.revert.length === 0;
      return { current: applied.at(-1) ?? BASE, desired: goalOf(way, args), fingerprint: fingerprintOf(applied), reached };
    },
    act: async (args, { expected }) => {
      const [{ applied, way, odd }, database] = [await look(args), textOf(args, 'database')];
      if (way.ok && way.revert.length === 0) return;
      if (fingerprintOf(applied) !== expected)
        throw new BelayError('BELAY_TARGET_CONFLICT', `${database} has other migrations by now: the newest is ${applied.at(-1) ?? BASE}`);
      if (!way.ok) throw new BelayError('BELAY_ACT_FAILED', refusalOf(way, args), { hint: 'Nothing was started.' });
      if (odd !== null) throw new BelayError('BELAY_ACT_FAILED', odd, { hint: 'Nothing was started.' });
      await migrationsOf(databaseOf(args)).down({ from: textOf(args, 'from'), to: way.to, revert: way.revert, expected: applied });
    },
    impossible: async (args) => {
      const { way, odd } = await look(args);
      const freeze = await databaseOf(args).freeze?.read();
      if (freeze?.frozen === true) return `${textOf(args, 'database')} is frozen: ${freeze.why ?? ''}. Thaw it first`;
      return way.ok ? odd : refusalOf(way, args);
    },
    // When a database was last migrated, nobody writes down.
    lastChange: async () => null,
  };
}

/** Down to the migration `to`, or to what the release `keep` knows. */
export async function wayDown(
  migrations: Migrations,
  { applied, known }: { readonly applied: readonly string[]; readonly known: readonly Migration[] },
  args: JsonObject,
): Promise<DownPlan> {
  if ((args['to'] === undefined) === (args['keep'] === undefined))
    throw new BelayError('BELAY_INPUT_INVALID', 'db.migrateDown wants either "to" or "keep"', {
      hint: 'to: the migration that is to stay; keep: the release whose migrations stay, such as "{release.previous}".',
    });
  if (args['keep'] === undefined) return downPlan(applied, known, textOf(args, 'to'));
  const release = textOf(args, 'keep');
  return downPlanKeeping(applied, known, { release, known: await migrations.known(release) });
}

const goalOf = (way: DownPlan, args: JsonObject): string => {
  if (args['keep'] === undefined) return textOf(args, 'to');
  return way.ok ? (way.to ?? BASE) : `what release ${textOf(args, 'keep')} knows`;
};

const fingerprintOf = (applied: readonly string[]): string =>
  `${applied.length}:${applied.at(-1) ?? BASE}:${digestOf(JSON.stringify(applied))}`;

const WHY: Readonly<Record<DownRefusal, (ids: string, args: JsonObject) => string>> = {
  relative: (ids) => `${ids} is relative: a second try would go one further. Name the migration that is to stay, or ${BASE}`,
  'unknown-here': (ids, args) =>
    `the database has ${ids}, which release ${textOf(args, 'from')} does not know: only a release that has them can take them back`,
  'no-such': (ids, args) => `release ${textOf(args, 'from')} has no migration ${ids}`,
  'not-applied': (ids) => `${ids} is not applied: going there would be a way up`,
  irreversible: (ids) => `no way back is written for ${ids}`,
  'keeps-none': (ids) =>
    `release ${ids} knows no migration that is applied, so nothing says where to stop. Name the migration that is to stay`,
  between: (ids, args) => `${ids} lies before a migration that release ${textOf(args, 'keep')} knows, and cannot be taken back alone`,
};

export const refusalOf = (way: DownPlan & { readonly ok: false }, args: JsonObject): string => WHY[way.why](way.ids.join(', '), args);

/** `db.freeze` and `db.thaw`: nobody migrates, or everybody may again. */
function freezeAction(databases: Databases, name: string, on: boolean): Action {
  const freezeOf = (args: JsonObject): DatabaseFreeze => {
    const { freeze, spec } = named(databases, 'database', textOf(args, 'database'));
    if (freeze !== null) return freeze;
    throw new BelayError('BELAY_INPUT_INVALID', `Belay knows no migrations of ${spec.id}`, {
      hint: 'Give the database the driver of its migration tool in belay.yaml.',
    });
  };
  return {
    spec: specOf(name),
    compareAndSet: () => 'none',
    // Not `database:…`: a freeze moves nothing that a later step was planned with.
    target: (args) => `freeze:${textOf(args, 'database')}`,
    observe: async (args) => {
      const { frozen } = await freezeOf(args).read();
      return { current: word(frozen), desired: word(on), fingerprint: word(frozen), reached: frozen === on };
    },
    act: (args, { reason }) => freezeOf(args).set(on, typeof args['why'] === 'string' ? args['why'] : reason),
    impossible: async () => null,
    lastChange: async () => null,
  };
}

const word = (frozen: boolean): string => (frozen ? 'frozen' : 'open');

const LOCK = 'select pg_advisory_xact_lock(hashtextextended($1::text, 0))';
const isDone = (row: ReturnType<typeof rowOf>): boolean => row.ok && row.values['applied'] === true;

const DONE = 'its work is done';
const OPEN = 'not run';
const UNDONE = 'Nothing was changed: the transaction was taken back. Look at the file, and at what it was written for.';

function applyFile(databases: Databases): Action {
  const databaseOf = (args: JsonObject): Database => named(databases, 'database', textOf(args, 'database'));
  const observe = async (args: JsonObject) => {
    const database = databaseOf(args);
    const name = textOf(args, 'file');
    const { applied, rows, timeoutMs } = named(database.spec.files, `file of ${database.spec.id}`, name);
    const query = named(database.spec.queries, `query of ${database.spec.id}`, applied);
    const bound = boundValues(query, {}, null);
    if (!bound.ok) throw new BelayError('BELAY_CONFIG_INVALID', `${applied} cannot say whether ${name} has done its work: ${bound.why}`);
    const statement = { text: query.text, values: bound.values };
    const [{ text, hash }, [table]] = await Promise.all([database.file(name), database.server.read([statement])]);
    const row = table === undefined ? { ok: false as const, why: 'no answer' } : rowOf(table, query.gives);
    if (!row.ok) throw new BelayError('BELAY_TARGET_UNREACHABLE', `${applied}: ${row.why}`);
    const reached = isDone(row);
    const range = rows === undefined ? '' : rowsText(rows);
    // What the file says, and how much it may change, is a part of what people approve.
    return {
      text,
      rows,
      timeoutMs,
      isDone: (seen: SqlTable) => isDone(rowOf(seen, query.gives)),
      statement,
      seen: {
        current: reached ? DONE : OPEN,
        desired: range === '' || reached ? DONE : `${DONE}, with ${range} rows changed`,
        fingerprint: `${reached ? 'done' : 'open'}:${hash}${range === '' ? '' : `:${range}`}`,
        reached,
      },
    };
  };
  return {
    spec: specOf('db.apply'),
    compareAndSet: () => 'lock',
    target: (args) => `database:${textOf(args, 'database')}`,
    observe: async (args) => (await observe(args)).seen,
    act: async (args, { expected }) => {
      const { text, seen, statement, isDone, rows, timeoutMs } = await observe(args);
      if (seen.reached) return;
      const file = textOf(args, 'file');
      const why = whyNotScript(file, await databaseOf(args).parse(text), { isCounted: rows !== undefined });
      if (why !== null) throw new BelayError('BELAY_ACT_FAILED', why);
      if (seen.fingerprint !== expected) throw new BelayError('BELAY_TARGET_CONFLICT', `${file} is not the file that was looked at`);
      await databaseOf(args).server.change(
        async (session) => {
          // Two of us, or a retry that overtakes its first try: the second one looks again when the first is through.
          await session.ask({ text: LOCK, values: [`belay:${textOf(args, 'database')}:${textOf(args, 'file')}`] });
          if (isDone(await session.ask(statement))) return;
          const changed = await session.script(text);
          // Thrown inside the transaction: all of it is taken back.
          if (rows !== undefined && (changed < rows.least || changed > rows.most))
            throw new BelayError('BELAY_ACT_FAILED', `${file} changed ${changed} rows, where ${rowsText(rows)} are expected`, {
              hint: UNDONE,
            });
          if (!isDone(await session.ask(statement)))
            throw new BelayError('BELAY_ACT_FAILED', `${file} ran, and its query still says that its work is not done`, { hint: UNDONE });
        },
        ...(timeoutMs === undefined ? [] : [{ timeoutMs }]),
      );
    },
    impossible: async (args) => {
      const database = databaseOf(args);
      const file = textOf(args, 'file');
      const { rows } = named(database.spec.files, `file of ${database.spec.id}`, file);
      return whyNotScript(file, await database.parse((await database.file(file)).text), { isCounted: rows !== undefined });
    },
    lastChange: async () => null,
  };
}

/** Why a text cannot run inside the transaction that Belay brings; `isCounted`: and be held to a number of rows. */
export function whyNotScript(name: string, statements: readonly Json[] | null, { isCounted = false } = {}): string | null {
  if (statements === null) return `${name} is no SQL that Postgres reads: psql's own commands (\\i, \\connect) do not belong in it`;
  const ends = statements
    .map((one) => nodeOf(one))
    .some(({ kind, node }) => kind === 'TransactionStmt' && ENDING.has(String(node['kind'])));
  if (ends) return `${name} begins or ends a transaction: take BEGIN, COMMIT and ROLLBACK out of it, Belay brings the transaction`;
  const uncounted = isCounted ? uncountedIn(statements) : null;
  return uncounted === null ? null : uncountedText(name, uncounted);
}

const ENDING = new Set(['TRANS_STMT_BEGIN', 'TRANS_STMT_START', 'TRANS_STMT_COMMIT', 'TRANS_STMT_ROLLBACK', 'TRANS_STMT_PREPARE']);
