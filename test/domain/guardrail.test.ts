import { describe, expect, test } from 'vitest';
import {
  DEFAULT_GUARD_LIMITS,
  type DecisionFacts,
  judgeAffected,
  judgeAll,
  judgeControl,
  judgeFresh,
  judgeLocalization,
  judgeLoop,
  judgePolicy,
  judgeProvenance,
  judgeRecentChange,
  judgeSignificance,
  judgeUpstream,
  type TargetFacts,
} from '../../src/domain/guardrail.ts';
import type { Transition, TriggerView } from '../../src/domain/trigger.ts';
import { trigger } from '../flows/detect-rules.ts';

const NOW = 10_000_000;
const MINUTE = 60_000;
const limits = DEFAULT_GUARD_LIMITS;

function view(scope: string, o: Partial<TriggerView> = {}): TriggerView {
  return {
    trigger: 'ratio',
    scope,
    status: 'ok',
    announced: false,
    unknown: false,
    warming: false,
    episode: null,
    since: null,
    value: 0,
    bad: 0,
    all: 500,
    level: 'none',
    overLimit: false,
    watermark: NOW,
    lastEvaluatedAt: NOW,
    ...o,
  };
}
const breached = (scope: string, o: Partial<TriggerView> = {}): TriggerView =>
  view(scope, { status: 'breached', bad: 200, value: 0.4, level: 'act', overLimit: true, since: NOW - 5_000, ...o });
const _many = (n: number, make: (scope: string) => TriggerView, prefix = 'h'): TriggerView[] =>
  Array.from({ length: n }, (_, index) => make(`${prefix}${index}`));

const transition: Transition = {
  trigger: 'ratio',
  scope: 'acme',
  episode: 'ratio/acme/1',
  from: 'suspect',
  to: 'breached',
  at: NOW - 1_000,
  since: NOW - 5_000,
  observedAt: NOW - 900,
  announced: false,
  inputs: {
    value: 0.4,
    bad: 200,
    all: 500,
    above: 0.02,
    overMs: MINUTE,
    level: 'act',
    pValue: 1e-90,
    alpha: { suspect: 1e-3, act: 1e-5 },
    watermark: NOW - 1_000,
    sources: ['shop'],
    unknown: false,
    warming: false,
  },
};
const change = (o: Partial<TargetFacts> = {}): TargetFacts => ({
  step: 'roll',
  target: 'target:shop',
  switches: true,
  at: NOW - 5 * MINUTE,
  to: 'v1',
  impossible: null,
  ...o,
});
const facts = (o: Partial<DecisionFacts> = {}): DecisionFacts => ({
  now: NOW,
  rule: trigger('ratio'),
  transition,
  scope: 'acme',
  views: [breached('acme'), view('globex'), view('initech')],
  changes: [change()],
  rollbacks: [],
  rollbacksInIncident: 0,
  health: { watermarkAgeMs: 1_000, lagMs: 5, deadSources: [] },
  pause: { paused: false },
  start: 'auto',
  ...o,
});
const past = (o: Partial<DecisionFacts['rollbacks'][number]> = {}) => ({
  incident: 'I-1',
  at: NOW - 10 * MINUTE,
  scope: 'acme',
  target: 'target:shop',
  from: 'v2',
  to: 'v1',
  ...o,
});

test('all ten pass or do not apply to a plain case of one organization', () => {
  const verdicts = judgeAll(facts(), limits);
  expect(verdicts.map((one) => [one.guard, one.answer])).toEqual([
    ['G1', 'pass'],
    ['G2', 'pass'],
    ['G3', 'pass'],
    ['G4', 'not-applicable'],
    ['G5', 'pass'],
    ['G6', 'pass'],
    ['G7', 'pass'],
    ['G8', 'pass'],
    ['G9', 'pass'],
    ['G10', 'pass'],
  ]);
  expect(JSON.parse(JSON.stringify(verdicts))).toEqual(verdicts);
});

describe('each guard', () => {
  const cases: readonly (readonly [name: string, answer: string, reason: string, verdict: () => { answer: string; reason: string }])[] = [
    ['G1 has no view', 'inconclusive', 'G1.no-data', () => judgeSignificance(facts({ views: [] }), limits)],
    [
      'G1 sees no data now',
      'inconclusive',
      'G1.unknown',
      () => judgeSignificance(facts({ views: [breached('acme', { unknown: true })] }), limits),
    ],
    [
      'G1 sees a window that is not covered',
      'inconclusive',
      'G1.warming',
      () => judgeSignificance(facts({ views: [breached('acme', { warming: true })] }), limits),
    ],
    [
      'G1 sees that it is only suspected',
      'fail',
      'G1.not-breached',
      () => judgeSignificance(facts({ views: [breached('acme', { status: 'suspect' })] }), limits),
    ],
    [
      'G1 sees that the evidence has gone',
      'fail',
      'G1.not-significant',
      () => judgeSignificance(facts({ views: [breached('acme', { level: 'suspect' })] }), limits),
    ],
    [
      'G2 has nothing that switches',
      'not-applicable',
      'G2.nothing-switches',
      () => judgeRecentChange(facts({ changes: [change({ switches: false })] }), limits),
    ],
    [
      'G2 does not know when it changed',
      'inconclusive',
      'G2.change-unknown',
      () => judgeRecentChange(facts({ changes: [change({ at: null })] }), limits),
    ],
    [
      'G2 sees an old change',
      'fail',
      'G2.no-recent-change',
      () => judgeRecentChange(facts({ changes: [change({ at: NOW - 3 * 60 * MINUTE })] }), limits),
    ],
    [
      'G2 sees a change after the breach',
      'inconclusive',
      'G2.changed-after-breach',
      () => judgeRecentChange(facts({ now: NOW + 10 * MINUTE, changes: [change({ at: NOW + 5 * MINUTE })] }), limits),
    ],
    [
      'G2 cannot restore',
      'fail',
      'G2.not-restorable',
      () => judgeRecentChange(facts({ changes: [change({ impossible: 'pruned' })] }), limits),
    ],
    [
      'G3 sees all, the plan one',
      'fail',
      'G3.global-but-plan-is-not',
      () => judgeLocalization(facts({ views: [breached('acme'), breached('globex')] }), limits),
    ],
    ['G3 sees one, the plan all', 'fail', 'G3.local-but-plan-is-not', () => judgeLocalization(facts({ scope: null }), limits)],
    [
      'G3 sees nobody healthy',
      'inconclusive',
      'G3.inconclusive',
      () => judgeLocalization(facts({ views: [breached('acme'), view('globex', { overLimit: true })] }), limits),
    ],
    [
      'G3 has one scope only',
      'not-applicable',
      'G3.one-scope',
      () => judgeLocalization(facts({ rule: trigger('ratio', { scope: 'all' }) }), limits),
    ],
    ['G4 sees an upstream down', 'fail', 'G4.upstream-down', () => judgeUpstream({ upstreams: [{ id: 'db', healthy: false }] }, limits)],
    [
      'G4 cannot see an upstream',
      'inconclusive',
      'G4.upstream-unknown',
      () => judgeUpstream({ upstreams: [{ id: 'db', healthy: null }] }, limits),
    ],
    ['G4 sees all upstreams up', 'pass', 'G4.upstream-healthy', () => judgeUpstream({ upstreams: [{ id: 'db', healthy: true }] }, limits)],
    [
      'G5 finds the others no better',
      'inconclusive',
      'G5.not-worse',
      () => judgeControl(facts({ views: [breached('acme'), breached('globex')] }), limits),
    ],
    [
      'G5 has nobody to compare with',
      'inconclusive',
      'G5.no-control-data',
      () => judgeControl(facts({ views: [breached('acme'), view('globex', { unknown: true })] }), limits),
    ],
    ['G5 is asked about all', 'not-applicable', 'G5.no-control', () => judgeControl(facts({ scope: null }), limits)],
    ['G6 finds few requests hit', 'fail', 'G6.too-few', () => judgeAffected(facts({ views: [breached('acme', { bad: 15 })] }), limits)],
    ['G6 cannot count users now', 'inconclusive', 'G6.users-unknown', () => judgeAffected(facts({ users: null }), limits)],
    ['G6 finds few users hit', 'fail', 'G6.too-few', () => judgeAffected(facts({ users: { affected: 1, active: 100 } }), limits)],
    ['G6 counts nothing', 'inconclusive', 'G6.no-data', () => judgeAffected(facts({ views: [breached('acme', { all: 0 })] }), limits)],
    ['G7 has acted in this incident', 'fail', 'G7.once-per-incident', () => judgeLoop(facts({ rollbacksInIncident: 1 }), limits)],
    ['G7 cools down', 'fail', 'G7.cooling-down', () => judgeLoop(facts({ rollbacks: [past()] }), limits)],
    [
      'G7 counts steps of one incident once',
      'pass',
      'G7.no-loop',
      () => judgeLoop(facts({ rollbacks: times(5, past({ at: NOW - 60 * MINUTE })) }), limits),
    ],
    [
      'G7 has acted three times today',
      'fail',
      'G7.too-many-today',
      () => judgeLoop(facts({ rollbacks: [1, 2, 3].map((n) => past({ incident: `I-${n}`, at: NOW - n * 120 * MINUTE })) }), limits),
    ],
    [
      'G7 would go back to what a rollback left',
      'fail',
      'G7.back-to-what-was-left',
      () => judgeLoop(facts({ rollbacks: [past({ at: NOW - 120 * MINUTE })], changes: [change({ to: 'v2' })] }), limits),
    ],
    [
      'G7 leaves other organizations alone',
      'pass',
      'G7.no-loop',
      () => judgeLoop(facts({ rollbacks: [past({ scope: 'globex' })] }), limits),
    ],
    [
      'G8 sees old data',
      'fail',
      'G8.stale',
      () => judgeFresh(facts({ health: { watermarkAgeMs: 40_000, lagMs: 0, deadSources: [] } }), limits),
    ],
    [
      'G8 needs no data for what people say',
      'pass',
      'G8.peoples-word',
      () =>
        judgeFresh(
          facts({
            health: { watermarkAgeMs: 40_000, lagMs: 0, deadSources: [] },
            transition: { ...transition, inputs: { ...transition.inputs, sources: ['manual'] } },
          }),
          limits,
        ),
    ],
    [
      'G8 wants data for what people and a source say together',
      'fail',
      'G8.stale',
      () =>
        judgeFresh(
          facts({
            health: { watermarkAgeMs: 40_000, lagMs: 0, deadSources: [] },
            transition: { ...transition, inputs: { ...transition.inputs, sources: ['manual', 'shop'] } },
          }),
          limits,
        ),
    ],
    [
      'G8 allows for a slow cadence',
      'pass',
      'G8.fresh',
      () => judgeFresh(facts({ health: { watermarkAgeMs: 40_000, lagMs: 0, deadSources: [] }, cadenceMs: 60_000 }), limits),
    ],
    [
      'G8 sees that its source is dead',
      'fail',
      'G8.source-dead',
      () => judgeFresh(facts({ health: { watermarkAgeMs: 0, lagMs: 0, deadSources: ['shop'] } }), limits),
    ],
    [
      'G8 does not mind another dead source',
      'pass',
      'G8.fresh',
      () => judgeFresh(facts({ health: { watermarkAgeMs: 0, lagMs: 0, deadSources: ['other'] } }), limits),
    ],
    [
      'G8 feels its own lag',
      'fail',
      'G8.lagging',
      () => judgeFresh(facts({ health: { watermarkAgeMs: 0, lagMs: 3_000, deadSources: [] } }), limits),
    ],
    ['G9 is paused', 'fail', 'G9.paused', () => judgePolicy(facts({ pause: { paused: true } }), limits)],
    ['G9 is a shadow', 'fail', 'G9.not-armed', () => judgePolicy(facts({ rule: trigger('ratio', { mode: 'shadow' }) }), limits)],
    ['G9 has a runbook that asks', 'fail', 'G9.runbook-asks', () => judgePolicy(facts({ start: 'ask' }), limits)],
    ['G9 is restricted', 'fail', 'G9.restricted', () => judgePolicy(facts({ restrictions: ['maintenance'] }), limits)],
    [
      'G10 knows no source',
      'inconclusive',
      'G10.no-source',
      () => judgeProvenance(facts({ transition: { ...transition, inputs: { ...transition.inputs, sources: [] } } }), limits),
    ],
    [
      'G10 hears it from anybody',
      'inconclusive',
      'G10.unsigned',
      () => judgeProvenance(facts({ provenance: [{ source: 'hook', kind: 'unsigned' }] }), limits),
    ],
    [
      'G10 has seen the same itself',
      'pass',
      'G10.trusted',
      () => judgeProvenance(facts({ provenance: [{ source: 'hook', kind: 'unsigned', corroborated: true }] }), limits),
    ],
    [
      'G10 was told only a part',
      'fail',
      'G10.truncated',
      () => judgeProvenance(facts({ provenance: [{ source: 'hook', kind: 'signed', truncated: true }] }), limits),
    ],
  ];

  test.each(cases)('%s: %s', (_name, answer, reason, judge) => {
    const verdict = judge();
    expect([verdict.answer, verdict.reason]).toEqual([answer, reason]);
  });
});

function times<T>(n: number, value: T): T[] {
  return Array.from({ length: n }, () => value);
}
