// Markdown → runbook. Problems are collected, never thrown; a runbook with an error has no IR, but its draft can still be linted.
import type { Diagnostic } from '../domain/diagnostic.ts';
import { hasErrors, sortDiagnostics } from '../domain/diagnostic.ts';
import type { ApproveStep, Phase, Runbook, Step, Templates } from '../domain/ir.ts';
import { isAct, stepsOf } from '../domain/ir.ts';
import { withArmCalls } from './arm-calls.ts';
import { slug } from './attributes.ts';
import type { RunbookDraft } from './draft.ts';
import type { FrontMatter } from './front-matter.ts';
import { readFrontMatter } from './front-matter.ts';
import type { Outline, SectionOutline } from './outline.ts';
import { outlineOf, proseOf } from './outline.ts';
import { plainRunbook } from './plain-runbook.ts';
import type { Problems } from './problems.ts';
import { collectProblems } from './problems.ts';
import type { Span } from './source-text.ts';
import { sourceText } from './source-text.ts';
import type { StepDraft } from './steps.ts';
import { buildStep, isWritten } from './steps.ts';
import type { TriggerDraft } from './triggers.ts';
import type { Value } from './yaml.ts';
import { readYaml } from './yaml.ts';

export interface CompiledRunbook {
  readonly file: string;
  /** Null when there is an error. */
  readonly runbook: Runbook | null;
  readonly diagnostics: readonly Diagnostic[];
  /** For the lint; null when the front matter could not be read. */
  readonly draft: RunbookDraft | null;
  /** Triggers that the front matter holds whole; they belong into the system's list. */
  readonly triggers: readonly TriggerDraft[];
}

/** More is no runbook, and would make the parser slow. */
export const MAX_LENGTH = 512 * 1024;
/** Quotes and lists inside one another: the Markdown parser takes quadratic time for them. */
export const TOO_NESTED = /^(?:[ \t]{0,4}(?:>|[-*+](?=[ \t])|\d{1,9}[.)](?=[ \t]))){40}/m;

/**
 * @param file how diagnostics call the file; the id of a plain document comes from its name.
 * @example compileRunbook('# Restart\n\n- [ ] restart it', 'restart.md').runbook?.id // 'restart'
 */
export function compileRunbook(text: string, file: string): CompiledRunbook {
  const source = sourceText(file, text.replace(/^\uFEFF/, ''));
  const problems = collectProblems(source);
  const draft = compile(source.text.length > MAX_LENGTH || TOO_NESTED.test(source.text) ? null : readOutline(source, problems), problems);
  const diagnostics = sortDiagnostics(problems.found);
  const runbook = draft === null || hasErrors(diagnostics) ? null : draft.runbook;
  return { file, runbook, diagnostics, draft, triggers: draft?.triggers ?? [] };
}

function readOutline(source: ReturnType<typeof sourceText>, problems: Problems): Outline | null {
  try {
    return outlineOf(source, problems);
  } catch (error) {
    // The Markdown parser recurses: thousands of nested quotes or lists end the stack.
    if (error instanceof RangeError) return null;
    throw error;
  }
}

function compile(outline: Outline | null, problems: Problems): RunbookDraft | null {
  if (outline === null) {
    problems.error('too-large', { start: 0, end: 1 }, 'this file is too large or too deeply nested for a runbook', {
      expected: `at most ${MAX_LENGTH / 1024} KiB`,
    });
    return null;
  }
  if (outline.front === null && !outline.hasBlocks) return plainRunbook(outline, problems);
  if (outline.front === null) {
    if (!problems.found.some((one) => one.rule === 'front-matter')) {
      problems.error('front-matter', { start: 0, end: 1 }, 'this runbook has belay blocks and no front matter', {
        hint: 'Begin the file with ---, belay: 1, id: <id>, and a line --- again.',
      });
    }
    return null;
  }
  const value = readYaml(outline.front, problems);
  const front = readFrontMatter(value, problems);
  return front === null ? stepsOnly(outline, problems) : draftOf(outline, front, value, problems);
}

/** Without front matter there is no runbook; the problems of its steps are told all the same. */
function stepsOnly(outline: Outline, problems: Problems): null {
  buildPhases(outline, {}, problems);
  return null;
}

function draftOf(outline: Outline, front: FrontMatter, value: Value, problems: Problems): RunbookDraft {
  const built = buildPhases(outline, front.roles, problems);
  const title = front.title ?? outline.title;
  if (title === null)
    problems.error('missing-key', { start: 0, end: 3 }, 'the runbook has no title', { hint: 'Add "title:", or a # heading.' });
  if (built.phases.length === 0 && built.complete)
    problems.error('no-steps', { start: 0, end: 3 }, 'the runbook has no steps', { hint: 'A step is a ### heading below a ## heading.' });
  const templates = templatesOf(outline, front, problems);
  const { reviewed, reviewBy, ownTriggers, owner, lock, ...rest } = front;
  const runbook: Runbook = {
    belay: 1,
    irSemantics: 1,
    ...rest,
    id: front.id ?? '',
    title: title ?? '',
    ...(owner === undefined ? {} : { owner }),
    ...(lock === undefined ? {} : { lock }),
    text: proseOf(
      [...outline.nodes, ...outline.sections.filter((section) => section.steps.length === 0).flatMap((section) => section.nodes)],
      outline.source,
    ),
    phases: withFourEyes(built.phases, built.steps),
    templates: templates.templates,
  };
  return {
    runbook,
    front: value,
    steps: built.steps,
    templatePlaces: templates.places,
    triggers: ownTriggers,
    reviewed: reviewed ?? null,
    reviewBy: reviewBy ?? null,
    complete: built.complete,
    problems,
  };
}

interface Built {
  readonly phases: readonly Phase[];
  readonly steps: ReadonlyMap<string, StepDraft>;
  readonly complete: boolean;
}

function buildPhases(outline: Outline, roles: Runbook['roles'], problems: Problems): Built {
  const steps = new Map<string, StepDraft>();
  const phaseIds = new Set<string>();
  let complete = true;
  const phases = outline.sections.flatMap((section): Phase[] => {
    if (section.steps.length === 0) return [];
    if (section.title === '')
      problems.error('step-outside-phase', section.span, 'this step belongs to no phase', { hint: 'Write a ## heading above it.' });
    const made = section.steps.flatMap((one): Step[] => {
      const id = one.id ?? slug(one.title);
      if (id === null) problems.error('id', one.span, 'this step has no id', { hint: 'Write one after the title: {#my-step}.' });
      const draft = buildStep(one, { id: id ?? '', roles, source: outline.source, problems });
      if (draft === null) {
        complete &&= one.note && one.block === null;
        return [];
      }
      complete &&= draft.readable;
      const drafts = withArmCalls(draft, problems);
      for (const each of drafts) {
        if (steps.has(each.step.id))
          problems.error('duplicate-id', one.span, `a second step has the id ${each.step.id}`, {
            hint: 'Ids are unique in a runbook: write another one after the title, {#id}.',
          });
        else steps.set(each.step.id, each);
      }
      return drafts.map((each) => each.step);
    });
    return made.length === 0
      ? []
      : [{ id: phaseId(section, phaseIds), title: section.title, text: proseOf(section.nodes, outline.source), steps: made }];
  });
  return { phases, steps, complete };
}

/** Two phases may have one title; their ids differ. */
function phaseId(section: SectionOutline, taken: Set<string>): string {
  const wanted = section.id ?? slug(section.title) ?? 'phase';
  let id = wanted;
  for (let count = 2; taken.has(id); count += 1) id = `${wanted}-${count}`;
  taken.add(id);
  return id;
}

/** Four eyes are on where something irreversible is done, unless the step says otherwise. */
function withFourEyes(phases: readonly Phase[], drafts: ReadonlyMap<string, StepDraft>): readonly Phase[] {
  const irreversible = stepsOf({ phases }).some((step) => isAct(step) && step.irreversible !== undefined);
  if (!irreversible) return phases;
  const guarded = (step: ApproveStep): ApproveStep =>
    isWritten(drafts.get(step.id)?.body ?? { kind: 'broken', span: { start: 0, end: 0 } }, 'fourEyes') ? step : { ...step, fourEyes: true };
  return phases.map((phase) => ({ ...phase, steps: phase.steps.map((step) => (step.kind === 'approve' ? guarded(step) : step)) }));
}

function templatesOf(
  outline: Outline,
  front: FrontMatter,
  problems: Problems,
): { readonly templates: Templates; readonly places: ReadonlyMap<string, Span> } {
  const templates: Record<string, Record<string, string>> = {};
  const places = new Map<string, Span>();
  for (const one of outline.templates) {
    const lang = one.lang ?? front.lang;
    if (lang !== 'en' && lang !== 'pt-BR') {
      problems.error('template-language', one.span, `a template in ${lang}`, { expected: 'en or pt-BR' });
      continue;
    }
    const place = `${one.id} ${lang}`;
    if (places.has(place)) problems.error('duplicate-id', one.span, `a second template ${one.id} in ${lang}`);
    places.set(place, one.span);
    templates[one.id] = { ...templates[one.id], [lang]: one.text };
  }
  return { templates, places };
}
