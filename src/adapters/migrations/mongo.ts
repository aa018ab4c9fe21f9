// migrate-mongo: its program takes back the last file that it calls applied, and cannot be told which. So the changelog (read with mongosh)
// and its own status must both say beforehand that this is the one, and the changelog afterwards that it alone is gone. Anything else is
// refused. There is no SQL here, and nothing that would keep others from migrating.
import { stripVTControlCharacters } from 'node:util';
import type { DatabaseSpec } from '../../domain/database-catalog.ts';
import { BelayError } from '../../domain/errors.ts';
import type { Migration } from '../../domain/migrations.ts';
import { fieldsIn } from '../../domain/received.ts';
import type { Migrations, SqlServer } from '../../ports/database.ts';
import { afterStart, failed, hasDown, hidingOf, type ProgramDeps, refuseByName, runTool } from './programs.ts';

type MongoSpec = Extract<DatabaseSpec, { driver: 'migrate-mongo' }>;

const MOST_OUTPUT_BYTES = 4 * 1024 * 1024;
const FILE = /^(?!\.)(?!-)[\w.+@=-]{1,200}\.(?:c|m)?[jt]s$/;

export function createMongoMigrations(spec: MongoSpec, deps: Omit<ProgramDeps, 'server'>): Migrations {
  const { artefact } = deps;
  refuseByName(spec);
  const read = changelogOf(spec, deps);
  return {
    compareAndSet: 'none',
    boot: 'starts-blindly',
    known: async (release) => {
      const names = (await artefact.list(release, spec.migrations)).filter((name) => FILE.test(name) && !/\.d\.[cm]?ts$/.test(name));
      return Promise.all(
        // As the program sorts them.
        names.toSorted().map(async (id): Promise<Migration> => {
          const text = await artefact.text(release, `${spec.migrations}/${id}`);
          return { id, up: null, down: null, reversible: hasDown(text ?? '') };
        }),
      );
    },
    applied: read,
    down: async ({ from, revert, expected }) => {
      if ((await read()).join('\n') !== expected.join('\n'))
        throw new BelayError('BELAY_TARGET_CONFLICT', `${spec.id} has other migrations by now`);
      const folder = await artefact.folder(from);
      for (const [index, id] of revert.entries()) {
        const one = takeBack(id, { spec, deps, folder, read });
        await (index === 0 ? one : afterStart(one));
      }
    },
  };
}

interface Taking {
  readonly spec: MongoSpec;
  readonly deps: Omit<ProgramDeps, 'server'>;
  readonly folder: string;
  readonly read: () => Promise<readonly string[]>;
}

async function takeBack(id: string, { spec, deps, folder, read }: Taking): Promise<void> {
  const before = await read();
  if (!before.includes(id)) return;
  const listed = await runTool(spec, deps, folder, ['status']);
  if (listed.code !== 0) throw failed(spec, listed, 'none', 'it could not be asked what is applied');
  const last = lastApplied(listed.stdout);
  if (before.at(-1) !== id || last !== id)
    throw new BelayError(
      'BELAY_ACT_FAILED',
      `${spec.id}: migrate-mongo would take back ${last ?? 'nothing'}, the changelog ends with ${before.at(-1) ?? 'nothing'}, and ${id} is meant`,
      {
        effect: 'none',
        hint: 'Nothing more was started. Look whether a file has been changed since it was applied (useFileHash), and whether both look at one database.',
      },
    );
  const result = await runTool(spec, deps, folder, ['down']);
  const after = await afterStart(read());
  if (after.join('\n') === before.filter((one) => one !== id).join('\n')) return;
  // There is no transaction: a migration that fell halfway leaves the changelog as it was, and what it did.
  throw failed(spec, result, 'unknown', `${id} is still applied, or not it alone is gone`);
}

/** The last file of `migrate-mongo status` that has a time; null where none has, or the table cannot be read. */
export function lastApplied(printed: string): string | null {
  const rows = stripVTControlCharacters(printed)
    .split('\n')
    .map((line) =>
      line
        .split(/[│|]/)
        .map((cell) => cell.trim())
        .filter((cell) => cell !== ''),
    )
    .filter(([name]) => name !== undefined && FILE.test(name));
  const times = rows.map((cells) => cells.slice(1).find((cell) => cell === 'PENDING' || /^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/.test(cell)));
  if (times.includes(undefined)) return null;
  return rows.findLast((_cells, index) => times[index] !== 'PENDING')?.[0] ?? null;
}

/** The address reaches the shell in its environment, and the names as well: nothing is written into the text that it runs. */
const ASK = [
  'const log = connect(process.env.CHANGELOG_URL).getSiblingDB(process.env.CHANGELOG_DATABASE).getCollection(process.env.CHANGELOG_LOG)',
  'const all = log.find({}, { _id: 0, fileName: 1, appliedAt: 1 }).toArray()',
  "print('BELAY ' + JSON.stringify(all))",
].join('; ');

function changelogOf(spec: MongoSpec, { processes }: Pick<ProgramDeps, 'processes'>): () => Promise<readonly string[]> {
  const database = spec.databaseName ?? /^mongodb(?:\+srv)?:\/\/[^/]+\/([^/?]+)/.exec(spec.url)?.[1];
  if (!/^mongodb(?:\+srv)?:\/\//.test(spec.url))
    throw new BelayError('BELAY_CONFIG_INVALID', `database ${spec.id}: url: it is no address of a MongoDB`, {
      hint: 'It begins with mongodb:// or mongodb+srv://.',
    });
  if (database === undefined)
    throw new BelayError('BELAY_CONFIG_INVALID', `database ${spec.id}: nothing says which database of the server is meant`, {
      hint: 'Write databaseName, as in migrate-mongo-config.js, or end the url with it.',
    });
  const [program = '', ...first] = spec.shell;
  const env = { ...spec.environment, CHANGELOG_URL: spec.url, CHANGELOG_DATABASE: database, CHANGELOG_LOG: spec.changelog };
  return async () => {
    const argv = [program, ...first, '--nodb', '--norc', '--quiet', '--eval', ASK] as const;
    const result = await processes.run(argv, { env, timeoutMs: spec.timeoutMs, maxOutputBytes: MOST_OUTPUT_BYTES, hide: hidingOf(spec) });
    const said = result.stdout.split('\n').findLast((line) => line.startsWith('BELAY '));
    if (result.code !== 0 || said === undefined)
      throw unreadable(spec, failed({ ...spec, command: spec.shell }, result, 'none', 'the changelog cannot be read').message);
    return namesIn(spec, said.slice('BELAY '.length));
  };
}

function namesIn(spec: MongoSpec, said: string): readonly string[] {
  let all: unknown;
  try {
    all = JSON.parse(said);
  } catch {
    throw unreadable(spec, `${spec.id}: the changelog is longer than can be read, or no JSON`);
  }
  const rows = Array.isArray(all) ? all.map(fieldsIn) : [{}];
  const odd = rows.find(({ fileName, appliedAt }) => typeof fileName !== 'string' || Number.isNaN(Date.parse(String(appliedAt))));
  if (odd !== undefined) throw unreadable(spec, `${spec.id}: ${spec.changelog} has a line that migrate-mongo does not write`);
  return rows.map(({ fileName }) => String(fileName)).toSorted();
}

const unreadable = (spec: MongoSpec, message: string): BelayError =>
  new BelayError('BELAY_TARGET_UNREACHABLE', message, {
    effect: 'none',
    hint: `Run ${spec.shell.join(' ')} by hand on the machine of Belay, and look into ${spec.changelog}.`,
  });

/** @throws BELAY_INPUT_INVALID at every question */
export function createNoSqlServer({ id }: Pick<DatabaseSpec, 'id'>): SqlServer {
  const refuse = async (): Promise<never> => {
    throw new BelayError('BELAY_INPUT_INVALID', `${id} is a MongoDB, which answers no SQL`, {
      hint: 'Ask a database with SQL, or use a step of kind run.',
    });
  };
  return { read: refuse, change: refuse };
}
