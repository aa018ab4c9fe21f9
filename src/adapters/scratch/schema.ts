// The schema of a Postgres as a list of objects with their definitions, as the server itself writes them, so that two of them can be compared. Who owns
// what and who may do what is left out: a copy has other people. It judges nothing.
import type { SchemaObject } from '../../domain/certificate.ts';
import type { SqlServer } from '../../ports/database.ts';

/** Schemas of the user's. */
const OURS = `n.nspname !~ '^pg_' and n.nspname <> 'information_schema'`;
const NAMED = `n.nspname || '.' || c.relname`;
const RELATION = `pg_class c join pg_namespace n on n.oid = c.relnamespace where ${OURS}`;
/** What an extension brings is the extension's. */
const NOT_OF_EXTENSION = (oid: string, catalog: string): string =>
  `not exists (select from pg_depend e where e.objid = ${oid} and e.classid = '${catalog}'::regclass and e.deptype = 'e')`;

/** Each gives two texts. */
const PARTS: readonly string[] = [
  `select 'schema ' || n.nspname, '' from pg_namespace n where ${OURS}`,
  `select 'extension ' || extname, '' from pg_extension`,
  `select case c.relkind when 'v' then 'view ' when 'm' then 'materialized view ' when 'S' then 'sequence ' else 'table ' end || ${NAMED},
     concat_ws(' ', c.relkind, c.relpersistence, c.relrowsecurity, c.relforcerowsecurity, case when c.relkind in ('v', 'm') then pg_get_viewdef(c.oid) end,
       (select concat_ws('/', seqtypid::regtype, seqincrement, seqcycle) from pg_sequence where seqrelid = c.oid))
     from ${RELATION} and c.relkind in ('r', 'p', 'v', 'm', 'S', 'f') and ${NOT_OF_EXTENSION('c.oid', 'pg_class')}`,
  `select 'column ' || ${NAMED} || '.' || a.attname,
     concat_ws(' ', format_type(a.atttypid, a.atttypmod), case when a.attnotnull then 'not null' end, a.attidentity, a.attgenerated,
       (select pg_get_expr(d.adbin, d.adrelid) from pg_attrdef d where d.adrelid = c.oid and d.adnum = a.attnum))
     from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
     where ${OURS} and a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'p', 'v', 'm', 'f') and ${NOT_OF_EXTENSION('c.oid', 'pg_class')}`,
  `select 'constraint ' || ${NAMED} || '.' || o.conname, pg_get_constraintdef(o.oid) || case when o.convalidated then '' else ' not valid' end
     from pg_constraint o join pg_class c on c.oid = o.conrelid join pg_namespace n on n.oid = c.relnamespace where ${OURS} and o.contype <> 'n'`,
  `select 'index ' || ${NAMED}, pg_get_indexdef(c.oid) || case when i.indisvalid then '' else ' invalid' end
     from pg_index i join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace
     where ${OURS} and not exists (select from pg_constraint o where o.conindid = c.oid and o.contype in ('p', 'u', 'x'))`,
  `select 'trigger ' || ${NAMED} || '.' || t.tgname, concat_ws(' ', pg_get_triggerdef(t.oid), t.tgenabled)
     from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace where ${OURS} and not t.tgisinternal`,
  `select 'function ' || n.nspname || '.' || p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')',
     md5(concat_ws(' ', p.prosrc, p.prokind, p.provolatile, p.prosecdef, pg_get_function_result(p.oid)))
     from pg_proc p join pg_namespace n on n.oid = p.pronamespace where ${OURS} and ${NOT_OF_EXTENSION('p.oid', 'pg_proc')}`,
  `select 'type ' || n.nspname || '.' || t.typname, coalesce((select string_agg(l.enumlabel, ',' order by l.enumsortorder) from pg_enum l
       where l.enumtypid = t.oid), format_type(t.typbasetype, t.typtypmod))
     from pg_type t join pg_namespace n on n.oid = t.typnamespace where ${OURS} and t.typtype in ('e', 'd') and ${NOT_OF_EXTENSION('t.oid', 'pg_type')}`,
  `select 'policy ' || ${NAMED} || '.' || p.polname, concat_ws(' ', p.polcmd, p.polpermissive, pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
     from pg_policy p join pg_class c on c.oid = p.polrelid join pg_namespace n on n.oid = c.relnamespace where ${OURS}`,
];

/** With no search path every name is written out. */
export const PLAIN_NAMES = { text: `select set_config('search_path', 'pg_catalog', true)`, values: [] } as const;
const SCHEMA = `select coalesce(jsonb_agg(jsonb_build_array(object, definition)), '[]')::text from (${PARTS.join('\nunion all\n')}) as found(object, definition)`;

/** @throws BELAY_TARGET_UNREACHABLE */
export async function readSchema(server: SqlServer, timeoutMs: number): Promise<readonly SchemaObject[]> {
  const [, table] = await server.read([PLAIN_NAMES, { text: SCHEMA, values: [] }], { timeoutMs });
  const found = JSON.parse(table?.rows[0]?.[0] ?? '[]') as readonly (readonly [string, string])[];
  return found.map(([object, definition]) => ({ object, definition: definition ?? '' }));
}
