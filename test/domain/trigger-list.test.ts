// The list of triggers: what one word says, what comes first, what is counted, and what evidence is shown.
import { describe, expect, test } from 'vitest';
import { hasSeries, merged, pointsOf, type SignalSeries } from '../../src/domain/series.ts';
import type { TriggerView } from '../../src/domain/trigger.ts';
import { rowOf, shownState, summaryOf, type Watched, worstFirst } from '../../src/domain/trigger-list.ts';
import { ERRORS, QUEUE, signal, system, trigger } from '../flows/detect-world.ts';
import { breachedAt, viewAt } from '../server/story-readings.ts';

const NOW = 10_000_000;
const WATCHED: Watched = { rule: trigger('ratio'), spec: signal(ERRORS) };
const around = { system: system(), silences: [], now: NOW };
const view = (scope: string, change: Partial<TriggerView> = {}): TriggerView => viewAt(NOW, scope, { trigger: 'ratio', ...change });
const bad = (scope: string, change: Partial<TriggerView> = {}): TriggerView => breachedAt(NOW, scope, { trigger: 'ratio', ...change });

describe('what one word says', () => {
  test('a breach and a suspicion stay said when data has stopped; what is at rest is then unknown', () => {
    expect(shownState(bad('a', { unknown: true }))).toBe('breached');
    expect(shownState(view('a', { status: 'suspect', unknown: true }))).toBe('suspect');
    expect(shownState(view('a', { unknown: true, warming: true }))).toBe('unknown');
    expect(shownState(view('a', { status: 'cleared', warming: true }))).toBe('warming');
    expect(shownState(view('a', { status: 'cleared' }))).toBe('cleared');
  });
});

describe('the order', () => {
  test('is by state, and what is over the limit without evidence comes right after a suspicion', () => {
    const views = [
      view('ok'),
      view('cleared', { status: 'cleared' }),
      view('warming', { warming: true }),
      view('unknown', { unknown: true }),
      view('over', { overLimit: true, value: 0.03 }),
      view('suspect', { status: 'suspect', value: 0.03 }),
      bad('worse', { value: 0.5 }),
      bad('bad', { value: 0.1 }),
    ];
    expect(worstFirst(views, [WATCHED]).map((one) => one.scope)).toEqual([
      'worse',
      'bad',
      'suspect',
      'over',
      'unknown',
      'warming',
      'cleared',
      'ok',
    ]);
  });

  test('of values of different signals is by how far each is beyond its own limit', () => {
    const queue: Watched = {
      rule: trigger('queue', { signal: 'gauge', breach: { above: 100, overMs: 60_000, stillMs: 5_000, forMs: 0 } }),
      spec: signal(QUEUE),
    };
    const low: Watched = {
      rule: trigger('low', { breach: { below: 10, overMs: 60_000, stillMs: 5_000, forMs: 0 } }),
      spec: signal(QUEUE),
    };
    const views = [
      bad('twice', { value: 0.04 }),
      bad('nine', { trigger: 'queue', value: 900 }),
      bad('five', { trigger: 'low', value: 2 }),
      bad('all', { trigger: 'low', value: 0 }),
    ];
    expect(worstFirst(views, [WATCHED, queue, low]).map((one) => one.scope)).toEqual(['all', 'nine', 'five', 'twice']);
  });
});

describe('a summary', () => {
  test('counts all scopes, and says when a look is late', () => {
    const views = [bad('a'), view('b', { overLimit: true }), view('c'), view('d', { unknown: true })];
    expect(summaryOf(WATCHED, views, around)).toMatchObject({
      counts: { breached: 1, suspect: 0, unknown: 1, warming: 0, cleared: 0, ok: 2 },
      overLimit: 1,
      seen: 4,
      limit: { above: 0.02 },
      clear: { below: 0.01 },
      lastEvaluatedAt: NOW - 400,
      oldAfterMs: 5_000,
      silencedUntil: null,
    });
    expect(summaryOf(WATCHED, [], around)).toMatchObject({ seen: 0, lastEvaluatedAt: null, watermark: null });
  });

  test('says that an armed trigger is without history: counted for less than a day, and never in shadow', () => {
    const DAY = 24 * 3_600_000;
    const untried = (measuredSince: number | undefined, o: { readonly mode?: 'shadow'; readonly shadowed?: ReadonlySet<string> } = {}) => {
      const watched = { ...WATCHED, rule: { ...WATCHED.rule, mode: o.mode ?? ('armed' as const) } };
      const views = [view('a', { measuredSince: NOW }), view('b', measuredSince === undefined ? {} : { measuredSince })];
      return summaryOf(watched, measuredSince === undefined ? [view('b')] : views, { ...around, ...o }).untried;
    };
    expect([untried(NOW - DAY + 1), untried(NOW - DAY), untried(undefined)]).toEqual([true, false, false]);
    expect(untried(NOW, { mode: 'shadow' })).toBe(false);
    expect(untried(NOW, { shadowed: new Set([WATCHED.rule.id]) })).toBe(false);
    expect(untried(NOW, { shadowed: new Set(['another']) })).toBe(true);
  });

  test('is silenced only by what covers every scope; a row by what covers its own', () => {
    const one = { id: 'SIL-1', trigger: 'ratio', org: 'a', from: 0, until: NOW + 1_000, by: 'ana', reason: 'x', ended: null };
    const mine = { ...around, silences: [one] };
    expect(summaryOf(WATCHED, [bad('a')], mine).silencedUntil).toBeNull();
    expect(rowOf(WATCHED, bad('a'), mine).silencedUntil).toBe(NOW + 1_000);
    expect(rowOf(WATCHED, bad('b'), mine).silencedUntil).toBeNull();
    expect(summaryOf(WATCHED, [bad('a')], { ...around, silences: [{ ...one, org: null }] }).silencedUntil).toBe(NOW + 1_000);
  });
});

describe('the evidence of a row', () => {
  test('is the chance at the limit, and how many bad events are needed', () => {
    const { evidence } = rowOf(WATCHED, bad('a', { bad: 4, all: 9, value: 4 / 9 }), around);
    expect(1 / (evidence.chance ?? 1)).toBeCloseTo(54_000, -3);
    expect(rowOf(WATCHED, view('a', { bad: 3, all: 140, value: 3 / 140, overLimit: true }), around).evidence.needed).toEqual({
      suspect: 10,
      act: 13,
    });
    expect(rowOf(WATCHED, view('a'), around).evidence.chance).toBeNull();
  });
});

describe('points of a series', () => {
  const series: SignalSeries = {
    slotMs: 10,
    overMs: 20,
    from: 20,
    to: 65,
    tellsFrom: 20,
    slots: [
      { at: 0, bad: 1, all: 2, sum: 4 },
      { at: 10, bad: 0, all: 2, sum: 4 },
      { at: 20, bad: 0, all: 0, sum: 0 },
      { at: 50, bad: 2, all: 4, sum: 8 },
      { at: 60, bad: 0, all: 1, sum: 7 },
    ],
    gaps: [{ from: 30, to: 50 }],
  };

  test('are of the whole window, none lies in a gap, and no traffic is no value', () => {
    expect(pointsOf(series, 'ratio')).toEqual([
      { at: 30, value: 0, bad: 0, all: 2 },
      { at: 60, value: 0.5, bad: 2, all: 4 },
      { at: 65, value: 0.4, bad: 2, all: 5 },
    ]);
    expect(pointsOf(series, 'mean').map((point) => point.value)).toEqual([2, 2, 3]);
    expect(pointsOf(series, 'count').map((point) => point.value)).toEqual([2, 4, 5]);
    expect(pointsOf({ ...series, slots: [{ at: 20, bad: 0, all: 0, sum: 0 }] }, 'ratio')[0]?.value).toBeNull();
  });

  test('windows that are cut by what is no longer kept have none', () => {
    expect(pointsOf({ ...series, tellsFrom: 60 }, 'ratio').map((point) => point.at)).toEqual([60, 65]);
  });

  test('spans that touch become one', () => {
    expect(
      merged([
        { from: 1, to: 2 },
        { from: 2, to: 4 },
        { from: 5, to: 5 },
        { from: 6, to: 7 },
      ]),
    ).toEqual([
      { from: 1, to: 4 },
      { from: 6, to: 7 },
    ]);
    expect(hasSeries('ratio')).toBe(true);
    expect(hasSeries('probe')).toBe(false);
  });
});
