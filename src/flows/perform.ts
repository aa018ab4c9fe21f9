// One act of a run, under pause and retry: the step protocol inside one engine step, repeated only when nothing happened.
import { assert } from '../domain/assert.ts';
import { BelayError } from '../domain/errors.ts';
import type { ActionCall, Check } from '../domain/ir.ts';
import type { Json } from '../domain/json.ts';
import type { DoOutcome } from './do.ts';
import { performDo } from './do.ts';
import { lookupFor } from './plan.ts';
import { resolveRefs } from './refs.ts';
import type { Visit } from './run.ts';
import { append, BELAY, factsOf, partName } from './run.ts';

export interface Performance {
  /** Distinguishes several acts of one visit (undo of several steps). */
  readonly part: string;
  /** References resolved by the plan; outputs of earlier steps are filled now. */
  readonly call: ActionCall;
  readonly expected: string | null;
  readonly verify: readonly Check[];
  readonly timeoutMs: number;
}

const PAUSE_POLL_MS = 30_000;

/** Waits while paused; retries failures that changed nothing, as the step allows. */
export async function performStepDo(visit: Visit, performance: Performance): Promise<DoOutcome> {
  const retry = visit.step.retry ?? { max: 1, everyMs: 0, backoff: 'fixed' as const };
  let tries = 0;
  for (let attempt = 1; ; attempt += 1) {
    const outcome = await attemptDo(visit, performance, attempt);
    if (outcome.status === 'paused') {
      await waitWhilePaused(visit, performance.part, attempt, outcome.by);
      continue;
    }
    if (outcome.status === 'fenced') {
      await visit.run.context.sleepUntil((await visit.run.context.now()) + 1_000);
      continue;
    }
    tries += 1;
    const again = outcome.status === 'failed' && outcome.effect === 'none' && tries < retry.max;
    if (!again) return outcome;
    const wait = retry.backoff === 'exp' ? retry.everyMs * 2 ** (tries - 1) : retry.everyMs;
    await visit.run.context.sleepUntil((await visit.run.context.now()) + wait);
  }
}

async function attemptDo(visit: Visit, performance: Performance, attempt: number): Promise<DoOutcome> {
  const { run, step } = visit;
  const name = partName(visit, `${performance.part}${attempt}`);
  const outcome = await run.context.step(name, async () => (await attemptNow(visit, performance, attempt)) as unknown as Json);
  assert(outcome !== null, `${step.id}: no outcome`);
  return outcome as unknown as DoOutcome;
}

async function attemptNow(visit: Visit, performance: Performance, attempt: number): Promise<DoOutcome> {
  const { run, step, number } = visit;
  const nothing = { current: null, desired: null, checks: [] };
  const action = run.world.actions[performance.call.do];
  if (action === undefined) return { ...nothing, status: 'failed', effect: 'none', code: 'BELAY_NOT_FOUND', message: `no action ${performance.call.do}` };
  const lookup = await lookupFor(run.world, factsOf(run), performance.call.with);
  if (typeof lookup === 'string') return { ...nothing, status: 'failed', effect: 'none', code: 'BELAY_TARGET_UNREACHABLE', message: lookup };
  const args = resolveRefs(performance.call.with, lookup);
  if (args.missing.length > 0) return { ...nothing, status: 'failed', effect: 'none', code: 'BELAY_INPUT_INVALID', message: `no value for {${args.missing.join('}, {')}}` };
  try {
    return await performDo(run.world, {
      action,
      args: args.value,
      key: `${run.context.runId}/${step.id}#${number}:${performance.part}`,
      run: run.context.runId,
      incident: run.incident,
      step: step.id,
      attempt,
      expected: performance.expected,
      reason: run.incident,
      actor: 'belay',
      verify: performance.verify,
      lookup,
      timeoutMs: performance.timeoutMs,
    });
  } catch (error) {
    if (!BelayError.is(error)) throw error;
    if (error.effect === 'none') return { ...nothing, status: 'failed', effect: 'none', code: error.code, message: error.message };
    return { ...nothing, status: 'unknown', message: error.message };
  }
}

/** Polls durably; `resume` wakes it at once. */
async function waitWhilePaused(visit: Visit, part: string, attempt: number, by: string): Promise<void> {
  const { run } = visit;
  const name = `${part}${attempt}`;
  await append(run, partName(visit, `${name}:paused`), (at) => ({ events: [{ type: 'run.paused', data: { by, reason: visit.step.id }, at, actor: BELAY }] }));
  for (let poll = 1; ; poll += 1) {
    const state = await run.context.step(partName(visit, `${name}:poll${poll}`), async () => (await run.world.pause.read()).paused);
    if (!state) break;
    await run.context.receive('resumed', (await run.context.now()) + PAUSE_POLL_MS);
  }
  await append(run, partName(visit, `${name}:resumed`), (at) => ({ events: [{ type: 'run.resumed', data: { by: 'pause cleared' }, at, actor: BELAY }] }));
}
