// The reference pages as help for editors: each row of their tables, by the word that it explains. What people read in the documentation
// is what they see in the editor, and nothing is written twice.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

export interface Help {
  readonly page: string;
  readonly heading: string;
  /** The cells after the first one. */
  readonly cells: readonly string[];
  /** The first cell, as it is written. */
  readonly title: string;
}

export interface Manual {
  /** The row that explains a word: in tables whose first head is `head`, below the heading where one is named. */
  find(page: string, head: string, word: string, heading?: string): Help | null;
  /** The address of a page, perhaps of a heading of it. */
  link(page: string, heading?: string): string;
  /** Cells as Markdown: links lead to the files. */
  text(help: Help): string;
}

interface Row extends Help {
  readonly head: string;
  readonly words: readonly string[];
}

export const FORMAT = 'reference/runbook-format.md';
export const SYSTEM = 'reference/belay-yaml.md';

/** `folder` is `docs/`; where it is not there, nothing is explained. */
export function openManual(folder: string): Manual {
  const pages = new Map<string, readonly Row[]>();
  const rowsOf = (page: string): readonly Row[] => {
    const known =
      pages.get(page) ?? (existsSync(path.join(folder, page)) ? rowsIn(readFileSync(path.join(folder, page), 'utf8'), page) : []);
    pages.set(page, known);
    return known;
  };
  const link = (page: string, heading?: string): string =>
    `${pathToFileURL(path.join(folder, page)).href}${heading === undefined || heading === '' ? '' : `#${anchor(heading)}`}`;
  return {
    find: (page, head, word, heading) =>
      rowsOf(page).find((row) => row.head === head && row.words.includes(word) && (heading === undefined || row.heading === heading)) ??
      null,
    link,
    text: ({ page, cells }) =>
      cells
        .filter((cell) => cell !== '')
        .map((cell) => linked(cell, page, link))
        .join('\n\n'),
  };
}

function linked(cell: string, page: string, link: Manual['link']): string {
  return cell.replace(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g, (_, to: string, heading: string | undefined) => {
    const target = to === '' ? page : path.posix.normalize(path.posix.join(path.posix.dirname(page), to));
    return `](${link(target, heading)})`;
  });
}

function rowsIn(text: string, page: string): readonly Row[] {
  const rows: Row[] = [];
  let heading = '';
  let head: string | null = null;
  for (const line of text.split('\n')) {
    heading = /^#{2,4}\s+(.*?)\s*$/.exec(line)?.[1] ?? heading;
    if (!line.startsWith('|')) {
      head = null;
      continue;
    }
    const cells = cellsOf(line);
    const [first = '', ...rest] = cells;
    if (head === null) head = first;
    else if (!/^:?-+:?$/.test(first)) rows.push({ page, heading, head, title: first, cells: rest, words: wordsIn(first) });
  }
  return rows;
}

function cellsOf(line: string): readonly string[] {
  return line
    .replace(/^\||\|\s*$/g, '')
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll('\\|', '|'));
}

/** `do <action>` explains `do`. */
function wordsIn(cell: string): readonly string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map((match) => (match[1] ?? '').split(' ')[0] ?? '');
}

function anchor(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} -]/gu, '')
    .replaceAll(' ', '-');
}
