// The files source on a real folder: what was written when, what is too small, what is from the future, and what cannot be read.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createFilesReader, type FilesSpec } from '../../../src/adapters/files/index.ts';
import { namesOf } from '../../../src/adapters/files/names.ts';
import { systemTime } from '../../../src/adapters/system/index.ts';
import { BelayError } from '../../../src/domain/errors.ts';
import type { Batch } from '../../../src/domain/signal.ts';
import { polled } from '../../../src/flows/detect/poll.ts';
import { signalSourceContract } from '../../contracts/signal-source.ts';
import { DetectWorld } from '../../flows/detect-world.ts';
import { demandTame, exampleOf, NEVER, saidIn, sourceIn } from '../api-source.ts';

const NOON = Date.parse('2026-11-27T12:00:00Z');

function folder(): string {
  const made = mkdtempSync(path.join(tmpdir(), 'belay-files-'));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}
function write(dir: string, name: string, o: { readonly ageS?: number; readonly bytes?: number } = {}): void {
  const file = path.join(dir, name);
  writeFileSync(file, 'x'.repeat(o.bytes ?? 5));
  const at = NOON / 1000 - (o.ageS ?? 0);
  utimesSync(file, at, at);
}
function readerOf(dir: string, o: Partial<FilesSpec> = {}, now = NOON) {
  const spec: FilesSpec = { id: 'dumps', driver: 'files', folder: dir, match: '*', least: 1, everyMs: 20, timeoutMs: 2_000, ...o };
  return createFilesReader(spec, { time: { ...systemTime, now: () => now }, baseDir: '/' });
}
const read = (dir: string, o: Partial<FilesSpec> = {}): Promise<Batch> => readerOf(dir, o).read(NEVER, {});

signalSourceContract('the files adapter', async () => {
  const made = mkdtempSync(path.join(tmpdir(), 'belay-files-'));
  write(made, 'a.dump');
  const waiting: (() => void)[] = [];
  const one = readerOf(made);
  return {
    source: polled(
      {
        ...one,
        read: async (signal, from) => {
          const batch = await one.read(signal, from);
          for (const wake of waiting.splice(0)) wake();
          return batch;
        },
      },
      systemTime,
    ),
    beat: async (count) => {
      for (let n = 0; n <= count; n += 1)
        await Promise.race([new Promise<void>((resolve) => waiting.push(resolve)), systemTime.sleep(500)]);
    },
    trouble: async (on) => {
      if (on) rmSync(made, { recursive: true });
      else mkdirSync(made);
      if (!on) write(made, 'a.dump');
    },
    close: async () => rmSync(made, { recursive: true, force: true }),
  };
});

describe('a folder', () => {
  test('tells when the newest file was written and how large it is, by the labels of its name', async () => {
    const dir = folder();
    write(dir, 'crm-acme-1.dump', { ageS: 7_200, bytes: 10 });
    write(dir, 'crm-acme-2.dump', { ageS: 3_600, bytes: 20 });
    write(dir, 'crm-globex-1.dump', { ageS: 60 });
    write(dir, 'other.txt');
    const batch = await read(dir, { match: 'crm-{org}-*.dump' });
    expect(saidIn(batch, 'org')).toEqual({
      'files{acme}': 2,
      'files_ignored{acme}': 0,
      'file_newest_seconds{acme}': NOON / 1000 - 3_600,
      'file_newest_bytes{acme}': 20,
      'files{globex}': 1,
      'files_ignored{globex}': 0,
      'file_newest_seconds{globex}': NOON / 1000 - 60,
      'file_newest_bytes{globex}': 5,
    });
  });

  test('without a file says so, and gives no time of one', async () => {
    expect(saidIn(await read(folder()))).toEqual({ files: 0, files_ignored: 0 });
  });

  test('passes over what is too small, from the future, a link or a folder', async () => {
    const dir = folder();
    write(dir, 'good', { ageS: 100, bytes: 2_000 });
    write(dir, 'small', { ageS: 5, bytes: 3 });
    write(dir, 'ahead', { ageS: -3_600, bytes: 2_000 });
    write(dir, 'a-bit-ahead', { ageS: -60, bytes: 3_000 });
    symlinkSync(path.join(dir, 'good'), path.join(dir, 'latest'));
    mkdirSync(path.join(dir, 'inner'));
    expect(saidIn(await read(dir, { least: 1_000 }))).toEqual({
      files: 2,
      files_ignored: 2,
      file_newest_seconds: NOON / 1000,
      file_newest_bytes: 3_000,
    });
  });

  test('that is not there, is a file, or may not be read is a dead reading with its reason', async () => {
    const dir = folder();
    write(dir, 'file');
    expect(await read(path.join(dir, 'none'))).toMatchObject({
      alive: false,
      samples: [],
      reason: expect.stringMatching(/none: it cannot be read \(ENOENT\)$/),
    });
    expect(await read(path.join(dir, 'file'))).toMatchObject({ alive: false, reason: expect.stringMatching(/\(ENOTDIR\)$/) });
    expect(await read('/a\0b')).toMatchObject({ alive: false, reason: expect.stringMatching(/cannot be the path of a folder$/) });
    if (process.getuid?.() === 0) return;
    chmodSync(dir, 0);
    expect(await read(dir)).toMatchObject({ alive: false, reason: expect.stringMatching(/\(EACCES\)$/) });
  });

  test('with more files than can be meant is a dead reading that says what to do', async () => {
    const dir = folder();
    for (let n = 0; n <= 5_000; n += 1) writeFileSync(path.join(dir, `f${n}`), 'x');
    expect(await read(dir)).toMatchObject({ alive: false, reason: expect.stringMatching(/more than 5000 files are meant: narrow match$/) });
    expect(await read(dir, { match: 'f10*' })).toMatchObject({ alive: true });
  });
});

describe('a match', () => {
  test.each<readonly [string, string, Readonly<Record<string, string>> | null]>([
    ['*', 'anything', {}],
    ['*.dump', 'a.dump', {}],
    ['*.dump', 'a.dump.part', null],
    ['a?c', 'abc', {}],
    ['a?c', 'ac', null],
    ['crm-{org}-*.dump', 'crm-acme-2026-11-27.dump', { org: 'acme' }],
    ['crm-{org}-{day}.dump', 'crm--1.dump', null],
    ['{org}.{kind}', 'acme.dump', { org: 'acme', kind: 'dump' }],
    ['a.c', 'abc', null],
    ['[ab]+$', '[ab]+$', {}],
  ])('%s against %s gives %j', (pattern, name, labels) => {
    expect(namesOf('dumps', pattern).match(name)).toEqual(labels);
  });

  test.each(['', 'a/b', '{1x}', '{}', '{a}{a}', '*?*?*?*?*'])('%j is refused at opening', (pattern) => {
    expect(() => namesOf('dumps', pattern)).toThrow(/^source dumps: match: /);
  });

  test('of many stars answers at once about a long name', () => {
    const names = namesOf('dumps', '*a*a*a*a*a*a*a*b');
    const began = performance.now();
    expect(names.match('a'.repeat(255))).toBeNull();
    expect(performance.now() - began).toBeLessThan(500);
  });

  test('is kept or refused for ten thousand patterns and names, and its labels stand in the name', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '-', '.', '*', '?', '{a}', '{b}', '{', '}', '/', '\u0000'), maxLength: 10 });
    let kept = 0;
    fc.assert(
      fc.property(text, fc.string({ unit: fc.constantFrom('a', 'b', '-', '.', '{', '\u0000'), maxLength: 12 }), (pattern, name) => {
        try {
          const labels = namesOf('dumps', pattern).match(name);
          if (labels === null) return;
          kept += 1;
          for (const value of Object.values(labels)) if (value === '' || !name.includes(value)) throw new Error(`${pattern} ${name}`);
        } catch (error) {
          if (!BelayError.is(error, 'BELAY_CONFIG_INVALID')) throw error;
        }
      }),
      { numRuns: 10_000 },
    );
    expect(kept).toBeGreaterThan(100);
  });
});

test('the example of the page breaches for the organization whose dump is too old, and clears with a new one', async () => {
  const dir = folder();
  const { system, text } = exampleOf('files', { from: '/var/backups/crm', to: dir });
  const spec = sourceIn(system, 'files');
  const world = new DetectWorld(system);
  world.clock.nowMs = NOON;
  const reader = createFilesReader(spec, { time: { ...systemTime, now: () => world.clock.nowMs }, baseDir: '/' });
  const pass = async (readings: number): Promise<void> => {
    for (let n = 0; n < readings; n += 1) {
      world.clock.nowMs += spec.everyMs;
      const batch = await reader.read(NEVER, {});
      demandTame(batch, text);
      await world.detector.ingest(batch);
    }
  };
  write(dir, 'crm-acme-1.dump', { ageS: 25.9 * 3_600, bytes: 2_000 });
  write(dir, 'crm-globex-1.dump', { bytes: 2_000 });
  await pass(4);
  expect(await world.path('acme', 'dump-too-old')).toEqual([]);
  // What broke off early is no dump.
  write(dir, 'crm-acme-2.dump', { bytes: 20 });
  await pass(6);
  expect((await world.path('acme', 'dump-too-old')).at(-1)).toBe('suspect→breached');
  write(dir, 'crm-acme-2.dump', { bytes: 2_000 });
  await pass(10);
  expect(await world.path('acme', 'dump-too-old')).toContain('breached→cleared');
  expect(await world.path('globex', 'dump-too-old')).toEqual([]);
});
