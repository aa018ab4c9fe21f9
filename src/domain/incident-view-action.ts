// What happens next in an incident: the next step with its resolved arguments, whether this viewer may approve it and
// why not, and what comes to pass if nobody does anything. Reason keys and facts; no sentence.
import { type CallerFacts, mayApprove } from './authorization.ts';
import type { Event } from './event.ts';
import type { Approval, Incident } from './incident.ts';
import { isOpen, openContingencies } from './incident-fold.ts';
import { type ClockView, hasLimit } from './incident-view-clocks.ts';
import { isAct, type Runbook, type Step, stepsOf } from './ir.ts';
import type { Instant, Json, JsonObject } from './json.ts';
import type { Plan, PlanStep } from './plan.ts';
import type { System } from './system.ts';

/** Every reason a screen may have to say: a language that lacks one does not compile. */
export type ReasonKey =
  | 'why.expired'
  | 'why.planUnreadable'
  | 'why.planChanged'
  | 'why.needsRole'
  | 'why.alreadyGranted'
  | 'why.requestedByYou'
  | 'why.ended'
  | 'why.merged'
  | 'why.noRun'
  | 'why.runFinished'
  | 'why.task'
  | 'why.byItself'
  | 'nothing.paused'
  | 'nothing.taskWaits'
  | 'nothing.taskEscalates'
  | 'nothing.runStopped'
  | 'nothing.noRun'
  | 'nothing.settles'
  | 'nothing.goesOn'
  | 'nothing.approvalWaits'
  | 'nothing.approvalEscalates'
  | 'nothing.approvalEnds'
  | 'nothing.ended'
  | 'nothing.merged'
  | 'nothing.contingency'
  | 'waits.nothing'
  | 'waits.merged'
  | 'waits.contingency'
  | 'waits.paused'
  | 'waits.lock'
  | 'waits.approval'
  | 'waits.task'
  | 'waits.step'
  | 'waits.belay';

/** A reason key of the words file, with what it names. */
export interface Reason {
  readonly key: ReasonKey;
  readonly facts: JsonObject;
}

export interface Blast {
  readonly orgs: 'all' | readonly string[];
  readonly targets: readonly string[];
  /** Steps still ahead that change something. */
  readonly changes: number;
  readonly irreversible: number;
}

export interface NextAction {
  readonly step: string;
  readonly title: string;
  readonly kind: Step['kind'];
  readonly text: string;
  readonly status: 'needs-approval' | 'running' | 'waiting' | 'pending';
  readonly position: number;
  readonly total: number;
  readonly who: string | null;
  readonly action: string | null;
  readonly args: JsonObject;
  readonly current: Json;
  readonly desired: Json;
  readonly effect: PlanStep['effect'] | null;
  readonly undo: { readonly action: string; readonly args: JsonObject } | null;
  readonly irreversible: string | null;
  readonly takesMs: number | null;
  readonly blast: Blast;
}

export type ApproveView =
  | { readonly state: 'ready'; readonly approval: Approval; readonly missing: number }
  | { readonly state: 'blocked'; readonly approval: Approval; readonly missing: number; readonly why: Reason }
  | { readonly state: 'none'; readonly why: Reason };

export interface IfNothing extends Reason {
  readonly at: Instant | null;
}

interface Sources {
  readonly incident: Incident;
  readonly events: readonly Event[];
  readonly pause: { readonly paused: boolean };
  readonly runbook: Runbook | null;
  readonly plan: Plan | null;
  readonly system: System;
  readonly now: Instant;
  readonly viewer: CallerFacts;
}

export const openApproval = (incident: Incident): Approval | undefined =>
  isOpen(incident) ? Object.values(incident.approvals).find((one) => one.state === 'open') : undefined;

/** The person who asked for this run, or null when Belay did. */
export function requestedBy(events: readonly Event[]): string | null {
  const start = events.find((event) => event.type === 'run.started' || event.type === 'incident.declared');
  return start?.actor.kind === 'user' ? start.actor.id : null;
}

export function nextActionOf({ incident, events, runbook, plan }: Sources): NextAction | null {
  if (runbook === null || !isOpen(incident) || events.some((event) => event.type === 'run.finished')) return null;
  const steps = stepsOf(runbook);
  const found = nextStep(incident, steps, openApproval(incident));
  if (found === null) return null;
  const { step, status } = found;
  const planned = plan?.steps.find((one) => one.id === step.id);
  return {
    step: step.id,
    title: step.title,
    kind: step.kind,
    text: step.text,
    status,
    position: steps.indexOf(step) + 1,
    total: steps.length,
    who: planned?.who ?? step.who ?? null,
    action: planned?.action ?? (step.kind === 'do' ? step.do : null),
    args: planned?.args ?? (step.kind === 'do' ? step.with : {}),
    current: planned?.current ?? null,
    desired: planned?.desired ?? null,
    effect: planned?.effect ?? null,
    undo: planned?.undo ?? null,
    irreversible: planned?.irreversible ?? (isAct(step) ? (step.irreversible ?? null) : null),
    takesMs: planned?.takesMs ?? step.takesMs ?? null,
    blast: blastOf(incident, plan),
  };
}

/** While an approval is open, what it would let run; otherwise what runs or waits; otherwise what comes first. */
function nextStep(
  incident: Incident,
  steps: readonly Step[],
  approval: Approval | undefined,
): { readonly step: Step; readonly status: NextAction['status'] } | null {
  const fresh = (step: Step): boolean => incident.steps[step.id] === undefined;
  if (approval !== undefined) {
    const from = Math.max(
      0,
      steps.findIndex((step) => step.id === approval.step),
    );
    const acts = steps.slice(from).find((step) => isAct(step) && fresh(step));
    if (acts !== undefined) return { step: acts, status: 'needs-approval' };
  }
  const active = steps.findLast((step) => ['running', 'waiting'].includes(incident.steps[step.id]?.status ?? ''));
  if (active !== undefined) return { step: active, status: incident.steps[active.id]?.status === 'waiting' ? 'waiting' : 'running' };
  // A step that was jumped over stays fresh, so "first" starts behind the last one that was reached.
  const reached = steps.findLastIndex((step) => !fresh(step));
  const pending = steps.slice(reached + 1).find(fresh);
  return pending === undefined ? null : { step: pending, status: 'pending' };
}

function blastOf(incident: Incident, plan: Plan | null): Blast {
  const ahead = (plan?.steps ?? []).filter((step) => step.action !== undefined && incident.steps[step.id] === undefined);
  const names = ahead
    .flatMap((step) => [step.args?.['target'], step.args?.['switch']])
    .filter((name): name is string => typeof name === 'string');
  const orgs = plan !== null && plan.org !== null ? [plan.org] : incident.scope.orgs;
  return {
    orgs,
    targets: [...new Set(names)],
    changes: ahead.filter((step) => step.effect === 'change' || step.effect === 'unknown').length,
    irreversible: ahead.filter((step) => step.irreversible !== undefined).length,
  };
}

export function approveOf(from: Sources, requester: string | null): ApproveView {
  const { incident, plan, now, viewer } = from;
  const approval = openApproval(incident);
  if (approval === undefined) return { state: 'none', why: nothingToApprove(from) };
  const missing = Math.max(0, approval.min - approval.granted.length);
  const blocked = (key: ReasonKey, facts: JsonObject = {}): ApproveView => ({ state: 'blocked', approval, missing, why: { key, facts } });
  if (approval.expiresAt <= now) return blocked('why.expired');
  if (plan === null) return blocked('why.planUnreadable');
  if (plan.planHash !== approval.planHash) return blocked('why.planChanged');
  const may = mayApprove(approval, viewer, requester);
  if (may.allowed) return { state: 'ready', approval, missing };
  if (may.why === 'needs-role') return blocked('why.needsRole', { roles: may.roles });
  return blocked(may.why === 'already-granted' ? 'why.alreadyGranted' : 'why.requestedByYou');
}

function nothingToApprove({ incident, events, runbook }: Sources): Reason {
  if (incident.mergedInto !== undefined) return { key: 'why.merged', facts: { into: incident.mergedInto } };
  if (!isOpen(incident)) return { key: 'why.ended', facts: {} };
  if (incident.run === null || runbook === null) return { key: 'why.noRun', facts: {} };
  if (events.some((event) => event.type === 'run.finished')) return { key: 'why.runFinished', facts: {} };
  if (Object.keys(incident.tasks).length > 0) return { key: 'why.task', facts: {} };
  return { key: 'why.byItself', facts: {} };
}

export function ifNothingOf(from: Sources, next: NextAction | null, clock: ClockView | null): IfNothing {
  const { incident, pause, events } = from;
  const say = (key: ReasonKey, facts: JsonObject = {}, at: Instant | null = null): IfNothing => ({ key, facts, at });
  if (!isOpen(incident)) return ifNothingAfter(incident, say);
  if (pause.paused) return say('nothing.paused');
  const approval = openApproval(incident);
  if (approval !== undefined) return ifNotApproved(from, approval, say);
  if (Object.keys(incident.tasks).length > 0) {
    const to =
      clock?.kind === 'clock' ? (from.runbook?.clocks[clock.id]?.escalateTo ?? from.system.clocks[clock.id]?.escalateTo) : undefined;
    return to === undefined ? say('nothing.taskWaits') : say('nothing.taskEscalates', { to }, clock?.deadline ?? null);
  }
  const finished = events.findLast((event) => event.type === 'run.finished');
  if (finished?.type === 'run.finished' && finished.data.outcome !== 'done')
    return say('nothing.runStopped', { reason: finished.data.reason });
  if (next === null) return incident.run === null ? say('nothing.noRun') : say('nothing.settles');
  return say('nothing.goesOn', { title: next.title });
}

function ifNotApproved(
  { runbook }: Sources,
  approval: Approval,
  say: (key: ReasonKey, facts?: JsonObject, at?: Instant) => IfNothing,
): IfNothing {
  if (!hasLimit(approval)) return say('nothing.approvalWaits');
  const step = runbook === null ? undefined : stepsOf(runbook).find((one) => one.id === approval.step);
  const escalates = step?.kind === 'approve' && step.onTimeout === 'escalate';
  return say(escalates ? 'nothing.approvalEscalates' : 'nothing.approvalEnds', {}, approval.expiresAt);
}

function ifNothingAfter(incident: Incident, say: (key: ReasonKey, facts?: JsonObject, at?: Instant | null) => IfNothing): IfNothing {
  if (incident.mergedInto !== undefined) return say('nothing.merged', { into: incident.mergedInto });
  const first = [...openContingencies(incident)].sort((a, b) => a.expiresAt - b.expiresAt)[0];
  return first === undefined
    ? say('nothing.ended')
    : say('nothing.contingency', { owner: first.owner, action: first.action }, first.expiresAt);
}
