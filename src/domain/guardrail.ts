// The decision guard: ten questions (G1–G10), each answered pass, fail or inconclusive from frozen inputs.
// One that is not `pass` means ask, never act. Pure: facts in, verdicts out.
import { sharesDiffer } from './evidence-test.ts';
import type { Instant, Json, JsonObject } from './json.ts';
import { OVERFLOW_SCOPE } from './signal.ts';
import type { Transition, TriggerRule, TriggerView, UserSignals } from './trigger.ts';

export type CheckResult = 'pass' | 'fail' | 'inconclusive';
export type GuardAnswer = CheckResult | 'not-applicable';

export interface GuardLimits {
  readonly changedWithinMs: number;
  readonly affectedUsers: number;
  /** By which signals users are counted; without them requests are. */
  readonly users?: UserSignals;
  readonly localShare: number;
  readonly perScopePerDay: number;
  readonly cooldownMs: number;
  readonly reuseWithinMs: number;
  readonly freshMs: number;
}

export const DEFAULT_GUARD_LIMITS: GuardLimits = {
  changedWithinMs: 60 * 60_000,
  affectedUsers: 0.05,
  localShare: 0.2,
  perScopePerDay: 3,
  cooldownMs: 30 * 60_000,
  reuseWithinMs: 24 * 3_600_000,
  freshMs: 30_000,
};

export type GuardId = 'G1' | 'G2' | 'G3' | 'G4' | 'G5' | 'G6' | 'G7' | 'G8' | 'G9' | 'G10';

export interface GuardVerdict {
  /** A guard of Belay (`G1`…`G10`) or the id of a runbook's `require`/`never`. */
  readonly guard: GuardId | string;
  readonly answer: GuardAnswer;
  /** A key of the guard texts plus its facts: no rendered sentence. */
  readonly reason: string;
  readonly facts: JsonObject;
  /** Of one that does not pass: roles and people who may have the run act all the same. */
  readonly override?: readonly string[];
}

/** α of the comparison with other organizations (G5). */
const CONTROL_ALPHA = 1e-3;
/** Below this many organizations in breach a share says little: one healthy one is enough to call it local. */
const FEW = 5;
/** Event-loop lag above which Belay may mistake its own trouble for an outage. */
const LAG_LIMIT_MS = 1_000;
const DAY_MS = 24 * 3_600_000;

/** What one changing step of the plan would touch, and when that last changed. */
export interface TargetFacts {
  readonly step: string;
  readonly target: string;
  /** Puts another release or flow there: only such steps count as a rollback. */
  readonly switches: boolean;
  /** When the target last changed; null when that is not known. */
  readonly at: Instant | null;
  readonly to: Json;
  /** Why the step can never work (not restorable), or null. */
  readonly impossible: string | null;
}

/** One automatic rollback of the past; `scope` is an organization, or '*' for all. */
export interface RollbackFacts {
  /** Steps of one incident count as one rollback. */
  readonly incident?: string;
  readonly at: Instant;
  readonly scope: string;
  readonly target: string;
  readonly from: Json;
  readonly to: Json;
}

/** Where counts come from: taken by Belay itself, from a signed sender, or from anybody. */
export interface ProvenanceFacts {
  readonly source: string;
  readonly kind: 'own' | 'signed' | 'unsigned';
  /** The sender itself said that something was cut off. */
  readonly truncated?: boolean;
  /** A probe that Belay made itself says the same. */
  readonly corroborated?: boolean;
}

/** Everything the ten guards look at, read at one moment. What is left out is not declared. */
export interface DecisionFacts {
  readonly now: Instant;
  readonly rule: TriggerRule | null;
  readonly transition: Transition;
  /** The organization that the plan touches, or null for all. */
  readonly scope: string | null;
  /** All views of the trigger, at one watermark. */
  readonly views: readonly TriggerView[];
  readonly changes: readonly TargetFacts[];
  /** Automatic rollbacks of other incidents, newest first. */
  readonly rollbacks: readonly RollbackFacts[];
  readonly rollbacksInIncident: number;
  readonly health: { readonly watermarkAgeMs: number; readonly lagMs: number; readonly deadSources: readonly string[] };
  readonly pause: { readonly paused: boolean };
  readonly start: 'ask' | 'auto';
  /** Promised cadence of the slowest source, ms: fresh means three of them at least. */
  readonly cadenceMs?: number;
  /** Services of others that the scope depends on; null: could not be asked. */
  readonly upstreams?: readonly { readonly id: string; readonly healthy: boolean | null }[];
  /** Different users hit, and active ones, where signals count users; null: they cannot be counted now. */
  readonly users?: { readonly affected: number; readonly active: number } | null;
  /** Freeze, maintenance window, drill, silence: each that is on forbids acting alone. */
  readonly restrictions?: readonly string[];
  readonly provenance?: readonly ProvenanceFacts[];
}

type Judge<F> = (facts: F, limits: GuardLimits) => GuardVerdict;

/** All ten, in order. One that is neither `pass` nor `not-applicable` means: ask. */
export function judgeAll(facts: DecisionFacts, limits: GuardLimits): readonly GuardVerdict[] {
  return JUDGES.map((judge) => judge(facts, limits));
}

function verdict(guard: GuardId, answer: GuardAnswer, reason: string, facts: JsonObject = {}): GuardVerdict {
  return { guard, answer, reason: `${guard}.${reason}`, facts };
}

const viewOf = (facts: Pick<DecisionFacts, 'views' | 'scope' | 'transition'>): TriggerView | undefined =>
  facts.views.find((view) => view.scope === (facts.scope ?? facts.transition.scope)) ??
  facts.views.find((view) => view.scope === facts.transition.scope);

/** G1: is it real? Act-level evidence now, on a window that is covered by data. */
export const judgeSignificance: Judge<Pick<DecisionFacts, 'views' | 'scope' | 'transition'>> = (facts) => {
  const view = viewOf(facts);
  if (view === undefined) return verdict('G1', 'inconclusive', 'no-data', { scope: facts.scope });
  const { scope, status, level, value, bad, all, unknown, warming, watermark } = view;
  const seen = {
    scope,
    status,
    level,
    value,
    bad,
    all,
    unknown,
    warming,
    watermark,
    pValue: facts.transition.inputs.pValue,
    alpha: { ...facts.transition.inputs.alpha },
  };
  if (unknown) return verdict('G1', 'inconclusive', 'unknown', seen);
  if (warming) return verdict('G1', 'inconclusive', 'warming', seen);
  if (status !== 'breached') return verdict('G1', 'fail', 'not-breached', seen);
  return level === 'act' ? verdict('G1', 'pass', 'act-level', seen) : verdict('G1', 'fail', 'not-significant', seen);
};

/** G2: did something that this plan can take back change recently, before the breach, and can it be taken back? */
export const judgeRecentChange: Judge<Pick<DecisionFacts, 'now' | 'changes' | 'transition'>> = (
  { now, changes, transition },
  { changedWithinMs },
) => {
  const { since, inputs } = transition;
  const switching = changes.filter((change) => change.switches);
  const seen = {
    since,
    changedWithinMs,
    targets: switching.map(({ step, target, at, to, impossible }) => ({ step, target, at, to, impossible })),
  };
  if (switching.length === 0) return verdict('G2', 'not-applicable', 'nothing-switches', seen);
  if (switching.some((change) => change.impossible !== null)) return verdict('G2', 'fail', 'not-restorable', seen);
  if (switching.some((change) => change.at === null)) return verdict('G2', 'inconclusive', 'change-unknown', seen);
  // `since` is the first crossing of a window: what changed up to one window later may still be its cause.
  if (switching.some((change) => change.at !== null && change.at > since + inputs.overMs))
    return verdict('G2', 'inconclusive', 'changed-after-breach', seen);
  const old = switching.some((change) => change.at !== null && change.at < Math.min(since, now) - changedWithinMs);
  return old ? verdict('G2', 'fail', 'no-recent-change', seen) : verdict('G2', 'pass', 'recent-change', seen);
};

export type Locality = 'local' | 'global' | 'inconclusive';

const inBreach = (view: TriggerView): boolean => view.status === 'breached' || view.status === 'suspect';
/** Nothing that hides, warms up, has nothing to be compared with, or stands over the limit without proof counts as healthy. */
const isKnownHealthy = (view: TriggerView): boolean =>
  view.status === 'ok' &&
  !view.unknown &&
  !view.warming &&
  !view.overLimit &&
  view.baseline !== null &&
  view.all > 0 &&
  view.scope !== OVERFLOW_SCOPE;

interface Sides {
  readonly active: number;
  readonly hit: readonly string[];
  readonly healthy: number;
}

/** `scope` breached, whatever its view says by now. */
function sidesOf(views: readonly TriggerView[], scope: string): Sides {
  const isHit = (view: TriggerView): boolean => inBreach(view) || view.scope === scope;
  const active = views.filter((view) => view.all > 0 || isHit(view));
  return {
    active: active.length,
    hit: active.filter(isHit).map((view) => view.scope),
    healthy: active.filter((view) => !isHit(view) && isKnownHealthy(view)).length,
  };
}

/** One organization or everybody? The same for every caller, because all views are of one moment. `scope` is the one that breached. */
export function localityOf(views: readonly TriggerView[], scope: string, { localShare }: Pick<GuardLimits, 'localShare'>): Locality {
  const { active, hit, healthy } = sidesOf(views, scope);
  if (active === 0) return 'inconclusive';
  if (hit.length === active) return 'global';
  if (healthy > 0 && (hit.length / active < localShare || hit.length < FEW)) return 'local';
  return hit.length >= FEW && hit.length / active >= localShare ? 'global' : 'inconclusive';
}

/** G3: the plan must be as wide as the breach: a plan for one organization does not answer a breach of all, nor the reverse. */
export const judgeLocalization: Judge<Pick<DecisionFacts, 'rule' | 'views' | 'scope' | 'transition'>> = (
  { rule, views, scope, transition },
  limits,
) => {
  if (rule === null || rule.scope === 'all') return verdict('G3', 'not-applicable', 'one-scope', {});
  const locality = localityOf(views, transition.scope, limits);
  const { active, hit, healthy } = sidesOf(views, transition.scope);
  const seen = {
    locality,
    active,
    inBreach: hit.length,
    knownHealthy: healthy,
    localShare: limits.localShare,
    plan: scope ?? '*',
    hit: hit.slice(0, 20),
    watermark: Math.max(0, ...views.map((view) => view.watermark)),
  };
  if (locality === 'inconclusive') return verdict('G3', 'inconclusive', 'inconclusive', seen);
  const fits = (locality === 'global') === (scope === null);
  return fits ? verdict('G3', 'pass', locality, seen) : verdict('G3', 'fail', `${locality}-but-plan-is-not`, seen);
};

/** G4: is it ours? A service that is down elsewhere makes a rollback useless. */
export const judgeUpstream: Judge<Pick<DecisionFacts, 'upstreams'>> = ({ upstreams = [] }) => {
  const seen = { upstreams: upstreams.map(({ id, healthy }) => ({ id, healthy })) };
  if (upstreams.length === 0) return verdict('G4', 'not-applicable', 'none-declared', seen);
  if (upstreams.some((one) => one.healthy === false)) return verdict('G4', 'fail', 'upstream-down', seen);
  return upstreams.some((one) => one.healthy === null)
    ? verdict('G4', 'inconclusive', 'upstream-unknown', seen)
    : verdict('G4', 'pass', 'upstream-healthy', seen);
};

/** G5: is it worse than in the others? Exact on counts; a breach of all has nobody to be compared with. */
export const judgeControl: Judge<Pick<DecisionFacts, 'views' | 'scope' | 'rule'>> = ({ views, scope, rule }) => {
  if (scope === null || rule?.scope !== 'org') return verdict('G5', 'not-applicable', 'no-control', {});
  const mine = views.find((view) => view.scope === scope);
  const others = views.filter((view) => view.scope !== scope && !view.unknown && view.all > 0);
  if (mine === undefined || mine.all === 0) return verdict('G5', 'inconclusive', 'no-data', { scope });
  const control = others.reduce((sum, view) => ({ bad: sum.bad + view.bad, all: sum.all + view.all }), { bad: 0, all: 0 });
  const seen = { scope, bad: mine.bad, all: mine.all, controlBad: control.bad, controlAll: control.all, alpha: CONTROL_ALPHA };
  if (control.all === 0) return verdict('G5', 'inconclusive', 'no-control-data', seen);
  const pValue = sharesDiffer(
    { bad: Math.min(mine.bad, mine.all), all: mine.all },
    { bad: Math.min(control.bad, control.all), all: control.all },
  );
  return pValue < CONTROL_ALPHA
    ? verdict('G5', 'pass', 'worse', { ...seen, pValue })
    : verdict('G5', 'inconclusive', 'not-worse', { ...seen, pValue });
};

/** G6: is it worth it? Different users where signals count them, requests of the scope otherwise. */
export const judgeAffected: Judge<Pick<DecisionFacts, 'users' | 'views' | 'scope'>> = ({ users, views, scope }, { affectedUsers }) => {
  if (users === null) return verdict('G6', 'inconclusive', 'users-unknown', { by: 'users', limit: affectedUsers });
  const counted = users ?? requestsOf(views.filter((view) => !view.unknown && (scope === null || view.scope === scope)));
  const seen = { by: users === undefined ? 'requests' : 'users', affected: counted.affected, active: counted.active, limit: affectedUsers };
  if (counted.active === 0) return verdict('G6', 'inconclusive', 'no-data', seen);
  return counted.affected / counted.active >= affectedUsers
    ? verdict('G6', 'pass', 'enough', seen)
    : verdict('G6', 'fail', 'too-few', seen);
};

function requestsOf(views: readonly TriggerView[]): { readonly affected: number; readonly active: number } {
  return views.reduce((sum, view) => ({ affected: sum.affected + view.bad, active: sum.active + view.all }), { affected: 0, active: 0 });
}

/** G7: have we just done this? Once an incident, a few times a day, with rest between, and never back to what a rollback left. */
export const judgeLoop: Judge<Pick<DecisionFacts, 'now' | 'scope' | 'changes' | 'rollbacks' | 'rollbacksInIncident'>> = (facts, limits) => {
  const { now, changes, rollbacks, rollbacksInIncident } = facts;
  const scope = facts.scope ?? '*';
  const mine = rollbacks.filter((one) => one.scope === scope || one.scope === '*');
  const lastDay = new Set(mine.filter((one) => one.at > now - DAY_MS).map((one) => one.incident ?? one)).size;
  const latest = mine.reduce<Instant | null>((last, one) => (last === null || one.at > last ? one.at : last), null);
  const left = changes.find(
    (change) =>
      change.switches &&
      rollbacks.some((one) => one.at > now - limits.reuseWithinMs && one.target === change.target && same(one.from, change.to)),
  );
  const seen = {
    scope,
    lastDay,
    perScopePerDay: limits.perScopePerDay,
    latest,
    cooldownMs: limits.cooldownMs,
    inIncident: rollbacksInIncident,
  };
  if (rollbacksInIncident > 0) return verdict('G7', 'fail', 'once-per-incident', seen);
  if (lastDay >= limits.perScopePerDay) return verdict('G7', 'fail', 'too-many-today', seen);
  if (latest !== null && now - latest < limits.cooldownMs) return verdict('G7', 'fail', 'cooling-down', seen);
  if (left !== undefined) return verdict('G7', 'fail', 'back-to-what-was-left', { ...seen, target: left.target, to: left.to });
  return verdict('G7', 'pass', 'no-loop', seen);
};

/** The same value, whatever the order of its fields. */
function same(a: Json, b: Json): boolean {
  return a !== null && b !== null && inOrder(a) === inOrder(b);
}

function inOrder(value: Json): string {
  return JSON.stringify(value, (_key, part: Json) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

/** In place of a source: what people report. */
const PEOPLE = 'manual';

/** G8: do we see? Old data, a dead source or a process that lags may look like an outage. */
export const judgeFresh: Judge<Pick<DecisionFacts, 'health' | 'transition' | 'cadenceMs'>> = (
  { health, transition, cadenceMs = 0 },
  { freshMs },
) => {
  const limitMs = Math.max(3 * cadenceMs, freshMs);
  const dead = health.deadSources.filter((source) => transition.inputs.sources.includes(source));
  const seen = {
    watermarkAgeMs: Math.round(health.watermarkAgeMs),
    limitMs,
    lagMs: Math.round(health.lagMs),
    lagLimitMs: LAG_LIMIT_MS,
    deadSources: dead,
  };
  if (dead.length > 0) return verdict('G8', 'fail', 'source-dead', seen);
  const isWord = transition.inputs.sources.length > 0 && transition.inputs.sources.every((source) => source === PEOPLE);
  // Asked so that what is no number passes neither.
  if (!isWord && !(health.watermarkAgeMs < limitMs)) return verdict('G8', 'fail', 'stale', seen);
  if (!(health.lagMs < LAG_LIMIT_MS)) return verdict('G8', 'fail', 'lagging', seen);
  return verdict('G8', 'pass', isWord ? 'peoples-word' : 'fresh', seen);
};

/** G9: may we? */
export const judgePolicy: Judge<Pick<DecisionFacts, 'pause' | 'rule' | 'start' | 'restrictions'>> = ({
  pause,
  rule,
  start,
  restrictions = [],
}) => {
  const seen = { paused: pause.paused, mode: rule?.mode ?? null, start, restrictions };
  if (pause.paused) return verdict('G9', 'fail', 'paused', seen);
  if (restrictions.length > 0) return verdict('G9', 'fail', 'restricted', seen);
  if (rule === null || rule.mode !== 'armed') return verdict('G9', 'fail', 'not-armed', seen);
  return start === 'auto' ? verdict('G9', 'pass', 'allowed', seen) : verdict('G9', 'fail', 'runbook-asks', seen);
};

/**
 * G10: who says so? Without `provenance` the sources are those of belay.yaml: Belay's own reading, or senders that authenticate.
 */
export const judgeProvenance: Judge<Pick<DecisionFacts, 'transition' | 'provenance'>> = ({ transition, provenance = [] }) => {
  const { sources } = transition.inputs;
  const seen = {
    sources,
    provenance: provenance.map((one) => ({
      source: one.source,
      kind: one.kind,
      truncated: one.truncated ?? false,
      corroborated: one.corroborated ?? false,
    })),
  };
  if (sources.length === 0 && provenance.length === 0) return verdict('G10', 'inconclusive', 'no-source', seen);
  if (provenance.some((one) => one.truncated === true)) return verdict('G10', 'fail', 'truncated', seen);
  if (provenance.some((one) => one.kind === 'unsigned' && one.corroborated !== true))
    return verdict('G10', 'inconclusive', 'unsigned', seen);
  return verdict('G10', 'pass', 'trusted', seen);
};

const JUDGES: readonly Judge<DecisionFacts>[] = [
  judgeSignificance,
  judgeRecentChange,
  judgeLocalization,
  judgeUpstream,
  judgeControl,
  judgeAffected,
  judgeLoop,
  judgeFresh,
  judgePolicy,
  judgeProvenance,
];
