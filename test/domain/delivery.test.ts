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

  it('tries every second for a minute, then less often, never before it was told to, and gives up in the end', () => {
    const next = (ageMs: number, retryAfterMs: number | null = null) => {
      const then = afterRefusal({ plannedAt: 1_000, now: 1_000 + ageMs, retryAfterMs });
      return then.to === 'planned' ? then.dueAt - 1_000 - ageMs : null;
    };
    expect([0, 1_500, 60_000, 70_000, 120_000, 360_000, 660_000, 3_000_000].map((age) => next(age))).toEqual([
      1_000, 1_000, 1_000, 1_000, 6_000, 30_000, 60_000, 60_000,
    ]);
    expect(next(0, 30_000)).toBe(30_000);
    expect(next(300_000, 5_000)).toBe(24_000);
    expect(next(GIVE_UP_AFTER_MS)).toBeNull();
  });

  it('tries no receiver that is down more than 170 times in the hour after which it gives up', () => {
    let [tries, now] = [1, 0];
    for (;;) {
      const then = afterRefusal({ plannedAt: 0, now, retryAfterMs: null });
      if (then.to === 'failed') break;
      [tries, now] = [tries + 1, then.dueAt];
    }
    expect(tries).toBeGreaterThan(100);
    expect(tries).toBeLessThanOrEqual(170);
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
