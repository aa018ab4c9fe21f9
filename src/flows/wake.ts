// Wakes a run for everything that people have settled in its incident. Repeating it is harmless (signals are keyed), so it also
// runs when Belay starts: an approval that was written just before a kill is delivered then.
import { assert } from '../domain/assert.ts';
import { isOpen } from '../domain/incident-fold.ts';
import type { Approval, Incident, OpenTask } from '../domain/incident.ts';
import { stepsOf } from '../domain/ir.ts';
import type { Json } from '../domain/json.ts';
import { BelayError } from '../domain/errors.ts';
import type { Answered } from './run.ts';
import { isComplete } from './steps/manual.ts';
import type { World } from './world.ts';

type WakeWorld = Pick<World, 'engine' | 'runbooks' | 'incidents'>;

export async function wakeRun(world: WakeWorld, incident: Incident): Promise<void> {
  if (incident.run === null) return;
  for (const approval of Object.values(incident.approvals)) {
    if (approval.state === 'granted' || approval.state === 'denied') {
      await world.engine.signal(incident.run, topicOf(approval, incident.run), { state: approval.state }, `approval/${approval.id}/${approval.state}`);
    }
  }
  for (const task of Object.values(incident.tasks)) if (isSettled(world, incident, task)) await wakeTask(world, incident, task);
}

/** At start: every open incident, in case a kill fell between a fact and its signal. */
export async function wakeAll(world: WakeWorld): Promise<void> {
  for (const incident of await world.incidents.list({ open: true })) {
    if (!isOpen(incident)) continue;
    try {
      await wakeRun(world, incident);
    } catch (error) {
      // A run that never started (killed between declaring and starting) has nobody to wake; its incident stays visible.
      if (!BelayError.is(error, 'BELAY_NOT_FOUND')) throw error;
    }
  }
}

/** The approval of a whole plan shares its topic with new evidence; one of a step has its own. */
function topicOf(approval: Approval, run: string): string {
  return approval.step === null ? 'evidence' : `approval:${approval.id.slice(run.length + 1)}`;
}

/** A half-ticked list waits without a row of history; the flow hears of it once, when it is settled. */
function isSettled(world: WakeWorld, incident: Incident, task: OpenTask): boolean {
  if (task.last === null) return false;
  if (task.last.refused !== null || task.last.choice !== null) return true;
  const pinned = incident.runbook === null ? undefined : world.runbooks[incident.runbook];
  const step = pinned === undefined ? undefined : stepsOf(pinned.runbook).find((one) => one.id === task.step);
  return step?.kind === 'manual' && isComplete(step, task);
}

async function wakeTask(world: WakeWorld, incident: Incident, task: OpenTask): Promise<void> {
  assert(incident.run !== null && task.last !== null, `${incident.id}: ${task.step} has nothing to hand over`);
  const attempt = incident.steps[task.step]?.attempt ?? 1;
  const message: Answered = { attempt, ...task.last };
  await world.engine.signal(incident.run, `task:${task.step}`, message as unknown as Json, `task/${task.step}/${attempt}/${task.samples}/${task.ticked.length}`);
}
