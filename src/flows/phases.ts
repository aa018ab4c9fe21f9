// What entering a phase brings with it: clocks that it stops and starts, promises that end with the incident. Pure: the caller writes it.
import type { Actor } from '../domain/event.ts';
import type { Incident, Phase } from '../domain/incident.ts';
import type { ClockSpec, Runbook } from '../domain/ir.ts';
import type { Instant } from '../domain/json.ts';
import type { System } from '../domain/system.ts';
import type { Change } from '../ports/incident-store.ts';
import { clockTimers, startClock, stopClock } from './clocks.ts';

export interface PhaseEntry {
  readonly to: Phase;
  readonly at: Instant;
  readonly actor: Actor;
  readonly onContingency?: boolean;
  readonly reason?: string;
}

/** Where an incident has come to its end, nothing runs on: neither a clock nor a promise. */
const ENDS: readonly Phase[] = ['resolved', 'closed', 'cancelled', 'merged'];

/** The clocks of an incident: the runbook's own come before the system's. */
export function clockSpecs(system: System, runbook: Runbook | null): Readonly<Record<string, ClockSpec>> {
  return { ...system.clocks, ...runbook?.clocks };
}

export function phaseChange(system: System, runbook: Runbook | null, incident: Incident, entry: PhaseEntry): Omit<Change, 'key'> {
  const { to, at, actor, ...extra } = entry;
  const stopped = clocksStoppedBy(incident, to);
  const started = Object.entries(clockSpecs(system, runbook))
    .filter(([id, spec]) => spec.from === `phase.${to}` && incident.clocks[id] === undefined)
    .map(([id, spec]) => startClock(id, spec, at, at));
  const promises = ENDS.includes(to) ? system.audiences.map((audience) => `promise:${audience.id}`) : [];
  return {
    events: [
      { type: 'phase.entered', data: { from: incident.phase, to, ...extra }, at, actor },
      ...stopped.map((clock) => stopClock(incident, clock, `phase.${to}`, at)),
      ...started.flatMap((one) => one.events),
    ],
    clearTimers: [...stopped.flatMap(clockTimers), ...promises],
    setTimers: started.flatMap((one) => one.setTimers),
  };
}

function clocksStoppedBy(incident: Incident, to: Phase): readonly string[] {
  return Object.values(incident.clocks)
    .filter((clock) => clock.stoppedAt === undefined && (ENDS.includes(to) || clock.until?.includes(`phase.${to}`) === true))
    .map((clock) => clock.id);
}
