// What was promised of a component (how soon it is back, how much may be lost) against what the files say of its steps and backups.
import { ownSteps } from '../domain/ir.ts';
import { linkRunbook } from '../domain/link-runbooks.ts';
import type { Component } from '../domain/system.ts';
import { budgetsOf } from '../domain/time-budget.ts';
import { writeDuration } from '../domain/units.ts';
import type { RunbookDraft } from './draft.ts';
import { claimsIn, lossOf, NOTHING_LOST } from './lint-prose.ts';
import type { LintContext } from './lint-types.ts';
import type { Problems } from './problems.ts';
import { collectProblems } from './problems.ts';
import { entryAt } from './read.ts';

/** Each component on its own: backups that are too rare for what may be lost. */
export function lintRecoveryPoints({ system, drafts }: LintContext, problems: Problems): void {
  for (const { id, title, rpoMs, backup } of system.components) {
    const at = (key: string) => entryAt(drafts.system.value, ['components', id, key]).value.span;
    if (backup === undefined) continue;
    if (backup.keepMs !== undefined && backup.reachMs !== undefined && backup.keepMs < backup.reachMs)
      problems.warn(
        'retention-short',
        at('backup'),
        `backups of ${title} are kept for ${writeDuration(backup.keepMs)}, and one of ${writeDuration(backup.reachMs)} ago may be needed`,
        { hint: 'Keep copies of your own for longer, or choose a plan that keeps them.' },
      );
    if (rpoMs !== undefined && !backup.pointInTime && backup.everyMs > rpoMs)
      problems.warn(
        'rpo-unreachable',
        at('backup'),
        `a backup every ${writeDuration(backup.everyMs)} loses up to ${writeDuration(backup.everyMs)} of ${title}, and ${writeDuration(rpoMs)} may be lost`,
        { hint: `Back up every ${writeDuration(rpoMs)} or oftener, or use point-in-time recovery and say "pointInTime: true".` },
      );
  }
}

/** A runbook that cannot be done in the time that a component or a clock of its has, however well it goes. */
export function lintRecoveryTime(draft: RunbookDraft, { system, drafts }: LintContext, problems: Problems): void {
  if (!draft.complete) return;
  const linked = linkRunbook(draft.runbook, (id) => drafts.runbooks.find((one) => one.complete && one.runbook.id === id)?.runbook);
  const runbook = linked.ok ? linked.runbook : draft.runbook;
  for (const { kind, id, title, budgetMs, expected, fit } of budgetsOf(runbook, { clocks: {}, components: system.components })) {
    if (fit !== 'over') continue;
    const [takes, allowed] = [writeDuration(expected.leastMs), writeDuration(budgetMs)];
    if (kind === 'clock') {
      if (draft.runbook.clocks[id] === undefined) continue;
      problems.warn(
        'clock-unreachable',
        entryAt(draft.front, ['clocks', id]).keySpan,
        `the steps until the clock ${id} stops take ${takes} at least, and it allows ${allowed}`,
        { hint: `Make the steps quicker ("takes"), stop the clock earlier, or give it another "budget".` },
      );
    } else
      problems.warn(
        'rto-unreachable',
        entryAt(draft.front, ['components', draft.runbook.components.indexOf(id)]).value.span,
        `its steps take ${takes} at least, and ${title} must be back within ${allowed}: ${writeDuration(expected.leastMs - budgetMs)} too long`,
        { hint: `Make the steps quicker ("takes"), or promise another "rto" in belay.yaml.` },
      );
  }
}

/** A message about a component that loses something while it is down may not promise that nothing is lost. */
export function lintClaimsOfTemplates(context: LintContext): readonly ReturnType<typeof collectProblems>['found'][number][] {
  const { drafts, system } = context;
  const users = new Map<string, Component>();
  for (const draft of drafts.runbooks) {
    const losing = system.components.filter((one) => draft.runbook.components.includes(one.id) && lossOf([one]) !== null);
    for (const step of ownSteps(draft.runbook)) if (step.kind === 'notify' && losing[0] !== undefined) users.set(step.template, losing[0]);
  }
  const sources = [
    ...drafts.templates.map((one) => ({ id: one.id, source: one.source })),
    ...drafts.runbooks.flatMap((draft) => Object.keys(draft.runbook.templates).map((id) => ({ id, source: draft.problems.source }))),
  ];
  return sources.flatMap(({ id, source }) => {
    const component = users.get(id);
    if (component === undefined || !NOTHING_LOST.test(source.text)) return [];
    const problems = collectProblems(source);
    claimsIn(problems, lossOf([component]) ?? '');
    return problems.found;
  });
}
