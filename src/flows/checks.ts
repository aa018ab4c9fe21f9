// Checks: a probe's values judged by an expression. Three answers; "I could not measure" is never "it is fine".
import { PROBES } from '../domain/catalog.ts';
import type { CheckResult } from '../domain/guardrail.ts';
import type { Check } from '../domain/ir.ts';
import type { Instant, Json, JsonObject } from '../domain/json.ts';
import { masked } from '../domain/mask.ts';
import type { ProbeResult } from '../ports/probe.ts';
import type { Lookup } from './refs.ts';
import { resolveRefs } from './refs.ts';
import type { World } from './world.ts';

export interface CheckOutcome {
  readonly probe: string;
  readonly with: JsonObject;
  readonly expect: string;
  readonly result: CheckResult;
  readonly values: JsonObject;
  /** The probe answered; false: nobody looked, which is a gap and never a proof. */
  readonly known: boolean;
  /** It is not configured and need not be: it counts neither for nor against. */
  readonly absent?: true;
  /** Why it is not a pass, in the terms of the check: a key or a probe's own words. */
  readonly reason: string;
}

export type CheckWorld = Pick<World, 'probes' | 'expression'>;

/** Never throws for what the world does. `since` bounds the windows of metrics: a watch must not see what was before it. */
export async function runCheck(world: CheckWorld, check: Check, lookup: Lookup, since?: Instant): Promise<CheckOutcome> {
  const args = resolveRefs(check.with, lookup);
  const outcome = (result: CheckResult, values: JsonObject, reason: string, known = false): CheckOutcome => ({
    probe: check.probe,
    with: args.value,
    expect: check.expect,
    result,
    values,
    known,
    reason,
  });
  if (args.missing.length > 0) return outcome('inconclusive', {}, `no value for {${args.missing.join('}, {')}}`);
  const probe = world.probes[check.probe];
  if (probe === undefined) return outcome('inconclusive', {}, `no probe ${check.probe}`);
  const measured = await probe.measure(args.value, since === undefined ? undefined : { since });
  if (!measured.known)
    return { ...outcome('inconclusive', {}, measured.why), ...(measured.absent === undefined ? {} : { absent: measured.absent }) };
  const { result, reason } = judge(world, check, args.value, measured);
  return outcome(result, recordable(measured.values, check.probe), reason, true);
}

const LONGEST_KEPT = 2_000;

/** What a stranger's JSON says is judged whole, and kept masked, where it is small. */
export function recordable(values: JsonObject, probe: string): JsonObject {
  const names = PROBES[probe]?.result ?? {};
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, names[name] === 'any' ? shortJson(value) : value]));
}

function shortJson(value: Json): Json {
  const text = JSON.stringify(value);
  if (text.length > LONGEST_KEPT) return `${text.length} characters of JSON`;
  const safe = masked(text);
  if (safe === text) return value;
  try {
    return JSON.parse(safe) as Json;
  } catch {
    // What was hidden may have been the end of it.
    return safe;
  }
}

/**
 * A sampled value is judged at its point, at both ends of its interval and between: all agree, or it is inconclusive
 * (so that thirty quiet minutes do not prove a rate, and nobody is told that a value is beside a band which its interval spans).
 */
function judge(
  world: CheckWorld,
  check: Check,
  args: JsonObject,
  measured: ProbeResult & { known: true },
): { result: CheckResult; reason: string } {
  const names = world.probes[check.probe]?.resultOf?.(args) ?? PROBES[check.probe]?.result ?? {};
  const points = measured.interval === undefined ? [measured.values] : spread(measured.values, measured.interval, check.expect);
  const answers = points.map((values) => world.expression.evaluate(check.expect, names, values));
  const broken = answers.find((answer) => !answer.ok);
  if (broken !== undefined && !broken.ok) return { result: 'inconclusive', reason: broken.why };
  const yes = answers.filter((answer) => answer.ok && answer.value === true).length;
  if (yes === answers.length) return { result: 'pass', reason: '' };
  if (yes === 0) return { result: 'fail', reason: `not ${check.expect}` };
  return { result: 'inconclusive', reason: 'the traffic seen does not prove it either way' };
}

/** Between two numbers that a condition names, its answer is the same; what it reckons is looked at here and there besides. */
const LOOKS = 7;
const NUMBER = /\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const MOST_NUMBERS = 50;

function spread(
  values: JsonObject,
  { lower, upper }: { readonly lower: number; readonly upper: number },
  expect: string,
): readonly JsonObject[] {
  const named = [...expect.matchAll(NUMBER)].slice(0, MOST_NUMBERS).map(([text]) => Number(text));
  const cuts = [lower, ...named.filter((one) => one > lower && one < upper).toSorted((x, y) => x - y), upper];
  const between = cuts.slice(1).map((cut, at) => (cut + (cuts[at] ?? cut)) / 2);
  const looks = Array.from({ length: LOOKS }, (_, at) => lower + ((upper - lower) * (at + 1)) / (LOOKS + 1));
  const inside = [...between, ...looks].filter((one) => Number.isFinite(one));
  return [values, ...[lower, upper, ...inside].map((value) => ({ ...values, value }))];
}

/** What is not configured and need not be is left out; nothing else proves nothing. `all`: every one passes. `any`: one passes. What does not pass is a fail only when nothing is inconclusive. */
export function combine(mode: 'all' | 'any', outcomes: readonly CheckOutcome[]): CheckResult {
  const results = outcomes.filter((one) => one.absent !== true).map((one) => one.result);
  // A step without checks has nothing to prove.
  if (results.length === 0 && outcomes.length > 0) return 'inconclusive';
  if (mode === 'any') return results.includes('pass') ? 'pass' : results.includes('inconclusive') ? 'inconclusive' : 'fail';
  return results.includes('fail') ? 'fail' : results.includes('inconclusive') ? 'inconclusive' : 'pass';
}
