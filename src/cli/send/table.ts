// A file with rows, as a survey or a spreadsheet writes it: CSV, JSON or NDJSON, to rows that know their line. What a row means is not known here.
import { BelayError } from '../../domain/errors.ts';

export type Cell = string | number | boolean | null;

export interface Row {
  readonly line: number;
  /** In the order of the columns; absent ones are null. */
  readonly cells: readonly Cell[];
}

export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
  /** Excel writes `;` where the comma stands in numbers. */
  readonly decimal: 'comma' | 'dot';
}

export const CAPS = { bytes: 64 * 1024 * 1024, rows: 1_000_000, columns: 200 } as const;
const SEPARATORS = [';', '\t', ','] as const;

/** @throws BELAY_INPUT_INVALID with the line */
export function readTable(bytes: Uint8Array): Table {
  if (bytes.length > CAPS.bytes) throw bad(`the file has more than ${CAPS.bytes / 1024 / 1024} MiB`, 'Cut it into several files.');
  const text = textOf(bytes);
  if (text.trim() === '') throw bad('the file is empty');
  return /^\s*[[{]/.test(text) ? ofObjects(text) : ofCsv(text);
}

/** UTF-8, else what Excel writes in the west. */
function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    // Every byte is a character of it.
    return new TextDecoder('windows-1252').decode(bytes);
  }
}

function bad(message: string, hint?: string): BelayError {
  return new BelayError('BELAY_INPUT_INVALID', message, hint === undefined ? {} : { hint });
}

// ---- CSV (RFC 4180, and Excel's own ways)

function ofCsv(whole: string): Table {
  const named = /^sep=(.)\r?\n/i.exec(whole);
  const text = named === null ? whole : whole.slice(named[0].length);
  const separator = named?.[1] ?? separatorOf(text);
  const records = [...recordsOf(text, separator)];
  const [head, ...rest] = records;
  const first = named === null ? 0 : 1;
  const columns = (head?.fields ?? []).map((name) => name.trim());
  demandColumns(columns, 1 + first);
  const rows = rest
    .filter(({ fields }) => fields.some((field) => field.trim() !== ''))
    .map(({ line, fields }): Row => {
      if (fields.length > columns.length)
        throw bad(`line ${line + first} has ${fields.length} fields, and there are ${columns.length} columns`);
      return { line: line + first, cells: columns.map((_, index) => fields[index] ?? null) };
    });
  return { columns, rows, decimal: separator === ';' ? 'comma' : 'dot' };
}

function separatorOf(text: string): string {
  const head = text.split(/\r?\n/, 1)[0]?.replaceAll(/"[^"]*"/g, '') ?? '';
  const counted = SEPARATORS.map((one) => ({ one, times: head.split(one).length }));
  return counted.reduce((best, next) => (next.times > best.times ? next : best)).one;
}

function* recordsOf(text: string, separator: string): Generator<{ readonly line: number; readonly fields: readonly string[] }> {
  let fields: string[] = [];
  let [line, begun, count] = [1, 1, 0];
  for (let at = 0; at < text.length; ) {
    const { field, next } = text[at] === '"' ? quoted(text, at, { separator, line }) : plain(text, at, separator);
    fields.push(field);
    for (const character of field) if (character === '\n') line += 1;
    if (text[next] === separator) {
      at = next + 1;
      if (at === text.length) fields.push('');
      else continue;
    } else at = next + (text[next] === '\r' && text[next + 1] === '\n' ? 2 : 1);
    if (count++ > CAPS.rows) throw bad(`the file has more than ${CAPS.rows} rows`, 'Cut it into several files.');
    yield { line: begun, fields };
    fields = [];
    line += 1;
    begun = line;
  }
}

function plain(text: string, from: number, separator: string): { readonly field: string; readonly next: number } {
  let next = from;
  while (next < text.length && text[next] !== separator && text[next] !== '\n' && text[next] !== '\r') next += 1;
  return { field: text.slice(from, next), next };
}

function quoted(
  text: string,
  from: number,
  { separator, line }: { readonly separator: string; readonly line: number },
): { readonly field: string; readonly next: number } {
  let field = '';
  for (let at = from + 1; ; ) {
    const end = text.indexOf('"', at);
    if (end === -1) throw bad(`line ${line}: a quotation mark is never closed`);
    field += text.slice(at, end);
    if (text[end + 1] !== '"') {
      const next = end + 1;
      if (next < text.length && text[next] !== separator && text[next] !== '\n' && text[next] !== '\r')
        throw bad(`line ${line}: something follows a quotation mark that was closed`);
      return { field, next };
    }
    field += '"';
    at = end + 2;
  }
}

function demandColumns(columns: readonly string[], line: number): void {
  if (columns.length > CAPS.columns) throw bad(`line ${line} has more than ${CAPS.columns} columns`);
  const empty = columns.indexOf('');
  if (empty !== -1) throw bad(`line ${line}: column ${empty + 1} has no name`, 'The first row names the columns.');
  const twice = columns.find((name, index) => columns.indexOf(name) !== index);
  if (twice !== undefined) throw bad(`line ${line}: two columns are called ${JSON.stringify(twice)}`);
}

// ---- JSON: a list of flat objects, or one object a line

function ofObjects(text: string): Table {
  const objects = text.trimStart().startsWith('[') ? listOf(text) : linesOf(text);
  if (objects.length > CAPS.rows) throw bad(`the file has more than ${CAPS.rows} rows`, 'Cut it into several files.');
  const columns = [...new Set(objects.flatMap(({ value }) => Object.keys(value)))];
  demandColumns(columns, 1);
  const rows = objects.map(({ line, value }): Row => ({ line, cells: columns.map((name) => cellOf(value, name, line)) }));
  return { columns, rows, decimal: 'dot' };
}

type Flat = Readonly<Record<string, unknown>>;

function listOf(text: string): readonly { readonly line: number; readonly value: Flat }[] {
  return (parsed(text, 'the file') as readonly unknown[]).map((value, index) => ({
    line: index + 1,
    value: flat(value, `element ${index + 1}`),
  }));
}

function linesOf(text: string): readonly { readonly line: number; readonly value: Flat }[] {
  return text
    .split('\n')
    .flatMap((line, index) =>
      line.trim() === '' ? [] : [{ line: index + 1, value: flat(parsed(line, `line ${index + 1}`), `line ${index + 1}`) }],
    );
}

function parsed(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new BelayError('BELAY_INPUT_INVALID', `${where} is not JSON: ${cause instanceof Error ? cause.message : ''}`, { cause });
  }
}

function flat(value: unknown, where: string): Flat {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw bad(`${where} is not an object`);
  return value as Flat;
}

function cellOf(value: Flat, name: string, line: number): Cell {
  const cell = Object.hasOwn(value, name) ? value[name] : null;
  if (cell === null || typeof cell === 'string' || typeof cell === 'number' || typeof cell === 'boolean') return cell;
  throw bad(`line ${line}, column ${JSON.stringify(name)} is neither a text, a number nor true or false`);
}
