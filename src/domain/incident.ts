// An incident: what people are told about. It is a fold of its event log and nothing else (`foldIncident`).

import type { EachState } from './fan-out.ts';
import type { Override } from './guard-override.ts';
import type { GuardVerdict } from './guardrail.ts';
import type { ActionCall, Severity } from './ir.ts';
import type { Instant, JsonObject } from './json.ts';

/** `INC-<number>`. */
export type IncidentId = string;
export type Phase = 'triage' | 'responding' | 'mitigated' | 'watching' | 'resolved' | 'closed' | 'cancelled' | 'merged';
export type IncidentKind = 'real' | 'drill' | 'test';

export interface Contingency {
  readonly step: string;
  readonly action: string;
  readonly scope: string;
  readonly owner: string;
  readonly openedAt: Instant;
  readonly expiresAt: Instant;
  readonly closedAt?: Instant;
  readonly atExpiry?: 'undo';
  readonly undo?: ActionCall;
  readonly call?: ActionCall;
  readonly target?: string;
  readonly fingerprint?: string | null;
  /** What the run and its calls held around the measure when it was put in place. */
  readonly locks?: readonly { readonly lock: string; readonly token: number }[];
}

export type ClockVerdict =
  | { readonly met: true; readonly at: Instant }
  | { readonly met: false; readonly lateByMs: number }
  | { readonly void: string };

export interface ClockState {
  readonly id: string;
  readonly startedAt: Instant;
  readonly deadline: Instant;
  readonly warnAt: Instant;
  /** `phase.<id>` and `step:<id>` that stop it. */
  readonly until?: readonly string[];
  readonly warnedAt?: Instant;
  readonly breachedAt?: Instant;
  readonly lateByMs?: number;
  readonly stoppedAt?: Instant;
}

export type StepStatus = 'running' | 'waiting' | 'done' | 'noop' | 'failed' | 'skipped' | 'unknown' | 'undone';
export interface StepState {
  readonly id: string;
  /** Of a step that was begun. */
  readonly kind?: string;
  readonly status: StepStatus;
  readonly attempt: number;
  readonly startedAt: Instant;
  readonly endedAt?: Instant;
  readonly detail: JsonObject;
}

export interface Approval {
  readonly id: string;
  readonly step: string | null;
  readonly planHash: string;
  readonly from: readonly string[];
  readonly min: number;
  readonly fourEyes: boolean;
  readonly requestedAt: Instant;
  readonly expiresAt: Instant;
  readonly granted: readonly { readonly by: string; readonly at: Instant }[];
  readonly state: 'open' | 'granted' | 'denied' | 'expired';
  /** The guard that saying yes overrides. */
  readonly override?: GuardVerdict;
}

/** A question to people that a manual or choose step waits on. */
export interface OpenTask {
  readonly step: string;
  readonly kind: 'manual' | 'choose' | 'ask';
  readonly who?: string;
  readonly ask: string;
  /** What may be chosen: arms of `choose`, ways on of `ask`. Empty for a checklist. */
  readonly options: readonly string[];
  readonly ticked: readonly string[];
  /** Distinct answers given so far, and how many are wanted. */
  readonly samples: number;
  readonly count: number;
  /** The last answer, as the run will get it. `seq` is its event: two answers are never taken for one. */
  readonly last: {
    readonly seq: number;
    readonly by: string;
    readonly answers: JsonObject;
    readonly choice: string | null;
    readonly refused: string | null;
  } | null;
  /** What the step was before it asked; settling the question gives it back. */
  readonly former?: Pick<StepState, 'status' | 'detail'>;
}

export interface Incident {
  readonly id: IncidentId;
  readonly number: number;
  readonly kind: IncidentKind;
  readonly severity: Severity;
  readonly phase: Phase;
  readonly scope: { readonly orgs: readonly string[] | 'all'; readonly components: readonly string[] };
  readonly trigger: string | null;
  readonly runbook: string | null;
  readonly run: string | null;
  /** Content hash of the runbook as pinned: editing the file changes nothing here. */
  readonly irHash?: string;
  /** A run that a person asked for and that has not started yet; null once it has. */
  readonly requested?: { readonly planHash: string; readonly inputs: JsonObject; readonly by: string; readonly until?: string } | null;
  /** Who drives the run: the person who began it, or who took it over. */
  readonly driver?: string;
  /** What people said in spite of guards, oldest first. */
  readonly overrides?: readonly Override[];
  /** Steps that people said are not to be done. */
  readonly skips?: Readonly<Record<string, { readonly reason: string; readonly by: string }>>;
  /** The run stands still before its next act, because everything is paused. */
  readonly isRunPaused?: boolean;
  /** Which of its runs do: the run itself, or lanes of its fan-out. */
  readonly pausedRuns?: readonly string[];
  /** True between the start of a run and its end. */
  readonly isRunning?: boolean;
  /** What its run holds alone; null once the run has ended. */
  readonly lock?: string | null;
  /** Since when. */
  readonly lockedAt?: Instant;
  /** What calls of its run hold besides, by the step that calls. */
  readonly callLocks?: Readonly<Record<string, readonly string[]>>;
  /** Its run waits for another one; null once it has begun. `step`: the call that waits. */
  readonly queued?: { readonly lock: string; readonly behind: IncidentId | null; readonly step?: string } | null;
  readonly planHash: string | null;
  readonly detectedAt: Instant;
  readonly declaredAt: Instant;
  readonly mitigatedAt?: Instant;
  readonly resolvedAt?: Instant;
  /** The incident of everybody that this one has become a part of. */
  readonly mergedInto?: IncidentId;
  /** Cancelled or merged: it ended without being resolved. */
  readonly endedAt?: Instant;
  readonly onContingency: boolean;
  readonly roles: Readonly<Record<string, { readonly primary: string }>>;
  readonly clocks: Readonly<Record<string, ClockState>>;
  readonly steps: Readonly<Record<string, StepState>>;
  /** Where each fan-out stands, by its step. */
  readonly each?: Readonly<Record<string, EachState>>;
  readonly contingencies: readonly Contingency[];
  readonly approvals: Readonly<Record<string, Approval>>;
  readonly tasks: Readonly<Record<string, OpenTask>>;
  readonly evidence: readonly string[];
  readonly automaticRollbacks: number;
  /** Number of events folded, and the hash of the last. */
  readonly seq: number;
  readonly head: string;
}
