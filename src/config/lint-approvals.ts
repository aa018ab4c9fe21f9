// An approval that nobody can give: too few people hold the roles that are asked, or only whoever started the run does. It counts the people
// of belay.yaml; the operator of the machine is nobody's second pair of eyes.
import type { ApproveStep, Runbook } from '../domain/ir.ts';
import { rolesMeant } from '../domain/runbook-roles.ts';
import type { Person } from '../domain/system.ts';
import type { StepAsking as Asking } from './lint-types.ts';
import { isWritten } from './steps.ts';

export function lintApproval(step: ApproveStep, { draft, context, problems, at, place }: Asking): void {
  if (isWritten(place.body, 'onTimeout') && step.timeoutMs === undefined && !isWritten(place.body, 'timeout'))
    problems.warn('no-effect', at('onTimeout'), `onTimeout of ${step.id} never comes: the approval has no timeout`, {
      hint: 'Add "timeout: 10m", or remove onTimeout.',
    });
  const { people } = context.system;
  const asked = rolesMeant(draft.runbook, step.from);
  // A role that nobody has declared has been told at its own place; without people the operator approves all there is.
  if (step.from.length === 0 || people.length === 0 || !asked.every((one) => isKnown(one, context.known))) return;
  const able = people.filter((one) => holds(one, asked));
  const [span, who] = [at(isWritten(place.body, 'from') ? 'from' : 'min'), asked.join(' or ')];
  const found = tooFew(step, able, who) ?? starterOnly(step, able, { ...context.system, runbook: draft.runbook });
  if (found === null) return;
  const { rule, what, hint } = found;
  if (rule === 'approval-by-starter') problems.warn('approval-by-starter', span, what, { hint });
  else problems.error('approval-nobody-can-grant', span, what, { hint });
}

interface Found {
  readonly rule: 'approval-nobody-can-grant' | 'approval-by-starter';
  readonly what: string;
  readonly hint: string;
}

function tooFew({ id, min }: ApproveStep, able: readonly Person[], who: string): Found | null {
  const rule = 'approval-nobody-can-grant';
  if (able.length === 0)
    return {
      ...{ rule, what: `nobody can approve ${id}: no person is ${who}` },
      hint: 'Give somebody the role in belay.yaml: people: { <id>: { name: …, roles: [<role>] } }.',
    };
  if (able.length >= min) return null;
  return {
    ...{ rule, what: `${id} wants ${min} people, and only ${names(able)} ${able.length === 1 ? 'is' : 'are'} ${who}` },
    hint: `Give ${min - able.length} more the role in belay.yaml, or write "min: ${able.length}".`,
  };
}

/** By one of them the run would wait for somebody that there is not; only others may start it, or Belay itself. */
function starterOnly(
  { id, min, fourEyes }: ApproveStep,
  able: readonly Person[],
  { people, runbook }: { readonly people: readonly Person[]; readonly runbook: Runbook },
): Found | null {
  if (!fourEyes || able.length > min) return null;
  const others = people.some((one) => !able.includes(one) && one.roles.some((role) => role !== 'viewer'));
  const canStart = others || runbook.triggers.length > 0;
  const what = `${id} wants other eyes than those of who starts the run, and only ${names(able)} can approve it`;
  return {
    rule: canStart ? 'approval-by-starter' : 'approval-nobody-can-grant',
    what: canStart ? `${what}: a run that one of them starts waits for ever` : what,
    hint: 'Give one more person the role in belay.yaml, or write "fourEyes: false".',
  };
}

function isKnown(word: string, known: Asking['context']['known']): boolean {
  return known.roles.has(word) || known.people.has(word);
}

/** By a role, or by name, as a deputy. */
const holds = (person: Person, asked: readonly string[]): boolean => asked.some((one) => person.id === one || person.roles.includes(one));

const names = (people: readonly Person[]): string => people.map((one) => one.name).join(', ');
