// References `{path}` in strings: every one must have something to stand for. A missing value at plan time is an error at three in the morning.

import { expressionId } from '../domain/condition-names.ts';
import type { Step } from '../domain/ir.ts';
import { nearest } from '../domain/nearest.ts';
import type { RunbookDraft } from './draft.ts';
import type { LintContext } from './lint-types.ts';
import type { Problems } from './problems.ts';
import type { SourceText, Span } from './source-text.ts';

export interface RefPlace {
  readonly span: Span;
  readonly draft: RunbookDraft;
  readonly context: LintContext;
  readonly problems: Problems;
  /** `{release.*}` is what the action's own target says. */
  readonly release: boolean;
  /** What an `each` calls its organization. */
  readonly as?: string;
  /** `{secret.*}` is filled here, where it is sent. */
  readonly secrets?: boolean;
}

const REF = /\{([a-zA-Z][\w-]*(?:\.[\w-]+)*)\}/g;

/** What every runbook may name besides its inputs. */
const ROOTS = ['inputs', 'component', 'incident', 'steps'];

export function hasRef(text: string): boolean {
  return text.search(REF) !== -1;
}

export function demandRefs(text: string, place: RefPlace): void {
  for (const match of text.matchAll(REF)) {
    const problem = problemOf((match[1] ?? '').split('.'), place);
    if (problem === null) continue;
    place.problems.error(
      'unknown-ref',
      spanInScalar(place.problems.source, place.span, text, match.index, match[0].length),
      `{${match[1]}} stands for nothing: ${problem.why}`,
      { didYouMean: problem.near, expected: problem.expected, known: problem.known },
    );
  }
}

/** The place of a part of a scalar's text, where the text stands in the file as it is; else the whole scalar. */
export function spanInScalar(source: SourceText, span: Span, text: string, offset: number, length: number): Span {
  const written = source.text.slice(span.start, span.end);
  const found = written.indexOf(text);
  if (found === -1) return span;
  const start = span.start + found + offset;
  return { start, end: start + Math.max(1, length) };
}

interface RefProblem {
  readonly why: string;
  readonly near?: string | null;
  readonly expected?: string;
  readonly known?: readonly string[];
}

function problemOf(path: readonly string[], place: RefPlace): RefProblem | null {
  const [root = '', ...rest] = path;
  const { draft, context } = place;
  const inputs = Object.keys(draft.runbook.inputs);
  if (root === place.as) return rest.length === 0 ? null : fieldProblem(rest, place);
  if (root === 'org' && rest.length > 0) return orgProblem(rest, place);
  if (inputs.includes(root)) return rest.length === 0 ? null : { why: `the input ${root} has no parts` };
  switch (root) {
    case 'inputs':
      return rest.length === 1 ? among(rest[0] ?? '', inputs, 'input') : { why: 'write {inputs.<name>}' };
    case 'org':
      return { why: 'this runbook has no input of type org', expected: 'inputs: { org: { type: org, required: true } }' };
    case 'component':
      return componentProblem(rest, context);
    case 'release':
      if (!place.release) return { why: 'only a do step with a target or a database knows releases' };
      return rest.length === 1
        ? among(rest[0] ?? '', ['current', 'previous', 'stable'], 'release')
        : { why: 'write {release.current}, {release.previous} or {release.stable}' };
    case 'incident':
      return rest.length === 1 ? among(rest[0] ?? '', ['id'], 'fact of the incident') : { why: 'write {incident.id}' };
    case 'steps':
      return stepProblem(rest, draft);
    case 'secret':
      return secretProblem(rest, place);
    case 'env':
      return { why: 'the environment is read in belay.yaml only' };
    default:
      return {
        why: 'there is no such name',
        near: nearest(root, [...inputs, 'component', 'release', 'incident', 'steps', 'org']),
        known: [...inputs, ...(place.as === undefined ? [] : [place.as]), ...ROOTS, ...(place.release ? ['release'] : [])],
        expected: [
          ...inputs.map((name) => `{${name}}`),
          '{component.<id>.url}',
          '{release.previous}',
          '{incident.id}',
          '{steps.<id>.out.<answer>}',
        ].join(', '),
      };
  }
}

function secretProblem(rest: readonly string[], { context, secrets }: RefPlace): RefProblem | null {
  if (secrets !== true) return { why: 'a secret may not stand here: this is kept, in the plan and in the record' };
  return rest.length === 1 ? among(rest[0] ?? '', [...context.known.secrets], 'secret') : { why: 'write {secret.<name>}' };
}

function among(name: string, known: readonly string[], what: string): RefProblem | null {
  return known.includes(name)
    ? null
    : {
        why: `there is no ${what} ${name}`,
        near: nearest(name, known),
        expected: known.length === 0 ? 'none is declared' : `one of ${known.join(', ')}`,
        known,
      };
}

function orgProblem(rest: readonly string[], { draft, context }: RefPlace): RefProblem | null {
  if (draft.runbook.inputs['org'] === undefined)
    return { why: 'this runbook has no input of type org', expected: 'inputs: { org: { type: org, required: true } }' };
  return fieldProblem(rest, { context });
}

function fieldProblem(rest: readonly string[], { context, as = 'org' }: Pick<RefPlace, 'context' | 'as'>): RefProblem | null {
  return rest.length === 1 ? among(rest[0] ?? '', orgFields(context), 'field of organizations') : { why: `write {${as}.<field>}` };
}

/** What organizations have: Belay's own fields and those of the user. */
export function orgFields(context: LintContext): readonly string[] {
  return [...new Set(['id', 'name', 'lang', 'zone', ...context.system.organizations.flatMap((one) => Object.keys(one))])];
}

function componentProblem(rest: readonly string[], context: LintContext): RefProblem | null {
  const [id = '', field = ''] = rest;
  if (rest.length !== 2) return { why: 'write {component.<id>.url}' };
  const unknown = among(id, [...context.known.components], 'component');
  if (unknown !== null) return unknown;
  const component = context.system.components.find((one) => one.id === id);
  if (field === 'url' && component !== undefined && component.url === undefined)
    return { why: `the component ${id} has no url`, expected: `"url:" under components.${id} in belay.yaml` };
  return among(field, ['id', 'title', 'url'], 'field of components');
}

function stepProblem(rest: readonly string[], draft: RunbookDraft): RefProblem | null {
  const [written = '', out, name = ''] = rest;
  if (rest.length !== 3 || out !== 'out') return { why: 'write {steps.<id>.out.<answer>}' };
  const step = [...draft.steps.values()].find((one) => expressionId(one.step.id) === expressionId(written))?.step;
  if (step === undefined) return draft.complete ? among(written, [...draft.steps.keys()], 'step') : null;
  return among(name, outputsOf(step), `answer of ${step.id}:`);
}

function outputsOf(step: Step): readonly string[] {
  if (step.kind === 'manual') return Object.keys(step.answers);
  if (step.kind === 'choose') return ['choice'];
  return step.kind === 'run' ? ['code', 'text'] : [];
}
