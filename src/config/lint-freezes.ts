// Rule R9: after a rollback nobody may deploy the bad release again before its cause is known. It looks at steps alone: whether a freeze
// holds is the target's business.
import type { Runbook, Step } from '../domain/ir.ts';
import { ownSteps } from '../domain/ir.ts';
import { CAN_FREEZE } from '../domain/target-catalog.ts';
import type { RunbookDraft } from './draft.ts';
import type { LintContext } from './lint-types.ts';
import type { Problems } from './problems.ts';

/** A target that cannot freeze keeps nobody out: a step for people, or the pipeline, has to. */
export function lintFreezes(draft: RunbookDraft, { system, drafts }: LintContext, problems: Problems): void {
  if (!draft.complete) return;
  const runbooks = drafts.runbooks.map((one) => one.runbook);
  const around = runbooks.filter((one) => ownSteps(one).some((step) => calls(step) === draft.runbook.id));
  const frozen = new Set([draft.runbook, ...around, ...calledBy(draft.runbook, runbooks)].flatMap(frozenBy));
  const told = new Set<string>();
  for (const { step, span } of draft.steps.values()) {
    const target = step.kind === 'do' && step.do === 'deploy.rollback' ? step.with['target'] : undefined;
    const spec = system.targets.find((one) => one.id === target);
    if (spec === undefined || !CAN_FREEZE.has(spec.driver) || frozen.has(spec.id) || told.has(spec.id)) continue;
    told.add(spec.id);
    problems.warn('rollback-without-freeze', span, `nothing keeps the bad release from being deployed to ${spec.id} again`, {
      hint: `Add a step before it: belay do deploy.freeze, with: { target: ${spec.id}, why: "{incident.id}" }, undo: { do: deploy.thaw, with: { target: ${spec.id} } }, contingency: { owner: <role>, expires: 7d }.`,
    });
  }
}

const calls = (step: Step): string | null => (step.kind === 'call' || step.kind === 'each' ? step.runbook.id : null);

function calledBy(runbook: Runbook, all: readonly Runbook[]): readonly Runbook[] {
  const names = new Set(ownSteps(runbook).map(calls));
  return all.filter((one) => names.has(one.id));
}

function frozenBy(runbook: Runbook): readonly string[] {
  return ownSteps(runbook).flatMap((step) => {
    const target = step.kind === 'do' && step.do === 'deploy.freeze' ? step.with['target'] : undefined;
    return typeof target === 'string' ? [target] : [];
  });
}
