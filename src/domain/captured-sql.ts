// What a migration that is a program said to a database, as the SQL of that migration: without the words of its tool, cut where the tool writes
// down that one is done. It is no opinion about the SQL, and asks nothing.

/** Of a tool's own table, as statements name it. */
export interface ToolTable {
  readonly table: string;
}

const CONTROL =
  /^\s*(?:begin|commit|rollback|start\s+transaction|end|savepoint|release|set\s+(?:session|local|client_encoding|datestyle|timezone)|show|deallocate|discard|prepare\s+transaction)\b/i;
const CATALOG =
  /\b(?:pg_catalog\.|information_schema\.|pg_\w+|version\(\)|current_(?:schema|database|user)|current_setting)\b|version\s*\(\s*\)/i;

/** Functions that tools ask the catalog with: none of them changes anything. */
const HARMLESS: ReadonlySet<string> = new Set([
  ...['version', 'current_schema', 'current_database', 'current_user', 'current_setting', 'to_regclass', 'format_type', 'coalesce'],
  ...[
    'pg_try_advisory_lock',
    'pg_advisory_lock',
    'pg_advisory_unlock',
    'pg_table_is_visible',
    'pg_get_expr',
    'any',
    'in',
    'exists',
    'array',
  ],
  ...[
    'and',
    'or',
    'on',
    'where',
    'select',
    'from',
    'join',
    'not',
    'as',
    'cast',
    'varchar',
    'char',
    'count',
    'lower',
    'max',
    'min',
    'limit',
  ],
]);

/** Words of the tool, not of the migration. A question to the catalog with a function that nobody knows is none of them. */
function isTools(statement: string, table: string): boolean {
  if (statement.trim() === '' || CONTROL.test(statement) || namesTable(statement, table)) return true;
  if (!/^\s*select\b/i.test(statement) || !CATALOG.test(statement)) return false;
  return [...statement.matchAll(/([a-z_]\w*)"?\s*\(/gi)].every(([, name = '']) => HARMLESS.has(name.toLowerCase()));
}

/** Its own table, and the ones beside it (knex_migrations_lock). */
function namesTable(statement: string, table: string): boolean {
  const name = table.split('.').at(-1) ?? table;
  return new RegExp(`(?<![\\w$])"?${name.replaceAll(/[^\w]/g, '\\$&')}(?:_lock)?"?(?![\\w$])`, 'i').test(statement);
}

/** One row more in the tool's table: the migration before it is done. */
function isDone(statement: string, table: string): boolean {
  return namesTable(statement, table) && /^\s*(?:insert\s+into|update)\b/i.test(statement) && !/_lock\b/i.test(statement);
}

/**
 * The SQL of each of `count` migrations that a tool ran in one go; null for all where the cuts do not fit. A migration that reads rows may do
 * something else where there are some: it is null, because an empty database shows less than the real one would.
 */
export function cutAtTable(statements: readonly string[], count: number, { table }: ToolTable): readonly (string | null)[] | null {
  const parts: string[][] = [[]];
  for (const statement of statements) {
    if (isDone(statement, table)) parts.push([]);
    else if (!isTools(statement, table)) parts.at(-1)?.push(statement);
  }
  // Behind the last one nothing of a migration may come.
  if (parts.length !== count + 1 || (parts.at(-1) ?? []).length > 0) return null;
  return parts.slice(0, count).map(sqlOf);
}

/** Of one migration that was taken back alone. */
export const ownWords = (statements: readonly string[], { table }: ToolTable): string | null =>
  sqlOf(statements.filter((statement) => !isTools(statement, table)));

function sqlOf(statements: readonly string[]): string | null {
  if (statements.some(readsRows)) return null;
  return statements.map((one) => (one.trimEnd().endsWith(';') ? one : `${one};`)).join('\n');
}

const readsRows = (statement: string): boolean => /^\s*(?:select|with|table|fetch|declare)\b/i.test(statement);
