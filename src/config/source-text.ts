// A file's text and places in it. A region is a part of a file whose lines may have lost their indentation (a fence in Markdown):
// its offsets lead back to the file, so that every diagnostic points into what the author wrote.

/** Offsets into the file; `end` is exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export interface SourceText {
  readonly file: string;
  readonly text: string;
  readonly lineStarts: readonly number[];
}

export function sourceText(file: string, text: string): SourceText {
  const lineStarts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) lineStarts.push(at + 1);
  return { file, text, lineStarts };
}

/** Line and column, both from 1. An offset past the end is the end. */
export function positionAt(source: SourceText, offset: number): { readonly line: number; readonly column: number } {
  const at = Math.max(0, Math.min(offset, source.text.length));
  let low = 0;
  let high = source.lineStarts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((source.lineStarts[middle] ?? 0) <= at) low = middle;
    else high = middle - 1;
  }
  return { line: low + 1, column: at - (source.lineStarts[low] ?? 0) + 1 };
}

/** The text of a line (from 1), without its line break. */
export function lineAt(source: SourceText, line: number): string {
  const start = source.lineStarts[line - 1] ?? source.text.length;
  const end = source.lineStarts[line] ?? source.text.length + 1;
  return source.text.slice(start, end - 1).replace(/\r$/, '');
}

export function spanOfLine(source: SourceText, line: number): Span {
  const start = source.lineStarts[line - 1] ?? source.text.length;
  return { start, end: start + lineAt(source, line).length };
}

export interface Region {
  readonly source: SourceText;
  readonly text: string;
  /** From an offset in `text` to one in the file. */
  readonly toFile: (offset: number) => number;
  /** Where the region stands in the file. */
  readonly span: Span;
}

export function wholeFile(source: SourceText): Region {
  return { source, text: source.text, toFile: (offset) => offset, span: { start: 0, end: source.text.length } };
}

/** `text` are the lines of the file from `firstLine` on, each with what was cut off at its start missing. */
export function regionOfLines(source: SourceText, text: string, firstLine: number): Region {
  const own = sourceText('', text);
  const lineSpan = (index: number): Span => spanOfLine(source, firstLine + index);
  const toFile = (offset: number): number => {
    const { line, column } = positionAt(own, offset);
    const here = lineSpan(line - 1);
    return here.end - lineAt(own, line).length + column - 1;
  };
  return { source, text, toFile, span: { start: lineSpan(0).start, end: lineSpan(own.lineStarts.length - 1).end } };
}
