// The runbook's own guards as they answer now, and who may override what does not pass. It reads, and decides nothing.
import { isBlind, overridersOf } from '../domain/guard-override.ts';
import type { GuardVerdict } from '../domain/guardrail.ts';
import type { Guard, Never, Runbook } from '../domain/ir.ts';
import { runCheck } from './checks.ts';
import type { Lookup } from './refs.ts';
import type { World } from './world.ts';

/** The runbook's own `require` and `never`. Questions for people are inconclusive: they make Belay ask. `whole`: what calls it, where it is called. */
export async function runbookGuards(
  world: Pick<World, 'probes' | 'expression'>,
  runbook: Runbook,
  lookup: Lookup,
  whole: Runbook = runbook,
): Promise<readonly GuardVerdict[]> {
  const withWho = (judged: GuardVerdict, guard: Guard | Never): GuardVerdict => {
    const override = judged.answer === 'fail' || isBlind(judged) ? overridersOf(runbook, guard, whole) : null;
    return override === null ? judged : { ...judged, override };
  };
  return Promise.all([
    ...runbook.require.map(async (guard) => withWho(await judgeRequire(world, guard, lookup), guard)),
    ...runbook.never.map(async (never) => withWho(await judgeNever(world, never, lookup), never)),
  ]);
}

async function judgeRequire(world: Pick<World, 'probes' | 'expression'>, guard: Guard, lookup: Lookup): Promise<GuardVerdict> {
  if ('ask' in guard) return { guard: guard.id, answer: 'inconclusive', reason: 'ask', facts: { ask: guard.ask } };
  const outcome = await runCheck(world, guard, lookup);
  return { guard: guard.id, answer: outcome.result, reason: outcome.reason, facts: { values: outcome.values, expect: outcome.expect } };
}

/** A `never` whose condition holds fails; one that cannot be measured asks. */
async function judgeNever(world: Pick<World, 'probes' | 'expression'>, never: Never, lookup: Lookup): Promise<GuardVerdict> {
  if ('ask' in never) return { guard: never.id, answer: 'inconclusive', reason: 'ask', facts: { ask: never.ask } };
  const outcome = await runCheck(world, { probe: never.probe, with: never.with, expect: never.when }, lookup);
  const answer = outcome.result === 'pass' ? 'fail' : outcome.result === 'fail' ? 'pass' : 'inconclusive';
  return {
    guard: never.id,
    answer,
    reason: answer === 'fail' ? `never when ${never.when}` : outcome.reason,
    facts: { values: outcome.values, when: never.when },
  };
}
