// Alembic: revisions that point to the one before, and a table that holds the newest alone. Belay tells it the revision that stays,
// never `-1`: a second try of that drops what a first one left.
import { dirname } from 'node:path/posix';
import type { DatabaseSpec } from '../../domain/database-catalog.ts';
import { BelayError } from '../../domain/errors.ts';
import type { Migration } from '../../domain/migrations.ts';
import type { Migrations } from '../../ports/database.ts';
import type { Artefact } from './artefact.ts';
import { hashOf } from './drill.ts';
import { afterStart, failed, type ProgramDeps, refuseByName, runTool } from './programs.ts';
import { aftermathOf, shapeOf } from './shape.ts';
import { quoted, readColumn } from './table.ts';

type AlembicSpec = Extract<DatabaseSpec, { driver: 'alembic' }>;

interface Revision {
  readonly id: string;
  readonly before: string | null;
  readonly reversible: boolean;
  readonly hash: string;
}

export function createAlembicMigrations(spec: AlembicSpec, deps: ProgramDeps): Migrations {
  const { artefact, server } = deps;
  refuseByName(spec);
  const table = quoted(spec.id, 'table', spec.table);
  const chain = (release: string): Promise<readonly Revision[]> => chainOf(spec, artefact, release);
  const heads = (): Promise<readonly string[]> => readColumn(server, table, `select version_num from ${table} order by version_num`);
  const applied = async (by: string): Promise<readonly string[]> => {
    const [head, ...more] = await heads();
    if (head === undefined) return [];
    if (more.length > 0) throw branched(spec, `the database stands at ${[head, ...more].join(' and ')}`);
    const revisions = await chain(by);
    const at = revisions.findIndex((one) => one.id === head);
    // One that the release does not know: what came before it is the part that it does know.
    return at === -1 ? [...revisions.map((one) => one.id), head] : revisions.slice(0, at + 1).map((one) => one.id);
  };
  /** Where it may say that it wants no transaction: in the revisions, and where they are run from. */
  const textsOf = async (release: string, ids: readonly string[]): Promise<readonly (string | null)[]> => {
    const names = (await artefact.list(release, spec.migrations)).filter((name) => name.endsWith('.py'));
    const texts = await Promise.all(names.map((name) => artefact.text(release, `${spec.migrations}/${name}`)));
    const own = texts.filter((text) => ids.includes(revisionOf(text ?? '')?.id ?? ''));
    return [...own, await artefact.text(release, `${dirname(spec.migrations)}/env.py`)];
  };
  return {
    compareAndSet: 'none',
    boot: 'refuses',
    known: async (release) =>
      (await chain(release)).map(({ id, reversible, hash }): Migration => ({ id, up: null, down: null, reversible, hash })),
    applied,
    down: async ({ from, to, revert, expected }) => {
      if ((await applied(from)).join('\n') !== expected.join('\n'))
        throw new BelayError('BELAY_TARGET_CONFLICT', `${spec.id} has another revision by now`);
      const [before, shape] = [await heads(), await shapeOf(server)];
      const result = await runTool(spec, deps, await artefact.folder(from), ['downgrade', to ?? 'base']);
      const after = await afterStart(heads());
      if (after.join('\n') === (to ?? '')) return;
      const isListed = after.join('\n') === before.join('\n');
      const left = isListed
        ? await aftermathOf(server, shape, await afterStart(textsOf(from, revert)))
        : ({ effect: 'unknown', words: '' } as const);
      throw failed(spec, result, left.effect, `it stands at ${after.join(', ') || 'base'}, not at ${to ?? 'base'}${left.words}`);
    },
  };
}

/** On a database that is thrown away: all of them. @throws BELAY_ACT_FAILED */
export async function alembicUp(spec: AlembicSpec, deps: ProgramDeps, release: string): Promise<void> {
  const result = await runTool(spec, deps, await deps.artefact.folder(release), ['upgrade', 'head']);
  if (result.code !== 0) throw failed(spec, result, 'unknown', 'its revisions cannot be tried');
}

/** Asks where it stands. @throws BELAY_ACT_FAILED */
export async function alembicLook(spec: AlembicSpec, deps: ProgramDeps, release: string): Promise<void> {
  const result = await runTool(spec, deps, await deps.artefact.folder(release), ['current']);
  if (result.code !== 0) throw failed(spec, result, 'none', 'it cannot say where it stands');
}

/** Oldest first. @throws BELAY_INPUT_INVALID for revisions that are no single line */
async function chainOf(spec: AlembicSpec, artefact: Artefact, release: string): Promise<readonly Revision[]> {
  const names = (await artefact.list(release, spec.migrations)).filter((name) => name.endsWith('.py') && name !== '__init__.py');
  const texts = await Promise.all(names.map((name) => artefact.text(release, `${spec.migrations}/${name}`)));
  const revisions = texts.flatMap((text) => revisionOf(text ?? '') ?? []);
  const next = new Map<string | null, Revision>();
  for (const one of revisions) {
    if (next.has(one.before))
      throw branched(spec, `${one.id} and ${next.get(one.before)?.id ?? ''} both come after ${one.before ?? 'base'}`);
    next.set(one.before, one);
  }
  const line: Revision[] = [];
  for (let one = next.get(null); one !== undefined && line.length <= revisions.length; one = next.get(one.id)) line.push(one);
  if (line.length !== revisions.length) throw branched(spec, `of ${revisions.length} revisions ${line.length} are on the line from base`);
  return line;
}

function branched(spec: AlembicSpec, what: string): BelayError {
  return new BelayError('BELAY_INPUT_INVALID', `${spec.id}: the revisions are no single line: ${what}`, {
    hint: 'Merge the branches with a revision, or go back by hand.',
  });
}

const WORD = `(?:"([\\w-]+)"|'([\\w-]+)')`;
const REVISION = new RegExp(`^revision(?:\\s*:[^=\\n]+)?\\s*=\\s*${WORD}`, 'm');
const BEFORE = new RegExp(`^down_revision(?:\\s*:[^=\\n]+)?\\s*=\\s*(?:${WORD}|(None)|(\\())`, 'm');

/** Null for a file that is no revision. A revision after two others is left out of the line, and so is told. */
function revisionOf(text: string): Revision | null {
  const [, doubled, single] = REVISION.exec(text) ?? [];
  const before = BEFORE.exec(text);
  const id = doubled ?? single;
  if (id === undefined || before === null) return null;
  const body = /^def downgrade\b[^\n]*\n((?:[ \t]+[^\n]*\n?|\s*\n)*)/m.exec(text)?.[1] ?? '';
  const statements = body.replace(/^\s*(#[^\n]*|"""[\s\S]*?"""|'''[\s\S]*?''')/gm, '').trim();
  const reversible = statements !== '' && statements !== 'pass' && !/^raise\b/.test(statements);
  return { id, before: before[4] === undefined ? (before[1] ?? before[2] ?? null) : `(${id})`, reversible, hash: hashOf(text) };
}
