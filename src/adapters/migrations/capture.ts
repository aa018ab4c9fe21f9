// Migrations that are programs, read by running them: all the way up and back on a throw-away database, with everything written down that they
// say to it. What does not fit stays a program whose effect nobody knows. It never touches the database that it is about.
import { createHash } from 'node:crypto';
import { cutAtTable, ownWords, type SaidStatement } from '../../domain/captured-sql.ts';
import { BelayError } from '../../domain/errors.ts';
import { type Migration, NOT_TRIED } from '../../domain/migrations.ts';
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
  readonly on: (database: Pick<ScratchDatabase, 'url' | 'server'>) => Tool;
}

/** A migration tool on a database that is thrown away. */
export interface Tool extends Migrations {
  /** Asks its database what is applied. @throws BELAY_ACT_FAILED */
  look(release: string): Promise<void>;
  /** All of its migrations; `ids`: where the tool can be told, these alone. @throws BELAY_ACT_FAILED */
  up(release: string, ids?: readonly string[]): Promise<void>;
}

const MOST_KEPT = 50;
/** A server that did not work is not asked again by every look: somebody may be waiting for a plan. */
const AGAIN_MS = 300_000;
/** What one run of a tool may take there, whatever it may take on the real one. */
export const TRIAL_MS = 30_000;

interface Kept {
  readonly at: number;
  readonly found: Promise<Found>;
}

/** `untold`: nobody could try it, and why. */
type Found = { readonly migrations: readonly Migration[] } | { readonly untold: string };

/** The same migrations, whose SQL is known where it could be written down. Only `tried` runs anything. */
export function withCapture(base: Migrations, deps: CaptureDeps): Migrations {
  const kept = new Map<string, Kept>();
  const stampFor = async (release: string): Promise<string> => `${release}/${await stampOf(deps, release)}`;
  return {
    ...base,
    known: async (release) => {
      const known = await base.known(release);
      if (known.every(({ up }) => up !== null)) return known;
      const last = kept.get(await stampFor(release));
      return last === undefined ? untold(known, NOT_TRIED) : told(known, await last.found);
    },
    tried: async (release) => {
      const known = await base.known(release);
      if (known.every(({ up }) => up !== null)) return known;
      const stamp = await stampFor(release);
      const last = kept.get(stamp);
      if (last !== undefined) {
        const found = await last.found;
        if ('migrations' in found || performance.now() - last.at < AGAIN_MS) return told(known, found);
      }
      const found = capture(known, release, deps).catch((error: unknown): Found => {
        if (BelayError.is(error)) return { untold: whyNot(error) };
        throw error;
      });
      if (kept.size > MOST_KEPT) kept.clear();
      kept.set(stamp, { at: performance.now(), found });
      return told(known, await found);
    },
  };
}

const told = (known: readonly Migration[], found: Found): readonly Migration[] =>
  'migrations' in found ? found.migrations : untold(known, found.untold);

const untold = (known: readonly Migration[], why: string): readonly Migration[] =>
  known.map((one) => (one.up === null ? { ...one, untold: why } : one));

/** The same words each time: they are a part of the plan. What a program prints names the throw-away database, so it is left out. */
const whyNot = (error: BelayError): string =>
  error.code === 'BELAY_TARGET_UNREACHABLE' || error.code === 'BELAY_TARGET_CONFLICT'
    ? error.message.slice(0, 300)
    : 'its tool failed on scratch';

/** Another text is another migration, whatever the release is called. */
async function stampOf({ artefact, folder }: CaptureDeps, release: string): Promise<string> {
  const hash = createHash('sha256');
  for (const name of await artefact.list(release, folder))
    if (!name.endsWith('/')) hash.update(`${name}\0${(await artefact.text(release, `${folder}/${name}`)) ?? ''}\0`);
  return hash.digest('hex');
}

function capture(known: readonly Migration[], release: string, deps: CaptureDeps): Promise<Found> {
  const { table } = deps;
  return deps.scratch.use(deps.server, async (database) => {
    const tool = deps.on(database);
    await demandReached(tool, database, release);
    await tool.up(release);
    const said = await saidIn(deps.parser, database);
    const ids = known.map(({ id }) => id);
    const isWhole = (await tool.applied(release)).join('\n') === ids.join('\n');
    const ups = said === null || !isWhole ? null : cutAtTable(said, ids.length, { table });
    const downs =
      ups === null ? new Map<string, string | null>() : await takenBack(known, release, { tool, database, table, parser: deps.parser });
    return {
      migrations: known.map((one, at) => (one.up !== null ? one : { ...one, up: ups?.[at] ?? null, down: downs.get(one.id) ?? null })),
    };
  });
}

/**
 * A release may bring an address of its own, and then its tool would migrate whatever that is: it has to ask scratch first, and be heard there.
 * @throws BELAY_TARGET_CONFLICT
 */
export async function demandReached(tool: Tool, database: Pick<ScratchDatabase, 'taken'>, release: string): Promise<void> {
  await tool.look(release);
  const said = database.taken();
  if (said?.some((text) => text.trim() !== '')) return;
  throw new BelayError(
    'BELAY_TARGET_CONFLICT',
    'its tool was not heard on scratch, so it takes its address from elsewhere: nothing was run',
    {
      hint: 'Let the configuration of the release take the address from the variable that belay.yaml names.',
    },
  );
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
