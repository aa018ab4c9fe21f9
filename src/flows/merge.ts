// One breach, one incident: once it is known to hit everybody, the questions that were asked about single organizations end in the
// incident of all. What was begun for an organization goes on.
import type { EventDraft } from '../domain/event.ts';
import type { Incident, IncidentId } from '../domain/incident.ts';
import { isOnlyAsked, isOpen } from '../domain/incident-fold.ts';
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

/** Called by whoever opens or joins an incident of all. What to absorb is a checkpoint: a kill in the middle forgets none. */
export async function absorbQuestions(context: FlowContext, world: World, all: IncidentId): Promise<void> {
  const questions = (await context.step('questions', () => questionsBeside(world, all))) as readonly IncidentId[];
  for (const question of questions) await context.step(`absorb:${question}`, () => mergeInto(world, question, all));
}

async function questionsBeside(world: World, id: IncidentId): Promise<IncidentId[]> {
  const open = await world.incidents.list({ open: true });
  const all = open.find((one) => one.id === id);
  return open.filter((one) => one.trigger === all?.trigger && isOnlyAsked(one)).map((one) => one.id);
}

/** Called by the run of a question: the incident of all may have been declared in the same moment. @returns where it has gone, or null */
export async function mergeIfGlobal(world: World, id: IncidentId): Promise<IncidentId | null> {
  const open = await world.incidents.list({ open: true });
  const mine = (await world.incidents.load(id)) as Incident;
  if (mine.mergedInto !== undefined) return mergeInto(world, id, mine.mergedInto);
  const all = open.find((one) => isOpen(one) && one.id !== id && one.trigger === mine.trigger && one.scope.orgs === 'all');
  return all === undefined || !isOnlyAsked(mine) ? null : mergeInto(world, id, all.id);
}

/** Repeating it is harmless, and finishes what a kill has cut. @returns null when it was no mere question any more */
async function mergeInto(world: World, id: IncidentId, into: IncidentId): Promise<IncidentId | null> {
  const merged = await world.incidents.update(id, `merged/${into}`, (incident) =>
    isOnlyAsked(incident) ? mergingChange(world, incident, into, world.time.now()) : null,
  );
  // Somebody said yes in the same moment: that run goes on.
  if (merged.mergedInto === undefined) return null;
  await world.incidents.append(into, {
    key: `absorbed/${id}`,
    events: [{ type: 'incident.absorbed', data: { incident: id }, at: world.time.now(), actor: BELAY }],
  });
  const message: MergedMessage = { mergedInto: into };
  if (merged.run !== null && (await isAtWork(world, merged.run)))
    await world.engine.signal(merged.run, 'evidence', message, `merged/${id}`);
  return into;
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
