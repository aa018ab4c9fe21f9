// Attributes at the end of a heading: `## Roll back {#roll-back}`, `### Keep in mind {.note}`.
import type { Heading } from 'mdast';
import type { Problems } from './problems.ts';
import { ID_FORM } from './read.ts';
import type { SourceText, Span } from './source-text.ts';

export interface Attributes {
  readonly title: string;
  readonly id: string | null;
  readonly note: boolean;
}

export function readAttributes(node: Heading, source: SourceText, problems: Problems): Attributes {
  const inner = { start: node.children[0]?.position?.start.offset ?? 0, end: node.children.at(-1)?.position?.end.offset ?? 0 };
  const written = source.text.slice(inner.start, inner.end).trimEnd();
  const [whole, inside] = /\s*\{([^{}]*)\}$/.exec(written) ?? [];
  if (whole === undefined || inside === undefined) {
    const open = /\{[#.][^}]*$/.exec(written);
    if (open !== null) tell(problems, { start: inner.start + open.index, end: inner.end }, 'the brace is not closed');
    return { title: plain(open === null ? written : written.slice(0, open.index)), id: null, note: false };
  }
  const span = { start: inner.start + written.length - inside.length - 2, end: inner.start + written.length };
  const words = inside.split(/\s+/).filter((word) => word !== '');
  const ids = words.filter((word) => /^#[a-z][a-z0-9-]*$/.test(word));
  const odd = words.find((word) => word !== '.note' && !ids.includes(word));
  if (odd !== undefined || ids.length > 1 || words.length === 0)
    tell(problems, span, odd === undefined ? `{${inside}} cannot be read` : `${odd} is no attribute of a heading`);
  return { title: plain(written.slice(0, written.length - whole.length)), id: ids[0]?.slice(1) ?? null, note: words.includes('.note') };
}

function tell(problems: Problems, span: Span, message: string): void {
  problems.error('attribute', span, message, { expected: '{#id} or {.note} at the end of the heading', hint: `An id is ${ID_FORM}.` });
}

/** What Markdown escapes in a title (`\{`, `\*`) is meant as it looks. */
function plain(title: string): string {
  return title.replace(/\\([!-/:-@[-`{-~])/g, '$1').trim();
}

/** @example slug('Roll back — São Paulo') // 'roll-back-sao-paulo' */
export function slug(title: string): string | null {
  const words = title
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+|-+$/g, '');
  return words === '' ? null : words;
}
