// One row an incident, for the list: open ones first, the next clock, and what it waits for. Values and reason keys only.
import type { Incident } from './incident.ts';
import { isOpen, openContingencies } from './incident-fold.ts';
import { organizationName } from './incident-view.ts';
import { openApproval, type Reason } from './incident-view-action.ts';
import { type ClockView, clocksOf, type TimerFact } from './incident-view-clocks.ts';
import { type Runbook, stepsOf } from './ir.ts';
import type { Instant } from './json.ts';
import type { System } from './system.ts';

export interface IncidentRow {
  readonly id: string;
  readonly number: number;
  readonly severity: Incident['severity'];
  readonly phase: Incident['phase'];
  readonly kind: Incident['kind'];
  readonly open: boolean;
  readonly onContingency: boolean;
  readonly what: string;
  readonly components: readonly string[];
  readonly orgs: 'all' | readonly string[];
  readonly since: Instant;
  readonly endedAt: Instant | null;
  readonly clock: ClockView | null;
  readonly waitsFor: Reason;
}

export interface RowSources {
  readonly incident: Incident;
  readonly timers: readonly TimerFact[];
  readonly runbook: Runbook | null;
  readonly system: System;
  readonly paused: boolean;
  readonly now: Instant;
}

export function incidentRow({ incident, timers, runbook, system, paused, now }: RowSources): IncidentRow {
  const orgs = incident.scope.orgs;
  return {
    id: incident.id,
    number: incident.number,
    severity: incident.severity,
    phase: incident.phase,
    kind: incident.kind,
    open: isOpen(incident),
    onContingency: incident.onContingency,
    what: runbook?.title ?? incident.trigger ?? incident.scope.components.join(', '),
    components: incident.scope.components.map((id) => system.components.find((one) => one.id === id)?.title ?? id),
    orgs: orgs === 'all' ? 'all' : orgs.map((id) => organizationName(system, id)),
    since: incident.detectedAt,
    endedAt: incident.resolvedAt ?? incident.endedAt ?? null,
    clock: clocksOf(incident, timers, now).big,
    waitsFor: waitsFor(incident, runbook, paused),
  };
}

/** Open first, then the nearest clock; ended ones newest first. */
export function sortRows(rows: readonly IncidentRow[]): readonly IncidentRow[] {
  const far = Number.MAX_SAFE_INTEGER;
  return [...rows].sort((a, b) => {
    if (a.open !== b.open) return a.open ? -1 : 1;
    return a.open ? (a.clock?.deadline ?? far) - (b.clock?.deadline ?? far) || b.number - a.number : b.number - a.number;
  });
}

function waitsFor(incident: Incident, runbook: Runbook | null, paused: boolean): Reason {
  if (incident.mergedInto !== undefined) return { key: 'waits.merged', facts: { into: incident.mergedInto } };
  if (!isOpen(incident)) {
    const open = openContingencies(incident).length;
    return open === 0 ? { key: 'waits.nothing', facts: {} } : { key: 'waits.contingency', facts: { open } };
  }
  if (paused) return { key: 'waits.paused', facts: {} };
  if (incident.queued != null) return { key: 'waits.lock', facts: { lock: incident.queued.lock, behind: incident.queued.behind } };
  const approval = openApproval(incident);
  if (approval !== undefined) return { key: 'waits.approval', facts: { roles: approval.from } };
  const steps = runbook === null ? [] : stepsOf(runbook);
  const title = (id: string): string => steps.find((step) => step.id === id)?.title ?? id;
  const task = Object.values(incident.tasks)[0];
  if (task !== undefined) return { key: 'waits.task', facts: { title: title(task.step), who: task.who ?? '' } };
  const running = Object.values(incident.steps).findLast((step) => step.status === 'running');
  return running === undefined ? { key: 'waits.belay', facts: {} } : { key: 'waits.step', facts: { title: title(running.id) } };
}
