// The rows of two databases, one of which was a copy of the other: counted, and compared by sums of hashes, so that no row leaves its server and their
// order does not matter. Tables and columns are the same ones by their numbers, whatever they are called. It judges nothing.
import type { Comparison, LostOnCopy } from '../../domain/certificate.ts';
import { BelayError } from '../../domain/errors.ts';
import type { Dropped } from '../../domain/sql-judgement.ts';
import type { SqlServer } from '../../ports/database.ts';
import { PLAIN_NAMES } from './schema.ts';
import { quote } from './throw-away.ts';

export interface ComparisonLimits {
  /** For one table. */
  readonly tableMs: number;
  /** Of a table with more rows a part of about so many is compared. */
  readonly mostRows: number;
}

interface Column {
  readonly num: number;
  readonly name: string;
}
interface Table {
  readonly oid: string;
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly Column[];
  readonly key: readonly number[];
}
interface Pair<T> {
  readonly before: T;
  readonly after: T;
}

const TABLES = `select coalesce(jsonb_agg(jsonb_build_object('oid', c.oid::text, 'schema', n.nspname, 'name', c.relname,
    'columns', (select coalesce(jsonb_agg(jsonb_build_object('num', attnum, 'name', attname) order by attnum), '[]') from pg_attribute
      where attrelid = c.oid and attnum > 0 and not attisdropped),
    'key', (select coalesce(jsonb_agg(k), '[]') from pg_constraint, unnest(conkey) k where conrelid = c.oid and contype = 'p')) order by n.nspname, c.relname), '[]')::text
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind = 'r' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and n.nspname || '.' || c.relname <> $1`;

/** `without`: the table of the migration tool, `schema.name`. */
export async function compareRows(servers: Pair<SqlServer>, without: string, limits: ComparisonLimits): Promise<Comparison> {
  const [before, after] = await Promise.all([tablesOf(servers.before, without), tablesOf(servers.after, without)]);
  const fresh = new Set(after);
  const told: Told = { rows: 0, lost: [], dropped: [], sampled: [], unchecked: [] };
  for (const table of before) {
    const twin = after.find((one) => one.oid === table.oid) ?? after.find((one) => one.schema === table.schema && one.name === table.name);
    if (twin !== undefined) fresh.delete(twin);
    await guarded(told, table, () =>
      twin === undefined
        ? goneTable(servers.before, table, told, limits)
        : compareTable(servers, { before: table, after: twin }, told, limits),
    );
  }
  for (const table of fresh) await guarded(told, table, () => newTable(servers.after, table, told, limits));
  return { ...told, tables: before.length };
}

interface Told {
  rows: number;
  readonly lost: LostOnCopy[];
  readonly dropped: Dropped[];
  readonly sampled: string[];
  readonly unchecked: { readonly table: string; readonly why: string }[];
}

/** One table that cannot be read is told, and keeps the others from nothing. */
async function guarded(told: Told, table: Table, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!BelayError.is(error)) throw error;
    told.unchecked.push({
      table: nameOf(table),
      why: /no answer within/.test(error.message) ? 'it took too long' : 'it could not be read',
    });
  }
}

const nameOf = ({ schema, name }: Table, column?: string): string =>
  [...(schema === 'public' ? [] : [schema]), name, ...(column === undefined ? [] : [column])].join('.');
const placeOf = ({ schema, name }: Table): string => `${quote(schema)}.${quote(name)}`;
const droppedOf = ({ schema, name }: Table, column?: string): Dropped => ({
  schema,
  table: name,
  ...(column === undefined ? {} : { column }),
});

async function tablesOf(server: SqlServer, without: string): Promise<readonly Table[]> {
  const [table] = await server.read([{ text: TABLES, values: [without] }]);
  return JSON.parse(table?.rows[0]?.[0] ?? '[]') as readonly Table[];
}

async function ask(server: SqlServer, text: string, { tableMs }: ComparisonLimits): Promise<readonly (string | null)[]> {
  const [, table] = await server.read([PLAIN_NAMES, { text, values: [] }], { timeoutMs: tableMs });
  return table?.rows[0] ?? [];
}

async function goneTable(server: SqlServer, table: Table, told: Told, limits: ComparisonLimits): Promise<void> {
  told.dropped.push(droppedOf(table));
  const [count] = await ask(server, `select count(*)::text from ${placeOf(table)}`, limits);
  told.rows += Number(count);
  if (Number(count) > 0) told.lost.push({ object: nameOf(table), how: 'gone', count: Number(count) });
}

/** It comes back: what was in it before it went, nobody can see, so an empty one counts as a loss. */
async function newTable(server: SqlServer, table: Table, told: Told, limits: ComparisonLimits): Promise<void> {
  const [count] = await ask(server, `select count(*)::text from ${placeOf(table)}`, limits);
  if (Number(count) === 0) told.lost.push({ object: nameOf(table), how: 'empty', count: 0 });
}

async function compareTable(servers: Pair<SqlServer>, table: Pair<Table>, told: Told, limits: ComparisonLimits): Promise<void> {
  const columns = pairsOf(table);
  const sample = await sampleOf(servers.before, table, columns, limits);
  if (sample.note === 'sampled') told.sampled.push(nameOf(table.before));
  if (sample.note === 'no-key') told.unchecked.push({ table: nameOf(table.before), why: 'it is large and has no primary key' });
  const sums = (side: 'before' | 'after') =>
    ask(servers[side], sumsOf(table[side], sample.note === 'no-key' ? [] : columns.map((one) => one[side]), sample.where(side)), limits);
  const [was, is] = await Promise.all([sums('before'), sums('after')]);
  const rows = sample.note === 'sampled' ? await rowsOf(servers, table, limits) : { before: Number(was[0]), after: Number(is[0]) };
  told.rows += rows.before;
  if (rows.after < rows.before) told.lost.push({ object: nameOf(table.before), how: 'rows', count: rows.before - rows.after });
  else if (rows.after > rows.before) told.lost.push({ object: nameOf(table.before), how: 'added', count: rows.after - rows.before });
  else if (sample.note !== 'no-key') told.lost.push(...changedIn(table.before, columns, { was, is }));
  await goneColumns(servers.before, table.before, columns, told, limits);
  await newColumns(servers.after, table.after, { columns, rows: rows.after }, told, limits);
}

async function rowsOf(servers: Pair<SqlServer>, table: Pair<Table>, limits: ComparisonLimits): Promise<Pair<number>> {
  const count = (side: 'before' | 'after') => ask(servers[side], `select count(*)::text from ${placeOf(table[side])}`, limits);
  const [before, after] = await Promise.all([count('before'), count('after')]);
  return { before: Number(before[0]), after: Number(after[0]) };
}

/** The same ones by their number where it is the same table, else by their name. */
function pairsOf({ before, after }: Pair<Table>): readonly Pair<Column>[] {
  const isSame = before.oid === after.oid;
  return before.columns.flatMap((one) => {
    const twin = after.columns.find((other) => (isSame ? other.num === one.num : other.name === one.name));
    return twin === undefined ? [] : [{ before: one, after: twin }];
  });
}

/** Rows by their count; of each column its values and their sum; of all of them together the sum of the rows. */
function sumsOf(table: Table, columns: readonly Column[], where: string): string {
  const sum = (value: string): string => `coalesce(sum(hashtextextended(${value}, 0)::numeric), 0)::text`;
  const each = columns.flatMap(({ name }) => [`count(${quote(name)})::text`, sum(`${quote(name)}::text`)]);
  const whole = columns.length === 0 ? [] : [sum(`row(${columns.map(({ name }) => `${quote(name)}::text`).join(', ')})::text`)];
  return `select ${['count(*)::text', ...each, ...whole].join(', ')} from ${placeOf(table)}${where}`;
}

function changedIn(
  table: Table,
  columns: readonly Pair<Column>[],
  { was, is }: { readonly was: readonly (string | null)[]; readonly is: readonly (string | null)[] },
): readonly LostOnCopy[] {
  const changed = columns.flatMap(({ before }, at): readonly LostOnCopy[] => {
    const [count, sum] = [1 + at * 2, 2 + at * 2];
    if (was[count] === is[count] && was[sum] === is[sum]) return [];
    return [{ object: nameOf(table, before.name), how: 'changed', count: Math.max(Number(was[count]), Number(is[count])) }];
  });
  if (changed.length > 0 || was.at(-1) === is.at(-1)) return changed;
  // Every column has the values that it had, and they stand in other rows.
  return [{ object: nameOf(table), how: 'changed', count: Number(was[0]) }];
}

async function goneColumns(
  server: SqlServer,
  table: Table,
  columns: readonly Pair<Column>[],
  told: Told,
  limits: ComparisonLimits,
): Promise<void> {
  const gone = table.columns.filter((one) => !columns.some(({ before }) => before === one));
  if (gone.length === 0) return;
  told.dropped.push(...gone.map(({ name }) => droppedOf(table, name)));
  const counts = await ask(
    server,
    `select ${gone.map(({ name }) => `count(${quote(name)})::text`).join(', ')} from ${placeOf(table)}`,
    limits,
  );
  for (const [at, { name }] of gone.entries())
    if (Number(counts[at]) > 0) told.lost.push({ object: nameOf(table, name), how: 'gone', count: Number(counts[at]) });
}

/** A column that comes back with nothing in it, or with the same in every row, has lost what it held before it went. */
async function newColumns(
  server: SqlServer,
  table: Table,
  { columns, rows }: { readonly columns: readonly Pair<Column>[]; readonly rows: number },
  told: Told,
  limits: ComparisonLimits,
): Promise<void> {
  const fresh = table.columns.filter((one) => !columns.some(({ after }) => after === one));
  if (fresh.length === 0 || rows === 0) return;
  const seen = fresh.flatMap(({ name }) => [
    `count(${quote(name)})::text`,
    `(count(*) > 1 and min(hashtextextended(${quote(name)}::text, 0)) = max(hashtextextended(${quote(name)}::text, 0)))::text`,
  ]);
  const found = await ask(server, `select ${seen.join(', ')} from ${placeOf(table)}`, limits);
  for (const [at, { name }] of fresh.entries())
    if (Number(found[at * 2]) === 0 || found[at * 2 + 1] === 'true')
      told.lost.push({ object: nameOf(table, name), how: 'empty', count: rows });
}

interface Sample {
  readonly note: 'whole' | 'sampled' | 'no-key';
  readonly where: (side: 'before' | 'after') => string;
}

/** The same rows on both sides: by a hash of their primary key. */
async function sampleOf(
  server: SqlServer,
  { before: table }: Pair<Table>,
  columns: readonly Pair<Column>[],
  limits: ComparisonLimits,
): Promise<Sample> {
  const { mostRows } = limits;
  const [count] = await ask(server, `select count(*)::text from (select from ${placeOf(table)} limit ${mostRows + 1}) as counted`, limits);
  if (Number(count) <= mostRows) return { note: 'whole', where: () => '' };
  const key = table.key.map((num) => columns.find(({ before }) => before.num === num));
  if (key.length === 0 || key.includes(undefined)) return { note: 'no-key', where: () => '' };
  const [all] = await ask(server, `select count(*)::text from ${placeOf(table)}`, limits);
  const part = Math.ceil(Number(all) / mostRows);
  return {
    note: 'sampled',
    where: (side) =>
      ` where hashtextextended(row(${key.map((one) => `${quote(one?.[side].name ?? '')}::text`).join(', ')})::text, 0) % ${part} = 0`,
  };
}
