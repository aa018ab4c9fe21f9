// `do`: performs the planned action under the step protocol, opens its contingency, and asks people about what nobody can vouch for.
import { assert } from '../../domain/assert.ts';
import type { EventDraft } from '../../domain/event.ts';
import type { DoStep } from '../../domain/ir.ts';
import type { Instant, Json, JsonObject } from '../../domain/json.ts';
import type { PlanStep } from '../../domain/plan.ts';
import type { DoOutcome } from '../do.ts';
import { askHow, failed } from '../fail.ts';
import { waitUntilQuiet } from '../in-flight.ts';
import { withNumber } from '../incident-number.ts';
import { performStepDo } from '../perform.ts';
import { askWithNewPlan, plannedStep } from '../planned.ts';
import { recheckGuards } from '../recheck.ts';
import type { Next, Visit } from '../run.ts';
import { append, BELAY, finish, NEXT, partName } from '../run.ts';
import { doneUnder, heldAround } from '../take-locks.ts';
import { unwind } from '../unwind.ts';

const DEFAULT_TIMEOUT_MS = 60_000;

export async function runDo(visit: Visit<DoStep>): Promise<Next> {
  if (visit.step.do === 'belay.undo') return runUndo(visit);
  const planned = withNumber(visit.step, plannedStep(visit), visit.run);
  // What the plan could not know nobody has approved: it is planned again and asked, never resolved on the way.
  if (planned.effect === 'unknown' || planned.args === undefined)
    return askWithNewPlan(visit, 'the plan could not know what this step would do');
  const stuck = await waitUntilQuiet(visit, planned);
  if (stuck !== null) {
    await finish(visit, 'failed', { status: 'failed', effect: 'none', message: stuck });
    return failed(visit, stuck);
  }
  for (let round = 1; ; round += 1) {
    const refused = await recheckGuards(visit, round);
    if (refused !== null) return refused;
    const outcome = await performStepDo(visit, {
      part: round === 1 ? 'act' : `act-again${round}-`,
      call: { do: visit.step.do, with: planned.args },
      expected: planned.expected ?? leftBehind(visit, planned),
      ...(planned.key === undefined ? {} : { targetKey: planned.key }),
      ...(planned.onItsWay === undefined ? {} : { inFlight: { ...planned.onItsWay, live: planned.current ?? null } }),
      ...(planned.builds === undefined ? {} : { builds: planned.builds }),
      verify: visit.step.verify,
      timeoutMs: visit.step.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    });
    if (outcome.status !== 'paused') return settle(visit, planned, outcome);
  }
}

async function settle(visit: Visit<DoStep>, planned: PlanStep, outcome: DoOutcome): Promise<Next> {
  switch (outcome.status) {
    case 'done':
    case 'noop':
      return succeeded(visit, planned, outcome);
    case 'conflict':
      await finish(visit, 'failed', detailOf(outcome));
      // Somebody moved the target since it was planned. Never act on it alone.
      return askWithNewPlan(visit, 'somebody changed the target since it was planned');
    case 'unknown':
      remember(visit, planned, null);
      await finish(
        visit,
        'unknown',
        detailOf(outcome),
        (_incident, at) => contingencyOf(visit, { planned, at, fingerprint: null }),
        (at) => timerOf(visit.step, at),
      );
      return askHow(visit, outcome.message);
    case 'failed':
      if (outcome.effect === 'done') remember(visit, planned, outcome.fingerprint ?? null);
      await finish(
        visit,
        'failed',
        detailOf(outcome),
        (_incident, at) =>
          outcome.effect === 'done' ? contingencyOf(visit, { planned, at, fingerprint: outcome.fingerprint ?? null }) : [],
        (at) => (outcome.effect === 'done' ? timerOf(visit.step, at) : {}),
      );
      return failed(visit, outcome.message);
    case 'paused':
    case 'fenced':
      return assert(false, `a performance never ends ${outcome.status}`) as never;
  }
}

/** Where an earlier step of this run moved the same target, the plan could not know its fingerprint: what that step left is expected. */
function leftBehind(visit: Visit<DoStep>, planned: PlanStep): string | null {
  const target = targetOf(visit, planned);
  return visit.run.course.completed.findLast((one) => one.target === target)?.fingerprint ?? null;
}

function targetOf(visit: Visit<DoStep>, planned: PlanStep): string {
  const action = visit.run.world.actions[visit.step.do];
  return action === undefined || planned.args === undefined ? visit.step.id : action.target(planned.args);
}

async function succeeded(visit: Visit<DoStep>, planned: PlanStep, outcome: DoOutcome & { status: 'done' | 'noop' }): Promise<Next> {
  const { step } = visit;
  // A noop did not change anything, so there is nothing of ours to take back: somebody else put it there.
  const acted = outcome.status === 'done';
  await finish(
    visit,
    outcome.status,
    detailOf(outcome),
    (_incident, at) => (acted ? contingencyOf(visit, { planned, at, fingerprint: outcome.fingerprint }) : []),
    (at) => (acted ? timerOf(step, at) : {}),
  );
  if (acted) remember(visit, planned, outcome.fingerprint);
  return NEXT;
}

function remember(visit: Visit<DoStep>, planned: PlanStep, fingerprint: string | null): void {
  const { run, step } = visit;
  const target = targetOf(visit, planned);
  run.rechecked = true;
  const { completed, left } = run.course;
  if (planned.current !== undefined && planned.effect === 'change') left.push({ target, value: planned.current });
  const earlier = completed.findIndex((one) => one.step === step.id);
  if (earlier >= 0) completed.splice(earlier, 1);
  const undo = planned.undo === undefined ? null : { do: planned.undo.action, with: planned.undo.args };
  completed.push({ step: step.id, target, call: { do: step.do, with: planned.args ?? {} }, undo, fingerprint, ...doneUnder(run) });
}

interface Opening {
  readonly planned: PlanStep;
  readonly at: Instant;
  /** Of the target, with the measure in place; null: nobody could see. */
  readonly fingerprint: string | null;
}

function contingencyOf(visit: Visit<DoStep>, { planned, at, fingerprint }: Opening): EventDraft[] {
  const { run, step } = visit;
  if (step.contingency === undefined) return [];
  const scope = (typeof run.inputs['org'] === 'string' ? run.inputs['org'] : null) ?? String(planned.args?.['target'] ?? 'all');
  const { owner, expiresMs, atExpiry } = step.contingency;
  const undo = planned.undo === undefined ? undefined : { do: planned.undo.action, with: planned.undo.args };
  const data = {
    ...{ step: step.id, action: step.do, scope, owner, expiresAt: at + expiresMs },
    ...(undo === undefined
      ? {}
      : { undo, call: { do: step.do, with: planned.args ?? {} }, target: targetOf(visit, planned), fingerprint, ...heldAround(run) }),
    ...(atExpiry === undefined ? {} : { atExpiry }),
  };
  return [{ type: 'contingency.opened', data, at, actor: BELAY }];
}

function timerOf(step: DoStep, at: Instant) {
  if (step.contingency === undefined) return {};
  return {
    setTimers: [
      {
        id: `contingency:${step.id}`,
        at: at + step.contingency.expiresMs,
        kind: 'contingency' as const,
        data: { step: step.id, owner: step.contingency.owner },
      },
    ],
  };
}

function detailOf(outcome: DoOutcome): JsonObject {
  return outcome as unknown as JsonObject;
}

async function runUndo(visit: Visit<DoStep>): Promise<Next> {
  const steps = visit.step.with['steps'] as Json;
  assert(Array.isArray(steps), `${visit.step.id}: belay.undo needs a list of steps`);
  const said = await unwind(visit, steps.map(String));
  const left = visit.run.course.completed.filter((one) => steps.includes(one.step));
  await append(visit.run, partName(visit, 'said'), (at) => ({
    events: [{ type: 'note.added', data: { by: 'belay', text: said, lang: 'en' }, at, actor: BELAY }],
  }));
  await finish(visit, left.length === 0 ? 'done' : 'failed', { steps, left: left.map((one) => one.step), said });
  return left.length === 0 ? NEXT : askHow(visit, said);
}
