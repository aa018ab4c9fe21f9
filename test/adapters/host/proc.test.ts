// The texts of the kernel: as it writes them, and as nobody should.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { busyShare, cpuTimes, groupFolders, heldOf, limitOf, memoryOf } from '../../../src/adapters/host/proc.ts';

const STAT = 'cpu  214508 719 36363 232640 1213 0 6152 1133 40 5\ncpu0 109620 381 18247 113893 624 0 2937 537 40 5\nintr 1 2 3\n';
const MEMINFO = 'MemTotal:       24684092 kB\nMemFree:        19226328 kB\nMemAvailable:   23350924 kB\nBuffers:          170248 kB\n';

describe('/proc/stat', () => {
  test('busy is everything but idle and waiting, and guests are not counted twice', () => {
    expect(cpuTimes(STAT)).toEqual({ busy: 214508 + 719 + 36363 + 6152 + 1133, idle: 232640, waiting: 1213 });
  });

  test.each([
    ['nothing', ''],
    ['no line of all processors', STAT.slice(STAT.indexOf('cpu0'))],
    ['too few fields', 'cpu  1 2 3 4\n'],
    ['no end of the line', 'cpu  1 2 3 4 5 6 7 8'],
    ['a negative field', 'cpu  1 2 3 -4 5 6 7 8\n'],
    ['a field of twenty digits', `cpu  1 2 3 ${'9'.repeat(20)} 5 6 7 8\n`],
  ])('%s is not read', (_what, text) => {
    expect(cpuTimes(text)).toBeNull();
  });

  const at = (busy: number, idle: number, waiting = 0) => ({ busy, idle, waiting });
  test.each([
    ['half of the time', at(100, 100), at(150, 150), 0.5],
    ['waiting is idle', at(100, 100, 0), at(150, 120, 30), 0.5],
    ['all of the time, although waiting went back', at(100, 100, 9), at(150, 100, 5), 1],
    ['none of the time', at(100, 100), at(100, 101), 0],
    ['no time at all', at(100, 100), at(100, 100), null],
    ['counters that were set back', at(100, 100), at(3, 120), null],
    ['idle time that went back', at(100, 100), at(150, 90), null],
  ])('the share between two readings: %s', (_what, before, after, share) => {
    expect(busyShare(before, after)).toBe(share);
  });
});

describe('memory', () => {
  test('is what the kernel counts, in bytes', () => {
    expect(memoryOf(MEMINFO)).toEqual({ total: 24684092 * 1024, available: 23350924 * 1024 });
  });

  test.each([
    ['nothing', ''],
    ['no available memory (kernels before 3.14)', MEMINFO.replace(/MemAvailable.*\n/, '')],
    ['no memory at all', MEMINFO.replace('24684092', '0')],
    ['another unit', MEMINFO.replaceAll(' kB', ' MB')],
    ['a number too long', MEMINFO.replace('24684092', '9'.repeat(20))],
  ])('a count of memory with %s is not read', (_what, text) => {
    expect(memoryOf(text)).toBeNull();
  });

  test('a limit is a number; "max" is none', () => {
    expect(['max\n', '1073741824\n', '', '0\n', '-1\n', '1e9\n', '12 34\n'].map(limitOf)).toEqual([
      null,
      1073741824,
      null,
      null,
      null,
      null,
      null,
    ]);
  });

  test('of a group counts without the pages of files that can be had back', () => {
    expect(heldOf('1000\n', 'anon 300\ninactive_file 600\nactive_file 100\n')).toBe(400);
    expect(heldOf('500\n', 'inactive_file 600\n')).toBe(0);
    expect(heldOf('500\n', 'anon 1\n')).toBeNull();
    expect(heldOf('much\n', 'inactive_file 600\n')).toBeNull();
  });
});

test('groups are listed from the innermost outwards, and never lead out of the root of cgroup v2', () => {
  expect(groupFolders('0::/system.slice/belay.service\n')).toEqual(['system.slice/belay.service', 'system.slice', '']);
  expect(groupFolders('4:memory:/a/b\n0::/\n')).toEqual(['']);
  expect(groupFolders('0::/../../etc\n')).toEqual(['']);
  expect(groupFolders(`0::${'/a'.repeat(500)}\n`)).toEqual(['']);
  expect(groupFolders('4:memory:/a/b\n')).toEqual([]);
});

test('whatever the files hold, the answer is null or a number in its bounds, 10 000 times', () => {
  const scrap = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 12 }),
    fc.nat().map((number) => ` ${number}`),
    fc.bigInt({ min: 0n, max: 10n ** 21n }).map((number) => ` ${number}`),
    fc.constantFrom(
      ...[
        'cpu ',
        'cpu0',
        '\n',
        ' ',
        '-1',
        '1e9',
        'NaN',
        'MemTotal:   ',
        'MemAvailable: ',
        ' kB',
        'max',
        'inactive_file',
        '0::/',
        '/..',
        '/a',
        '\0',
      ],
    ),
  );
  const text = fc.array(scrap, { maxLength: 16 }).map((parts) => parts.join(''));
  const whole = fc.array(fc.nat({ max: 2 ** 31 - 1 }), { minLength: 8, maxLength: 10 }).map((words) => `cpu  ${words.join(' ')}\n`);
  let shares = 0;
  fc.assert(
    fc.property(fc.oneof(text, whole), fc.oneof(text, whole), (one, other) => {
      const [before, after] = [cpuTimes(one), cpuTimes(other)];
      const share = before === null || after === null ? null : busyShare(before, after);
      const memory = memoryOf(one);
      const folders = groupFolders(one);
      if (share !== null) shares += 1;
      const good = [
        share === null || (share >= 0 && share <= 1),
        memory === null || (Number.isSafeInteger(memory.total) && memory.total > 0 && memory.available >= 0),
        [limitOf(one), heldOf(one, other)].every((number) => number === null || number >= 0),
        folders.length <= 33 && !folders.some((folder) => folder.split('/').includes('..') || folder.startsWith('/')),
      ];
      if (good.includes(false)) throw new Error(JSON.stringify({ good, share, memory, folders }));
    }),
    { numRuns: 10_000 },
  );
  expect(shares).toBeGreaterThan(100);
});
