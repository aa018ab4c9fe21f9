// Steps on a database against the other steps: the database goes back before the code, and nothing is thrown away unasked.
import type { DoStep, Step } from '../domain/ir.ts';
import { RELEASE_SWITCHES } from '../domain/put-live.ts';
import type { RunbookDraft } from './draft.ts';
import type { LintContext } from './lint-types.ts';
import type { Problems } from './problems.ts';
import type { Span } from './source-text.ts';

const CHANGES: ReadonlySet<string> = new Set(['db.migrateDown', 'db.apply']);

export function lintDatabaseStep(
  step: DoStep,
  span: Span,
  o: { readonly draft: RunbookDraft; readonly context: LintContext },
  problems: Problems,
): void {
  if (!CHANGES.has(step.do) || !o.draft.complete) return;
  const steps = [...o.draft.steps.values()].map((one) => one.step);
  const before = steps.slice(
    0,
    steps.findIndex((one) => one.id === step.id),
  );
  lintOrder(step, before, { ...o, span, problems });
  lintGoal(step, span, problems);
  if (step.irreversible !== undefined && !before.some((one) => one.kind === 'approve')) {
    problems.warn('irreversible-migration', span, `${step.id} cannot be taken back, and nobody is asked before it`, {
      hint: 'Put a step above it: belay approve, with "show: [plan, loss]". Where data would be lost Belay asks two people whatever is written.',
    });
  }
}

function lintGoal(step: DoStep, span: Span, problems: Problems): void {
  if (step.do !== 'db.migrateDown' || (step.with['to'] === undefined) !== (step.with['keep'] === undefined)) return;
  problems.error('down-goal', span, `${step.id} must say either "to" or "keep"`, {
    hint: 'to: the migration that is to stay. keep: the release whose migrations stay, such as "{release.previous}".',
  });
}

/** A whole release, or a commit that is built anew: what came after it is not in its code. */
const isOther = (action: string): boolean => RELEASE_SWITCHES.has(action) || action === 'deploy.commit';

/** The release that is put live knows nothing of what it would have to take back; the one that leaves brought it. */
function lintOrder(
  step: DoStep,
  before: readonly Step[],
  { context, span, problems }: { readonly context: LintContext; readonly span: Span; readonly problems: Problems },
): void {
  if (step.do !== 'db.migrateDown') return;
  const target = context.system.databases?.find(({ id }) => id === step.with['database'])?.target;
  const early = before.find(
    (one): one is DoStep => one.kind === 'do' && isOther(one.do) && (target === undefined || one.with['target'] === target),
  );
  if (early === undefined) return;
  problems.error('down-before-code', span, `${step.id} comes after ${early.id}, which changes the code`, {
    hint: `Put ${step.id} above ${early.id}: a way back is a part of the newer release, and the older code may not even start before it.`,
  });
}
