// The automaton of one delivery: which moves are legal, when to try again, and what an unanswered question means.
// It knows no channel and no clock: cards, answers and instants are given.
import type { Instant } from './json.ts';
import type { DeliveryState } from './message.ts';

/** What each state may become. A claimed message (`sending`) may be dropped before anything left: superseded, suppressed. */
export const DELIVERY_MOVES: Readonly<Record<DeliveryState, readonly DeliveryState[]>> = {
  planned: ['sending', 'superseded', 'suppressed', 'failed'],
  sending: ['sent', 'planned', 'ambiguous', 'superseded', 'suppressed', 'failed'],
  ambiguous: ['sent', 'planned', 'failed'],
  sent: ['delivered'],
  delivered: [],
  superseded: [],
  suppressed: [],
  failed: [],
};

export function mayMove(from: DeliveryState, to: DeliveryState): boolean {
  return DELIVERY_MOVES[from].includes(to);
}

/** States that can no longer change by themselves. */
export function isSettled(state: DeliveryState): boolean {
  return ['sent', 'delivered', 'superseded', 'suppressed', 'failed'].includes(state);
}

/** Messages to one recipient within `CAP_WINDOW_MS`; pages (exempt ones) are not counted against it. */
export const CAP_COUNT = 6;
export const CAP_WINDOW_MS = 3_600_000;

/** Between two tries of one message, and, while it only refuses, between two tries of a channel. */
export const RETRY_EVERY_MS = 1_000;
const LONGEST_RETRY_MS = 60_000;
/** So long a message is tried every second; from then on the wait grows by a tenth of the time that goes by. */
const EAGER_FOR_MS = 60_000;
const GROWTH = 10;
/** A message that could not leave for this long is no longer news. */
export const GIVE_UP_AFTER_MS = 3_600_000;
/** How long a receiver that cannot be asked now is asked again before the policy decides. */
export const ASK_FOR_MS = 600_000;
/** Responders get an unconfirmed message again at most this often. */
export const UNCLEAR_ATTEMPTS = 4;

/**
 * After a refusal that changed nothing: wait and try again, or give up when the message is too old. By its age and not by its tries, so
 * that a receiver that is back is found soon, however many tries there were: a second after an outage of a minute, a minute after eleven.
 */
export function afterRefusal(o: {
  readonly plannedAt: Instant;
  readonly now: Instant;
  readonly retryAfterMs: number | null;
}): { readonly to: 'planned'; readonly dueAt: Instant } | { readonly to: 'failed' } {
  const wait = Math.min(LONGEST_RETRY_MS, Math.max(RETRY_EVERY_MS, Math.round((o.now - o.plannedAt - EAGER_FOR_MS) / GROWTH)));
  const dueAt = o.now + Math.max(wait, o.retryAfterMs ?? 0);
  return dueAt - o.plannedAt > GIVE_UP_AFTER_MS ? { to: 'failed' } : { to: 'planned', dueAt };
}

/** Before this instant a request may still be on its way, so "not there" would prove nothing. */
export function settledAt(delivery: { readonly deadline?: Instant; readonly dueAt: Instant }, settleMs: number): Instant {
  return Math.max(delivery.deadline ?? 0, delivery.dueAt) + settleMs;
}

export type Answer = 'found' | 'absent' | 'unknown';
export type AmbiguousVerdict = 'sent' | 'send-again' | 'send-again-marked' | 'ask-later' | 'give-up';

/**
 * What to do with an ambiguous delivery whose settle delay is over. `answer` is null where the receiver cannot be asked at all.
 * Customers never get a message twice by guess; responders rather get it twice, marked.
 */
export function afterSettle(o: {
  readonly answer: Answer | null;
  readonly idempotent: boolean;
  readonly audienceKind: 'responders' | 'management' | 'customers' | 'public';
  readonly attempt: number;
  readonly waitedMs: number;
}): AmbiguousVerdict {
  if (o.answer === 'found') return 'sent';
  if (o.answer === 'absent' || o.idempotent) return 'send-again';
  if (o.answer === 'unknown' && o.waitedMs < ASK_FOR_MS) return 'ask-later';
  const atMostOnce = o.audienceKind === 'customers' || o.audienceKind === 'public';
  return atMostOnce || o.attempt >= UNCLEAR_ATTEMPTS ? 'give-up' : 'send-again-marked';
}

const RETRY_AFTER = /retry after (\d+) ms/i;

/** How a channel says "not before": `BelayError.hint` carries this sentence, the outbox reads it back. */
export function retryAfterHint(ms: number): string {
  return `Retry after ${Math.max(0, Math.ceil(ms))} ms.`;
}

export function readRetryAfter(hint: string | undefined): number | null {
  const match = RETRY_AFTER.exec(hint ?? '');
  return match === null ? null : Number(match[1]);
}
