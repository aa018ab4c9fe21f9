// A run in progress: what the interpreter carries from step to step, and how it writes to the incident's log.
// Everything here is rebuilt by replay after a crash: nothing is read from memory that a checkpoint does not hold.
import { BelayError } from '../domain/errors.ts';
import type { EventDraft } from '../domain/event.ts';
import type { Incident, Phase } from '../domain/incident.ts';
import type { ActionCall, CommandCall, Runbook, RunStep, Step } from '../domain/ir.ts';
import { isAct, localId, stepsOf } from '../domain/ir.ts';
import type { Instant, Json, JsonObject } from '../domain/json.ts';
import type { Plan } from '../domain/plan.ts';
import { roleMeant } from '../domain/runbook-roles.ts';
import type { Transition } from '../domain/trigger.ts';
import type { FlowContext } from '../ports/engine.ts';
import type { Change } from '../ports/incident-store.ts';
import { BELAY } from './actor.ts';
import { attention } from './attention.ts';
import { clockTimers, stopClock } from './clocks.ts';
import type { Facts } from './facts.ts';
import type { Numbered } from './incident-number.ts';
import { phaseChange } from './phases.ts';
import type { World } from './world.ts';

export { BELAY };

export interface Completed {
  readonly step: string;
  readonly target: string;
  /** The call itself, to see whether it is still in place; null for a command, of which nobody can see that. */
  readonly call: ActionCall | null;
  readonly undo: ActionCall | (CommandCall & Pick<RunStep, 'on' | 'cwd' | 'env'>) | null;
  /** Fingerprint of the target with our change in place; null when it could not be seen. */
  fingerprint: string | null;
  /** Not one act but a fan-out: it is taken back organization by organization. */
  readonly isEach?: true;
  /** Organizations whose lane broke off: nobody knows what was done for them. */
  readonly lost?: readonly string[];
  /** What was held around it while it was done: taking it back holds the same. */
  readonly locks?: readonly TakenLock[];
}

/** What a run knows as a whole, in whichever runbook it is. */
export interface Course {
  /** The runbook that the incident names, and what it was given. */
  readonly runbook: Runbook;
  readonly inputs: JsonObject;
  /** The plan in force: replaced when people approve a new one. */
  plan: Plan;
  /** `do` steps that changed something, in order; those of unknown effect, too. */
  readonly completed: Completed[];
  /** What this run rolls away from: a later plan must never propose to put it back. */
  readonly left: { readonly target: string; readonly value: Json }[];
  /** What plans that were in force before meant to leave, step by step: none of these steps may ever propose it as its goal. */
  meant?: readonly { readonly step: string; readonly value: Json }[];
  /** How often something was taken back: names the engine steps of each. */
  unwinds: number;
  readonly visits: Record<string, number>;
  /** After this step the run rests until people let it go on. */
  readonly until?: string;
  /** Of each runbook at work, by its prefix: step id, as the runbook writes it with `_` for `-` → outputs. */
  readonly outputs: Record<string, Record<string, JsonObject>>;
  /** The breach that Belay acts on alone; null when people approved the plan or started the run. */
  alone: Transition | null;
}

export interface TakenLock {
  readonly lock: string;
  readonly token: number;
  /** Held around the whole fan-out that this is a part of, by the run that began it. */
  readonly isAround?: true;
}

/** The runbook that is being carried out: the run's own, or one that a step of it calls. */
export interface Run {
  readonly context: FlowContext;
  readonly world: World;
  readonly incident: string;
  readonly irHash: string;
  readonly course: Course;
  readonly runbook: Runbook;
  readonly inputs: JsonObject;
  /** What the ids of its steps begin with: '' in the run's own runbook. */
  readonly prefix: string;
  /** Its own of the course's. */
  readonly outputs: Record<string, JsonObject>;
  /** The guards were asked again, right before the first act of this runbook. */
  rechecked: boolean;
  /** Guards of this runbook that nobody could measure, and for which people said yes all the same. */
  vouched?: readonly string[];
  /** When it was begun, where people may override its guards: what they said before counts for nothing in it. */
  readonly begunAt?: Instant;
  /** In spite of which guards of this runbook it acts, and by whose word: for the journal. */
  overridden?: string;
  /** Inputs that hold the number of the incident: a plan of before it says `INC-?` there. */
  readonly numbered?: Numbered;
  /** One organization's part of a fan-out: its lane keeps its record, and nobody is asked anything within it. */
  readonly isPart?: true;
  /** Beside the run of its incident: nobody answers it, and it is not the one that the incident says is queued. */
  readonly isAside?: true;
  /** Why nothing more is to be done, asked right before each act; null: it still is. */
  readonly isOver?: () => Promise<string | null>;
  /** Steps that a `when` left out. */
  leftOut?: readonly string[];
  /** What the calls around these steps hold, each under the token that it was taken with. */
  readonly locks?: readonly TakenLock[];
  /** What the run itself holds until it ends. */
  ownLock?: TakenLock;
  /** Who holds what its calls take; absent: the run itself. */
  readonly holder?: string;
  /** When a runbook that a step calls must have come to its end. */
  readonly until?: Instant;
}

/** One visit of one step: names of its engine steps are `<step>#<visit>:<part>`, unique and independent of positions. */
export interface Visit<S extends Step = Step> {
  readonly run: Run;
  readonly step: S;
  readonly number: number;
}

export type Next =
  | { readonly to: 'next' }
  | { readonly to: 'goto'; readonly step: string }
  /** `people`: they said so, and no policy of a step goes on over it. */
  | { readonly to: 'stop'; readonly reason: string; readonly people?: true };

export type RunOutcome =
  | { readonly outcome: 'done' }
  /** `people`: they ended it. */
  | { readonly outcome: 'failed'; readonly reason: string; readonly people: boolean };

export const NEXT: Next = { to: 'next' };

export function partName(visit: Visit, part: string): string {
  return `${visit.step.id}#${visit.number}:${part}`;
}

export function factsOf(run: Run): Facts {
  return { inputs: run.inputs, incident: { id: run.incident }, outputs: run.outputs };
}

/** What the run's own runbook knows, wherever the run is. */
export function wholeFacts({ course, incident }: Run): Facts {
  return { inputs: course.inputs, incident: { id: incident }, outputs: course.outputs[''] ?? {} };
}

/** Appends to the incident once, however often the step is repeated. */
/** What writing to an incident needs of a run. */
export type Writing = Pick<Run, 'context' | 'world' | 'incident' | 'isPart'>;

export async function append(run: Writing, name: string, build: (at: Instant) => Omit<Change, 'key'>): Promise<void> {
  await update(run, name, (_incident, at) => build(at));
}

/** As `append`, deciding under the incident's lock. @returns when */
export async function update(
  run: Writing,
  name: string,
  build: (incident: Incident, at: Instant) => Omit<Change, 'key'> | null,
): Promise<Instant> {
  // Thousands of parts would bury the log of their incident: a lane writes one line for all of its own.
  if (run.isPart === true) return 0;
  return run.context.step(name, async () => {
    const at = run.world.time.now();
    await run.world.incidents.update(run.incident, `${run.context.runId}/${name}`, (incident) => build(incident, at));
    return at;
  });
}

export async function readIncident(run: Pick<Run, 'world' | 'incident'>): Promise<Incident> {
  const incident = await run.world.incidents.load(run.incident);
  if (incident === null) throw new Error(`${run.incident} is gone from the store`);
  return incident;
}

export interface Entry {
  readonly onContingency?: boolean;
  /** Asked under the incident's lock. */
  readonly onlyIf?: (incident: Incident) => boolean;
}

export async function enterPhase(
  run: Run,
  name: string,
  from: readonly Phase[],
  to: Phase,
  { onlyIf, ...extra }: Entry = {},
): Promise<void> {
  await update(run, name, (incident, at) =>
    from.includes(incident.phase) && (onlyIf === undefined || onlyIf(incident))
      ? phaseChange(run.world.system, run.course.runbook, incident, { to, at, actor: BELAY, ...extra })
      : null,
  );
}

/** Something was put in place by this run, or was found to be in place already: what is proven now is more than luck. */
export function hasActed(run: Run, incident: Incident): boolean {
  if (run.course.completed.length > 0) return true;
  return stepsOf(run.course.runbook).some(
    (step) => (isAct(step) || step.kind === 'each') && ['done', 'noop'].includes(incident.steps[step.id]?.status ?? ''),
  );
}

/** Ends a visit: the step's state, its evidence, and the clocks it meets, in one transaction. */
export async function finish(
  visit: Visit,
  status: 'done' | 'noop' | 'failed' | 'unknown',
  detail: JsonObject,
  more: (incident: Incident, at: Instant) => readonly EventDraft[] = () => [],
  timers: (at: Instant) => Pick<Change, 'setTimers'> = () => ({}),
): Promise<void> {
  await update(visit.run, partName(visit, 'finish'), (incident, at) => {
    const { events, clearTimers } = ending(visit, incident, { status, detail, at });
    return { events: [...events, ...more(incident, at)], clearTimers, ...timers(at) };
  });
}

interface Ending {
  readonly status: 'done' | 'noop' | 'failed' | 'unknown';
  readonly detail: JsonObject;
  readonly at: Instant;
}

/** The end of a visit as events; when it is a good one, with the evidence that the step is and the clocks that it meets. */
export function ending(
  { run, step, number }: Visit,
  incident: Incident,
  { status, detail, at }: Ending,
): { readonly events: readonly EventDraft[]; readonly clearTimers: readonly string[] } {
  const good = status === 'done' || status === 'noop';
  const met = good ? clocksMetBy(step, incident) : [];
  return {
    events: [
      { type: 'step.finished', data: { step: step.id, attempt: number, status, detail, ...overrun(step, incident, at) }, at, actor: BELAY },
      ...(good ? evidenceOf(run, step, detail, at) : []),
      ...met.map((clock) => stopClock(incident, clock, `step.${step.id}`, at)),
    ],
    clearTimers: [...met.flatMap(clockTimers), ...(step.withinMs === undefined ? [] : [`within:${step.id}`])],
  };
}

/** A step that took longer than it said, by a second or more. */
function overrun(
  { id, takesMs }: Step,
  incident: Incident,
  at: Instant,
): { readonly took?: { readonly ms: number; readonly takesMs: number } } {
  const startedAt = incident.steps[id]?.startedAt;
  if (takesMs === undefined || startedAt === undefined || at - startedAt < takesMs + 1_000) return {};
  return { took: { ms: at - startedAt, takesMs } };
}

/** What the step `meets`, and what waits for it by `until`. */
function clocksMetBy(step: Step, incident: Incident): string[] {
  return Object.values(incident.clocks)
    .filter(
      (clock) => clock.stoppedAt === undefined && (step.meets.includes(clock.id) || clock.until?.includes(`step:${step.id}`) === true),
    )
    .map((clock) => clock.id);
}

function evidenceOf(run: Run, step: Step, detail: JsonObject, at: Instant): EventDraft[] {
  return step.evidence.map((evidence) => ({
    type: 'evidence.captured',
    data: { evidence, step: step.id, sha256: run.world.digest.of(detail), value: detail },
    at,
    actor: BELAY,
  }));
}

/** False: a person said that it is to be skipped, and so it is. */
export async function begin(visit: Visit): Promise<boolean> {
  const { run, step, number } = visit;
  if (run.isPart === true) return true;
  const name = partName(visit, 'begin');
  return (await run.context.step(name, async () => {
    const at = run.world.time.now();
    const incident = await run.world.incidents.update(run.incident, `${run.context.runId}/${name}`, ({ skips }) => {
      const asked = skips?.[step.id];
      if (asked !== undefined)
        return {
          events: [{ type: 'step.skipped', data: { step: step.id, reason: `${asked.by}: ${asked.reason}`, facts: {} }, at, actor: BELAY }],
        };
      return {
        events: [{ type: 'step.started', data: { step: step.id, kind: step.kind, title: step.title, attempt: number }, at, actor: BELAY }],
        ...withinTimer(step, number, at),
      };
    });
    return incident.steps[step.id]?.status !== 'skipped';
  })) as boolean;
}

/** What people are given: a miss escalates, and stops nothing. */
function withinTimer({ id, withinMs, who }: Step, attempt: number, at: Instant): Pick<Change, 'setTimers'> {
  if (withinMs === undefined) return {};
  return { setTimers: [{ id: `within:${id}`, at: at + withinMs, kind: 'within', data: { step: id, attempt, to: who ?? 'commander' } }] };
}

export function setOutputs(run: Run, step: string, outputs: JsonObject): void {
  run.outputs[localId(step).replaceAll('-', '_')] = outputs;
}

export type Answered = {
  readonly attempt: number;
  readonly by: string;
  readonly choice: string | null;
  readonly refused: string | null;
  readonly answers: Json;
};

/** Waits for the next answer that belongs to this visit. Null when the deadline passes. */
export async function nextAnswer(visit: Visit, deadline: Instant): Promise<Answered | null> {
  for (;;) {
    const message = (await visit.run.context.receive(`task:${visit.step.id}`, deadline)) as Answered | null;
    if (message === null || message.attempt === visit.number) return message;
  }
}

/** A year: how long Belay waits for people when nobody set a limit. */
export const PATIENCE_MS = 365 * 24 * 3_600_000;

export interface Choice {
  readonly choice: string;
  readonly by: string;
}
type Options = readonly [string, ...string[]];

/** Asks people how to go on and waits for one of `options`. */
export async function askPeople(visit: Visit, question: string, options: Options): Promise<Choice> {
  for (;;) {
    const choice = await askPeopleUntil(visit, question, options, null);
    if (choice !== null) return choice;
  }
}

/** The same; null when nobody has said anything by then. */
export async function askPeopleUntil(
  visit: Visit,
  question: string,
  options: Options,
  until: Instant | null,
  part = 'ask',
): Promise<Choice | null> {
  const { run, step } = visit;
  if (run.isPart === true) throw new BelayError('BELAY_GUARD_REFUSED', `${step.id} would have to ask people: ${question}`);
  const who = step.who === undefined ? null : roleMeant(run.runbook, step.who);
  await update(run, partName(visit, part), (incident, at) => {
    const told = attention(run, incident, {
      revision: partName(visit, part),
      at,
      asks: 'answer',
      ...(who === null ? {} : { of: [who] }),
    });
    return {
      events: [
        { type: 'step.waiting', data: { step: step.id, kind: 'ask', who, ask: question, options }, at, actor: BELAY },
        ...told.events,
      ],
      deliveries: told.deliveries,
    };
  });
  for (;;) {
    const answer = await nextAnswer(visit, until ?? (await run.context.now()) + PATIENCE_MS);
    if (answer?.choice !== null && answer?.choice !== undefined && options.includes(answer.choice))
      return settle(visit, answer.choice, answer.by, part);
    if (answer === null && until !== null) return null;
  }
}

/** The question is answered: nobody is asked any more, and the step is what it was before. */
async function settle(visit: Visit, choice: string, by: string, part: string): Promise<Choice> {
  const { run, step, number } = visit;
  await append(run, partName(visit, part === 'ask' ? 'settled' : `${part}:settled`), (at) => ({
    events: [{ type: 'step.settled', data: { step: step.id, attempt: number, by, choice }, at, actor: BELAY }],
  }));
  return { choice, by };
}
