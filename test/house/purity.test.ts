// Time, chance, timers, the network and the environment stay out of the layers that must replay, and the environment has one reader.
import { describe, expect, test } from 'vitest';
import { environmentIn, IMPURE, promisesIn, type Use, usesOf } from './globals.ts';
import { ratchet } from './ratchet.ts';
import { under } from './source.ts';

const PLANTED = [
  'export const a = () => Date.now();',
  'export const a = () => new Date();',
  'export const a = (at: Date) => at;',
  'export const a = () => Math.random();',
  'export const a = () => crypto.randomUUID();',
  "export const a = () => fetch('http://127.0.0.1');",
  'export const a = () => setTimeout(() => undefined, 1);',
  "export const a = process.env['HOME'];",
  'export const a = () => globalThis;',
  'export const a = () => performance.now();',
];

const told = (file: string, uses: readonly Use[]): readonly string[] => uses.map((use) => `${file}:${use.line} ${use.name}`);
const all = (folders: readonly string[], find: (file: string) => readonly Use[]): readonly string[] =>
  under(...folders).flatMap((file) => told(file, find(file)));

describe('the scan for impure globals', () => {
  test.each(PLANTED)('reports: %s', (text) => {
    expect(usesOf(IMPURE, 'planted.ts', text)).not.toEqual([]);
  });

  test('leaves properties and own names of the same spelling alone', () => {
    const text = 'export const f = (process: { fetch: number }) => ({ Date: process.fetch });\nexport interface A { crypto: string }';
    expect(usesOf(IMPURE, 'planted.ts', text)).toEqual([]);
  });

  test('finds promises in every spelling', () => {
    expect(promisesIn('planted.ts', 'export async function a(p: Promise<void>) { await p; }').length).toBe(3);
  });

  test.each(["const a = process.env['A'];", 'const a = process.env;', 'const { env } = process;', "import { env } from 'node:process';"])(
    'finds the environment in: %s',
    (text) => {
      expect(environmentIn('planted.ts', text).length).toBeGreaterThan(0);
    },
  );
});

describe('purity of the layers', () => {
  test('domain, ports and flows take time, chance, ids and settings from outside', () => {
    expect(all(['src/domain', 'src/ports', 'src/flows'], (file) => usesOf(IMPURE, file))).toEqual([]);
  });

  test('domain holds no promise', () => {
    expect(all(['src/domain'], (file) => promisesIn(file))).toEqual([]);
  });

  test('the environment is read by main.ts, which hands it on, and by config/load.ts', () => {
    const readers = under('src').filter(
      (file) => file !== 'src/config/load.ts' && file !== 'src/main.ts' && environmentIn(file).length > 0,
    );
    ratchet('environmentReaders', readers);
  });

  test('requests leave through adapters/http only', () => {
    const users = under('src').filter((file) => !/^src\/(adapters\/http|web)\//.test(file) && usesOf(new Set(['fetch']), file).length > 0);
    ratchet('fetchUsers', users);
  });
});
