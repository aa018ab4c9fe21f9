// Edges of the guards that ask about the act (G6–G10), and the facts that a verdict carries.
import { describe, expect, test } from 'vitest';
import {
  type DecisionFacts,
  judgeAffected,
  judgeFresh,
  judgeLoop,
  judgePolicy,
  judgeProvenance,
  type RollbackFacts,
} from '../../src/domain/guardrail.ts';
import { trigger } from '../flows/detect-rules.ts';
import { breached, change, DAY, facts, HOUR, limits, MINUTE, NOW, past, transition, view } from './guard-case.ts';

describe('G6, how many are hit', () => {
  const judge = (o: Partial<DecisionFacts>) => judgeAffected(facts(o), limits);

  test('is enough from five in a hundred on, of users or of requests', () => {
    const requests = (bad: number) => judge({ views: [breached('acme', { bad, all: 1_000 })] });
    expect([requests(49).reason, requests(50).reason]).toEqual(['G6.too-few', 'G6.enough']);
    const users = (affected: number) => judge({ users: { affected, active: 100 }, views: [] });
    expect([users(4).answer, users(5).answer]).toEqual(['fail', 'pass']);
    expect(users(5).facts).toEqual({ by: 'users', affected: 5, active: 100, limit: 0.05 });
  });

  test('is told of the organization of the plan, or of all together, and not of those that nobody sees', () => {
    const views = [
      breached('acme', { bad: 10, all: 100 }),
      view('globex', { bad: 1, all: 300 }),
      view('hidden', { bad: 9, all: 9, unknown: true }),
    ];
    expect(judge({ views })).toMatchObject({ answer: 'pass', facts: { by: 'requests', affected: 10, active: 100 } });
    expect(judge({ views, scope: null })).toMatchObject({ answer: 'fail', facts: { affected: 11, active: 400 } });
    expect(judge({ views, scope: 'hidden' })).toMatchObject({ reason: 'G6.no-data', facts: { affected: 0, active: 0 } });
    expect(judge({ users: { affected: 3, active: 0 } }).answer).toBe('inconclusive');
  });

  test('is a question where a signal counts users and cannot count them now', () => {
    expect(judge({ users: null })).toEqual({
      guard: 'G6',
      answer: 'inconclusive',
      reason: 'G6.users-unknown',
      facts: { by: 'users', limit: 0.05 },
    });
  });
});

describe('G7, what was done before', () => {
  const judge = (rollbacks: readonly RollbackFacts[], o: Partial<DecisionFacts> = {}) => judgeLoop(facts({ rollbacks, ...o }), limits);
  const ago = (ms: number, o: Partial<RollbackFacts> = {}) => past({ at: NOW - ms, ...o });

  test('cools down for half an hour, to the millisecond', () => {
    expect([judge([ago(30 * MINUTE - 1)]).reason, judge([ago(30 * MINUTE)]).reason]).toEqual(['G7.cooling-down', 'G7.no-loop']);
    expect(judge([ago(29 * MINUTE), ago(3 * HOUR, { incident: 'I-2' })]).reason).toBe('G7.cooling-down');
    expect(judge([ago(3 * HOUR, { incident: 'I-2' }), ago(29 * MINUTE)]).reason).toBe('G7.cooling-down');
  });

  test('is counted for a day, incident by incident', () => {
    const three = (oldest: number) => [ago(HOUR), ago(2 * HOUR, { incident: 'I-2' }), ago(oldest, { incident: 'I-3' })];
    expect([judge(three(DAY - 1)).reason, judge(three(DAY)).reason]).toEqual(['G7.too-many-today', 'G7.no-loop']);
    const nameless = ({ incident: _none, ...one }: RollbackFacts): RollbackFacts => one;
    expect(judge(three(DAY - 1).map(nameless)).reason).toBe('G7.too-many-today');
  });

  test('counts for the organization when it was done for all, and for all only when it was done for all', () => {
    expect(judge([ago(MINUTE, { scope: '*' })]).reason).toBe('G7.cooling-down');
    expect(judge([ago(MINUTE)], { scope: null }).reason).toBe('G7.no-loop');
    expect(judge([ago(MINUTE, { scope: '*' })], { scope: null })).toMatchObject({ reason: 'G7.cooling-down', facts: { scope: '*' } });
  });

  test('is not undone: what a rollback left in the last day is no target, whoever it was done for', () => {
    const back = [change({ to: { release: 'v2', port: 1 } })];
    const left = (ms: number, o: Partial<RollbackFacts> = {}) =>
      judge([ago(ms, { from: { port: 1, release: 'v2' }, scope: 'globex', ...o })], { changes: back });
    expect(left(DAY - 1)).toMatchObject({
      reason: 'G7.back-to-what-was-left',
      facts: { target: 'target:shop', to: { release: 'v2', port: 1 } },
    });
    expect([left(DAY).reason, left(HOUR, { target: 'target:mail' }).reason, left(HOUR, { from: 'v2' }).reason]).toEqual([
      'G7.no-loop',
      'G7.no-loop',
      'G7.no-loop',
    ]);
    expect(judge([ago(3 * HOUR, { from: 'v9' }), ago(HOUR)], { changes: [change({ to: 'v2' })] }).reason).toBe('G7.back-to-what-was-left');
    expect(judge([ago(HOUR)], { changes: [change({ to: 'v2', switches: false })] }).reason).toBe('G7.no-loop');
    expect(judge([ago(HOUR, { from: null })], { changes: [change({ to: null })] }).reason).toBe('G7.no-loop');
    expect(judge([ago(HOUR, { from: ['a', 'b'] })], { changes: [change({ to: ['b', 'a'] })] }).reason).toBe('G7.no-loop');
    expect(judge([ago(HOUR, { from: ['a', 'b'] })], { changes: [change({ to: ['a', 'b'] })] }).reason).toBe('G7.back-to-what-was-left');
  });

  test('in the same incident weighs most', () => {
    expect(judge([ago(MINUTE)], { rollbacksInIncident: 1 })).toEqual({
      guard: 'G7',
      answer: 'fail',
      reason: 'G7.once-per-incident',
      facts: { scope: 'acme', lastDay: 1, perScopePerDay: 3, latest: NOW - MINUTE, cooldownMs: 30 * MINUTE, inIncident: 1 },
    });
    expect(judge([]).facts).toMatchObject({ lastDay: 0, latest: null, inIncident: 0 });
  });
});

describe('G8, how fresh it is', () => {
  const judge = (health: Partial<DecisionFacts['health']>, cadenceMs?: number) =>
    judgeFresh(
      {
        health: { watermarkAgeMs: 0, lagMs: 0, deadSources: [], ...health },
        transition,
        ...(cadenceMs === undefined ? {} : { cadenceMs }),
      },
      limits,
    );

  test('is stale from half a minute on, or from three readings of a slower source', () => {
    expect([judge({ watermarkAgeMs: 29_999 }).reason, judge({ watermarkAgeMs: 30_000 }).reason]).toEqual(['G8.fresh', 'G8.stale']);
    expect([judge({ watermarkAgeMs: 59_999 }, 20_000).reason, judge({ watermarkAgeMs: 60_000 }, 20_000).reason]).toEqual([
      'G8.fresh',
      'G8.stale',
    ]);
    expect(judge({ watermarkAgeMs: 29_999 }, 1_000).reason).toBe('G8.fresh');
  });

  test('lags from a second on', () => {
    expect([judge({ lagMs: 999 }).reason, judge({ lagMs: 1_000 }).reason]).toEqual(['G8.fresh', 'G8.lagging']);
  });

  test('is not fresh when it cannot be measured', () => {
    expect([
      judge({ watermarkAgeMs: Number.NaN }).answer,
      judge({ lagMs: Number.NaN }).answer,
      judge({ watermarkAgeMs: Infinity }).answer,
    ]).toEqual(['fail', 'fail', 'fail']);
  });

  test('is told with the source that is dead, if the breach is seen through it', () => {
    expect(judge({ watermarkAgeMs: 1.4, lagMs: 2.6, deadSources: ['mail', 'shop'] })).toEqual({
      guard: 'G8',
      answer: 'fail',
      reason: 'G8.source-dead',
      facts: { watermarkAgeMs: 1, limitMs: 30_000, lagMs: 3, lagLimitMs: 1_000, deadSources: ['shop'] },
    });
  });
});

describe('G9, whether it may', () => {
  test('is told with what forbids it: a pause first, then restrictions, then the mode, then the runbook', () => {
    const judge = (o: Partial<DecisionFacts>) => judgePolicy(facts(o), limits);
    const shadow = trigger('ratio', { mode: 'shadow' });
    expect(judge({ pause: { paused: true }, restrictions: ['freeze'], rule: null, start: 'ask' })).toEqual({
      guard: 'G9',
      answer: 'fail',
      reason: 'G9.paused',
      facts: { paused: true, mode: null, start: 'ask', restrictions: ['freeze'] },
    });
    expect(judge({ restrictions: ['freeze'], rule: shadow }).reason).toBe('G9.restricted');
    expect([judge({ rule: shadow, start: 'ask' }).reason, judge({ rule: null }).reason]).toEqual(['G9.not-armed', 'G9.not-armed']);
    expect(judge({})).toEqual({
      guard: 'G9',
      answer: 'pass',
      reason: 'G9.allowed',
      facts: { paused: false, mode: 'armed', start: 'auto', restrictions: [] },
    });
  });
});

describe('G10, who says so', () => {
  const judge = (sources: readonly string[], provenance?: DecisionFacts['provenance']) =>
    judgeProvenance(
      { transition: { ...transition, inputs: { ...transition.inputs, sources } }, ...(provenance === undefined ? {} : { provenance }) },
      limits,
    );

  test('is anybody where one of several is unsigned and nothing else says the same', () => {
    expect(
      judge(
        ['a'],
        [
          { source: 'a', kind: 'signed' },
          { source: 'b', kind: 'unsigned' },
        ],
      ),
    ).toEqual({
      guard: 'G10',
      answer: 'inconclusive',
      reason: 'G10.unsigned',
      facts: {
        sources: ['a'],
        provenance: [
          { source: 'a', kind: 'signed', truncated: false, corroborated: false },
          { source: 'b', kind: 'unsigned', truncated: false, corroborated: false },
        ],
      },
    });
    expect(judge(['a'], [{ source: 'b', kind: 'unsigned', corroborated: false }]).reason).toBe('G10.unsigned');
  });

  test('is trusted where Belay looked itself, where it was signed, and where nothing but belay.yaml is asked', () => {
    expect(judge([], [{ source: 'a', kind: 'own' }]).answer).toBe('pass');
    expect(judge(['a'], [{ source: 'a', kind: 'signed', truncated: false }]).answer).toBe('pass');
    expect(judge(['a']).answer).toBe('pass');
    expect(judge([])).toMatchObject({ answer: 'inconclusive', reason: 'G10.no-source' });
  });

  test('is nobody where one of several cut something off', () => {
    const cut = { source: 'b', kind: 'unsigned', truncated: true, corroborated: true } as const;
    expect(judge(['a'], [{ source: 'a', kind: 'own' }, cut])).toMatchObject({
      answer: 'fail',
      reason: 'G10.truncated',
      facts: { provenance: [{ corroborated: false }, { truncated: true, corroborated: true }] },
    });
  });
});
