// `do`: performs the planned action under the step protocol, opens its contingency, and asks people about what nobody can vouch for.
import { assert } from '../../domain/assert.ts';
import type { EventDraft } from '../../domain/event.ts';
import type { DoStep } from '../../domain/ir.ts';
import type { Instant, Json, JsonObject } from '../../domain/json.ts';
import type { PlanStep } from '../../domain/plan.ts';
import { askApproval } from '../approval.ts';
import type { DoOutcome } from '../do.ts';
import { askHow, failed } from '../fail.ts';
import { performStepDo } from '../perform.ts';
import type { Next, Visit } from '../run.ts';
import { append, BELAY, finish, NEXT, partName } from '../run.ts';
import { recheckGuards } from '../recheck.ts';
import { replan } from '../replan.ts';
import { unwind } from '../unwind.ts';

const DEFAULT_TIMEOUT_MS = 60_000;

export async function runDo(visit: Visit<DoStep>): Promise<Next> {
  if (visit.step.do === 'belay.undo') return runUndo(visit);
  const planned = plannedStep(visit);
  const refused = await recheckGuards(visit);
  if (refused !== null) return refused;
  const outcome = await performStepDo(visit, {
    part: 'act',
    call: { do: visit.step.do, with: planned.args ?? visit.step.with },
    expected: planned.expected ?? null,
    verify: visit.step.verify,
    timeoutMs: visit.step.timeoutMs ?? DEFAULT_TIMEOUT_MS,
  });
  switch (outcome.status) {
    case 'done':
    case 'noop':
      return succeeded(visit, planned, outcome);
    case 'conflict':
      return conflict(visit, outcome);
    case 'unknown':
      await finish(visit, 'unknown', detailOf(outcome));
      return askHow(visit, outcome.message);
    case 'failed':
      await finish(visit, 'failed', detailOf(outcome));
      if (outcome.effect === 'done') remember(visit, planned);
      return failed(visit, outcome.message);
    case 'paused':
    case 'fenced':
      return assertNever(outcome.status);
  }
}

function assertNever(status: string): never {
  assert(false, `a performance never ends ${status}`);
}

function plannedStep(visit: Visit<DoStep>): PlanStep {
  const planned = visit.run.plan.steps.find((one) => one.id === visit.step.id);
  assert(planned !== undefined, `${visit.step.id} is not in the plan`);
  return planned;
}

async function succeeded(visit: Visit<DoStep>, planned: PlanStep, outcome: DoOutcome & { status: 'done' | 'noop' }): Promise<Next> {
  const { step } = visit;
  // A noop did not change anything, so there is nothing of ours to take back: the organization may have asked for it long ago.
  const acted = outcome.status === 'done';
  await finish(visit, outcome.status, detailOf(outcome), (_incident, at) => (acted ? contingencyOf(visit, planned, at) : []), (at) => (acted ? timerOf(step, at) : {}));
  if (acted) remember(visit, planned);
  return NEXT;
}

function remember(visit: Visit<DoStep>, planned: PlanStep): void {
  const undo = planned.undo === undefined ? null : { do: planned.undo.action, with: planned.undo.args };
  visit.run.completed.push({ step: visit.step.id, undo });
}

function contingencyOf({ run, step }: Visit<DoStep>, planned: PlanStep, at: Instant): EventDraft[] {
  if (step.contingency === undefined) return [];
  const scope = run.plan.org ?? String(planned.args?.['target'] ?? 'all');
  const data = { step: step.id, action: step.do, scope, owner: step.contingency.owner, expiresAt: at + step.contingency.expiresMs };
  return [{ type: 'contingency.opened', data, at, actor: BELAY }];
}

function timerOf(step: DoStep, at: Instant) {
  if (step.contingency === undefined) return {};
  return {
    setTimers: [
      { id: `contingency:${step.id}`, at: at + step.contingency.expiresMs, kind: 'contingency' as const, data: { step: step.id, owner: step.contingency.owner } },
    ],
  };
}

/** Somebody moved the target since it was planned. Never act on it alone: plan again and ask. */
async function conflict(visit: Visit<DoStep>, outcome: DoOutcome & { status: 'conflict' }): Promise<Next> {
  await finish(visit, 'failed', detailOf(outcome));
  const plan = await replan(visit);
  const granted = await askApproval(visit, plan, { from: [visit.step.who ?? 'commander'], min: 1, fourEyes: false, timeoutMs: null, onTimeout: 'escalate' });
  if (!granted) return { to: 'stop', reason: `${visit.step.id}: the target changed and the new plan was not approved` };
  visit.run.plan = plan;
  return { to: 'goto', step: visit.step.id };
}

function detailOf(outcome: DoOutcome): JsonObject {
  return outcome as unknown as JsonObject;
}

async function runUndo(visit: Visit<DoStep>): Promise<Next> {
  const steps = visit.step.with['steps'] as Json;
  assert(Array.isArray(steps), `${visit.step.id}: belay.undo needs a list of steps`);
  const said = await unwind(visit, steps.map(String));
  const left = visit.run.completed.filter((one) => steps.includes(one.step));
  await append(visit.run, partName(visit, 'said'), (at) => ({ events: [{ type: 'note.added', data: { by: 'belay', text: said, lang: 'en' }, at, actor: BELAY }] }));
  await finish(visit, left.length === 0 ? 'done' : 'failed', { steps, left: left.map((one) => one.step), said });
  return left.length === 0 ? NEXT : askHow(visit, said);
}
