// Pieces of a document as text for another place in Markdown: one line of it, a fence that is always closed, a slice without its indentation.
import type { Code, Heading, ListItem, Paragraph, RootContent } from 'mdast';
import { editDistance } from '../../domain/nearest.ts';
import type { SourceText } from '../source-text.ts';

type Node = RootContent | ListItem;

export function lineOf(node: Node): number {
  return node.position?.start.line ?? 1;
}

export function rawOf(node: Node, source: SourceText): string {
  return source.text.slice(node.position?.start.offset ?? 0, node.position?.end.offset ?? 0);
}

/** Written at another margin: each further line loses what indented the first. */
export function sliceOf(node: Node, source: SourceText): string {
  const indent = (node.position?.start.column ?? 1) - 1;
  const [first = '', ...rest] = rawOf(node, source).replaceAll('\r\n', '\n').split('\n');
  return [first, ...rest.map((line) => line.slice(Math.min(indent, line.length - line.trimStart().length)))].join('\n').trimEnd();
}

/** What stands between the marks of a heading or a paragraph, as one line without bold. */
export function sayingOf(node: Heading | Paragraph, source: SourceText): string {
  const first = node.children[0]?.position?.start.offset;
  const last = node.children.at(-1)?.position?.end.offset;
  if (first === undefined || last === undefined) return '';
  return oneLine(source.text.slice(first, last));
}

/** @example oneLine('**Check**:\n  look') // 'Check: look' */
export function oneLine(text: string): string {
  return text
    .replace(/^\[[ xX]\]\s+/, '')
    .replaceAll('**', '')
    .replaceAll('__', '')
    .replace(/\s+/g, ' ')
    .trim();
}

const LONGEST_TITLE = 90;

/** A title is short; whoever cuts one keeps the whole text elsewhere. */
export function titleOf(saying: string): string {
  const whole = saying.replace(/[\s:.;,]+$/, '').replace(/\{([^{}]*)\}$/, '($1)');
  if (whole.length <= LONGEST_TITLE) return whole;
  const [lead] = /^.{8,80}?(?=[:.;(—–]\s|\s[—–-]\s)/.exec(whole) ?? [];
  if (lead !== undefined) return lead.trim();
  const cut = whole.slice(0, LONGEST_TITLE);
  return `${cut.slice(0, Math.max(20, cut.lastIndexOf(' '))).trimEnd()}…`;
}

/** A fence around program text, longer than any mark inside; what Belay would take for its own is called text. */
export function fenceAround(value: string, tag = '', meta = ''): string {
  const longest = Math.max(2, ...[...value.matchAll(/`{3,}/g)].map((match) => match[0].length));
  const mark = '`'.repeat(longest + 1);
  const isOurs = tag === '' ? /^[ ]{0,3}(`{3,}|~{3,})[ \t]*belay\b/m.test(value) : editDistance(tag.toLowerCase(), 'belay') <= 2;
  const info = isOurs ? 'text' : `${tag}${meta === '' ? '' : ` ${meta}`}`;
  return `${mark}${info.replaceAll('`', '')}\n${value}\n${mark}`;
}

export function fenceOf(node: Code): string {
  return fenceAround(node.value.replaceAll('\r\n', '\n'), node.lang ?? '', node.meta ?? '');
}

/** What Markdown would swallow the rest of the file with. */
export function isOpenHtml(html: string): boolean {
  const text = html.trim().toLowerCase();
  const [, raw] = /^<(script|pre|style|textarea)\b/.exec(text) ?? [];
  if (raw !== undefined) return !text.includes(`</${raw}>`);
  if (text.startsWith('<!--')) return !text.slice(4).includes('-->');
  if (text.startsWith('<?')) return !text.includes('?>');
  if (text.startsWith('<![cdata[')) return !text.includes(']]>');
  return text.startsWith('<!') && !text.includes('>');
}

/** Letters and digits alone: whether a line is still there, however it is marked now. */
export function lettersOf(text: string): string {
  return text.normalize('NFC').replace(/[^\p{L}\p{N}]+/gu, '');
}

/** A comment of HTML that cannot end early. */
export function commentOf(lines: readonly string[]): string {
  const safe = lines.map((line) => line.replace(/--(?=!?>)/g, '- - '));
  return `<!-- ${safe.join('\n')}\n-->`;
}
