// Which keys lead to a place in YAML, by indentation and braces: good enough to find the right page while a text is half written.
// It never decides what is right; the parsers do.
import type { SourceText } from '../config/source-text.ts';
import { lineAt, positionAt } from '../config/source-text.ts';
import type { Part } from './document.ts';

export interface YamlPlace {
  /** The keys above the place, outermost first. */
  readonly path: readonly string[];
  /** A key stands here, or could. */
  readonly isKey: boolean;
}

const KEY = /^(\s*)((?:- +)*)(["']?)([\w./-]+)\3\s*:(?=\s|$)/;

/** Of the place where a word starts. */
export function yamlPlaceAt(source: SourceText, part: Part, start: number): YamlPlace {
  const { line, column } = positionAt(source, start);
  const before = lineAt(source, line).slice(0, column - 1);
  const lead = KEY.exec(before);
  if (lead === null && /^[\s-]*["']?$/.test(before)) {
    const dashes = /^(\s*)((?:- +)*)/.exec(before);
    return { path: above(source, part, line, (dashes?.[0] ?? '').length), isKey: true };
  }
  if (lead === null) return flowed(before, above(source, part, line, before.length - before.trimStart().length));
  const own = (lead[1] ?? '').length + (lead[2] ?? '').length;
  return flowed(before.slice(lead[0].length), [...above(source, part, line, own), lead[4] ?? '']);
}

/** Keys of the lines above, each further to the left than the one below it. */
function above(source: SourceText, part: Part, line: number, column: number): readonly string[] {
  const path: string[] = [];
  let current = column;
  let inList = false;
  const own = /^(\s*)((?:- +)+)/.exec(lineAt(source, line));
  if (own !== null && own[0].length <= column) {
    current = (own[1] ?? '').length;
    inList = true;
  }
  for (let at = line - 1; at >= part.from && (current > 0 || inList); at -= 1) {
    const text = lineAt(source, at);
    if (text.trim() === '' || text.trimStart().startsWith('#')) continue;
    const [, space = '', dashes = '', , key = ''] = KEY.exec(text) ?? [];
    if (key === '' && !/^\s*- /.test(text)) continue;
    const keyColumn = space.length + dashes.length;
    if (key !== '' && (keyColumn < current || (inList && dashes === '' && keyColumn === current))) {
      path.unshift(key);
      current = keyColumn;
      inList = false;
    }
    const dash = /^\s*(?=- )/.exec(text)?.[0].length;
    if (dash !== undefined && dash < current) {
      current = dash;
      inList = true;
    }
  }
  return path;
}

/** Braces on the line itself: `with: { target: shop, to: … }`. */
function flowed(text: string, base: readonly string[]): YamlPlace {
  const stack: { readonly path: readonly string[]; readonly isMap: boolean }[] = [];
  let path = base;
  let isKey = false;
  let word = '';
  let quote = '';
  for (const char of text) {
    if (quote !== '') {
      if (char === quote) quote = '';
      else word += char;
      continue;
    }
    if ((char === '"' || char === "'") && word.trim() === '') quote = char;
    else if (char === '{' || char === '[') {
      stack.push({ path, isMap: char === '{' });
      isKey = char === '{';
      word = '';
    } else if (char === '}' || char === ']') {
      path = stack.pop()?.path ?? base;
      isKey = false;
      word = '';
    } else if (char === ',') {
      const open = stack.at(-1);
      path = open?.path ?? path;
      isKey = open?.isMap ?? false;
      word = '';
    } else if (char === ':' && isKey) {
      path = [...path, word.trim()];
      isKey = false;
      word = '';
    } else word += char;
  }
  return { path, isKey };
}
