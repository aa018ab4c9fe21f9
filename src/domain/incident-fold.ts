// The projection of an incident: what its log says, folded event by event. Nothing else may change an incident.
import { assert } from './assert.ts';
import type { Event, EventData, EventType } from './event.ts';
import { foldEach } from './fan-out-fold.ts';
import type { Approval, ClockState, Incident, OpenTask, StepState } from './incident.ts';
import type { Instant } from './json.ts';

type Folder<T extends EventType> = (incident: Incident, data: EventData[T], event: Event) => Partial<Incident>;
type Folders = { readonly [T in EventType]?: Folder<T> };

/** The number of an incident is its name for people. */
export const incidentId = (number: number): string => `INC-${number}`;

/** Adds one event to the projection. The first event of a log is `incident.declared`. */
export function foldIncident(before: Incident | null, event: Event): Incident {
  if (before === null) {
    assert(event.type === 'incident.declared', `the first event of ${event.incident} is ${event.type}, not incident.declared`);
    return { ...declared(event.incident, event.data, event), seq: event.seq, head: event.hash };
  }
  assert(event.seq === before.seq + 1, `${before.id}: event ${event.seq} after ${before.seq}`);
  assert(event.prev === before.head, `${before.id}: event ${event.seq} does not chain to its predecessor`);
  const folder = FOLDERS[event.type] as Folder<EventType> | undefined;
  const change = folder === undefined ? {} : folder(before, event.data, event);
  return { ...before, ...change, seq: event.seq, head: event.hash };
}

/** The projection of a whole log, or null for an empty one. */
export function foldLog(events: readonly Event[]): Incident | null {
  return events.reduce<Incident | null>(foldIncident, null);
}

/** When its last step that is done ended; null while none is. */
export function lastDoneAt({ steps }: Incident): Instant | null {
  const ends = Object.values(steps).flatMap((step) => (step.status === 'done' && step.endedAt !== undefined ? [step.endedAt] : []));
  return ends.length === 0 ? null : Math.max(...ends);
}

/** An incident holds its fingerprint (no second one is opened for the same thing) while it is open. */
export function isOpen(incident: Pick<Incident, 'phase'>): boolean {
  return !['resolved', 'closed', 'cancelled', 'merged'].includes(incident.phase);
}

/** About some organizations, and nothing is decided for good: neither Belay nor a person has said yes or no, and no step was begun. */
export function isUndecided(incident: Incident): boolean {
  return isAboutSome(incident) && incident.automaticRollbacks === 0 && Object.keys(incident.steps).length === 0;
}

/**
 * About some organizations, and it stands still at a question that nobody has answered, with nothing changed so far: nothing is lost
 * when the question is taken back.
 */
export function isOnlyAsked(incident: Incident): boolean {
  return (
    isAboutSome(incident) &&
    Object.values(incident.approvals).some((approval) => approval.state === 'open') &&
    Object.values(incident.steps).every((step) => step.kind !== 'do' || step.status === 'running' || step.status === 'noop')
  );
}

function isAboutSome(incident: Incident): boolean {
  const untouched = Object.values(incident.approvals).every((one) => one.granted.length === 0 && one.state !== 'denied');
  return isOpen(incident) && incident.scope.orgs !== 'all' && untouched;
}

export function openContingencies(incident: Incident): readonly Incident['contingencies'][number][] {
  return incident.contingencies.filter((one) => one.closedAt === undefined);
}

function declared(id: string, data: EventData['incident.declared'], event: Event): Omit<Incident, 'seq' | 'head'> {
  return {
    id,
    number: data.number,
    kind: data.kind,
    severity: data.severity,
    phase: 'triage',
    scope: { orgs: data.orgs, components: data.components },
    trigger: data.trigger,
    runbook: data.runbook,
    run: data.run ?? null,
    planHash: null,
    detectedAt: data.detectedAt,
    declaredAt: event.at,
    onContingency: false,
    roles: {},
    clocks: {},
    steps: {},
    contingencies: [],
    approvals: {},
    tasks: {},
    evidence: data.trigger === null ? ['detected-at'] : ['detected-at', 'trigger'],
    automaticRollbacks: 0,
  };
}

const FOLDERS: Folders = {
  'incident.merged': (incident, data, event) => ({ ...unqueued(incident), mergedInto: data.into, endedAt: event.at }),
  'incident.cancelled': (incident, _data, event) => ({ ...unqueued(incident), endedAt: event.at }),
  'incident.scoped': (incident, data) => ({ scope: { ...incident.scope, orgs: data.orgs } }),
  'signal.deduped': (_incident, data) => (data.run === undefined ? {} : { run: data.run }),
  'severity.changed': (_incident, data) => ({ severity: data.to }),
  'phase.entered': (incident, data, event) => ({
    phase: data.to,
    onContingency: data.onContingency ?? incident.onContingency,
    ...(data.to === 'mitigated' && incident.mitigatedAt === undefined ? { mitigatedAt: event.at } : {}),
    ...(data.to === 'resolved' ? { ...unqueued(incident), resolvedAt: event.at } : {}),
  }),
  'role.assigned': (incident, data) => ({ roles: { ...incident.roles, [data.role]: { primary: data.person } } }),
  'decision.made': (incident, data) => ({
    planHash: data.planHash === '' ? incident.planHash : data.planHash,
    evidence: withEvidence(incident, 'decision'),
    automaticRollbacks: incident.automaticRollbacks + (data.choice === 'act' && data.by === 'belay' ? 1 : 0),
  }),
  'approval.requested': (incident, data, event) => ({
    approvals: { ...incident.approvals, [data.id]: { ...data, requestedAt: event.at, granted: [], state: 'open' } },
  }),
  'approval.granted': (incident, data, event) =>
    changeApproval(incident, data.id, (approval) => {
      const granted = [...approval.granted, { by: data.by, at: event.at }];
      return { granted, state: granted.length >= approval.min ? 'granted' : approval.state };
    }),
  'approval.denied': (incident, data) => changeApproval(incident, data.id, () => ({ state: 'denied' })),
  'approval.expired': (incident, data) => changeApproval(incident, data.id, () => ({ state: 'expired' })),
  'guard.overridden': (incident, { guard, answer, planHash, by, why }, event) => ({
    overrides: [...(incident.overrides ?? []), { guard, answer, planHash, by, why, at: event.at }],
  }),
  'run.requested': (_incident, data) => ({
    irHash: data.irHash,
    requested: {
      planHash: data.planHash,
      inputs: data.inputs,
      by: data.by,
      ...(data.until === undefined ? {} : { until: data.until }),
    },
    driver: data.by,
  }),
  'run.takenOver': (_incident, { by }) => ({ driver: by }),
  'run.queued': (_incident, { lock, behind, step }) => ({ queued: { lock, behind, ...(step === undefined ? {} : { step }) } }),
  'lock.taken': (incident, { lock, step }) => ({
    ...unqueuedAt(incident, step),
    callLocks: { ...incident.callLocks, [step]: [...(incident.callLocks?.[step] ?? []), lock] },
  }),
  'lock.freed': (incident, { lock, step }) => ({ callLocks: withoutLock(incident.callLocks ?? {}, step, lock) }),
  'lock.missed': (incident, { step }) => unqueuedAt(incident, step),
  'run.started': (incident, data, event) => ({
    ...(data.lock === undefined ? {} : { lock: data.lock, lockedAt: event.at }),
    ...unqueued(incident),
    run: data.run,
    runbook: data.runbook,
    planHash: data.planHash,
    irHash: data.irHash,
    isRunning: true,
    ...(incident.requested === undefined ? {} : { requested: null }),
  }),
  // Nobody hears an answer any more: what was asked is no question now.
  'run.finished': (incident) => ({
    ...(incident.lock === undefined ? {} : { lock: null }),
    ...(incident.callLocks === undefined ? {} : { callLocks: {} }),
    ...unqueued(incident),
    isRunning: false,
    isRunPaused: false,
    ...(incident.pausedRuns === undefined ? {} : { pausedRuns: [] }),
    ...(incident.requested === undefined ? {} : { requested: null }),
    tasks: {},
    steps: Object.fromEntries(Object.entries(incident.steps).map(([id, step]) => [id, { ...step, ...(incident.tasks[id]?.former ?? {}) }])),
  }),
  'run.paused': (incident, { run }) => (run === undefined ? { isRunPaused: true } : paused(incident, run, [run])),
  'run.resumed': (incident, { run }) => (run === undefined ? { isRunPaused: false } : paused(incident, run, [])),
  'step.started': (incident, data, event) =>
    changeStep(incident, data.step, {
      id: data.step,
      kind: data.kind,
      status: 'running',
      attempt: data.attempt,
      startedAt: event.at,
      detail: {},
    }),
  'step.waiting': (incident, data) => ({
    ...changeStep(incident, data.step, { status: 'waiting', detail: { ask: data.ask } }),
    tasks: { ...incident.tasks, [data.step]: taskOf(incident, data) },
  }),
  'step.settled': (incident, data) => {
    const former = incident.tasks[data.step]?.former;
    return {
      ...(former === undefined ? {} : changeStep(incident, data.step, former)),
      tasks: without(incident.tasks, data.step),
    };
  },
  'step.finished': (incident, data, event) => ({
    ...unqueuedAt(incident, data.step),
    ...changeStep(incident, data.step, { status: data.status, attempt: data.attempt, endedAt: event.at, detail: data.detail }),
    tasks: without(incident.tasks, data.step),
  }),
  'step.skipAsked': (incident, { step, reason, by }) => ({ skips: { ...incident.skips, [step]: { reason, by } } }),
  'step.skipped': (incident, data, event) => ({
    ...changeStep(incident, data.step, {
      id: data.step,
      status: 'skipped',
      attempt: 1,
      startedAt: event.at,
      endedAt: event.at,
      detail: { reason: data.reason },
    }),
    tasks: without(incident.tasks, data.step),
  }),
  'step.undone': (incident, data) => changeStep(incident, data.step, { status: 'undone' }),
  'each.began': foldEach.began,
  'each.batch': foldEach.batch,
  'each.progressed': foldEach.progressed,
  'each.failed': foldEach.failed,
  'each.recorded': foldEach.recorded,
  'each.halted': foldEach.halted,
  'each.returned': foldEach.returned,
  'checklist.ticked': (incident, data, event) =>
    changeTask(incident, data.step, (task) => ({
      ticked: [...new Set([...task.ticked, data.item])],
      // A choice or a refusal stands: a box that is ticked after it is no new answer.
      last: isDecided(task) ? task.last : { ...(task.last ?? { by: data.by, answers: {}, choice: null, refused: null }), seq: event.seq },
    })),
  'checklist.answered': (incident, data, event) =>
    changeTask(incident, data.step, (task) => ({
      samples: task.samples + (data.refused === undefined ? 1 : 0),
      last: { seq: event.seq, by: data.by, answers: data.answers, choice: data.choice ?? null, refused: data.refused ?? null },
    })),
  'contingency.opened': (incident, data, event) => ({ contingencies: [...incident.contingencies, { ...data, openedAt: event.at }] }),
  'contingency.closed': (incident, data, event) => ({
    contingencies: incident.contingencies.map((one) =>
      one.step === data.step && one.closedAt === undefined ? { ...one, closedAt: event.at } : one,
    ),
    onContingency: incident.onContingency && openContingencies(incident).some((one) => one.step !== data.step),
  }),
  'clock.started': (incident, data) => ({
    clocks: {
      ...incident.clocks,
      [data.clock]: {
        id: data.clock,
        startedAt: data.startedAt,
        deadline: data.deadline,
        warnAt: data.warnAt,
        ...(data.until === undefined ? {} : { until: data.until }),
      },
    },
  }),
  'clock.warned': (incident, data, event) => changeClock(incident, data.clock, { warnedAt: event.at }),
  'clock.breached': (incident, data, event) => changeClock(incident, data.clock, { breachedAt: event.at, lateByMs: data.lateByMs }),
  'clock.stopped': (incident, data, event) => changeClock(incident, data.clock, { stoppedAt: event.at }),
  'evidence.captured': (incident, data) => ({ evidence: withEvidence(incident, data.evidence) }),
};

/** What an expired measure does beside the run is no part of it. */
function paused(incident: Incident, run: string, now: readonly string[]): Partial<Incident> {
  if (run !== incident.run && !run.startsWith(`${incident.run}/`)) return {};
  const pausedRuns = [...(incident.pausedRuns ?? []).filter((one) => one !== run), ...now];
  return { pausedRuns, isRunPaused: pausedRuns.length > 0 };
}

/** Its run waits for no lock any more. */
const unqueued = ({ queued }: Incident): Partial<Incident> => (queued === undefined ? {} : { queued: null });

/** A measure that is taken back beside the run takes and frees locks, too: what the run waits for is not changed by that. */
const unqueuedAt = (incident: Incident, step: string): Partial<Incident> => (incident.queued?.step === step ? unqueued(incident) : {});

/** A step that holds locks of its own takes others for what it takes back. */
function withoutLock(locks: Readonly<Record<string, readonly string[]>>, step: string, lock: string): typeof locks {
  const left = (locks[step] ?? []).filter((one) => one !== lock);
  return left.length === 0 ? without(locks, step) : { ...locks, [step]: left };
}

function withEvidence(incident: Incident, id: string): readonly string[] {
  return incident.evidence.includes(id) ? incident.evidence : [...incident.evidence, id];
}

function changeApproval(incident: Incident, id: string, change: (approval: Approval) => Partial<Approval>): Partial<Incident> {
  const approval = incident.approvals[id];
  assert(approval !== undefined, `${incident.id}: no approval ${id}`);
  return { approvals: { ...incident.approvals, [id]: { ...approval, ...change(approval) } } };
}

function changeStep(incident: Incident, id: string, change: Partial<StepState>): Partial<Incident> {
  const before = incident.steps[id];
  const after = { ...before, ...change } as StepState;
  assert(after.id !== undefined, `${incident.id}: step ${id} was never started`);
  return { steps: { ...incident.steps, [id]: after } };
}

function changeClock(incident: Incident, id: string, change: Partial<ClockState>): Partial<Incident> {
  const before = incident.clocks[id];
  assert(before !== undefined, `${incident.id}: clock ${id} was never started`);
  return { clocks: { ...incident.clocks, [id]: { ...before, ...change } } };
}

function changeTask(incident: Incident, step: string, change: (task: OpenTask) => Partial<OpenTask>): Partial<Incident> {
  const task = incident.tasks[step];
  if (task === undefined) return {};
  return { tasks: { ...incident.tasks, [step]: { ...task, ...change(task) } } };
}

function isDecided({ last }: OpenTask): boolean {
  return last !== null && (last.choice !== null || last.refused !== null);
}

function taskOf(incident: Incident, data: EventData['step.waiting']): OpenTask {
  const step = incident.steps[data.step];
  const former = incident.tasks[data.step]?.former ?? (step === undefined ? undefined : { status: step.status, detail: step.detail });
  const kind = data.kind === 'manual' || data.kind === 'choose' ? data.kind : 'ask';
  return {
    step: data.step,
    kind,
    ...(data.who === null ? {} : { who: data.who }),
    ask: data.ask,
    options: data.options ?? [],
    ticked: [],
    samples: 0,
    count: data.count ?? 1,
    last: null,
    ...(former === undefined ? {} : { former }),
  };
}

function without<T>(record: Readonly<Record<string, T>>, key: string): Readonly<Record<string, T>> {
  const { [key]: _gone, ...rest } = record;
  return rest;
}
