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
