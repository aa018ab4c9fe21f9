// One organization's part of a fan-out: its lock, its plan of now, and the steps of its runbook. What goes wrong in it stays in it.
import { BelayError } from '../../domain/errors.ts';
import { isHalted } from '../../domain/fan-out.ts';
import type { EachStep, Runbook } from '../../domain/ir.ts';
import type { JsonObject } from '../../domain/json.ts';
import { renamed } from '../../domain/link-runbooks.ts';
import type { Plan } from '../../domain/plan.ts';
import type { FlowContext } from '../../ports/engine.ts';
import type { Facts } from '../facts.ts';
import { lookupIn } from '../facts.ts';
import { interpret } from '../interpret.ts';
import { planSteps } from '../plan.ts';
import { resolveRefs } from '../refs.ts';
import type { Completed, Course, Run, TakenLock } from '../run.ts';
import { nameWithin } from '../take-locks.ts';
import type { World } from '../world.ts';
import { partInputs, partPrefix } from './plan.ts';
import type { LaneInput, Part } from './record.ts';
import { holderOf } from './record.ts';

export interface Lane {
  readonly context: FlowContext;
  readonly world: World;
  readonly input: LaneInput;
  readonly step: EachStep;
}

/** What an organization's turn begins with. `left`: the fan-out is halted. `held`: another run or part has its lock. */
export type Turn =
  | { readonly kind: 'left' }
  | { readonly kind: 'held'; readonly lock: string }
  | { readonly kind: 'refused'; readonly why: string }
  | { readonly kind: 'go'; readonly plan: PartPlan; readonly lock: string | null; readonly token?: number };

/** Kept for each of thousands: what the lane's own input says already is not in it. */
export type PartPlan = Pick<Plan, 'inputs' | 'steps'>;

/** Inside one engine step: reads, and takes the organization's lock. */
export async function beginTurn(lane: Lane, org: string, facts: Facts): Promise<Turn> {
  const { world, input, step } = lane;
  const state = (await world.incidents.load(input.incident))?.each?.[step.id];
  if (state === undefined || isHalted(state)) return { kind: 'left' };
  try {
    const given = partInputs(world.system, step, org, facts);
    if (given.missing.length > 0) return { kind: 'refused', why: `no value for {${given.missing.join('}, {')}}` };
    const lock = lockOf(lane, given.value);
    if (lock !== null && !(await world.partLocks.take(lock, { holder: holderOf(lane, org), incident: input.incident })))
      return { kind: 'held', lock };
    const token = lock === null ? undefined : ((await world.partLocks.find(lock))?.token ?? 0);
    const runbook = partRunbook(step, org);
    const own = { inputs: given.value, incident: { id: input.incident }, outputs: {} };
    const plan = await planSteps(world, { runbook, irHash: input.irHash }, own);
    return { kind: 'go', plan, lock, ...(token === undefined ? {} : { token }) };
  } catch (error) {
    if (!BelayError.is(error)) throw error;
    return { kind: 'refused', why: error.message };
  }
}

const partRunbook = (step: EachStep, org: string): Runbook => renamed(step.runbook, partPrefix(step.id, org));

function lockOf(lane: Lane, inputs: JsonObject): string | null {
  const { world, input, step } = lane;
  const { lock } = step.runbook;
  if (lock === undefined) return null;
  return lockWithin(lane, resolveRefs(lock, lookupIn(world.system, { inputs, incident: { id: input.incident }, outputs: {} }, null)).value);
}

/** What is held around the fan-out its parts do not take as well. */
export function lockWithin({ input }: Lane, lock: string): string {
  const around = input.around?.find((one) => one.lock === lock);
  return around === undefined ? lock : nameWithin(around);
}

/** Carries the part out. Only a bug of ours, or the end of this process, leaves it by a throw. */
export async function carryOut(lane: Lane, org: string, { plan, lock, token }: Extract<Turn, { kind: 'go' }>): Promise<Part> {
  const runbook = partRunbook(lane.step, org);
  const run = partRun(lane, { org, runbook, plan, prefix: partPrefix(lane.step.id, org), lock: takenAs(lock, token) });
  const part = (status: Part['status'], reason: string): Part => ({ org, status, reason, completed: run.course.completed });
  try {
    const result = await interpret(run);
    if (result.outcome === 'failed') return part('failed', result.reason);
    return part(run.course.completed.length > 0 ? 'done' : 'noop', '');
  } catch (error) {
    if (!BelayError.is(error)) throw error;
    return part('failed', `${error.code}: ${error.message}`);
  }
}

/** Null as well for one that was taken when nobody kept its token. */
export const takenAs = (lock: string | null | undefined, token: number | undefined): TakenLock | null =>
  lock == null || token === undefined ? null : { lock, token };

interface PartParts {
  readonly org: string;
  readonly runbook: Runbook;
  readonly plan: PartPlan;
  readonly prefix: string;
  /** Its own. */
  readonly lock: TakenLock | null;
  readonly completed?: readonly Completed[];
}

export function partRun(
  { context, world, input, step }: Lane,
  { org, runbook, plan: { inputs, steps }, prefix, lock, completed = [] }: PartParts,
): Run {
  const outputs = {};
  const { irHash } = input;
  const { id, version } = step.runbook;
  const course: Course = {
    runbook,
    inputs,
    plan: { runbook: id, version, irHash, inputs, org, steps, planHash: '', guards: [], unknowns: [] },
    completed: [...completed],
    left: [],
    unwinds: 0,
    visits: {},
    outputs: { '': outputs },
    alone: null,
  };
  const around = (input.around ?? []).map((one) => ({ ...one, isAround: true as const }));
  const rechecked = runbook.require.length + runbook.never.length === 0;
  return {
    context,
    world,
    holder: holderOf({ input }, org),
    incident: input.incident,
    irHash,
    course,
    runbook,
    inputs,
    prefix,
    outputs,
    rechecked,
    isPart: true,
    locks: lock === null ? around : [...around, lock],
  };
}
