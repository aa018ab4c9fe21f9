// Refusals in a file: back as they were, private, and nothing that stands in the way of a start.
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createRefusalFile } from '../../../src/adapters/refusal-file/index.ts';
import type { Refusal } from '../../../src/domain/refusal.ts';

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'belay-refused-'));
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

const ONE: Refusal = {
  source: 'hooks',
  at: 1,
  status: 400,
  reason: 'no JSON',
  method: 'POST',
  path: '',
  bytes: 3,
  body: 'abc',
  more: 0,
};

test('refusals that were saved are there after a restart, for their owner alone', async () => {
  const file = createRefusalFile({ dataDir });
  expect(await file.load()).toEqual([]);
  await file.save([ONE]);
  await file.save([ONE, { ...ONE, at: 2, body: null }]);
  expect(await createRefusalFile({ dataDir }).load()).toEqual([ONE, { ...ONE, at: 2, body: null }]);
  expect(statSync(join(dataDir, 'refused.json')).mode & 0o777).toBe(0o600);
});

test.each(['', '{', '[1, null, {"source":"x"}]', '{"a":1}'])('a file that holds %j instead is as good as none', async (text) => {
  writeFileSync(join(dataDir, 'refused.json'), text);
  expect(await createRefusalFile({ dataDir }).load()).toEqual([]);
});
