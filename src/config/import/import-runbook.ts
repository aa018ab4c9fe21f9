// Any Markdown → a runbook of level 1: front matter, phases, steps and boxes in use, everything else as drafts and prose.
// No line is lost: what is not understood stays as it was, and what found no place is put at the end. It executes nothing.
import type { RootContent } from 'mdast';
import { slug } from '../attributes.ts';
import { withoutSecrets } from '../lint-secrets.ts';
import { parseMarkdown } from '../markdown.ts';
import { compileRunbook, MAX_LENGTH, TOO_NESTED } from '../runbook.ts';
import { sourceText } from '../source-text.ts';
import { Body } from './body.ts';
import { documentFacts, versionIn } from './facts.ts';
import type { Found } from './found.ts';
import { createFindings } from './found.ts';
import type { Front } from './front.ts';
import { addDraft, emptyFront, writeFront } from './front.ts';
import { createIds } from './ids.ts';
import { sectionsOf } from './sections.ts';
import { fenceAround, lettersOf, oneLine, sayingOf } from './text.ts';
import { walkSection } from './walk.ts';
import type { Walk } from './walking.ts';

export interface ImportedRunbook {
  readonly id: string;
  readonly title: string;
  readonly markdown: string;
  readonly found: readonly Found[];
  readonly steps: number;
}

export type ImportAnswer =
  | { readonly ok: true; readonly runbook: ImportedRunbook }
  | { readonly ok: false; readonly why: 'too-large' | 'too-nested' | 'runbook-already' | 'empty' };

/** Room for what is written beside the text. */
const MOST = Math.floor(MAX_LENGTH / 2);
const MANY_STEPS = 40;

/** @example importRunbook('# Restart\n\n1. Restart it', 'restart.md') */
export function importRunbook(given: string, file: string): ImportAnswer {
  const plain = given
    .replace(/^\uFEFF/, '')
    .replaceAll('\r\n', '\n')
    .replaceAll('\r', '\n')
    .replaceAll('\0', '\uFFFD');
  if (plain.length > MOST) return { ok: false, why: 'too-large' };
  if (TOO_NESTED.test(plain)) return { ok: false, why: 'too-nested' };
  if (plain.trim() === '') return { ok: false, why: 'empty' };
  if (/^---\n(?:.*\n)*?belay:\s*1\s*\n/.test(plain.slice(0, 20_000)) || /^```+belay \w/m.test(plain))
    return { ok: false, why: 'runbook-already' };
  const masked = withoutSecrets(plain);
  const text = masked ?? plain;
  const nodes = parsed(text);
  if (nodes === null) return { ok: false, why: 'too-nested' };
  const written = write(nodes, text, file);
  if (masked !== null) tellSecrets(plain, masked, written.found);
  return { ok: true, runbook: written };
}

function parsed(text: string): readonly RootContent[] | null {
  try {
    return parseMarkdown(text).children;
  } catch (error) {
    // The Markdown parser recurses: thousands of nested quotes or lists end the stack.
    if (error instanceof RangeError) return null;
    throw error;
  }
}

function write(nodes: readonly RootContent[], text: string, file: string): ImportedRunbook & { readonly found: Found[] } {
  const source = sourceText(file, text);
  const findings = createFindings();
  const ids = createIds();
  const heading = nodes.find((node) => node.type === 'heading' && node.depth === 1);
  const name = (file.split(/[\\/]/).at(-1) ?? file).replace(/(\.runbook)?\.(md|markdown)$/i, '');
  const title = (heading?.type === 'heading' ? sayingOf(heading, source) : '') || oneLine(name) || 'Runbook';
  const front = emptyFront(createIds().take(slug(name) ?? title, 'imported'), title, isPortuguese(text) ? 'pt-BR' : 'en');
  findings.add(heading?.position?.start.line ?? 1, 'title', title);
  readFacts(text, front, findings.add);
  front.version ??= versionIn(title);
  const body = new Body(ids, createIds(), findings);
  const walk: Walk = { source, findings, body, front, ids: createIds(), lang: front.lang, label: null, topic: 'procedure' };
  const sections = sectionsOf(nodes, source);
  for (const section of sections) walkSection(section, walk);
  const written = compose(front, title, body.finish());
  const whole = withLost(written, text, findings.add);
  const sound = compileRunbook(whole, 'x.runbook.md').runbook !== null ? whole : asOneStep(front, title, text);
  if (body.count > MANY_STEPS) findings.add(1, 'phase', `${body.count}`, { became: 'used', needs: 'many-steps' });
  return { id: front.id, title, markdown: sound, found: findings.all, steps: body.count };
}

function compose(front: Front, title: string, body: string): string {
  const shown = title.replace(/\{/g, '(').replace(/\}/g, ')').replace(/\s+/g, ' ');
  const steps = /^### /m.test(body)
    ? ''
    : '\n\n## Procedure {#procedure}\n\n### Do what stands above {#do-what-stands-above}\n\n- [ ] Do what stands above';
  return `${writeFront(front)}\n\n# ${shown}\n\n${body}${steps}\n`.replace(/\n{3,}/g, '\n\n');
}

/** Whatever could not be written as a runbook becomes one step with the document in a fence. */
function asOneStep(front: Front, title: string, text: string): string {
  const bare = emptyFront(front.id, title, front.lang);
  return compose(
    bare,
    title,
    `## Procedure {#procedure}\n\n### Read and do {#read-and-do}\n\n- [ ] Do what the document says\n\n${fenceAround(text.trimEnd(), 'text')}`,
  );
}

/** Lines whose letters are nowhere in what was written. */
export function lostLines(text: string, written: string): readonly { readonly line: number; readonly text: string }[] {
  const lines = new Set(written.split('\n').map((line) => lettersOf(line.replace(/\{[#.][^{}]*\}\s*$/, ''))));
  const whole = lettersOf(written);
  return text.split('\n').flatMap((said, index) => {
    // The marks of a fence hold no words of the text.
    if (/^\s*(?:`{3,}|~{3,})\s*[\w+-]*\s*$/.test(said)) return [];
    const letters = lettersOf(
      said.replace(
        /^\s*(?:>\s*)*(?:#{1,6}\s+)?(?:[-*+]\s+)?(?:\[[ xX]?\]\s+)?(?:(?:#|--|\/\/)\s+)?(?:\d{1,9}[.)]\s+)?(?:\[[ xX]?\]\s+)?/,
        '',
      ),
    );
    return letters === '' || lines.has(letters) || whole.includes(letters) ? [] : [{ line: index + 1, text: said }];
  });
}

function withLost(written: string, text: string, add: ReturnType<typeof createFindings>['add']): string {
  const lost = lostLines(text, written);
  for (const { line, text: said } of lost.slice(0, 200)) add(line, 'unplaced', said, { became: 'prose', needs: 'unplaced' });
  if (lost.length === 0) return written;
  return `${written}\n## Lines without a place {#lines-without-a-place}\n\n${fenceAround(lost.map((one) => one.text).join('\n'), 'text')}\n`;
}

function tellSecrets(plain: string, masked: string, found: Found[]): void {
  const kept = masked.split('\n');
  const lines = plain.split('\n');
  for (const [index, line] of lines.entries()) {
    if (kept[index] === line) continue;
    found.push({
      line: index + 1,
      kind: 'secret',
      text: (kept[index] ?? '***').trim(),
      became: 'prose',
      where: null,
      needs: 'rotate',
      trap: null,
    });
    // A key of several lines moves all that follows: its first line is enough.
    if (kept.length !== lines.length) return;
  }
}

function readFacts(text: string, front: Front, add: ReturnType<typeof createFindings>['add']): void {
  for (const [index, line] of text.split('\n').entries()) {
    if (line.length > 400) continue;
    for (const { key, value } of documentFacts(line)) {
      if (key === 'nextDrill') addDraft(front, 'drill', `next: ${value}   # line ${index + 1}`);
      else if (key === 'created') front.reviewed ??= value;
      else if (key === 'reviewed') front.reviewed = value;
      else if (key !== 'visibility') front[key] ??= value;
      add(index + 1, 'date', line, { where: key });
    }
  }
}

function isPortuguese(text: string): boolean {
  const words = (pattern: RegExp): number => [...text.slice(0, 50_000).matchAll(pattern)].length;
  return (
    words(/\b(?:não|de|para|com|uma?|dos?|das?|quando|até|após|serviço|é)\b/gi) >
    words(/\b(?:the|of|to|with|and|when|until|after|service|is)\b/gi)
  );
}
