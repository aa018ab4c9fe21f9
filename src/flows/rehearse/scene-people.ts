// What the people of a scene do while its runbook runs: they approve, deny, tick, answer and choose as it tells. Nobody is told for a step:
// it asks in vain. Whether an act took effect that nobody knows the end of, they look up in the world and say truly.
import { BelayError } from '../../domain/errors.ts';
import type { EventData } from '../../domain/event.ts';
import type { Approval, Incident, OpenTask } from '../../domain/incident.ts';
import type { RunbookScene, SceneAnswer } from '../../domain/runbook-scene.ts';
import type { Person } from '../../domain/system.ts';
import type { Caller } from '../caller.ts';
import type { Commands } from '../commands.ts';
import { pinnedStep } from '../pinned.ts';
import { isComplete } from '../steps/manual.ts';
import type { World } from '../world.ts';

export interface Attending {
  readonly world: World;
  readonly commands: Commands;
  readonly scene: RunbookScene;
  readonly effects: () => Readonly<Record<string, number>>;
}

/** Where an approval belongs to no step: it is asked before the first one. */
export const START = 'start';
/** Whoever is asked again and again gives up. */
const MOST_ANSWERS = 50;

/** @returns the step that asks and gets no answer, or null */
export async function attend(o: Attending, incident: Incident): Promise<string | null> {
  for (const approval of Object.values(incident.approvals)) {
    if (approval.state !== 'open') continue;
    const step = approval.step ?? START;
    const told = answerOf(o.scene, step);
    if (told?.says === 'nobody') continue;
    if (told === null || !(await decide(o, incident, approval, told))) return step;
  }
  for (const task of Object.values(incident.tasks)) {
    const isIn = await answer(o, incident, task);
    if (!isIn) return task.step;
  }
  return null;
}

/** A step within a called runbook goes by its own name, or with that of the call before it. */
function answerOf({ people }: RunbookScene, step: string): SceneAnswer | null {
  return people[step] ?? people[step.split('/').at(-1) ?? ''] ?? null;
}

const callerOf = ({ id, roles }: Person): Caller => ({ person: id, roles });

/** Those who are named, or else everybody who has one of these roles. */
function callersFor({ world }: Attending, told: SceneAnswer | null, roles: readonly string[] | null): readonly Caller[] {
  const { people } = world.system;
  if (told !== null && told.by.length > 0) return told.by.flatMap((id) => people.filter((one) => one.id === id).map(callerOf));
  const able = people.filter((one) => roles === null || one.roles.some((role) => roles.includes(role)));
  return (able.length > 0 ? able : people).map(callerOf);
}

/** As many as it needs. @returns false: nobody of them may */
async function decide(o: Attending, incident: Incident, approval: Approval, told: SceneAnswer): Promise<boolean> {
  const { id, planHash } = approval;
  const decision = told.says === 'no' ? 'deny' : 'grant';
  for (const caller of callersFor(o, told, approval.from)) {
    const reason = told.why ?? 'the scene';
    const after = await allowed(() =>
      o.commands.approve(caller, { incident: incident.id, approval: id, planHash, decision, reason, key: id }),
    );
    if (after !== null && after.approvals[id]?.state !== 'open') return true;
  }
  return false;
}

/** Null: this person may not. */
async function allowed(verb: () => Promise<Incident>): Promise<Incident | null> {
  try {
    return await verb();
  } catch (error) {
    if (BelayError.is(error) && (error.code === 'BELAY_FORBIDDEN' || error.code === 'BELAY_PLAN_CHANGED')) return null;
    throw error;
  }
}

async function answer(o: Attending, incident: Incident, task: OpenTask): Promise<boolean> {
  const told = answerOf(o.scene, task.step);
  if (told?.says === 'nobody') return true;
  const said = task.kind === 'ask' ? await choiceIn(o, incident, task, told) : await saidTo(o, incident, task, told);
  if (said === 'said already') return true;
  if (said === null) return false;
  const order = { incident: incident.id, step: task.step, key: `${task.step}/${incident.seq}`, ...said };
  for (const caller of callersFor(o, told, task.who === undefined ? null : [task.who]))
    if ((await allowed(() => o.commands.answer(caller, order))) !== null) return true;
  return false;
}

type Said = Omit<Parameters<Commands['answer']>[1], 'incident' | 'step' | 'key'>;

async function choiceIn(o: Attending, incident: Incident, task: OpenTask, told: SceneAnswer | null): Promise<Said | 'said already' | null> {
  if (task.last?.choice != null) return 'said already';
  const { arm, choose = [] } = told ?? {};
  if (arm !== undefined && task.options.includes(arm)) return { choice: arm };
  const settled = (await o.world.incidents.events(incident.id)).filter(
    (event) => event.type === 'step.settled' && (event.data as EventData['step.settled']).step === task.step,
  ).length;
  if (settled >= MOST_ANSWERS) return null;
  const choice = choose[Math.min(settled, choose.length - 1)] ?? truth(o, incident, task);
  return choice === null ? null : { choice };
}

/** Of an act that nobody knows the end of: it is there, or it is to be done. */
function truth({ effects }: Attending, incident: Incident, task: OpenTask): string | null {
  if ((task.former?.status ?? incident.steps[task.step]?.status) !== 'unknown') return null;
  const choice = (effects()[task.step] ?? 0) > 0 ? 'continue' : 'again';
  return task.options.includes(choice) ? choice : null;
}

async function saidTo(o: Attending, incident: Incident, task: OpenTask, told: SceneAnswer | null): Promise<Said | 'said already' | null> {
  const step = await pinnedStep(o.world, incident, task.step);
  if (step.kind === 'manual' && (task.last?.refused != null || isComplete(step, task))) return 'said already';
  if (told === null) return null;
  if (told.says === 'no') return { refuse: told.why ?? 'the scene' };
  const ticks = (told.ticks ?? (step.kind === 'manual' ? step.checks : [])).filter((one) => !task.ticked.includes(one));
  const { answers } = told;
  if (ticks.length === 0 && answers === undefined && task.last !== null && task.samples >= task.count) return null;
  return { ticks, ...(answers === undefined ? {} : { answers }) };
}
