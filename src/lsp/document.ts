// What kind of text a document is, and in which part of it an offset stands: front matter, a belay block, its first line, or prose.
// It goes by lines alone, so that it also answers while a text is half written; the parsers have the last word on meaning.
import path from 'node:path';
import type { SourceText } from '../config/source-text.ts';
import { lineAt, positionAt, sourceText } from '../config/source-text.ts';

export type DocumentKind = 'system' | 'runbook' | 'template';

export interface Document {
  readonly file: string;
  readonly kind: DocumentKind;
  readonly source: SourceText;
}

/** Lines from 1; `to` is the first that does not belong to it. */
export interface Part {
  readonly kind: 'yaml' | 'fence' | 'prose';
  readonly from: number;
  readonly to: number;
  /** Of a belay block: the words after ` ```belay `. Null: front matter, or belay.yaml. */
  readonly words: readonly string[] | null;
}

/** Null for a file that is none of Belay's. */
export function kindOfFile(file: string): DocumentKind | null {
  const name = path.basename(file);
  if (name === 'belay.yaml') return 'system';
  if (/\.runbook\.md$/i.test(name)) return 'runbook';
  return /\.md$/i.test(name) && path.basename(path.dirname(file)) === 'templates' ? 'template' : null;
}

export function documentOf(file: string, text: string): Document | null {
  const kind = kindOfFile(file);
  return kind === null ? null : { file, kind, source: sourceText(file, text) };
}

const FENCE = /^ {0,3}(`{3,}|~{3,})[ \t]*belay\b(.*)$/;

export function partAt({ kind, source }: Document, offset: number): Part {
  const { line } = positionAt(source, offset);
  const end = source.lineStarts.length + 1;
  if (kind === 'system') return { kind: 'yaml', from: 1, to: end, words: null };
  if (kind === 'template') return { kind: 'prose', from: 1, to: end, words: null };
  let from = 1;
  if (lineAt(source, 1).trimEnd() === '---') {
    const close = nextLine(source, 2, (text) => text.trimEnd() === '---');
    if (line < close && line > 1) return { kind: 'yaml', from: 2, to: close, words: null };
    from = close + 1;
  }
  while (from < end) {
    const open = nextLine(source, from, (text) => /^ {0,3}(`{3,}|~{3,})/.test(text));
    if (open >= end || open > line) break;
    const text = lineAt(source, open);
    const mark = /^ {0,3}(`{3,}|~{3,})/.exec(text)?.[1] ?? '```';
    const close = nextLine(source, open + 1, (one) => one.trim().startsWith(mark) && /^[`~]+$/.test(one.trim()));
    const ours = FENCE.exec(text);
    const words = (ours?.[2] ?? '').split(/\s+/).filter((word) => word !== '');
    if (ours !== null && line === open) return { kind: 'fence', from: open, to: open + 1, words };
    if (ours !== null && line < close && words[0] !== 'template') return { kind: 'yaml', from: open + 1, to: close, words };
    if (line <= close) break;
    from = close + 1;
  }
  return { kind: 'prose', from: line, to: line + 1, words: null };
}

function nextLine(source: SourceText, from: number, is: (text: string) => boolean): number {
  let line = from;
  while (line <= source.lineStarts.length && !is(lineAt(source, line))) line += 1;
  return line;
}

export interface Word {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** The word around an offset, on its line. */
export function wordAt(source: SourceText, offset: number, letters: RegExp = /[\w.-]/): Word {
  const at = Math.max(0, Math.min(offset, source.text.length));
  let start = at;
  let end = at;
  while (start > 0 && letters.test(source.text.charAt(start - 1))) start -= 1;
  while (end < source.text.length && letters.test(source.text.charAt(end))) end += 1;
  return { start, end, text: source.text.slice(start, end) };
}
