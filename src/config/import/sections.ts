// A document as a row of sections, each with its heading, what it is about, and whether the heading itself is a step.
import type { Heading, RootContent } from 'mdast';
import type { SourceText } from '../source-text.ts';
import { hasBoxes } from './fences.ts';
import { lineOf, sayingOf } from './text.ts';
import type { Topic } from './topics.ts';
import { topicOf } from './topics.ts';

export interface Section {
  readonly title: string;
  readonly line: number;
  /** 0 before the first heading. */
  readonly depth: number;
  readonly topic: Topic;
  readonly nodes: readonly RootContent[];
  /** One of a row of numbered headings that each say one thing to do. */
  readonly isStep: boolean;
}

interface Open {
  readonly title: string;
  readonly line: number;
  readonly depth: number;
  readonly parent: Open | null;
  readonly topic: Topic;
  readonly nodes: RootContent[];
  hasChildren: boolean;
}

/** The first `#` is the title of the document and begins no section. */
export function sectionsOf(nodes: readonly RootContent[], source: SourceText): readonly Section[] {
  const top: Open = { title: '', line: 1, depth: 0, parent: null, topic: 'procedure', nodes: [], hasChildren: false };
  const all: Open[] = [top];
  let titled = false;
  for (const node of nodes) {
    const last = all.at(-1) ?? top;
    if (node.type !== 'heading') {
      last.nodes.push(node);
      continue;
    }
    if (node.depth === 1 && !titled) {
      titled = true;
      continue;
    }
    all.push(openSection(node, last, source));
  }
  const steps = new Set(rowsOfSteps(all));
  return all.map((one) => ({
    title: one.title,
    line: one.line,
    depth: one.depth,
    topic: one.topic,
    nodes: one.nodes,
    isStep: steps.has(one),
  }));
}

function openSection(node: Heading, last: Open, source: SourceText): Open {
  const title = sayingOf(node, source);
  let parent: Open | null = last;
  while (parent !== null && parent.depth > 0 && parent.depth >= node.depth) parent = parent.parent;
  if (parent !== null) parent.hasChildren = true;
  const own = topicOf(title);
  const inherited = parent?.topic ?? 'procedure';
  // What stands below a section of messages or roles is about them, whatever it is called; below a procedure its own title counts.
  const topic = own === null || (own === 'procedure' && STRONG.has(inherited)) ? inherited : own;
  return { title, line: lineOf(node), depth: node.depth, parent, topic, nodes: [], hasChildren: false };
}

const STRONG: ReadonlySet<Topic> = new Set(['triggers', 'require', 'roles', 'contacts', 'messages', 'postmortem', 'evidence']);

function rowsOfSteps(all: readonly Open[]): readonly Open[] {
  const byParent = new Map<Open | null, Open[]>();
  for (const one of all) if (one.depth >= 3) byParent.set(one.parent, [...(byParent.get(one.parent) ?? []), one]);
  return [...byParent.values()].flatMap((row) => (row.length >= 2 && row.every(saysOneThing) ? row : []));
}

function saysOneThing({ title, hasChildren, topic, nodes }: Open): boolean {
  if (hasChildren || !/^\d+[.)]\s/.test(title) || topic === 'triggers' || topic === 'roles' || topic === 'notes') return false;
  return !nodes.some((node) => (node.type === 'list' && node.ordered === true) || (node.type === 'code' && hasBoxes(node.value)));
}
