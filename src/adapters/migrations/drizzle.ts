// Drizzle: a journal of migrations in a folder of SQL, and a table that holds the sha256 of each text. It has no way back: `<tag>.down.sql`
// beside `<tag>.sql` is one of the user's own, which drizzle-kit does not read. It runs nothing.
import { createHash } from 'node:crypto';
import type { DatabaseSpec } from '../../domain/database-catalog.ts';
import { BelayError } from '../../domain/errors.ts';
import { fieldsIn } from '../../domain/received.ts';
import type { Artefact } from './artefact.ts';
import type { Layout, MigrationFile } from './layout.ts';
import { quoted } from './table.ts';

const MOST_ENTRIES = 10_000;
const TAG = /^(?!\.)[\w.-]{1,128}$/;

export function drizzleLayout(spec: Extract<DatabaseSpec, { driver: 'drizzle' }>): Layout {
  const table = quoted(spec.id, 'table', spec.table);
  return {
    table,
    select: `select hash from ${table} order by created_at, id`,
    forget: `delete from ${table} where hash = $1::text`,
    files: async (artefact, release) => {
      const tags = tagsIn(spec.id, release, await artefact.text(release, `${spec.migrations}/meta/_journal.json`));
      return toldApart(await Promise.all(tags.map((tag) => fileOf(artefact, release, `${spec.migrations}/${tag}`))));
    },
    // Its migrator looks at the newest line alone, by its time.
    boot: 'starts-blindly',
  };
}

/** @throws BELAY_NOT_FOUND, BELAY_INPUT_INVALID */
function tagsIn(id: string, release: string, journal: string | null): readonly string[] {
  if (journal === null)
    throw new BelayError('BELAY_NOT_FOUND', `release ${release} has no meta/_journal.json, so the order of its migrations is not known`, {
      hint: `Correct the artefact or the folder of migrations of ${id} in belay.yaml: it is the one that drizzle-kit calls "out".`,
    });
  const broken = (what: string, cause?: unknown): BelayError =>
    new BelayError('BELAY_INPUT_INVALID', `meta/_journal.json of release ${release} ${what}`, {
      hint: 'It is written by drizzle-kit generate; put the one of this release back.',
      cause,
    });
  let entries: unknown;
  try {
    entries = fieldsIn(JSON.parse(journal))['entries'];
  } catch (cause) {
    throw broken('is not JSON', cause);
  }
  if (!Array.isArray(entries) || entries.length > MOST_ENTRIES) throw broken('has no list of entries');
  const tags = entries.map((one) => fieldsIn(one)['tag']);
  const odd = tags.find((one) => typeof one !== 'string' || !TAG.test(one));
  if (odd !== undefined || tags.some((one) => one === undefined)) throw broken('names a migration that cannot be a file');
  if (new Set(tags).size !== tags.length) throw broken('names a migration twice');
  return tags as readonly string[];
}

async function fileOf(artefact: Artefact, release: string, path: string): Promise<MigrationFile> {
  const [id = '', up] = [path.split('/').at(-1), `${path}.sql`];
  const text = await artefact.text(release, up);
  if (text === null)
    throw new BelayError('BELAY_NOT_FOUND', `release ${release} has no ${up}, which its journal names`, {
      hint: 'Drizzle itself would refuse to migrate with it: put the file back.',
    });
  // Some versions read a file with its line ends as they are, others without those of Windows.
  const written = [text, text.replaceAll('\r\n', '\n')].map((one) => createHash('sha256').update(one).digest('hex'));
  return { id, up, down: `${path}.down.sql`, written };
}

/** @throws BELAY_INPUT_INVALID */
function toldApart(files: readonly MigrationFile[]): readonly MigrationFile[] {
  const seen = new Map<string, string>();
  for (const { id, written } of files) {
    const twin = written.map((hash) => seen.get(hash)).find((one) => one !== undefined);
    if (twin !== undefined)
      throw new BelayError('BELAY_INPUT_INVALID', `${twin} and ${id} have the same text, so the table of Drizzle cannot tell them apart`, {
        hint: 'Change a comment in the one that is not applied yet, or go back by hand.',
      });
    for (const hash of written) seen.set(hash, id);
  }
  return files;
}
