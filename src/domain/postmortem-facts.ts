// What a post-mortem may say without a person: spans, impact, attempts and outcomes, read from the log alone.
import type { Event, EventType } from './event.ts';
import type { StepStatus } from './incident.ts';
import type { Instant, JsonObject } from './json.ts';

export interface Span {
  readonly from: Instant;
  readonly to: Instant;
}

/** Null where the log does not (yet) hold both ends. */
export interface IncidentTimings {
  /** The rule first held → Belay recorded the breach. */
  readonly detect: Span | null;
  /** Breach recorded → decision to act. */
  readonly decide: Span | null;
  /** Decision → the last change was made. */
  readonly act: Span | null;
  /** Last change → resolved (verified and watched). */
  readonly prove: Span | null;
  readonly total: Span | null;
}

export function incidentTimings(events: readonly Event[]): IncidentTimings {
  const breach = ofType(events, 'trigger.changed').find((event) => event.data.transition.to === 'breached');
  const since = breach?.data.transition.since ?? null;
  const declared = ofType(events, 'incident.declared')[0];
  const seen = breach?.observedAt ?? declared?.at ?? null;
  const decided =
    ofType(events, 'approval.granted')[0]?.at ?? ofType(events, 'decision.made').find((event) => event.data.choice === 'act')?.at ?? null;
  const acted = lastChange(events);
  const resolved = ofType(events, 'phase.entered').findLast((event) => event.data.to === 'resolved')?.at ?? null;
  return {
    detect: span(since, seen),
    decide: span(seen, decided),
    act: span(decided, acted),
    prove: span(acted, resolved),
    total: span(since ?? seen, resolved),
  };
}

function span(from: Instant | null, to: Instant | null): Span | null {
  return from === null || to === null ? null : { from, to };
}

function lastChange(events: readonly Event[]): Instant | null {
  const acts = new Set(ofType(events, 'step.started').flatMap((event) => (event.data.kind === 'do' ? [event.data.step] : [])));
  const done = ofType(events, 'step.finished').filter((event) => acts.has(event.data.step) && ['done', 'noop'].includes(event.data.status));
  return done.at(-1)?.at ?? null;
}

export interface Impact {
  readonly org: string;
  readonly component: string;
  readonly from: Instant;
  readonly to: Instant | null;
}

/** One interval a time that a component was impaired for an organization; reopening opens a new one. */
export function impactIntervals(events: readonly Event[]): readonly Impact[] {
  const intervals: Impact[] = [];
  for (const event of events) {
    if (event.type === 'impact.opened') intervals.push({ ...event.data, from: event.at, to: null });
    if (event.type !== 'impact.closed') continue;
    const index = intervals.findIndex((one) => one.to === null && one.org === event.data.org && one.component === event.data.component);
    const open = intervals[index];
    if (open !== undefined) intervals[index] = { ...open, to: event.at };
  }
  return intervals;
}

export interface StepFact {
  readonly step: string;
  readonly title: string;
  readonly kind: string;
  readonly status: StepStatus;
  readonly attempts: number;
  readonly from: Instant;
  readonly to: Instant | null;
  readonly reason: string;
  /** What it recorded at its last end. */
  readonly detail: JsonObject;
}

export function stepFacts(events: readonly Event[]): readonly StepFact[] {
  const steps = new Map<string, StepFact>();
  const change = (id: string, at: Instant, more: Partial<StepFact>): void => {
    const before = steps.get(id) ?? {
      step: id,
      title: id,
      kind: '',
      status: 'running' as const,
      attempts: 0,
      from: at,
      to: null,
      reason: '',
      detail: {},
    };
    steps.set(id, { ...before, ...more });
  };
  for (const event of events) {
    if (event.type === 'step.started') {
      const known = steps.get(event.data.step);
      change(event.data.step, event.at, {
        title: event.data.title,
        kind: event.data.kind,
        status: 'running',
        attempts: Math.max(event.data.attempt, known?.attempts ?? 0),
        to: null,
      });
    }
    if (event.type === 'step.finished')
      change(event.data.step, event.at, {
        ...{ status: event.data.status, attempts: event.data.attempt, to: event.at },
        detail: event.data.detail,
      });
    if (event.type === 'step.skipped') change(event.data.step, event.at, { status: 'skipped', to: event.at, reason: event.data.reason });
    if (event.type === 'step.undone') change(event.data.step, event.at, { status: 'undone', to: event.at, reason: event.data.by });
  }
  return [...steps.values()];
}

export type EventOf<T extends EventType> = Extract<Event, { readonly type: T }>;

export function ofType<T extends EventType>(events: readonly Event[], type: T): readonly EventOf<T>[] {
  return events.filter((event): event is EventOf<T> => event.type === type);
}
