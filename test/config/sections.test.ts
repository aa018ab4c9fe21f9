// The examples of sections in the reference of belay.yaml read without a problem, beside what they name.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { BELAY_YAML, folderOf } from '../world/scenes/folder.ts';

const PAGE = readFileSync(path.join(import.meta.dirname, '../../docs/reference/belay-yaml.md'), 'utf8');
const EXAMPLES = [...PAGE.matchAll(/```yaml\n((windows|suites|synthetics|buckets):\n[\s\S]*?)```/g)].map(
  (match) => [match[2] ?? '', match[1] ?? ''] as const,
);
const NAMED = ['api', 's3-id', 's3-key']
  .map((name) => `  ${name}: { driver: env, variable: ${name.replace('-', '_').toUpperCase()} }\n`)
  .join('');

test('each section that has an example is among them', () => {
  expect(EXAMPLES.map(([section]) => section).toSorted()).toEqual(['buckets', 'suites', 'synthetics', 'synthetics', 'windows']);
});

test.each(EXAMPLES)('the example of %s reads without a problem', (_, yaml) => {
  const env = { INTAKE_URL: 'http://127.0.0.1:1', CRM_URL: 'http://127.0.0.1:2' };
  const { loaded } = folderOf({ yaml: `${BELAY_YAML}secrets:\n${NAMED}${yaml}`, env, steps: '### Look\n- [ ] Looked\n' });
  expect(loaded().diagnostics).toEqual([]);
});

const INTAKE_PAGE = readFileSync(path.join(import.meta.dirname, '../../docs/intake/README.md'), 'utf8');
const BREAKER = (/```yaml\n(intake:\n[\s\S]*?)```/.exec(INTAKE_PAGE) ?? [])[1] ?? '';
const intakesOf = (yaml: string) =>
  folderOf({ yaml: `${BELAY_YAML}${yaml}`, env: { APP_URL: 'http://127.0.0.1:1' }, steps: '### Look\n- [ ] Looked\n' }).loaded();

test('the breaker of the page of intakes is what {} means, and what blames one message opens none', () => {
  const written = intakesOf(BREAKER);
  expect(written.diagnostics).toEqual([]);
  const breaker = { on: [429, 503, 'timeout'], opensAfter: 5, retryAfterMs: 900_000, closesAfterMs: 30_000 };
  expect(written.system?.intakes?.[0]?.breaker).toEqual(breaker);
  expect(intakesOf(BREAKER.replace(/breaker: .*/, 'breaker: {}')).system?.intakes?.[0]?.breaker).toEqual(breaker);
  expect(intakesOf(BREAKER.replace(/ *breaker: .*/, '')).system?.intakes?.[0]?.breaker).toBeUndefined();
  for (const on of ['[422]', '[200]', '[slow]', '[]', '503'])
    expect([on, intakesOf(BREAKER.replace(/on: \[.*?\]/, `on: ${on}`)).diagnostics.length]).toEqual([on, 1]);
});
