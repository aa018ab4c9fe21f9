// `strict` of a watch against the triggers of its runbook: whether there is one whose limit can be taken a part of.
import type { WatchStep } from '../domain/ir.ts';
import { ownSteps } from '../domain/ir.ts';
import { strictOverlay } from '../domain/strict.ts';
import type { StepAsking } from './lint-types.ts';

/** A runbook that others call is watched with the triggers of those. */
export function lintStrict({ strict }: WatchStep, { draft: { runbook }, context, problems, at }: StepAsking): void {
  if (strict >= 1) return;
  const isCalled = context.drafts.runbooks.some(({ runbook: one }) =>
    ownSteps(one).some((step) => (step.kind === 'call' || step.kind === 'each') && step.runbook.id === runbook.id),
  );
  if (isCalled) return;
  const org = runbook.inputs['org'] === undefined ? null : 'some';
  if (strictOverlay(runbook.triggers, context.system, { strict, org }).tightened.length > 0) return;
  problems.warn(
    'strict-nothing',
    at('strict'),
    'strict changes nothing here: no trigger of this runbook has a limit that can be tightened',
    {
      hint: 'It takes a trigger with "above" in the front matter; one that is for each organization needs the input org, too. Or write a check with probe: metric.',
    },
  );
}
