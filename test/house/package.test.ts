// The manifest and the two commands: what package.json promises exists, and the words that people type are all there.
import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { publint } from 'publint';
import { expect, test } from 'vitest';
import { read, root } from './source.ts';

const manifest = JSON.parse(read('package.json')) as { scripts: Record<string, string>; bin: Record<string, string> };

test('publint finds no fault in the manifest', async () => {
  const { messages } = await publint({ pkgDir: root, pack: 'npm', strict: true });
  expect(messages.filter((message) => message.type === 'error')).toEqual([]);
});

test('the commands are those that CONTRIBUTING names, and no others', () => {
  const named = [...read('CONTRIBUTING.md').matchAll(/^\| `npm (?:run )?([\w:]+)` \|/gm)].map((match) => match[1] ?? '');
  expect(Object.keys(manifest.scripts).sort()).toEqual(named.sort());
});

test('every command goes through the bootstrap, so that any Node may type it', () => {
  expect(Object.values(manifest.scripts).filter((script) => !script.startsWith('node bin/bootstrap.mjs '))).toEqual([]);
});

test('belay is an executable file that exists', () => {
  expect(existsSync(path.join(root, manifest.bin['belay'] ?? ''))).toBe(true);
  expect(statSync(path.join(root, 'bin/belay.mjs')).mode & 0o111).not.toBe(0);
});

test('npm is kept silent, or its banner would spoil the JSON on stdout', () => {
  expect(read('.npmrc')).toMatch(/^loglevel=silent$/m);
});
