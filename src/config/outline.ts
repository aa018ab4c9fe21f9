// The outline of a runbook's Markdown: front matter, sections, steps, blocks and templates, each with its place.
// Silent omission is the one hazard of the format: whatever looks like a step and would not become one is told here.
import type { BlockContent, Code, Heading, List, RootContent } from 'mdast';
import { editDistance } from '../domain/nearest.ts';
import type { Attributes } from './attributes.ts';
import { readAttributes } from './attributes.ts';
import { parseMarkdown } from './markdown.ts';
import type { Problems } from './problems.ts';
import type { Region, SourceText, Span } from './source-text.ts';
import { regionOfLines, spanOfLine } from './source-text.ts';

/** A fence ` ```belay <words> `. */
export interface Block {
  readonly words: readonly string[];
  /** The line of the fence. */
  readonly span: Span;
  readonly region: Region;
}

export interface StepOutline extends Attributes {
  readonly span: Span;
  readonly nodes: readonly RootContent[];
  readonly block: Block | null;
  /** Something in it was meant as a block and cannot be read: told already. */
  readonly broken: boolean;
}

export interface SectionOutline extends Attributes {
  readonly span: Span;
  /** What stands before the first step. */
  readonly nodes: readonly RootContent[];
  readonly steps: readonly StepOutline[];
}

export interface TemplateOutline {
  readonly id: string;
  readonly lang: string | null;
  readonly text: string;
  readonly span: Span;
}

export interface Outline {
  readonly source: SourceText;
  readonly front: Region | null;
  readonly title: string | null;
  readonly nodes: readonly RootContent[];
  readonly sections: readonly SectionOutline[];
  readonly templates: readonly TemplateOutline[];
  /** Any fence of ours, well written or not. */
  readonly hasBlocks: boolean;
}

interface OpenStep extends Attributes {
  span: Span;
  nodes: RootContent[];
  block: Block | null;
  broken: boolean;
}
interface OpenSection extends Attributes {
  span: Span;
  nodes: RootContent[];
  steps: OpenStep[];
}

export function outlineOf(source: SourceText, problems: Problems): Outline {
  const root = parseMarkdown(source.text);
  const [first] = root.children;
  const front = first?.type === 'yaml' ? regionOfLines(source, first.value, 2) : null;
  const walk = new Walk(source, problems, front !== null);
  for (const node of root.children) walk.take(node);
  if (front === null) walk.lookForLostFrontMatter(root.children);
  const { title, nodes, sections, templates, hasBlocks } = walk;
  return { source, front, title, nodes, sections, templates, hasBlocks };
}

class Walk {
  title: string | null = null;
  readonly nodes: RootContent[] = [];
  readonly sections: OpenSection[] = [];
  readonly templates: TemplateOutline[] = [];
  hasBlocks = false;
  readonly #source: SourceText;
  readonly #problems: Problems;
  #section: OpenSection | null = null;
  #step: OpenStep | null = null;

  /** Of a plain document any heading is prose; in a runbook a wrong level would lose a step. */
  readonly #strict: boolean;

  constructor(source: SourceText, problems: Problems, strict: boolean) {
    this.#source = source;
    this.#problems = problems;
    this.#strict = strict;
  }

  take(node: RootContent): void {
    if (node.type === 'yaml') return;
    if (node.type === 'heading') {
      this.#heading(node);
      return;
    }
    if (node.type === 'code') {
      this.#closed(node);
      if (this.#fence(node)) return;
    } else {
      this.#lookInside(node);
    }
    this.#prose(node);
  }

  /** `---` that is never closed, or that does not stand in the first line. */
  lookForLostFrontMatter(children: readonly RootContent[]): void {
    const line =
      children.find((node) => node.type !== 'html')?.type === 'thematicBreak'
        ? this.#source.text.match(/^(?:\s*\n)*---[ \t]*\r?\n(?=[ \t]*belay[ \t]*:)/)
        : null;
    if (line === null) return;
    this.#problems.error('front-matter', spanOfLine(this.#source, 1), 'the front matter is not read', {
      hint: 'It begins in the first line with --- and ends with a line --- of its own.',
    });
    this.hasBlocks = true;
  }

  #heading(node: Heading): void {
    const span = spanOf(node);
    const attributes = readAttributes(node, this.#source, this.#problems);
    if (node.depth === 1) {
      if (this.title !== null && this.#strict)
        this.#problems.error('heading-level', span, 'a second # heading', { hint: 'A runbook has one title; phases are ##.' });
      this.title ??= attributes.title;
      return;
    }
    if (node.depth === 2) {
      this.#section = { ...attributes, span, nodes: [], steps: [] };
      this.#step = null;
      this.sections.push(this.#section);
      return;
    }
    if (node.depth === 3) this.#openStep(attributes, span);
    else if (this.#strict && this.#section !== null && this.#section.steps.length > 0) {
      this.#problems.error('heading-level', span, `${'#'.repeat(node.depth)} is never a step`, {
        hint: 'A step is ###. Make smaller headings bold text.',
      });
      this.#openStep(attributes, span, true);
    } else {
      this.#prose(node);
    }
  }

  #prose(node: RootContent): void {
    (this.#step?.nodes ?? this.#section?.nodes ?? this.nodes).push(node);
  }

  #openStep(attributes: Attributes, span: Span, broken = false): void {
    if (this.#section === null) {
      // Of a plain document this is how it is; of a runbook it is told when it is compiled.
      this.#section = { title: '', id: null, note: false, span, nodes: [], steps: [] };
      this.sections.push(this.#section);
    }
    this.#step = { ...attributes, span, nodes: [], block: null, broken };
    this.#section.steps.push(this.#step);
  }

  /** True when the fence is Belay's and needs no place in the prose. */
  #fence(node: Code): boolean {
    const tag = node.lang ?? '';
    const line = this.#fenceLine(node);
    if (tag === '' && /^[ ]{0,3}(`{3,}|~{3,})[ \t]*belay\b/m.test(node.value))
      return this.#unreadable(
        line,
        'a belay block is indented by four spaces or lies inside another fence',
        'Begin it at the left margin.',
      );
    if (tag !== 'belay') {
      if (editDistance(tag.toLowerCase(), 'belay') > 2) return false;
      this.#problems.error('fence-tag', line, `a fence is tagged ${tag}`, {
        didYouMean: 'belay',
        hint: 'As it is, readers see a step and Belay sees none.',
      });
    }
    this.hasBlocks = true;
    const words = (node.meta ?? '').split(/\s+/).filter((word) => word !== '');
    const block: Block = { words, span: line, region: regionOfLines(this.#source, node.value, lineOf(node) + 1) };
    if (words[0] === 'template') this.#template(block, node.value);
    else this.#place(block);
    return true;
  }

  #template(block: Block, text: string): void {
    const [, id, lang, ...more] = block.words;
    if (id === undefined || more.length > 0) {
      this.#problems.error('fence-kind', block.span, 'a template block needs an id and may have a language', {
        expected: '```belay template <id> en',
      });
      return;
    }
    this.templates.push({ id, lang: lang ?? null, text, span: block.span });
  }

  #place(block: Block): void {
    if (this.#step === null) {
      this.#problems.error('block-outside-step', block.span, 'this belay block belongs to no step', {
        hint: 'Write a ### heading above it.',
      });
    } else if (this.#step.block !== null) {
      this.#problems.error('second-block', block.span, `the step "${this.#step.title}" has a second belay block`, {
        hint: 'Give it a ### heading of its own.',
      });
    } else {
      this.#step.block = block;
    }
  }

  /** A fence without an end swallows everything below it. */
  #closed(node: Code): void {
    const { start, end } = offsets(node);
    const text = this.#source.text.slice(start, end);
    const [, mark] = /^(`{3,}|~{3,})/.exec(text) ?? [];
    if (mark === undefined) return;
    const last = text.split('\n').at(-1)?.trim() ?? '';
    const isClosed = text.includes('\n') && last.startsWith(mark) && new RegExp(`^\\${mark.charAt(0)}+$`).test(last);
    if (isClosed || (!/^belay\b/.test(node.lang ?? '') && !/^#{2,3} |^```/m.test(node.value))) return;
    this.#problems.error('fence-open', this.#fenceLine(node), 'this fence is never closed', {
      hint: `Everything below it is swallowed. End it with a line ${mark}.`,
    });
    if (this.#step !== null) this.#step.broken = true;
  }

  /** Blocks inside lists, quotes, or marked by two backticks look like steps to a reader. */
  #lookInside(node: RootContent): void {
    if (node.type === 'html') return;
    const inner = descendants(node);
    const fence = inner.find((one): one is Code => one.type === 'code' && editDistance((one.lang ?? '').toLowerCase(), 'belay') <= 2);
    if (fence !== undefined)
      this.#unreadable(this.#fenceLine(fence), 'a belay block lies inside a list or a quote', 'Begin it at the left margin.');
    const inline = inner.find((one) => one.type === 'inlineCode' && /^belay \w/.test(one.value) && one.value.includes('\n'));
    const { start } = offsets(inline ?? node);
    if (inline !== undefined)
      this.#unreadable(
        spanOfLine(this.#source, lineOf(inline)),
        'this belay block has fewer than three backticks',
        'Begin and end it with a line of three.',
      );
    else if (node.type === 'paragraph' && looksLikeFence(this.#source.text.slice(start, offsets(node).end))) {
      this.#unreadable(
        spanOfLine(this.#source, lineOf(node)),
        'this belay block is not a fence',
        'Begin and end it with a line of three backticks.',
      );
    }
  }

  #unreadable(span: Span, message: string, hint: string): true {
    this.#problems.error('fence-broken', span, message, { hint });
    this.hasBlocks = true;
    if (this.#step !== null) this.#step.broken = true;
    return true;
  }

  #fenceLine(node: Code): Span {
    const line = spanOfLine(this.#source, lineOf(node));
    return { start: Math.max(line.start, offsets(node).start), end: line.end };
  }
}

/** A line that begins with one or two backticks and belay; one that ends them again, in a sentence, is prose: `belay run x` begins it. */
function looksLikeFence(text: string): boolean {
  return text.split('\n').some((line) => {
    if (!/^`{1,2}belay\b/.test(line)) return false;
    const [, rest] = /^(?:`belay\b[^`]*`|``belay\b[^`]*``)(?!`)(.*)$/.exec(line) ?? [];
    return rest === undefined || rest.trim() === '';
  });
}

type Child = RootContent | BlockContent;

function descendants(node: Child): readonly Child[] {
  const children = 'children' in node ? (node.children as readonly Child[]) : [];
  return [node, ...children.flatMap(descendants)];
}

export function offsets(node: Child): Span {
  return { start: node.position?.start.offset ?? 0, end: node.position?.end.offset ?? 0 };
}

function spanOf(node: Child): Span {
  return offsets(node);
}

function lineOf(node: Child): number {
  return node.position?.start.line ?? 1;
}

/** The boxes of task lists and, where `ordered` is asked for, the items of numbered lists: as they are written, on one line each. */
export function itemsOf(nodes: readonly RootContent[], source: SourceText, ordered: boolean): readonly string[] {
  const lists = nodes.filter((node): node is List => node.type === 'list');
  return lists.flatMap((list) =>
    list.children.flatMap((item) => {
      if (item.checked === null || item.checked === undefined ? !(ordered && list.ordered === true) : false) return [];
      const [head] = item.children;
      const { start, end } = head === undefined ? { start: 0, end: 0 } : offsets(head);
      const text = source.text
        .slice(start, end)
        .replace(/^\[[ xX]\]\s+/, '')
        .replace(/\s*\n\s*/g, ' ')
        .trim();
      return text === '' ? [] : [text];
    }),
  );
}

export function hasTasks(node: RootContent): boolean {
  return node.type === 'list' && node.children.some((item) => typeof item.checked === 'boolean');
}

/** What readers of the Markdown do not see, nobody is shown. */
function isComment(node: RootContent): boolean {
  return node.type === 'html' && /^<!--[\s\S]*-->$/.test(node.value.trim());
}

/** Prose as it is written, without lists that became boxes. */
export function proseOf(
  nodes: readonly RootContent[],
  source: SourceText,
  withoutLists: (node: RootContent) => boolean = () => false,
): string {
  return nodes
    .filter((node) => !withoutLists(node) && !isComment(node))
    .map((node) => source.text.slice(offsets(node).start, offsets(node).end).replaceAll('\r\n', '\n').trim())
    .filter((text) => text !== '')
    .join('\n\n');
}
