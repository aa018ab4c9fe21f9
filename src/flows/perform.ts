// One act of a run, under pause and retry: the step protocol inside one engine step, repeated only when nothing happened.
import { BelayError } from '../domain/errors.ts';
import type { ActionCall, Check } from '../domain/ir.ts';
import type { Json } from '../domain/json.ts';
import type { Built } from '../domain/plan.ts';
import { isDeletion } from '../domain/scope-freeze.ts';
import type { DoOutcome, DoRequest } from './do.ts';
import { frozenBy } from './freezes.ts';
import { afterAbort, hasBegun, type InFlight } from './in-flight.ts';
import { lookupFor } from './plan.ts';
import { resolveRefs } from './refs.ts';
import type { Run, Visit } from './run.ts';
import { BELAY, factsOf, partName } from './run.ts';
import { lostLock } from './take-locks.ts';

export interface Performance {
  /** Distinguishes several acts of one visit. */
  readonly part: string;
  /** References resolved by the plan; outputs of earlier steps are filled now. */
  readonly call: ActionCall;
  readonly expected: string | null;
  /** What the target knows the act by, where the runbook says it. */
  readonly targetKey?: string;
  readonly verify: readonly Check[];
  readonly timeoutMs: number;
  /** What the plan says is on its way there, and what is live meanwhile. */
  readonly inFlight?: InFlight;
  /** What the plan says goes live by it. */
  readonly builds?: readonly Built[];
  /** It takes back what this run put there: a freeze keeps new things from going live, and no way back but what deletes for good. */
  readonly isUndo?: true;
}

const PAUSE_POLL_MS = 30_000;
const FENCED_WAIT_MS = { first: 1_000, most: 60_000 };

/**
 * Retries failures that changed nothing, as the step allows. `paused` is returned after the pause is over: before anything is
 * done then, the caller looks at the world and the guards again.
 */
export async function performStepDo(visit: Visit, performance: Performance): Promise<DoOutcome> {
  return repeatAct(visit, {
    part: performance.part,
    timeoutMs: performance.timeoutMs,
    attempt: (number, timeoutMs) => attemptDo(visit, { ...performance, timeoutMs }, number),
    again: (outcome) => outcome.status === 'failed' && outcome.effect === 'none',
  });
}

interface Repeated<T> {
  readonly part: string;
  /** Of all attempts together. */
  readonly timeoutMs: number;
  readonly attempt: (number: number, timeoutMs: number) => Promise<T>;
  /** It may be tried again without harm. */
  readonly again: (outcome: T) => boolean;
}

/** Attempts of one act under pause, fence, and the step's `retry`; a new one begins only while the step's time lasts. */
export async function repeatAct<T extends { readonly status: string; readonly by?: string }>(visit: Visit, o: Repeated<T>): Promise<T> {
  const { context } = visit.run;
  const retry = visit.step.retry ?? { max: 1, everyMs: 0, backoff: 'fixed' as const };
  const until = retry.max > 1 ? (await context.now()) + o.timeoutMs : null;
  let leftMs = o.timeoutMs;
  let tries = 0;
  let fencedMs = FENCED_WAIT_MS.first;
  for (let number = 1; ; number += 1) {
    const outcome = await o.attempt(number, Math.min(leftMs, retry.attemptMs ?? leftMs));
    if (outcome.status === 'paused') {
      await waitWhilePaused(visit, `${o.part}${number}`, outcome.by ?? 'somebody');
      return outcome;
    }
    if (outcome.status === 'fenced') {
      await context.sleepUntil((await context.now()) + fencedMs);
      fencedMs = Math.min(FENCED_WAIT_MS.most, fencedMs * 2);
      continue;
    }
    tries += 1;
    if (!o.again(outcome) || tries >= retry.max || until === null) return outcome;
    const next = (await context.now()) + (retry.backoff === 'exp' ? retry.everyMs * 2 ** (tries - 1) : retry.everyMs);
    if (next >= until) return outcome;
    await context.sleepUntil(next);
    leftMs = until - next;
  }
}

async function attemptDo(visit: Visit, performance: Performance, attempt: number): Promise<DoOutcome> {
  const name = partName(visit, `${performance.part}${attempt}`);
  return (await visit.run.context.step(
    name,
    async () => (await attemptNow(visit, performance, attempt)) as unknown as Json,
  )) as unknown as DoOutcome;
}

/** One key a visit and part: stable over retries and restarts. */
export const actKey = (visit: Visit, number: number, part: string): string =>
  `${visit.run.context.runId}/${visit.step.id}#${number}:${part}`;

async function attemptNow(visit: Visit, performance: Performance, attempt: number): Promise<DoOutcome> {
  const { run, step, number } = visit;
  const nothing = { current: null, desired: null, checks: [] };
  const refuse = (code: string, message: string): DoOutcome => ({ ...nothing, status: 'failed', effect: 'none', code, message });
  const action = run.world.actions[performance.call.do];
  if (action === undefined) return refuse('BELAY_NOT_FOUND', `no action ${performance.call.do}`);
  const lookup = await lookupFor(run.world, factsOf(run), performance.call.with);
  if (typeof lookup === 'string') return refuse('BELAY_TARGET_UNREACHABLE', lookup);
  const args = resolveRefs(performance.call.with, lookup);
  const key = performance.targetKey === undefined ? null : resolveRefs(performance.targetKey, lookup);
  const missing = [...args.missing, ...(key?.missing ?? [])];
  if (missing.length > 0) return refuse('BELAY_INPUT_INVALID', `no value for {${missing.join('}, {')}}`);
  const frozen = () => frozenBy(run.world, { action: performance.call.do, args: args.value, org: orgOf(run), incident: run.incident });
  try {
    const request: DoRequest = {
      action,
      args: args.value,
      key: actKey(visit, number, performance.part),
      earlier: Array.from({ length: number - 1 }, (_, index) => actKey(visit, index + 1, performance.part)),
      run: run.context.runId,
      incident: run.incident,
      step: step.id,
      attempt,
      expected: performance.expected,
      ...(key === null ? {} : { targetKey: key.value }),
      ...(run.overridden === undefined ? {} : { note: run.overridden }),
      reason: run.incident,
      actor: 'belay',
      verify: performance.verify,
      lookup,
      timeoutMs: performance.timeoutMs,
      ...(performance.isUndo === true ? { isUndo: true } : {}),
      // The way back never waits for a freeze, but what deletes for good waits for everybody.
      forbidden: async () =>
        (await run.isOver?.()) ??
        (await lostLock(run, run.world)) ??
        (performance.isUndo === true && !isDeletion(performance.call.do) ? null : frozen()),
    };
    return (
      (await builtOtherwise(run.world, request, performance.builds)) ?? (await afterAbort(run.world, request, performance.inFlight ?? null))
    );
  } catch (error) {
    if (!BelayError.is(error)) throw error;
    return error.effect === 'none' ? refuse(error.code, error.message) : { ...nothing, status: 'unknown', message: error.message };
  }
}

/** Before the first act of it: what would go live by now is not what was approved. Null: it is. */
async function builtOtherwise(world: Run['world'], request: DoRequest, meant: readonly Built[] | undefined): Promise<DoOutcome | null> {
  const { action, args } = request;
  if (meant === undefined || action.builds === undefined || (await hasBegun(world, request))) return null;
  const [expected, found] = [builtText(meant), builtText(await action.builds(args))];
  return expected === found ? null : { status: 'conflict', current: found, desired: expected, checks: [], expected, found };
}

const builtText = (built: readonly Built[]): string =>
  built.map(({ target, release }) => `${release} on ${target}`).join(', ') || 'nothing';

const orgOf = ({ inputs }: Run): string | null => (typeof inputs['org'] === 'string' ? inputs['org'] : null);

/** Polls durably; `resume` wakes it at once. */
async function waitWhilePaused(visit: Visit, part: string, by: string): Promise<void> {
  const { run } = visit;
  await mark(run, partName(visit, `${part}:paused`), { type: 'run.paused', data: { by, reason: visit.step.id, run: run.context.runId } });
  for (let poll = 1; ; poll += 1) {
    const state = await run.context.step(partName(visit, `${part}:poll${poll}`), async () => (await run.world.pause.read()).paused);
    if (!state) break;
    await run.context.receive('resumed', (await run.context.now()) + PAUSE_POLL_MS);
  }
  await mark(run, partName(visit, `${part}:resumed`), { type: 'run.resumed', data: { by: 'pause cleared', run: run.context.runId } });
}

type Mark =
  | { readonly type: 'run.paused'; readonly data: { by: string; reason: string; run: string } }
  | { readonly type: 'run.resumed'; readonly data: { by: string; run: string } };

/** Each lane of a fan-out says it for itself: only when all of them stand still may the run be ended. */
async function mark(run: Run, name: string, said: Mark): Promise<void> {
  await run.context.step(name, async () => {
    const at = run.world.time.now();
    await run.world.incidents.append(run.incident, {
      key: `${run.context.runId}/${name}`,
      events: [{ ...said, at, actor: BELAY }],
    });
    return at;
  });
}
