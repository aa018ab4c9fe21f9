// Makes a plan: the pinned IR with live facts resolved, read-only. What cannot be known is said, never skipped.
import { assert } from '../domain/assert.ts';
import { ACTIONS } from '../domain/catalog.ts';
import { BelayError } from '../domain/errors.ts';
import type { CallStep, DoStep, EachStep, Runbook, Step } from '../domain/ir.ts';
import { ownSteps } from '../domain/ir.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import { type Jumps, joinJumps, jumpsOf } from '../domain/jumps.ts';
import type { Plan, PlanNote, PlanStep } from '../domain/plan.ts';
import { joinSafety } from '../domain/rollback-safety.ts';
import type { System } from '../domain/system.ts';
import { organizationNamed } from '../domain/system.ts';
import type { Action } from '../ports/action.ts';
import type { DeployTarget } from '../ports/deploy-target.ts';
import { draftEach } from './each/plan.ts';
import type { Facts } from './facts.ts';
import { lookupIn, releaseFacts } from './facts.ts';
import { freezeGuards } from './freezes.ts';
import { baseOf, budgetsIn } from './plan-base.ts';
import { builtBy, observeForPlan, onItsWayTo, sentence } from './plan-look.ts';
import { asOfThen, remadeBy, settleGone } from './plan-remade.ts';
import { planRun } from './plan-run.ts';
import { knownBefore } from './plan-when.ts';
import type { Lookup } from './refs.ts';
import { resolveRefs } from './refs.ts';
import { runbookGuards } from './runbook-guards.ts';
import { besides, judgeSafety } from './safety.ts';
import { judgeSurroundings } from './surroundings.ts';
import type { PinnedRunbook, World } from './world.ts';

/** `readings`: absent where nothing is measured; `freezes` and `releases`: where the store is not open. */
export type PlanWorld = Pick<
  World,
  'system' | 'digest' | 'actions' | 'probes' | 'expression' | 'targets' | 'databases' | 'certificates' | 'flags' | 'configs'
> & {
  readonly releases?: World['releases'];
  readonly freezes?: World['freezes'];
  readonly readings?: World['readings'];
};

interface Draft {
  readonly step: PlanStep;
  readonly unknown: string | null;
}

interface Planning {
  readonly world: PlanWorld;
  readonly facts: Facts;
  /** What the steps of called runbooks have put out so far, by their prefix. */
  readonly called: Readonly<Record<string, Facts['outputs']>>;
  /** Targets that an earlier step of the plan changes. */
  readonly touched: Set<string>;
  /** Of each runbook in the plan. */
  readonly jumps: Jumps[];
  readonly skip: ReadonlySet<string>;
  /** The plan's own runbook: what the policy allows commands for. */
  readonly top: { readonly runbook: string; readonly irHash: string };
}

/** `called`: outputs of the runbooks that the run has called, by prefix, where a run is at work; `skip`: steps that a person leaves out. */
interface Course {
  readonly called?: Planning['called'];
  readonly skip?: readonly string[];
}

/**
 * Reads only. What is skipped is not in the plan, so it is judged, and approved by its hash, without.
 * @throws BELAY_INPUT_INVALID for inputs that the runbook does not take.
 */
export async function makePlan(world: PlanWorld, pinned: PinnedRunbook, facts: Facts, course: Course = {}): Promise<Plan> {
  const { runbook, irHash } = pinned;
  const { known, drafts, jumps } = await draftPlan(world, pinned, facts, course);
  const { inputs } = known;
  const org = typeof inputs['org'] === 'string' ? inputs['org'] : null;
  const steps = drafts.map((draft) => draft.step);
  const judged = await judgeSafety(world, steps, jumps);
  const judgements = [judged?.safety ?? null, await judgeSurroundings(world, steps, jumps)].filter((one) => one !== null);
  const safety = judgements.length === 0 ? {} : { safety: joinSafety(judgements) };
  const body = { runbook: runbook.id, version: runbook.version, irHash, inputs, org, steps, ...safety };
  return {
    ...body,
    ...besides(judged),
    ...budgetsIn(world, runbook, steps),
    planHash: world.digest.of(body as unknown as Json),
    guards: [
      ...(await runbookGuards(world, runbook, lookupIn(world.system, known, null))),
      ...(await freezeGuards(world, body.steps, { org, incident: String(facts.incident['id'] ?? '') })),
    ],
    unknowns: drafts.flatMap((draft) => (draft.unknown === null ? [] : [{ step: draft.step.id, why: draft.unknown }])),
  };
}

/**
 * What its steps would do and nothing else: for a part of a fan-out, which nobody approves by a hash and whose guards are asked right before
 * its first act.
 * @throws BELAY_INPUT_INVALID for inputs that the runbook does not take.
 */
export async function planSteps(world: PlanWorld, pinned: PinnedRunbook, facts: Facts): Promise<Pick<Plan, 'inputs' | 'steps'>> {
  const { known, drafts } = await draftPlan(world, pinned, facts, {});
  return { inputs: known.inputs, steps: drafts.map((draft) => draft.step) };
}

async function draftPlan(
  world: PlanWorld,
  { runbook, irHash }: PinnedRunbook,
  facts: Facts,
  { called = {}, skip = [] }: Course,
): Promise<{ readonly known: Facts; readonly drafts: readonly Draft[]; readonly jumps: Jumps }> {
  const known: Facts = { ...facts, inputs: checkInputs(world.system, runbook, facts.inputs) };
  const top = { runbook: runbook.id, irHash };
  const jumps: Jumps[] = [];
  const drafts = await draftSteps(runbook, { world, facts: known, called, touched: new Set(), skip: new Set(skip), jumps, top });
  return { known, drafts, jumps: joinJumps(jumps) };
}

/** The same plan with other steps, under its new hash. */
export function withSteps(world: Pick<World, 'digest'>, plan: Plan, steps: readonly PlanStep[]): Plan {
  const {
    planHash: _old,
    guards: _volatile,
    unknowns,
    losses: _counted,
    budgets: _expected,
    proofs: _proved,
    locks: _held,
    ...rest
  } = plan;
  const open = steps.filter((step) => step.effect === 'unknown' && !unknowns.some((one) => one.step === step.id));
  return {
    ...plan,
    steps,
    planHash: world.digest.of({ ...rest, steps } as unknown as Json),
    unknowns: [...unknowns, ...open.map((step) => ({ step: step.id, why: 'it would put back what this run is to roll away from' }))],
  };
}

/**
 * Keeps the hashed part of a plan, under its own `planHash`: what was approved can be read back, and checked, from the hash alone.
 */
export async function keepPlan(world: Pick<World, 'documents'>, plan: Plan): Promise<void> {
  const {
    planHash,
    guards: _volatile,
    unknowns: _said,
    losses: _counted,
    budgets: _expected,
    proofs: _proved,
    locks: _locks,
    ...body
  } = plan;
  const hash = await world.documents.put(body as unknown as Json);
  assert(hash === planHash, `plan ${planHash} was stored as ${hash}`);
}

/** @throws BELAY_NOT_FOUND */
export async function recallPlan(world: Pick<World, 'documents'>, planHash: string): Promise<Plan> {
  const body = (await world.documents.get(planHash)) as unknown as Omit<Plan, 'planHash' | 'guards' | 'unknowns'>;
  return { ...body, planHash, guards: [], unknowns: [] };
}

async function draftSteps(runbook: Runbook, planning: Planning): Promise<readonly Draft[]> {
  const drafts: Draft[] = [];
  planning.jumps.push(jumpsOf(ownSteps(runbook)));
  for (const step of ownSteps(runbook)) {
    if (planning.skip.has(step.id)) continue;
    const { inputs } = planning.facts;
    const skipped = step.when !== undefined && knownBefore(planning.world, { runbook, inputs }, step.when) === false ? step.when : null;
    // What is skipped changes no target for the steps after it.
    const made = await draftOne(step, runbook, skipped === null ? planning : { ...planning, touched: new Set(planning.touched) });
    drafts.push(...(skipped === null ? made : made.map((one) => ({ ...one, step: { ...one.step, skipped } }))));
  }
  return drafts;
}

async function draftOne(step: Step, runbook: Runbook, planning: Planning): Promise<readonly Draft[]> {
  if (step.kind === 'call') return draftCall(step, planning);
  return step.kind === 'each' ? draftFanOut(step, runbook, planning) : [await draftStep(step, planning)];
}

/** The step, and the steps of what it calls. Inputs that are not known yet leave those to be planned again when they are. */
async function draftCall(step: CallStep, planning: Planning): Promise<readonly Draft[]> {
  const { world, facts } = planning;
  const given = calledInputs(world.system, step, facts);
  const base = { ...baseOf(step), effect: 'none' as const, runbook: step.runbook.id, args: given.inputs };
  const inside: Planning = {
    ...planning,
    facts: { inputs: given.inputs, incident: facts.incident, outputs: planning.called[`${step.id}.`] ?? {} },
  };
  const steps = await draftSteps(step.runbook, inside);
  if (given.problem !== null) return [{ step: base, unknown: given.problem }, ...steps.map((one) => unknownYet(one, given.problem ?? ''))];
  return [{ step: base, unknown: await openGuards(world, step.runbook, inside.facts) }, ...steps];
}

/** Guards of a runbook inside this one that do not pass as it would begin now; null: none. */
async function openGuards(world: PlanWorld, runbook: Runbook, facts: Facts): Promise<string | null> {
  const guards = await runbookGuards(world, runbook, lookupIn(world.system, facts, null));
  const open = guards.filter((guard) => guard.answer !== 'pass' && guard.answer !== 'not-applicable');
  return open.length === 0 ? null : `${runbook.id}: ${open.map((guard) => `${guard.guard} is ${guard.answer}`).join(', ')}`;
}

/** The step, and what the part of the first organization would do: the others' are planned when they have their turn. */
async function draftFanOut(step: EachStep, runbook: Runbook, planning: Planning): Promise<readonly Draft[]> {
  const { world, facts } = planning;
  const { first, ...draft } = await draftEach(world, step, runbook, facts);
  const head: Draft = { step: { ...baseOf(step), ...draft.step }, unknown: draft.unknown };
  if (first === null) return [head];
  const given = { ...facts, inputs: first.inputs, outputs: {} };
  try {
    const inputs = checkInputs(world.system, first.runbook, first.inputs);
    const open = await openGuards(world, first.runbook, { ...given, inputs });
    const why = [head.unknown, open].filter((one) => one !== null).join('; ');
    return [
      { ...head, unknown: why === '' ? null : why },
      ...(await draftSteps(first.runbook, { ...planning, facts: { ...given, inputs } })),
    ];
  } catch (error) {
    return [{ ...head, unknown: sentence(error) }];
  }
}

function unknownYet(draft: Draft, why: string): Draft {
  return draft.step.kind === 'do' || draft.step.kind === 'run'
    ? { step: { ...draft.step, effect: 'unknown' }, unknown: draft.unknown ?? why }
    : draft;
}

/** What a called runbook is given. `problem` says why that is not enough; `inputs` then holds what there is. */
export function calledInputs(
  system: System,
  step: CallStep,
  facts: Facts,
): { readonly inputs: JsonObject; readonly problem: string | null } {
  const given = resolveRefs(step.with, lookupIn(system, facts, null));
  if (given.missing.length > 0) return { inputs: given.value, problem: `no value yet for {${given.missing.join('}, {')}}` };
  try {
    return { inputs: checkInputs(system, step.runbook, given.value), problem: null };
  } catch (error) {
    return { inputs: given.value, problem: sentence(error) };
  }
}

function checkInputs(system: System, runbook: Runbook, given: JsonObject): JsonObject {
  const problems: string[] = [];
  const inputs: Record<string, Json> = {};
  for (const name of Object.keys(given)) if (runbook.inputs[name] === undefined) problems.push(`${runbook.id} takes no input "${name}"`);
  for (const [name, spec] of Object.entries(runbook.inputs)) {
    const value = given[name] ?? spec.default;
    if (value === undefined && spec.required) problems.push(`input "${name}" (${spec.type}) is missing`);
    if (value === undefined) continue;
    if (spec.type === 'org' && organizationNamed(system.organizations, value) === undefined)
      problems.push(`there is no organization "${String(value)}"`);
    if (spec.oneOf !== undefined && !spec.oneOf.includes(value)) problems.push(`input "${name}" must be one of ${spec.oneOf.join(', ')}`);
    inputs[name] = value;
  }
  if (problems.length === 0) return inputs;
  const known = system.organizations.map((org) => org.id).join(', ');
  throw new BelayError('BELAY_INPUT_INVALID', problems.join('; '), {
    hint: `Organizations: ${known}. Inputs: ${Object.keys(runbook.inputs).join(', ') || 'none'}.`,
  });
}

async function draftStep(step: Exclude<Step, CallStep | EachStep>, planning: Planning): Promise<Draft> {
  const base = baseOf(step);
  if (step.kind === 'run') {
    const { world, facts, top } = planning;
    return planRun(step, base, { system: world.system, lookup: lookupIn(world.system, facts, null), top });
  }
  if (step.kind !== 'do') return { step: { ...base, effect: 'none' }, unknown: null };
  if (step.do === 'belay.undo')
    return {
      step: { ...base, action: step.do, args: step.with, effect: 'unknown' },
      unknown: 'takes back what will have been done by then',
    };
  return draftDo(step, base, planning);
}

async function draftDo(step: DoStep, base: Pick<PlanStep, 'id' | 'kind' | 'title'>, { world, facts, touched }: Planning): Promise<Draft> {
  for (const target of remadeBy(world.system, step)) touched.add(target);
  const action = world.actions[step.do];
  const fixed = {
    ...base,
    action: step.do,
    ...(step.irreversible === undefined ? {} : { irreversible: step.irreversible }),
  } as const;
  const unknown = (why: string, more: Partial<PlanStep> = {}): Draft => ({ step: { ...fixed, effect: 'unknown', ...more }, unknown: why });
  if (action === undefined) return unknown(`there is no action ${step.do}`, { args: step.with });
  const lookup = await lookupFor(world, facts, step.with);
  if (typeof lookup === 'string') return unknown(lookup, { args: step.with });
  const filled = resolveRefs(step.with, lookup);
  const args = { missing: filled.missing, value: await withRefs(world, step.do, filled.value) };
  if (typeof args.value === 'string') return unknown(args.value, { args: filled.value });
  const undone = step.undo === undefined ? undefined : await withRefs(world, step.undo.do, resolveRefs(step.undo.with, lookup).value);
  if (typeof undone === 'string') return unknown(undone, { args: args.value });
  const undo = step.undo === undefined || undone === undefined ? undefined : { action: step.undo.do, args: undone };
  const planned = { args: args.value, ...(undo === undefined ? {} : { undo }), ...(step.key === undefined ? {} : { key: step.key }) };
  if (args.missing.length > 0) return unknown(`no value yet for {${args.missing.join('}, {')}}`, planned);
  const seen = await observeForPlan(action, args.value, step.id);
  if (typeof seen === 'string') return unknown(seen, planned);
  const onItsWay = await onItsWayTo(action, args.value);
  if (typeof onItsWay === 'string') return unknown(onItsWay, planned);
  const builds = await builtBy(action, args.value);
  if (typeof builds === 'string') return unknown(builds, planned);
  const [compareAndSet, notes] = [action.compareAndSet(args.value), notesOf(action, args.value)];
  const target = action.target(args.value);
  const moved = touched.has(target);
  settleGone(touched, step, { target, reached: seen.reached });
  const { current, reached } = asOfThen(seen, touched, { step, target });
  if (!seen.reached) touched.add(target);
  return {
    step: {
      ...fixed,
      ...planned,
      compareAndSet,
      ...(notes.length === 0 ? {} : { notes }),
      ...(onItsWay === null || reached ? {} : { onItsWay }),
      ...(builds.length === 0 || reached ? {} : { builds }),
      current,
      desired: seen.desired,
      // An earlier step of this plan will have changed the target: its fingerprint cannot be known yet.
      ...(moved ? {} : { expected: seen.fingerprint }),
      effect: reached ? 'noop' : 'change',
    },
    unknown: null,
  };
}

/** Releases by the names that their target keeps: what a tag means may move between the approval and the act. */
async function withRefs(world: Pick<World, 'targets'>, name: string, args: JsonObject): Promise<JsonObject | string> {
  const target = typeof args['target'] === 'string' ? world.targets[args['target']] : undefined;
  if (target?.resolve === undefined) return args;
  const releases = Object.entries(ACTIONS[name]?.params ?? {}).filter(([, param]) => param.type === 'release');
  const refs: Record<string, Json> = { ...args };
  try {
    for (const [key] of releases) if (typeof args[key] === 'string') refs[key] = await target.resolve(args[key]);
  } catch (error) {
    return sentence(error);
  }
  return refs;
}

function notesOf(action: Action, args: JsonObject): readonly PlanNote[] {
  const unguarded =
    action.spec.effect !== 'read' && action.compareAndSet(args) === 'none' && /^(?:target|database):/.test(action.target(args));
  return [...(action.notes?.(args) ?? []), ...(unguarded ? (['unguarded'] as const) : [])];
}

/** Lookup for one step: `{release.*}` is what the step's own target says. */
export async function lookupFor(world: Pick<World, 'system' | 'targets'>, facts: Facts, args: JsonObject): Promise<Lookup | string> {
  const target = targetBehind(world, args);
  if (target === undefined) return lookupIn(world.system, facts, null);
  try {
    return lookupIn(world.system, facts, await releaseFacts(target));
  } catch (error) {
    return sentence(error);
  }
}

/** Of an action on a database: the target whose releases bring its migrations. */
function targetBehind({ system, targets }: Pick<World, 'system' | 'targets'>, args: JsonObject): DeployTarget | undefined {
  const database = (system.databases ?? []).find(({ id }) => id === args['database']);
  const name = args['target'] ?? database?.target;
  return typeof name === 'string' ? targets[name] : undefined;
}
