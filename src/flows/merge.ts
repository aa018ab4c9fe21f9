// One breach, one incident: once Belay knows that it hits everybody, and has a runbook for that, the questions that were asked about
// single organizations end in the incident of all. What people have decided, and what was begun, goes on.
import { BelayError } from '../domain/errors.ts';
import type { EventDraft } from '../domain/event.ts';
import type { Approval, Incident, IncidentId } from '../domain/incident.ts';
import { isOnlyAsked, isOpen, isUndecided } from '../domain/incident-fold.ts';
import type { Instant, JsonObject } from '../domain/json.ts';
import type { FlowContext } from '../ports/engine.ts';
import type { Change } from '../ports/incident-store.ts';
import { BELAY } from './actor.ts';
import { attention } from './attention.ts';
import { isAtWork } from './engine-runs.ts';
import { phaseChange } from './phases.ts';
import type { World } from './world.ts';

/** What a run that waits for people hears when its incident has become a part of another. */
export interface MergedMessage extends JsonObject {
  readonly mergedInto: IncidentId;
}

/**
 * Called by the run of an incident of all that answers a breach. What to absorb is a checkpoint of its own: a kill in the middle
 * forgets none. A question that cannot be absorbed stays one; it must not hold up the answer for everybody.
 */
export async function absorbQuestions(context: FlowContext, world: World, o: { readonly all: IncidentId; readonly round: number }) {
  const questions = (await context.step(`questions#${o.round}`, () => questionsBeside(world, o.all))) as readonly IncidentId[];
  if (questions.length === 0) return;
  await context.step(`absorb#${o.round}`, async () => {
    const merged = await Promise.allSettled(questions.map((question) => mergeInto(world, question, o.all, isOnlyAsked)));
    const bug = merged.find((one) => one.status === 'rejected' && !BelayError.is(one.reason));
    if (bug?.status === 'rejected') throw bug.reason;
    return null;
  });
}

async function questionsBeside(world: World, id: IncidentId): Promise<IncidentId[]> {
  const all = await world.incidents.load(id);
  if (all === null || !isOpen(all) || all.scope.orgs !== 'all' || all.trigger === null) return [];
  return (await world.incidents.list({ open: true, trigger: all.trigger })).filter(isOnlyAsked).map((one) => one.id);
}

/**
 * Called by the run of one organization, before it decides and after it has asked: the incident of all may be declared in any moment,
 * and one of the two sees the other. @returns true when its incident is a part of another now
 */
export async function mergeIfGlobal(world: World, id: IncidentId): Promise<boolean> {
  const mine = await world.incidents.load(id);
  if (mine === null || mine.trigger === null) return false;
  if (mine.mergedInto !== undefined) return mergeInto(world, id, mine.mergedInto, isUndecided);
  if (!isUndecided(mine) && !isOnlyAsked(mine)) return false;
  const ofAll = await world.incidents.list({ open: true, trigger: mine.trigger, org: 'all' });
  const all = ofAll.find((one) => one.id !== id && answersForAll(one));
  if (all === undefined || all.run === null || !(await isAtWork(world, all.run))) return false;
  return mergeInto(world, id, all.id, (incident) => isUndecided(incident) || isOnlyAsked(incident));
}

/** A mere suspicion about everybody, or an incident of all that nobody has a runbook for, answers no question. */
const answersForAll = (incident: Incident): boolean =>
  isOpen(incident) && incident.scope.orgs === 'all' && incident.phase !== 'triage' && incident.runbook !== null;

/** Repeating it is harmless, and finishes what a kill has cut. @returns false when people, or the run, were quicker */
async function mergeInto(world: World, id: IncidentId, into: IncidentId, may: (incident: Incident) => boolean): Promise<boolean> {
  const all = await world.incidents.load(into);
  const before = await world.incidents.load(id);
  if (all === null || before === null || (!isOpen(all) && before.mergedInto === undefined)) return false;
  const merged = await world.incidents.update(id, `merged/${into}`, (incident) =>
    may(incident) ? mergingChange(world, incident, into, world.time.now()) : null,
  );
  if (merged.mergedInto !== into) return merged.mergedInto !== undefined;
  await world.incidents.append(into, {
    key: `absorbed/${id}`,
    events: [{ type: 'incident.absorbed', data: { incident: id }, at: world.time.now(), actor: BELAY }],
  });
  if (merged.run !== null) await tellRun(world, merged.run, into, Object.values(merged.approvals));
  return true;
}

/** Also a run that is not at work now: it may be taken up again. */
async function tellRun(world: World, run: string, into: IncidentId, approvals: readonly Approval[]): Promise<void> {
  const message: MergedMessage = { mergedInto: into };
  const topics = approvals.filter((one) => one.step !== null).map((one) => `approval:${one.id.slice(run.length + 1)}`);
  try {
    for (const topic of ['evidence', ...topics]) await world.engine.signal(run, topic, message, `merged/${into}/${topic}`);
  } catch (error) {
    if (!BelayError.is(error, 'BELAY_NOT_FOUND')) throw error;
  }
}

function mergingChange(world: World, incident: Incident, into: IncidentId, at: Instant): Omit<Change, 'key'> {
  const stamp = { at, actor: BELAY };
  const open = Object.values(incident.approvals).filter((approval) => approval.state === 'open');
  const told = open.length === 0 ? null : attention({ world }, incident, { revision: 'merged', at, asks: { mergedInto: into } });
  const phase = phaseChange(world.system, null, incident, { to: 'merged', ...stamp });
  const orgs = incident.scope.orgs === 'all' ? ['all'] : incident.scope.orgs;
  return {
    ...phase,
    events: [
      ...open.map((approval): EventDraft => ({ type: 'approval.expired', data: { id: approval.id, escalated: false }, ...stamp })),
      ...(incident.isRunning === true && incident.run !== null
        ? [{ type: 'run.finished' as const, data: { run: incident.run, outcome: 'aborted' as const, reason: `part of ${into}` }, ...stamp }]
        : []),
      { type: 'incident.merged', data: { into }, ...stamp },
      ...phase.events,
      ...incident.scope.components.flatMap((component) =>
        orgs.map((org): EventDraft => ({ type: 'impact.closed', data: { org, component }, ...stamp })),
      ),
      ...(told?.events ?? []),
    ],
    deliveries: told?.deliveries ?? [],
  };
}
