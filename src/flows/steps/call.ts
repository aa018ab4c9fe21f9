// `call`: carries out another runbook as a part of this run: one incident, one plan, its own inputs and answers.
import { isOverridable } from '../../domain/guard-override.ts';
import type { CallStep } from '../../domain/ir.ts';
import type { Json, JsonObject } from '../../domain/json.ts';
import { failed } from '../fail.ts';
import { numberedIn } from '../incident-number.ts';
import { calledInputs } from '../plan.ts';
import type { Next, Run, RunOutcome, Visit } from '../run.ts';
import { factsOf, finish, NEXT, partName } from '../run.ts';
import { withLocks } from './call-locks.ts';

export async function runCall(visit: Visit<CallStep>, interpret: (run: Run) => Promise<RunOutcome>): Promise<Next> {
  const { run, step } = visit;
  const { runbook } = step;
  const given = (await run.context.step(
    partName(visit, 'inputs'),
    async () => calledInputs(run.world.system, step, factsOf(run)) as unknown as Json,
  )) as unknown as ReturnType<typeof calledInputs>;
  if (given.problem !== null) {
    await finish(visit, 'failed', { code: 'BELAY_INPUT_INVALID', runbook: runbook.id, message: given.problem });
    return failed(visit, `${runbook.id}: ${given.problem}`);
  }
  const notHad = async (why: string): Promise<Next> => {
    await finish(visit, 'failed', { code: 'BELAY_LOCK_HELD', runbook: runbook.id, message: why });
    return failed(visit, `${runbook.id}: ${why}`);
  };
  return withLocks(visit, given.inputs, { work: (locked) => carried(locked, given.inputs, interpret), refused: notHad });
}

async function carried(visit: Visit<CallStep>, inputs: JsonObject, interpret: (run: Run) => Promise<RunOutcome>): Promise<Next> {
  const { runbook } = visit.step;
  const result = await carryOut(visit, inputs, interpret);
  if (result.outcome === 'done') {
    await finish(visit, 'done', { runbook: runbook.id, inputs });
    return NEXT;
  }
  await finish(visit, 'failed', { runbook: runbook.id, inputs, message: result.reason });
  // What people ended stays ended, whatever the calling step would do about a failure.
  return result.people ? { to: 'stop', reason: result.reason, people: true } : failed(visit, result.reason);
}

/** From its first step again, as the calling step says, while nothing of it has changed anything. */
async function carryOut(visit: Visit<CallStep>, inputs: JsonObject, interpret: (run: Run) => Promise<RunOutcome>): Promise<RunOutcome> {
  const { run, step } = visit;
  const { context, course } = run;
  const limit = step.timeoutMs === undefined ? [] : [(await context.now()) + step.timeoutMs];
  const ends = [...limit, ...(run.until === undefined ? [] : [run.until])];
  const until = ends.length === 0 ? null : Math.min(...ends);
  const { max, everyMs, backoff } = step.retry ?? { max: 1, everyMs: 0, backoff: 'fixed' as const };
  for (let tries = 1; ; tries += 1) {
    const begun = isOverridable(step.runbook) ? { begunAt: await context.now() } : {};
    const result = await interpret({ ...frameOf(visit, inputs), ...begun, ...(until === null ? {} : { until }) });
    const changed = course.completed.some((one) => one.step.startsWith(`${step.id}.`));
    if (result.outcome === 'done' || result.people || changed || tries >= max) return result;
    const next = (await context.now()) + (backoff === 'exp' ? everyMs * 2 ** (tries - 1) : everyMs);
    if (until !== null && next >= until) return result;
    await context.sleepUntil(next);
  }
}

/** A second visit begins with no answers of the first; what people said of the caller's guards they have not said of these. */
function frameOf({ run, step }: Visit<CallStep>, inputs: JsonObject): Run {
  const prefix = `${step.id}.`;
  const outputs = {};
  run.course.outputs[prefix] = outputs;
  const numbered = numberedIn(step.with, run.numbered);
  const { overridden: _callers, begunAt: _before, ...rest } = run;
  return { ...rest, runbook: step.runbook, inputs, numbered, prefix, outputs, rechecked: false, vouched: [] };
}
