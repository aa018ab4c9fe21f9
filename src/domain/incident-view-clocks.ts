// Which deadline of an incident runs out next: exactly one big clock, the others small.
// A clock is a deadline with a start, so that a bar can be drawn; it knows no format of time.
import type { Approval, Incident } from './incident.ts';
import { isOpen, openContingencies } from './incident-fold.ts';
import type { Instant, JsonObject } from './json.ts';

/** A durable timer, as the incident store tells it. */
export interface TimerFact {
  readonly id: string;
  readonly at: Instant;
  readonly kind: string;
  readonly data: JsonObject;
}

export interface ClockView {
  readonly id: string;
  readonly kind: 'clock' | 'approval' | 'promise' | 'contingency';
  readonly startedAt: Instant;
  readonly deadline: Instant;
  readonly state: 'running' | 'warned' | 'late';
}

export function clocksOf(
  incident: Incident,
  timers: readonly TimerFact[],
  now: Instant,
): { readonly big: ClockView | null; readonly others: readonly ClockView[] } {
  const all = [
    ...runningClocks(incident, now),
    ...approvalClocks(incident, now),
    ...promises(incident, timers, now),
    ...expiries(incident, now),
  ];
  const byDeadline = all.sort((a, b) => a.deadline - b.deadline);
  // A late clock stays in sight but gives the big place to the next one that can still be met.
  const ahead = byDeadline.filter((one) => one.state !== 'late');
  const big =
    ahead.find((one) => one.kind !== 'contingency') ?? byDeadline.find((one) => one.kind !== 'contingency') ?? byDeadline[0] ?? null;
  return { big, others: byDeadline.filter((one) => one !== big) };
}

function runningClocks(incident: Incident, now: Instant): ClockView[] {
  return Object.values(incident.clocks)
    .filter((clock) => clock.stoppedAt === undefined)
    .map((clock) => {
      const state = clock.deadline <= now || clock.breachedAt !== undefined ? 'late' : clock.warnAt <= now ? 'warned' : 'running';
      return { id: clock.id, kind: 'clock', startedAt: clock.startedAt, deadline: clock.deadline, state };
    });
}

function approvalClocks(incident: Incident, now: Instant): ClockView[] {
  return Object.values(incident.approvals)
    .filter((approval) => approval.state === 'open' && isOpen(incident) && hasLimit(approval))
    .map((approval) => ({
      id: approval.id,
      kind: 'approval',
      startedAt: approval.requestedAt,
      deadline: approval.expiresAt,
      state: stateOf(approval.requestedAt, approval.expiresAt, now),
    }));
}

/** An approval without a time limit is stored with a deadline so far away that it is none. */
export const hasLimit = (approval: Approval): boolean => approval.expiresAt - approval.requestedAt < 90 * 86_400_000;

function promises(incident: Incident, timers: readonly TimerFact[], now: Instant): ClockView[] {
  return timers
    .filter((timer) => timer.kind === 'promise' && isOpen(incident))
    .map((timer) => {
      const audience = timer.data['audience'];
      const id = typeof audience === 'string' ? audience : timer.id;
      return {
        id,
        kind: 'promise',
        startedAt: incident.declaredAt,
        deadline: timer.at,
        state: stateOf(incident.declaredAt, timer.at, now),
      };
    });
}

function expiries(incident: Incident, now: Instant): ClockView[] {
  return openContingencies(incident).map((one) => ({
    id: one.step,
    kind: 'contingency',
    startedAt: one.openedAt,
    deadline: one.expiresAt,
    state: stateOf(one.openedAt, one.expiresAt, now),
  }));
}

function stateOf(startedAt: Instant, deadline: Instant, now: Instant): ClockView['state'] {
  if (deadline <= now) return 'late';
  return now >= startedAt + (deadline - startedAt) * 0.8 ? 'warned' : 'running';
}
