// Object literals with nothing in them but values: JSON, and the part of TypeScript that means the same. Each value is read with its place,
// so that it can be replaced and everything around it stays. What would have to be evaluated is refused.
import type { SettingValue } from '../../domain/setting.ts';
import { FormatProblem, lineOf } from './format.ts';

export type Dialect = 'json' | 'typescript';

export interface Member {
  readonly key: string;
  readonly keyStart: number;
  readonly value: Node;
}
export type Node = { readonly start: number; readonly end: number } & (
  | { readonly kind: 'scalar'; readonly value: SettingValue | null }
  | { readonly kind: 'object'; readonly members: readonly Member[] }
  | { readonly kind: 'list' }
);
export type ObjectNode = Extract<Node, { kind: 'object' }>;

const MOST_DEPTH = 40;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /[A-Za-z_$][\w$]*/y;
const WORDS: ReadonlyMap<string, boolean | null> = new Map([
  ['true', true],
  ['false', false],
  ['null', null],
]);
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f', '/': '/', '\\': '\\', '"': '"', "'": "'" };

interface Reading {
  readonly text: string;
  readonly dialect: Dialect;
}

/** The value that begins at `from`, which is no space. @throws FormatProblem */
export function literalAt(reading: Reading, from: number, depth = 0): Node {
  const { text } = reading;
  if (depth > MOST_DEPTH) throw problem(reading, from, 'it is nested too deeply');
  const first = text[from] ?? '';
  if (first === '{') return objectAt(reading, from, depth);
  if (first === '[') return listAt(reading, from, depth);
  if (isQuote(reading, first)) return { kind: 'scalar', start: from, ...stringAt(reading, from) };
  const word = match(WORD, text, from);
  if (word !== null && WORDS.has(word)) return { kind: 'scalar', start: from, end: from + word.length, value: WORDS.get(word) ?? null };
  const number = match(NUMBER, text, from);
  if (word !== null || number === null || /[\w.$]/.test(text[from + number.length] ?? '')) {
    throw problem(reading, from, `${JSON.stringify(text.slice(from, from + 20).split('\n')[0])} is no plain value`);
  }
  return { kind: 'scalar', start: from, end: from + number.length, value: Number(number) };
}

function objectAt(reading: Reading, from: number, depth: number): Node {
  const { text } = reading;
  const members: Member[] = [];
  for (let at = blank(reading, from + 1); ; ) {
    if (text[at] === '}') return { kind: 'object', start: from, end: at + 1, members };
    const { key, end } = keyAt(reading, at);
    const colon = blank(reading, end);
    if (text[colon] !== ':') throw problem(reading, at, `${key} has no value of its own`);
    if (members.some((one) => one.key === key)) throw problem(reading, at, `${key} stands twice`);
    const value = literalAt(reading, blank(reading, colon + 1), depth + 1);
    members.push({ key, keyStart: at, value });
    at = afterItem(reading, value.end, '}');
  }
}

function listAt(reading: Reading, from: number, depth: number): Node {
  for (let at = blank(reading, from + 1); ; ) {
    if (reading.text[at] === ']') return { kind: 'list', start: from, end: at + 1 };
    at = afterItem(reading, literalAt(reading, at, depth + 1).end, ']');
  }
}

/** Where the next item, or the closing sign, begins. */
function afterItem(reading: Reading, from: number, closing: string): number {
  const at = blank(reading, from);
  if (reading.text[at] === ',') {
    const next = blank(reading, at + 1);
    if (reading.dialect === 'json' && reading.text[next] === closing) throw problem(reading, at, 'a comma stands before nothing');
    return next;
  }
  if (reading.text[at] !== closing)
    throw problem(reading, at, `${closing} or a comma is missing, or the value before is more than a value`);
  return at;
}

function keyAt(reading: Reading, from: number): { readonly key: string; readonly end: number } {
  const { text, dialect } = reading;
  if (isQuote(reading, text[from] ?? '')) {
    const { value, end } = stringAt(reading, from);
    return { key: value, end };
  }
  const word = dialect === 'typescript' ? match(WORD, text, from) : null;
  if (word === null) throw problem(reading, from, 'a key is missing, or it has to be worked out');
  return { key: word, end: from + word.length };
}

const isQuote = ({ dialect }: Reading, sign: string): boolean => sign === '"' || (sign === "'" && dialect === 'typescript');

function stringAt(reading: Reading, from: number): { readonly value: string; readonly end: number } {
  const { text } = reading;
  const parts: string[] = [];
  for (let at = from + 1; ; at += 1) {
    const sign = text[at];
    if (sign === undefined || sign < ' ') throw problem(reading, from, 'a text is not closed');
    if (sign === text[from]) return { value: parts.join(''), end: at + 1 };
    if (sign !== '\\') {
      parts.push(sign);
      continue;
    }
    at += 1;
    const hex = /u([0-9a-fA-F]{4})/y;
    const code = match(hex, text, at);
    const escaped = code === null ? ESCAPES[text[at] ?? ''] : String.fromCharCode(Number.parseInt(code.slice(1), 16));
    if (escaped === undefined) throw problem(reading, at, 'a text holds an escape that is not understood');
    parts.push(escaped);
    at += (code?.length ?? 1) - 1;
  }
}

/** Past spaces, and in TypeScript past comments. */
export function blank(reading: Reading, from: number): number {
  const { text, dialect } = reading;
  for (let at = from; ; ) {
    if (/\s|\u{feff}/u.test(text[at] ?? '')) at += 1;
    else if (dialect === 'typescript' && text.startsWith('//', at)) at = endOf(text, '\n', at);
    else if (dialect === 'typescript' && text.startsWith('/*', at)) at = endOf(text, '*/', at + 2);
    else return at;
  }
}

function endOf(text: string, sign: string, from: number): number {
  const at = text.indexOf(sign, from);
  return at === -1 ? text.length : at + sign.length;
}

export function match(pattern: RegExp, text: string, from: number): string | null {
  pattern.lastIndex = from;
  return pattern.exec(text)?.[0] ?? null;
}

export function problem({ text }: Reading, at: number, what: string): FormatProblem {
  return new FormatProblem(what, lineOf(text, at));
}
