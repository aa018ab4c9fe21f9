// Level 0: any Markdown document is a manual runbook. Its headings and lists become steps that people tick.
import type { ManualStep, Phase, Runbook } from '../domain/ir.ts';
import { bareRunbook } from '../domain/ir.ts';
import { slug } from './attributes.ts';
import type { RunbookDraft } from './draft.ts';
import type { Outline, SectionOutline } from './outline.ts';
import { hasTasks, itemsOf, proseOf } from './outline.ts';
import type { Problems } from './problems.ts';
import type { StepDraft } from './steps.ts';

interface Part {
  readonly title: string;
  readonly id: string | null;
  readonly nodes: Outline['nodes'];
  readonly span: SectionOutline['span'];
}

export function plainRunbook(outline: Outline, problems: Problems): RunbookDraft | null {
  const name = nameOf(outline.source.file);
  const title = outline.title ?? name;
  const taken = new Set<string>();
  const steps = new Map<string, StepDraft>();
  const phases = outline.sections.some((section) => section.steps.length > 0)
    ? withSteps(outline, taken, steps, title)
    : withLists(outline, taken, steps, title);
  if (phases.length === 0) {
    problems.error('no-steps', { start: 0, end: 1 }, 'there is nothing to do in this document', {
      hint: 'A step is a ### heading, a checklist (- [ ] …) or a numbered list.',
    });
    return null;
  }
  const used = new Set(phases.map((phase) => phase.title));
  const rest = outline.sections.filter((section) => !used.has(section.title)).flatMap((section) => section.nodes);
  const text = proseOf([...outline.nodes, ...rest], outline.source);
  const runbook: Runbook = { ...bareRunbook(slug(name) ?? 'runbook'), title, text, phases };
  const front = { kind: 'map', span: { start: 0, end: 1 }, entries: [], flow: false } as const;
  return { runbook, front, steps, templatePlaces: new Map(), triggers: [], reviewed: null, reviewBy: null, complete: true, problems };
}

/** Each ### is a step; a ## without ### that has a list is one, too. */
function withSteps(outline: Outline, taken: Set<string>, steps: Map<string, StepDraft>, title: string): readonly Phase[] {
  const phases: Phase[] = [];
  for (const section of outline.sections) {
    const parts: readonly Part[] =
      section.steps.length > 0 ? section.steps.filter((one) => !one.note) : hasList(section.nodes) ? [section] : [];
    if (parts.length === 0) continue;
    const text = section.steps.length > 0 ? proseOf(section.nodes, outline.source) : '';
    phases.push(phaseOf(section.title === '' ? title : section.title, text, parts, { outline, taken, steps, phases }));
  }
  return phases;
}

/** No ### at all: the sections with lists are the steps, and a document without sections is one step. */
function withLists(outline: Outline, taken: Set<string>, steps: Map<string, StepDraft>, title: string): readonly Phase[] {
  const phases: Phase[] = [];
  const whole: Part = { title, id: null, nodes: outline.nodes, span: { start: 0, end: 1 } };
  for (const part of [whole, ...outline.sections.filter((section) => !section.note)]) {
    if (hasList(part.nodes)) phases.push(phaseOf(part.title, '', [part], { outline, taken, steps, phases }));
  }
  return phases;
}

interface Making {
  readonly outline: Outline;
  readonly taken: Set<string>;
  readonly steps: Map<string, StepDraft>;
  readonly phases: readonly Phase[];
}

function phaseOf(title: string, text: string, parts: readonly Part[], making: Making): Phase {
  const made = parts.map((part) => {
    const step = stepOf(part, making);
    making.steps.set(step.id, {
      step,
      span: part.span,
      heading: part.span,
      body: { kind: 'map', span: part.span, entries: [], flow: false },
      readable: true,
    });
    return step;
  });
  return { id: unused(slug(title) ?? 'phase', new Set(making.phases.map((phase) => phase.id))), title, text, steps: made };
}

function stepOf(part: Part, { outline, taken }: Making): ManualStep {
  const id = unused(part.id ?? slug(part.title) ?? 'step', taken);
  taken.add(id);
  const isList = (node: Outline['nodes'][number]): boolean => hasTasks(node) || (node.type === 'list' && node.ordered === true);
  return {
    kind: 'manual',
    id,
    title: part.title,
    text: proseOf(part.nodes, outline.source, isList),
    fail: { then: 'stop' },
    meets: [],
    evidence: [],
    checks: itemsOf(part.nodes, outline.source, true),
    count: 1,
    answers: {},
  };
}

function hasList(nodes: Outline['nodes']): boolean {
  return nodes.some((node) => hasTasks(node) || (node.type === 'list' && node.ordered === true));
}

function unused(wanted: string, taken: ReadonlySet<string>): string {
  let id = wanted;
  for (let count = 2; taken.has(id); count += 1) id = `${wanted}-${count}`;
  return id;
}

function nameOf(file: string): string {
  const base = file.split(/[\\/]/).at(-1) ?? file;
  return base.replace(/(\.runbook)?\.(md|markdown)$/i, '');
}
