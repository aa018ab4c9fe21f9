// Functions that a statement calls while it runs. Those of Postgres that only compute are known; what any other does is not, and counts as
// the worst. It reads no body of a function.
import type { JsonObject } from './json.ts';
import { dottedOf, listOf, nodeOf, objectOf, partsIn, textOf } from './sql-tree.ts';

/** They compute, and change nothing but the place of a sequence. */
const COMPUTE = new Set(
  `abs acos age array_agg array_append array_cat array_length array_position array_positions array_prepend array_remove array_replace
  array_to_json array_to_string array_upper avg bit_and bit_or bool_and bool_or btrim cardinality ceil ceiling char_length
  character_length chr clock_timestamp concat concat_ws convert_from convert_to count crypt cume_dist current_database current_setting
  currval date_bin date_part date_trunc decode degrees dense_rank digest div encode every exp extract first_value floor format
  gen_random_bytes gen_random_uuid gen_salt generate_series generate_subscripts get_byte hashtext hashtextextended hmac hstore initcap
  isfinite json_agg json_array_elements json_array_elements_text json_array_length json_build_array json_build_object json_each
  json_each_text json_extract_path json_extract_path_text json_object json_object_agg json_object_keys json_populate_record
  json_to_record json_to_recordset json_typeof jsonb_agg jsonb_array_elements jsonb_array_elements_text jsonb_array_length
  jsonb_build_array jsonb_build_object jsonb_each jsonb_each_text jsonb_extract_path jsonb_extract_path_text jsonb_insert jsonb_object
  jsonb_object_agg jsonb_object_keys jsonb_path_exists jsonb_path_query jsonb_path_query_array jsonb_path_query_first
  jsonb_populate_record jsonb_pretty jsonb_set jsonb_strip_nulls jsonb_to_record jsonb_to_recordset jsonb_typeof justify_days
  justify_hours justify_interval lag last_value lastval lead least left length like ln log lower lpad ltrim make_date make_interval
  make_time make_timestamp make_timestamptz max md5 min mod mode nextval normalize now nth_value ntile octet_length overlaps overlay
  percent_rank percentile_cont percentile_disc pg_typeof pi position power quote_ident quote_literal quote_nullable radians random rank
  regexp_count regexp_instr regexp_like regexp_match regexp_matches regexp_replace regexp_split_to_array regexp_split_to_table
  regexp_substr repeat replace reverse right round row_number row_to_json rpad rtrim set_byte sha224 sha256 sha384 sha512 sign
  similar_to_escape sin split_part sqrt starts_with statement_timestamp stddev string_agg string_to_array string_to_table strpos substr
  substring sum timezone to_char to_date to_hex to_json to_jsonb to_number to_regclass to_timestamp to_tsquery to_tsvector
  transaction_timestamp translate trim_array trunc unaccent unnest upper uuid_generate_v1 uuid_generate_v1mc uuid_generate_v4
  uuid_generate_v5 uuidv4 uuidv7 variance version width_bucket xmlelement xmlforest`
    .split(/\s+/)
    .filter((name) => name !== ''),
);

/** Kinds of statements that evaluate what stands in them. */
const EVALUATES = new Set(['InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt', 'CreateTableAsStmt']);

/** Names of the functions that the statement calls and of which nobody knows what they do, each once. */
export function unknownCalls(kind: string, node: JsonObject): readonly string[] {
  const roots = EVALUATES.has(kind) ? [node] : kind === 'AlterTableStmt' ? defaultsOf(node) : [];
  const called = roots.flatMap((root) =>
    [...partsIn(root)].flatMap(([key, value]) => (key === 'FuncCall' ? [dottedOf(objectOf(value)['funcname'])] : [])),
  );
  return [...new Set(called.filter((name) => !isKnown(name)).map((name) => name.join('.')))].toSorted();
}

function isKnown(name: readonly string[]): boolean {
  const [schema, ...rest] = name.length > 1 ? name : ['pg_catalog', ...name];
  return schema === 'pg_catalog' && rest.length === 1 && COMPUTE.has(rest[0] ?? '');
}

/** The default of a column that is added is evaluated for each row that is there. */
function defaultsOf(node: JsonObject): readonly JsonObject[] {
  return listOf(node['cmds'])
    .map((cmd) => nodeOf(cmd).node)
    .filter((cmd) => textOf(cmd['subtype']) === 'AT_AddColumn')
    .flatMap((cmd) => listOf(nodeOf(cmd['def']).node['constraints']))
    .map((one) => nodeOf(one).node)
    .filter((constraint) => textOf(constraint['contype']) === 'CONSTR_DEFAULT');
}
