// The steps of a run with where each stands, and the last answer of every check.
import type { Event } from './event.ts';
import { type EachState, type EachView, eachView } from './fan-out.ts';
import type { Incident, StepState, StepStatus } from './incident.ts';
import { type Runbook, type Step, stepsOf } from './ir.ts';
import type { Instant, Json, JsonObject } from './json.ts';
import type { Plan, PlanStep } from './plan.ts';

export interface StepView {
  readonly id: string;
  readonly title: string;
  readonly phase: string;
  readonly kind: Step['kind'] | 'other';
  readonly text: string;
  readonly status: StepStatus | 'pending' | 'not-reached';
  readonly attempt: number;
  readonly maxAttempts: number;
  readonly startedAt: Instant | null;
  readonly endedAt: Instant | null;
  readonly timesOutAt: Instant | null;
  readonly who: string | null;
  readonly detail: JsonObject;
  readonly action: string | null;
  readonly args: JsonObject;
  readonly effect: PlanStep['effect'] | null;
  /** How far a fan-out is; null for what is none, and before it has begun. */
  readonly each: EachView | null;
}

export interface CheckView {
  readonly step: string;
  readonly probe: string;
  readonly with: JsonObject;
  readonly expect: string;
  readonly result: 'pass' | 'fail' | 'inconclusive';
  readonly values: JsonObject;
  readonly reason: string;
  readonly at: Instant;
  readonly passed: number;
  readonly asked: number;
}

export function stepsView(incident: Incident, runbook: Runbook | null, plan: Plan | null): readonly StepView[] {
  const known = runbook === null ? [] : stepsOf(runbook);
  const ended = ['resolved', 'closed', 'cancelled', 'merged'].includes(incident.phase);
  const phaseOf = (id: string): string =>
    runbook?.phases.find((phase) => phase.steps.some((step) => step.id === id || id.startsWith(`${step.id}.`)))?.title ?? '';
  const planned = (id: string): PlanStep | undefined => plan?.steps.find((one) => one.id === id);
  const waits = (id: string): boolean =>
    Object.values(incident.approvals).some((approval) => approval.step === id && approval.state === 'open');
  const stateOf = (id: string): StepState | undefined => {
    const state = incident.steps[id];
    return state?.status === 'running' && waits(id) ? { ...state, status: 'waiting' } : state;
  };
  const listed = known.map((step) =>
    one(step, stateOf(step.id), { phase: phaseOf(step.id), planned: planned(step.id), ended, each: incident.each?.[step.id] }),
  );
  // Steps that the runbook does not name (what an undo runs) come last, never hidden.
  const extra = Object.values(incident.steps).filter((state) => !known.some((step) => step.id === state.id));
  return [...listed, ...extra.map(unlisted)];
}

function one(
  step: Step,
  state: StepState | undefined,
  at: { readonly phase: string; readonly planned: PlanStep | undefined; readonly ended: boolean; readonly each: EachState | undefined },
): StepView {
  const timesOut =
    state !== undefined && state.endedAt === undefined && step.timeoutMs !== undefined ? state.startedAt + step.timeoutMs : null;
  return {
    id: step.id,
    title: step.title,
    phase: at.phase,
    kind: step.kind,
    text: step.text,
    status: state?.status ?? (at.ended ? 'not-reached' : 'pending'),
    attempt: state?.attempt ?? 0,
    maxAttempts: step.retry?.max ?? 1,
    startedAt: state?.startedAt ?? null,
    endedAt: state?.endedAt ?? null,
    timesOutAt: timesOut,
    who: at.planned?.who ?? step.who ?? null,
    detail: state?.detail ?? {},
    action: at.planned?.action ?? (step.kind === 'do' ? step.do : null),
    args: at.planned?.args ?? {},
    effect: at.planned?.effect ?? null,
    each: at.each === undefined ? null : eachView(at.each),
  };
}

function unlisted(state: StepState): StepView {
  const { id, status, attempt, startedAt, detail } = state;
  const rest = {
    phase: '',
    kind: 'other' as const,
    text: '',
    timesOutAt: null,
    who: null,
    action: null,
    args: {},
    effect: null,
    each: null,
  };
  return { ...rest, id, title: id, status, attempt, maxAttempts: attempt, startedAt, endedAt: state.endedAt ?? null, detail };
}

/** One row a check (step, probe, arguments, expectation), with its last answer and how often it was asked. */
export function checksOf(events: readonly Event[]): readonly CheckView[] {
  const rows = new Map<string, CheckView>();
  for (const event of events) {
    if (event.type !== 'check.recorded') continue;
    const key = [event.data.step, event.data.probe, event.data.expect, keyOf(event.data.with)].join('\n');
    const before = rows.get(key);
    const passed = (before?.passed ?? 0) + (event.data.result === 'pass' ? 1 : 0);
    rows.set(key, { ...event.data, at: event.at, passed, asked: (before?.asked ?? 0) + 1 });
  }
  return [...rows.values()];
}

function keyOf(value: Json): string {
  return JSON.stringify(value);
}
