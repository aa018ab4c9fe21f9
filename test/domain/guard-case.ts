// A plain case for the ten guards: one organization in breach, one healthy, nothing else. Refuses to judge it.
import { DEFAULT_GUARD_LIMITS, type DecisionFacts, type RollbackFacts, type TargetFacts } from '../../src/domain/guardrail.ts';
import type { Transition, TriggerView } from '../../src/domain/trigger.ts';
import { trigger } from '../flows/detect-rules.ts';

export const limits = DEFAULT_GUARD_LIMITS;
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
export const NOW = 100 * DAY;
export const SINCE = NOW - 10 * MINUTE;

export const view = (scope: string, o: Partial<TriggerView> = {}): TriggerView => ({
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
  watermark: NOW - 3,
  lastEvaluatedAt: NOW,
  ...o,
});
export const breached = (scope: string, o: Partial<TriggerView> = {}): TriggerView =>
  view(scope, { status: 'breached', bad: 200, value: 0.4, level: 'act', overLimit: true, ...o });
export const many = (n: number, make: (scope: string) => TriggerView, prefix: string): TriggerView[] =>
  Array.from({ length: n }, (_, index) => make(`${prefix}${index}`));

export const transition: Transition = {
  trigger: 'ratio',
  scope: 'acme',
  episode: 'ratio/acme/1',
  from: 'suspect',
  to: 'breached',
  at: NOW - 1_000,
  since: SINCE,
  observedAt: NOW - 900,
  announced: false,
  inputs: {
    value: 0.4,
    bad: 200,
    all: 500,
    above: 0.02,
    overMs: 5 * MINUTE,
    level: 'act',
    pValue: 1e-90,
    alpha: { suspect: 1e-3, act: 1e-5 },
    watermark: NOW - 1_000,
    sources: ['shop'],
    unknown: false,
    warming: false,
  },
};
export const change = (o: Partial<TargetFacts> = {}): TargetFacts => ({
  step: 'roll',
  target: 'target:shop',
  switches: true,
  at: SINCE - MINUTE,
  to: 'v1',
  impossible: null,
  ...o,
});
export const past = (o: Partial<RollbackFacts> = {}): RollbackFacts => ({
  incident: 'I-1',
  at: NOW - 2 * HOUR,
  scope: 'acme',
  target: 'target:shop',
  from: 'v2',
  to: 'v1',
  ...o,
});
export const facts = (o: Partial<DecisionFacts> = {}): DecisionFacts => ({
  now: NOW,
  rule: trigger('ratio'),
  transition,
  scope: 'acme',
  views: [breached('acme'), view('globex')],
  changes: [change()],
  rollbacks: [],
  rollbacksInIncident: 0,
  health: { watermarkAgeMs: 1_000, lagMs: 5, deadSources: [] },
  pause: { paused: false },
  start: 'auto',
  ...o,
});
