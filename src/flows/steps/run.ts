// `run`: a command of the user's own, which belay.yaml must allow. What it printed and its code are outputs; what nobody can vouch for is asked.
import { assert } from '../../domain/assert.ts';
import type { RunStep } from '../../domain/ir.ts';
import type { JsonObject } from '../../domain/json.ts';
import type { PlanStep } from '../../domain/plan.ts';
import type { CommandOutcome } from '../command-protocol.ts';
import { askHow, failed } from '../fail.ts';
import type { Numbering } from '../incident-number.ts';
import { performStepCommand } from '../perform-command.ts';
import { withIncident } from '../plan-run.ts';
import { askWithNewPlan, plannedStep } from '../planned.ts';
import { recheckGuards } from '../recheck.ts';
import type { Next, Visit } from '../run.ts';
import { finish, NEXT, setOutputs } from '../run.ts';
import { doneUnder } from '../take-locks.ts';

const DEFAULT_TIMEOUT_MS = 60_000;

export async function runCommand(visit: Visit<RunStep>): Promise<Next> {
  const { step } = visit;
  const planned = plannedStep(visit);
  if (planned.effect === 'unknown' || planned.args === undefined)
    return askWithNewPlan(visit, 'the plan could not know what this step would run');
  const argv = withIncident(step.cmd, planned.args['cmd'], visit.run);
  for (let round = 1; ; round += 1) {
    const refused = step.effect === 'read' ? null : await recheckGuards(visit, round);
    if (refused !== null) return refused;
    const outcome = await performStepCommand(visit, {
      part: round === 1 ? 'run' : `run-again${round}-`,
      argv,
      place: step,
      effect: step.effect,
      codes: step.codes,
      timeoutMs: step.timeoutMs ?? DEFAULT_TIMEOUT_MS,
      step,
    });
    if (outcome.status !== 'paused') return settle(visit, planned, outcome);
  }
}

async function settle(visit: Visit<RunStep>, planned: PlanStep, outcome: CommandOutcome): Promise<Next> {
  const { step, run } = visit;
  const detail: JsonObject = { cmd: planned.args?.['cmd'] ?? [], on: step.on, ...outcome };
  switch (outcome.status) {
    case 'done':
      setOutputs(run, step.id, { code: outcome.code, text: outcome.text });
      remember(visit, planned);
      await finish(visit, 'done', detail);
      return NEXT;
    case 'unknown':
      remember(visit, planned);
      await finish(visit, 'unknown', detail);
      return askHow(visit, outcome.message);
    case 'failed':
      if (outcome.code !== null) setOutputs(run, step.id, { code: outcome.code, text: outcome.text });
      // A part of it may be done, so it is taken back with the rest.
      if (outcome.effect === 'unknown') remember(visit, planned);
      await finish(visit, 'failed', detail);
      return failed(visit, outcome.message);
    case 'paused':
    case 'fenced':
      return assert(false, `a command never ends ${outcome.status}`) as never;
  }
}

function remember({ run, step }: Visit<RunStep>, planned: PlanStep): void {
  if (step.effect === 'read') return;
  run.rechecked = true;
  const { completed } = run.course;
  const earlier = completed.findIndex((one) => one.step === step.id);
  if (earlier >= 0) completed.splice(earlier, 1);
  completed.push({
    step: step.id,
    target: `run:${step.on}`,
    call: null,
    undo: undoOf(step, planned, run),
    fingerprint: null,
    ...doneUnder(run),
  });
}

function undoOf({ undo, on, cwd, env }: RunStep, planned: PlanStep, numbering: Numbering) {
  if (undo === undefined || planned.undo === undefined) return null;
  const { action, args } = planned.undo;
  if (!('cmd' in undo)) return { do: action, with: args };
  return { cmd: withIncident(undo.cmd, args['cmd'], numbering), on, env, ...(cwd === undefined ? {} : { cwd }) };
}
