// The verbs that people use, the same for every door: approve, answer, pause, resume, silence, mark, plan, run, report, note, resolve, cancel, close.
// A verb writes its fact to the log first and then wakes the run; the flow decides what the fact means.
import { BelayError } from '../domain/errors.ts';
import type { EventDraft } from '../domain/event.ts';
import type { GuardVerdict } from '../domain/guardrail.ts';
import type { Incident } from '../domain/incident.ts';
import type { Instant, Json, JsonObject } from '../domain/json.ts';
import type { Plan } from '../domain/plan.ts';
import { commandsIn, NO_RUN_POLICY, runRefusal } from '../domain/run-policy.ts';
import type { ScopeFreeze } from '../domain/scope-freeze.ts';
import type { ShadowMark } from '../domain/shadow.ts';
import type { Silence } from '../domain/silence.ts';
import { demandStorable, storable } from '../domain/storable.ts';
import type { PauseState } from '../ports/pause.ts';
import type { Reported } from '../ports/readings.ts';
import type { AnswerRequest } from './answers.ts';
import { answerStep } from './answers.ts';
import type { Caller } from './caller.ts';
import { actorOf } from './caller.ts';
import type { ApproveRequest } from './decisions.ts';
import { approve } from './decisions.ts';
import type { CloseContingencyRequest, EndRequest } from './endings.ts';
import { cancelIncident, closeContingency, closeIncident, resolveIncident } from './endings.ts';
import { lanesOf } from './engine-runs.ts';
import { evidenceText } from './evidence.ts';
import type { AskedFreeze } from './freezes.ts';
import { freezeScope, thawScope } from './freezes.ts';
import { NO_NUMBER_YET } from './incident-number.ts';
import type { KeptEvidence } from './keep-evidence.ts';
import { keepEvidence } from './keep-evidence.ts';
import { manualOpening } from './open-incident.ts';
import { type AskedOverride, demandOverrides, overridden } from './overrides.ts';
import { planWithPast } from './past-runs.ts';
import { keepPlan, makePlan } from './plan.ts';
import { planWithLocks } from './plan-locks.ts';
import { demandReleases, type ReleaseChoice, releaseChoices } from './release-choice.ts';
import { untried } from './safety.ts';
import type { AskedMark } from './shadow-marks.ts';
import { markShadow } from './shadow-marks.ts';
import type { AskedSilence } from './silences.ts';
import { addSilence, endSilence } from './silences.ts';
import type { AskedSkip, SteerRequest } from './steering.ts';
import { demandSkippable, demandStep, steerRun } from './steering.ts';
import { eachOpen, startRequested } from './wake.ts';
import type { PinnedRunbook, World } from './world.ts';

export type Commands = ReturnType<typeof verbsOf>;

/** Whatever door a text comes through, what the store cannot hold is refused before anything is begun. */
export function createCommands(world: World): Commands {
  const verbs = Object.entries(verbsOf(world)) as readonly (readonly [string, (...asked: readonly unknown[]) => Promise<unknown>])[];
  const demanding = verbs.map(([name, verb]) => {
    const demand = async (...asked: readonly unknown[]): Promise<unknown> => {
      for (const one of asked) demandStorable(one);
      return verb(...asked);
    };
    // A pause is never refused.
    return [name, name === 'pause' ? verb : demand];
  });
  return Object.fromEntries(demanding) as unknown as Commands;
}

function verbsOf(world: World) {
  return {
    approve: (caller: Caller, request: ApproveRequest): Promise<Incident> => approve(world, caller, request),
    answer: (caller: Caller, request: AnswerRequest): Promise<Incident> => answerStep(world, caller, request),
    note: async (
      caller: Caller,
      o: { readonly incident: string; readonly text: string; readonly lang: string; readonly key: string },
    ): Promise<Incident> => {
      const text = world.hidden === undefined ? o.text : await world.hidden(o.text);
      return world.incidents.append(o.incident, {
        key: `note/${caller.person}/${o.key}`,
        events: [{ type: 'note.added', data: { by: caller.person, text, lang: o.lang }, at: world.time.now(), actor: actorOf(caller) }],
      });
    },
    pause: async (caller: Caller, o: { readonly reason: string }): Promise<PauseState> => {
      await world.pause.pause(caller.person, storable(o.reason));
      return world.pause.read();
    },
    resume: (caller: Caller): Promise<PauseState> => resume(world, caller),
    silence: (caller: Caller, request: AskedSilence): Promise<Silence> => addSilence(world, caller, request),
    endSilence: (caller: Caller, o: { readonly id: string }): Promise<Silence> => endSilence(world, caller, o),
    freeze: (caller: Caller, asked: AskedFreeze): Promise<ScopeFreeze> => freezeScope(world, caller, asked),
    thaw: (caller: Caller, asked: AskedFreeze): Promise<ScopeFreeze> => thawScope(world, caller, asked),
    markShadow: (caller: Caller, request: AskedMark): Promise<ShadowMark> => markShadow(world, caller, request),
    plan: async (o: PlanRequest): Promise<Plan> =>
      planWithLocks(world, await planWithPast(world, await planFor(world, o)), runbookOf(world, o.runbook).runbook),
    releaseChoices: (o: { readonly runbook: string; readonly inputs: JsonObject }): Promise<readonly ReleaseChoice[]> =>
      releaseChoices(world, runbookOf(world, o.runbook), (inputs) => planFor(untried(world), { ...o, inputs: { ...o.inputs, ...inputs } })),
    startRun: (caller: Caller, request: StartRequest): Promise<Incident> => startRun(world, caller, request),
    report: (caller: Caller, o: { readonly trigger: string; readonly scope: string; readonly text: string }): Promise<Reported> =>
      world.readings.report({ trigger: o.trigger, scope: o.scope, by: caller.person, roles: caller.roles, text: o.text }),
    close: (caller: Caller, o: { readonly incident: string; readonly key: string }): Promise<Incident> => closeIncident(world, caller, o),
    steer: (caller: Caller, request: SteerRequest): Promise<Incident> => steerRun(world, caller, request),
    resolve: (caller: Caller, o: EndRequest): Promise<Incident> => resolveIncident(world, caller, o),
    cancel: (caller: Caller, o: EndRequest): Promise<Incident> => cancelIncident(world, caller, o),
    closeContingency: (caller: Caller, o: CloseContingencyRequest): Promise<Incident> => closeContingency(world, caller, o),
    keepEvidence: (caller: Caller, o: KeptEvidence): Promise<Incident> => keepEvidence(world, caller, o),
    /** The evidence file, as text. */
    evidence: async (incident: string): Promise<string> => (await evidenceText(world, incident)).text,
  };
}

async function resume(world: World, caller: Caller): Promise<PauseState> {
  await world.pause.resume(caller.person);
  await eachOpen(world, async (incident) => {
    await startRequested(world, incident);
    if (incident.run === null) return;
    const lanes = incident.each === undefined ? [] : await lanesOf(world, incident.run);
    for (const run of [incident.run, ...lanes])
      await world.engine.signal(run, 'resumed', { by: caller.person }, `resume/${incident.id}/${world.time.now()}`);
  });
  return world.pause.read();
}

export interface PlanRequest {
  readonly runbook: string;
  readonly inputs: JsonObject;
  /** Steps that the run is to be begun without. */
  readonly skip?: readonly string[] | undefined;
}

export interface StartRequest {
  readonly runbook: string;
  readonly inputs: JsonObject;
  /** What the caller saw; the run is refused when the plan is another by now. */
  readonly planHash?: string | undefined;
  /** The run rests after this step. */
  readonly until?: string | undefined;
  readonly skip?: readonly AskedSkip[] | undefined;
  /** Guards that do not pass, and are to be in nobody's way. */
  readonly override?: readonly AskedOverride[] | undefined;
  readonly key: string;
}

function runbookOf(world: World, id: string): PinnedRunbook {
  const pinned = world.runbooks[id];
  if (pinned !== undefined) return pinned;
  throw new BelayError('BELAY_NOT_FOUND', `There is no runbook ${id}.`, {
    hint: `Runbooks: ${Object.keys(world.runbooks).join(', ') || 'none'}`,
  });
}

async function planFor(world: World, o: PlanRequest): Promise<Plan> {
  const pinned = runbookOf(world, o.runbook);
  const { skip = [] } = o;
  for (const step of skip) demandStep(pinned.runbook, o.runbook, step);
  await demandReleases(world, pinned, o.inputs);
  return makePlan(world, pinned, { inputs: o.inputs, incident: { id: NO_NUMBER_YET }, outputs: {} }, { skip });
}

/** A command that belay.yaml does not allow is refused before anything is begun. @throws BELAY_FORBIDDEN */
function demandAllowed({ system }: World, { runbook, irHash }: PinnedRunbook): void {
  for (const step of commandsIn(runbook)) {
    const refusal = runRefusal(system.policy?.run ?? NO_RUN_POLICY, { runbook: runbook.id, irHash, step });
    if (refusal !== null) throw new BelayError('BELAY_FORBIDDEN', `Nothing was started: ${refusal.message}.`, { hint: refusal.hint });
  }
}

interface Asked {
  readonly pinned: PinnedRunbook;
  readonly plan: Plan;
}

/** The plan of a run without some steps is another one. */
const planCommand = ({ runbook, skip = [] }: StartRequest): string =>
  skip.length === 0 ? `belay plan ${runbook}` : `belay run ${runbook} ${skip.map(({ step }) => `--skip ${step}`).join(' ')} --dry-run`;

/** @returns the guards that the caller overrides. @throws what stands in the way, before anything is begun */
function demandStartable(world: World, caller: Caller, request: StartRequest, { pinned, plan }: Asked): readonly GuardVerdict[] {
  if (request.planHash !== undefined && request.planHash !== plan.planHash) {
    throw new BelayError('BELAY_PLAN_CHANGED', 'The plan changed since you read it; nothing was started.', {
      hint: `Read it again: ${planCommand(request)}`,
    });
  }
  const overridden = demandOverrides(caller, plan, request.override ?? []);
  demandAllowed(world, pinned);
  if (request.until !== undefined) demandStep(pinned.runbook, request.runbook, request.until);
  for (const one of request.skip ?? []) demandSkippable(pinned.runbook, request.runbook, one);
  return overridden;
}

const whyOf = ({ override = [] }: StartRequest, { guard }: GuardVerdict): string =>
  override.find((one) => one.guard === guard)?.reason ?? '';

/** What the person decided and asked for. */
function askedEvents(
  caller: Caller,
  request: StartRequest,
  {
    pinned,
    plan,
    run,
    at,
    overridden: meant,
  }: Asked & { readonly run: string; readonly at: Instant; readonly overridden: readonly GuardVerdict[] },
): readonly EventDraft[] {
  const stamp = { at, actor: actorOf(caller) };
  const by = caller.person;
  const { runbook, until } = request;
  const { planHash, guards, inputs } = plan;
  return [
    {
      type: 'decision.made',
      data: { choice: 'act', by, runbook, planHash, guards, options: ['act'], reason: 'started by a person' },
      ...stamp,
    },
    ...meant.map((guard) => overridden(guard, { by, why: whyOf(request, guard), planHash, at })),
    {
      type: 'run.requested',
      data: { run, runbook, irHash: pinned.irHash, planHash, inputs, by, ...(until === undefined ? {} : { until }) },
      ...stamp,
    },
    ...(request.skip ?? []).map(({ step, reason }): EventDraft => ({ type: 'step.skipAsked', data: { step, reason, by }, ...stamp })),
  ];
}

/** What people wrote goes into messages and the write-up: a secret in it does not. */
async function hiddenIn(world: World, { override = [], ...request }: StartRequest): Promise<StartRequest> {
  const { hidden = async (text: string) => text } = world;
  return { ...request, override: await Promise.all(override.map(async (one) => ({ ...one, reason: await hidden(one.reason) }))) };
}

/** Repeating it under one key starts nothing again. What the start needs stands in the first transaction: a kill right behind it loses no run. */
async function startRun(world: World, caller: Caller, asked: StartRequest): Promise<Incident> {
  const request = await hiddenIn(world, asked);
  const run = `run/${request.key}`;
  const [earlier] = await world.incidents.list({ open: true, run });
  if (earlier !== undefined) {
    await startRequested(world, earlier);
    return earlier;
  }
  const pinned = runbookOf(world, request.runbook);
  const plan = await planFor(world, { ...request, skip: (request.skip ?? []).map(({ step }) => step) });
  const guards = demandStartable(world, caller, request, { pinned, plan });
  await keepPlan(world, plan);
  await world.documents.put(pinned.runbook as unknown as Json);
  const org = typeof plan.inputs['org'] === 'string' ? plan.inputs['org'] : '*';
  const fingerprint = `runbook:${request.runbook}/${org}`;
  const at = world.time.now();
  const { incident, created } = await world.incidents.declare(fingerprint, (number) => {
    const opening = manualOpening(world, { number, runbook: pinned, inputs: plan.inputs, by: caller.person, run, at, fingerprint });
    return { ...opening, events: [...opening.events, ...askedEvents(caller, request, { pinned, plan, run, at, overridden: guards })] };
  });
  if (!created && incident.run !== run) {
    throw new BelayError(
      'BELAY_LOCK_HELD',
      `${incident.id} already runs ${request.runbook} for ${org}${incident.driver === undefined ? '' : `, begun by ${incident.driver}`}.`,
      {
        hint: `See it: belay incident ${incident.id}. To drive it instead: belay run --take-over ${incident.id}.`,
      },
    );
  }
  await startRequested(world, incident);
  return incident;
}
