// The event log of an incident: typed facts without rendered text, each chained to the one before by its hash.
// pt-BR and en are two renderings of one fact (`domain/event-text.ts`).

import type { PartCounts, PartFailure } from './fan-out.ts';
import type { GuardAnswer, GuardVerdict } from './guardrail.ts';
import type { IncidentKind, Phase, StepStatus } from './incident.ts';
import type { ActionCall, Severity } from './ir.ts';
import type { Instant, Json, JsonObject } from './json.ts';
import type { DeliveryState } from './message.ts';
import type { Transition } from './trigger.ts';

export interface EventData {
  'trigger.changed': { transition: Transition };
  /** `run`: the run that takes the incident over, because the one before has ended. */
  'signal.deduped': { trigger: string; scope: string; episode: string; run?: string };
  'signal.cleared': { trigger: string; scope: string; provenBelow: number | null };
  'incident.declared': {
    number: number;
    kind: IncidentKind;
    severity: Severity;
    orgs: readonly string[] | 'all';
    components: readonly string[];
    trigger: string | null;
    runbook: string | null;
    fingerprint: string;
    detectedAt: Instant;
    run?: string;
  };
  'incident.cancelled': { reason: string };
  /** A breach of everybody: `into` is its incident, and this one asks nothing any more. */
  'incident.merged': { into: string };
  /** The other side of `incident.merged`. */
  'incident.absorbed': { incident: string };
  'incident.scoped': { orgs: readonly string[] | 'all' };
  'severity.changed': { from: Severity; to: Severity; reason: string };
  /** `reason`: a person's word, when a person entered it. */
  'phase.entered': { from: Phase; to: Phase; onContingency?: boolean; reason?: string };
  'role.assigned': { role: string; person: string };
  'role.missing': { role: string };
  'impact.opened': { org: string; component: string };
  'impact.closed': { org: string; component: string };
  'cause.suspected': { what: string; facts: JsonObject };
  /** Frozen inputs of a decision: guards, options, choice. */
  'decision.made': {
    choice: 'act' | 'ask' | 'refuse';
    by: string;
    runbook: string;
    planHash: string;
    guards: readonly GuardVerdict[];
    options: readonly string[];
    reason: string;
  };
  'approval.requested': {
    id: string;
    step: string | null;
    planHash: string;
    from: readonly string[];
    min: number;
    fourEyes: boolean;
    expiresAt: Instant;
    /** What saying yes overrides, and wants a reason. */
    override?: GuardVerdict;
  };
  'approval.granted': { id: string; planHash: string; by: string };
  'approval.denied': { id: string; by: string; reason: string };
  'approval.expired': { id: string; escalated: boolean };
  /** A person has the run act although a guard of the runbook does not pass. It counts for this plan, `until` then. */
  'guard.overridden': {
    guard: string;
    answer: GuardAnswer;
    reason: string;
    facts: JsonObject;
    planHash: string;
    by: string;
    why: string;
    until: Instant;
    reviewBy: Instant;
  };
  /** A person asked for a run: all that starting it needs, so that a kill right after this still leads to the run. */
  'run.requested': { run: string; runbook: string; irHash: string; planHash: string; inputs: JsonObject; by: string; until?: string };
  /** Somebody else drives it from now on. */
  'run.takenOver': { run: string; by: string; from: string | null };
  /** Another run holds the lock: this one begins when that one ends. `behind` is its incident; null when it ended in the same moment. */
  'run.queued': { run: string; lock: string; behind: string | null; step?: string };
  'lock.taken': { lock: string; step: string; token: number };
  'lock.freed': { lock: string; step: string };
  'lock.missed': { lock: string; step: string; why: string };
  /** `lock`: held until the run ends. */
  'run.started': { run: string; runbook: string; irHash: string; planHash: string; inputs: JsonObject; lock?: string };
  'run.finished': { run: string; outcome: 'done' | 'failed' | 'aborted'; reason: string };
  /** `run`: the one that stands still, a lane of a fan-out too. */
  'run.paused': { by: string; reason: string; run?: string };
  'run.resumed': { by: string; run?: string };
  'step.started': { step: string; kind: string; title: string; attempt: number };
  'step.waiting': {
    step: string;
    kind: string;
    who: string | null;
    ask: string;
    options?: readonly string[];
    count?: number;
    answers?: JsonObject;
  };
  /** The question of a waiting step was answered: the step is again what it was before it asked. */
  'step.settled': { step: string; attempt: number; by: string; choice: string };
  'step.observed': { step: string; attempt: number; current: Json; desired: boolean };
  'step.finished': {
    step: string;
    attempt: number;
    status: Exclude<StepStatus, 'running' | 'waiting' | 'undone'>;
    detail: JsonObject;
    /** Only where it took longer than its `takes` said. */
    took?: { ms: number; takesMs: number };
  };
  /** A person says that it is not to be done, before its turn has come. */
  'step.skipAsked': { step: string; reason: string; by: string };
  'step.skipped': { step: string; reason: string; facts: JsonObject };
  'step.undone': { step: string; by: string };
  /** A fan-out over organizations begins. `batches`: how many have had their turn by the end of each. */
  'each.began': {
    step: string;
    attempt: number;
    total: number;
    first: readonly string[];
    batches: readonly number[];
    maxFailures: number;
  };
  'each.batch': { step: string; batch: number; orgs: number };
  /** How far one lane is: its counts, not what was added to them. */
  'each.progressed': { step: string; lane: string; counts: PartCounts };
  'each.failed': { step: string; lane: string; org: string; reason: string; counts: PartCounts };
  /** The end of a lane: every organization of it by name. `document`: the hash of what was done for each. */
  'each.recorded': {
    step: string;
    lane: string;
    counts: PartCounts;
    done: readonly string[];
    noop: readonly string[];
    failed: readonly PartFailure[];
    left: readonly string[];
    document: string;
  };
  /** `lost`: organizations whose lane broke off without a record. */
  'each.halted': { step: string; batch: number; reason: string; by: string; lost?: readonly string[] };
  /** `records`: documents that it followed and nobody follows again; `left`: one of what could not be taken back. `unwind`: which taking back. */
  'each.returned': {
    step: string;
    lane: string;
    unwind: string;
    undone: readonly string[];
    failed: readonly PartFailure[];
    records: readonly string[];
    left: string | null;
  };
  'check.recorded': {
    step: string;
    probe: string;
    with: JsonObject;
    result: 'pass' | 'fail' | 'inconclusive';
    values: JsonObject;
    expect: string;
    reason: string;
  };
  'checklist.ticked': { step: string; item: string; by: string; note: string };
  'checklist.answered': { step: string; by: string; answers: JsonObject; choice?: string; refused?: string };
  /** `undo`, with the fingerprint of the target while the measure is in place: what taking it back later needs. */
  'contingency.opened': {
    step: string;
    action: string;
    scope: string;
    owner: string;
    expiresAt: Instant;
    atExpiry?: 'undo';
    undo?: ActionCall;
    call?: ActionCall;
    target?: string;
    fingerprint?: string | null;
    /** What the run and its calls held around it. */
    locks?: readonly { readonly lock: string; readonly token: number }[];
  };
  'contingency.closed': { step: string; by: string; note?: string };
  'clock.started': { clock: string; deadline: Instant; warnAt: Instant; startedAt: Instant; until?: readonly string[] };
  'clock.warned': { clock: string };
  'clock.breached': { clock: string; lateByMs: number; escalateTo: string | null };
  'clock.stopped': { clock: string; met: boolean; by: string };
  'comms.planned': { delivery: string; audience: string; channel: string; template: string };
  'comms.promised': { audience: string; at: Instant };
  'comms.changed': { delivery: string; state: DeliveryState; providerId: string | null; reason: string };
  'escalation.fired': { to: string; why: string };
  /** By a step, or `by` a person: then `step` is empty. */
  'evidence.captured': { evidence: string; step: string; by?: string; sha256: string; value: Json };
  'freeze.drifted': { target: string; by: string };
  'note.added': { by: string; text: string; lang: string };
  'postmortem.drafted': { path: string; sha256: string };
}
export type EventType = keyof EventData;

export interface Actor {
  readonly kind: 'user' | 'engine' | 'integration';
  readonly id: string;
}

export type EventDraft = {
  [T in EventType]: {
    readonly type: T;
    readonly data: EventData[T];
    readonly at: Instant;
    readonly observedAt?: Instant;
    readonly actor: Actor;
    readonly org?: string;
  };
}[EventType];

/** `hash` = sha256 of RFC 8785 JSON of the event without `hash` (it contains `prev`). */
export type Event = EventDraft & {
  readonly v: 1;
  readonly seq: number;
  readonly incident: string;
  readonly observedAt: Instant;
  readonly prev: string;
  readonly hash: string;
};

/** `prev` of the first event. */
export const GENESIS = '0'.repeat(64);
