// Positions as editors count them (lines and UTF-16 units from 0) against offsets in a text. A lone carriage return ends a line for
// editors and not for Belay's parsers: this file knows both, and nothing else.

export interface Position {
  readonly line: number;
  readonly character: number;
}

export interface Range {
  readonly start: Position;
  readonly end: Position;
}

export interface Lines {
  offsetAt(position: Position): number;
  positionAt(offset: number): Position;
  rangeOf(span: { readonly start: number; readonly end: number }): Range;
}

export function linesOf(text: string): Lines {
  const starts = [0];
  for (const { index, 0: mark } of text.matchAll(/\r\n|\n|\r/g)) starts.push(index + mark.length);
  const lineOf = (offset: number): number => {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  };
  const positionAt = (offset: number): Position => {
    const at = Math.max(0, Math.min(offset, text.length));
    const line = lineOf(at);
    return { line, character: at - (starts[line] ?? 0) };
  };
  return {
    positionAt,
    rangeOf: ({ start, end }) => ({ start: positionAt(start), end: positionAt(Math.max(start, end)) }),
    // What lies beyond the end of a line or of the text is its end: editors that are ahead of us ask such things.
    offsetAt: ({ line, character }) => {
      if (!(line >= 0)) return 0;
      const start = starts[Math.floor(line)];
      if (start === undefined) return text.length;
      const next = starts[Math.floor(line) + 1] ?? text.length + 1;
      const end = start + text.slice(start, next).replace(/[\r\n]+$/, '').length;
      return Math.max(start, Math.min(end, start + (character >= 0 ? Math.floor(character) : 0)));
    },
  };
}

/** Belay's own lines end with a line feed alone: the offset of a line and a column of a diagnostic, both from 1. */
export function offsetOfDiagnostic(text: string, { line, column }: { readonly line: number; readonly column: number }): number {
  let start = 0;
  for (let at = 1; at < line; at += 1) {
    const next = text.indexOf('\n', start);
    if (next === -1) return text.length;
    start = next + 1;
  }
  return Math.min(text.length, start + column - 1);
}
