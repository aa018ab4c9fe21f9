// The outline of a document: phases and steps of a runbook, sections and ids of belay.yaml. By lines, so that it is there while a text is
// half written.
import { lineAt } from '../config/source-text.ts';
import type { Document } from './document.ts';

export interface DocumentSymbol {
  readonly name: string;
  readonly detail: string;
  readonly kind: 'phase' | 'step' | 'section' | 'id';
  readonly start: number;
  readonly end: number;
  readonly children: readonly DocumentSymbol[];
}

interface Found {
  readonly name: string;
  readonly detail: string;
  readonly start: number;
  readonly isTop: boolean;
}

export function symbolsOf(doc: Document): readonly DocumentSymbol[] {
  const found = doc.kind === 'system' ? sectionsIn(doc) : doc.kind === 'runbook' ? headingsIn(doc) : [];
  const ends = found.map((one, index) => endOf(doc, found.slice(index + 1).find((next) => !one.isTop || next.isTop)?.start));
  const kinds = doc.kind === 'system' ? (['section', 'id'] as const) : (['phase', 'step'] as const);
  const tops: { -readonly [K in keyof DocumentSymbol]: K extends 'children' ? DocumentSymbol[] : DocumentSymbol[K] }[] = [];
  for (const [index, { name, detail, start, isTop }] of found.entries()) {
    const one = { name, detail, start, end: ends[index] ?? start, kind: kinds[isTop ? 0 : 1], children: [] };
    if (isTop || tops.length === 0) tops.push(one);
    else tops.at(-1)?.children.push(one);
  }
  return tops;
}

function endOf({ source }: Document, next: number | undefined): number {
  return next === undefined ? source.text.length : Math.max(0, next - 1);
}

function sectionsIn({ source }: Document): readonly Found[] {
  return source.lineStarts.flatMap((start, index): readonly Found[] => {
    const text = lineAt(source, index + 1);
    const [, space = '', , key] = /^( {0,8})(["']?)([\w.-]+)\2\s*:/.exec(text) ?? [];
    if (key === undefined || (space !== '' && space.length !== indentBelow(source.text))) return [];
    return [{ name: key, detail: '', start, isTop: space === '' }];
  });
}

/** How far ids stand to the right: as far as the first line that does. */
function indentBelow(text: string): number {
  return /^\w[\w-]*:[ \t]*(?:#.*)?\r?\n(?:[ \t]*(?:#.*)?\r?\n)*( +)\S/m.exec(text)?.[1]?.length ?? 2;
}

const HEADING = /^(#{2,3})\s+(.*?)\s*(?:\{[^}]*\})?\s*$/;

function headingsIn({ source }: Document): readonly Found[] {
  const found: Found[] = [];
  // Front matter is a fence, too, that begins in the first line.
  let fence = lineAt(source, 1).trimEnd() === '---' ? '---' : '';
  let step = -1;
  for (const [index, start] of source.lineStarts.entries()) {
    const text = lineAt(source, index + 1);
    if (index === 0 && fence !== '') continue;
    const [, mark, info = ''] = /^ {0,3}(`{3,}|~{3,}|---(?=\s*$))(.*)$/.exec(text) ?? [];
    if (fence !== '') {
      if (mark?.startsWith(fence) && info.trim() === '') fence = '';
      continue;
    }
    if (mark !== undefined && mark !== '---') {
      fence = mark;
      const words = info.trim().split(/\s+/);
      const last = found[step];
      if (words[0] === 'belay' && last !== undefined && last.detail === '') found[step] = { ...last, detail: words.slice(1).join(' ') };
      continue;
    }
    const [, marks = '', title = ''] = HEADING.exec(text) ?? [];
    if (marks === '') continue;
    found.push({ name: title === '' ? '…' : title, detail: '', start, isTop: marks.length === 2 });
    step = marks.length === 3 ? found.length - 1 : -1;
  }
  return found;
}
