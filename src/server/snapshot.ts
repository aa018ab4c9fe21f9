// Reads what screens and API show: the incident with its events, timers, deliveries, pinned runbook and plan.
// It changes nothing.
import { BelayError } from '../domain/errors.ts';
import type { Event } from '../domain/event.ts';
import type { Incident } from '../domain/incident.ts';
import { type IncidentRow, incidentRow, sortRows } from '../domain/incident-list.ts';
import { type IncidentView, incidentView, lastOf } from '../domain/incident-view.ts';
import { openApproval } from '../domain/incident-view-action.ts';
import type { Runbook } from '../domain/ir.ts';
import type { Json } from '../domain/json.ts';
import type { Plan } from '../domain/plan.ts';
import { budgetsLeft, type TimeBudget, withPast } from '../domain/time-budget.ts';
import { pastRunsOf } from '../flows/past-runs.ts';
import { withProofs } from '../flows/proofs.ts';
import type { World } from '../flows/world.ts';
import type { Caller } from './commands.ts';

export interface Snapshot {
  readonly incident: Incident;
  readonly view: IncidentView;
  readonly events: readonly Event[];
  readonly plan: Plan | null;
  /** What is left to do next to the time that is left for it, while a run is at work. */
  readonly budgets: readonly TimeBudget[];
  /** The run goes on by the text that was pinned, and today's file says something else. */
  readonly isFileNewer: boolean;
}

export type ReadWorld = Pick<
  World,
  | 'system'
  | 'runbooks'
  | 'incidents'
  | 'documents'
  | 'outbox'
  | 'readings'
  | 'signals'
  | 'silences'
  | 'freezes'
  | 'releases'
  | 'shadows'
  | 'certificates'
  | 'databases'
  | 'pause'
  | 'time'
  | 'targets'
  | 'switches'
>;

/** Accepts `INC-12` and `12`. @throws BELAY_NOT_FOUND */
export async function findIncident(world: ReadWorld, id: string): Promise<Incident> {
  const found = /^\d{1,9}$/.test(id) ? await world.incidents.byNumber(Number(id)) : await world.incidents.load(id);
  if (found === null)
    throw new BelayError('BELAY_NOT_FOUND', `there is no incident ${id}`, { hint: 'See `belay status` or GET /v1/incidents.' });
  return found;
}

export async function snapshot(world: ReadWorld, id: string, viewer: Caller): Promise<Snapshot> {
  const incident = await findIncident(world, id);
  const [events, timers, deliveries, triggers, pause] = await Promise.all([
    world.incidents.events(incident.id),
    world.incidents.timers(incident.id),
    world.outbox.ofIncident(incident.id),
    incident.trigger === null ? [] : world.readings.views(incident.trigger),
    world.pause.read(),
  ]);
  const [runbook, plan] = await Promise.all([pinnedRunbook(world, incident, events), planOf(world, incident)]);
  const sources = {
    incident,
    events,
    timers,
    deliveries,
    triggers,
    pause,
    runbook,
    plan,
    system: world.system,
    now: world.time.now(),
    viewer,
  };
  return {
    incident,
    view: incidentView(sources),
    events,
    plan,
    budgets: await budgetsNow(world, incident, runbook, plan),
    isFileNewer: isFileNewer(world, incident),
  };
}

export async function listRows(world: ReadWorld): Promise<readonly IncidentRow[]> {
  const [incidents, pause] = await Promise.all([world.incidents.list({ limit: 200 }), world.pause.read()]);
  const now = world.time.now();
  const rows = incidents.map(async (incident) => {
    const timers = await world.incidents.timers(incident.id);
    const runbook = incident.runbook === null ? null : (world.runbooks[incident.runbook]?.runbook ?? null);
    return incidentRow({ incident, timers, runbook, system: world.system, paused: pause.paused, now });
  });
  return sortRows(await Promise.all(rows));
}

function isFileNewer({ runbooks }: ReadWorld, { runbook, irHash, isRunning }: Incident): boolean {
  const today = runbook === null ? undefined : runbooks[runbook]?.irHash;
  return isRunning === true && irHash !== undefined && today !== undefined && today !== irHash;
}

async function budgetsNow(
  world: ReadWorld,
  incident: Incident,
  runbook: Runbook | null,
  plan: Plan | null,
): Promise<readonly TimeBudget[]> {
  if (runbook === null || !['triage', 'responding', 'mitigated', 'watching'].includes(incident.phase)) return [];
  const each = (id: string) => plan?.steps.find((step) => step.id === id)?.each;
  const budgets = budgetsLeft(runbook, { system: world.system, incident, each, now: world.time.now() });
  return budgets.length === 0 ? [] : withPast(budgets, await pastRunsOf(world, runbook.id));
}

/** The runbook as it was when the run began; today's file only where nothing was pinned. */
async function pinnedRunbook(world: ReadWorld, incident: Incident, events: readonly Event[]): Promise<Runbook | null> {
  const started = lastOf(events, 'run.started');
  const pinned = started === undefined ? null : ((await document(world, started.data.irHash)) as unknown as Runbook | null);
  return pinned ?? (incident.runbook === null ? null : (world.runbooks[incident.runbook]?.runbook ?? null));
}

/** The plan that an open approval is about, otherwise the one in force. */
async function planOf(world: ReadWorld, incident: Incident): Promise<Plan | null> {
  const hash = openApproval(incident)?.planHash ?? incident.planHash;
  if (hash === null) return null;
  const stored = (await document(world, hash)) as unknown as Plan | null;
  if (stored === null) return null;
  return withProofs(world, { ...stored, planHash: stored.planHash ?? hash, guards: stored.guards ?? [], unknowns: stored.unknowns ?? [] });
}

async function document(world: ReadWorld, hash: string): Promise<Json> {
  try {
    return await world.documents.get(hash);
  } catch (error) {
    // The screen then says that the plan cannot be read, and refuses to approve it.
    if (BelayError.is(error, 'BELAY_NOT_FOUND')) return null;
    throw error;
  }
}
