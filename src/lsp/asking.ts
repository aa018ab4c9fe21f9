// The compiler is asked what may stand at a place: a word that nobody knows is put there, and what it says of that word (which names are
// known, and of what) is the answer. So editors offer exactly what the parsers and the lint take, and no list is kept twice.
import { lineAt, positionAt } from '../config/source-text.ts';
import type { Document, Word } from './document.ts';
import { partAt, wordAt } from './document.ts';
import { yamlPlaceAt } from './yaml-path.ts';

/** Far from every name, and a name by every rule for names. */
export const MARK = 'zqxjzqxjzqxjzqxjzqxj';

export interface Question {
  readonly text: string;
  /** Where the mark stands in `text`. */
  readonly at: number;
  /** What an answer would replace, in the document's own text. */
  readonly word: Word;
  readonly as: 'key' | 'value' | 'reference' | 'words';
}

/** What follows a beginning of a reference, so that it is a whole one. */
const TAILS: Readonly<Record<string, string>> = { steps: `.out.${MARK}`, component: '.url' };

/** The texts to ask with, most likely first; none where nothing of Belay's may stand. */
export function questionsAt(doc: Document, offset: number): readonly Question[] {
  const part = partAt(doc, offset);
  const { source } = doc;
  const { line, column } = positionAt(source, offset);
  const before = lineAt(source, line).slice(0, column - 1);
  const word = wordAt(source, offset);
  const reference = referenceBefore(before, part.kind !== 'yaml');
  if (reference !== null) return referenceQuestions(doc, offset, reference);
  if (part.kind === 'prose') return [];
  if (part.kind === 'fence') return [put(doc, word, MARK, 'words')];
  const { isKey } = yamlPlaceAt(source, part, word.start);
  const lead = lineAt(source, line).slice(0, word.start - (source.lineStarts[line - 1] ?? 0));
  const rest = lineAt(source, line).slice(word.end - (source.lineStarts[line - 1] ?? 0));
  const close = closers(lead);
  const inFlow = /[{[]/.test(close);
  const has = /^["']?\s*:/.test(rest);
  const found: Question[] = [];
  if (isKey) {
    if (has || inFlow) found.push(put(doc, word, MARK, 'key'));
    if (!has) found.push(put(doc, word, inFlow ? MARK : `${MARK}:`, 'key', close.replace(/[{[]/g, closing)));
  }
  if (!isKey || !has) {
    found.push(put(doc, word, MARK, 'value'));
    if (close !== '') found.push(put(doc, word, MARK, 'value', close.replace(/[{[]/g, closing)));
  }
  return unique(found);
}

/** What `{` stands open before the place, and how far it is written: `{org.na` → `org.na`. */
function referenceBefore(before: string, isProse: boolean): string | null {
  const [, written] = /\{([\w.-]*)$/.exec(before) ?? [];
  if (written === undefined) return null;
  const open = closers(before);
  return isProse || /["']$/.test(open.slice(0, 1)) || /:\s+[^\s{[][^{]*\{[\w.-]*$/.test(before) ? written : null;
}

function referenceQuestions(doc: Document, offset: number, written: string): readonly Question[] {
  const { source } = doc;
  const segments = written.split('.');
  const last = wordAt(source, offset, /[\w-]/);
  const rest = source.text.slice(last.end);
  const [, more = ''] = /^((?:\.[\w-]*)*)/.exec(rest) ?? [];
  const tail = segments.length === 2 ? (TAILS[segments[0] ?? ''] ?? '') : '';
  const closed = rest.slice(more.length).startsWith('}') || /^\s*,/.test(rest.slice(more.length));
  const word = { ...last, end: last.end + more.length, text: source.text.slice(last.start, last.end + more.length) };
  return [put(doc, word, `${MARK}${tail}${closed ? '' : '}'}`, 'reference'), put(doc, word, `${MARK}${tail}}`, 'reference', '"')];
}

/** With `end`, the rest of the line is left out and `end` closes what is open. */
function put({ source }: Document, word: Word, by: string, as: Question['as'], end?: string): Question {
  const { line } = positionAt(source, word.start);
  const lineEnd = (source.lineStarts[line - 1] ?? 0) + lineAt(source, line).length;
  const text = `${source.text.slice(0, word.start)}${by}${end ?? ''}${source.text.slice(end === undefined ? word.end : lineEnd)}`;
  return { text, at: word.start, word, as };
}

const closing = (open: string): string => (open === '{' ? '}' : ']');

/** What is open at the end of a line: a quote first, then braces and brackets from the inside out. */
function closers(line: string): string {
  const open: string[] = [];
  let quote = '';
  for (let at = 0; at < line.length; at += 1) {
    const char = line.charAt(at);
    if (quote !== '') {
      if (char === quote) quote = '';
    } else if ((char === '"' || char === "'") && (at === 0 || /[\s[{,:(]/.test(line.charAt(at - 1)))) quote = char;
    else if (char === '{' || char === '[') open.push(char);
    else if (char === '}' || char === ']') open.pop();
  }
  return `${quote}${open.toReversed().join('')}`;
}

function unique(questions: readonly Question[]): readonly Question[] {
  return questions.filter((one, index) => questions.findIndex((other) => other.text === one.text && other.as === one.as) === index);
}
