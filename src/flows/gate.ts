// What stands before a step: `when` says whether it is done or skipped, `pre` whether it may begin at all. Both leave their values in the record.
import type { Check } from '../domain/ir.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import type { CheckOutcome } from './checks.ts';
import { runCheck } from './checks.ts';
import { evaluateCondition } from './conditions.ts';
import { lookupFor } from './plan.ts';
import type { Next, Visit } from './run.ts';
import { append, askPeople, BELAY, begin, factsOf, finish, NEXT, partName } from './run.ts';

/** `begun`: people were asked, so the step has its beginning in the record already. */
export async function passGate(visit: Visit): Promise<'go' | 'begun' | Next> {
  const { step } = visit;
  if (step.when !== undefined) {
    const answer = await evaluateCondition(visit, 'when', step.when);
    if (answer.value !== true) return skip(visit, answer.why === '' ? `when ${step.when}` : answer.why, namedIn(visit, step.when));
  }
  let begun = false;
  if (step.whenCheck !== undefined) {
    const said = await askProbe(visit, step.whenCheck);
    if (said !== 'go' && said !== 'begun') return said;
    begun = said === 'begun';
  }
  for (const [index, pre] of (step.pre ?? []).entries()) {
    const answer = await evaluateCondition(visit, `pre${index}`, pre);
    if (answer.value === true) continue;
    if (!begun && !(await begin(visit))) return NEXT;
    const why = answer.why === '' ? '' : ` (${answer.why})`;
    const detail = { code: 'BELAY_GUARD_REFUSED', message: `pre does not hold: ${pre}${why}`, facts: namedIn(visit, pre) };
    await finish(visit, 'failed', detail);
    return { to: 'stop', reason: `step ${step.id}: pre does not hold: ${pre}${why}` };
  }
  return begun ? 'begun' : 'go';
}

/** A probe that cannot say is no reason to skip, and none to go on: people say. */
async function askProbe(visit: Visit, check: Check): Promise<'go' | 'begun' | Next> {
  const { run, step } = visit;
  const outcome = (await run.context.step(
    partName(visit, 'when'),
    async () => (await measureNow(visit, check)) as unknown as Json,
  )) as unknown as CheckOutcome;
  if (outcome.result === 'pass') return 'go';
  if (outcome.result === 'fail') return skip(visit, `when ${check.probe}: ${check.expect}`, outcome.values);
  if (!(await begin(visit))) return NEXT;
  // A part of a fan-out asks nobody.
  if (run.isPart === true) {
    await finish(visit, 'failed', { message: `when ${check.probe}: ${outcome.reason}` });
    return { to: 'stop', reason: `${step.id}: ${check.probe} could not say whether it is needed: ${outcome.reason}` };
  }
  const { choice, by } = await askPeople(visit, `when ${check.probe}: ${outcome.reason}`, ['again', 'do', 'skip', 'stop']);
  if (choice === 'again') return { to: 'goto', step: step.id };
  if (choice === 'do') return 'begun';
  if (choice === 'skip') return skip(visit, `${by}: ${check.probe} could not say`, {});
  return { to: 'stop', reason: `${step.id}: ${check.probe} could not say whether it is needed (stopped by ${by})`, people: true };
}

async function measureNow({ run }: Visit, check: Check): Promise<CheckOutcome> {
  const lookup = await lookupFor(run.world, factsOf(run), check.with);
  // A target that cannot be asked leaves its references open, and the check says so.
  return runCheck(run.world, check, typeof lookup === 'string' ? () => undefined : lookup);
}

async function skip(visit: Visit, reason: string, facts: JsonObject): Promise<Next> {
  await append(visit.run, partName(visit, 'skip'), (at) => ({
    events: [{ type: 'step.skipped', data: { step: visit.step.id, reason, facts }, at, actor: BELAY }],
  }));
  return NEXT;
}

/** Inputs and outputs that a condition names, for the record. */
function namedIn({ run }: Visit, source: string): JsonObject {
  const inputs = Object.entries(run.inputs).filter(([name]) => new RegExp(`\\b${name}\\b`).test(source));
  const outputs = Object.entries(run.outputs).filter(([id]) => new RegExp(`\\bsteps\\.${id}\\b`).test(source));
  return { ...Object.fromEntries(inputs), ...Object.fromEntries(outputs.map(([id, out]) => [`steps.${id}.out`, out])) };
}
