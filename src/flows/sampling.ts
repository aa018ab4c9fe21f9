// Sampling checks over time, in batches: a two-hour watch is a few dozen rows of history, not thousands. What was seen is carried
// from batch to batch, so that a stretch in which nobody looked (Belay was down, a probe did not answer) is never taken for proof.
import type { EventDraft } from '../domain/event.ts';
import type { CheckResult } from '../domain/guardrail.ts';
import type { Incident } from '../domain/incident.ts';
import type { Check, VerifyStep, WatchStep } from '../domain/ir.ts';
import type { Instant, Json, JsonObject } from '../domain/json.ts';
import type { CheckOutcome } from './checks.ts';
import { combine, runCheck } from './checks.ts';
import { lookupIn } from './facts.ts';
import type { Visit } from './run.ts';
import { BELAY, factsOf, partName } from './run.ts';

/** Longest stretch of sampling inside one engine step. A kill repeats at most this much reading. */
const BATCH_MS = 30_000;
/** Two samples further apart than this many intervals leave a gap between them. */
const GAP_INTERVALS = 3;

/** `pass`: done as soon as the checks pass, inconclusive or failed at `until`. */
interface UntilPass {
  readonly stopOn: 'pass';
  readonly until: Instant;
}
/** `fail`: goes on from `since` for `forMs` unless they fail; what nobody could watch is watched afterwards, up to twice the time. */
interface WhileHolding {
  readonly stopOn: 'fail';
  readonly since: Instant;
  readonly forMs: number;
  /** Must hold, too, whatever the mode of the step. */
  readonly beside: readonly Check[];
  /** What was not watched by then is not watched any more. */
  readonly limit?: Instant;
}
type Sampling = UntilPass | WhileHolding;
type Sampled = Visit<VerifyStep | WatchStep>;

export interface Judged {
  readonly result: CheckResult;
  readonly reason: string;
  /** For the record of the step: how long was really watched, in how many looks, how many of them saw nothing. */
  readonly seen: JsonObject & { readonly watchedMs: number };
  readonly events: (incident: Incident, at: Instant) => readonly EventDraft[];
}

/** What is carried from sample to sample, over batches and restarts. */
interface Seen {
  readonly coveredMs: number;
  readonly samples: number;
  readonly blind: number;
  /** The last sample of all, and the last in which the probes answered and nothing failed. */
  readonly lastAt: Instant | null;
  readonly lastGoodAt: Instant | null;
  /** Since when each check has passed without a break. */
  readonly holdsSince: readonly (Instant | null)[];
}

interface Batch {
  readonly over: boolean;
  readonly result: CheckResult;
  readonly outcomes: readonly CheckOutcome[];
  readonly seen: Seen;
}

export async function sampleChecks(visit: Sampled, sampling: Sampling): Promise<Judged> {
  let seen: Seen = {
    coveredMs: 0,
    samples: 0,
    blind: 0,
    lastAt: null,
    lastGoodAt: null,
    holdsSince: checksOf(visit, sampling).map(() => null),
  };
  for (let batch = 1; ; batch += 1) {
    const before = seen;
    const sampled = (await visit.run.context.step(
      partName(visit, `sample${batch}`),
      async () => (await sampleBatch(visit, sampling, before)) as unknown as Json,
    )) as unknown as Batch;
    if (sampled.over) return judged(visit, sampling, sampled);
    seen = sampled.seen;
  }
}

/** Those of the step come first. */
function checksOf({ step }: Sampled, sampling: Sampling): readonly Check[] {
  return sampling.stopOn === 'pass' ? step.checks : [...step.checks, ...sampling.beside];
}

/** Short windows have short batches, so that a kill costs a part of them and not the whole. */
function batchMs(sampling: Sampling): number {
  return sampling.stopOn === 'pass' ? BATCH_MS : Math.min(BATCH_MS, sampling.forMs / 4);
}

async function sampleBatch(visit: Sampled, sampling: Sampling, before: Seen): Promise<Batch> {
  const { run, step } = visit;
  const { time } = run.world;
  const batchEnd = time.now() + batchMs(sampling);
  let seen = before;
  for (;;) {
    const sample = await sampleOnce(visit, sampling, seen);
    seen = sample.seen;
    const now = time.now();
    const end = endOf(sampling, step.everyMs, sample, now);
    if (end.over || now >= batchEnd) return { over: end.over, result: end.result, outcomes: sample.outcomes, seen };
    await time.sleep(Math.min(step.everyMs, end.lookAgainBy - now));
  }
}

interface Sample {
  readonly result: CheckResult;
  readonly outcomes: readonly CheckOutcome[];
  readonly seen: Seen;
}

async function sampleOnce(visit: Sampled, sampling: Sampling, before: Seen): Promise<Sample> {
  const { run, step } = visit;
  const { time } = run.world;
  const lookup = lookupIn(run.world.system, factsOf(run), null);
  const from = time.monotonicMs();
  const since = sampling.stopOn === 'fail' ? sampling.since : undefined;
  const checks = checksOf(visit, sampling);
  const raw = await Promise.all(checks.map((check) => runCheck(run.world, check, lookup, since)));
  const now = time.now();
  // A slow probe is no gap: what it took is granted on top.
  const reachMs = GAP_INTERVALS * step.everyMs + (time.monotonicMs() - from);
  const unbroken = before.lastAt !== null && now - before.lastAt <= reachMs;
  const holdsSince = raw.map((one, index) => (one.result === 'pass' ? ((unbroken ? before.holdsSince[index] : null) ?? now) : null));
  const outcomes = raw.map((one, index) => heldLongEnough(one, checks[index] as Check, holdsSince[index] ?? null, now));
  const result = verdictOf(step, outcomes);
  const good =
    result === 'pass' ||
    (result === 'inconclusive' && outcomes.every((one) => one.known || one.absent === true) && outcomes.some((one) => one.known));
  const sinceGood = good && before.lastGoodAt !== null ? now - before.lastGoodAt : 0;
  const seen = {
    coveredMs: before.coveredMs + (sinceGood <= reachMs ? Math.max(0, sinceGood) : 0),
    samples: before.samples + 1,
    blind: before.blind + (good || result === 'fail' ? 0 : 1),
    lastAt: now,
    lastGoodAt: good ? now : before.lastGoodAt,
    holdsSince,
  };
  return { result, outcomes, seen };
}

/** `any` is about the step's own checks: what must hold beside them is no way out of them, nor they of it. */
function verdictOf({ mode, checks }: VerifyStep | WatchStep, outcomes: readonly CheckOutcome[]): CheckResult {
  if (mode === 'all' || outcomes.length === checks.length) return combine(mode, outcomes);
  const both = [combine('any', outcomes.slice(0, checks.length)), combine('all', outcomes.slice(checks.length))];
  return both.includes('fail') ? 'fail' : both.includes('inconclusive') ? 'inconclusive' : 'pass';
}

/** A check with `for` passes only once it has passed that long without a break. */
function heldLongEnough(outcome: CheckOutcome, check: Check, since: Instant | null, now: Instant): CheckOutcome {
  if (check.forMs === undefined || since === null || now - since >= check.forMs) return outcome;
  return { ...outcome, result: 'inconclusive', reason: `held for ${now - since} of ${check.forMs} ms so far` };
}

interface End {
  readonly over: boolean;
  readonly result: CheckResult;
  readonly lookAgainBy: Instant;
}

function endOf(sampling: Sampling, everyMs: number, { result, seen }: Sample, now: Instant): End {
  if (sampling.stopOn === 'pass') return { over: result === 'pass' || now >= sampling.until, result, lookAgainBy: sampling.until };
  const until = sampling.since + sampling.forMs;
  const limit = Math.min(until + sampling.forMs, sampling.limit ?? Infinity);
  if (result === 'fail') return { over: true, result, lookAgainBy: now };
  if (now < Math.min(until, limit)) return { over: false, result, lookAgainBy: Math.min(until, limit) };
  const proven = result === 'pass' && seen.coveredMs >= neededMs(sampling, everyMs);
  if (proven || now >= limit) return { over: true, result: proven ? 'pass' : 'inconclusive', lookAgainBy: now };
  return { over: false, result, lookAgainBy: limit };
}

/** The whole window, but for one gap: metrics know nothing until something was counted in it. */
function neededMs({ forMs }: WhileHolding, everyMs: number): number {
  return forMs - Math.min(GAP_INTERVALS * everyMs, forMs / 2);
}

function judged(visit: Sampled, sampling: Sampling, { result, outcomes, seen }: Batch): Judged {
  const { coveredMs: watchedMs, samples, blind } = seen;
  const own = outcomes.slice(0, visit.step.checks.length);
  // One that passes is all that `any` wants: what the others say is no reason.
  const asked = visit.step.mode === 'any' && own.some((one) => one.result === 'pass') ? outcomes.slice(own.length) : outcomes;
  const open = asked.find((one) => one.result !== 'pass' && one.absent !== true) ?? asked.find((one) => one.result !== 'pass');
  const short = sampling.stopOn === 'fail' && result === 'inconclusive' ? `watched for ${watchedMs} of ${sampling.forMs} ms` : '';
  return {
    result,
    reason: open === undefined ? short : `${open.probe}: ${open.reason}`,
    seen: { watchedMs, samples, blind },
    events: (_incident, at) =>
      outcomes.map((one) => ({
        type: 'check.recorded',
        data: {
          step: visit.step.id,
          probe: one.probe,
          with: one.with,
          result: one.result,
          values: one.values,
          expect: one.expect,
          reason: one.reason,
        },
        at,
        actor: BELAY,
      })),
  };
}
