// Rule R11: a rollback does not race a deploy that is on its way. What the plan says of it is done first: it is stopped, as an act of its own
// with its own intent and outcome, or waited for. Only what the plan names is stopped: anything else is a change that nobody has approved.
import { BelayError } from '../domain/errors.ts';
import type { DoStep } from '../domain/ir.ts';
import type { Json } from '../domain/json.ts';
import type { OnItsWay, PlanStep } from '../domain/plan.ts';
import type { DoOutcome, DoRequest } from './do.ts';
import { performDo } from './do.ts';
import { append, BELAY, partName, type Visit } from './run.ts';
import type { World } from './world.ts';

/** `live`: what the plan says is live meanwhile. */
export interface InFlight extends OnItsWay {
  readonly live: Json;
}

type ActWorld = Parameters<typeof performDo>[0] & Pick<World, 'actions'>;

/** How long a deploy is waited for that can neither be stopped nor overtaken. */
export const QUIET_WAIT_MS = 600_000;
const POLL_MS = 5_000;

/** Runs inside one engine step: a repetition finds in the journal what it had done, and looks at the world before it goes on. */
export async function afterAbort(world: ActWorld, request: DoRequest, planned: InFlight | null): Promise<DoOutcome> {
  const { action } = request;
  const stopper = world.actions['deploy.abort'];
  if (action.onItsWay === undefined || stopper === undefined) return performDo(world, request);
  const key = `${request.key}/abort`;
  const last = (await world.journal.ofKey(key)).at(-1);
  // Of an abort that was confirmed: how it left the target.
  if (last?.kind === 'outcome' && last.effect === 'done') return actAfter(world, request, { planned, left: last.expected });
  // An intent of the abort without its outcome is settled first, whatever is on its way now.
  if (last?.kind !== 'intent') {
    // An intent of the act itself: it is past all of this.
    if (await hasBegun(world, request)) return performDo(world, request);
    const seen = await action.onItsWay(request.args);
    if (seen !== null && request.isUndo === true) return undoBeside(world, request, seen);
    if (seen === null || seen.then === 'overtake') return performDo(world, request);
    if (seen.then === 'wait' || planned?.release !== seen.release) return notPlanned(request);
  }
  const outcome = await performDo(world, {
    ...request,
    ...{ action: stopper, args: { target: request.args['target'] ?? null }, key, earlier: [], verify: [] },
  });
  // It ended by itself a moment ago: what the plan compared with is gone, and the act finds that out.
  if (outcome.status === 'noop') return performDo(world, request);
  if (outcome.status !== 'done') return notStopped(outcome, planned?.release ?? 'a deploy');
  return actAfter(world, request, { planned, left: outcome.fingerprint });
}

export const hasBegun = async ({ journal }: Pick<World, 'journal'>, { key }: DoRequest): Promise<boolean> =>
  (await journal.ofKey(key)).length > 0;

interface Stopped {
  readonly planned: InFlight | null;
  readonly left: string;
}

/** It may have gone live in the moment in which it was stopped: then this is not what was approved any more. */
async function actAfter(world: ActWorld, request: DoRequest, { planned, left }: Stopped): Promise<DoOutcome> {
  const aborted = planned === null ? {} : { aborted: planned.release };
  if (planned !== null && !(await hasBegun(world, request))) {
    const { current, fingerprint } = await request.action.observe(request.args);
    if (current !== planned.live) return { ...conflict(request, current, fingerprint), ...aborted };
  }
  const outcome = await performDo(world, { ...request, expected: left });
  // What was wanted is live already, and what would have replaced it was stopped: that is our doing.
  return { ...outcome, ...(outcome.status === 'noop' ? { status: 'done' as const } : {}), ...aborted } as DoOutcome;
}

const conflict = (request: DoRequest, current: Json, found: string): DoOutcome => ({
  ...{ status: 'conflict', current, desired: request.args['to'] ?? null, checks: [] },
  ...{ expected: request.expected ?? 'what was planned', found },
});

async function notPlanned(request: DoRequest): Promise<DoOutcome> {
  const { current, fingerprint } = await request.action.observe(request.args);
  return conflict(request, current, fingerprint);
}

/** No plan says what becomes of a deploy that an undo meets: where that would have to be stopped or waited for, people do that. */
async function undoBeside(world: ActWorld, request: DoRequest, { release, then }: OnItsWay): Promise<DoOutcome> {
  const outcome = then === 'overtake' ? await performDo(world, request) : await notPlanned(request);
  if (outcome.status !== 'conflict') return outcome;
  const where = request.action.target(request.args);
  const until = `${then === 'abort' ? 'stop it (the step deploy.abort does), or ' : ''}wait until it has ended, and undo again`;
  const message = `${release} is on its way to ${where}, and nobody has approved that an undo acts beside it: ${until}`;
  const { current, desired, checks } = outcome;
  return { current, desired, checks, status: 'failed', effect: 'none', code: 'BELAY_TARGET_CONFLICT', message };
}

function notStopped(outcome: DoOutcome, release: string): DoOutcome {
  if (outcome.status !== 'failed' && outcome.status !== 'unknown') return outcome;
  return { ...outcome, message: `${release} is on its way and could not be stopped, so nothing else was done: ${outcome.message}` };
}

/** Durable. Null: nothing is on its way that must be waited for; else why Belay goes no further. */
export async function waitUntilQuiet(visit: Visit<DoStep>, planned: PlanStep): Promise<string | null> {
  const { onItsWay, args } = planned;
  if (onItsWay?.then !== 'wait' || args === undefined) return null;
  const { run, step } = visit;
  const { context, world } = run;
  const [what, where] = [onItsWay.release, world.actions[step.do]?.target(args) ?? step.id];
  await append(run, partName(visit, 'quiet'), (at) => {
    const text = `${step.id} waits up to ${QUIET_WAIT_MS / 60_000} min until ${what}, which is on its way to ${where}, has ended`;
    return { events: [{ type: 'note.added', data: { by: 'belay', text, lang: 'en' }, at, actor: BELAY }] };
  });
  const until = (await context.now()) + QUIET_WAIT_MS;
  for (let poll = 1; ; poll += 1) {
    const isQuiet = await context.step(partName(visit, `quiet:poll${poll}`), async () => {
      try {
        return (await world.actions[step.do]?.onItsWay?.(args))?.then !== 'wait';
      } catch (error) {
        if (!BelayError.is(error)) throw error;
        return false;
      }
    });
    if (isQuiet === true) return null;
    const now = await context.now();
    if (now >= until)
      return `${what} is still on its way to ${where} after ${QUIET_WAIT_MS / 60_000} min, and would go live over a rollback: end it by the target's own means, then do this step again`;
    await context.sleepUntil(Math.min(until, now + POLL_MS));
  }
}
