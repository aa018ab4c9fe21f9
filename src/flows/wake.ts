// Wakes a run for everything that people have settled in its incident, and starts one that was asked for but never began.
// Repeating it is harmless (signals are keyed, starts are named), so it also runs when Belay starts: what was written just before a
// kill is delivered then.
import { assert } from '../domain/assert.ts';
import { BelayError } from '../domain/errors.ts';
import type { Approval, Incident, OpenTask } from '../domain/incident.ts';
import { isOpen } from '../domain/incident-fold.ts';
import type { Json } from '../domain/json.ts';
import { isAtWork } from './engine-runs.ts';
import { LOCK_TOPIC } from './lock-queue.ts';
import { pinnedStep } from './pinned.ts';
import type { RespondInput } from './respond.ts';
import { RESPOND } from './respond.ts';
import type { Answered } from './run.ts';
import { isComplete } from './steps/manual.ts';
import type { World } from './world.ts';

type WakeWorld = Pick<World, 'engine' | 'runbooks' | 'documents' | 'incidents'>;

export async function wakeRun(world: WakeWorld, incident: Incident): Promise<void> {
  if (incident.run === null) return;
  for (const approval of Object.values(incident.approvals)) {
    // Those of an earlier run of this incident have nobody waiting for them.
    if (!approval.id.startsWith(`${incident.run}/`)) continue;
    if (approval.state === 'granted' || approval.state === 'denied') {
      await world.engine.signal(
        incident.run,
        topicOf(approval, incident.run),
        { state: approval.state },
        `approval/${approval.id}/${approval.state}`,
      );
    }
  }
  for (const task of Object.values(incident.tasks)) if (await isSettled(world, incident, task)) await wakeTask(world, incident, task);
}

/** At start: every open incident, in case a kill fell between a fact and its signal. */
export async function wakeAll(world: WakeWorld): Promise<void> {
  await eachOpen(world, async (incident) => {
    await startRequested(world, incident);
    await wakeRun(world, incident);
  });
}

/**
 * Runs that wait for a lock which nobody holds any more: each tries at once, and one of them gets it. Called whenever an incident changed;
 * repeating it costs the run a look.
 */
export async function wakeFreed(world: Pick<World, 'engine' | 'incidents' | 'partLocks' | 'time'>): Promise<void> {
  const waiting = await world.incidents.list({ open: true });
  const free = new Map<string, boolean>();
  for (const { run, queued } of waiting) {
    if (run === null || queued == null) continue;
    const { lock } = queued;
    // One that people have ended may hold it still, while its run comes to its end.
    if (!free.has(lock))
      free.set(lock, (await world.incidents.list({ lock, limit: 1 })).length === 0 && (await world.partLocks.find(lock)) === null);
    // A run that stands still for another reason hears nothing, and what it was sent would pile up.
    if (free.get(lock) !== true || !(await isAtWork(world, run))) continue;
    await world.engine.signal(run, LOCK_TOPIC, true, `lock/${lock}/${world.time.now()}`);
  }
}

/** Starts the run that a person asked for, unless it has started. The engine takes a second start of one name for the first. */
export async function startRequested(world: Pick<World, 'engine'>, incident: Incident): Promise<void> {
  const { requested, run, irHash } = incident;
  if (requested === undefined || requested === null || run === null || irHash === undefined) return;
  const input: RespondInput = { kind: 'run', incident: incident.id, irHash, ...requested };
  await world.engine.start(RESPOND, input as unknown as Json, { id: run });
}

/**
 * One incident's trouble keeps no other from being woken; the first is thrown when all were tried. A run that the engine does not know
 * has nobody to wake: its incident stays visible, and people end it.
 */
export async function eachOpen(world: Pick<World, 'incidents'>, work: (incident: Incident) => Promise<void>): Promise<void> {
  const troubles: unknown[] = [];
  for (const incident of await world.incidents.list({ open: true })) {
    if (!isOpen(incident)) continue;
    try {
      await work(incident);
    } catch (error) {
      if (!BelayError.is(error, 'BELAY_NOT_FOUND')) troubles.push(error);
    }
  }
  if (troubles.length > 0) throw troubles[0];
}

/** The approval of a whole plan shares its topic with new evidence; one of a step has its own. */
function topicOf(approval: Approval, run: string): string {
  return approval.step === null ? 'evidence' : `approval:${approval.id.slice(run.length + 1)}`;
}

/** A half-ticked list waits without a row of history; the flow hears of it once, when it is settled. */
async function isSettled(world: WakeWorld, incident: Incident, task: OpenTask): Promise<boolean> {
  if (task.last === null) return false;
  if (task.last.refused !== null || task.last.choice !== null) return true;
  if (task.kind !== 'manual') return false;
  const step = await pinnedStep(world, incident, task.step);
  return step.kind === 'manual' && isComplete(step, task);
}

async function wakeTask(world: WakeWorld, incident: Incident, task: OpenTask): Promise<void> {
  assert(incident.run !== null && task.last !== null, `${incident.id}: ${task.step} has nothing to hand over`);
  const attempt = incident.steps[task.step]?.attempt ?? 1;
  const { seq, ...said } = task.last;
  const message: Answered = { attempt, ...said };
  // The answer's own event names it: a choice after a refusal is another answer, however alike the rest is.
  await world.engine.signal(incident.run, `task:${task.step}`, message as unknown as Json, `task/${task.step}/${attempt}/${seq}`);
}
