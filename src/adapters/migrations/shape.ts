// What a program of migrations left behind when it failed: the shape of the database before and after it, as lines that people can compare. Rows are
// not looked at, so a migration that leaves the transaction of its tool is never called untouched. It runs nothing.
import { BelayError } from '../../domain/errors.ts';
import type { SqlServer } from '../../ports/database.ts';
import { columnOf } from './table.ts';

/** One line for each table, column, constraint, index, trigger, function and type of the user's; null: it could not be read. */
export type Shape = ReadonlySet<string> | null;

const TIMEOUT_MS = 10_000;
const MOST_TOLD = 5;
const LONGEST_LINE = 120;

const SHAPE = `with mine as (
    select oid, nspname from pg_namespace where nspname <> 'information_schema' and nspname !~ '^pg_'
  ), held as (
    select c.oid, c.relkind, format('%I.%I', n.nspname, c.relname) as name from pg_class c join mine n on n.oid = c.relnamespace
  )
  select case relkind when 'v' then 'view' when 'm' then 'materialized view' when 'S' then 'sequence' else 'table' end || ' ' || name
    || case when relkind in ('v', 'm') then ' ' || md5(pg_get_viewdef(oid)) else '' end as line
    from held where relkind in ('r', 'p', 'v', 'm', 'S', 'f')
  union all
  select format('column %s.%I %s%s%s', h.name, a.attname, format_type(a.atttypid, a.atttypmod), case when a.attnotnull then ' not null' end,
      ' default ' || pg_get_expr(d.adbin, d.adrelid))
    from held h join pg_attribute a on a.attrelid = h.oid and a.attnum > 0 and not a.attisdropped
    left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum where h.relkind in ('r', 'p', 'f')
  union all
  select format('constraint %I of %s %s', c.conname, h.name, pg_get_constraintdef(c.oid)) from held h join pg_constraint c on c.conrelid = h.oid
  union all
  select format('index %s%s %s', h.name, case when i.indisvalid then '' else ' (invalid)' end, pg_get_indexdef(h.oid))
    from held h join pg_index i on i.indexrelid = h.oid
  union all
  select format('trigger %I of %s %s', t.tgname, h.name, t.tgenabled) from held h join pg_trigger t on t.tgrelid = h.oid where not t.tgisinternal
  union all
  select format('policy %I of %s', p.polname, h.name) from held h join pg_policy p on p.polrelid = h.oid
  union all
  select format('function %s %s', p.oid::regprocedure, md5(p.prosrc)) from pg_proc p join mine n on n.oid = p.pronamespace
  union all
  select format('type %I.%I %s', n.nspname, t.typname, (select string_agg(e.enumlabel, ',' order by e.enumsortorder) from pg_enum e where e.enumtypid = t.oid))
    from pg_type t join mine n on n.oid = t.typnamespace where t.typtype in ('e', 'd', 'r')`;

export async function shapeOf(server: SqlServer): Promise<Shape> {
  try {
    const [found] = await server.read([{ text: SHAPE, values: [] }], { timeoutMs: TIMEOUT_MS });
    return new Set(columnOf(found));
  } catch (error) {
    if (BelayError.is(error)) return null;
    throw error;
  }
}

export interface Aftermath {
  readonly effect: 'none' | 'unknown';
  /** To be added to what went wrong; '' where nothing is. */
  readonly words: string;
}

/** Of a program that brings a transaction, and whose table says what it said before. */
export async function aftermathOf(server: SqlServer, before: Shape, texts: readonly (string | null)[]): Promise<Aftermath> {
  const after = await shapeOf(server);
  if (before === null || after === null) return { effect: 'unknown', words: '; whether it left half of it cannot be read' };
  const differing = [
    ...[...after].filter((line) => !before.has(line)).map((line) => `new: ${line}`),
    ...[...before].filter((line) => !after.has(line)).map((line) => `gone: ${line}`),
  ];
  if (differing.length > 0) {
    const told = differing.slice(0, MOST_TOLD).map((line) => line.slice(0, LONGEST_LINE));
    const more = differing.length > MOST_TOLD ? `, and ${differing.length - MOST_TOLD} more` : '';
    return { effect: 'unknown', words: `; it left half of it: ${told.join(', ')}${more}` };
  }
  return texts.some((text) => leavesTransaction(text ?? ''))
    ? { effect: 'unknown', words: '; it leaves the transaction of its tool, so that rows may have changed' }
    : { effect: 'none', words: '' };
}

/** knex, node-pg-migrate, Alembic and SQL each have words of their own for it. */
const LEAVES =
  /\b(?:disableTransactions?|noTransaction|no[-_]transaction|autocommit(?:_block)?|concurrently)\b|\bcommit\b(?!\s*\()|\btransaction\b['"]?\s*[:=]\s*false\b/i;

export const leavesTransaction = (text: string): boolean => LEAVES.test(text.replace(/\/\*[\s\S]*?\*\/|(?:\/\/|--\s|#)[^\n]*/g, ' '));
