// The verdict on a way back as people see it in the browser, in both languages; what comes from a migration stays text.
import { expect, test } from 'vitest';
import type { Plan } from '../../src/domain/plan.ts';
import { safetyPanel } from '../../src/server/pages/safety-panel.ts';

const PLAN: Plan = {
  runbook: 'back',
  version: '1.0.0',
  irHash: '',
  inputs: {},
  org: null,
  steps: [],
  planHash: '',
  guards: [],
  unknowns: [],
  safety: {
    verdict: 'down-lossy',
    reasons: [
      { why: 'ahead', database: 'crm', ids: ['2_<b>nick</b>'], release: 'v1' },
      { why: 'loses', database: 'crm', object: 'contact.nick', atMost: 10_000 },
    ],
  },
};

test('the panel says what would be lost, exactly where it was counted and by its bound where it was read back', () => {
  expect(safetyPanel({ lang: 'en' }, { ...PLAN, losses: [{ database: 'crm', object: 'contact.nick', count: 1_342 }] }).text).toContain(
    'would lose 1,342 values of contact.nick',
  );
  expect(safetyPanel({ lang: 'pt-BR' }, PLAN).text).toContain('perderia ≤ 10.000 valores de contact.nick');
  expect(safetyPanel({ lang: 'en' }, PLAN).text).toContain('2_&lt;b&gt;nick&lt;/b&gt;');
  expect(safetyPanel({ lang: 'en' }, PLAN).text).not.toContain('<b>nick');
});

test('there is no panel for a plan behind which no database stands', () => {
  const { safety: _none, ...plain } = PLAN;
  expect(safetyPanel({ lang: 'en' }, plain).text).toBe('');
  expect(safetyPanel({ lang: 'en' }, null).text).toBe('');
});
