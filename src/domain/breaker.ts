// The circuit breaker between an intake and its receiver: what counts as a failure, when nothing is tried any more, and when it is tried again.
// It keeps nothing and sends nothing.
import type { Instant } from './json.ts';

export interface BreakerSpec {
  /** Answers that are failures of the receiver; `timeout`: no answer in time, or none at all. */
  readonly on: readonly BreakerFailure[];
  /** So many failures one after the other. */
  readonly opensAfter: number;
  /** Until the first try after it opened, and after each try that failed since. */
  readonly retryAfterMs: number;
  /** From the first success on, without a failure. */
  readonly closesAfterMs: number;
}
export type BreakerFailure = number | 'timeout';

/** `notBefore`: no try is made until then. */
export type Breaker =
  | { readonly state: 'closed'; readonly failures: number; readonly at: Instant; readonly notBefore: Instant }
  | { readonly state: 'open'; readonly failures: number; readonly since: Instant; readonly at: Instant; readonly notBefore: Instant }
  /** Since its first success. */
  | { readonly state: 'half-open'; readonly since: Instant };
export type BreakerState = Breaker['state'];

export const CLOSED: Breaker = { state: 'closed', failures: 0, at: 0, notBefore: 0 };

/** A receiver that asks for more than that is asked again all the same. */
export const LONGEST_RETRY_AFTER_MS = 3_600_000;

/** `null`: nobody answered. */
export interface Answer {
  readonly status: number | null;
  /** What the receiver asked for; 0 where it asked for nothing. */
  readonly retryAfterMs: number;
}

/** Answers that say neither (a message that is wrong, a failure that `on` does not name) leave it as it is. */
export function breakerAfter(breaker: Breaker, { status, retryAfterMs }: Answer, spec: BreakerSpec, now: Instant): Breaker {
  const known = breakerAt(breaker, spec, now);
  if (status !== null && status >= 200 && status < 300) return afterSuccess(known, now);
  if (!spec.on.includes(status ?? 'timeout')) return known;
  const failures = known.state === 'half-open' ? spec.opensAfter : known.failures + 1;
  const asked = Math.min(Math.max(0, retryAfterMs), LONGEST_RETRY_AFTER_MS);
  if (known.state === 'closed' && failures < spec.opensAfter) return { state: 'closed', failures, at: now, notBefore: now + asked };
  const since = known.state === 'open' ? known.since : now;
  return { state: 'open', failures, since, at: now, notBefore: now + Math.max(spec.retryAfterMs, asked) };
}

function afterSuccess(breaker: Breaker, now: Instant): Breaker {
  if (breaker.state === 'open') return { state: 'half-open', since: now };
  return breaker.state === 'closed' && breaker.failures > 0 ? CLOSED : breaker;
}

/** As time alone leaves it. */
export const breakerAt = (breaker: Breaker, spec: Pick<BreakerSpec, 'closesAfterMs'>, now: Instant): Breaker =>
  breaker.state === 'half-open' && now - breaker.since >= spec.closesAfterMs ? CLOSED : breaker;

/** How long nothing is tried from now on; 0: a try may be made. */
export function restOf(breaker: Breaker, now: Instant): number {
  // A wall clock that was set back must not make it wait for ever.
  if (breaker.state === 'half-open' || now < breaker.at) return 0;
  return Math.max(0, breaker.notBefore - now);
}

/** In seconds; 0 for anything else: a date needs a calendar, and the pause of the breaker does as well. */
export function retryAfterOf(header: string | undefined): number {
  const text = header?.trim() ?? '';
  return /^\d{1,9}$/.test(text) ? Number(text) * 1_000 : 0;
}

/** Of one line of an intake. */
export interface LineBreaker {
  readonly intake: string;
  readonly line: string;
  readonly breaker: Breaker;
}

/** Those of intakes that have one, as they are now. */
export function breakersNow(
  kept: readonly LineBreaker[],
  intakes: readonly { readonly id: string; readonly breaker?: BreakerSpec }[],
  now: Instant,
): readonly LineBreaker[] {
  return kept.flatMap((one) => {
    const spec = intakes.find(({ id }) => id === one.intake)?.breaker;
    return spec === undefined ? [] : [{ ...one, breaker: breakerAt(one.breaker, spec, now) }];
  });
}

const WORSE: readonly BreakerState[] = ['closed', 'half-open', 'open'];

/** Of several lines together. */
export const worstOf = (states: readonly BreakerState[]): BreakerState => WORSE.findLast((one) => states.includes(one)) ?? 'closed';
