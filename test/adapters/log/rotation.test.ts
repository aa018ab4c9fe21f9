// Files that are renamed, cut off, compressed, gone, not there yet or no files at all: what is counted, and what is said.

import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  linkSync,
  mkdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { describe, expect, test } from 'vitest';
import { hashOf, numberOf } from '../../../src/adapters/log/place.ts';
import { inFolder, type LogFolder } from './kit.ts';

const INFO = 'log_lines INFO';

describe('rotation by rename', () => {
  test('is followed: the rest of the old file first, then the new one from its beginning', () =>
    inFolder({}, async (log) => {
      log.write('INFO 1\n');
      await log.read();
      log.write('INFO 2\nINFO 3\n');
      log.rotate();
      log.write('WARN 4\n');
      expect(await log.counts()).toEqual({ [INFO]: 2, 'log_lines WARN': 1 });
      expect(await log.counts()).toEqual({});
    }));

  test('leaves nothing out when the new file is not there yet, or Belay was killed in between', () =>
    inFolder({}, async (log) => {
      log.write('INFO 1\n');
      await log.read();
      log.write('INFO 2\n');
      log.rotate();
      expect(await log.counts()).toEqual({ [INFO]: 1 });
      log.restart();
      log.write('INFO 3\n', 'app.log.1');
      expect(await log.counts()).toEqual({ [INFO]: 1 });
      log.write('WARN 4\n');
      log.restart();
      expect(await log.counts()).toEqual({ 'log_lines WARN': 1 });
    }));

  test('hears a writer that has not let go of the old file, half lines and all', () =>
    inFolder({}, async (log) => {
      log.write('INFO 1\nINF');
      await log.read();
      log.rotate();
      log.write('WARN 2\n');
      expect(await log.counts()).toEqual({ 'log_lines WARN': 1 });
      log.write('O 1b\nINFO late\n', 'app.log.1');
      log.restart();
      expect(await log.counts()).toEqual({ [INFO]: 2 });
      log.write('INFO later\n', 'app.log.1');
      expect(await log.counts()).toEqual({ [INFO]: 1 });
      expect(await log.counts()).toEqual({});
    }));

  test('reads every file that came and went while Belay was away, in their order', () =>
    inFolder({ pattern: '^(?<n>\\d+)' }, async (log) => {
      log.write('1\n');
      await log.read();
      for (const text of ['2\n', '3\n', '4\n4b\n', '']) {
        log.write(text);
        log.rotate();
      }
      log.write('5\n');
      log.restart();
      const { samples } = await log.read();
      expect(samples.map((one) => ('labels' in one ? one.labels['n'] : ''))).toEqual(['2', '3', '4', '5']);
      expect((await log.read()).samples).toEqual([]);
    }));

  test.each([
    ['app.log-20251126', 'app.log-20251127', 'app.log-20251128'],
    ['app.log.2025-11-26T09', 'app.log.2025-11-26T10', 'app.log.2025-11-26T11'],
    ['app-20251126.log', 'app-20251127.log', 'app-20251128.log'],
  ])('by date is followed in order: %s', (first, second, third) =>
    inFolder({ pattern: '^(?<n>\\w+)' }, async (log) => {
      // Neighbours that are other logs, or older.
      log.write('error\n', 'app-error.log');
      log.write('old\n', first.replace('2025', '2024'));
      log.write('1\n');
      await log.read();
      log.write('2\n');
      renameSync(log.at(), log.at(first));
      log.write('3\n', second);
      log.write('4\n', third);
      log.write('5\n');
      const { samples } = await log.read();
      expect(samples.map((one) => ('labels' in one ? one.labels['n'] : ''))).toEqual(['2', '3', '4', '5']);
      expect((await log.read()).samples).toEqual([]);
    }),
  );

  test('into names that are no order still reads the file itself and the new one', () =>
    inFolder({}, async (log) => {
      log.write('INFO 1\n');
      await log.read();
      log.write('INFO 2\n');
      renameSync(log.at(), log.at('app.log.old'));
      log.write('WARN\n', 'app.log.older');
      log.write('INFO 3\n');
      expect(await log.counts()).toEqual({ [INFO]: 2 });
    }));

  test('stops at 8 MiB within the old file and goes on there', () =>
    inFolder({}, async (log) => {
      log.write('INFO 1\n');
      await log.read();
      log.write(`INFO ${'x'.repeat(1_000)}\n`.repeat(10_000));
      log.rotate();
      log.write('WARN 4\n');
      const first = await log.counts();
      expect(first['log_lines WARN']).toBeUndefined();
      log.restart();
      const second = await log.counts();
      expect([(first[INFO] ?? 0) + (second[INFO] ?? 0), second['log_lines WARN']]).toEqual([10_000, 1]);
    }));

  test('in the middle of a reading loses nothing and troubles nobody, whichever names have moved already', () =>
    inFolder({ pattern: '^(?<n>\\d+)' }, async (log) => {
      const seen: string[] = [];
      const troubles: string[] = [];
      const counted = async (): Promise<void> => {
        const batch = await log.read();
        if (!batch.alive) troubles.push(batch.reason ?? '');
        for (const one of batch.samples) if ('labels' in one) seen.push(`${one.labels['n']}`);
      };
      let n = 1;
      const line = (): void => {
        n += 1;
        log.write(`${n}\n`);
      };
      log.write('1\n');
      await counted();
      for (let round = 0; round < 60; round += 1) {
        for (let more = 0; more < 1 + (round % 3); more += 1) {
          line();
          log.rotate();
        }
        line();
        const reading = counted();
        for (let wait = 0; wait < round % 20; wait += 1) await new Promise((resolve) => setImmediate(resolve));
        log.rotate();
        line();
        await reading;
      }
      for (let last = 0; last < 4; last += 1) await counted();
      expect(troubles).toEqual([]);
      expect(seen.map(Number).sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, index) => index + 1));
    }));
});

describe('a file that is cut off in place', () => {
  test('is read from its beginning', () =>
    inFolder({}, async (log) => {
      log.write('INFO 1\nINFO 2\n');
      await log.read();
      copyFileSync(log.at(), log.at('app.log.1'));
      truncateSync(log.at());
      expect(await log.counts()).toEqual({});
      log.write('INFO 3\n');
      expect(await log.counts()).toEqual({ [INFO]: 1 });
    }));

  test('is read from its beginning also when it is longer again than it was', () =>
    inFolder({}, async (log) => {
      log.write('INFO 1\nINFO 2\n');
      await log.read();
      truncateSync(log.at());
      log.write('INFO 3\nINFO 4\nINFO 5\nINFO 6\n');
      expect(await log.counts()).toEqual({ [INFO]: 4 });
    }));
});

describe('what cannot be read', () => {
  const rotatedAway = async (log: LogFolder, away: () => void): Promise<void> => {
    log.write('INFO 1\n');
    await log.read();
    log.write('INFO 2\n');
    log.rotate();
    away();
    log.write('INFO 3\n');
  };

  test('because it was compressed is said once, then counted, and the new file is begun', () =>
    inFolder({}, async (log) => {
      await rotatedAway(log, () => execFileSync('gzip', [log.at('app.log.1')]));
      expect(await log.read()).toMatchObject({
        alive: false,
        samples: [],
        reason: 'app.log was rotated before it was read to its end: compressed files cannot be read (app.log.1.gz)',
      });
      expect(await log.counts()).toEqual({ [INFO]: 1, log_rotations_lost: 1 });
      expect(await log.counts()).toEqual({});
    }));

  test('because it is gone is said once, then counted, and the new file is begun', () =>
    inFolder({}, async (log) => {
      await rotatedAway(log, () => unlinkSync(log.at('app.log.1')));
      expect(await log.read()).toMatchObject({ alive: false, reason: expect.stringMatching(/that file is gone$/) });
      expect(await log.peek()).toMatchObject({ alive: true });
      expect(await log.counts()).toEqual({ [INFO]: 1, log_rotations_lost: 1 });
    }));

  test('because a file between was compressed costs that file alone', () =>
    inFolder({}, async (log) => {
      log.write('INFO 1\n');
      await log.read();
      for (const text of ['INFO 2\n', 'WARN 3\n', 'INFO 4\n']) {
        log.write(text);
        log.rotate();
      }
      execFileSync('gzip', [log.at('app.log.2')]);
      log.write('INFO 5\n');
      expect(await log.read()).toMatchObject({ alive: false, reason: expect.stringContaining('app.log.2.gz') });
      expect(await log.counts()).toEqual({ [INFO]: 3, log_rotations_lost: 1 });
      expect(await log.counts()).toEqual({});
    }));

  test('after it was read to its end and compressed later is no loss', () =>
    inFolder({}, async (log) => {
      log.write('INFO 1\n');
      await log.read();
      log.rotate();
      log.write('INFO 2\n');
      await log.read();
      execFileSync('gzip', [log.at('app.log.1')]);
      log.write('INFO 3\n');
      expect(await log.counts()).toEqual({ [INFO]: 1 });
      expect(log.cursor['oldInode']).toBe(0);
    }));

  test('because it is not there is quiet: no lines, no trouble, and nothing forgotten', () =>
    inFolder({}, async (log) => {
      expect(await log.read()).toMatchObject({ alive: true, samples: [] });
      log.write('INFO 1\n');
      await log.read();
      renameSync(log.at(), log.at('hidden'));
      expect(await log.read()).toMatchObject({ alive: true, samples: [] });
      renameSync(log.at('hidden'), log.at());
      log.write('INFO 2\n');
      expect(await log.counts()).toEqual({ [INFO]: 1 });
    }));

  test('because it is a folder, a pipe or a ring of links is told with its reason, and does not hang', () =>
    inFolder({}, async (log) => {
      mkdirSync(log.at());
      expect(await log.read()).toMatchObject({ alive: false, samples: [], reason: `${log.at()} is not a regular file` });
      rmdirSync(log.at());
      execFileSync('sh', ['-c', `mkfifo '${log.at()}'`]);
      expect(await log.read()).toMatchObject({ alive: false, reason: `${log.at()} is not a regular file` });
      unlinkSync(log.at());
      symlinkSync(log.at(), log.at());
      expect(await log.read()).toMatchObject({ alive: false, reason: expect.stringMatching(/^ELOOP/) });
      unlinkSync(log.at());
      log.write('INFO 1\n');
      expect(await log.counts()).toEqual({ [INFO]: 1 });
    }));

  test('because its folder is a file is told with its reason', () =>
    inFolder({ path: 'folder/app.log' }, async (log) => {
      writeFileSync(log.at('folder'), '');
      expect(await log.read()).toMatchObject({ alive: false, reason: expect.stringMatching(/^ENOTDIR/) });
      rmSync(log.at('folder'));
      expect(await log.read()).toMatchObject({ alive: true });
    }));
});

test('a path that is a link is read through it, and followed to where it points next', () =>
  inFolder({}, async (log) => {
    log.write('INFO 1\n', 'app.log.1');
    symlinkSync('app.log.1', log.at());
    expect(await log.counts()).toEqual({ [INFO]: 1 });
    log.write('INFO 2\n', 'app.log.1');
    unlinkSync(log.at());
    log.write('WARN 3\n', 'app.log.2');
    symlinkSync('app.log.2', log.at());
    expect(await log.counts()).toEqual({ [INFO]: 1, 'log_lines WARN': 1 });
  }));

test('another file under the same inode is not taken for the one that was read', () =>
  inFolder({}, async (log) => {
    log.write('INFO 1\n');
    await log.read();
    linkSync(log.at(), log.at('same-inode'));
    writeFileSync(log.at('same-inode'), 'WARN 1\nWARN 2\n');
    expect(await log.counts()).toEqual({ 'log_lines WARN': 2 });
  }));

test('an inode is kept as it is while a number can hold it, else as a hash of 48 bits', () => {
  expect(numberOf(12n)).toBe(12);
  expect(numberOf(BigInt(Number.MAX_SAFE_INTEGER))).toBe(Number.MAX_SAFE_INTEGER);
  const large = numberOf(2n ** 63n + 1n);
  expect(large).toBe(hashOf(Buffer.from('9223372036854775809')));
  expect(large).toBeLessThan(2 ** 48);
  expect(numberOf(2n ** 63n + 2n)).not.toBe(large);
});
