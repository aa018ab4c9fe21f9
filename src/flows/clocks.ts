// The clocks of incidents: durable timers, fired once each, late ones saying by how much.

import type { Late } from '../domain/built-in-templates.ts';
import type { EventDraft } from '../domain/event.ts';
import type { Incident } from '../domain/incident.ts';
import { isOpen, openContingencies } from '../domain/incident-fold.ts';
import type { ClockSpec } from '../domain/ir.ts';
import type { Instant } from '../domain/json.ts';
import type { Change, Timer, TimerDraft } from '../ports/incident-store.ts';
import { BELAY } from './actor.ts';
import { attention } from './attention.ts';
import { startExpiry } from './start-expiry.ts';
import type { World } from './world.ts';

export const clockTimers = (clock: string): string[] => [`clock:${clock}:warn`, `clock:${clock}:breach`];

/** Starts a clock: its event and its two timers. The deadline is an absolute instant and survives restarts. */
export function startClock(
  id: string,
  spec: ClockSpec,
  startedAt: Instant,
  at: Instant,
): { events: EventDraft[]; setTimers: TimerDraft[] } {
  const deadline = startedAt + spec.budgetMs;
  const warnAt = startedAt + Math.round(spec.budgetMs * spec.warn);
  const [warn, breach] = clockTimers(id) as [string, string];
  return {
    events: [{ type: 'clock.started', data: { clock: id, deadline, warnAt, startedAt, until: spec.until }, at, actor: BELAY }],
    setTimers: [
      { id: warn, at: warnAt, kind: 'clock-warn', data: { clock: id } },
      { id: breach, at: deadline, kind: 'clock-breach', data: { clock: id, escalateTo: spec.escalateTo ?? 'commander' } },
    ],
  };
}

/** `by` is the phase or the step that stopped it. */
export function stopClock(incident: Incident, clock: string, by: string, at: Instant): EventDraft {
  const state = incident.clocks[clock];
  const met = state !== undefined && at <= state.deadline && state.breachedAt === undefined;
  return { type: 'clock.stopped', data: { clock, met, by }, at, actor: BELAY };
}

/** Fires what is due. Safe to run in several processes and to repeat: each timer changes its incident once. */
export async function fireTimers(world: Pick<World, 'incidents' | 'engine' | 'time' | 'system'>): Promise<number> {
  const now = world.time.now();
  const due = await world.incidents.dueTimers(now);
  for (const timer of due) {
    // Before the timer is gone: killed in between, it is due again, and the start is for the same run.
    if (timer.kind === 'contingency') await takeBack(world, timer);
    await world.incidents.update(timer.incident, `timer/${timer.id}/${timer.at}`, (incident) => fired(world, incident, timer, now));
  }
  return due.length;
}

async function takeBack(world: Pick<World, 'incidents' | 'engine'>, timer: Timer): Promise<void> {
  const incident = await world.incidents.load(timer.incident);
  if (incident !== null) await startExpiry(world, incident, timer);
}

/** Whoever it is escalated to is told in the same transaction: a clock that only the log knows of calls nobody. */
function fired(world: Pick<World, 'system'>, incident: Incident, timer: Timer, now: Instant): Omit<Change, 'key'> {
  const events = eventsOf(incident, timer, now);
  const late = lateOf(timer);
  const told = events.flatMap((event) =>
    event.type === 'escalation.fired' && late !== null
      ? [attention({ world }, incident, { revision: `timer/${timer.id}/${timer.at}`, at: now, asks: { late }, of: [event.data.to] })]
      : [],
  );
  return {
    events: [...events, ...told.flatMap((one) => one.events)],
    deliveries: told.flatMap((one) => one.deliveries),
    clearTimers: [timer.id],
  };
}

function lateOf({ kind, data }: Timer): Late | null {
  switch (kind) {
    case 'clock-breach':
      return { what: 'clock', of: String(data['clock']) };
    case 'promise':
      return { what: 'promise', of: String(data['audience']) };
    case 'contingency':
      return { what: 'contingency', of: String(data['step']) };
    case 'within':
      return { what: 'step', of: String(data['step']) };
    default:
      return null;
  }
}

/** `at` is the instant that was promised; `observedAt` when Belay was there to see it. */
function eventsOf(incident: Incident, timer: Timer, now: Instant): EventDraft[] {
  const stamp = { at: timer.at, observedAt: now, actor: BELAY };
  const clock = String(timer.data['clock'] ?? '');
  const stopped = incident.clocks[clock]?.stoppedAt !== undefined;
  switch (timer.kind) {
    case 'clock-warn':
      return stopped ? [] : [{ type: 'clock.warned', data: { clock }, ...stamp }];
    case 'clock-breach': {
      if (stopped) return [];
      const escalateTo = String(timer.data['escalateTo'] ?? 'commander');
      return [
        { type: 'clock.breached', data: { clock, lateByMs: now - timer.at, escalateTo }, ...stamp },
        { type: 'escalation.fired', data: { to: escalateTo, why: `clock ${clock}` }, ...stamp },
      ];
    }
    case 'promise':
      if (!isOpen(incident)) return [];
      return [
        {
          type: 'escalation.fired',
          data: { to: String(timer.data['to'] ?? 'comms'), why: `promised update to ${String(timer.data['audience'])}` },
          ...stamp,
        },
      ];
    case 'contingency':
      // A measure that was taken back needs nobody; one that outlives its incident still does.
      if (!openContingencies(incident).some((one) => one.step === timer.data['step'] && one.atExpiry === undefined)) return [];
      return [
        {
          type: 'escalation.fired',
          data: { to: String(timer.data['owner']), why: `contingency ${String(timer.data['step'])} has expired` },
          ...stamp,
        },
      ];
    case 'within': {
      const step = incident.steps[String(timer.data['step'])];
      const isOver = step === undefined || step.endedAt !== undefined || step.attempt !== timer.data['attempt'] || !isOpen(incident);
      return isOver ? [] : [{ type: 'escalation.fired', data: { to: String(timer.data['to']), why: `${step.id} is late` }, ...stamp }];
    }
    case 'role-missing':
      return incident.roles[String(timer.data['role'])] === undefined
        ? [{ type: 'role.missing', data: { role: String(timer.data['role']) }, ...stamp }]
        : [];
  }
}
