// Migrations that are programs, read by running them: all the way up and back on a throw-away database, with everything written down that they
// say to it. What does not fit stays a program whose effect nobody knows. It never touches the database that it is about.
import { createHash } from 'node:crypto';
import { cutAtTable, ownWords, type SaidStatement } from '../../domain/captured-sql.ts';
import { BelayError } from '../../domain/errors.ts';
import type { Migration } from '../../domain/migrations.ts';
import type { Migrations, SqlServer } from '../../ports/database.ts';
import type { Scratch, ScratchDatabase } from '../../ports/scratch.ts';
import type { SqlParser } from '../../ports/sql-parser.ts';
import type { Artefact } from './artefact.ts';

export interface CaptureDeps {
  readonly scratch: Scratch;
  readonly artefact: Artefact;
  readonly parser: SqlParser;
  /** The real one: only to see that scratch is another. */
  readonly server: SqlServer;
  readonly table: string;
  /** The folder of the migrations in a release. */
  readonly folder: string;
  /** The same tool on a database of this address. */
  readonly on: (database: Pick<ScratchDatabase, 'url' | 'server'>) => Migrations & { up(release: string): Promise<void> };
}

const MOST_KEPT = 50;
/** A server that did not work is not asked again by every look: somebody may be waiting for a plan. */
const AGAIN_MS = 300_000;
/** What one run of a tool may take there, whatever it may take on the real one. */
export const TRIAL_MS = 30_000;

interface Kept {
  readonly at: number;
  /** Null: nobody could try it. */
  readonly found: Promise<readonly Migration[] | null>;
}

/** The same migrations, whose SQL is known where it could be written down. */
export function withCapture(base: Migrations, deps: CaptureDeps): Migrations {
  const kept = new Map<string, Kept>();
  return {
    ...base,
    known: async (release) => {
      const known = await base.known(release);
      if (known.every(({ up }) => up !== null)) return known;
      const stamp = `${release}/${await stampOf(deps, release)}`;
      const last = kept.get(stamp);
      if (last !== undefined) {
        const found = await last.found;
        if (found !== null) return found;
        if (performance.now() - last.at < AGAIN_MS) return known;
      }
      const found = capture(known, release, deps).catch((error: unknown) => {
        if (BelayError.is(error)) return null;
        throw error;
      });
      if (kept.size > MOST_KEPT) kept.clear();
      kept.set(stamp, { at: performance.now(), found });
      return (await found) ?? known;
    },
  };
}

/** Another text is another migration, whatever the release is called. */
async function stampOf({ artefact, folder }: CaptureDeps, release: string): Promise<string> {
  const hash = createHash('sha256');
  for (const name of await artefact.list(release, folder))
    if (!name.endsWith('/')) hash.update(`${name}\0${(await artefact.text(release, `${folder}/${name}`)) ?? ''}\0`);
  return hash.digest('hex');
}

function capture(known: readonly Migration[], release: string, deps: CaptureDeps): Promise<readonly Migration[]> {
  const { table } = deps;
  return deps.scratch.use(deps.server, async (database) => {
    const tool = deps.on(database);
    await tool.up(release);
    const said = await saidIn(deps.parser, database);
    const ids = known.map(({ id }) => id);
    const isWhole = (await tool.applied(release)).join('\n') === ids.join('\n');
    const ups = said === null || !isWhole ? null : cutAtTable(said, ids.length, { table });
    const downs =
      ups === null ? new Map<string, string | null>() : await takenBack(known, release, { tool, database, table, parser: deps.parser });
    return known.map((one, at) => (one.up !== null ? one : { ...one, up: ups?.[at] ?? null, down: downs.get(one.id) ?? null }));
  });
}

/** Newest first, one at a time, until one cannot go back: what comes before it is not known either. */
async function takenBack(
  known: readonly Migration[],
  release: string,
  o: { readonly tool: Migrations; readonly database: ScratchDatabase; readonly table: string; readonly parser: SqlParser },
): Promise<ReadonlyMap<string, string | null>> {
  const ids = known.map(({ id }) => id);
  const downs = new Map<string, string | null>();
  for (let at = ids.length - 1; at >= 0; at -= 1) {
    const id = ids[at] ?? '';
    if (known[at]?.reversible !== true) break;
    try {
      await o.tool.down({ from: release, to: ids[at - 1] ?? null, revert: [id], expected: ids.slice(0, at + 1) });
    } catch (error) {
      if (!BelayError.is(error)) throw error;
      break;
    }
    const said = await saidIn(o.parser, o.database);
    downs.set(id, said === null ? null : ownWords(said, { table: o.table }));
  }
  return downs;
}

/** One by one: a text may hold several. Null where one cannot be read, because nobody knows what it did. */
async function saidIn(parser: SqlParser, database: ScratchDatabase): Promise<readonly SaidStatement[] | null> {
  const statements: SaidStatement[] = [];
  for (const text of database.taken() ?? [null]) {
    const found = text === null ? null : await parser.split(text);
    if (found === null) return null;
    statements.push(...found);
  }
  return statements;
}
