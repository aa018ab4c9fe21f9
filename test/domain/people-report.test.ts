// What people report: how long a word counts, whose words add up, and when a report begins a new episode.
import { describe, expect, test } from 'vitest';
import { reportedCondition, stillSaid, withConfirmation, withReport, wordMs } from '../../src/domain/people-report.ts';
import { INITIAL, type MachineState } from '../../src/domain/trigger-machine.ts';
import { trigger } from '../flows/detect-rules.ts';

const HOUR = 3_600_000;
const report = (state: MachineState, by: string, at: number, trusted = false) => withReport(state, { by, trusted, at }, 1_000);
const levelOf = (state: MachineState) => reportedCondition(state).level;

describe('the words of people', () => {
  test('are suspected from one, and enough to act on from two or from one who is trusted', () => {
    const one = report(INITIAL, 'ana', 5);
    expect([levelOf(one), levelOf(report(one, 'ana', 6)), levelOf(report(one, 'bob', 6))]).toEqual(['suspect', 'suspect', 'act']);
    expect(levelOf(report(INITIAL, 'eve', 5, true))).toBe('act');
    expect(reportedCondition(report(one, 'bob', 6))).toEqual({
      value: 2,
      bad: 2,
      all: 2,
      limit: true,
      level: 'act',
      below: null,
      still: true,
    });
  });

  test('are nothing while nobody has spoken', () => {
    expect(reportedCondition(INITIAL)).toEqual({ value: 0, bad: 0, all: 0, limit: false, level: 'none', below: null, still: true });
    expect(levelOf({ ...INITIAL, trusted: true })).toBe('none');
  });

  test('count for their window, to the millisecond, each from when it was said last', () => {
    const one = report(INITIAL, 'ana', 5);
    expect(report(one, 'bob', 1_005)).toMatchObject({ reporters: ['ana', 'bob'], reportedAt: 1_005 });
    expect(report(one, 'bob', 1_006)).toMatchObject({ reporters: ['bob'], heard: { bob: { at: 1_006, trusted: false } } });
    expect(report(report(one, 'ana', 900), 'bob', 1_900).reporters).toEqual(['ana', 'bob']);
  });

  test('of one who is trusted stay trusted while they count, whatever that person says next', () => {
    const eve = report(INITIAL, 'eve', 5, true);
    expect(report(eve, 'eve', 6)).toMatchObject({ trusted: true, heard: { eve: { at: 6, trusted: true } } });
    expect(report(eve, 'bob', 6)).toMatchObject({ trusted: true, heard: { bob: { trusted: false } } });
    expect(report(eve, 'bob', 1_006)).toMatchObject({ trusted: false, reporters: ['bob'] });
    expect(report(eve, 'eve', 1_006)).toMatchObject({ trusted: false });
  });

  test('that were kept before each had its time count from the last of them', () => {
    const old: MachineState = { ...INITIAL, reporters: ['ana', 'eve'], trusted: true, reportedAt: 100 };
    expect(report(old, 'bob', 1_100)).toMatchObject({ reporters: ['ana', 'eve', 'bob'], trusted: true });
    expect(report(old, 'bob', 1_101)).toMatchObject({ reporters: ['bob'], trusted: false });
    expect(report({ ...old, reportedAt: null }, 'bob', 150).reporters).toEqual(['bob']);
    expect(report({ ...old, heard: { zoe: { at: 140, trusted: false } } }, 'bob', 150).reporters).toEqual(['zoe', 'bob']);
  });
});

describe('what still stands of them later', () => {
  const said = report(report(INITIAL, 'eve', 100, true), 'bob', 600);

  test('is all of it until the first word is over, to the millisecond', () => {
    expect(stillSaid(said, 1_100, 1_000)).toBe(said);
    expect(stillSaid(said, 1_101, 1_000)).toMatchObject({ reporters: ['bob'], trusted: false, reportedAt: 600 });
    expect(levelOf(stillSaid(said, 1_101, 1_000))).toBe('suspect');
  });

  test('is the trust of one whose word is the later one', () => {
    const other = report(report(INITIAL, 'bob', 100), 'eve', 600, true);
    expect(stillSaid(other, 1_200, 1_000)).toMatchObject({ reporters: ['eve'], trusted: true });
  });

  test('is nobody when all words are over', () => {
    expect(stillSaid(said, 1_601, 1_000)).toMatchObject({ reporters: [], trusted: false });
    expect(levelOf(stillSaid(said, 9_000, 1_000))).toBe('none');
  });

  test('is nothing to look at where nobody has spoken, and the time of the last word where words had none of their own', () => {
    const untold: MachineState = { ...INITIAL, heard: { ana: { at: 0, trusted: false } } };
    expect(stillSaid(untold, 9_000, 1_000)).toBe(untold);
    const old: MachineState = { ...INITIAL, reporters: ['ana'], trusted: true, reportedAt: 5 };
    expect(stillSaid(old, 1_005, 1_000)).toBe(old);
    expect(stillSaid(old, 1_006, 1_000)).toMatchObject({ reporters: [], trusted: false });
  });
});

describe('a report', () => {
  const before: MachineState = { ...report(INITIAL, 'ana', 5), status: 'suspect', episode: 'e', since: 5 };

  test('goes on with the episode inside the window and begins anew after it', () => {
    expect(report(before, 'bob', 1_005)).toMatchObject({ status: 'suspect', episode: 'e', since: 5 });
    expect(report(before, 'bob', 1_006)).toMatchObject({ status: 'ok', episode: null, since: null, reporters: ['bob'] });
  });

  test('begins nothing anew where nothing was open, or nobody had spoken', () => {
    const learnt = { ...INITIAL, coveredSince: 3 };
    expect(report({ ...learnt, reportedAt: 5 }, 'bob', 9_000)).toMatchObject({ coveredSince: 3 });
    expect(report({ ...before, reportedAt: null, coveredSince: 3 }, 'bob', 9_000)).toMatchObject({ coveredSince: 3, episode: 'e' });
  });

  test('that only confirms what was measured goes on with the episode, whenever people spoke last', () => {
    expect(withConfirmation(before, { by: 'bob', trusted: false, at: 9_000 }, 1_000)).toMatchObject({ episode: 'e', reporters: ['bob'] });
  });
});

test('a word counts for the window of the trigger, else for its rest, else for an hour', () => {
  const breach = { overMs: 60_000, stillMs: 1, forMs: 0 };
  expect(wordMs({ breach, rearmMs: 9 * HOUR })).toBe(60_000);
  const { breach: _none, ...bare } = trigger('manual');
  expect([wordMs({ ...bare, rearmMs: 9 * HOUR }), wordMs({ ...bare, rearmMs: 5 })]).toEqual([9 * HOUR, HOUR]);
});
