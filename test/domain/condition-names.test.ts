// One list of names serves the checker and the evaluation: a condition that type-checks evaluates with the same types.
import { expect, test } from 'vitest';
import { createCel } from '../../src/adapters/cel/index.ts';
import { compileRunbook } from '../../src/config/runbook.ts';
import { conditionNames, expressionId } from '../../src/domain/condition-names.ts';
import { fixture } from '../config/workspace.ts';

const runbook = compileRunbook(fixture('base/runbooks/base.runbook.md'), 'base.runbook.md').runbook;

test('inputs, the organization, answers of earlier steps, choices and the time have names and types', () => {
  expect(runbook).not.toBeNull();
  if (runbook === null) return;
  expect(conditionNames(runbook, ['webhookUrl'])).toEqual({
    inputs: { org: 'string' },
    org: { id: 'string', name: 'string', lang: 'string', zone: 'string', webhookUrl: 'string' },
    steps: { think: { out: { goLive: 'time', sure: 'bool' } }, where: { out: { choice: 'string' } } },
    now: 'time',
  });
});

test('a time that a person answered can be waited for', () => {
  if (runbook === null) throw new Error('the fixture does not compile');
  const cel = createCel();
  const names = conditionNames(runbook);
  const at = (now: number) => cel.evaluate('now >= steps.think.out.goLive', names, { now, steps: { think: { out: { goLive: 5000 } } } });
  expect([at(4999), at(5000)]).toEqual([
    { ok: true, value: false },
    { ok: true, value: true },
  ]);
  expect(cel.evaluate('now >= steps.think.out.goLive', names, { now: 1, steps: {} }).ok).toBe(false);
});

test('an id with dashes is written with underscores', () => {
  expect(expressionId('fix-it-now')).toBe('fix_it_now');
});
