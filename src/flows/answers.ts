// Answering a step that waits for people: ticks, answers, a choice or a refusal, judged by the runbook as it was pinned.
// It writes the fact and wakes the run; what the fact means, the flow decides.
import { mayAnswer } from '../domain/authorization.ts';
import { BelayError } from '../domain/errors.ts';
import type { Incident, OpenTask } from '../domain/incident.ts';
import { isOpen } from '../domain/incident-fold.ts';
import type { AnswerType, ManualStep, Step } from '../domain/ir.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import type { Caller } from './caller.ts';
import { actorOf, incidentOf, refusal } from './caller.ts';
import { pinnedStep } from './pinned.ts';
import { wakeRun } from './wake.ts';
import type { World } from './world.ts';

const ADDRESS = /^https?:\/\/\S+$/;

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

/** Repeating a request of one person under one key changes nothing and answers the same. `demand` is asked under the incident's lock. */
export async function answerStep(
  world: World,
  caller: Caller,
  said: AnswerRequest,
  demand: (incident: Incident) => void = () => undefined,
): Promise<Incident> {
  const request = await withoutSecrets(world, said);
  const step = await pinnedStep(world, await incidentOf(world, request.incident), request.step);
  const incident = await world.incidents.update(request.incident, `answer/${step.id}/${caller.person}/${request.key}`, (current) => {
    demand(current);
    checkAnswer(current, step, caller, request);
    const stamp = { at: world.time.now(), actor: actorOf(caller) };
    const ticks = (request.ticks ?? []).map((item) => ({
      type: 'checklist.ticked' as const,
      data: { step: step.id, item, by: caller.person, note: request.note ?? '' },
      ...stamp,
    }));
    // The last boxes may come after the answers: they are ticked, and nothing is answered twice.
    const said = isFull(current.tasks[step.id]) && isTicksAlone(request) ? null : answerOf(step, request);
    return {
      events: [
        ...ticks,
        ...(said === null ? [] : [{ type: 'checklist.answered' as const, data: { step: step.id, by: caller.person, ...said }, ...stamp }]),
      ],
    };
  });
  await wakeRun(world, incident);
  return incident;
}

/** Lines of a log that somebody pastes: what they say stays, and what nobody may read is hidden before it is kept. */
async function withoutSecrets({ hidden }: World, request: AnswerRequest): Promise<AnswerRequest> {
  if (hidden === undefined) return request;
  const { note, refuse, answers = {} } = request;
  const shown = await Promise.all(
    Object.entries(answers).map(async ([name, value]) => [name, typeof value === 'string' ? await hidden(value) : value]),
  );
  return {
    ...request,
    ...(note === undefined ? {} : { note: await hidden(note) }),
    ...(refuse === undefined ? {} : { refuse: await hidden(refuse) }),
    ...(request.answers === undefined ? {} : { answers: Object.fromEntries(shown) as JsonObject }),
  };
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

function checkAnswer(incident: Incident, step: Step, caller: Caller, request: AnswerRequest): void {
  const task = incident.tasks[step.id];
  if (task === undefined || !isOpen(incident))
    throw new BelayError('BELAY_PLAN_CHANGED', `Step ${step.id} is not waiting for an answer.`, {
      hint: `See what waits: belay incident ${incident.id}`,
    });
  const may = mayAnswer(task.who, caller);
  if (!may.allowed) throw refusal(caller, may, `answer ${step.id}`);
  if (isDecided(task))
    throw new BelayError('BELAY_PLAN_CHANGED', `Step ${step.id} has its answer already, by ${task.last?.by ?? 'somebody'}.`, {
      hint: 'Reload to see what happened.',
    });
  if (request.choice !== undefined && !task.options.includes(request.choice)) {
    throw new BelayError('BELAY_INPUT_INVALID', `"${request.choice}" is none of the choices: ${task.options.join(', ')}.`);
  }
  if (step.kind === 'manual' && task.kind === 'manual') checkManual(step, task, request);
}

function isDecided({ last }: OpenTask): boolean {
  return last !== null && (last.choice !== null || last.refused !== null);
}

const isFull = (task: OpenTask | undefined): boolean => task?.kind === 'manual' && task.count > 0 && task.samples >= task.count;

const isTicksAlone = ({ ticks = [], answers = {}, choice, refuse }: AnswerRequest): boolean =>
  ticks.length > 0 && Object.keys(answers).length === 0 && choice === undefined && refuse === undefined;

/** Later steps stand on each of them: a part of an answer would leave some of those out. Ticks may come before. */
function demandAll(step: ManualStep, { answers = {}, refuse }: AnswerRequest): void {
  const isAnswer = refuse === undefined && (Object.keys(answers).length > 0 || step.checks.length === 0);
  const open = Object.keys(step.answers).filter((name) => answers[name] === undefined);
  if (!isAnswer || open.length === 0) return;
  throw new BelayError('BELAY_INPUT_INVALID', `Step ${step.id} also asks for ${open.join(', ')}: nothing of the answer was taken.`, {
    hint: `Answer all of it at once: ${Object.keys(step.answers)
      .map((name) => `--set ${name}=…`)
      .join(' ')}`,
  });
}

function checkManual(step: ManualStep, task: OpenTask, request: AnswerRequest): void {
  for (const tick of request.ticks ?? []) {
    if (!step.checks.includes(tick))
      throw new BelayError('BELAY_INPUT_INVALID', `Step ${step.id} has no box "${tick}".`, { hint: `Boxes: ${step.checks.join(' | ')}` });
  }
  for (const [name, value] of Object.entries(request.answers ?? {})) {
    const type = step.answers[name]?.type;
    if (type === undefined)
      throw new BelayError('BELAY_INPUT_INVALID', `Step ${step.id} asks for no "${name}".`, {
        hint: `Answers: ${Object.keys(step.answers).join(', ') || 'none'}`,
      });
    if (!isOfType(type, value)) throw new BelayError('BELAY_INPUT_INVALID', `"${name}" must be a ${type}, got ${JSON.stringify(value)}.`);
  }
  demandAll(step, request);
  if (isFull(task) && !isTicksAlone(request) && request.refuse === undefined)
    throw new BelayError('BELAY_PLAN_CHANGED', `Step ${step.id} has all its answers.`);
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
      return typeof value === 'string' && ADDRESS.test(value);
  }
}
