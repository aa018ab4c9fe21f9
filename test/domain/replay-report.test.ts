// What is kept of a replay: bounded lists with true totals, a line that has no point where nobody watched, and why it would not have acted.
import { describe, expect, test } from 'vitest';
import type { Episode } from '../../src/domain/episodes.ts';
import { MINUTE_MS, type MinuteRow } from '../../src/domain/minutes.ts';
import { type Gap, KEPT, type Replayed, replayReport, scopeLine, scopeTotals, whyNot } from '../../src/domain/replay-report.ts';

const MIN = MINUTE_MS;
const DAY = 24 * 60 * MIN;
const episode = (scope: string, since: number, o: Partial<Episode> = {}): Episode => ({
  ...{ episode: `t/${scope}/${since}`, trigger: 't', scope, since, endedAt: since + 10 * MIN, peak: 0.1, bad: 10, all: 100 },
  ...{ askedAt: since + MIN, actedAt: null, level: 'suspect', reopened: 0 },
  ...o,
});
const act = { actedAt: 5 * MIN, level: 'act' } as const;
const near = { askedAt: null, level: 'none' } as const;
const replayed = (o: Partial<Replayed> = {}): Replayed => ({
  ...{ trigger: 't', from: 0, to: 30 * DAY, episodes: [], gaps: [], watchedMs: 30 * DAY, scopes: 1, rows: 1 },
  ...o,
});

describe('the report', () => {
  test('ranks scopes by what would have acted, then asked, then how long it lasted', () => {
    const episodes = [
      episode('asks-long', 0, { endedAt: 90 * MIN }),
      episode('asks', 0),
      episode('acts', 0, act),
      episode('near', 0, near),
      episode('asks-twice', 0),
      episode('asks-twice', 30 * MIN),
    ];
    expect(scopeTotals(episodes, DAY).map((one) => one.scope)).toEqual(['acts', 'asks-twice', 'asks-long', 'asks', 'near']);
    expect(scopeTotals([episode('on', DAY - MIN, { endedAt: null })], DAY)[0]?.lastedMs).toBe(MIN);
  });

  test('counts all of ten thousand episodes and keeps the worst of them, newest first', () => {
    const episodes = Array.from({ length: 10_000 }, (_, index) => episode(`org-${index}`, index * MIN, index % 100 === 0 ? act : near));
    const report = replayReport(replayed({ episodes }), []);
    expect([report.totals, report.allEpisodes, report.scopesWithEpisodes]).toEqual([
      { acts: 100, asks: 0, nearMisses: 9_900 },
      10_000,
      10_000,
    ]);
    expect([report.episodes.length, report.worst.length]).toEqual([KEPT.episodes, KEPT.scopes]);
    expect(report.episodes.filter((one) => one.actedAt !== null)).toHaveLength(100);
    expect(report.episodes.every((one, index) => index === 0 || one.since <= (report.episodes[index - 1]?.since ?? 0))).toBe(true);
  });

  test('keeps the longest gaps in the order of time, and says how many there were', () => {
    const gaps = Array.from(
      { length: 1_000 },
      (_, index): Gap => ({ from: index * 10 * MIN, to: index * 10 * MIN + (1 + (index % 2)) * MIN, why: 'away' }),
    );
    const report = replayReport(replayed({ gaps }), []);
    expect([report.gaps.length, report.allGaps, report.gaps[0]?.from, report.gaps[1]?.from]).toEqual([500, 1_000, 10 * MIN, 30 * MIN]);
  });

  test('tells the time in which half of them were told, of those that were told alone', () => {
    expect(replayReport(replayed({ episodes: [episode('a', 0), episode('b', 0, near)] }), []).delayMs).toBe(MIN);
    expect(replayReport(replayed({ episodes: [episode('b', 0, near)] }), []).delayMs).toBeNull();
  });
});

describe('the line of a scope', () => {
  const rows = (minutes: number, bad: (minute: number) => number): readonly MinuteRow[] =>
    Array.from({ length: minutes }, (_, index) => ({ at: index * MIN, spanMs: MIN, scope: 'a', bad: bad(index), all: 100, sum: 0 }));
  const asked = { scope: 'a', from: 0, gaps: [], kind: 'ratio', overMs: 5 * MIN, inverse: false } as const;

  test('is the value of the window at each minute, once a window is full', () => {
    const line = scopeLine(
      rows(20, (minute) => (minute >= 10 ? 50 : 0)),
      { ...asked, to: 20 * MIN },
    );
    expect(line.everyMs).toBe(MIN);
    expect([line.points[0]?.at, line.points.at(-1)]).toEqual([5 * MIN, { at: 20 * MIN, value: 0.5, bad: 250, all: 500 }]);
    expect(line.points.find((one) => one.at === 12 * MIN)?.value).toBeCloseTo(0.2);
  });

  test('has no point in a gap, and a minute without counts is no traffic there where somebody watched', () => {
    const known = rows(40, () => 10).filter(({ at }) => at < 10 * MIN || at >= 30 * MIN);
    const line = scopeLine(known, { ...asked, to: 40 * MIN, gaps: [{ from: 10 * MIN, to: 20 * MIN }] });
    const within = (from: number, to: number) => line.points.filter(({ at }) => at > from * MIN && at <= to * MIN).map((one) => one.value);
    expect(within(10, 20)).toEqual([]);
    expect(within(20, 30)).toEqual(Array.from({ length: 10 }, () => null));
    expect(within(30, 40).at(-1)).toBeCloseTo(0.1);
  });

  test('of a month has few points, and the worst minute of it is one of them', () => {
    const month = 30 * 24 * 60;
    const line = scopeLine(
      rows(month, (minute) => (minute === 20_000 ? 100 : 1)),
      { ...asked, to: month * MIN },
    );
    expect(line.points.length).toBeLessThanOrEqual(KEPT.points);
    expect(Math.max(...line.points.map((one) => one.value ?? 0))).toBeCloseTo((100 + 4) / 500);
    const inverse = scopeLine(
      rows(month, (minute) => (minute === 20_000 ? 0 : 50)),
      { ...asked, to: month * MIN, inverse: true },
    );
    expect(Math.min(...inverse.points.map((one) => one.value ?? 1))).toBeCloseTo(200 / 500);
  });

  test('counts a slot that is longer than a minute where it is complete, and a window that is shorter as a minute', () => {
    const hour = { at: 0, spanMs: 24 * MIN, scope: 'a', bad: 24, all: 240, sum: 0 };
    const line = scopeLine([hour], { ...asked, to: 30 * MIN });
    expect(line.points.filter((one) => one.value !== null).map((one) => [one.at / MIN, one.value])).toEqual(
      [24, 25, 26, 27, 28].map((at) => [at, 0.1]),
    );
    const short = scopeLine(
      rows(3, () => 50),
      { ...asked, overMs: 10_000, to: 3 * MIN },
    );
    expect(short.points.map((one) => one.value)).toEqual([0.5, 0.5, 0.5]);
  });
});

test.each([
  ['over before anybody was told', near, ['auto'], 'over-before'],
  ['not sure enough to act', {}, ['auto'], 'evidence'],
  ['sure enough, without a runbook', act, [], 'no-runbook'],
  ['sure enough, with a runbook that asks', act, ['ask'], 'runbook-asks'],
  ['sure enough, with a runbook that acts', act, ['ask', 'auto'], null],
] as const)('an episode that was %s is told so', (_what, o, starts, why) => {
  expect(whyNot(episode('a', 0, o), starts)).toBe(why);
});
