// Sampling checks over time, in batches: a two-hour watch is a few dozen rows of history, not thousands.
import type { EventDraft } from '../domain/event.ts';
import type { CheckResult } from '../domain/guardrail.ts';
import type { Incident } from '../domain/incident.ts';
import type { VerifyStep, WatchStep } from '../domain/ir.ts';
import type { Instant, Json } from '../domain/json.ts';
import type { CheckOutcome } from './checks.ts';
import { combine, runCheck } from './checks.ts';
import { lookupIn } from './facts.ts';
import type { Visit } from './run.ts';
import { BELAY, factsOf, partName } from './run.ts';

/** Longest stretch of sampling inside one engine step. A kill repeats at most this much reading. */
const BATCH_MS = 30_000;

interface Sampling {
  readonly until: Instant;
  /** `pass`: done as soon as the checks pass. `fail`: goes on to the end unless they fail. */
  readonly stopOn: 'pass' | 'fail';
  /** Metrics look at nothing older. */
  readonly since?: Instant;
}

export interface Judged {
  readonly result: CheckResult;
  readonly reason: string;
  readonly events: (incident: Incident, at: Instant) => readonly EventDraft[];
}

export async function sampleChecks(visit: Visit<VerifyStep | WatchStep>, sampling: Sampling): Promise<Judged> {
  for (let batch = 1; ; batch += 1) {
    const sampled = (await visit.run.context.step(
      partName(visit, `sample${batch}`),
      async () => (await sampleBatch(visit, sampling)) as unknown as Json,
    )) as unknown as Batch;
    if (sampled.over) return judged(visit, sampled);
  }
}

interface Batch {
  readonly over: boolean;
  readonly result: CheckResult;
  readonly outcomes: readonly CheckOutcome[];
}

async function sampleBatch(visit: Visit<VerifyStep | WatchStep>, sampling: Sampling): Promise<Batch> {
  const { run, step } = visit;
  const { time } = run.world;
  const batchEnd = time.now() + BATCH_MS;
  const lookup = lookupIn(run.world.system, factsOf(run), null);
  for (;;) {
    const outcomes = await Promise.all(step.checks.map((check) => runCheck(run.world, check, lookup, sampling.since)));
    const result = combine(step.mode, outcomes);
    const now = time.now();
    if (result === sampling.stopOn || now >= sampling.until) return { over: true, result, outcomes };
    if (now >= batchEnd) return { over: false, result, outcomes };
    await time.sleep(Math.min(step.everyMs, sampling.until - now));
  }
}

function judged(visit: Visit, { result, outcomes }: Batch): Judged {
  const open = outcomes.find((one) => one.result !== 'pass');
  return {
    result,
    reason: open === undefined ? '' : `${open.probe}: ${open.reason}`,
    events: (_incident, at) =>
      outcomes.map((one) => ({
        type: 'check.recorded',
        data: { step: visit.step.id, probe: one.probe, with: one.with, result: one.result, values: one.values, expect: one.expect, reason: one.reason },
        at,
        actor: BELAY,
      })),
  };
}
