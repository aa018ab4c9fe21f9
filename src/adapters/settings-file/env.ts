// `.env` files: KEY=value lines in the words that shells, Docker and dotenv agree on. Comments, quotes, order and what is not understood stay
// as they are; a value is written so that all loaders read the same, or not at all.
import { type Changes, type Format, FormatProblem, lineOf } from './format.ts';

interface Line {
  readonly key: string;
  /** The whole line, with its end. */
  readonly from: number;
  readonly to: number;
  /** The value as written, with its quotes. */
  readonly start: number;
  readonly end: number;
  readonly value: string;
  readonly quote: string;
}

const ASSIGNMENT = /[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_.-]*)[ \t]*=[ \t]*/y;
const QUOTES = ['"', "'", '`'];

export function envFormat(quoting: 'shell' | 'none'): Format {
  return {
    read: (text) => new Map(linesOf(text, quoting).map((line) => [line.key, line.value])),
    held: (key, value) => {
      if (!/^[A-Za-z_][A-Za-z0-9_.-]*$/.test(key)) throw new FormatProblem(`${key} cannot be a key of an environment file`);
      encode(key, String(value), '', quoting);
      return String(value);
    },
    write: (text, changes) => Object.entries(changes).reduce((now, [key, value]) => written(now, key, value, quoting), text),
  };
}

function written(text: string, key: string, value: Changes[string], quoting: 'shell' | 'none'): string {
  const lines = linesOf(text, quoting).filter((line) => line.key === key);
  if (value === null || value === undefined)
    return lines.toReversed().reduce((now, { from, to }) => now.slice(0, from) + now.slice(to), text);
  // Of two lines for one key every loader takes the last.
  const last = lines.at(-1);
  if (last !== undefined) return text.slice(0, last.start) + encode(key, String(value), last.quote, quoting) + text.slice(last.end);
  const ending = text.includes('\r\n') ? '\r\n' : '\n';
  const gap = text === '' || text.endsWith('\n') ? '' : ending;
  return `${text}${gap}${key}=${encode(key, String(value), '', quoting)}${ending}`;
}

function linesOf(text: string, quoting: 'shell' | 'none'): readonly Line[] {
  const lines: Line[] = [];
  for (let from = 0; from < text.length; ) {
    const line = lineAt(text, from, quoting);
    if (line !== null) lines.push(line);
    from = line?.to ?? endOfLine(text, from).next;
  }
  return lines;
}

/** Null: a comment, an empty line, or something that no loader reads. */
function lineAt(text: string, from: number, quoting: 'shell' | 'none'): Line | null {
  ASSIGNMENT.lastIndex = from;
  const match = ASSIGNMENT.exec(text);
  if (match === null) return null;
  const key = match[1] ?? '';
  const start = from + match[0].length;
  const { end, next } = endOfLine(text, start);
  if (quoting === 'none') return { key, from, to: next, start, end, value: text.slice(start, end), quote: '' };
  const quote = text[start] ?? '';
  if (QUOTES.includes(quote)) return quotedLine(text, { key, from, start, quote });
  const bare = /^(.*?)(?:[ \t]+#.*)?[ \t]*$/s.exec(text.slice(start, end))?.[1] ?? '';
  const value = bare.trimEnd();
  return { key, from, to: next, start, end: start + value.length, value, quote: '' };
}

function quotedLine(
  text: string,
  o: { readonly key: string; readonly from: number; readonly start: number; readonly quote: string },
): Line {
  const { start, quote } = o;
  let at = start + 1;
  while (at < text.length && text[at] !== quote) at += quote === '"' && text[at] === '\\' ? 2 : 1;
  if (at >= text.length) throw new FormatProblem(`the quote of ${o.key} is not closed`, lineOf(text, start));
  const inside = text.slice(start + 1, at);
  const value = quote === '"' ? inside.replaceAll(/\\([nr"\\])/g, (_all, one: string) => ({ n: '\n', r: '\r' })[one] ?? one) : inside;
  const { end, next } = endOfLine(text, at + 1);
  if (!/^[ \t]*(?:#.*)?$/.test(text.slice(at + 1, end)))
    throw new FormatProblem(`something stands behind the value of ${o.key}`, lineOf(text, start));
  return { ...o, to: next, end: at + 1, value };
}

function endOfLine(text: string, from: number): { readonly end: number; readonly next: number } {
  const at = text.indexOf('\n', from);
  if (at === -1) return { end: text.endsWith('\r') && text.length > from ? text.length - 1 : text.length, next: text.length };
  return { end: at > from && text[at - 1] === '\r' ? at - 1 : at, next: at + 1 };
}

/** In the quotes that stand there, where they can hold it. */
function encode(key: string, value: string, quote: string, quoting: 'shell' | 'none'): string {
  if (/[\r\n\0]/.test(value)) throw new FormatProblem(`the value of ${key} has more than one line`);
  if (quoting === 'none') return value;
  const fits = {
    "'": !value.includes("'"),
    '"': !/["\\$`!]/.test(value),
    // Nothing at all, with a space behind it, is not the same to all.
    '': /^[A-Za-z0-9_./:@%+,=-]+$/.test(value),
  } as const;
  const order = ([quote, '', "'", '"'] as string[]).filter((one): one is keyof typeof fits => Object.hasOwn(fits, one));
  const chosen = order.find((one) => fits[one]);
  if (chosen === undefined) throw new FormatProblem(`no quotes hold the value of ${key} for every loader of such files`);
  return `${chosen}${value}${chosen}`;
}
