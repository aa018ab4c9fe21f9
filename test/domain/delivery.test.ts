import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  afterRefusal,
  afterSettle,
  DELIVERY_MOVES,
  GIVE_UP_AFTER_MS,
  isSettled,
  mayMove,
  readRetryAfter,
  retryAfterHint,
  settledAt,
} from '../../src/domain/delivery.ts';
import type { DeliveryState } from '../../src/domain/message.ts';

const STATES = Object.keys(DELIVERY_MOVES) as DeliveryState[];
const KINDS = ['responders', 'management', 'customers', 'public'] as const;

describe('the automaton of a delivery', () => {
  it('leaves an end state only from sent to delivered', () => {
    for (const from of STATES.filter(isSettled)) {
      expect(
        STATES.filter((to) => mayMove(from, to)),
        from,
      ).toEqual(from === 'sent' ? ['delivered'] : []);
    }
  });

  it('never sends without having been claimed, and never forgets that a send is unclear', () => {
    expect(mayMove('planned', 'sent')).toBe(false);
    expect(mayMove('ambiguous', 'sending')).toBe(false);
    expect(mayMove('ambiguous', 'superseded')).toBe(false);
  });

  it('waits longer after each refusal, at least as long as it was told, and gives up in the end', () => {
    const wait = (attempt: number, retryAfterMs: number | null = null) => afterRefusal({ attempt, plannedAt: 0, now: 1_000, retryAfterMs });
    expect([wait(1), wait(2), wait(3), wait(9)].map((next) => (next.to === 'planned' ? next.dueAt - 1_000 : null))).toEqual([
      1_000, 2_000, 4_000, 60_000,
    ]);
    expect(wait(1, 30_000)).toEqual({ to: 'planned', dueAt: 31_000 });
    expect(afterRefusal({ attempt: 1, plannedAt: 0, now: GIVE_UP_AFTER_MS, retryAfterMs: null })).toEqual({ to: 'failed' });
  });

  it('counts the settle delay from the deadline, when a request may last have been on its way', () => {
    expect(settledAt({ deadline: 5_000, dueAt: 1_000 }, 2_000)).toBe(7_000);
    expect(settledAt({ dueAt: 1_000 }, 2_000)).toBe(3_000);
  });

  it('never sends a second time what customers may already have, unless the receiver says that it is not there or drops repeats', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('customers', 'public'),
        fc.constantFrom('found', 'unknown', null),
        fc.nat(20),
        fc.nat(10_000_000),
        (audienceKind, answer, attempt, waitedMs) => {
          expect(afterSettle({ answer, idempotent: false, audienceKind, attempt, waitedMs })).not.toMatch(/^send-again/);
        },
      ),
    );
  });

  it('believes a receiver that has the message, whoever it is for', () => {
    for (const audienceKind of KINDS)
      expect(afterSettle({ answer: 'found', idempotent: false, audienceKind, attempt: 1, waitedMs: 0 })).toBe('sent');
  });

  it('sends an unconfirmed message again to responders, marked, and not for ever', () => {
    const verdict = (attempt: number) => afterSettle({ answer: null, idempotent: false, audienceKind: 'responders', attempt, waitedMs: 0 });
    expect([verdict(1), verdict(3), verdict(4)]).toEqual(['send-again-marked', 'send-again-marked', 'give-up']);
  });

  it('asks a silent receiver again before the policy decides', () => {
    const verdict = (waitedMs: number) =>
      afterSettle({ answer: 'unknown', idempotent: false, audienceKind: 'customers', attempt: 1, waitedMs });
    expect([verdict(0), verdict(599_999), verdict(600_000)]).toEqual(['ask-later', 'ask-later', 'give-up']);
  });

  it('reads back the delay that a channel wrote', () => {
    fc.assert(
      fc.property(fc.nat(10_000_000), (ms) => {
        expect(readRetryAfter(retryAfterHint(ms))).toBe(ms);
      }),
    );
    expect([readRetryAfter(undefined), readRetryAfter('Check the address.')]).toEqual([null, null]);
  });
});
