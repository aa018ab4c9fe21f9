// The fences of a Markdown file that Belay never runs, as regions with places: what people will paste. Comments of HTML hold none.
import type { Region, SourceText } from './source-text.ts';
import { lineAt, regionOfLines } from './source-text.ts';

export interface InertFence {
  readonly tag: string;
  readonly region: Region;
  /** The nearest title above it. */
  readonly under: string;
}

export function inertFences(source: SourceText): readonly InertFence[] {
  const found: InertFence[] = [];
  let open: { mark: string; tag: string; indent: number; from: number; lines: string[] } | null = null;
  let under = '';
  let isCommented = false;
  for (let line = 1; line <= source.lineStarts.length; line += 1) {
    const text = lineAt(source, line);
    if (open !== null) {
      if (text.trim().startsWith(open.mark) && /^[`~]+$/.test(text.trim())) {
        if (!/^belay\b/.test(open.tag))
          found.push({ tag: open.tag, under, region: regionOfLines(source, open.lines.join('\n'), open.from) });
        open = null;
      } else open.lines.push(text.slice(Math.min(open.indent, text.length - text.trimStart().length)));
      continue;
    }
    if (isCommented || text.trimStart().startsWith('<!--')) {
      isCommented = !text.includes('-->');
      continue;
    }
    const [, space = '', mark, tag = ''] = /^(\s*(?:(?:[-*+]|\d{1,9}[.)])\s+)?(?:>\s*)*)(`{3,}|~{3,})\s*([^\s`]*)[^`]*$/.exec(text) ?? [];
    if (mark !== undefined) open = { mark, tag, indent: space.length, from: line + 1, lines: [] };
    else under = /^#{1,6}\s+(.*?)\s*$/.exec(text)?.[1] ?? under;
  }
  return found;
}
