// The protocol of `do`: observe, compare, journal the intent, act toward an explicit target, confirm by effect, journal the outcome.
// It is safe to run again after a kill at any point: what the journal says is observed before anything is repeated.

import type { Effect } from '../domain/errors.ts';
import { BelayError } from '../domain/errors.ts';
import type { Check } from '../domain/ir.ts';
import type { JournalDraft } from '../domain/journal.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import type { Moot } from '../domain/plan.ts';
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
  /** What the target is told instead of it. */
  readonly targetKey?: string;
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
  /** Of the intent in the journal. */
  readonly note?: string;
  /** It takes back what the same run did. */
  readonly isUndo?: true;
  /** Why it may not be done now, asked right before the act; null: it may. */
  readonly forbidden?: () => Promise<string | null>;
  /** Keys of earlier visits of the same step: what they may have done counts as ours. */
  readonly earlier: readonly string[];
}

export type DoOutcome = {
  readonly current: Json;
  readonly desired: Json;
  readonly checks: readonly JsonObject[];
  /** What was on its way there and was stopped first. */
  readonly aborted?: string;
} /** `fingerprint`: what the target looks like with our change in place; an undo compares against it. */ & (
  | { readonly status: 'done' | 'noop'; readonly recovered: boolean; readonly fingerprint: string; readonly moot?: Moot }
  | { readonly status: 'conflict'; readonly expected: string; readonly found: string }
  | { readonly status: 'paused'; readonly by: string }
  | { readonly status: 'fenced' }
  | { readonly status: 'failed'; readonly effect: Effect; readonly code: string; readonly message: string; readonly fingerprint?: string }
  | { readonly status: 'unknown'; readonly message: string }
);

type DoWorld = Pick<World, 'journal' | 'pause' | 'engine' | 'time' | 'probes' | 'expression'>;

const CONFIRM_EVERY_MS = 200;
/** What must not be done twice, of a target that would. */
const isOnce = ({ action: { spec } }: DoRequest): boolean => spec.effect === 'once' && spec.honoursKey !== true;
const ONCE = 'Belay was stopped in the middle of it, and it must not be done twice';
const UNTOLD = 'the target is neither as it was nor as wanted; somebody else may have changed it';

/** Runs inside one engine step. @throws BELAY_AUDIT_UNAVAILABLE before acting, when the journal cannot be written. */
export async function performDo(world: DoWorld, request: DoRequest): Promise<DoOutcome> {
  const history = await readHistory(world, [request.key]);
  const before = await within(world, request, 'none', request.action.observe(request.args, sinceOf(history.openIntent)));
  const shown = { current: before.current, desired: before.desired, checks: [] };
  if (before.reached) {
    // In place. Ours if we ever set out to do it, even when an earlier look said "not done": effects may land late.
    const ours = history.attempted || (await readHistory(world, request.earlier)).unsettled;
    return ours
      ? confirm(world, request, { recovered: true, unsure: false, ...sinceOf(history.openIntent) })
      : {
          ...shown,
          status: 'noop',
          recovered: false,
          fingerprint: before.fingerprint,
          ...(before.moot === undefined ? {} : { moot: before.moot }),
        };
  }
  // The outcome is on disk but its checkpoint was lost, and somebody changed the target since: it was done all the same.
  if (history.openIntent === null && history.finished === 'done')
    return { ...shown, status: 'done', recovered: true, fingerprint: before.fingerprint };
  // An earlier life could not tell either and its answer was lost: never turn that into "nothing happened".
  if (history.openIntent === null && history.finished === 'unknown') return { ...shown, status: 'unknown', message: UNTOLD };
  if (history.openIntent !== null && before.fingerprint !== history.openIntent.expected) {
    await journalOutcome(world, request, before, 'unknown', 'after a restart the target is neither as before nor as wanted');
    return { ...shown, status: 'unknown', message: UNTOLD };
  }
  if (history.openIntent !== null && isOnce(request)) {
    await journalOutcome(world, request, before, 'unknown', 'after a restart nobody can tell whether it was done');
    return { ...shown, status: 'unknown', message: ONCE };
  }
  // With an open intent the target is exactly as it was then: nothing happened, so acting (under the same key) is the first act.
  if (request.expected !== null && before.fingerprint !== request.expected) {
    return { ...shown, status: 'conflict', expected: request.expected, found: before.fingerprint };
  }
  return actNow(world, request, before);
}

async function actNow(world: DoWorld, request: DoRequest, before: Observation): Promise<DoOutcome> {
  const shown = { current: before.current, desired: before.desired, checks: [] };
  const early = await stoppedNow(world);
  if (early !== null) return { ...shown, ...early };
  const forbidden = (await request.forbidden?.()) ?? null;
  if (forbidden !== null) return { ...shown, status: 'failed', effect: 'none', code: 'BELAY_GUARD_REFUSED', message: forbidden };
  const intent = journalLine(world, request, before, 'intent', 'none');
  await world.journal.append(request.note === undefined ? intent : { ...intent, note: request.note });
  // Read last, right before the act: a pause or a lost lease between intent and act stops it.
  const late = await stoppedNow(world);
  if (late !== null) {
    await journalOutcome(world, request, before, 'none', `stopped before the act: ${late.status}`);
    return { ...shown, ...late };
  }
  let [unsure, said]: [boolean, string | undefined] = [false, undefined];
  try {
    await within(
      world,
      request,
      'unknown',
      request.action.act(request.args, {
        ...{ expected: before.fingerprint, key: request.targetKey ?? request.key, reason: request.reason },
        ...(request.isUndo === true ? { isUndo: true } : {}),
      }),
    );
  } catch (error) {
    if (!BelayError.is(error)) throw error;
    if (error.effect === 'none') return refused(world, request, before, error);
    // `unknown` and `done` are settled by looking at the world, below.
    [unsure, said] = [error.effect === 'unknown', error.message];
  }
  return confirm(world, request, {
    recovered: false,
    unsure,
    ...(said === undefined ? {} : { said }),
    ...(before.mark === undefined ? {} : { since: before.mark }),
  });
}

const sinceOf = (intent: Intent | null): { readonly since?: string } => (intent?.mark === undefined ? {} : { since: intent.mark });

/** Nothing has happened, as far as can be seen. */
const isAsBefore = (seen: Observation, intent: Intent | null): boolean =>
  intent !== null && seen.fingerprint === intent.expected && seen.mark === intent.mark;

type Stopped = { readonly status: 'paused'; readonly by: string } | { readonly status: 'fenced' };

/** Why nothing may be begun now. Asked right before each act. */
export async function stoppedNow(world: Pick<World, 'pause' | 'engine'>): Promise<Stopped | null> {
  const state = await world.pause.read();
  if (state.paused) return { status: 'paused', by: state.by[0]?.who ?? 'somebody' };
  return (await world.engine.mayAct()) ? null : { status: 'fenced' };
}

/** A target that never answers must not hold the run: after the time-out its effect is what it may have been. */
async function within<T>(world: DoWorld, request: DoRequest, effect: Effect, work: Promise<T>): Promise<T> {
  const over = Symbol('over');
  const alarm = new AbortController();
  // An answer after the time-out is nobody's any more; the world is looked at instead.
  work.catch(() => undefined);
  try {
    const result = await Promise.race([work, world.time.sleep(request.timeoutMs, alarm.signal).then(() => over)]);
    if (result !== over) return result as T;
  } finally {
    alarm.abort();
  }
  throw new BelayError('BELAY_TIMEOUT', `${request.action.target(request.args)} did not answer within ${request.timeoutMs} ms`, { effect });
}

async function refused(world: DoWorld, request: DoRequest, before: Observation, error: BelayError): Promise<DoOutcome> {
  await journalOutcome(world, request, before, 'none', `${error.code}: ${error.message}`);
  const shown = { current: before.current, desired: before.desired, checks: [] };
  if (error.code !== 'BELAY_TARGET_CONFLICT')
    return { ...shown, status: 'failed', effect: 'none', code: error.code, message: error.message };
  const found = await request.action.observe(request.args);
  return { ...shown, current: found.current, status: 'conflict', expected: before.fingerprint, found: found.fingerprint };
}

interface Confirming {
  readonly recovered: boolean;
  /** The act may still land: "as before" does not mean "not done". */
  readonly unsure: boolean;
  /** What the act said when it failed. */
  readonly said?: string;
  /** The mark of before the act, where the action gives one. */
  readonly since?: string;
}

/** By effect: the world is looked at until it is as wanted and the step's own checks pass, or the time is over. */
async function confirm(world: DoWorld, request: DoRequest, how: Confirming): Promise<DoOutcome> {
  const until = world.time.monotonicMs() + request.timeoutMs;
  let seen: Observation | null = null;
  let checks: readonly CheckOutcome[] = [];
  for (;;) {
    seen = await observeOrNull(world, request, { last: seen, ...(how.since === undefined ? {} : { since: how.since }) });
    if (seen?.reached === true) {
      checks = await Promise.all(request.verify.map((check) => runCheck(world, check, request.lookup)));
      // A step without checks of its own is done when it is reached.
      if (checks.length === 0 || combine('all', checks) === 'pass') break;
    }
    if (seen?.gaveUp !== undefined && !seen.reached && !isAsBefore(seen, (await readHistory(world, [request.key])).openIntent))
      return givenUp(world, request, seen, seen.gaveUp);
    if (world.time.monotonicMs() >= until) return notConfirmed(world, request, { ...how, seen, checks });
    await world.time.sleep(CONFIRM_EVERY_MS);
  }
  await journalOutcome(world, request, seen, 'done', how.recovered ? 'confirmed after a restart' : 'confirmed');
  return {
    status: 'done',
    recovered: how.recovered,
    current: seen.current,
    desired: seen.desired,
    checks: checks.map(asJson),
    fingerprint: seen.fingerprint,
  };
}

/** What the target did instead is its own affair: people look at it. */
async function givenUp(world: DoWorld, request: DoRequest, seen: Observation, why: string): Promise<DoOutcome> {
  await journalOutcome(world, request, seen, 'unknown', `the target gave up: ${why}`);
  return { current: seen.current, desired: seen.desired, checks: [], status: 'unknown', message: `the target gave up: ${why}` };
}

interface LastLook {
  readonly seen: Observation | null;
  readonly checks: readonly CheckOutcome[];
  readonly unsure: boolean;
  readonly said?: string;
}

async function notConfirmed(world: DoWorld, request: DoRequest, { seen, checks, unsure, said }: LastLook): Promise<DoOutcome> {
  const shown = { current: seen?.current ?? null, desired: seen?.desired ?? null, checks: checks.map(asJson) };
  if (seen?.reached === true) {
    await journalOutcome(world, request, seen, 'done', 'in place, but its checks do not pass');
    return {
      ...shown,
      status: 'failed',
      effect: 'done',
      code: 'BELAY_DEPLOY_TIMEOUT',
      message: 'in place, but its checks do not pass',
      fingerprint: seen.fingerprint,
    };
  }
  const history = await readHistory(world, [request.key]);
  if (!unsure && !isOnce(request) && seen !== null && isAsBefore(seen, history.openIntent)) {
    await journalOutcome(world, request, seen, 'none', 'not in place within the time, and still as before');
    return {
      ...shown,
      status: 'failed',
      effect: 'none',
      code: 'BELAY_DEPLOY_TIMEOUT',
      message: 'not in place within the time; it is still as before',
    };
  }
  const words = said === undefined ? '' : `: ${said}`;
  await journalOutcome(world, request, seen, 'unknown', `not confirmed within the time${words}`);
  return { ...shown, status: 'unknown', message: `not confirmed within the time; it cannot be said whether it took effect${words}` };
}

/** An observation that fails while confirming is "not yet seen": the time-out decides. */
async function observeOrNull(
  world: DoWorld,
  request: DoRequest,
  { last, since }: { readonly last: Observation | null; readonly since?: string },
): Promise<Observation | null> {
  try {
    return await within(world, request, 'none', request.action.observe(request.args, since === undefined ? {} : { since }));
  } catch (error) {
    if (BelayError.is(error)) return last?.reached === true ? null : last;
    throw error;
  }
}

interface Intent {
  readonly expected: string;
  readonly mark?: string;
}

interface History {
  readonly openIntent: Intent | null;
  /** The last outcome. */
  readonly finished: Effect | null;
  /** An intent was ever written. */
  readonly attempted: boolean;
  /** An intent was written and it did not end as done. */
  readonly unsettled: boolean;
}

async function readHistory(world: DoWorld, keys: readonly string[]): Promise<History> {
  let openIntent: History['openIntent'] = null;
  let finished: Effect | null = null;
  let attempted = false;
  for (const line of (await Promise.all(keys.map((key) => world.journal.ofKey(key)))).flat()) {
    if (line.kind === 'intent') {
      openIntent = { expected: line.expected, ...(line.mark === undefined ? {} : { mark: line.mark }) };
      attempted = true;
    }
    if (line.kind === 'outcome') {
      openIntent = null;
      finished = line.effect;
    }
  }
  return { openIntent, finished, attempted, unsettled: attempted && finished !== 'done' };
}

async function journalOutcome(world: DoWorld, request: DoRequest, seen: Observation | null, effect: Effect, note: string): Promise<void> {
  try {
    await world.journal.append({ ...journalLine(world, request, seen, 'outcome', effect), note });
  } catch (error) {
    // The act may have happened and its outcome could not be written: whoever reads this must look at the world first.
    throw new BelayError('BELAY_AUDIT_UNAVAILABLE', `${request.step}: the outcome could not be written to the journal`, {
      effect: 'unknown',
      cause: error,
    });
  }
}

function journalLine(
  world: DoWorld,
  request: DoRequest,
  seen: Observation | null,
  kind: 'intent' | 'outcome',
  effect: Effect,
): JournalDraft {
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
    ...(kind === 'intent' && seen?.mark !== undefined ? { mark: seen.mark } : {}),
    desired: seen?.desired ?? null,
    effect,
    actor: request.actor,
  };
}

function asJson(outcome: CheckOutcome): JsonObject {
  return { ...outcome };
}
