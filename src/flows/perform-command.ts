// One command of a run, under policy, pause and retry. The arguments are those of the plan: what people approved is what is started.
import { BelayError } from '../domain/errors.ts';
import type { CommandEffect, RunStep } from '../domain/ir.ts';
import type { Json } from '../domain/json.ts';
import { NO_RUN_POLICY, runRefusal } from '../domain/run-policy.ts';
import type { CommandOutcome } from './command-protocol.ts';
import { performCommand } from './command-protocol.ts';
import { actKey, repeatAct } from './perform.ts';
import type { Run, Visit } from './run.ts';
import { partName } from './run.ts';
import { lostLock } from './take-locks.ts';

export interface CommandPerformance {
  readonly part: string;
  readonly argv: readonly string[];
  readonly place: Pick<RunStep, 'on' | 'cwd' | 'env'>;
  readonly effect: CommandEffect;
  readonly codes: readonly number[];
  readonly timeoutMs: number;
  /** What the policy is asked about; for an undo, the step that it takes back. */
  readonly step: RunStep;
}

/** What may be started twice is tried again as the step says; a `once` only while it was not started. */
export function performStepCommand(visit: Visit, performance: CommandPerformance): Promise<CommandOutcome> {
  return repeatAct<CommandOutcome>(visit, {
    part: performance.part,
    timeoutMs: performance.timeoutMs,
    attempt: (number, timeoutMs) => attemptCommand(visit, { ...performance, timeoutMs }, number),
    again: (outcome) => outcome.status === 'failed' && (outcome.effect === 'none' || performance.effect !== 'once'),
  });
}

async function attemptCommand(visit: Visit, performance: CommandPerformance, attempt: number): Promise<CommandOutcome> {
  const part = `${performance.part}${attempt}`;
  return (await visit.run.context.step(
    partName(visit, part),
    async () => (await attemptNow(visit, performance, { part, attempt })) as unknown as Json,
  )) as unknown as CommandOutcome;
}

async function attemptNow(
  visit: Visit,
  { argv, place, effect, codes, timeoutMs, step }: CommandPerformance,
  { part, attempt }: { readonly part: string; readonly attempt: number },
): Promise<CommandOutcome> {
  const { run, number } = visit;
  const [program, ...rest] = argv;
  const refused = refusalNow(run, step);
  if (refused !== null || program === undefined)
    return { status: 'failed', effect: 'none', code: null, text: '', message: refused ?? 'there is no program to run' };
  const { on, cwd, env } = place;
  try {
    return await performCommand(run.world, {
      order: { argv: [program, ...rest], on, env, timeoutMs, ...(cwd === undefined ? {} : { cwd }) },
      effect,
      codes,
      key: actKey(visit, number, part),
      run: run.context.runId,
      incident: run.incident,
      step: visit.step.id,
      attempt,
      ...(run.overridden === undefined ? {} : { note: run.overridden }),
      ...(effect === 'read' ? {} : { forbidden: () => lostLock(run, run.world) }),
    });
  } catch (error) {
    if (!BelayError.is(error)) throw error;
    return error.effect === 'none'
      ? { status: 'failed', effect: 'none', code: null, text: '', message: error.message }
      : { status: 'unknown', message: error.message };
  }
}

/** The policy of now: what was taken out of it while the run went on is not started any more. */
function refusalNow({ world, course, irHash }: Run, step: RunStep): string | null {
  const refusal = runRefusal(world.system.policy?.run ?? NO_RUN_POLICY, { runbook: course.runbook.id, irHash, step });
  return refusal === null ? null : `${refusal.message}. ${refusal.hint}`;
}
