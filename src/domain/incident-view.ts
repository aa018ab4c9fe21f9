// What the one screen and the list show of an incident: values, instants and reason keys, never sentences.
// It renders nothing and reads nothing: everything it needs is handed in, `now` too.
import { type CallerFacts, mayAnswer } from './authorization.ts';
import type { Event, EventData, EventType } from './event.ts';
import type { GuardVerdict } from './guardrail.ts';
import type { Contingency, Incident, IncidentKind, OpenTask, Phase } from './incident.ts';
import { isOpen } from './incident-fold.ts';
import {
  type ApproveView,
  approveOf,
  type IfNothing,
  ifNothingOf,
  type NextAction,
  nextActionOf,
  requestedBy,
} from './incident-view-action.ts';
import { type ClockView, clocksOf, type TimerFact } from './incident-view-clocks.ts';
import { type SignalView, signalOf } from './incident-view-signal.ts';
import { type CheckView, checksOf, type StepView, stepsView } from './incident-view-steps.ts';
import type { AnswerType, Runbook, Severity } from './ir.ts';
import { stepsOf } from './ir.ts';
import type { Instant, JsonObject } from './json.ts';
import type { Delivery, DeliveryState } from './message.ts';
import type { Plan } from './plan.ts';
import { fieldsIn } from './received.ts';
import type { System } from './system.ts';
import type { TriggerView } from './trigger.ts';

/** The pause state, as the pause port says it. */
export interface PauseFact {
  readonly paused: boolean;
  readonly by: readonly { readonly where: 'file' | 'store'; readonly who: string; readonly reason: string; readonly at: Instant }[];
}

export interface ViewSources {
  readonly incident: Incident;
  readonly events: readonly Event[];
  readonly timers: readonly TimerFact[];
  readonly deliveries: readonly Delivery[];
  readonly triggers: readonly TriggerView[];
  readonly pause: PauseFact;
  readonly runbook: Runbook | null;
  readonly plan: Plan | null;
  readonly system: System;
  readonly now: Instant;
  readonly viewer: CallerFacts;
}

export interface Headline {
  readonly severity: Severity;
  readonly phase: Phase;
  readonly kind: IncidentKind;
  readonly open: boolean;
  readonly onContingency: boolean;
  /** Titles of the components, and the runbook's title. */
  readonly components: readonly string[];
  readonly runbook: string | null;
  readonly trigger: string | null;
  readonly orgs: 'all' | readonly { readonly id: string; readonly name: string }[];
  readonly since: Instant;
  readonly detectedAt: Instant;
  readonly endedAt: Instant | null;
  readonly firstBad: { readonly what: string; readonly at: Instant; readonly facts: JsonObject } | null;
  readonly roles: readonly { readonly role: string; readonly person: string }[];
  /** Zone of the one organization that is hit, otherwise of the system. */
  readonly zone: string;
}

export interface TaskView {
  readonly step: string;
  readonly kind: 'manual' | 'choose' | 'ask';
  readonly title: string;
  readonly text: string;
  readonly who: string | null;
  readonly ask: string;
  readonly checks: readonly { readonly item: string; readonly ticked: boolean }[];
  readonly answers: readonly { readonly name: string; readonly type: AnswerType }[];
  /** What may be chosen; `title` is null for the ways on that every failed step offers. */
  readonly options: readonly { readonly id: string; readonly title: string | null }[];
  /** Of the evidence that the step names, as it was captured last: `data:` addresses. */
  readonly images: readonly { readonly evidence: string; readonly src: string }[];
  /** Distinct answers given, and how many are wanted. */
  readonly samples: number;
  readonly count: number;
  readonly mayAnswer: boolean;
}

export interface MessageView {
  readonly id: string;
  readonly template: string;
  readonly audience: string;
  readonly channel: string;
  readonly to: string;
  readonly lang: string;
  readonly state: DeliveryState;
  readonly plannedAt: Instant;
  readonly attempt: number;
  readonly resent: boolean;
  readonly reason: string | null;
}

/** A run between its start and its end. `driver`: its name; null while nobody has taken it. */
export interface RunView {
  readonly driver: string | null;
  readonly isYours: boolean;
}

export interface IncidentView {
  readonly id: string;
  readonly number: number;
  readonly seq: number;
  readonly now: Instant;
  readonly headline: Headline;
  readonly pause: PauseFact;
  /** The one big clock. */
  readonly clock: ClockView | null;
  readonly otherClocks: readonly ClockView[];
  readonly next: NextAction | null;
  readonly approve: ApproveView;
  readonly run: RunView | null;
  readonly ifNothing: IfNothing;
  readonly decision: {
    readonly choice: string;
    readonly by: string;
    readonly reason: string;
    readonly at: Instant;
    readonly guards: readonly GuardVerdict[];
    readonly runbook: string;
  } | null;
  readonly tasks: readonly TaskView[];
  readonly steps: readonly StepView[];
  readonly signal: SignalView | null;
  readonly checks: readonly CheckView[];
  readonly messages: readonly MessageView[];
  readonly contingencies: readonly (Contingency & { readonly open: boolean })[];
  readonly evidence: readonly { readonly id: string; readonly have: boolean }[];
}

export function incidentView(from: ViewSources): IncidentView {
  const { incident } = from;
  const clocks = clocksOf(incident, from.timers, from.now);
  const decision = lastOf(from.events, 'decision.made');
  const next = nextActionOf(from);
  return {
    id: incident.id,
    number: incident.number,
    seq: incident.seq,
    now: from.now,
    headline: headlineOf(from),
    pause: from.pause,
    clock: clocks.big,
    otherClocks: clocks.others,
    next,
    approve: approveOf(from, requestedBy(from.events)),
    run: runOf(from),
    ifNothing: ifNothingOf(from, next, clocks.big),
    decision: decision === undefined ? null : { ...pick(decision.data), at: decision.at },
    tasks: Object.values(incident.tasks).map((task) => taskView(from, task)),
    steps: stepsView(incident, from.runbook, from.plan),
    signal: signalOf(from),
    checks: checksOf(from.events),
    messages: from.deliveries.map(messageView),
    contingencies: incident.contingencies.map((one) => ({ ...one, open: one.closedAt === undefined })),
    evidence: evidenceOf(incident, from.runbook),
  };
}

/** The last event of one type. */
export function lastOf<T extends EventType>(events: readonly Event[], type: T): (Event & { readonly data: EventData[T] }) | undefined {
  return events.findLast((event) => event.type === type) as (Event & { readonly data: EventData[T] }) | undefined;
}

function runOf({ incident, system, viewer }: ViewSources): RunView | null {
  if (incident.isRunning !== true || incident.mergedInto !== undefined || !isOpen(incident)) return null;
  const { driver } = incident;
  return { driver: driver === undefined ? null : personName(system, driver), isYours: driver === viewer.person };
}

export function organizationName(system: System, id: string): string {
  return system.organizations.find((org) => org.id === id)?.name ?? id;
}

export function personName(system: System, id: string): string {
  return system.people.find((person) => person.id === id)?.name ?? id;
}

function headlineOf({ incident, events, system, runbook }: ViewSources): Headline {
  const orgs = incident.scope.orgs;
  const only = orgs !== 'all' && orgs.length === 1 ? system.organizations.find((org) => org.id === orgs[0]) : undefined;
  const crossed = events.find((event) => event.type === 'trigger.changed');
  const cause = lastOf(events, 'cause.suspected');
  return {
    severity: incident.severity,
    phase: incident.phase,
    kind: incident.kind,
    open: isOpen(incident),
    onContingency: incident.onContingency,
    components: incident.scope.components.map((id) => system.components.find((one) => one.id === id)?.title ?? id),
    runbook: runbook?.title ?? incident.runbook,
    trigger: incident.trigger,
    orgs: orgs === 'all' ? 'all' : orgs.map((id) => ({ id, name: organizationName(system, id) })),
    since: crossed?.type === 'trigger.changed' ? crossed.data.transition.since : incident.detectedAt,
    detectedAt: incident.detectedAt,
    endedAt: incident.resolvedAt ?? incident.endedAt ?? null,
    firstBad: cause === undefined ? null : { what: cause.data.what, at: instantIn(cause.data.facts, cause.at), facts: cause.data.facts },
    roles: Object.entries(incident.roles).map(([role, one]) => ({ role, person: personName(system, one.primary) })),
    zone: only?.zone ?? system.zone,
  };
}

function instantIn(facts: JsonObject, otherwise: Instant): Instant {
  const at = facts['at'];
  return typeof at === 'number' ? at : otherwise;
}

function pick(data: EventData['decision.made']): Pick<EventData['decision.made'], 'choice' | 'by' | 'reason' | 'guards' | 'runbook'> {
  return { choice: data.choice, by: data.by, reason: data.reason, guards: data.guards, runbook: data.runbook };
}

function taskView(from: ViewSources, task: OpenTask): TaskView {
  const step = from.runbook === null ? undefined : stepsOf(from.runbook).find((one) => one.id === task.step);
  const manual = step?.kind === 'manual' && task.kind === 'manual' ? step : undefined;
  const arms = step?.kind === 'choose' ? step.arms : {};
  return {
    step: task.step,
    kind: task.kind,
    title: step?.title ?? task.step,
    text: step?.text ?? '',
    who: task.who ?? null,
    ask: task.ask,
    checks: (manual?.checks ?? []).map((item) => ({ item, ticked: task.ticked.includes(item) })),
    answers: Object.entries(manual?.answers ?? {}).map(([name, one]) => ({ name, type: one.type })),
    options: task.options.map((id) => ({ id, title: arms[id]?.title ?? null })),
    images: (manual?.evidence ?? []).flatMap((evidence) => imagesOf(from.events, evidence)),
    samples: task.samples,
    count: task.count,
    mayAnswer: mayAnswer(task.who, from.viewer).allowed,
  };
}

const IMAGE = /^data:image\/png;base64,[A-Za-z0-9+/=]{1,200000}$/;

/** What a person has to see, such as the code that a phone scans. */
function imagesOf(events: readonly Event[], evidence: string): TaskView['images'] {
  const last = events.findLast((one) => one.type === 'evidence.captured' && one.data.evidence === evidence);
  const value = last?.type === 'evidence.captured' ? fieldsIn(last.data.value) : {};
  const values = { ...fieldsIn(value['values']), ...fieldsIn(fieldsIn(value['seen'])['shots']) };
  return Object.values(values).flatMap((src) => (typeof src === 'string' && IMAGE.test(src) ? [{ evidence, src }] : []));
}

function messageView(one: Delivery): MessageView {
  const { id, template, audience, channel, to, lang, state, plannedAt, attempt, resent } = one;
  return { id, template, audience, channel, to, lang, state, plannedAt, attempt, resent, reason: one.reason ?? null };
}

/** The runbook's mandatory list first, what else was captured after it. */
function evidenceOf(incident: Incident, runbook: Runbook | null): IncidentView['evidence'] {
  const wanted = runbook?.evidence ?? [];
  const extra = incident.evidence.filter((id) => !wanted.includes(id));
  return [...wanted, ...extra].map((id) => ({ id, have: incident.evidence.includes(id) }));
}
