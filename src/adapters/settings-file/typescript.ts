// A file of TypeScript or JavaScript whose flags are one object of plain values: `export const features = { … }`. It is read sign by sign up
// to that object; whatever could mean something else than it looks is refused, so that a change is never a guess.
import { type Format, FormatProblem } from './format.ts';
import { blank, literalAt, match, type ObjectNode, problem } from './literal.ts';
import { edited, objectUnder, valuesOf } from './object-edit.ts';

const WORD = /[A-Za-z_$][\w$]*/y;

export function typescriptFormat(o: { readonly under?: string; readonly name?: string }): Format {
  const find = (text: string): ObjectNode => objectUnder(literalAt({ text, dialect: 'typescript' }, placeOf(text, o.name)), o.under);
  return {
    read: (text) => valuesOf(find(text)),
    held: (_key, value) => {
      if (typeof value === 'number' && !Number.isFinite(value)) throw new FormatProblem(`${value} cannot be written as a number`);
      return value;
    },
    write: (text, changes) => edited(text, changes, { dialect: 'typescript', find }),
  };
}

/** Where the object begins. */
function placeOf(text: string, name: string | undefined): number {
  const found = objectsIn(text);
  const fits = name === undefined ? found : found.filter((one) => one.name === name);
  const [only] = fits;
  if (only !== undefined && fits.length === 1) return only.at;
  const names = found.map((one) => one.name).join(', ') || 'none';
  throw new FormatProblem(
    name === undefined
      ? `it has ${found.length} constants that are objects (${names}): say which by name`
      : `it has no constant ${name} that is an object (there are: ${names})`,
  );
}

interface Found {
  readonly name: string;
  readonly at: number;
}

/** Constants of the file itself that are object literals. */
function objectsIn(text: string): readonly Found[] {
  const reading = { text, dialect: 'typescript' } as const;
  const found: Found[] = [];
  let depth = 0;
  for (let at = blank(reading, 0); at < text.length; at = blank(reading, at)) {
    const word = match(WORD, text, at);
    if (word !== null) {
      const begins = depth === 0 ? beginningAt(text, word, at) : null;
      if (begins === null) {
        at += word.length;
        continue;
      }
      // Read to its end: the value is what it looks like, and nothing follows that would change it.
      const { end } = literalAt(reading, begins.at);
      refuseMore(reading, end);
      found.push(begins);
      at = end;
      continue;
    }
    const sign = text[at] ?? '';
    if (sign === '`' || sign === '/') throw problem(reading, at, `a ${sign} stands in the file, and what it begins is not understood`);
    if (sign === '"' || sign === "'") {
      at = endOfString(text, at);
      continue;
    }
    if ('{[('.includes(sign)) depth += 1;
    if ('}])'.includes(sign)) depth -= 1;
    at += 1;
  }
  return found;
}

/** `const name: Type = {`, `const name = Object.freeze({`, `export default {` */
function beginningAt(text: string, word: string, at: number): Found | null {
  const rest = text.slice(at, at + 2_000);
  const gap = String.raw`(?:\s|\/\/[^\n]*\n|\/\*[\s\S]*?\*\/)*`;
  const value = String.raw`=(?![=>])${gap}(?:Object\.freeze\(${gap})?(?=\{)`;
  if (word === 'const' || word === 'let' || word === 'var') {
    const named = new RegExp(String.raw`^${word}\s+([A-Za-z_$][\w$]*)\s*(?::[^={}();]*)?${value}`).exec(rest);
    return named === null ? null : { name: named[1] ?? '', at: at + named[0].length };
  }
  if (word !== 'default') return null;
  const plain = new RegExp(String.raw`^default${gap}(?=\{)`).exec(rest);
  return plain === null ? null : { name: 'default', at: at + plain[0].length };
}

function refuseMore(reading: { readonly text: string; readonly dialect: 'typescript' }, end: number): void {
  const at = blank(reading, end);
  if (/[.[(?&|+*,]/.test(reading.text[at] ?? '')) throw problem(reading, at, 'something stands behind the object that changes what it is');
}

function endOfString(text: string, from: number): number {
  for (let at = from + 1; at < text.length && text[at] !== '\n'; at += text[at] === '\\' ? 2 : 1)
    if (text[at] === text[from]) return at + 1;
  throw new FormatProblem('a text is not closed');
}
