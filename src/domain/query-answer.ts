// The one row that a named query gives, as typed values. What does not fit what the query declares is a sentence, never a guess.
import { growthChance } from './evidence-test.ts';
import type { Json, JsonObject } from './json.ts';
import type { ColumnType, NamedQuery, ParameterType } from './named-query.ts';

type Cell = string | null;
interface Table {
  readonly columns: readonly { readonly name: string }[];
  readonly rows: readonly (readonly Cell[])[];
}
type Answer = { readonly ok: true; readonly values: JsonObject } | { readonly ok: false; readonly why: string };

/** How rare growth must be by chance before it is called growth: as for metrics. */
const GROWTH_ALPHA = 0.05;
const LONGEST_TEXT = 256;

/** What goes to the places of a query; `from` and `to` are so many ms ago. */
export function boundValues(
  { places, parameters }: Pick<NamedQuery, 'places' | 'parameters'>,
  args: JsonObject,
  window: { readonly fromMsAgo: number; readonly toMsAgo: number } | null,
): { readonly ok: true; readonly values: readonly Cell[] } | { readonly ok: false; readonly why: string } {
  const values: Cell[] = [];
  for (const name of places) {
    const type = parameters[name];
    if (type === undefined) {
      if (window === null) return { ok: false, why: 'over is missing: the query names $from or $to' };
      values.push(String(name === 'from' ? window.fromMsAgo : window.toMsAgo));
      continue;
    }
    const value = written(args[name], type);
    if (value === null) return { ok: false, why: `${name} is ${JSON.stringify(args[name] ?? null)}, not ${WORDS[type]}` };
    values.push(value);
  }
  return { ok: true, values };
}

const WORDS: Readonly<Record<ParameterType, string>> = {
  text: 'a text',
  org: 'an organization',
  int: 'a whole number',
  number: 'a number',
  bool: 'true or false',
};

function written(value: Json | undefined, type: ParameterType): string | null {
  if (type === 'text' || type === 'org') return typeof value === 'string' && !value.includes('\0') ? value : null;
  if (type === 'bool') return typeof value === 'boolean' ? String(value) : null;
  if (typeof value !== 'number' || !Number.isFinite(value)) return null;
  return type === 'number' || Number.isSafeInteger(value) ? String(value) : null;
}

/** The row, by the names and types that the query declares. */
export function rowOf({ columns, rows }: Table, gives: NamedQuery['gives']): Answer {
  const [row] = rows;
  if (row === undefined) return { ok: false, why: 'the query gave no row' };
  if (rows.length > 1) return { ok: false, why: `the query gave ${rows.length} rows: a check wants one` };
  const values: Record<string, Json> = {};
  for (const [name, type] of Object.entries(gives)) {
    const at = placeOf(columns, name);
    if (at === -1) return { ok: false, why: `the query gives no column ${name}` };
    const cell = row[at] ?? null;
    if (cell === null) return { ok: false, why: `${name} is NULL` };
    const value = typed(cell, type);
    if (value === null) return { ok: false, why: `${name} is ${JSON.stringify(plain(cell).slice(0, 80))}, not ${COLUMN_WORDS[type]}` };
    values[name] = value;
  }
  return { ok: true, values };
}

/** Postgres writes names without quotes in small letters: `as goLive` is `golive`. */
function placeOf(columns: Table['columns'], name: string): number {
  const exact = columns.findIndex((one) => one.name === name);
  return exact === -1 ? columns.findIndex((one) => one.name === name.toLowerCase()) : exact;
}

const COLUMN_WORDS: Readonly<Record<ColumnType, string>> = {
  text: 'a text',
  int: 'a whole number that can be counted with',
  number: 'a finite number',
  bool: 'true or false',
  time: 'a time with its zone (timestamptz)',
};

function typed(cell: string, type: ColumnType): Json | null {
  switch (type) {
    case 'text':
      return plain(cell);
    case 'bool':
      return cell === 't' ? true : cell === 'f' ? false : null;
    case 'int':
      return /^-?\d+$/.test(cell) && Number.isSafeInteger(Number(cell)) ? Number(cell) : null;
    case 'number':
      return cell.trim() !== '' && Number.isFinite(Number(cell)) ? Number(cell) : null;
    case 'time':
      return instantOf(cell);
  }
}

const TIMESTAMPTZ = /^(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d(?:\.\d{1,6})?)([+-])(\d\d)(?::(\d\d))?$/;

function instantOf(cell: string): number | null {
  const found = TIMESTAMPTZ.exec(cell);
  if (found === null) return null;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = found.slice(1, 7).map(Number);
  const zone = (Number(found[8]) * 60 + Number(found[9] ?? 0)) * (found[7] === '-' ? -1 : 1);
  return Math.round(((daysBefore(year, month, day) * 24 + hour) * 60 + minute - zone) * 60_000 + second * 1_000);
}

/** Since 1970-01-01, by the Gregorian calendar; years begin with March, so that the leap day is the last one of a year. */
function daysBefore(year: number, month: number, day: number): number {
  const from = month > 2 ? year : year - 1;
  const inYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  return from * 365 + Math.floor(from / 4) - Math.floor(from / 100) + Math.floor(from / 400) + inYear - 719_468;
}

function plain(text: string): string {
  const short = text.length > LONGEST_TEXT ? text.slice(0, LONGEST_TEXT).replace(/[\ud800-\udbff]$/, '') : text;
  return short.replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, '\ufffd');
}

/** Of a window whose two halves were counted: what the whole says, both halves, and whether it grows for more than chance. */
export function growthOf(whole: JsonObject, column: string, halves: { readonly earlier: JsonObject; readonly later: JsonObject }): Answer {
  const [earlier, later] = [Number(halves.earlier[column]), Number(halves.later[column])];
  if (earlier < 0 || later < 0) return { ok: false, why: `${column} is below zero: it is no count` };
  return { ok: true, values: { ...whole, earlier, later, growing: growthChance(earlier, later) < GROWTH_ALPHA } };
}
