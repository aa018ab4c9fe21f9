// What a migration that is a program said to a database, as the SQL of that migration: without the words of its tool, cut where the tool writes
// down that one is done. What counts is the tree of each single statement, never how its text begins. It is no opinion about the SQL, and asks
// nothing.
import type { Json } from './json.ts';
import { dottedOf, listOf, nodeOf, objectOf, partsIn, relationOf, textOf } from './sql-tree.ts';

/** Of a tool's own table, as statements name it. */
export interface ToolTable {
  readonly table: string;
}

/** One statement, with the tree that Postgres' parser makes of it. */
export interface SaidStatement {
  readonly text: string;
  readonly tree: Json;
}

const CONTROL: ReadonlySet<string> = new Set(['TransactionStmt', 'VariableShowStmt', 'DeallocateStmt', 'DiscardStmt']);
/** Settings of a connection that change nothing of what a statement after them means. */
const SETTINGS = /^(?:client_encoding|client_min_messages|standard_conforming_strings|datestyle|timezone|(?:statement|lock)_timeout)$/i;
const SESSIONS = /^(?:transaction|session characteristics)$/i;
/** What a tool does with its own table. */
const OWN: ReadonlySet<string> = new Set([
  ...['CreateStmt', 'IndexStmt', 'AlterTableStmt', 'LockStmt'],
  ...['InsertStmt', 'UpdateStmt', 'DeleteStmt', 'SelectStmt'],
]);

/** Functions that tools ask the catalog with, and write the time with: none of them changes anything. */
const HARMLESS: ReadonlySet<string> = new Set([
  ...['version', 'current_schema', 'current_database', 'current_setting', 'to_regclass', 'format_type', 'now', 'timezone'],
  ...['pg_try_advisory_lock', 'pg_advisory_lock', 'pg_advisory_unlock', 'pg_table_is_visible', 'pg_get_expr'],
  ...['pg_get_indexdef', 'array_agg', 'count', 'lower', 'max', 'min'],
]);
/** What changes rows, wherever it stands in a question. */
const CHANGING: ReadonlySet<string> = new Set(['InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt']);

/** Words of the tool, not of the migration. A statement that names any other table, or a function that nobody knows, is none of them. */
function isTools({ tree }: SaidStatement, table: string): boolean {
  const { kind, node } = nodeOf(tree);
  if (CONTROL.has(kind)) return true;
  if (kind === 'VariableSetStmt') return SETTINGS.test(textOf(node['name'])) || SESSIONS.test(textOf(node['name']));
  if (!OWN.has(kind)) return false;
  const isAsked = kind === 'SelectStmt';
  const isNamedThere = isAsked ? namedBefore(node['withClause']) : () => false;
  for (const [key, value] of partsIn(tree)) {
    const part = objectOf(value);
    if (isAsked && CHANGING.has(key)) return false;
    if (textOf(part['relname']) !== '' && !isOwn(value, table) && !(isAsked && (isCatalog(value) || isNamedThere(value)))) return false;
    if (key === 'FuncCall' && !HARMLESS.has(dottedOf(part['funcname']).at(-1) ?? '')) return false;
  }
  // Without any table only a question is the tool's.
  return isAsked || isOwn(node['relation'], table) || kind === 'LockStmt';
}

/** Questions that a `with` names, for what comes behind it. Within the `with` itself each name is that of a table. */
function namedBefore(withClause: Json | undefined): (relation: Json) => boolean {
  const names = new Set(listOf(objectOf(withClause)['ctes']).map((one) => textOf(nodeOf(one).node['ctename'])));
  const within = new Set(withClause === undefined ? [] : [...partsIn(withClause)].map(([, value]) => value));
  return (relation) => {
    const { name, schema } = relationOf(relation);
    return schema === undefined && names.has(name) && !within.has(relation);
  };
}

/** Its own table, and the one beside it (knex_migrations_lock). */
function isOwn(relation: Json | undefined, table: string): boolean {
  const { name } = relationOf(relation);
  return isMark(relation, table) || (name.endsWith('_lock') && isMark({ ...objectOf(relation), relname: name.slice(0, -5) }, table));
}

function isMark(relation: Json | undefined, table: string): boolean {
  const [own = '', ownSchema = 'public'] = table.split('.').toReversed();
  const { name, schema } = relationOf(relation);
  return name === own && (schema === undefined || schema === ownSchema);
}

function isCatalog(relation: Json): boolean {
  const { name, schema } = relationOf(relation);
  return schema === 'pg_catalog' || schema === 'information_schema' || (schema === undefined && name.startsWith('pg_'));
}

/** One row more in the tool's table: the migration before it is done. */
function isDone(statement: SaidStatement, table: string): boolean {
  const { kind, node } = nodeOf(statement.tree);
  return (kind === 'InsertStmt' || kind === 'UpdateStmt') && isMark(node['relation'], table) && isTools(statement, table);
}

/**
 * The SQL of each of `count` migrations that a tool ran in one go; null for all where the cuts do not fit. A migration that reads rows may do
 * something else where there are some: it is null, because an empty database shows less than the real one would.
 */
export function cutAtTable(statements: readonly SaidStatement[], count: number, { table }: ToolTable): readonly (string | null)[] | null {
  const parts: SaidStatement[][] = [[]];
  for (const statement of statements) {
    if (isDone(statement, table)) parts.push([]);
    else if (!isTools(statement, table)) parts.at(-1)?.push(statement);
  }
  // Behind the last one nothing of a migration may come.
  if (parts.length !== count + 1 || (parts.at(-1) ?? []).length > 0) return null;
  return parts.slice(0, count).map(sqlOf);
}

/** Of one migration that was taken back alone. */
export const ownWords = (statements: readonly SaidStatement[], { table }: ToolTable): string | null =>
  sqlOf(statements.filter((statement) => !isTools(statement, table)));

function sqlOf(statements: readonly SaidStatement[]): string | null {
  if (statements.some(readsRows)) return null;
  return statements.map(({ text }) => `${text};`).join('\n');
}

const READING: ReadonlySet<string> = new Set(['SelectStmt', 'FetchStmt', 'DeclareCursorStmt']);

function readsRows({ tree }: SaidStatement): boolean {
  const { kind, node } = nodeOf(tree);
  return READING.has(kind) || node['withClause'] !== undefined;
}
