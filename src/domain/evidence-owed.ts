// Which evidence the record of an incident still lacks before it may be closed. It reads the incident and its pinned runbook, and asks nobody.
import type { Incident } from './incident.ts';
import { type Runbook, type Step, stepsOf } from './ir.ts';

/** How the record begins to say that a condition left a step out; a person who skips one is named instead. */
const BY_CONDITION = 'when ';

export function evidenceOwed(incident: Incident, runbook: Runbook | null): readonly string[] {
  if (runbook === null) return [];
  const steps = stepsOf(runbook);
  const isOwed = (id: string): boolean => {
    // A run that a person started has no trigger to show, and what never ran was not decided.
    if (id === 'trigger') return incident.trigger !== null;
    if (id === 'decision') return incident.run !== null;
    const giving = steps.filter((step) => evidenceIn(step).includes(id));
    return giving.length === 0 || giving.some((step) => !isLeftOut(incident, step.id));
  };
  return runbook.evidence.filter((id) => !incident.evidence.includes(id) && isOwed(id));
}

const evidenceIn = (step: Step): readonly string[] =>
  step.kind === 'collect' ? [...step.evidence, ...step.from.flatMap((one) => one.evidence ?? [])] : step.evidence;

/** The step, or what calls it: the arm that nobody chose, a step whose `when` did not hold. */
function isLeftOut({ steps }: Incident, id: string): boolean {
  const above = id.split('.').map((_, index, parts) => steps[parts.slice(0, index + 1).join('.')]);
  return above.some((step) => step?.status === 'skipped' && String(step.detail['reason']).startsWith(BY_CONDITION));
}
