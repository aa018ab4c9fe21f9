// The table in which a migration tool writes down what it has applied. It reads it, and judges nothing.
import { BelayError } from '../../domain/errors.ts';
import type { SqlServer, SqlTable } from '../../ports/database.ts';

/** A table by its name, with or without a schema, as it stands in a statement. @throws BELAY_CONFIG_INVALID */
export function quoted(id: string, option: string, name: string): string {
  const parts = name.split('.');
  if (parts.length <= 2 && parts.every((part) => /^[A-Za-z_][\w$]{0,62}$/.test(part))) return parts.map((part) => `"${part}"`).join('.');
  throw new BelayError('BELAY_CONFIG_INVALID', `database ${id}: ${option}: ${JSON.stringify(name)} is no name of a table or column`, {
    hint: 'Write name or schema.name, in the letters of the database.',
  });
}

/** The first column of what `select` gives; nothing where the table has not been made yet. */
export async function readColumn(server: SqlServer, table: string, select: string): Promise<readonly string[]> {
  const [there] = await server.read([{ text: 'select to_regclass($1::text) is not null', values: [table] }]);
  if (there?.rows[0]?.[0] !== 't') return [];
  const [found] = await server.read([{ text: select, values: [] }]);
  return columnOf(found);
}

export const columnOf = (table: SqlTable | undefined): readonly string[] => (table?.rows ?? []).map((row) => row[0] ?? '');
