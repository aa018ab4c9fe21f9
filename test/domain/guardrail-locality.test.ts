// One organization or everybody: by table, whatever the order of the views, and never local without somebody healthy.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { localityOf } from '../../src/domain/guardrail.ts';
import type { TriggerView } from '../../src/domain/trigger.ts';
import { breached, limits, many, view } from './guard-case.ts';

describe('one organization or everybody', () => {
  const cases: readonly (readonly [name: string, locality: string, views: readonly TriggerView[]])[] = [
    ['one of three, two healthy', 'local', [breached('acme'), view('b'), view('c')]],
    ['all of three', 'global', [breached('acme'), breached('b'), breached('c')]],
    ['the only active one', 'global', [breached('acme'), view('b', { all: 0 })]],
    ['one of two, the other over the limit', 'inconclusive', [breached('acme'), view('b', { overLimit: true })]],
    ['one of two, the other unknown', 'inconclusive', [breached('acme'), view('b', { unknown: true })]],
    ['one of two, the other warming', 'inconclusive', [breached('acme'), view('b', { warming: true })]],
    ['four of six, two healthy', 'local', [breached('acme'), ...many(3, breached, 'b'), ...many(2, view, 'h')]],
    ['five of ten', 'global', [breached('acme'), ...many(4, breached, 'b'), ...many(5, view, 'h')]],
    ['five of a hundred', 'local', [breached('acme'), ...many(4, breached, 'b'), ...many(95, view, 'h')]],
    ['twenty of a hundred, the limit itself', 'global', [breached('acme'), ...many(19, breached, 'b'), ...many(80, view, 'h')]],
    ['suspects count as hit', 'global', [breached('acme'), view('b', { status: 'suspect' })]],
    ['the overflow scope is nobody healthy', 'inconclusive', [breached('acme'), view('(other)')]],
  ];

  test.each(cases)('%s is %s', (_name, locality, views) => {
    expect(localityOf(views, 'acme', limits)).toBe(locality);
  });

  test('never depends on the order of the views', () => {
    const some = fc.array(
      fc.constantFrom(view('x'), breached('x'), view('x', { unknown: true }), view('x', { overLimit: true }), view('x', { all: 0 })),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(some, (views) => {
        const named = [breached('acme'), ...views.map((one, index) => ({ ...one, scope: `s${index}` }))];
        expect(localityOf(named.toReversed(), 'acme', limits)).toBe(localityOf(named, 'acme', limits));
      }),
    );
  });

  test('is never local without a healthy organization', () => {
    const sick = fc.array(
      fc.constantFrom(
        breached('x'),
        view('x', { unknown: true }),
        view('x', { overLimit: true }),
        view('x', { warming: true }),
        view('x', { status: 'cleared' }),
      ),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(sick, (views) => {
        expect(localityOf([breached('acme'), ...views.map((one, index) => ({ ...one, scope: `s${index}` }))], 'acme', limits)).not.toBe(
          'local',
        );
      }),
    );
  });
});
