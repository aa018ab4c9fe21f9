// What a database has under every driver: its address, its limit in time, its queries and its files by name.

import { type DatabaseSpec, DEFAULT_STATEMENT_MS, type RowRange } from '../domain/database-catalog.ts';
import {
  COLUMN_TYPES,
  type ColumnType,
  type NamedQuery,
  PARAMETER_TYPES,
  prepareQuery,
  RESERVED,
  takesWindow,
} from '../domain/named-query.ts';
import type { Driven } from './driven.ts';
import {
  duration,
  entryAt,
  id,
  type Keys,
  mapOf,
  NAME_KEYS,
  oneOf,
  optional,
  present,
  type Reader,
  record,
  required,
  type Shape,
  text,
  wrong,
} from './read.ts';

const COLUMN_KEYS: Keys = { form: 'a letter, then letters, digits and _', pattern: /^[a-zA-Z][A-Za-z0-9_]*$/ };
const shape = record({
  sql: required(text),
  parameters: optional(mapOf(oneOf(...PARAMETER_TYPES), NAME_KEYS)),
  gives: required(mapOf(oneOf<ColumnType>(...COLUMN_TYPES), COLUMN_KEYS)),
  growth: optional(text),
});

const query: Reader<NamedQuery> = (value, problems, name) => {
  const read = shape(value, problems, name);
  if (read?.sql === undefined || read.gives === undefined) return undefined;
  const { parameters = {}, gives, growth } = read;
  const at = (key: string) => entryAt(value, [key]).value.span;
  const clash = Object.keys(parameters).find((one) => [...RESERVED, 'from', 'to'].includes(one));
  if (clash !== undefined)
    problems.error('query', entryAt(value, ['parameters', clash]).keySpan, `no parameter may be called ${clash}`, {
      hint: `${[...RESERVED, 'from', 'to'].join(', ')} are words of the probe itself.`,
    });
  const prepared = prepareQuery(read.sql, parameters);
  if (!prepared.ok) {
    problems.error('query', at('sql'), `${name}: ${prepared.why}`, { didYouMean: prepared.near ?? null });
    return undefined;
  }
  const { text: sql, places } = prepared;
  const odd = growthProblem({ gives, places }, growth);
  if (odd !== null) problems.error('query', at('growth'), `${name}: ${odd}`);
  return { text: sql, places, parameters, gives, ...present({ growth }) };
};

function growthProblem(of: Pick<NamedQuery, 'gives' | 'places'>, growth: string | undefined): string | null {
  if (growth === undefined) return null;
  if (of.gives[growth] !== 'int') return `growth names ${growth}, which is no column of whole numbers that it gives`;
  return takesWindow(of) && of.places.includes('from') && of.places.includes('to') ? null : 'growth needs $from and $to in the query';
}

const ROWS_FORM = 'a number of rows, or a range such as 1..500';
const rows: Reader<RowRange> = (value, problems, name) => {
  const written = value.kind === 'scalar' ? /^(\d{1,9})(?:\.\.(\d{1,9}))?$/.exec(String(value.value)) : null;
  const [least, most] = [Number(written?.[1]), Number(written?.[2] ?? written?.[1])];
  return written !== null && least <= most ? { least, most } : wrong(value, problems, name, ROWS_FORM);
};

const file = record({ path: required(text), applied: required(id), rows: optional(rows), timeout: optional(duration(1)) });

const drill = record({ url: required(text), asOf: optional(text) });

export const ofDatabase = (): Shape => ({
  component: optional(id),
  target: optional(id),
  url: required(text),
  timeout: optional(duration(1)),
  queries: optional(mapOf(query)),
  files: optional(mapOf(file)),
  drill: optional(drill),
});

/** As the catalog's types say. */
export function databaseOf(key: string, { driver, common, options }: Driven): DatabaseSpec {
  const { timeout, queries, files, ...rest } = common;
  const named = Object.entries((files ?? {}) as Readonly<Record<string, NonNullable<ReturnType<typeof file>>>>).flatMap(([name, one]) =>
    one.path === undefined || one.applied === undefined
      ? []
      : [[name, { path: one.path, applied: one.applied, ...present({ rows: one.rows, timeoutMs: one.timeout }) }] as const],
  );
  return {
    id: key,
    driver,
    ...present(rest),
    ...options,
    timeoutMs: timeout ?? DEFAULT_STATEMENT_MS,
    queries: queries ?? {},
    files: Object.fromEntries(named),
  } as unknown as DatabaseSpec;
}
