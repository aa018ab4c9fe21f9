// What a silence covers, which requests are refused, what becomes of a transition under silences, what a decision is forbidden.
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import type { Silence, SilenceRequest } from '../../src/domain/silence.ts';
import { covers, ended, endOf, holds, LONGEST_MS, restrictionsOf, silenceProblems, turnsOf } from '../../src/domain/silence.ts';
import { isTold, type Transition } from '../../src/domain/trigger.ts';
import { breachOf, SHOP } from '../world/scenes/deploy.ts';

const silence = (o: Partial<Silence> = {}): Silence => ({
  id: 'SIL-1',
  trigger: 'http-5xx',
  org: 'acme',
  from: 100,
  until: 200,
  by: 'ana',
  reason: 'load test',
  ended: null,
  ...o,
});
const over = (at: number) => ({ ended: { by: 'bob', at } });

describe('what is covered', () => {
  it.each([
    ['the same trigger and organization', {}, 'http-5xx', 'acme', 150, true],
    ['its first instant', {}, 'http-5xx', 'acme', 100, true],
    ['the instant before it', {}, 'http-5xx', 'acme', 99, false],
    ['the instant of its end', {}, 'http-5xx', 'acme', 200, false],
    ['another organization', {}, 'http-5xx', 'globex', 150, false],
    ['another trigger', {}, 'latency', 'acme', 150, false],
    ['every trigger', { trigger: null }, 'latency', 'acme', 150, true],
    ['every organization', { org: null }, 'http-5xx', 'globex', 150, true],
    ['the scope that belongs to no organization, when it is for one', { trigger: null }, 'queue', '', 150, false],
    ['the scope that belongs to no organization, when it is for all', { trigger: null, org: null }, 'queue', '', 150, true],
    ['what comes before it was ended', over(150), 'http-5xx', 'acme', 149, true],
    ['what comes after it was ended', over(150), 'http-5xx', 'acme', 150, false],
    ['anything, when it was called off before it began', over(50), 'http-5xx', 'acme', 150, false],
  ] as const)('%s: %j', (_what, change, trigger, org, now, expected) => {
    expect(covers(silence(change), { trigger, org, now })).toBe(expected);
  });

  const instant = fc.integer({ min: 0, max: 1_000 });
  const silences = fc
    .record({ from: instant, until: instant, at: fc.option(instant) })
    .map(({ from, until, at }) => silence({ from, until, ...(at === null ? {} : over(at)) }));

  it('is one interval, and ending it makes it shorter, never longer, and only once', () => {
    fc.assert(
      fc.property(silences, instant, instant, (one, now, at) => {
        const after = ended(one, 'eve', at);
        if (holds(after, now)) expect(holds(one, now)).toBe(true);
        if (now < at) expect(holds(after, now)).toBe(holds(one, now));
        else expect(holds(after, now)).toBe(false);
        expect(endOf(after)).toBe(Math.min(endOf(one), at));
        expect(ended(after, 'mallory', at + 1)).toBe(after);
      }),
    );
  });
});

describe('a request', () => {
  const NOW = Date.parse('2026-11-01T00:00:00Z');
  const HOUR = 3_600_000;
  const good: SilenceRequest = { trigger: 'http-5xx', org: 'acme', from: NOW, until: NOW + HOUR, reason: 'load test' };
  const [first] = SHOP.triggers;
  const system = { ...SHOP, triggers: [...SHOP.triggers, { ...(first as NonNullable<typeof first>), id: 'queue', scope: 'all' as const }] };

  it.each([
    ['all triggers and organizations', { trigger: null, org: null }],
    ['exactly seven days', { until: NOW + LONGEST_MS }],
    ['a window to come', { from: NOW + 30 * 24 * HOUR, until: NOW + 31 * 24 * HOUR }],
    ['one that has begun already', { from: NOW - HOUR }],
    ['a trigger without organizations, for all', { trigger: 'queue', org: null }],
    ['a reason of a thousand characters', { reason: 'x'.repeat(1_000) }],
    ['a beginning in exactly a year', { from: NOW + 366 * 24 * HOUR, until: NOW + 367 * 24 * HOUR }],
    ['an end right after now', { from: NOW - HOUR, until: NOW + 1 }],
  ])('for %s is fine', (_what, change) => {
    expect(silenceProblems({ ...good, ...change }, system, NOW)).toEqual([]);
  });

  it.each([
    ['an unknown trigger', { trigger: 'nope' }, 'There is no trigger "nope"; there are: http-5xx, queue.'],
    ['an unknown organization', { org: 'nope' }, 'There is no organization "nope"; there are: acme, globex, initech.'],
    ['the empty organization', { org: '' }, 'There is no organization ""; there are: acme, globex, initech.'],
    ['an organization of a trigger that has none', { trigger: 'queue' }, 'Trigger queue has no organizations: leave the organization out.'],
    ['an end that is its beginning', { until: NOW }, 'A silence must end after it begins.'],
    ['an end before its beginning', { until: NOW - 1 }, 'A silence must end after it begins.'],
    ['the past', { from: NOW - 2 * HOUR, until: NOW - HOUR }, 'This silence would be over already.'],
    ['an end that is now', { from: NOW - HOUR, until: NOW }, 'This silence would be over already.'],
    [
      'a moment more than a year ahead',
      { from: NOW + 366 * 24 * HOUR + 1, until: NOW + 367 * 24 * HOUR },
      'A silence begins within a year.',
    ],
    ['a moment more than seven days', { until: NOW + LONGEST_MS + 1 }, 'A silence lasts 7 days at most. Ask again when it ends.'],
    ['seven days that began long ago', { from: NOW - 8 * 24 * HOUR }, 'A silence lasts 7 days at most. Ask again when it ends.'],
    ['a far future', { from: 8e15, until: 8e15 + HOUR }, 'A silence begins within a year.'],
    ['no time at all', { until: Number.NaN }, 'A silence needs a beginning and an end.'],
    ['no reason', { reason: ' \n' }, 'A silence needs a reason, for those who find it.'],
    ['a reason without end', { reason: 'x'.repeat(1_001) }, 'The reason is longer than 1000 characters.'],
  ])('for %s is refused with a sentence', (_what, change, sentence) => {
    expect(silenceProblems({ ...good, ...change }, system, NOW)).toEqual([sentence]);
  });

  it('is told all of its problems at once', () => {
    expect(silenceProblems({ trigger: 'nope', org: 'nope', from: 2, until: 1, reason: '' }, system, NOW)).toHaveLength(4);
  });

  it('for a trigger or an organization that cannot be there says that there are none', () => {
    expect(silenceProblems({ ...good, trigger: 'nope', org: '' }, { triggers: [], organizations: [] }, NOW)).toEqual([
      'There is no trigger "nope"; there are: none.',
      'There is no organization ""; there are: none.',
    ]);
  });

  it('may name any organization where belay.yaml lists none', () => {
    expect(silenceProblems({ ...good, org: 'from-a-label' }, { ...system, organizations: [] }, NOW)).toEqual([]);
  });

  it('that is accepted covers at most seven days, whatever was asked', () => {
    const instant = fc.oneof(fc.double(), fc.integer(), fc.integer({ min: NOW - 9 * 24 * HOUR, max: NOW + 9 * 24 * HOUR }));
    fc.assert(
      fc.property(instant, instant, (from, until) => {
        if (silenceProblems({ ...good, from, until }, system, NOW).length > 0) return;
        expect(until - from).toBeGreaterThan(0);
        expect(until - from).toBeLessThanOrEqual(LONGEST_MS);
        expect(() => new Date(until).toISOString()).not.toThrow();
      }),
      { numRuns: 10_000 },
    );
  });
});

describe('unanswered transitions', () => {
  const at = (instant: number, o: Partial<Transition> = {}): Transition => breachOf('acme', instant, o);
  const cleared = (instant: number) => at(instant, { from: 'breached', to: 'cleared' });
  const turns = (transitions: readonly Transition[], silences: readonly Silence[], now: number) =>
    turnsOf(transitions, silences, now).map((one) => ('heldUntil' in one ? `held to ${one.heldUntil}` : one.turn));

  it.each([
    ['without a silence', [at(150)], [], 160, ['now']],
    ['covered', [at(150)], [silence()], 160, ['later']],
    ['covered by a silence that began after them', [at(90)], [silence()], 160, ['later']],
    ['of before a silence that is to come', [at(50)], [silence()], 60, ['now']],
    ['of after the silence', [at(201)], [silence()], 202, ['now']],
    ['held until it ended', [at(150)], [silence()], 250, ['held to 200']],
    ['held until somebody ended it', [at(150)], [silence(over(170))], 250, ['held to 170']],
    ['held by the last of two', [at(150)], [silence(), silence({ until: 220 })], 250, ['held to 220']],
    ['covered by the second of two', [at(150)], [silence(), silence({ from: 180, until: 300 })], 250, ['later']],
    ['cleared while it holds', [at(150), cleared(160)], [silence()], 170, ['never', 'now']],
    ['cleared when it is over', [at(150), cleared(210)], [silence()], 250, ['never', 'now']],
    ['breached again after they cleared', [at(150), cleared(160), at(170)], [silence()], 250, ['never', 'now', 'held to 200']],
    ['cleared without a silence', [at(150), cleared(160)], [], 170, ['now', 'now']],
    ['of which the newest speaks', [at(150, { to: 'suspect', announced: true }), at(160)], [silence()], 250, ['never', 'held to 200']],
    ['that nobody is told of', [at(150, { to: 'suspect' }), at(160, { to: 'ok' })], [silence()], 170, ['now', 'now']],
    ['of another organization', [at(150, { scope: 'globex' })], [silence()], 160, ['now']],
    ['of a clear of another episode', [at(150), { ...cleared(160), episode: 'other' }], [silence()], 170, ['later', 'now']],
  ] as const)('%s', (_what, transitions, silences, now, expected) => {
    expect(turns(transitions, silences, now)).toEqual(expected);
  });

  it('wait exactly while they are covered, and each episode that is still in breach is told once', () => {
    const step = fc.record({ scope: fc.constantFrom('acme', 'globex'), to: fc.constantFrom('suspect', 'breached', 'cleared') });
    const span = fc.record({
      org: fc.constantFrom('acme', 'globex', null),
      from: fc.integer({ min: 0, max: 30 }),
      long: fc.integer({ min: 1, max: 30 }),
    });
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 8 }),
        fc.array(span, { maxLength: 3 }),
        fc.integer({ min: 10, max: 60 }),
        (steps, spans, now) => {
          const transitions = steps.map(({ scope, to }, index) => breachOf(scope, index, { to, announced: to === 'suspect' }));
          const silences = spans.map(({ org, from, long }) => silence({ org, from, until: from + long }));
          const all = turnsOf(transitions, silences, now);
          for (const [index, one] of transitions.entries()) {
            const covered = silences.some((each) => covers(each, { trigger: one.trigger, org: one.scope, now }));
            const rest = transitions.slice(index + 1).filter((other) => other.scope === one.scope);
            const turn = all[index];
            if (turn?.turn === 'later') expect(covered).toBe(true);
            if (covered && isTold(one)) expect(turn?.turn).not.toBe('now');
            if (turn?.turn === 'never') expect(rest.some((other) => isTold(other) || other.to === 'cleared')).toBe(true);
            if (!covered && isTold(one) && rest.length === 0) expect(turn?.turn).toBe('now');
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

test('what forbids Belay to act alone: a silence that covers the organization of the breach, or of the plan', () => {
  const all = [silence(), silence({ id: 'SIL-2', org: 'globex' }), silence({ id: 'SIL-3', trigger: 'latency', org: null })];
  const ask = (scope: string, org: string | null, now = 150, members: readonly string[] = []) =>
    restrictionsOf(all, { trigger: 'http-5xx', members, scope, org, now });
  expect(ask('acme', 'acme')).toEqual(['silence SIL-1']);
  expect(ask('initech', 'initech')).toEqual([]);
  // A plan for everybody touches acme and globex, too.
  expect(ask('initech', null)).toEqual(['silence SIL-1', 'silence SIL-2']);
  expect(ask('', null)).toEqual(['silence SIL-1', 'silence SIL-2']);
  expect(ask('acme', null, 250)).toEqual([]);
  // What a trigger is made of is silent, too.
  expect(ask('initech', 'initech', 150, ['latency'])).toEqual(['silence SIL-3']);
});
