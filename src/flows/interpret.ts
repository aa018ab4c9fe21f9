// The interpreter: runs a pinned IR under its plan, step by step, on the durable engine.
// It sequences; what a step kind means is in flows/steps/<kind>.ts.
import { assert } from '../domain/assert.ts';
import type { Step } from '../domain/ir.ts';
import { ownSteps } from '../domain/ir.ts';
import { takeBack } from './fail.ts';
import { passGate } from './gate.ts';
import type { Next, Run, RunOutcome, Visit } from './run.ts';
import { askPeopleUntil, begin, NEXT } from './run.ts';
import { runApprove } from './steps/approve.ts';
import { runCall } from './steps/call.ts';
import { runChoose } from './steps/choose.ts';
import { runCollect } from './steps/collect.ts';
import { runDo } from './steps/do.ts';
import { runEach } from './steps/each.ts';
import { runManual } from './steps/manual.ts';
import { runNotify } from './steps/notify.ts';
import { runCommand } from './steps/run.ts';
import { runVerify } from './steps/verify.ts';
import { runWait } from './steps/wait.ts';
import { runWatch } from './steps/watch.ts';

/** A `goto` that never leads on must not run for ever. */
const MOST_VISITS = 20;

/** Runs from the first step to the end, or to the step that stops it. */
export async function interpret(run: Run): Promise<RunOutcome> {
  const { visits } = run.course;
  const steps = ownSteps(run.runbook);
  let position = 0;
  while (position < steps.length) {
    const step = steps[position] as Step;
    if (run.until !== undefined && (await run.context.now()) >= run.until)
      return { outcome: 'failed', reason: `${step.id}: the time for it is over`, people: false };
    const number = (visits[step.id] ?? 0) + 1;
    visits[step.id] = number;
    if (number > MOST_VISITS)
      return { outcome: 'failed', reason: `${step.id} came up ${MOST_VISITS} times: somebody has to look`, people: false };
    const next = await held({ run, step, number }, await visitStep({ run, step, number }));
    if (next.to === 'stop') return { outcome: 'failed', reason: next.reason, people: next.people === true };
    position = next.to === 'goto' ? steps.findIndex((one) => one.id === next.step) : position + 1;
    if (position < 0) return { outcome: 'failed', reason: `no step ${next.to === 'goto' ? next.step : ''}`, people: false };
  }
  return { outcome: 'done' };
}

/** The step after which the person who began the run wanted to look: it rests until people let it go on. */
async function held(visit: Visit, next: Next): Promise<Next> {
  const { run, step } = visit;
  if (run.course.until !== step.id || next.to === 'stop') return next;
  for (let round = 1; ; round += 1) {
    const question = `the run rests after ${step.id}, as it was begun`;
    const said = await askPeopleUntil(visit, question, ['continue', 'undo', 'stop'], null, `hold${round}`);
    if (said === null) continue;
    if (said.choice === 'continue') return next;
    const reason = `stopped there by ${said.by}`;
    return { to: 'stop', people: true, reason: said.choice === 'undo' ? await takeBack(visit, reason) : `${step.id}: ${reason}` };
  }
}

/** A step out of its turn, as a visit of its own. */
function visitAgain(run: Run, id: string): Promise<Next> {
  const step = ownSteps(run.runbook).find((one) => one.id === id);
  assert(step !== undefined, `no step ${id}`);
  const number = (run.course.visits[id] ?? 0) + 1;
  run.course.visits[id] = number;
  return visitStep({ run, step, number });
}

async function visitStep(visit: Visit): Promise<Next> {
  const gate = await passGate(visit);
  if (gate !== 'go' && gate !== 'begun') return gate;
  if (gate === 'go' && !(await begin(visit))) return NEXT;
  return runKind(visit);
}

function runKind({ run, step, number }: Visit): Promise<Next> {
  switch (step.kind) {
    case 'manual':
      return runManual({ run, step, number });
    case 'approve':
      return runApprove({ run, step, number });
    case 'choose':
      return runChoose({ run, step, number });
    case 'do':
      return runDo({ run, step, number });
    case 'verify':
      return runVerify({ run, step, number });
    case 'watch':
      return runWatch({ run, step, number });
    case 'wait':
      return runWait({ run, step, number });
    case 'notify':
      return runNotify({ run, step, number });
    case 'collect':
      return runCollect({ run, step, number });
    case 'run':
      return runCommand({ run, step, number });
    case 'call':
      return runCall({ run, step, number }, interpret);
    case 'each':
      return runEach({ run, step, number }, visitAgain);
  }
}
