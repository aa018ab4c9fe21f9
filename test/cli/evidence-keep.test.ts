// `belay evidence keep`, as people type it: words, a file, and what is no record.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type LivingDoor, livingDoor } from './belay.ts';

let door: LivingDoor;
beforeEach(async () => {
  door = await livingDoor();
});
afterEach(() => door.remove());

const kept = (): readonly string[] => door.story.commands.asked.filter((one) => one.startsWith('keepEvidence'));
const keep = (...typed: readonly string[]) => door.belay(['evidence', 'keep', 'INC-1', 'restored-at', ...typed]);

test('words and the whole of a file are kept under the name that the runbook asks for', async () => {
  const file = path.join(door.dataDir, 'excerpt.log');
  writeFileSync(file, 'ERROR 500\nçã\n');
  const words = await keep('at', '09:14');
  expect({ code: words.code, out: words.out }).toEqual({ code: 0, out: expect.stringContaining('restored-at is kept in INC-1') as string });
  expect((await keep('--file', file)).code).toBe(0);
  expect(kept().map((one) => one.replace(/^keepEvidence \S+ /, ''))).toEqual(['restored-at at 09:14', 'restored-at ERROR 500\nçã\n']);
});

test('nothing, a file that is too long, one that is not there and a folder keep nothing, and say what to type', async () => {
  const long = path.join(door.dataDir, 'long.log');
  writeFileSync(long, 'x'.repeat(65_537));
  const folder = path.join(door.dataDir, 'folder');
  mkdirSync(folder);
  expect(await keep()).toMatchObject({ code: 2, err: expect.stringContaining('There is nothing to keep') as string });
  expect(await keep('--file', long)).toMatchObject({ code: 2, err: expect.stringContaining('nothing was kept') as string });
  const none = path.join(door.dataDir, 'none');
  expect(await keep('--file', none)).toMatchObject({ code: 2, err: expect.stringContaining(`${none} cannot be read`) as string });
  expect(await keep('--file', folder)).toMatchObject({ code: 2, err: expect.stringContaining('Name a file') as string });
  expect(kept()).toEqual([]);
});
