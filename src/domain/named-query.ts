// A query that people have written and named: what it takes, what it gives, and its text with places for values, so that a value can
// never become a part of the statement. It sends nothing.
import type { ExprType, ParamSpec, ParamType, ProbeSpec, ResultType } from './catalog.ts';
import type { JsonObject } from './json.ts';
import { nearest } from './nearest.ts';

export type ParameterType = 'text' | 'int' | 'number' | 'bool' | 'org';
export type ColumnType = 'text' | 'int' | 'number' | 'bool' | 'time';
export const PARAMETER_TYPES: readonly ParameterType[] = ['text', 'int', 'number', 'bool', 'org'];
export const COLUMN_TYPES: readonly ColumnType[] = ['text', 'int', 'number', 'bool', 'time'];

export interface NamedQuery {
  /** With `$1`, `$2`, … where values go, each with its type. */
  readonly text: string;
  /** What goes to `$1`, `$2`, …: names of parameters, `from` and `to`. */
  readonly places: readonly string[];
  readonly parameters: Readonly<Record<string, ParameterType>>;
  readonly gives: Readonly<Record<string, ColumnType>>;
  /** The column that is compared between the two halves of the window. */
  readonly growth?: string;
}

/** Arguments of the probe itself: no parameter of a query is called so. */
export const RESERVED: readonly string[] = ['database', 'query', 'over'];
/** The window, as the server's clock has it: nobody declares them. */
const WINDOW: readonly string[] = ['from', 'to'];
const MS_AGO = "(transaction_timestamp() - $N::float8 * interval '1 millisecond')";
const CASTS: Readonly<Record<ParameterType, string>> = { text: 'text', int: 'int8', number: 'float8', bool: 'bool', org: 'text' };

export type Prepared =
  | { readonly ok: true; readonly text: string; readonly places: readonly string[] }
  | { readonly ok: false; readonly why: string; readonly near?: string | null };

/** `$name` becomes `$1::type`; texts, names in quotes and comments stay as they are. */
export function prepareQuery(sql: string, parameters: Readonly<Record<string, ParameterType>>): Prepared {
  const places: string[] = [];
  const names = [...Object.keys(parameters), ...WINDOW];
  let text = '';
  let problem: Prepared | null = null;
  for (const { kind, written } of pieces(sql.trim().replace(/;\s*$/, ''))) {
    if (kind === 'end') problem ??= { ok: false, why: 'it is more than one statement' };
    if (kind === 'number') problem ??= { ok: false, why: `${written} is a place without a name: write $org and declare it` };
    if (kind !== 'name') {
      text += written;
      continue;
    }
    const name = written.slice(1);
    if (!names.includes(name)) problem ??= { ok: false, why: `it names $${name}, which is no parameter of it`, near: nearest(name, names) };
    if (!places.includes(name)) places.push(name);
    const at = `$${places.indexOf(name) + 1}`;
    const type = parameters[name];
    text += type === undefined ? MS_AGO.replace('$N', at) : `${at}::${CASTS[type]}`;
  }
  if (problem !== null) return problem;
  if (!/^\s*(select|with|values|table)\b/i.test(withoutComments(text))) return { ok: false, why: 'it is no SELECT' };
  const idle = Object.keys(parameters).find((name) => !places.includes(name));
  if (idle !== undefined) return { ok: false, why: `it does not use its parameter ${idle}` };
  return { ok: true, text, places };
}

export const takesWindow = ({ places }: Pick<NamedQuery, 'places'>): boolean => places.some((one) => WINDOW.includes(one));

interface Piece {
  readonly kind: 'plain' | 'name' | 'number' | 'end';
  readonly written: string;
}

const TOKEN =
  /'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\/|\$([A-Za-z_]\w*)?\$[\s\S]*?\$\1\$|\$[A-Za-z]\w*|\$\d+|;|[^'"$;/-]+|[\s\S]/g;

function* pieces(sql: string): Iterable<Piece> {
  for (const [written] of sql.matchAll(TOKEN)) {
    if (written === ';') yield { kind: 'end', written };
    else if (/^\$\d+$/.test(written)) yield { kind: 'number', written };
    else if (/^\$[A-Za-z]\w*$/.test(written)) yield { kind: 'name', written };
    else yield { kind: 'plain', written };
  }
}

const withoutComments = (text: string): string => text.replace(/--[^\n]*|\/\*[\s\S]*?\*\//g, ' ').trimStart();

const RESULTS: Readonly<Record<ColumnType, ResultType>> = { text: 'string', int: 'int', number: 'double', bool: 'bool', time: 'time' };
const PARAMS: Readonly<Record<ParameterType, ParamType>> = { text: 'string', int: 'int', number: 'number', bool: 'bool', org: 'org' };

/** Databases with their queries by name. */
export interface Queries {
  readonly databases?: readonly { readonly id: string; readonly queries: Readonly<Record<string, NamedQuery>> }[];
}

/** The one that is meant: a query says its database where two have one of its name. */
export function findQuery({ databases = [] }: Queries, args: JsonObject): { readonly database: string; readonly query: NamedQuery } | null {
  const name = String(args['query'] ?? '');
  const found = databases.flatMap(({ id, queries }) => {
    const query = Object.hasOwn(queries, name) ? queries[name] : undefined;
    return query === undefined || (args['database'] !== undefined && args['database'] !== id) ? [] : [{ database: id, query }];
  });
  const [first] = found;
  return first === undefined || found.length > 1 ? null : first;
}

/** What the probe `sql` takes and gives where its arguments name this query. */
export function specOfQuery(base: ProbeSpec, query: NamedQuery): ProbeSpec {
  const own = Object.entries(query.parameters).map(([name, type]): [string, ParamSpec] => [name, { type: PARAMS[type], required: true }]);
  const window: ParamSpec = { type: 'duration', ...(takesWindow(query) ? { required: true } : {}) };
  return { name: base.name, params: { ...base.params, over: window, ...Object.fromEntries(own) }, result: resultOf(query) };
}

export function resultOf({ gives, growth }: Pick<NamedQuery, 'gives' | 'growth'>): Readonly<Record<string, ResultType>> {
  const columns = Object.entries(gives).map(([name, type]): [string, ResultType] => [name, RESULTS[type]]);
  const more: readonly [string, ResultType][] =
    growth === undefined
      ? []
      : [
          ['earlier', 'int'],
          ['later', 'int'],
          ['growing', 'bool'],
        ];
  return Object.fromEntries([...columns, ...more]);
}

/** The specification of a probe for these arguments: that of `sql` depends on the query. */
export function probeSpecFor(
  system: Queries,
  spec: ProbeSpec,
  args: JsonObject,
): ProbeSpec & { readonly result: Readonly<Record<string, ExprType>> } {
  const found = spec.name === 'sql' ? findQuery(system, args) : null;
  return found === null ? spec : specOfQuery(spec, found.query);
}
