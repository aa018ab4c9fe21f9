// What stands before a step: `when` says whether it is done or skipped, `pre` whether it may begin at all. Both leave their values in the record.
import type { Check } from '../domain/ir.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import type { CheckOutcome } from './checks.ts';
import { runCheck } from './checks.ts';
import { evaluateCondition, evaluateNow } from './conditions.ts';
import { lookupFor } from './plan.ts';
import type { Next, Visit } from './run.ts';
import { append, askPeople, BELAY, begin, factsOf, finish, NEXT, partName } from './run.ts';

/** `begun`: people were asked, so the step has its beginning in the record already. */
export async function passGate(visit: Visit): Promise<'go' | 'begun' | Next> {
  const { step } = visit;
  if (visit.run.leftOut?.includes(step.id) === true) visit.run.leftOut = visit.run.leftOut.filter((id) => id !== step.id);
  const asked =
    step.when !== undefined
      ? await askCondition(visit, step.when)
      : step.whenCheck !== undefined
        ? await askProbe(visit, step.whenCheck)
        : 'go';
  if (asked !== 'go' && asked !== 'begun') return asked;
  const begun = asked === 'begun';
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

interface Said {
  readonly value: Json;
  readonly why: string;
  /** It has no value although all that it names was to have one by now. */
  readonly isLost?: boolean;
}

/**
 * What a step that was left out would have said is no, and so is what nobody gave as an input. Of a step that people skipped, or that failed,
 * nobody knows what it would have said: that is no reason to skip, and people say.
 */
async function askCondition(visit: Visit, when: string): Promise<'go' | 'begun' | Next> {
  const { run } = visit;
  const answer = (await run.context.step(partName(visit, 'when'), async () => {
    const said = evaluateNow(run, when);
    return { ...said, ...(said['why'] !== '' && isLost(visit, when) ? { isLost: true } : {}) };
  })) as unknown as Said;
  if (answer.value === true) return 'go';
  if (answer.isLost === true) return askWhether(visit, { what: 'when', why: `${when}: ${answer.why}`, options: ['do', 'skip', 'stop'] });
  return leaveOut(visit, `when ${when}${answer.why === '' ? '' : ` (${answer.why})`}`, namedIn(visit, when));
}

/** A condition without a value, and none of what it names was left out by the runbook itself. */
function isLost({ run }: Visit, when: string): boolean {
  const { course, leftOut = [], outputs, prefix, inputs } = run;
  const named = [...when.matchAll(/\bsteps\.([a-z][a-z0-9_]*)/g)].map(([, id = '']) => id);
  const open = named.filter((id) => outputs[id] === undefined).map((id) => `${prefix}${id.replaceAll('_', '-')}`);
  if (open.length > 0) return open.some((id) => course.visits[id] !== undefined && !leftOut.includes(id));
  return Object.keys(run.runbook.inputs).every((name) => inputs[name] !== undefined || !new RegExp(`\\b${name}\\b`).test(when));
}

interface Question {
  /** What could not say. */
  readonly what: string;
  readonly why: string;
  readonly options: readonly ['do' | 'again', ...('do' | 'skip' | 'stop')[]];
}

/** Nobody can say whether the step is needed: people do. A part of a fan-out asks nobody. */
async function askWhether(visit: Visit, { what, why, options }: Question): Promise<'begun' | Next> {
  const { run, step } = visit;
  if (!(await begin(visit))) return NEXT;
  const open = `${what} could not say whether it is needed`;
  if (run.isPart === true) {
    await finish(visit, 'failed', { message: `when ${why}` });
    return { to: 'stop', reason: `${step.id}: ${open}: ${why}` };
  }
  // An approval is given or denied, and never skipped.
  const [first, ...others] = options;
  const { choice, by } = await askPeople(visit, `when ${why}`, [
    first,
    ...others.filter((one) => one !== 'skip' || step.kind !== 'approve'),
  ]);
  if (choice === 'again') return { to: 'goto', step: step.id };
  if (choice === 'do') return 'begun';
  if (choice === 'skip') return skip(visit, `${by}: ${what} could not say`, {});
  return { to: 'stop', reason: `${step.id}: ${open} (stopped by ${by})`, people: true };
}

/** A probe that cannot say is no reason to skip, and none to go on: people say. */
async function askProbe(visit: Visit, check: Check): Promise<'go' | 'begun' | Next> {
  const { run } = visit;
  const outcome = (await run.context.step(
    partName(visit, 'when'),
    async () => (await measureNow(visit, check)) as unknown as Json,
  )) as unknown as CheckOutcome;
  if (outcome.result === 'pass') return 'go';
  if (outcome.result === 'fail') return leaveOut(visit, `when ${check.probe}: ${check.expect}`, outcome.values);
  return askWhether(visit, { what: check.probe, why: `${check.probe}: ${outcome.reason}`, options: ['again', 'do', 'skip', 'stop'] });
}

async function measureNow({ run }: Visit, check: Check): Promise<CheckOutcome> {
  const lookup = await lookupFor(run.world, factsOf(run), check.with);
  // A target that cannot be asked leaves its references open, and the check says so.
  return runCheck(run.world, check, typeof lookup === 'string' ? () => undefined : lookup);
}

/** By the runbook's own word: what stands on it is left out with it. */
async function leaveOut(visit: Visit, reason: string, facts: JsonObject): Promise<Next> {
  visit.run.leftOut = [...(visit.run.leftOut ?? []), visit.step.id];
  return skip(visit, reason, facts);
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
