// The deploy scene with what tests ask of it: the first incident, waiting for a condition, the events, the people.

import { DurableDisk } from '../../../src/adapters/virtual/durable-disk.ts';
import { createVirtualTime } from '../../../src/adapters/virtual/time.ts';
import type { Event, EventData, EventType } from '../../../src/domain/event.ts';
import type { Approval, Incident } from '../../../src/domain/incident.ts';
import type { Runbook, Step } from '../../../src/domain/ir.ts';
import { stepsOf } from '../../../src/domain/ir.ts';
import { createCommands } from '../../../src/flows/commands.ts';
import type { Action } from '../../../src/ports/action.ts';
import type { Probe } from '../../../src/ports/probe.ts';
import { fakeTargetOn } from '../fakes/action.ts';
import type { SceneOptions } from './deploy.ts';
import { BAD_RELEASE, START, startLife } from './deploy.ts';
import { deployRunbook } from './runbook.ts';

export const ANA = { person: 'ana', roles: ['commander', 'comms'] };
export const EVE = { person: 'eve', roles: ['commander'] };

export type Play = Awaited<ReturnType<typeof play>>;

export async function play(options: Partial<SceneOptions> = {}) {
  const disk = options.disk ?? new DurableDisk();
  const clock = options.clock ?? createVirtualTime(START, 3);
  const life = await startLife({ disk, clock, ...options });
  const incident = async (): Promise<Incident> => {
    const found = await life.world.incidents.load('INC-1');
    if (found === null) throw new Error('no incident');
    return found;
  };
  const until = (condition: (incident: Incident) => boolean, maxMs = 3_600_000): Promise<void> =>
    clock.advanceUntil(async () => {
      const found = await life.world.incidents.load('INC-1');
      return found !== null && condition(found);
    }, maxMs);
  const events = (): Promise<readonly Event[]> => life.world.incidents.events('INC-1');
  const all = async <T extends EventType>(type: T): Promise<readonly EventData[T][]> =>
    (await events()).flatMap((event) => (event.type === type ? [event.data as EventData[T]] : []));
  const wrapProbe = (change: (original: Probe) => Partial<Probe>): void => {
    const original = life.world.probes['http'];
    if (original === undefined) throw new Error('no probe');
    (life.world.probes as Record<string, Probe>)['http'] = { ...original, ...change(original) };
  };
  const wrapAction = (name: string, change: (original: Action) => Partial<Action>): void => {
    const original = life.world.actions[name];
    if (original === undefined) throw new Error(`no action ${name}`);
    (life.world.actions as Record<string, Action>)[name] = { ...original, ...change(original) };
  };
  const rows = (): number => [...disk.runs.values()].reduce((sum, run) => sum + run.checkpoints.size, 0);
  const statuses = (): readonly string[] => [...disk.runs.values()].map((run) => run.status);
  return {
    ...life,
    incident,
    until,
    events,
    all,
    wrapProbe,
    wrapAction,
    rows,
    statuses,
    commands: createCommands(life.world),
    shop: fakeTargetOn(disk, 'shop', BAD_RELEASE),
    freeze: fakeTargetOn(disk, 'freeze', 'open'),
  };
}

export const asks = (incident: Incident): boolean => Object.values(incident.approvals).some((approval) => approval.state === 'open');

export function openApproval(incident: Incident): Approval {
  const open = Object.values(incident.approvals).find((approval) => approval.state === 'open');
  if (open === undefined) throw new Error('nothing waits for approval');
  return open;
}

/** The deploy runbook with other steps. */
export function runbookOf(change: (steps: readonly Step[]) => readonly Step[], more: Partial<Runbook> = {}): Runbook {
  const runbook = deployRunbook(more);
  return { ...runbook, phases: [{ id: 'all', title: 'All', text: '', steps: change(stepsOf(runbook)) }] };
}

/** One step of it changed. */
export function withStep(id: string, change: object, more: Partial<Runbook> = {}): Runbook {
  return runbookOf((steps) => steps.map((step) => (step.id === id ? ({ ...step, ...change } as Step) : step)), more);
}

export const STEP = { text: '', fail: { then: 'stop' as const }, meets: [], evidence: [] };
