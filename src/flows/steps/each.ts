// `each`: another runbook for many organizations, in batches that grow. Before the next batch it stops when more failed than the step bears, or
// the gate does not pass; a number of organizations above `cap` wants an approval of its own.
import { assert } from '../../domain/assert.ts';
import type { EachState, PlannedEach } from '../../domain/fan-out.ts';
import { eachDetail, isHalted, totalOf } from '../../domain/fan-out.ts';
import type { EachStep } from '../../domain/ir.ts';
import type { PlanStep } from '../../domain/plan.ts';
import { approvalNeeds, askApproval } from '../approval.ts';
import type { Lost } from '../each/lanes.ts';
import { runBatch } from '../each/lanes.ts';
import { asJson } from '../each/record.ts';
import { failed } from '../fail.ts';
import { askWithNewPlan } from '../planned.ts';
import { recheckGuards } from '../recheck.ts';
import type { Next, Run, Visit } from '../run.ts';
import { append, BELAY, finish, NEXT, partName, readIncident } from '../run.ts';
import { doneUnder } from '../take-locks.ts';

/** Runs a step of the same runbook out of its turn: the gate. */
export type VisitAgain = (run: Run, step: string) => Promise<Next>;

const FIRST_NAMES = 3;

export async function runEach(visit: Visit<EachStep>, visitAgain: VisitAgain): Promise<Next> {
  const { run } = visit;
  const { each, effect } = plannedStep(visit);
  if (each === undefined || effect === 'unknown') return askWithNewPlan(visit, 'the plan could not know which organizations this is about');
  if (each.orgs.length === 0) {
    await finish(visit, 'noop', { orgs: 0 });
    return NEXT;
  }
  const refused = await recheckGuards(visit, 1);
  if (refused !== null) return refused;
  run.rechecked = true;
  await begin(visit, each);
  const problem = await throughBatches(visit, each, visitAgain);
  const state = await stateOf(visit, 'ended');
  const counts = totalOf(state.lanes);
  const { reason, lost } =
    typeof problem === 'string' ? { reason: problem, lost: [] } : { reason: problem?.why, lost: problem?.orgs ?? [] };
  // One that failed may have changed something before it did, and so may a lane that broke off.
  if (counts.done + counts.failed + lost.length > 0) remember(visit, lost);
  if (reason !== undefined) return halted(visit, { reason, state, lost });
  await finish(visit, counts.done > 0 ? 'done' : 'noop', eachDetail(state));
  return NEXT;
}

function plannedStep({ run, step }: Visit<EachStep>): PlanStep {
  const planned = run.course.plan.steps.find((one) => one.id === step.id);
  assert(planned !== undefined, `${step.id} is not in the plan`);
  return planned;
}

function begin(visit: Visit<EachStep>, each: PlannedEach): Promise<void> {
  const { run, step, number } = visit;
  const data = {
    step: step.id,
    attempt: number,
    total: each.orgs.length,
    first: each.orgs.slice(0, FIRST_NAMES),
    batches: each.batches,
    maxFailures: each.maxFailures,
  };
  return append(run, partName(visit, 'began'), (at) => ({ events: [{ type: 'each.began', data, at, actor: BELAY }] }));
}

/** Null when all organizations have had their turn. */
async function throughBatches(visit: Visit<EachStep>, each: PlannedEach, visitAgain: VisitAgain): Promise<string | Lost | null> {
  for (const [index, end] of each.batches.entries()) {
    const from = each.batches[index - 1] ?? 0;
    const batch = index + 1;
    const refused = await crossesCap(visit, each, { from, end });
    if (refused !== null) return refused;
    await append(visit.run, partName(visit, `batch${batch}`), (at) => ({
      events: [{ type: 'each.batch', data: { step: visit.step.id, batch, orgs: end - from }, at, actor: BELAY }],
    }));
    const lost = await runBatch(visit, { batch, orgs: each.orgs.slice(from, end) });
    if (lost !== null) return lost;
    const state = await stateOf(visit, `after${batch}`);
    if (isHalted(state)) return whyHalted(state);
    const closed = batch < each.batches.length ? await gateClosed(visit, visitAgain, batch) : null;
    if (closed !== null) return closed;
  }
  return null;
}

function whyHalted(state: EachState): string {
  const { failed: count } = totalOf(state.lanes);
  const [first] = state.failures;
  return state.halted?.reason ?? `${count} failed, ${state.maxFailures} may; ${first === undefined ? '' : `${first.org}: ${first.reason}`}`;
}

/** Asked once, before the first batch that touches more organizations than `cap`. */
async function crossesCap(
  visit: Visit<EachStep>,
  each: PlannedEach,
  { from, end }: { readonly from: number; readonly end: number },
): Promise<string | null> {
  const { run } = visit;
  if (each.cap === undefined || end <= each.cap || from > each.cap) return null;
  const granted = await askApproval(visit, 'cap-approval', run.course.plan, approvalNeeds(run, run.course.plan));
  return granted ? null : `more than ${each.cap} organizations were not approved`;
}

/** A gate that asks people and is told to go on has not passed. */
async function gateClosed(visit: Visit<EachStep>, visitAgain: VisitAgain, batch: number): Promise<string | null> {
  const { run, step } = visit;
  if (step.gate === undefined) return null;
  const next = await visitAgain(run, step.gate);
  const status = (await run.context.step(partName(visit, `gate${batch}`), async () => {
    return (await readIncident(run)).steps[step.gate ?? '']?.status ?? null;
  })) as string | null;
  if (next.to === 'next' && status === 'done') return null;
  return `the gate ${step.gate} did not pass${next.to === 'stop' ? `: ${next.reason}` : ''}`;
}

async function stateOf(visit: Visit<EachStep>, part: string): Promise<EachState> {
  const { run, step } = visit;
  return (await run.context.step(partName(visit, part), async () => {
    const state = (await readIncident(run)).each?.[step.id];
    assert(state !== undefined, `${step.id} has not begun`);
    return asJson(state);
  })) as unknown as EachState;
}

/** What was lost in an earlier attempt stays lost: trying again finds it in place, and does not know who put it there. */
function remember({ run, step }: Visit<EachStep>, lostNow: readonly string[]): void {
  const { completed } = run.course;
  const earlier = completed.findIndex((one) => one.step === step.id);
  const lost = [...new Set([...(completed[earlier]?.lost ?? []), ...lostNow])];
  if (earlier >= 0) completed.splice(earlier, 1);
  completed.push({
    step: step.id,
    target: `each:${step.id}`,
    call: { do: 'each', with: {} },
    undo: null,
    fingerprint: null,
    isEach: true,
    ...(lost.length === 0 ? {} : { lost }),
    ...doneUnder(run),
  });
}

interface Halt {
  readonly reason: string;
  readonly state: EachState;
  readonly lost: readonly string[];
}

async function halted(visit: Visit<EachStep>, { reason, state, lost }: Halt): Promise<Next> {
  const { run, step } = visit;
  const data = { step: step.id, batch: state.batch, reason, by: 'belay', ...(lost.length === 0 ? {} : { lost }) };
  await append(run, partName(visit, 'halted'), (at) => ({
    events: [{ type: 'each.halted', data, at, actor: BELAY }],
  }));
  await finish(visit, 'failed', { ...eachDetail({ ...state, halted: { reason, by: 'belay' } }), message: reason });
  return failed(visit, reason);
}
