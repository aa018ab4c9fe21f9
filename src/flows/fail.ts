// What happens after a step that did not succeed: stop, go on, ask people, jump, or take back what was done.
import type { Next, Visit } from './run.ts';
import { askPeople, NEXT } from './run.ts';
import { unwind } from './unwind.ts';

/** Applies the step's `fail` policy. `again` lets a person repeat the step: a new visit of it. */
export async function failed(visit: Visit, reason: string): Promise<Next> {
  const { step } = visit;
  switch (step.fail.then) {
    case 'continue':
      return NEXT;
    case 'goto':
      return { to: 'goto', step: step.fail.step };
    case 'undo':
      return { to: 'stop', reason: await takeBack(visit, reason) };
    case 'stop':
      return { to: 'stop', reason: `${step.id}: ${reason}` };
    case 'ask':
      return askHow(visit, reason);
  }
}

/** Always asks, whatever the policy: for effects that nobody can vouch for. */
export async function askHow(visit: Visit, reason: string): Promise<Next> {
  if (visit.run.isPart === true) return { to: 'stop', reason: `${visit.step.id}: ${reason}` };
  const { choice, by } = await askPeople(visit, reason, ['again', 'continue', 'undo', 'stop']);
  if (choice === 'again') return { to: 'goto', step: visit.step.id };
  if (choice === 'continue') return NEXT;
  if (choice === 'undo') return { to: 'stop', reason: await takeBack(visit, reason), people: true };
  return { to: 'stop', reason: `${visit.step.id}: ${reason} (stopped by ${by})`, people: true };
}

/** What this runbook has done, and what it has called; what its caller did before is the caller's. */
export async function takeBack(visit: Visit, reason: string): Promise<string> {
  const { course, prefix } = visit.run;
  const steps = course.completed.map((one) => one.step).filter((step) => step.startsWith(prefix));
  return `${visit.step.id}: ${reason}; ${await unwind(visit, steps)}`;
}
