// Plain text in a terminal of some width: padding, cutting, wrapping, and cleaning what other people wrote. It knows no colour.

const ANSI = /\p{Cc}\[[0-9;]*m/gu;
/** Control characters and those that turn the direction of writing; a new line is harmless. */
const UNSAFE = /(?!\n)[\p{Cc}\p{Bidi_Control}]/gu;

/** Texts of runbooks, notes and labels come from others: nothing in them may steer this terminal. */
export function clean<T>(value: T): T {
  if (typeof value === 'string') return value.replaceAll('\t', ' ').replace(UNSAFE, '\ufffd') as T;
  if (Array.isArray(value)) return value.map((one) => clean(one)) as T;
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [clean(key), clean(one)])) as T;
}

export function lengthOf(text: string): number {
  return Array.from(text.replace(ANSI, '')).length;
}

export function pad(text: string, length: number): string {
  return `${text}${' '.repeat(Math.max(0, length - lengthOf(text)))}`;
}

/** Unpainted text only. */
export function cut(text: string, length: number): string {
  const characters = Array.from(text.replaceAll('\n', ' '));
  return characters.length <= length ? characters.join('') : `${characters.slice(0, Math.max(0, length - 1)).join('')}…`;
}

/** Words are never cut, unless one alone is wider than the line. */
export function wrap(text: string, width: number): readonly string[] {
  const room = Math.max(8, width);
  return text.split('\n').flatMap((line) => {
    const lines: string[] = [];
    let current = '';
    for (const word of line.split(' ').flatMap((one) => pieces(one, room))) {
      const joined = current === '' ? word : `${current} ${word}`;
      if (lengthOf(joined) <= room || current === '') current = joined;
      else {
        lines.push(current);
        current = word;
      }
    }
    return [...lines, current];
  });
}

function pieces(word: string, room: number): readonly string[] {
  if (lengthOf(word) <= room) return [word];
  const characters = Array.from(word);
  const count = Math.ceil(characters.length / room);
  return Array.from({ length: count }, (_, at) => characters.slice(at * room, (at + 1) * room).join(''));
}

/** `label` once, then the text, wrapped and hanging. */
export function hang(label: string, text: string, o: { readonly width: number; readonly column: number }): string {
  const lines = wrap(text, o.width - o.column);
  return lines.map((line, at) => `${at === 0 ? pad(label, o.column) : ' '.repeat(o.column)}${line}`.trimEnd()).join('\n');
}

/** Columns as wide as their widest cell; the last one takes what is left and is cut. */
export function table(rows: readonly (readonly string[])[], width: number): readonly string[] {
  const count = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: count }, (_, at) => Math.max(0, ...rows.map((row) => lengthOf(row[at] ?? ''))));
  return rows.map((row) => {
    const cells = row.map((cell, at) => (at === row.length - 1 ? cell : pad(cell, widths[at] ?? 0)));
    const line = cells.join('  ');
    return (line.includes('\u001b') || lengthOf(line) <= width ? line : cut(line, width)).trimEnd();
  });
}
