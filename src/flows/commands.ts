// The verbs that people use, the same for every door: approve, answer, pause, resume, plan, run, report, note, close.
// A verb writes its fact to the log first and then wakes the run; the flow decides what the fact means.
import { BelayError } from '../domain/errors.ts';
import type { Actor } from '../domain/event.ts';
import { openContingencies } from '../domain/incident-fold.ts';
import type { Approval, Incident, OpenTask } from '../domain/incident.ts';
import type { AnswerType, ManualStep, Step } from '../domain/ir.ts';
import { stepsOf } from '../domain/ir.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import type { Plan } from '../domain/plan.ts';
import type { PauseState } from '../ports/pause.ts';
import { evidenceText } from './evidence.ts';
import { manualOpening } from './open-incident.ts';
import { keepPlan, makePlan } from './plan.ts';
import { RESPOND } from './respond.ts';
import { wakeRun } from './wake.ts';
import type { PinnedRunbook, World } from './world.ts';

export interface Caller {
  readonly person: string;
  readonly roles: readonly string[];
}

export interface ApproveRequest {
  readonly incident: string;
  readonly approval: string;
  /** The plan that the caller has read. */
  readonly planHash: string;
  readonly decision: 'grant' | 'deny';
  readonly reason?: string | undefined;
  readonly key: string;
}

export interface AnswerRequest {
  readonly incident: string;
  readonly step: string;
  readonly ticks?: readonly string[] | undefined;
  readonly note?: string | undefined;
  readonly answers?: JsonObject | undefined;
  readonly choice?: string | undefined;
  readonly refuse?: string | undefined;
  readonly key: string;
}

export type Commands = ReturnType<typeof createCommands>;

export function createCommands(world: World) {
  return {
    approve: (caller: Caller, request: ApproveRequest): Promise<Incident> => approve(world, caller, request),
    answer: (caller: Caller, request: AnswerRequest): Promise<Incident> => answerStep(world, caller, request),
    note: (caller: Caller, o: { readonly incident: string; readonly text: string; readonly lang: string; readonly key: string }): Promise<Incident> =>
      world.incidents.append(o.incident, {
        key: `note/${o.key}`,
        events: [{ type: 'note.added', data: { by: caller.person, text: o.text, lang: o.lang }, at: world.time.now(), actor: actorOf(caller) }],
      }),
    pause: async (caller: Caller, o: { readonly reason: string }): Promise<PauseState> => {
      await world.pause.pause(caller.person, o.reason);
      return world.pause.read();
    },
    resume: (caller: Caller): Promise<PauseState> => resume(world, caller),
    plan: (o: { readonly runbook: string; readonly inputs: JsonObject }): Promise<Plan> => planFor(world, o),
    startRun: (caller: Caller, request: StartRequest): Promise<Incident> => startRun(world, caller, request),
    report: (caller: Caller, o: { readonly trigger: string; readonly scope: string; readonly text: string }): Promise<void> =>
      world.readings.report({ trigger: o.trigger, scope: o.scope, by: caller.person, roles: caller.roles, text: o.text }),
    close: (caller: Caller, o: { readonly incident: string; readonly key: string }): Promise<Incident> => close(world, caller, o),
    /** The evidence file, as text. */
    evidence: async (incident: string): Promise<string> => (await evidenceText(world, incident)).text,
  };
}

const actorOf = (caller: Caller): Actor => ({ kind: 'user', id: caller.person });

async function incidentOf(world: World, id: string): Promise<Incident> {
  const incident = await world.incidents.load(id);
  if (incident === null) throw new BelayError('BELAY_NOT_FOUND', `There is no incident ${id}.`, { hint: 'List them with `belay status`.' });
  return incident;
}

async function approve(world: World, caller: Caller, request: ApproveRequest): Promise<Incident> {
  const before = await incidentOf(world, request.incident);
  mayApprove(approvalOf(before, request.approval), caller, request);
  const incident = await world.incidents.update(request.incident, `approve/${request.key}`, (current) => {
    const approval = approvalOf(current, request.approval);
    // Under the lock: somebody else may have decided since the page was shown.
    mayApprove(approval, caller, request);
    const stamp = { at: world.time.now(), actor: actorOf(caller) };
    return request.decision === 'grant'
      ? { events: [{ type: 'approval.granted', data: { id: approval.id, planHash: approval.planHash, by: caller.person }, ...stamp }] }
      : { events: [{ type: 'approval.denied', data: { id: approval.id, by: caller.person, reason: request.reason ?? '' }, ...stamp }] };
  });
  await wakeRun(world, incident);
  return incident;
}

function approvalOf(incident: Incident, id: string): Approval {
  const approval = incident.approvals[id];
  if (approval === undefined) throw new BelayError('BELAY_NOT_FOUND', `${incident.id} has no approval ${id}.`, { hint: `See what waits: belay incident ${incident.id}` });
  return approval;
}

function mayApprove(approval: Approval, caller: Caller, request: ApproveRequest): void {
  if (approval.planHash !== request.planHash) {
    throw new BelayError('BELAY_PLAN_CHANGED', 'The plan changed since you read it; nothing was approved.', { hint: 'Read the new plan and approve again.' });
  }
  if (approval.state !== 'open') throw new BelayError('BELAY_PLAN_CHANGED', `This approval is already ${approval.state}.`, { hint: 'Reload to see what happened.' });
  if (!approval.from.some((role) => caller.roles.includes(role))) {
    throw new BelayError('BELAY_FORBIDDEN', `${caller.person} has none of the roles that may approve: ${approval.from.join(', ')}.`, { hint: 'Ask somebody who has it.' });
  }
  if (request.decision === 'grant' && approval.granted.some((one) => one.by === caller.person)) {
    throw new BelayError('BELAY_FORBIDDEN', `${caller.person} has approved already; ${approval.min} different people are needed.`, { hint: 'Ask a second person.' });
  }
}

async function answerStep(world: World, caller: Caller, request: AnswerRequest): Promise<Incident> {
  const before = await incidentOf(world, request.incident);
  const step = await stepOf(world, before, request.step);
  const check = (incident: Incident): OpenTask => checkAnswer(incident, step, caller, request);
  check(before);
  const incident = await world.incidents.update(request.incident, `answer/${request.key}`, (current) => {
    check(current);
    const stamp = { at: world.time.now(), actor: actorOf(caller) };
    const ticks = (request.ticks ?? []).map((item) => ({ type: 'checklist.ticked' as const, data: { step: step.id, item, by: caller.person, note: request.note ?? '' }, ...stamp }));
    const said = answerOf(step, request);
    return { events: [...ticks, ...(said === null ? [] : [{ type: 'checklist.answered' as const, data: { step: step.id, by: caller.person, ...said }, ...stamp }])] };
  });
  await wakeRun(world, incident);
  return incident;
}

/** What is written besides ticks. A step that wants several confirmations counts each empty answer as one. */
function answerOf(step: Step, request: AnswerRequest): { answers: JsonObject; choice?: string; refused?: string } | null {
  const answers = request.answers ?? {};
  if (request.refuse !== undefined) return { answers, refused: request.refuse };
  if (request.choice !== undefined) return { answers, choice: request.choice };
  const confirms = step.kind === 'manual' && Object.keys(step.answers).length === 0 && step.count > 1;
  const nothingToTick = step.kind === 'manual' && step.checks.length === 0;
  return Object.keys(answers).length > 0 || confirms || nothingToTick ? { answers } : null;
}

async function stepOf(world: World, incident: Incident, id: string): Promise<Step> {
  const pinned = incident.runbook === null ? undefined : world.runbooks[incident.runbook];
  const step = pinned === undefined ? undefined : stepsOf(pinned.runbook).find((one) => one.id === id);
  if (step === undefined) throw new BelayError('BELAY_NOT_FOUND', `${incident.id} has no step ${id}.`, { hint: `See its steps: belay incident ${incident.id}` });
  return step;
}

function checkAnswer(incident: Incident, step: Step, caller: Caller, request: AnswerRequest): OpenTask {
  const task = incident.tasks[step.id];
  if (task === undefined) throw new BelayError('BELAY_PLAN_CHANGED', `Step ${step.id} is not waiting for an answer.`, { hint: `See what waits: belay incident ${incident.id}` });
  if (request.choice !== undefined && !task.options.includes(request.choice)) {
    throw new BelayError('BELAY_INPUT_INVALID', `"${request.choice}" is none of the choices: ${task.options.join(', ')}.`);
  }
  if (step.kind === 'manual' && task.kind === 'manual') checkManual(step, task, request);
  return task;
}

function checkManual(step: ManualStep, task: OpenTask, request: AnswerRequest): void {
  for (const tick of request.ticks ?? []) {
    if (!step.checks.includes(tick)) throw new BelayError('BELAY_INPUT_INVALID', `Step ${step.id} has no box "${tick}".`, { hint: `Boxes: ${step.checks.join(' | ')}` });
  }
  for (const [name, value] of Object.entries(request.answers ?? {})) {
    const type = step.answers[name]?.type;
    if (type === undefined) throw new BelayError('BELAY_INPUT_INVALID', `Step ${step.id} asks for no "${name}".`, { hint: `Answers: ${Object.keys(step.answers).join(', ') || 'none'}` });
    if (!isOfType(type, value)) throw new BelayError('BELAY_INPUT_INVALID', `"${name}" must be a ${type}, got ${JSON.stringify(value)}.`);
  }
  if (task.samples >= task.count && task.count > 0) throw new BelayError('BELAY_PLAN_CHANGED', `Step ${step.id} has all its answers.`);
}

function isOfType(type: AnswerType, value: Json): boolean {
  switch (type) {
    case 'text':
      return typeof value === 'string' && value.trim() !== '';
    case 'int':
      return typeof value === 'number' && Number.isInteger(value);
    case 'number':
    case 'time':
      return typeof value === 'number' && Number.isFinite(value);
    case 'bool':
      return typeof value === 'boolean';
    case 'url':
      return typeof value === 'string' && /^https?:\/\/\S+$/.test(value);
  }
}

async function resume(world: World, caller: Caller): Promise<PauseState> {
  await world.pause.resume(caller.person);
  for (const incident of await world.incidents.list({ open: true })) {
    if (incident.run !== null) await world.engine.signal(incident.run, 'resumed', { by: caller.person }, `resume/${incident.id}/${world.time.now()}`);
  }
  return world.pause.read();
}

export interface StartRequest {
  readonly runbook: string;
  readonly inputs: JsonObject;
  /** What the caller saw; the run is refused when the plan is another by now. */
  readonly planHash?: string | undefined;
  readonly key: string;
}

function runbookOf(world: World, id: string): PinnedRunbook {
  const pinned = world.runbooks[id];
  if (pinned !== undefined) return pinned;
  throw new BelayError('BELAY_NOT_FOUND', `There is no runbook ${id}.`, { hint: `Runbooks: ${Object.keys(world.runbooks).join(', ') || 'none'}` });
}

async function planFor(world: World, o: { readonly runbook: string; readonly inputs: JsonObject }): Promise<Plan> {
  return makePlan(world, runbookOf(world, o.runbook), { inputs: o.inputs, incident: { id: 'INC-?' }, outputs: {} });
}

async function startRun(world: World, caller: Caller, request: StartRequest): Promise<Incident> {
  const pinned = runbookOf(world, request.runbook);
  const plan = await planFor(world, request);
  if (request.planHash !== undefined && request.planHash !== plan.planHash) {
    throw new BelayError('BELAY_PLAN_CHANGED', 'The plan changed since you read it; nothing was started.', { hint: `Read it again: belay plan ${request.runbook}` });
  }
  const blocking = plan.guards.find((guard) => guard.answer === 'fail');
  if (blocking !== undefined) {
    throw new BelayError('BELAY_GUARD_REFUSED', `Guard ${blocking.guard} does not hold: ${blocking.reason}.`, { hint: `See all guards: belay plan ${request.runbook}` });
  }
  await keepPlan(world, plan);
  await world.documents.put(pinned.runbook as unknown as Json);
  const run = `run/${request.key}`;
  const at = world.time.now();
  const org = typeof plan.inputs['org'] === 'string' ? plan.inputs['org'] : '*';
  const { incident, created } = await world.incidents.declare(`runbook:${request.runbook}/${org}`, (number) => {
    const opening = manualOpening(world, { number, runbook: pinned, inputs: plan.inputs, by: caller.person, run, at, fingerprint: `runbook:${request.runbook}/${org}` });
    const decision = { choice: 'act' as const, by: caller.person, runbook: request.runbook, planHash: plan.planHash, guards: plan.guards, options: ['act'], reason: 'started by a person' };
    return { ...opening, events: [...opening.events, { type: 'decision.made', data: decision, at, actor: actorOf(caller) }] };
  });
  if (!created && incident.run !== run) {
    throw new BelayError('BELAY_LOCK_HELD', `${incident.id} already runs ${request.runbook} for ${org}.`, { hint: `Watch it: belay watch ${incident.id}` });
  }
  const input = { kind: 'run', incident: incident.id, irHash: pinned.irHash, inputs: plan.inputs, planHash: plan.planHash, by: caller.person };
  await world.engine.start(RESPOND, input, { id: run });
  return incident;
}

/** Closing is refused while something that was promised is missing: the record, an owner, or a way back. */
async function close(world: World, caller: Caller, o: { readonly incident: string; readonly key: string }): Promise<Incident> {
  const incident = await incidentOf(world, o.incident);
  const problems: string[] = [];
  if (incident.phase !== 'resolved') problems.push(`it is ${incident.phase}, not resolved`);
  for (const open of openContingencies(incident)) problems.push(`contingency ${open.step} (${open.action}) is still open`);
  const wanted = incident.runbook === null ? [] : (world.runbooks[incident.runbook]?.runbook.evidence ?? []);
  for (const id of wanted) if (!incident.evidence.includes(id)) problems.push(`evidence ${id} is missing`);
  if (problems.length > 0) throw new BelayError('BELAY_GUARD_REFUSED', `${incident.id} cannot be closed: ${problems.join('; ')}.`, { hint: 'Settle these first.' });
  return world.incidents.update(o.incident, `close/${o.key}`, (current) =>
    current.phase === 'resolved' ? { events: [{ type: 'phase.entered', data: { from: 'resolved', to: 'closed' }, at: world.time.now(), actor: actorOf(caller) }] } : null,
  );
}
