// YAML 1.2 (core schema, unique keys) as a tree of values that know where they stand. No anchors, no tags, no second document.
// It knows no meaning: what belongs where is read.ts' business.
import type { Node, Pair, ParsedNode, YAMLError } from 'yaml';
import { isAlias, isMap, isScalar, isSeq, parseDocument } from 'yaml';
import type { Problems } from './problems.ts';
import type { Region, Span } from './source-text.ts';

export type Value =
  | { readonly kind: 'map'; readonly span: Span; readonly entries: readonly Entry[]; readonly flow: boolean }
  | { readonly kind: 'list'; readonly span: Span; readonly items: readonly Value[] }
  | { readonly kind: 'scalar'; readonly span: Span; readonly value: string | number | boolean | null; readonly written: string }
  /** Its problem has been told already. */
  | { readonly kind: 'broken'; readonly span: Span };

export interface Entry {
  readonly key: string;
  readonly keySpan: Span;
  readonly value: Value;
}

export type MapValue = Extract<Value, { kind: 'map' }>;

/** Replaces what stands in a text scalar (`{env.NAME}`); null when it cannot, which has been told. */
export type Substitute = (text: string, span: Span) => string | null;

const MAX_DEPTH = 40;

/** An empty region is an empty map. Never throws: trouble is told, and the value is `broken`. */
export function readYaml(region: Region, problems: Problems, substitute?: Substitute): Value {
  const broken: Value = { kind: 'broken', span: region.span };
  if (tooDeep(region.text)) {
    problems.error('yaml', region.span, 'brackets are nested too deeply', { hint: `At most ${MAX_DEPTH} levels.` });
    return broken;
  }
  const document = parse(region.text);
  if (document === null) {
    problems.error('yaml', region.span, 'this is nested too deeply to be read');
    return broken;
  }
  const errors = [...document.errors, ...document.warnings];
  for (const error of errors) tell(error, region, problems);
  if (errors.some((error) => error.code !== 'DUPLICATE_KEY')) return broken;
  const builder: Builder = { region, problems, substitute };
  return document.contents === null ? { kind: 'map', span: region.span, entries: [], flow: false } : build(document.contents, builder, 0);
}

function parse(text: string): ReturnType<typeof parseDocument<ParsedNode>> | null {
  try {
    return parseDocument<ParsedNode>(text, { version: '1.2', schema: 'core', uniqueKeys: true, prettyErrors: false, logLevel: 'silent' });
  } catch (error) {
    // The parser recurses: thousands of nested levels end the stack.
    if (error instanceof RangeError) return null;
    throw error;
  }
}

interface Builder {
  readonly region: Region;
  readonly problems: Problems;
  readonly substitute: Substitute | undefined;
}

/** The parser recurses into brackets; text that nests hundreds of them is refused before it. */
function tooDeep(text: string): boolean {
  let depth = 0;
  for (const char of text) {
    if (char === '[' || char === '{') depth += 1;
    else if (char === ']' || char === '}') depth = Math.max(0, depth - 1);
    if (depth > MAX_DEPTH) return true;
  }
  return /^(?:[ \t]*[-?:][ \t]+){41}/m.test(text);
}

function build(node: Node, builder: Builder, depth: number): Value {
  const span = spanOf(node, builder.region);
  const refuse = (message: string, hint?: string): Value => {
    builder.problems.error('yaml', span, message, { hint });
    return { kind: 'broken', span };
  };
  if (depth > MAX_DEPTH) return refuse('this is nested too deeply');
  if (isAlias(node)) return refuse('YAML aliases are not supported', 'Write the value out.');
  if ('anchor' in node && node.anchor !== undefined)
    return refuse('YAML anchors are not supported', 'Write the value out where it is needed.');
  if (isMap(node))
    return { kind: 'map', span, entries: entriesOf(node.items as Pair<Node, Node | null>[], builder, depth), flow: node.flow === true };
  if (isSeq(node))
    return {
      kind: 'list',
      span,
      items: (node.items as (Node | null)[]).map((item) => (item === null ? nothing(span) : build(item, builder, depth + 1))),
    };
  if (!isScalar(node)) return refuse('this is not a value');
  const written = builder.region.text.slice(node.range?.[0] ?? 0, node.range?.[1] ?? 0);
  return scalar(node.value, span, written, builder);
}

function scalar(value: unknown, span: Span, written: string, builder: Builder): Value {
  if (typeof value === 'string') {
    const text = builder.substitute === undefined ? value : builder.substitute(value, span);
    return text === null ? { kind: 'broken', span } : { kind: 'scalar', span, value: text, written };
  }
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return { kind: 'scalar', span, value, written };
  return { kind: 'scalar', span, value: written, written };
}

function entriesOf(pairs: readonly Pair<Node, Node | null>[], builder: Builder, depth: number): readonly Entry[] {
  const seen = new Set<string>();
  return pairs.flatMap((pair): Entry[] => {
    const keySpan = spanOf(pair.key, builder.region);
    const key = isScalar(pair.key)
      ? keyText(pair.key.value, builder.region.text.slice(pair.key.range?.[0] ?? 0, pair.key.range?.[1] ?? 0))
      : null;
    if (key === null) {
      builder.problems.error('yaml', keySpan, 'a key must be a plain word');
      return [];
    }
    // A second one has been told as a duplicate by the parser; the first counts.
    if (seen.has(key)) return [];
    seen.add(key);
    return [
      { key, keySpan, value: pair.value === null || pair.value === undefined ? nothing(keySpan) : build(pair.value, builder, depth + 1) },
    ];
  });
}

function keyText(value: unknown, written: string): string {
  return typeof value === 'string' ? value : written;
}

function nothing(span: Span): Value {
  return { kind: 'scalar', span, value: null, written: '' };
}

function spanOf(node: Node | null | undefined, region: Region): Span {
  const range = node?.range;
  if (range === null || range === undefined) return region.span;
  const start = region.toFile(range[0]);
  return { start, end: Math.max(start + 1, region.toFile(range[1])) };
}

function tell(error: YAMLError, region: Region, problems: Problems): void {
  const [from, to] = error.pos;
  const at = wherePeopleLook(error, region.text, from);
  const start = region.toFile(at);
  const span = { start, end: Math.max(start + 1, at === from ? region.toFile(to) : start + 1) };
  const line = lineAround(region.text, at);
  const unquoted = /:\s+(\{[\w.-]+\}\s*[^\s,}\]#].*?)\s*[}\]]*\s*$/.exec(line)?.[1];
  if (unquoted !== undefined) {
    problems.error('unquoted-ref', span, `${unquoted} begins with a brace: YAML reads it as a mapping`, {
      hint: `Write it in quotes: "${unquoted}".`,
    });
    return;
  }
  if (error.code === 'DUPLICATE_KEY') {
    const [, key = ''] = /^["']?([^\s"':]+)/.exec(region.text.slice(from)) ?? [];
    problems.error('duplicate-key', { start, end: start + Math.max(1, key.length) }, `the key ${key} stands here twice`, {
      hint: 'Remove one of the two.',
    });
    return;
  }
  const open = error.code === 'MISSING_CHAR' || /^Flow /.test(error.message) ? openBracket(region.text.slice(0, from)) : null;
  if (open !== null) {
    const at = region.toFile(open);
    problems.error('yaml', { start: at, end: at + 1 }, `this ${region.text[open]} is never closed`, {
      hint: 'Close every brace and bracket that is opened.',
    });
    return;
  }
  problems.error('yaml', span, wordsFor(error), { hint: hintFor(error) });
}

/** The last brace or bracket that is still open at the end of `text`; what stands in quotes and comments does not count. */
function openBracket(text: string): number | null {
  const open: number[] = [];
  let quote = '';
  for (let at = 0; at < text.length; at += 1) {
    const char = text.charAt(at);
    if (quote !== '') {
      if (char === '\\' && quote === '"') at += 1;
      else if (char === quote) quote = '';
    } else if ((char === '"' || char === "'") && /[\s[{,:(]/.test(text.charAt(at - 1))) quote = char;
    else if (char === '#' && /\s/.test(text.charAt(at - 1))) at = endOfLine(text, at);
    else if (char === '{' || char === '[') open.push(at);
    else if (char === '}' || char === ']') open.pop();
  }
  return quote === '' ? (open.at(-1) ?? null) : null;
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  return end === -1 ? text.length : end;
}

/** An error at the end of the text, or at a line's start, is about what stands before it. */
function wherePeopleLook(error: YAMLError, text: string, from: number): number {
  if (error.code !== 'MISSING_CHAR' && error.code !== 'BAD_INDENT' && from < text.length) return from;
  const atLineStart = from >= text.length || text[from - 1] === '\n';
  if (!atLineStart || error.code === 'BAD_INDENT') return Math.min(from, Math.max(0, text.length - 1));
  return Math.max(0, text.slice(0, from).trimEnd().length - 1);
}

function wordsFor(error: YAMLError): string {
  const message = error.message.split('\n')[0] ?? '';
  return `this is not YAML: ${message.charAt(0).toLowerCase()}${message.slice(1)}`;
}

function hintFor(error: YAMLError): string | undefined {
  if (error.code === 'MISSING_CHAR') return 'Close every brace, bracket and quote that is opened.';
  if (error.code === 'TAB_AS_INDENT') return 'Indent with spaces.';
  if (error.code === 'BAD_INDENT' || error.code === 'UNEXPECTED_TOKEN') return 'Keys of one mapping begin in the same column.';
  if (error.code === 'MULTIPLE_DOCS') return 'One document only: remove the line ---.';
  if (error.code === 'TAG_RESOLVE_FAILED') return 'Tags (!word) are not used here; quote the text if it begins with !.';
  return undefined;
}

function lineAround(text: string, at: number): string {
  const start = text.lastIndexOf('\n', at - 1) + 1;
  const end = text.indexOf('\n', start);
  return text.slice(start, end === -1 ? undefined : end);
}
