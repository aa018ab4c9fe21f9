// Rows of a file as samples of a source: which column is counted, averaged, a label or the time. Every row is checked before one is sent.
import { nearest } from '../../domain/nearest.ts';
import type { SenderWords } from '../sender-words.ts';
import type { Cell, Row, Table } from './table.ts';

export interface Mapping {
  /** Column → name of the samples. */
  readonly count: Readonly<Record<string, string>>;
  /** Column → name: `<name>_sum` and `<name>_count` are counted. */
  readonly mean: Readonly<Record<string, string>>;
  readonly label: Readonly<Record<string, string>>;
  readonly at: string | null;
  readonly decimal: 'comma' | 'dot';
}

export interface Counted {
  readonly id: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly at?: number;
  readonly delta: number;
}

export interface Mapped {
  readonly samples: readonly Counted[];
  /** One a bad cell, with line and column. Where there is one, nothing may be sent. */
  readonly problems: readonly string[];
}

const NAME = /^[A-Za-z_:][A-Za-z0-9_:.]{0,127}$/;
const LABEL = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/;
const LABEL_CHARS = 200;
/** Columns that are the time where nobody says which is. */
const TIMES: ReadonlySet<string> = new Set(['at', 'time', 'timestamp']);

/** What a table means where nothing was said: numbers are counted, `at` is the time, the rest are labels. */
export function plainMapping({ columns, rows, decimal }: Table): Pick<Mapping, 'count' | 'label' | 'at'> {
  const at = columns.find((name) => TIMES.has(name.toLowerCase())) ?? null;
  const isCounted = (index: number): boolean =>
    rows.length > 0 && rows.every(({ cells }) => isEmpty(cells[index] ?? null) || numberOf(cells[index] ?? null, decimal) !== null);
  const named = columns.map((name, index) => ({ name, index })).filter(({ name }) => name !== at);
  const [counted, labels] = [named.filter(({ index }) => isCounted(index)), named.filter(({ index }) => !isCounted(index))];
  const itself = (all: typeof named) => Object.fromEntries(all.map(({ name }) => [name, name]));
  return { count: itself(counted), label: itself(labels), at };
}

/** What is wrong with the mapping itself. */
export function mappingProblems(mapping: Mapping, { columns }: Table, words: SenderWords): readonly string[] {
  const wanted = [...Object.keys(mapping.count), ...Object.keys(mapping.mean), ...Object.keys(mapping.label)];
  const missing = [...wanted, ...(mapping.at === null ? [] : [mapping.at])].filter((name) => !columns.includes(name));
  const names = [...Object.values(mapping.count), ...Object.values(mapping.mean)];
  return [
    ...[...new Set(missing)].map((name) => `${words.noColumn(JSON.stringify(name))}${meant(name, columns, words)}`),
    ...names.filter((name) => !NAME.test(name)).map((name) => words.noName(JSON.stringify(name))),
    ...Object.values(mapping.label)
      .filter((name) => !LABEL.test(name))
      .map((name) => words.noLabel(JSON.stringify(name))),
    ...(names.length === 0 ? [words.nothingCounted] : []),
  ];
}

function meant(name: string, columns: readonly string[], words: SenderWords): string {
  const near = nearest(name, columns);
  return near === null ? words.thereAre(columns.slice(0, 20).join(', ')) : words.meant(near);
}

/** `digest` is of the file: the same file again has the same ids, and counts once. */
export function samplesOf(
  table: Table,
  mapping: Mapping,
  { digest, words }: { readonly digest: string; readonly words: SenderWords },
): Mapped {
  const problems: string[] = [];
  const samples = table.rows.flatMap((row) => rowSamples(row, { columns: table.columns, mapping, digest, problems, words }));
  return { samples: samples.toSorted((a, b) => (a.at ?? 0) - (b.at ?? 0)), problems };
}

interface Reading {
  readonly columns: readonly string[];
  readonly mapping: Mapping;
  readonly digest: string;
  readonly problems: string[];
  readonly words: SenderWords;
}

function rowSamples(row: Row, reading: Reading): readonly Counted[] {
  const { columns, mapping, digest, problems, words } = reading;
  const cell = (column: string): Cell => row.cells[columns.indexOf(column)] ?? null;
  const complain = (column: string, what: string): void => void problems.push(words.cell(row.line, JSON.stringify(column), what));
  const at = mapping.at === null ? undefined : instantOf(cell(mapping.at));
  if (at === null) complain(mapping.at ?? '', words.noTime(shown(cell(mapping.at ?? ''))));
  const labels: Record<string, string> = {};
  for (const [column, label] of Object.entries(mapping.label)) {
    const text = String(cell(column) ?? '').trim();
    if (text.length > LABEL_CHARS) complain(column, words.longLabel(LABEL_CHARS));
    else if (text !== '') labels[label] = text;
  }
  const base = { labels, ...(at === undefined || at === null ? {} : { at }) };
  const counted = (column: string, name: string, delta: number): Counted => ({
    id: `${digest}/${row.line}/${columns.indexOf(column)}/${name}`,
    name,
    ...base,
    delta,
  });
  return [
    ...numbers(reading, mapping.count, cell, complain).map(({ column, name, number }) => counted(column, name, number)),
    ...numbers(reading, mapping.mean, cell, complain).flatMap(({ column, name, number }) => [
      counted(column, `${name}_sum`, number),
      counted(column, `${name}_count`, 1),
    ]),
  ];
}

/** An empty cell is no number, and no mistake: nobody answered. */
function numbers(
  { mapping, words }: Reading,
  wanted: Readonly<Record<string, string>>,
  cell: (column: string) => Cell,
  complain: (column: string, what: string) => void,
): readonly { readonly column: string; readonly name: string; readonly number: number }[] {
  return Object.entries(wanted).flatMap(([column, name]) => {
    const value = cell(column);
    if (isEmpty(value)) return [];
    const number = numberOf(value, mapping.decimal);
    if (number !== null && number >= 0) return [{ column, name, number }];
    const other = mapping.decimal === 'comma' ? 'dot' : 'comma';
    const isOther = number === null && numberOf(value, other) !== null;
    complain(
      column,
      number === null ? `${words.noNumber(shown(value))}${isOther ? words.withDecimal(other) : ''}` : words.belowZero(shown(value)),
    );
    return [];
  });
}

const isEmpty = (value: Cell): boolean => value === null || (typeof value === 'string' && value.trim() === '');
const shown = (value: Cell): string => JSON.stringify(typeof value === 'string' && value.length > 40 ? `${value.slice(0, 39)}…` : value);

const WITH_COMMA = /^[+-]?(\d{1,3}(\.\d{3})+|\d+)(,\d+)?$/;
const WITH_DOT = /^[+-]?(\d{1,3}(,\d{3})+|\d+)(\.\d+)?(e[+-]?\d{1,3})?$/i;

export function numberOf(value: Cell, decimal: 'comma' | 'dot'): number | null {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value === 'boolean') return Number(value);
  const text = value?.trim() ?? '';
  if (!(decimal === 'comma' ? WITH_COMMA : WITH_DOT).test(text)) return null;
  const plain = decimal === 'comma' ? text.replaceAll('.', '').replace(',', '.') : text.replaceAll(',', '');
  const number = Number(plain);
  return Number.isFinite(number) ? number : null;
}

const ISO = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,]\d{1,9})?)?)?(Z|[+-]\d\d:?\d\d)?$/;
const DAY_FIRST = /^(\d\d)\/(\d\d)\/(\d{4})(?:[ T](\d\d):(\d\d)(?::(\d\d))?)?$/;

/** ISO 8601, day/month/year, or milliseconds since 1970. Without a zone it is the clock of this machine. Null: none of them. */
export function instantOf(value: Cell): number | null {
  if (typeof value === 'number') return Number.isInteger(value) && value > 0 ? value : null;
  const text = typeof value === 'string' ? value.trim() : '';
  if (/^\d{12,14}$/.test(text)) return Number(text);
  const iso = ISO.exec(text);
  const dayFirst = DAY_FIRST.exec(text);
  const parts = iso === null ? dayFirst : iso;
  if (parts === null) return null;
  const [, a = '', month = '', c = '', hour = '0', minute = '0', second = '0'] = parts;
  const [year, day] = iso === null ? [c, a] : [a, c];
  const local = new Date(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second));
  // The 31st of February would quietly become a day in March.
  if (local.getMonth() !== Number(month) - 1 || local.getDate() !== Number(day) || Number(hour) > 23 || Number(minute) > 59) return null;
  if (iso?.[7] === undefined) return local.getTime();
  const at = Date.parse(text.replace(' ', 'T').replace(',', '.'));
  return Number.isNaN(at) ? null : at;
}
