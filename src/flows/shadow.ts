// Triggers in shadow: for each breach and each announced suspicion, what Belay would have done is worked out and kept. It reads only:
// no incident, no message, no act. An armed trigger never waits for it.
import { BelayError } from '../domain/errors.ts';
import type { RollbackFacts } from '../domain/guardrail.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import { DEFAULT_HISTORY_MS } from '../domain/minutes.ts';
import type { Plan } from '../domain/plan.ts';
import { coveringDecision, JOINS, type ShadowDecision, shadowKey, type WouldChange, wouldBeRollbacks } from '../domain/shadow.ts';
import { isTold, type Transition } from '../domain/trigger.ts';
import { choose, judgeFrom, localityOf } from './decide.ts';
import type { FactsWorld } from './decision-facts.ts';
import { NO_NUMBER_YET } from './incident-number.ts';
import { onlyReading, withSameViews } from './only-reading.ts';
import { runbookFor } from './open-incident.ts';
import { makePlan, type PlanWorld } from './plan.ts';
import { answerEach } from './responder.ts';
import { untried } from './safety.ts';
import type { PinnedRunbook, World } from './world.ts';

/** Enough to say what would be decided. */
export type DecidingWorld = FactsWorld & PlanWorld & Pick<World, 'runbooks'>;
export type ShadowWorld = DecidingWorld & Pick<World, 'signals' | 'shadows'>;

/** Bounds of one judgement: what does not answer in time is an open guard. */
const BOUNDS = { callMs: 5_000, totalMs: 20_000 };
const DAY_MS = 24 * 3_600_000;
/** Decisions of the last day that a new one is compared with: those that were judged, not the thousands that may have joined one. */
const LOOKED_AT = 200;
const MOST_CHANGES = 20;

/**
 * One pass over what nobody has answered yet. A decision is kept before its transition is marked: a kill between the two repeats
 * nothing. @returns how many were answered
 */
export function judgeShadows(world: ShadowWorld, leaving?: AbortSignal): Promise<number> {
  const inShadow = new Set(world.system.triggers.filter((rule) => rule.mode === 'shadow').map((rule) => rule.id));
  const readings = withSameViews(world.readings, world.time);
  return answerEach(world, {
    mine: ({ trigger }) => inShadow.has(trigger),
    answer: async (transition) =>
      leaving?.aborted !== true && (!isTold(transition) || (await judgeOne({ ...world, readings }, transition, leaving))),
  });
}

/** False: it was cut short by the end of this process; the next one judges it. */
async function judgeOne(world: ShadowWorld, transition: Transition, leaving: AbortSignal | undefined): Promise<boolean> {
  const { trigger } = transition;
  const earlier = await world.shadows.decisions({ trigger, since: world.time.now() - DAY_MS, limit: LOOKED_AT, judged: true });
  if (earlier.some((one) => shadowKey(one) === shadowKey(transition))) return true;
  const { decision, trouble } = await decideOrSay(asIfArmed(world, trigger, leaving), transition, earlier);
  if (leaving?.aborted === true) return false;
  await world.shadows.keep(decision);
  if (trouble !== null) throw trouble;
  return true;
}

/** G9 asks whether the trigger is armed: that is the question here. */
function asIfArmed(world: ShadowWorld, trigger: string, leaving: AbortSignal | undefined): ShadowWorld {
  const triggers = world.system.triggers.map((rule) => (rule.id === trigger ? { ...rule, mode: 'armed' as const } : rule));
  return onlyReading({ ...world, system: { ...world.system, triggers } }, { ...BOUNDS, leaving });
}

/** A bug while judging is told, once; the transition does not come back for it. A store that does not answer is waited for. */
async function decideOrSay(
  world: ShadowWorld,
  transition: Transition,
  earlier: readonly ShadowDecision[],
): Promise<{ readonly decision: ShadowDecision; readonly trouble: Error | null }> {
  try {
    return { decision: await wouldDecide(world, transition, { earlier, rollbacks: wouldBeRollbacks(earlier) }), trouble: null };
  } catch (error) {
    if (BelayError.is(error, 'BELAY_STORE_UNAVAILABLE')) throw error;
    const trouble = error instanceof Error ? error : new Error(String(error));
    return { decision: { ...begun(world, transition), choice: 'ask', reason: `could not be judged: ${trouble.message}` }, trouble };
  }
}

type Begun = Omit<ShadowDecision, 'choice' | 'reason'>;

function begun(world: Pick<World, 'time'>, { trigger, scope, episode, to, at, since }: Transition): Begun {
  const found = { trigger, scope, episode, to, at, since, judgedAt: world.time.now() };
  return { ...found, locality: 'inconclusive', runbook: null, guards: [], changes: [], joins: null };
}

interface Before {
  readonly earlier: readonly ShadowDecision[];
  /** Beside those that the incidents know of: guard G7 counts them. */
  readonly rollbacks: readonly RollbackFacts[];
}

/** What Belay decides about a trigger that is armed in `world`: locality, runbook, plan, guards and choice, as for an incident. Reads only. */
export async function wouldDecide(world: DecidingWorld, transition: Transition, { earlier, rollbacks }: Before): Promise<ShadowDecision> {
  const rule = world.system.triggers.find((one) => one.id === transition.trigger);
  const locality = rule === undefined ? 'inconclusive' : await localityOf(world, rule, transition.scope);
  const base = { ...begun(world, transition), locality };
  const covering = coveringDecision(transition, earlier, await world.readings.views(transition.trigger));
  const joins = covering === null ? null : (covering.decision.joins ?? covering.decision.episode);
  if (covering?.enough === true) {
    const { choice, runbook, locality: wide } = covering.decision;
    return { ...base, locality: wide, runbook, choice, reason: JOINS, joins };
  }
  const wide = covering === null ? locality : 'global';
  const pinned = runbookFor(world, transition.trigger, wide);
  if (pinned === null) return { ...base, locality: wide, choice: 'ask', reason: 'no runbook', joins };
  const inputs: JsonObject = wide === 'global' ? {} : { org: transition.scope };
  return { ...base, locality: wide, runbook: pinned.runbook.id, joins, ...(await judge(world, pinned, { transition, inputs, rollbacks })) };
}

interface Asked {
  readonly transition: Transition;
  readonly inputs: JsonObject;
  readonly rollbacks: readonly RollbackFacts[];
}

async function judge(
  world: DecidingWorld,
  pinned: PinnedRunbook,
  { transition, inputs, rollbacks }: Asked,
): Promise<Pick<ShadowDecision, 'choice' | 'reason' | 'guards' | 'changes'>> {
  const { start, components } = pinned.runbook;
  const plan = await planOrWhy(world, pinned, inputs);
  if (typeof plan === 'string') return { choice: 'ask', reason: `no plan: ${plan}`, guards: [], changes: [] };
  const guards = await judgeFrom(world, plan, { transition, start, components, incident: null, rollbacksInIncident: 0, rollbacks });
  return { ...choose(start, plan, guards), guards, changes: changesOf(world, plan) };
}

/** Inputs that the runbook does not take, such as an organization that belay.yaml does not name: people would have been asked. */
async function planOrWhy(world: DecidingWorld, pinned: PinnedRunbook, inputs: JsonObject): Promise<Plan | string> {
  try {
    return await makePlan(untried(world), pinned, { inputs, incident: { id: NO_NUMBER_YET }, outputs: {} });
  } catch (error) {
    if (BelayError.is(error, 'BELAY_INPUT_INVALID')) return error.message;
    throw error;
  }
}

function changesOf(world: Pick<World, 'actions'>, plan: Plan): readonly WouldChange[] {
  const nothing: Json = null;
  return plan.steps
    .flatMap((step): WouldChange[] => {
      const action = step.action === undefined ? undefined : world.actions[step.action];
      if (action === undefined || step.args === undefined || step.effect !== 'change') return [];
      const [from, to] = [step.current ?? nothing, step.desired ?? nothing];
      return [{ step: step.id, title: step.title, target: action.target(step.args), from, to }];
    })
    .slice(0, MOST_CHANGES);
}

/** As long as counts are kept, and a month at least: a mark of a person is worth more than a count. */
export async function forgetShadows({ shadows, system, time }: Pick<ShadowWorld, 'shadows' | 'system' | 'time'>): Promise<void> {
  await shadows.prune(time.now() - Math.max(DEFAULT_HISTORY_MS, system.history?.keepMs ?? 0));
}
