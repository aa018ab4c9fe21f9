// The ten judges of the decision guard. Each takes facts of one watermark and answers with the facts it used; none acts.
import type { GuardAnswer, GuardId, GuardLimits, GuardVerdict } from './guardrail.ts';
import type { Instant, Json, JsonObject } from './json.ts';
import type { Transition, TriggerRule, TriggerView } from './trigger.ts';

/** Everything the guards look at, taken at one watermark. */
export interface DecisionFacts {
  readonly now: Instant;
  readonly rule: TriggerRule | null;
  readonly transition: Transition;
  /** The organization that would be rolled back; null for all. */
  readonly scope: string | null;
  readonly views: readonly TriggerView[];
  readonly changes: readonly TargetFacts[];
  readonly rollbacks: readonly { readonly at: Instant; readonly scope: string; readonly target: string; readonly from: Json; readonly to: Json }[];
  readonly rollbacksInIncident: number;
  readonly health: { readonly watermarkAgeMs: number; readonly lagMs: number; readonly deadSources: readonly string[] };
  readonly pause: { readonly paused: boolean };
  readonly start: 'ask' | 'auto';
}

export interface TargetFacts {
  readonly step: string;
  readonly target: string;
  /** Switched toward another release or flow: only such steps count as a rollback. */
  readonly switches: boolean;
  readonly at: Instant | null;
  readonly to: Json;
  readonly impossible: string | null;
}

export type Locality = 'local' | 'global' | 'inconclusive';

export function judgeAll(facts: DecisionFacts, limits: GuardLimits): readonly GuardVerdict[] {
  return [
    judgeSignificance(facts),
    judgeRecentChange(facts, limits),
    judgeLocality(facts, limits),
    verdict('G4', 'not-applicable', 'no upstream is declared', {}),
    judgeControl(facts),
    judgeAffected(facts, limits),
    judgeLoop(facts, limits),
    judgeFresh(facts, limits),
    judgePolicy(facts),
    judgeProvenance(facts),
  ];
}

function verdict(guard: GuardId, answer: GuardAnswer, reason: string, facts: JsonObject): GuardVerdict {
  return { guard, answer, reason, facts };
}

/** G1: is it real? Act-level evidence, from a window that is covered and not blind. */
export function judgeSignificance({ transition }: Pick<DecisionFacts, 'transition'>): GuardVerdict {
  const { inputs } = transition;
  const seen = { level: inputs.level, bad: inputs.bad, all: inputs.all, pValue: inputs.pValue, unknown: inputs.unknown, warming: inputs.warming };
  if (inputs.unknown) return verdict('G1', 'inconclusive', 'no data', seen);
  if (inputs.warming) return verdict('G1', 'inconclusive', 'the window is not covered yet', seen);
  return inputs.level === 'act' ? verdict('G1', 'pass', '', seen) : verdict('G1', 'inconclusive', 'not enough evidence to act alone', seen);
}

/** G2: did something that can be taken back change here lately? */
export function judgeRecentChange({ changes, now }: Pick<DecisionFacts, 'changes' | 'now'>, limits: GuardLimits): GuardVerdict {
  const switching = changes.filter((change) => change.switches);
  const facts: JsonObject = { changedWithinMs: limits.changedWithinMs, targets: switching.map(({ target, at, to, impossible }) => ({ target, at, to, impossible })) };
  if (switching.length === 0) return verdict('G2', 'not-applicable', 'the plan switches nothing', facts);
  const impossible = switching.find((change) => change.impossible !== null);
  if (impossible !== undefined) return verdict('G2', 'fail', `${impossible.target}: ${impossible.impossible}`, facts);
  const unknown = switching.find((change) => change.at === null);
  if (unknown !== undefined) return verdict('G2', 'inconclusive', `${unknown.target}: it is not known when it last changed`, facts);
  const old = switching.find((change) => change.at !== null && now - change.at > limits.changedWithinMs);
  if (old !== undefined) return verdict('G2', 'fail', `${old.target} did not change lately: look elsewhere`, facts);
  return verdict('G2', 'pass', '', facts);
}

const inBreach = (view: TriggerView): boolean => view.status === 'breached' || (view.status === 'suspect' && view.announced);
/** Sure to be fine: sees traffic, is not over the limit, and its window is covered. */
const isKnownHealthy = (view: TriggerView): boolean =>
  (view.status === 'ok' || view.status === 'cleared') && !view.unknown && !view.warming && !view.overLimit && view.all > 0;

/** One organization or everybody? `scope` is the one that breached. */
export function localityOf(views: readonly TriggerView[], scope: string, limits: Pick<GuardLimits, 'localShare'>): Locality {
  const active = views.filter((view) => view.all > 0 || inBreach(view));
  const breached = active.filter((view) => inBreach(view) || view.scope === scope).length;
  const healthy = active.filter((view) => view.scope !== scope && isKnownHealthy(view)).length;
  if (active.length === 0) return 'inconclusive';
  if (breached / active.length < limits.localShare) return 'local';
  return breached < 5 && healthy > 0 ? 'local' : 'global';
}

/** G3: the plan's scope must be what the trouble is: one organization for one, all for all. */
export function judgeLocality({ rule, views, scope, transition }: Pick<DecisionFacts, 'rule' | 'views' | 'scope' | 'transition'>, limits: GuardLimits): GuardVerdict {
  if (rule === null || rule.scope === 'all') return verdict('G3', 'not-applicable', 'the trigger has one scope', {});
  const locality = localityOf(views, transition.scope, limits);
  const facts: JsonObject = {
    locality,
    active: views.filter((view) => view.all > 0).length,
    breached: views.filter(inBreach).map((view) => view.scope).slice(0, 20),
    healthy: views.filter(isKnownHealthy).length,
    localShare: limits.localShare,
  };
  if (locality === 'inconclusive') return verdict('G3', 'inconclusive', 'no organization is active', facts);
  const fits = (locality === 'global') === (scope === null);
  return fits ? verdict('G3', 'pass', '', facts) : verdict('G3', 'fail', `the trouble is ${locality}, the plan is not`, facts);
}

/** G5: worse than the other organizations? Only asked for one organization beside healthy ones; the counts decide. */
export function judgeControl({ views, transition, scope }: Pick<DecisionFacts, 'views' | 'transition' | 'scope'>): GuardVerdict {
  const others = views.filter((view) => view.scope !== transition.scope);
  const bad = others.reduce((sum, view) => sum + view.bad, 0);
  const all = others.reduce((sum, view) => sum + view.all, 0);
  const own = transition.inputs;
  const facts = { ownBad: own.bad, ownAll: own.all, otherBad: bad, otherAll: all };
  if (scope === null || all === 0 || own.all === 0) return verdict('G5', 'not-applicable', 'nothing to compare with', facts);
  const pooled = (own.bad + bad) / (own.all + all);
  const spread = Math.sqrt(pooled * (1 - pooled) * (1 / own.all + 1 / all));
  const z = spread === 0 ? 0 : (own.bad / own.all - bad / all) / spread;
  return z > 3.09 ? verdict('G5', 'pass', '', facts) : verdict('G5', 'inconclusive', 'not clearly worse than the others', facts);
}

/** G6: is it worth it? Where users are not counted, the share of the scope's requests stands for them. */
export function judgeAffected({ transition }: Pick<DecisionFacts, 'transition'>, limits: GuardLimits): GuardVerdict {
  const { bad, all } = transition.inputs;
  const facts = { bad, all, wanted: limits.affectedUsers };
  if (all === 0) return verdict('G6', 'not-applicable', 'nothing is counted', facts);
  return bad / all >= limits.affectedUsers ? verdict('G6', 'pass', '', facts) : verdict('G6', 'inconclusive', 'too few requests are affected', facts);
}

/** G7: have we just done this? */
export function judgeLoop(facts: Pick<DecisionFacts, 'rollbacks' | 'rollbacksInIncident' | 'changes' | 'now' | 'scope'>, limits: GuardLimits): GuardVerdict {
  const scope = facts.scope ?? '*';
  const mine = facts.rollbacks.filter((one) => one.scope === scope);
  const seen: JsonObject = { scope, inIncident: facts.rollbacksInIncident, today: mine.length, last: mine[0]?.at ?? null };
  if (facts.rollbacksInIncident > 0) return verdict('G7', 'fail', 'this incident has had its automatic rollback', seen);
  if (mine.filter((one) => facts.now - one.at < 24 * 3_600_000).length >= limits.perScopePerDay) return verdict('G7', 'fail', 'too many automatic rollbacks today', seen);
  if (mine.some((one) => facts.now - one.at < limits.cooldownMs)) return verdict('G7', 'fail', 'too soon after the last automatic rollback', seen);
  const back = facts.rollbacks.find((one) => facts.now - one.at < limits.reuseWithinMs && facts.changes.some((change) => change.switches && change.target === one.target && sameValue(change.to, one.from)));
  return back === undefined ? verdict('G7', 'pass', '', seen) : verdict('G7', 'fail', 'a rollback left that version lately', seen);
}

const sameValue = (a: Json, b: Json): boolean => JSON.stringify(a) === JSON.stringify(b);

/** G8: do we see? Belay's own trouble must not be read as an outage. */
export function judgeFresh({ health }: Pick<DecisionFacts, 'health'>, limits: GuardLimits): GuardVerdict {
  const facts: JsonObject = { ...health, freshMs: limits.freshMs };
  if (health.watermarkAgeMs > limits.freshMs) return verdict('G8', 'inconclusive', 'the newest data is too old', facts);
  if (health.lagMs > 1_000) return verdict('G8', 'inconclusive', 'Belay itself is slow', facts);
  return verdict('G8', 'pass', '', facts);
}

/** G9: may we? */
export function judgePolicy({ rule, pause, start }: Pick<DecisionFacts, 'rule' | 'pause' | 'start'>): GuardVerdict {
  const facts: JsonObject = { mode: rule?.mode ?? null, start, paused: pause.paused };
  if (pause.paused) return verdict('G9', 'fail', 'everything is paused', facts);
  if (rule?.mode !== 'armed') return verdict('G9', 'fail', 'the trigger is not armed', facts);
  return start === 'auto' ? verdict('G9', 'pass', '', facts) : verdict('G9', 'inconclusive', 'the runbook asks', facts);
}

/** G10: who says so? Counts that Belay took itself. */
export function judgeProvenance({ transition }: Pick<DecisionFacts, 'transition'>): GuardVerdict {
  const { sources } = transition.inputs;
  return sources.length > 0 ? verdict('G10', 'pass', '', { sources }) : verdict('G10', 'inconclusive', 'no source of our own', { sources });
}
