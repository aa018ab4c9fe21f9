// Steps that carry out another runbook: `call` and `each` against the runbooks of the folder.
import type { CallStep, EachStep } from '../domain/ir.ts';
import type { LinkProblem } from '../domain/link-runbooks.ts';
import { linkRunbook } from '../domain/link-runbooks.ts';
import { readOver } from '../domain/over.ts';
import { lintArguments } from './lint-arguments.ts';
import { demandKnown } from './lint-names.ts';
import { demandRefs } from './lint-refs.ts';
import type { StepAsking as Asking } from './lint-types.ts';
import { entryAt } from './read.ts';
import type { Span } from './source-text.ts';

/** The called runbook is there, takes what it is given, and fits into this one. */
export function lintCall(step: CallStep, asking: Asking): void {
  lintRunbookOf(step, asking, {});
  lintLock(step, asking);
}

/** Of the step itself; the called runbook's own is looked at in its file. */
function lintLock({ lock }: CallStep, { draft, context, problems, at }: Asking): void {
  if (lock !== undefined) demandRefs(lock, { span: at('lock'), draft, context, problems, release: false });
}

export function lintEach(step: EachStep, asking: Asking): void {
  const { draft, context, problems, at, place } = asking;
  lintRunbookOf(step, asking, { as: step.as });
  if (typeof step.over !== 'string')
    for (const [index, name] of step.over.entries()) {
      const span = entryAt(place.body, ['over', index]).value.span;
      demandKnown({ rule: 'unknown-organization', what: 'organization', name, known: context.known.organizations, span }, problems);
    }
  for (const name of typeof step.over === 'string' ? Object.values(readOver(step.over).triggers) : [])
    demandKnown({ rule: 'unknown-trigger', what: 'trigger', name, known: context.known.triggers, span: at('over') }, problems);
  const called = context.drafts.runbooks.find((one) => one.runbook.id === step.runbook.id);
  if (called !== undefined && !Object.values(called.runbook.inputs).some((input) => input.type === 'org'))
    problems.error('each-without-org', at(), `${step.runbook.id} serves all organizations: it has no input of type org`, {
      hint: 'Give it one: inputs: { org: { type: org, required: true } }.',
    });
  if (step.gate === undefined) return;
  const gates = new Set(
    [...draft.steps.values()].flatMap(({ step: one }) => (one.kind === 'verify' || one.kind === 'watch' ? [one.id] : [])),
  );
  const hint = 'A gate is a verify or watch step of this runbook.';
  if (draft.complete)
    demandKnown({ rule: 'unknown-step', what: 'verify or watch step', name: step.gate, known: gates, span: at('gate'), hint }, problems);
}

function lintRunbookOf(step: CallStep | EachStep, { draft, context, problems, place }: Asking, more: { readonly as?: string }): void {
  const { id } = step.runbook;
  if (id === '') return;
  const span: Span = place.span;
  lintArguments({ kind: 'runbook', name: id, args: step.with, nameSpan: span, value: place.body, draft, context, problems, ...more });
  const runbooks = new Map(context.drafts.runbooks.map((one) => [one.runbook.id, one.runbook]));
  const linked = linkRunbook(draft.runbook, (one) => runbooks.get(one));
  for (const problem of linked.ok ? [] : linked.problems) {
    if (problem.step !== step.id || (problem.why === 'missing' && problem.name === id)) continue;
    problems.error(
      `call-${problem.why}`,
      span,
      `${id} cannot be ${step.kind === 'call' ? 'called' : 'a part'} here: ${LINK_TEXTS[problem.why](problem.name)}`,
    );
  }
}

const LINK_TEXTS: Readonly<Record<LinkProblem['why'], (name: string) => string>> = {
  missing: (name) => `it calls ${name}, which does not exist`,
  loop: (name) => `${name} goes round`,
  'too-deep': (name) => `${name} is more than anybody can read`,
  'too-many-steps': (name) => `it would make ${name} steps`,
  'role-differs': (name) => `the role ${name} is somebody else there; give it another name in one of the two`,
  asks: (name) =>
    `${name} asks people, tells them, or leaves a measure behind, once for each organization; put it into the runbook around it`,
};
