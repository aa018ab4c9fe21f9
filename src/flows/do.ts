// The protocol of `do`: observe, compare, journal the intent, act toward an explicit target, confirm by effect, journal the outcome.
// It is safe to run again after a kill at any point: what the journal says is observed before anything is repeated.
import { BelayError } from '../domain/errors.ts';
import type { Effect } from '../domain/errors.ts';
import type { Check } from '../domain/ir.ts';
import type { JournalDraft } from '../domain/journal.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import type { Action, Observation } from '../ports/action.ts';
import type { CheckOutcome } from './checks.ts';
import { combine, runCheck } from './checks.ts';
import type { Lookup } from './refs.ts';
import type { World } from './world.ts';

export interface DoRequest {
  readonly action: Action;
  readonly args: JsonObject;
  /** run + step + visit: stable over retries and restarts; a person's "again" is a new visit. */
  readonly key: string;
  readonly run: string;
  readonly incident: string;
  readonly step: string;
  readonly attempt: number;
  /** The fingerprint that was approved; null where the plan could not know it. */
  readonly expected: string | null;
  readonly reason: string;
  readonly actor: string;
  readonly verify: readonly Check[];
  readonly lookup: Lookup;
  readonly timeoutMs: number;
}

export type DoOutcome = { readonly current: Json; readonly desired: Json; readonly checks: readonly JsonObject[] } & (
  | { readonly status: 'done' | 'noop'; readonly recovered: boolean }
  | { readonly status: 'conflict'; readonly expected: string; readonly found: string }
  | { readonly status: 'paused'; readonly by: string }
  | { readonly status: 'fenced' }
  | { readonly status: 'failed'; readonly effect: Effect; readonly code: string; readonly message: string }
  | { readonly status: 'unknown'; readonly message: string }
);

type DoWorld = Pick<World, 'journal' | 'pause' | 'engine' | 'time' | 'probes' | 'expression'>;

const CONFIRM_EVERY_MS = 200;
const UNTOLD = 'the target is neither as it was nor as wanted; somebody else may have changed it';

/** Runs inside one engine step. @throws BELAY_AUDIT_UNAVAILABLE before acting, when the journal cannot be written. */
export async function performDo(world: DoWorld, request: DoRequest): Promise<DoOutcome> {
  const before = await request.action.observe(request.args);
  const history = await readHistory(world, request.key);
  const shown = { current: before.current, desired: before.desired, checks: [] };
  if (history.finished === 'done' && history.openIntent === null) {
    // The outcome is on disk but its checkpoint was lost. Changed by somebody since: it was done all the same.
    return before.reached ? confirm(world, request, true) : { ...shown, status: 'done', recovered: true };
  }
  if (history.finished === 'unknown' && history.openIntent === null && !before.reached) {
    // An earlier life could not tell either and its answer was lost: never turn that into "nothing happened".
    return { ...shown, status: 'unknown', message: UNTOLD };
  }
  if (history.openIntent !== null || history.finished === 'unknown') {
    if (before.reached) return confirm(world, request, true);
    if (before.fingerprint !== history.openIntent?.expected) {
      await journalOutcome(world, request, before, 'unknown', 'after a restart the target is neither as before nor as wanted');
      return { ...shown, status: 'unknown', message: UNTOLD };
    }
    // Still exactly as it was when the intent was written: nothing happened, so acting (under the same key) is the first act.
  } else if (before.reached) return { ...shown, status: 'noop', recovered: false };
  if (request.expected !== null && before.fingerprint !== request.expected) {
    return { ...shown, status: 'conflict', expected: request.expected, found: before.fingerprint };
  }
  return actNow(world, request, before);
}

async function actNow(world: DoWorld, request: DoRequest, before: Observation): Promise<DoOutcome> {
  const shown = { current: before.current, desired: before.desired, checks: [] };
  const paused = await pausedBy(world);
  if (paused !== null) return { ...shown, status: 'paused', by: paused };
  await world.journal.append(journalLine(world, request, before, 'intent', 'none'));
  // Read last, right before the act: a pause or a lost lease between intent and act stops it.
  const stop = (await pausedBy(world)) ?? ((await world.engine.mayAct()) ? null : 'lease');
  if (stop !== null) {
    await journalOutcome(world, request, before, 'none', `stopped before the act: ${stop}`);
    return stop === 'lease' ? { ...shown, status: 'fenced' } : { ...shown, status: 'paused', by: stop };
  }
  try {
    await request.action.act(request.args, { expected: before.fingerprint, key: request.key, reason: request.reason });
  } catch (error) {
    if (!BelayError.is(error)) throw error;
    if (error.effect === 'none') return refused(world, request, before, error);
    // `unknown` and `done` are settled by looking at the world, below.
  }
  return confirm(world, request, false);
}

async function refused(world: DoWorld, request: DoRequest, before: Observation, error: BelayError): Promise<DoOutcome> {
  await journalOutcome(world, request, before, 'none', `${error.code}: ${error.message}`);
  const shown = { current: before.current, desired: before.desired, checks: [] };
  if (error.code !== 'BELAY_TARGET_CONFLICT') return { ...shown, status: 'failed', effect: 'none', code: error.code, message: error.message };
  const found = await request.action.observe(request.args);
  return { ...shown, current: found.current, status: 'conflict', expected: before.fingerprint, found: found.fingerprint };
}

/** By effect: the world is looked at until it is as wanted and the step's own checks pass, or the time is over. */
async function confirm(world: DoWorld, request: DoRequest, recovered: boolean): Promise<DoOutcome> {
  const until = world.time.monotonicMs() + request.timeoutMs;
  let seen: Observation | null = null;
  let checks: readonly CheckOutcome[] = [];
  for (;;) {
    seen = await observeOrNull(request, seen);
    if (seen?.reached === true) {
      checks = await Promise.all(request.verify.map((check) => runCheck(world, check, request.lookup)));
      if (combine('all', checks) === 'pass') break;
    }
    if (world.time.monotonicMs() >= until) return notConfirmed(world, request, seen, checks);
    await world.time.sleep(CONFIRM_EVERY_MS);
  }
  await journalOutcome(world, request, seen, 'done', recovered ? 'confirmed after a restart' : 'confirmed');
  return { status: 'done', recovered, current: seen.current, desired: seen.desired, checks: checks.map(asJson) };
}

async function notConfirmed(world: DoWorld, request: DoRequest, seen: Observation | null, checks: readonly CheckOutcome[]): Promise<DoOutcome> {
  const shown = { current: seen?.current ?? null, desired: seen?.desired ?? null, checks: checks.map(asJson) };
  if (seen?.reached === true) {
    await journalOutcome(world, request, seen, 'done', 'in place, but its checks do not pass');
    return { ...shown, status: 'failed', effect: 'done', code: 'BELAY_DEPLOY_TIMEOUT', message: 'in place, but its checks do not pass' };
  }
  const history = await readHistory(world, request.key);
  if (seen !== null && seen.fingerprint === history.openIntent?.expected) {
    await journalOutcome(world, request, seen, 'none', 'not in place within the time, and still as before');
    return { ...shown, status: 'failed', effect: 'none', code: 'BELAY_DEPLOY_TIMEOUT', message: 'not in place within the time; it is still as before' };
  }
  await journalOutcome(world, request, seen, 'unknown', 'not confirmed within the time');
  return { ...shown, status: 'unknown', message: 'not confirmed within the time; it cannot be said whether it took effect' };
}

/** An observation that fails while confirming is "not yet seen": the time-out decides. */
async function observeOrNull(request: DoRequest, last: Observation | null): Promise<Observation | null> {
  try {
    return await request.action.observe(request.args);
  } catch (error) {
    if (BelayError.is(error)) return last?.reached === true ? null : last;
    throw error;
  }
}

async function pausedBy(world: DoWorld): Promise<string | null> {
  const state = await world.pause.read();
  return state.paused ? (state.by[0]?.who ?? 'somebody') : null;
}

interface History {
  readonly openIntent: { readonly expected: string } | null;
  readonly finished: Effect | null;
}

async function readHistory(world: DoWorld, key: string): Promise<History> {
  let openIntent: History['openIntent'] = null;
  let finished: Effect | null = null;
  for (const line of await world.journal.ofKey(key)) {
    if (line.kind === 'intent') openIntent = { expected: line.expected };
    if (line.kind === 'outcome') {
      openIntent = null;
      finished = line.effect;
    }
  }
  return { openIntent, finished };
}

async function journalOutcome(world: DoWorld, request: DoRequest, seen: Observation | null, effect: Effect, note: string): Promise<void> {
  try {
    await world.journal.append({ ...journalLine(world, request, seen, 'outcome', effect), note });
  } catch (error) {
    // The act may have happened and its outcome could not be written: whoever reads this must look at the world first.
    throw new BelayError('BELAY_AUDIT_UNAVAILABLE', `${request.step}: the outcome could not be written to the journal`, { effect: 'unknown', cause: error });
  }
}

function journalLine(world: DoWorld, request: DoRequest, seen: Observation | null, kind: 'intent' | 'outcome', effect: Effect): JournalDraft {
  return {
    kind,
    at: world.time.now(),
    run: request.run,
    incident: request.incident,
    step: request.step,
    attempt: request.attempt,
    key: request.key,
    target: request.action.target(request.args),
    expected: seen?.fingerprint ?? '',
    desired: seen?.desired ?? null,
    effect,
    actor: request.actor,
  };
}

function asJson(outcome: CheckOutcome): JsonObject {
  return { ...outcome };
}
