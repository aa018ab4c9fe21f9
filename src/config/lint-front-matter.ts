// The front matter of a runbook against belay.yaml and against its own steps.

import { EVIDENCE_OF_THE_LOG } from '../domain/evidence-ids.ts';
import { unbreakable } from '../domain/guard-override.ts';
import type { Guard, Never } from '../domain/ir.ts';
import type { RunbookDraft } from './draft.ts';
import { lintArguments } from './lint-arguments.ts';
import { demandKnown } from './lint-names.ts';
import { demandRefs } from './lint-refs.ts';
import type { LintContext } from './lint-types.ts';
import type { Problems } from './problems.ts';
import { entryAt } from './read.ts';
import type { Span } from './source-text.ts';
import { isWritten } from './steps.ts';

/** Evidence that the log itself gives. */

type At = (...path: readonly (string | number)[]) => Span;

export function lintFrontMatter(draft: RunbookDraft, context: LintContext, problems: Problems): void {
  const { runbook } = draft;
  const { known } = context;
  const at: At = (...path) => entryAt(draft.front, path).value.span;
  for (const [id, role] of Object.entries(runbook.roles)) {
    demandKnown({ rule: 'unknown-role', what: 'role', name: role.is, known: known.roles, span: at('roles', id, 'is') }, problems);
    demandKnown(
      {
        rule: 'unknown-role',
        what: 'role or person',
        name: role.deputy ?? '',
        known: new Set([...known.roles, ...known.people]),
        span: at('roles', id, 'deputy'),
      },
      problems,
    );
  }
  for (const [index, name] of runbook.components.entries())
    demandKnown({ rule: 'unknown-component', what: 'component', name, known: known.components, span: at('components', index) }, problems);
  if (runbook.lock !== undefined) demandRefs(runbook.lock, { span: at('lock'), draft, context, problems, release: false });
  lintTriggerNames(draft, context, problems);
  lintClocks(draft, context, problems);
  lintEvidence(draft, problems, at);
  lintGuards(draft, context, problems, at);
}

/** A procedure that nobody has read for long is wrong somewhere. */
export function lintReview(draft: RunbookDraft, today: string, problems: Problems): void {
  if (draft.reviewBy === null || draft.reviewBy >= today) return;
  problems.warn('review-overdue', entryAt(draft.front, ['reviewBy']).value.span, `the review was due on ${draft.reviewBy}`, {
    hint: 'Read it again, then move reviewed and reviewBy.',
  });
}

function lintTriggerNames(draft: RunbookDraft, context: LintContext, problems: Problems): void {
  const { runbook } = draft;
  const perOrg = Object.values(runbook.inputs).some((input) => input.type === 'org');
  for (const [index, name] of runbook.triggers.entries()) {
    const list = entryAt(draft.front, ['triggers']).value;
    const span = list.kind === 'map' ? entryAt(list, [name]).keySpan : entryAt(list, [index]).value.span;
    if (!demandKnown({ rule: 'unknown-trigger', what: 'trigger', name, known: context.known.triggers, span }, problems)) continue;
    const rule = context.system.triggers.find((one) => one.id === name);
    if (perOrg && rule?.scope === 'all')
      problems.error('trigger-scope', span, `${name} is about all organizations, and this runbook is for one`, {
        hint: `Give the trigger "scope: org".`,
      });
    const rival = context.drafts.runbooks.find(
      (other) => other !== draft && other.runbook.triggers.includes(name) && isPerOrg(other) === perOrg,
    );
    // Told once, at the second in the order of files.
    if (rival !== undefined && context.drafts.runbooks.indexOf(rival) < context.drafts.runbooks.indexOf(draft)) {
      problems.error(
        'trigger-taken',
        span,
        `${name} leads to ${rival.runbook.id}, too, and both are for ${perOrg ? 'one organization' : 'all organizations'}`,
        { hint: 'One trigger leads to at most one runbook for one organization and one for all.' },
      );
    }
  }
}

function isPerOrg(draft: RunbookDraft): boolean {
  return Object.values(draft.runbook.inputs).some((input) => input.type === 'org');
}

function lintClocks(draft: RunbookDraft, context: LintContext, problems: Problems): void {
  for (const [id, clock] of Object.entries(draft.runbook.clocks)) {
    const roles = new Set([...context.known.roles, ...Object.keys(draft.runbook.roles)]);
    demandKnown(
      {
        rule: 'unknown-role',
        what: 'role',
        name: clock.escalateTo ?? '',
        known: roles,
        span: entryAt(draft.front, ['clocks', id, 'onBreach']).value.span,
      },
      problems,
    );
    const until = entryAt(draft.front, ['clocks', id, 'until']).value;
    for (const [index, stop] of clock.until.entries()) {
      if (!stop.startsWith('step:') || !draft.complete) continue;
      const span = until.kind === 'list' ? entryAt(until, [index]).value.span : until.span;
      demandKnown({ rule: 'unknown-step', what: 'step', name: stop.slice(5), known: new Set(draft.steps.keys()), span }, problems);
    }
    const met = [...draft.steps.values()].some(({ step }) => step.meets.includes(id));
    if (met || clock.until.length > 0 || !draft.complete || isWritten(entryAt(draft.front, ['clocks', id]).value, 'until')) continue;
    problems.error('clock-unstopped', entryAt(draft.front, ['clocks', id]).keySpan, `nothing stops the clock ${id}`, {
      hint: `Add "meets: [${id}]" to the step that ends it.`,
    });
  }
}

function lintEvidence(draft: RunbookDraft, problems: Problems, at: At): void {
  if (!draft.complete) return;
  const produced = new Set(
    [...draft.steps.values()].flatMap(({ step }) => [
      ...step.evidence,
      ...(step.kind === 'collect' ? step.from.flatMap((one) => one.evidence ?? []) : []),
    ]),
  );
  for (const [index, name] of draft.runbook.evidence.entries()) {
    if (EVIDENCE_OF_THE_LOG.includes(name) || produced.has(name)) continue;
    problems.error('evidence-unproduced', at('evidence', index), `no step produces the evidence ${name}`, {
      hint: `Add "evidence: [${name}]" to the step that gives it.`,
    });
  }
}

/** A guard is asked whenever a plan is made, also where nobody means to begin: it may look, and not send. */
function lintSender(id: string, { system }: LintContext, problems: Problems, span: Span): void {
  const sender = system.synthetics?.find((one) => one.id === id);
  const sends = sender?.steps.find((step) =>
    step.does === 'request' ? step.method !== 'GET' : step.does === 'fill' || step.does === 'click',
  );
  if (sends === undefined) return;
  const how = sends.does === 'request' ? sends.method : sends.does;
  problems.error('guard-sends', span, `the synthetic ${id} sends (${how} in "${sends.name}"), and a guard is asked for every plan`, {
    hint: 'Make it a verify step before the first act.',
  });
}

function lintGuards(draft: RunbookDraft, context: LintContext, problems: Problems, at: At): void {
  const ids = new Set<string>();
  for (const section of ['require', 'never'] as const) {
    for (const [index, guard] of draft.runbook[section].entries()) {
      if (ids.has(guard.id)) problems.error('duplicate-id', at(section, index, 'id'), `a second guard has the id ${guard.id}`);
      ids.add(guard.id);
      if ('ask' in guard) continue;
      if (guard.override !== undefined) lintOverride(guard, { draft, context, problems, span: at(section, index, 'override') });
      if (guard.probe === 'synthetic') lintSender(String(guard.with['synthetic']), context, problems, at(section, index, 'probe'));
      lintArguments({
        kind: 'probe',
        name: guard.probe,
        args: guard.with,
        nameSpan: at(section, index, 'probe'),
        value: entryAt(draft.front, [section, index]).value,
        draft,
        context,
        problems,
      });
    }
  }
}

interface Overriding {
  readonly draft: RunbookDraft;
  readonly context: LintContext;
  readonly problems: Problems;
  readonly span: Span;
}

const UNBREAKABLE = {
  question: 'asks people',
  secret: 'is about a secret',
  deletion: 'stands before something that deletes for good',
} as const;

function lintOverride(guard: (Guard | Never) & { readonly override?: readonly string[] }, o: Overriding): void {
  const { runbook } = o.draft;
  const { known } = o.context;
  const names = new Set([...known.roles, ...known.people, ...Object.keys(runbook.roles)]);
  for (const name of guard.override ?? [])
    demandKnown({ rule: 'unknown-role', what: 'role or person', name, known: names, span: o.span }, o.problems);
  const why = unbreakable(runbook, guard);
  if (why === null) return;
  o.problems.error('guard-override', o.span, `${guard.id} ${UNBREAKABLE[why]}, and nobody may override that`, { hint: 'Remove override.' });
}
