// How people end an incident: resolve it by their word, cancel it, close it, and say that a measure was taken back by hand.
// A run that stands still is stopped with it; one that may be changing something right now is never cut off.
import { BelayError } from '../domain/errors.ts';
import type { EventDraft } from '../domain/event.ts';
import { evidenceOwed } from '../domain/evidence-owed.ts';
import type { Incident, Phase } from '../domain/incident.ts';
import { openContingencies } from '../domain/incident-fold.ts';
import type { Runbook } from '../domain/ir.ts';
import { stepsOf } from '../domain/ir.ts';
import type { Instant } from '../domain/json.ts';
import type { RunSummary } from '../ports/engine.ts';
import type { Change } from '../ports/incident-store.ts';
import type { Caller } from './caller.ts';
import { actorOf, incidentOf } from './caller.ts';
import { isAtWork, isCutShort, laneRuns } from './engine-runs.ts';
import { exportEvidence } from './evidence.ts';
import { phaseChange } from './phases.ts';
import { pinnedRunbook } from './pinned.ts';
import { writePostmortem } from './postmortem.ts';
import type { World } from './world.ts';

export interface EndRequest {
  readonly incident: string;
  readonly reason: string;
  readonly key: string;
}

interface Ending {
  readonly to: 'resolved' | 'cancelled';
  readonly from: readonly Phase[];
}

/** A person's word that it is over, where Belay itself cannot prove it. @throws BELAY_GUARD_REFUSED */
export async function resolveIncident(world: World, caller: Caller, request: EndRequest): Promise<Incident> {
  const incident = await end(world, caller, request, { to: 'resolved', from: ['responding', 'mitigated', 'watching'] });
  await writePostmortem(world, incident.id);
  await exportEvidence(world, incident.id);
  return incidentOf(world, incident.id);
}

/** It was none. @throws BELAY_GUARD_REFUSED */
export async function cancelIncident(world: World, caller: Caller, request: EndRequest): Promise<Incident> {
  return end(world, caller, request, { to: 'cancelled', from: ['triage', 'responding'] });
}

async function end(world: World, caller: Caller, request: EndRequest, ending: Ending): Promise<Incident> {
  const before = await incidentOf(world, request.incident);
  const runbook = await pinnedRunbook(world, before);
  // The run first: killed in between, the incident is still open and the person says it again.
  if (ending.from.includes(before.phase)) await stopRun(world, before, runbook);
  return world.incidents.update(before.id, `${ending.to}/${caller.person}/${request.key}`, (incident) => {
    if (!ending.from.includes(incident.phase))
      throw refused(incident, `it is ${incident.phase}, and only ${ending.from.join(' or ')} becomes ${ending.to}`);
    return endingChange(world, incident, { caller, runbook, reason: request.reason, to: ending.to, at: world.time.now() });
  });
}

const refused = (incident: Incident, why: string): BelayError =>
  incident.mergedInto === undefined
    ? new BelayError('BELAY_GUARD_REFUSED', `${incident.id} cannot be ended now: ${why}.`, {
        hint: `See where it stands: belay incident ${incident.id}`,
      })
    : partOf(incident, incident.mergedInto);

const partOf = ({ id }: Incident, into: string): BelayError =>
  new BelayError('BELAY_GUARD_REFUSED', `${id} is a part of ${into} now.`, { hint: `Go on there: belay incident ${into}` });

type Demand = (incident: Incident) => void;

/** False: there was none to stop. `demand` is asked again once it stands still: what it refuses goes on. */
async function stopRun(world: World, incident: Incident, runbook: Runbook | null, demand: Demand = () => undefined): Promise<boolean> {
  const { run } = incident;
  if (run === null) return false;
  if (!(await isAtWork(world, run))) {
    // One that broke off has given nothing back, and no other door does it.
    await giveBackOf(world, incident.id, run);
    return false;
  }
  const lanesNow = async () => (incident.each === undefined ? [] : await laneRuns(world, run));
  demandStill(incident, runbook, await lanesNow());
  await world.engine.cancel(run);
  const lanes = await lanesNow();
  for (const lane of lanes) await world.engine.cancel(lane.id);
  // It may have begun to act between the two: then it goes on, because an act that nobody records is worse than a late ending.
  const after = await incidentOf(world, incident.id);
  // It became a part of another in the same moment: its run ends by itself.
  if (after.mergedInto !== undefined) {
    await world.engine.resume(run);
    return false;
  }
  try {
    demand(after);
    demandStill(after, runbook, lanes);
  } catch (error) {
    for (const one of [...lanes.map(({ id }) => id), run]) await world.engine.resume(one);
    throw error;
  }
  await giveBackOf(world, incident.id, run);
  return true;
}

/** What a measure that is taken back beside the run holds stays its own: it goes on. */
const giveBackOf = ({ partLocks }: World, incident: string, run: string): Promise<void> => partLocks.release({ incident, holders: [run] });

function demandStill(incident: Incident, runbook: Runbook | null, lanes: readonly RunSummary[]): void {
  if (standsStill(incident, runbook, lanes)) return;
  throw refused(incident, 'its run is at work and may be changing something; pause it, or wait until it asks or ends');
}

/** Steps that only look or wait: nothing is in flight while one of them runs. */
const STILL: readonly string[] = ['wait', 'watch', 'verify'];

/** True only where it is known: the run is paused, asks people, or only looks; and of a fan-out, when every lane that has begun is paused. */
function standsStill(incident: Incident, runbook: Runbook | null, lanes: readonly RunSummary[]): boolean {
  const paused = incident.pausedRuns ?? [];
  if (lanes.length > 0) return lanes.every(({ id, status }) => status === 'queued' || paused.includes(id));
  if (incident.queued != null || (incident.run !== null && paused.includes(incident.run))) return true;
  const asks = Object.values(incident.approvals).some(
    (approval) => approval.state === 'open' && approval.id.startsWith(`${incident.run}/`),
  );
  const waits = Object.values(incident.tasks).some(({ last }) => last === null || (last.choice === null && last.refused === null));
  const looks = (runbook === null ? [] : stepsOf(runbook)).some(
    (step) => STILL.includes(step.kind) && incident.steps[step.id]?.status === 'running',
  );
  return asks || waits || looks;
}

/**
 * Stops the run where it stands; the incident stays open, and nothing is taken back. `demand` says who may.
 * @throws BELAY_GUARD_REFUSED, BELAY_PLAN_CHANGED where it has ended meanwhile
 */
export async function abortRun(world: World, caller: Caller, request: EndRequest, demand: Demand): Promise<Incident> {
  const before = await incidentOf(world, request.incident);
  demand(before);
  // Said again after a kill between the two: it stands still already, and the log does not say so yet.
  if (before.run !== null && (await isCutShort(world, before))) await giveBackOf(world, before.id, before.run);
  else if (!(await stopRun(world, before, await pinnedRunbook(world, before), demand))) throw noRun(before);
  return world.incidents.update(before.id, `abort/${caller.person}/${request.key}`, (incident) => {
    // What its last step wrote while it was stopped stands: a run ends once.
    if (incident.run === null || incident.run !== before.run || (before.isRunning === true && incident.isRunning !== true))
      throw noRun(incident);
    const stamp = { at: world.time.now(), actor: actorOf(caller) };
    const open = Object.values(incident.approvals).filter((approval) => approval.state === 'open');
    return {
      events: [
        ...open.map((approval): EventDraft => ({ type: 'approval.expired', data: { id: approval.id, escalated: false }, ...stamp })),
        { type: 'run.finished', data: { run: incident.run, outcome: 'aborted', reason: request.reason }, ...stamp },
      ],
    };
  });
}

export const noRun = ({ id }: Incident): BelayError =>
  new BelayError('BELAY_PLAN_CHANGED', `${id} has no run at work.`, { hint: `See where it stands: belay incident ${id}` });

interface Told {
  readonly caller: Caller;
  readonly runbook: Runbook | null;
  readonly reason: string;
  readonly to: 'resolved' | 'cancelled';
  readonly at: Instant;
}

function endingChange(world: World, incident: Incident, o: Told): Omit<Change, 'key'> {
  const stamp = { at: o.at, actor: actorOf(o.caller) };
  const onContingency = openContingencies(incident).length > 0;
  const phase = phaseChange(world.system, o.runbook, incident, { to: o.to, reason: o.reason, onContingency, ...stamp });
  const org = incident.scope.orgs === 'all' ? 'all' : (incident.scope.orgs[0] ?? 'all');
  const open = Object.values(incident.approvals).filter((approval) => approval.state === 'open');
  const events: EventDraft[] = [
    ...open.map((approval): EventDraft => ({ type: 'approval.expired', data: { id: approval.id, escalated: false }, ...stamp })),
    ...(incident.isRunning === true && incident.run !== null
      ? [{ type: 'run.finished' as const, data: { run: incident.run, outcome: 'aborted' as const, reason: o.reason }, ...stamp }]
      : []),
    ...(o.to === 'cancelled' ? [{ type: 'incident.cancelled' as const, data: { reason: o.reason }, ...stamp }] : []),
    ...phase.events,
    ...incident.scope.components.map((component): EventDraft => ({ type: 'impact.closed', data: { org, component }, ...stamp })),
  ];
  return { ...phase, events };
}

export interface CloseContingencyRequest {
  readonly incident: string;
  readonly step: string;
  /** What was done by hand. */
  readonly note: string;
  readonly key: string;
}

/** Records that a person took a measure back by hand: Belay changes nothing itself. @throws BELAY_GUARD_REFUSED */
export async function closeContingency(world: World, caller: Caller, request: CloseContingencyRequest): Promise<Incident> {
  return world.incidents.update(request.incident, `contingency/${request.step}/${caller.person}/${request.key}`, (incident) => {
    if (!openContingencies(incident).some((one) => one.step === request.step)) {
      const open = openContingencies(incident).map((one) => one.step);
      throw new BelayError('BELAY_GUARD_REFUSED', `${incident.id} has no open contingency of step ${request.step}.`, {
        hint: `Open: ${open.join(', ') || 'none'}`,
      });
    }
    const data = { step: request.step, by: caller.person, note: request.note };
    return {
      events: [{ type: 'contingency.closed', data, at: world.time.now(), actor: actorOf(caller) }],
      clearTimers: [`contingency:${request.step}`],
    };
  });
}

/** Closing is refused while something that was promised is missing: the record, an owner, or a way back. */
export async function closeIncident(
  world: World,
  caller: Caller,
  o: { readonly incident: string; readonly key: string },
): Promise<Incident> {
  const before = await incidentOf(world, o.incident);
  const runbook = await pinnedRunbook(world, before);
  return world.incidents.update(before.id, `close/${caller.person}/${o.key}`, (incident) => {
    if (incident.mergedInto !== undefined) throw partOf(incident, incident.mergedInto);
    const problems = problemsOf(incident, runbook);
    if (problems.length > 0)
      throw new BelayError('BELAY_GUARD_REFUSED', `${incident.id} cannot be closed: ${problems.join('; ')}.`, {
        hint: `Settle these first. Evidence is kept by hand with: belay evidence keep ${incident.id} <evidence> <text>`,
      });
    return phaseChange(world.system, runbook, incident, { to: 'closed', at: world.time.now(), actor: actorOf(caller) });
  });
}

function problemsOf(incident: Incident, runbook: Runbook | null): readonly string[] {
  const phase = incident.phase === 'resolved' ? [] : [`it is ${incident.phase}, not resolved`];
  const measures = openContingencies(incident).map((open) => `contingency ${open.step} (${open.action}) is still open`);
  return [...phase, ...measures, ...evidenceOwed(incident, runbook).map((id) => `evidence ${id} is missing`)];
}
