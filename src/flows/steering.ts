// Steering a run that is at work: go on, skip a step, stop it, take it over. One person at a time drives a run; who comes second is told who it is.
import { BelayError } from '../domain/errors.ts';
import type { Incident } from '../domain/incident.ts';
import type { Runbook, Step } from '../domain/ir.ts';
import { stepsOf } from '../domain/ir.ts';
import { nearest } from '../domain/nearest.ts';
import { answerStep } from './answers.ts';
import type { Caller } from './caller.ts';
import { actorOf, incidentOf } from './caller.ts';
import { abortRun, noRun } from './endings.ts';
import { isAtWork, isCutShort } from './engine-runs.ts';
import { pinnedRunbook } from './pinned.ts';
import type { World } from './world.ts';

export interface SteerRequest {
  readonly incident: string;
  readonly verb: 'continue' | 'skip' | 'abort' | 'takeOver';
  /** Of `skip`. */
  readonly step?: string | undefined;
  /** Of `skip` and `abort`. */
  readonly reason?: string | undefined;
  readonly key: string;
}

/** @throws BELAY_LOCK_HELD where somebody else drives the run, BELAY_PLAN_CHANGED where it stands elsewhere by now */
export async function steerRun(world: World, caller: Caller, request: SteerRequest): Promise<Incident> {
  const incident = await incidentOf(world, request.incident);
  if (incident.run === null || !(await isAtWork(world, incident.run))) {
    const isLeft = request.verb === 'abort' && (await isCutShort(world, incident));
    if (!isLeft) throw noRun(incident);
  }
  switch (request.verb) {
    case 'takeOver':
      return takeOver(world, caller, request);
    case 'continue':
      return goOn(world, caller, incident, request);
    case 'skip':
      return skip(world, caller, incident, request);
    case 'abort':
      return abortRun(world, caller, { incident: incident.id, reason: request.reason ?? 'stopped', key: request.key }, (now) =>
        demandDriver(now, caller),
      );
  }
}

function takeOver(world: World, caller: Caller, { incident, key }: SteerRequest): Promise<Incident> {
  return world.incidents.update(incident, `take-over/${caller.person}/${key}`, (now) =>
    now.run === null || now.driver === caller.person
      ? null
      : {
          events: [
            {
              type: 'run.takenOver',
              data: { run: now.run, by: caller.person, from: now.driver ?? null },
              at: world.time.now(),
              actor: actorOf(caller),
            },
          ],
        },
  );
}

/** The question that the run stands at, answered with "go on". */
async function goOn(world: World, caller: Caller, incident: Incident, { key }: SteerRequest): Promise<Incident> {
  demandDriver(incident, caller);
  const task = Object.values(incident.tasks).find(({ options, last }) => options.includes('continue') && last === null);
  if (task !== undefined)
    return answerStep(world, caller, { incident: incident.id, step: task.step, choice: 'continue', key }, (now) =>
      demandDriver(now, caller),
    );
  const said = Object.values(incident.tasks).find(({ last }) => last?.choice === 'continue')?.last?.by;
  throw new BelayError(
    'BELAY_PLAN_CHANGED',
    said === undefined ? `The run of ${incident.id} does not wait to go on.` : `The run of ${incident.id} goes on already, by ${said}.`,
    { hint: `See where it stands: belay incident ${incident.id}` },
  );
}

async function skip(world: World, caller: Caller, before: Incident, { step, reason, key }: SteerRequest): Promise<Incident> {
  const runbook = await pinnedRunbook(world, before);
  const found = demandSkippable(runbook, before.runbook ?? '', { step: step ?? '', reason: reason ?? '' });
  return world.incidents.update(before.id, `skip/${found.id}/${caller.person}/${key}`, (incident) => {
    demandDriver(incident, caller);
    if (incident.steps[found.id] !== undefined && incident.skips?.[found.id] === undefined)
      throw new BelayError('BELAY_PLAN_CHANGED', `The step ${found.id} has begun already.`, {
        hint:
          incident.tasks[found.id] === undefined
            ? `See it: belay incident ${incident.id}`
            : `Answer it: belay answer ${incident.id} ${found.id}`,
      });
    const data = { step: found.id, reason: reason ?? '', by: caller.person };
    return { events: [{ type: 'step.skipAsked', data, at: world.time.now(), actor: actorOf(caller) }] };
  });
}

export interface AskedSkip {
  readonly step: string;
  readonly reason: string;
}

/** An approval is never skipped: that would be saying yes without being asked. @throws BELAY_INPUT_INVALID, BELAY_FORBIDDEN */
export function demandSkippable(runbook: Runbook | null, name: string, { step, reason }: AskedSkip): Step {
  const found = demandStep(runbook, name, step);
  if (reason.trim() === '')
    throw new BelayError('BELAY_INPUT_INVALID', `Why is ${step} skipped? The record wants a reason.`, { hint: 'Add --reason "<why>".' });
  if (found.kind !== 'approve') return found;
  throw new BelayError('BELAY_FORBIDDEN', `${step} is an approval, and approvals are not skipped.`, {
    hint: 'Grant or deny it: belay approve',
  });
}

/** @throws BELAY_INPUT_INVALID */
export function demandStep(runbook: Runbook | null, name: string, step: string): Step {
  const steps = runbook === null ? [] : stepsOf(runbook);
  const found = steps.find((one) => one.id === step);
  if (found !== undefined) return found;
  const ids = steps.map((one) => one.id);
  const near = nearest(step, ids);
  throw new BelayError('BELAY_INPUT_INVALID', `${name} has no step "${step}".`, {
    hint: near === null ? `Steps: ${ids.join(', ')}` : `Did you mean ${near}?`,
  });
}

/** Who came first drives, until somebody takes the run over and so says it to everybody. */
function demandDriver({ id, driver }: Incident, caller: Caller): void {
  if (driver === undefined || driver === caller.person) return;
  throw new BelayError('BELAY_LOCK_HELD', `${driver} drives the run of ${id}.`, {
    hint: `To drive it instead: belay run --take-over ${id}`,
  });
}
