// A result of a query as samples: text columns are labels, numeric columns are values, `at` is the time. It knows no connection.
// What it cannot take whole it refuses, with the column or the row that is to blame.
import type { Instant } from '../../domain/json.ts';
import type { Sample } from '../../domain/signal.ts';

export const MOST_ROWS = 10_000;
const MOST_COLUMNS = 32;
const LONGEST_LABEL = 256;
const TIME_COLUMN = 'at';
const COLUMN_NAME = /^[a-zA-Z_]\w*$/;
const TIMESTAMPTZ = 1184;
const BOOL = 16;
const BPCHAR = 1042;
/** Numbers of Postgres' own types: they are the same in every database. */
const NUMBERS: ReadonlySet<number> = new Set([20, 21, 23, 700, 701, 1700]);
const TEXTS: ReadonlySet<number> = new Set([BOOL, 18, 19, 25, BPCHAR, 1043, 2950]);
/** From here on types are the database's own: enumerations, citext. */
const FIRST_OWN_TYPE = 16_384;

export interface Table {
  readonly columns: readonly { readonly name: string; readonly type: number }[];
  /** As the server writes them. */
  readonly rows: readonly (readonly (string | null)[])[];
}

export type Reading = { readonly ok: true; readonly samples: readonly Sample[] } | { readonly ok: false; readonly why: string };

interface Column {
  readonly name: string;
  readonly type: number;
  readonly index: number;
}

/** Told to whoever reads the source; nothing of such a result counts. */
class Unusable extends Error {}

export function samplesOf(table: Table, o: { readonly as: 'totals' | 'values'; readonly at: Instant }): Reading {
  try {
    return { ok: true, samples: [...samplesIn(table, o)] };
  } catch (error) {
    if (error instanceof Unusable) return { ok: false, why: error.message };
    throw error;
  }
}

function* samplesIn({ columns, rows }: Table, o: { readonly as: 'totals' | 'values'; readonly at: Instant }): Iterable<Sample> {
  const { labels, numbers, time } = partsOf(columns);
  if (rows.length > MOST_ROWS) throw new Unusable(`the query gives more than ${MOST_ROWS} rows: group them, or ask for fewer`);
  const seen = new Map<string, number>();
  for (const [index, row] of rows.entries()) {
    const own = labelsOf(labels, row);
    const key = JSON.stringify(Object.entries(own));
    const twin = seen.get(key);
    if (twin !== undefined)
      throw new Unusable(`rows ${twin + 1} and ${index + 1} have the same labels ${shown(key)}: group the query by its text columns`);
    seen.set(key, index);
    const at = timeOf(time, row) ?? o.at;
    for (const column of numbers) {
      const written = row[column.index] ?? null;
      if (written !== null) yield sampleOf(column.name, own, { at, as: o.as, number: numberOf(column, written, index) });
    }
  }
}

function sampleOf(
  name: string,
  labels: Readonly<Record<string, string>>,
  o: { readonly at: Instant; readonly as: 'totals' | 'values'; readonly number: number },
): Sample {
  const { at, number } = o;
  if (o.as === 'values') return { kind: 'value', name, labels, at, value: number };
  if (number < 0) throw new Unusable(`the column ${name} is a total, and one of its values is below zero`);
  return { kind: 'total', name, labels, at, total: number };
}

function partsOf(columns: Table['columns']): {
  readonly labels: readonly Column[];
  readonly numbers: readonly Column[];
  readonly time: Column | null;
} {
  if (columns.length > MOST_COLUMNS) throw new Unusable(`the query gives ${columns.length} columns: ${MOST_COLUMNS} are possible`);
  const all = columns.map(({ name, type }, index): Column => ({ name, type, index }));
  const names = new Set<string>();
  for (const { name } of all) {
    if (!COLUMN_NAME.test(name))
      throw new Unusable(`a column is called ${shown(name)}: give it a name of letters, digits and underscores with "as"`);
    if (names.has(name)) throw new Unusable(`two columns are called ${shown(name)}`);
    names.add(name);
  }
  const time = all.find(({ name }) => name === TIME_COLUMN) ?? null;
  if (time !== null && time.type !== TIMESTAMPTZ) throw new Unusable('the column at is no timestamptz: cast it, or give it another name');
  const rest = all.filter((one) => one !== time);
  const stray = rest.find(({ type }) => !NUMBERS.has(type) && !isText(type));
  if (stray !== undefined)
    throw new Unusable(`the column ${shown(stray.name)} is neither text nor a number: cast it to ::text, or leave it out`);
  const numbers = rest.filter(({ type }) => NUMBERS.has(type));
  if (numbers.length === 0) throw new Unusable('the query gives no numeric column');
  return { labels: rest.filter(({ type }) => isText(type)), numbers, time };
}

const isText = (type: number): boolean => TEXTS.has(type) || type >= FIRST_OWN_TYPE;

/** A label that is NULL is not there. */
function labelsOf(columns: readonly Column[], row: Table['rows'][number]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    columns.flatMap(({ name, type, index }) => {
      const written = row[index] ?? null;
      return written === null ? [] : [[name, plain(textOf(type, written))]];
    }),
  );
}

function textOf(type: number, written: string): string {
  if (type === BOOL) return written === 't' ? 'true' : 'false';
  return type === BPCHAR ? written.trimEnd() : written;
}

function numberOf({ name }: Column, written: string, row: number): number {
  const number = written.trim() === '' ? Number.NaN : Number(written);
  if (Number.isFinite(number)) return number;
  throw new Unusable(`the column ${name} holds ${shown(written)} in row ${row + 1}, which is no finite number`);
}

function timeOf(column: Column | null, row: Table['rows'][number]): Instant | null {
  const written = column === null ? null : (row[column.index] ?? null);
  if (written === null) return null;
  const [, day, time, hours, minutes = ':00'] = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d{1,6})?)([+-]\d\d)(:\d\d)?$/.exec(written) ?? [];
  const at = day === undefined ? Number.NaN : Date.parse(`${day}T${time}${hours}${minutes}`);
  if (Number.isFinite(at)) return at;
  throw new Unusable(`the column at holds ${shown(written)}, which is no time`);
}

/** One line, not too long, and no half of a character at the end: the texts come from strangers. */
export function plain(text: string): string {
  const short = text.length > LONGEST_LABEL ? text.slice(0, LONGEST_LABEL).replace(/[\ud800-\udbff]$/, '') : text;
  return short.replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, '�');
}

const shown = (text: string): string => JSON.stringify(plain(text).slice(0, 80));
