// The time of the next update in two places: what a step promises, and what the severity demands for the audience.
import type { NotifyStep } from '../domain/ir.ts';
import { writeDuration } from '../domain/units.ts';
import type { RunbookDraft } from './draft.ts';
import type { LintContext } from './lint-types.ts';
import type { Problems } from './problems.ts';
import type { Span } from './source-text.ts';

export interface Promising {
  readonly draft: RunbookDraft;
  readonly context: LintContext;
  readonly problems: Problems;
  readonly at: (...path: readonly string[]) => Span;
}

/** The stricter is kept when the message is sent; the file should say the same. */
export function lintPromise({ promiseMs, to }: NotifyStep, { draft, context, problems, at }: Promising): void {
  const { severity } = draft.runbook;
  const updates = context.system.severities[severity]?.updates ?? {};
  const strict = to.filter((audience) => promiseMs !== undefined && (updates[audience] ?? Number.POSITIVE_INFINITY) < promiseMs);
  const [first] = strict.toSorted((a, b) => (updates[a] ?? 0) - (updates[b] ?? 0));
  const ms = first === undefined ? undefined : updates[first];
  if (promiseMs === undefined || ms === undefined) return;
  problems.warn(
    'cadence-conflict',
    at('promise'),
    `it promises an update in ${writeDuration(promiseMs)}, and ${severity} has one every ${writeDuration(ms)} for ${first}`,
    {
      hint: `The stricter is kept. Write "promise: ${writeDuration(ms)}".`,
    },
  );
}
