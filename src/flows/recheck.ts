// The guards once more, right before the first act of a run: between the decision and the act the world may have changed.
import { covers, isBlind, type Override, overriddenBy, overrideText } from '../domain/guard-override.ts';
import type { GuardVerdict } from '../domain/guardrail.ts';
import type { Json } from '../domain/json.ts';
import { approvalNeeds, askApproval } from './approval.ts';
import { attention } from './attention.ts';
import { isOpen, judgeNow } from './decide.ts';
import { lookupIn } from './facts.ts';
import type { Next, Visit } from './run.ts';
import { append, BELAY, factsOf, finish, partName, readIncident, update } from './run.ts';
import { runbookGuards } from './runbook-guards.ts';

/**
 * Null: go on. A `require` or `never` that does not hold stops the run, unless people override it where the runbook lets them; anything else
 * that is open asks people, and stops a part of a fan-out, which asks nobody.
 * `round` above 1: a pause lay between, so the guards are asked again whatever was answered before.
 */
export async function recheckGuards(visit: Visit, round: number): Promise<Next | null> {
  const { run } = visit;
  if (run.rechecked && round === 1) return null;
  const part = round === 1 ? 'guards' : `guards${round}`;
  let words = await overridesOf(visit, part, round);
  const heard = new Set(words.keys());
  // Whoever overrides one is asked for each alone; what others say meanwhile is looked at anew.
  for (let look = 1; ; look += 1) {
    const name = look === 1 ? part : `${part}-look${look}`;
    const open = await openGuards(visit, name, { round, words });
    const stopping = open.filter((guard) => (guard.answer === 'fail' || run.isPart === true) && isRunbookGuard(visit, guard));
    // Nobody is asked to override one where another stops the run all the same.
    const own = stopping.find(({ override }) => override === undefined) ?? stopping[0];
    if (own?.override !== undefined && run.isPart !== true) {
      if (!(await askOverride(visit, `${name}-override`, own, words))) return notApproved(visit);
      words = await wordsIn(visit, `${name}-override-words`, [...heard.add(own.guard)]);
      continue;
    }
    const next = await settle(visit, name, open, own);
    if (next === null && open.length > 0 && heard.size > 0) {
      // Deciding took its time: a word may have run out meanwhile.
      words = await wordsIn(visit, `${name}-words`, [...heard]);
      continue;
    }
    if (next === null) await tellOverrides(visit, part, words);
    return next;
  }
}

interface Asking {
  readonly round: number;
  readonly words: Words;
}
/** By the guard that they override. */
type Words = ReadonlyMap<string, readonly Override[]>;

const covering = (words: Words, { guard, answer }: GuardVerdict): readonly Override[] =>
  (words.get(guard) ?? []).filter((one) => covers(one, answer));

/** As they answer now, without those that people override; told in the incident. */
async function openGuards(visit: Visit, name: string, { round, words }: Asking): Promise<readonly GuardVerdict[]> {
  const { run } = visit;
  const all = (await run.context.step(
    partName(visit, name),
    async () => (await openNow(visit, round)) as unknown as Json,
  )) as unknown as readonly GuardVerdict[];
  const needed = approvalNeeds(run, run.course.plan).min;
  const open = all.filter((one) => one.override === undefined || covering(words, one).length < needed);
  if (open.length === 0) return open;
  await append(run, partName(visit, `${name}-open`), (at) => ({
    events: [
      {
        type: 'decision.made',
        data: {
          choice: 'ask',
          by: 'belay',
          runbook: run.course.runbook.id,
          planHash: run.course.plan.planHash,
          guards: open,
          options: ['ask', 'refuse'],
          reason: `right before ${visit.step.id}: guard ${open[0]?.guard ?? ''}`,
        },
        at,
        actor: BELAY,
      },
    ],
  }));
  return open;
}

async function settle(visit: Visit, name: string, open: readonly GuardVerdict[], own: GuardVerdict | undefined): Promise<Next | null> {
  const { run } = visit;
  if (open.length === 0) return null;
  if (own !== undefined) {
    await finish(visit, 'failed', { code: 'BELAY_GUARD_REFUSED', guard: own.guard, reason: own.reason });
    const why = own.answer === 'fail' ? 'does not hold' : `cannot be told: ${own.reason}`;
    return { to: 'stop', reason: `${visit.step.id}: guard ${own.guard} ${why}` };
  }
  if (!(await askApproval(visit, `${name}-approval`, run.course.plan, approvalNeeds(run, run.course.plan)))) return notApproved(visit);
  run.course.alone = null;
  run.vouched = [...(run.vouched ?? []), ...open.map((guard) => guard.guard)];
  return null;
}

async function notApproved(visit: Visit): Promise<Next> {
  await finish(visit, 'failed', { code: 'BELAY_GUARD_REFUSED', denied: true });
  return { to: 'stop', reason: `${visit.step.id}: not approved`, people: true };
}

/** One that a called runbook asks bears the name of the step that calls it. */
const keyOf = ({ run }: Visit, guard: string): string => `${run.prefix}${guard}`;

/** What people have said already; after a pause nothing of it counts. No runbook that lets nobody override asks for it. */
async function overridesOf(visit: Visit, part: string, round: number): Promise<Words> {
  const { run } = visit;
  const guards = [...run.runbook.require, ...run.runbook.never].filter((one) => 'override' in one);
  if (round > 1 || run.isPart === true || guards.length === 0) return new Map();
  return wordsIn(
    visit,
    `${part}-words`,
    guards.map(({ id }) => id),
  );
}

async function wordsIn(visit: Visit, name: string, guards: readonly string[]): Promise<Words> {
  const { run } = visit;
  const said = (await run.context.step(partName(visit, name), async () => {
    const { overrides: all = [] } = await readIncident(run);
    const overrides = all.filter(({ at }) => at >= (run.begunAt ?? 0));
    const of = { planHash: run.course.plan.planHash, now: run.world.time.now() };
    return guards.map((guard) => [guard, overriddenBy(overrides, { ...of, guard: keyOf(visit, guard) })]) as unknown as Json;
  })) as unknown as readonly (readonly [string, readonly Override[]])[];
  return new Map(said);
}

/** Where two people are needed, one who has said it at the start lacks one more. */
async function askOverride(visit: Visit, name: string, guard: GuardVerdict, words: Words): Promise<boolean> {
  const { run } = visit;
  const { plan, runbook } = run.course;
  const needs = approvalNeeds(run, plan);
  const said = covering(words, guard);
  const missing = Math.max(1, needs.min - said.length);
  const named = { ...guard, guard: keyOf(visit, guard.guard) };
  const request = { ...needs, from: guard.override ?? [runbook.owner ?? 'commander'], min: missing, override: named };
  if (!(await askApproval(visit, name, plan, request))) return false;
  run.course.alone = null;
  return true;
}

/** Loud: the responders hear of it before anything is done, and the journal of each act says it. */
async function tellOverrides(visit: Visit, part: string, words: Words): Promise<void> {
  const { run } = visit;
  const said = [...words.values()].flat().map(overrideText);
  if (said.length === 0) return;
  const all = said.join('; ');
  run.overridden = all;
  const to = run.course.runbook.owner ?? 'commander';
  await update(run, partName(visit, `${part}-overridden`), (incident, at) => {
    const told = attention(run, incident, { revision: partName(visit, `${part}-overridden`), at, asks: { overridden: all } });
    return {
      events: [{ type: 'escalation.fired', data: { to, why: all }, at, actor: BELAY }, ...told.events],
      deliveries: told.deliveries,
    };
  });
}

/**
 * What people approved they may run although Belay's own guards would not act alone; the runbook's guards always count, and one that nobody
 * can measure now is no pass: what people said yes to was measured then.
 */
async function openNow(visit: Visit, round: number): Promise<readonly GuardVerdict[]> {
  const { run } = visit;
  const own = await runbookGuards(run.world, run.runbook, lookupIn(run.world.system, factsOf(run), null), run.course.runbook);
  const { alone, plan, completed } = run.course;
  if (run.isPart === true) return own.filter(isOpen);
  if (alone === null) return own.filter((guard) => guard.answer === 'fail' || (isBlind(guard) && !isVouched(visit, guard, round)));
  // Each runbook asks its own before its first act. Belay's judge the whole run, and were asked before its first act, whose effect they see now.
  if (round === 1 && completed.length > 0) return own.filter(isOpen);
  return (await judgeNow(run, { ...plan, guards: own }, alone, true)).filter(isOpen);
}

/** People have said yes in this run although it could not be measured, and no pause lay between. */
const isVouched = ({ run }: Visit, { guard }: GuardVerdict, round: number): boolean => round === 1 && run.vouched?.includes(guard) === true;

function isRunbookGuard({ run }: Visit, guard: GuardVerdict): boolean {
  return [...run.runbook.require, ...run.runbook.never].some((one) => one.id === guard.guard);
}
