// The host source on the machine that the tests run on: its real processors, memory and disk, and what happens where they do not answer.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createDisk } from '../../../src/adapters/host/disk.ts';
import { createHostReader, type HostSpec } from '../../../src/adapters/host/index.ts';
import { linux, type Machine, portable, thisMachine } from '../../../src/adapters/host/machine.ts';
import { systemTime } from '../../../src/adapters/system/index.ts';
import type { Batch } from '../../../src/domain/signal.ts';
import { polled } from '../../../src/flows/detect/poll.ts';
import { lintFolder, told } from '../../config/workspace.ts';
import { signalSourceContract } from '../../contracts/signal-source.ts';

const SPEC: HostSpec = { id: 'machine', driver: 'host', everyMs: 20, timeoutMs: 1_000 };
const never = new AbortController().signal;

function folder(): string {
  const made = mkdtempSync(path.join(tmpdir(), 'belay-host-'));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

const readerOf = (o: { readonly path?: string; readonly baseDir?: string; readonly machine?: Machine } = {}) =>
  createHostReader(
    { ...SPEC, ...(o.path === undefined ? {} : { path: o.path }) },
    { time: systemTime, baseDir: o.baseDir ?? '/', ...(o.machine === undefined ? {} : { machine: o.machine }) },
  );

const values = ({ samples }: Batch): Readonly<Record<string, number>> =>
  Object.fromEntries(samples.map((sample) => (sample.kind === 'value' ? [sample.name, sample.value] : ['?', Number.NaN])));

signalSourceContract('the host adapter', async () => {
  const baseDir = mkdtempSync(path.join(tmpdir(), 'belay-host-'));
  const data = path.join(baseDir, 'data');
  mkdirSync(data);
  const waiting: (() => void)[] = [];
  const real = thisMachine();
  const cpu: Machine['cpu'] = () => {
    for (const wake of waiting.splice(0)) wake();
    return real.cpu();
  };
  const nextRead = () => new Promise<void>((resolve) => waiting.push(resolve));
  return {
    source: polled(readerOf({ path: 'data', baseDir, machine: { ...real, cpu } }), systemTime),
    // The last reading has been delivered when the next one begins.
    beat: async (count) => {
      for (let n = 0; n <= count; n += 1) await Promise.race([nextRead(), systemTime.sleep(200)]);
    },
    trouble: async (on) => {
      if (on) rmSync(data, { recursive: true });
      else mkdirSync(data);
    },
    close: async () => rmSync(baseDir, { recursive: true, force: true }),
  };
});

/** Keeps as many processors busy as there are; tells how many ms of them it really got. */
async function burn(count: number, ms: number): Promise<number> {
  const work = `const end = Date.now() + ${ms}; while (Date.now() < end); const { user, system } = process.cpuUsage(); console.log((user + system) / 1000)`;
  const burners = Array.from(
    { length: count },
    () =>
      new Promise<number>((resolve, reject) => {
        const child = spawn(process.execPath, ['-e', work], { stdio: ['ignore', 'pipe', 'inherit'] });
        let said = '';
        child.stdout.on('data', (chunk: Buffer) => {
          said += chunk.toString();
        });
        child.on('error', reject);
        child.on('close', () => resolve(Number(said)));
      }),
  );
  return (await Promise.all(burners)).reduce((sum, one) => sum + one, 0);
}

describe('this machine', () => {
  test('is as busy as the work that children do on it, and Node counts the same', async () => {
    const reader = readerOf();
    const first = await reader.read(never, {});
    expect(values(first)).toEqual({ host_memory_used: expect.any(Number) });
    const began = { at: performance.now(), node: await portable().cpu() };
    const burntMs = await burn(Math.min(8, cpus().length), 1_200);
    const used = values(await reader.read(never, {}))['host_cpu_used'] ?? Number.NaN;
    const node = await portable().cpu();
    const tookMs = performance.now() - began.at;
    const [busy, idle] = [node.busy - began.node.busy, node.idle - began.node.idle];
    expect(burntMs).toBeGreaterThan(500);
    expect(used).toBeGreaterThan(burntMs / (cpus().length * tookMs) - 0.08);
    expect(Math.abs(used - busy / (busy + idle))).toBeLessThan(0.08);
    expect(used).toBeLessThanOrEqual(1);
  });

  test('has memory and a disk that are used in part, as df says', async () => {
    const { host_memory_used: memory, host_disk_used: disk } = values(await readerOf({ path: '/' }).read(never, {}));
    expect(memory).toBeGreaterThan(0);
    expect(memory).toBeLessThan(1);
    const [, used, left] = /(\d+) +(\d+) +\d+%/.exec(execFileSync('df', ['-kP', '/'], { encoding: 'utf8' })) ?? [];
    expect(Math.abs((disk ?? Number.NaN) - Number(used) / (Number(used) + Number(left)))).toBeLessThan(0.01);
  });

  test('is told within 0 and 1 by what Node knows on other systems', async () => {
    const reader = readerOf({ machine: portable() });
    await reader.read(never, {});
    await systemTime.sleep(60);
    const told = Object.values(values(await reader.read(never, {})));
    expect(told.length).toBeGreaterThan(0);
    for (const value of told) expect(value >= 0 && value <= 1).toBe(true);
  });

  test('leaves the share out where no tick has passed between two readings', async () => {
    const machine: Machine = { cpu: async () => ({ busy: 5, idle: 5, waiting: 0 }), memory: async () => 0.5 };
    const reader = readerOf({ machine });
    await reader.read(never, {});
    expect(values(await reader.read(never, {}))).toEqual({ host_memory_used: 0.5 });
  });
});

describe('inside groups with limits', () => {
  const GIB = 1024 ** 3;
  function kernel(groups: Readonly<Record<string, { readonly max: string; readonly current: number; readonly files: number }>>) {
    const root = folder();
    const write = (name: string, text: string): void => {
      mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
      writeFileSync(path.join(root, name), text);
    };
    write('proc/meminfo', `MemTotal: ${(8 * GIB) / 1024} kB\nMemAvailable: ${(6 * GIB) / 1024} kB\n`);
    write('proc/self/cgroup', '0::/shop/belay\n');
    for (const [name, { max, current, files }] of Object.entries(groups)) {
      write(`cgroup/${name}/memory.max`, `${max}\n`);
      write(`cgroup/${name}/memory.current`, `${Math.round(current)}\n`);
      write(`cgroup/${name}/memory.stat`, `anon 1\ninactive_file ${Math.round(files)}\n`);
    }
    return { write, machine: linux({ proc: path.join(root, 'proc'), cgroup: path.join(root, 'cgroup') }) };
  }

  test('memory is the share of the limit, less the files that can be had back', async () => {
    const { machine } = kernel({ 'shop/belay': { max: String(GIB), current: 0.9 * GIB, files: 0.4 * GIB } });
    expect(await machine.memory()).toBeCloseTo(0.5, 6);
  });

  test('the limit that is nearest to its end counts', async () => {
    const { machine } = kernel({
      'shop/belay': { max: String(GIB), current: 0.2 * GIB, files: 0 },
      shop: { max: String(2 * GIB), current: 1.9 * GIB, files: 0 },
    });
    expect(await machine.memory()).toBeCloseTo(0.95, 6);
  });

  test('a limit that is none, or is beyond what the machine has, leaves the share of the machine', async () => {
    expect(await kernel({ 'shop/belay': { max: 'max', current: GIB, files: 0 } }).machine.memory()).toBeCloseTo(0.25, 6);
    expect(await kernel({ 'shop/belay': { max: String(9 * GIB), current: GIB, files: 0 } }).machine.memory()).toBeCloseTo(0.25, 6);
    expect(await kernel({}).machine.memory()).toBeCloseTo(0.25, 6);
  });

  test.each([
    ['proc/meminfo', 'MemTotal: much\n', /meminfo is not as the kernel writes it/],
    ['cgroup/shop/belay/memory.stat', 'nothing\n', /memory\.stat is not as the kernel writes it/],
    ['proc/stat', '<html>', /stat is not as the kernel writes it/],
  ])('a wrong %s is a dead reading', async (name, text, reason) => {
    const { machine, write } = kernel({ 'shop/belay': { max: String(GIB), current: GIB, files: 0 } });
    write('proc/stat', 'cpu  1 2 3 4 5 6 7 8 9 10\n');
    expect((await readerOf({ machine }).read(never, {})).alive).toBe(true);
    write(name, text);
    const batch = await readerOf({ machine }).read(never, {});
    expect(batch).toMatchObject({ alive: false, samples: [], reason: expect.stringMatching(reason) });
  });
});

describe('a disk', () => {
  test('that is not there is a dead reading, and comes back', async () => {
    const baseDir = folder();
    const reader = readerOf({ path: 'backup', baseDir });
    const gone = await reader.read(never, {});
    expect(gone).toMatchObject({ alive: false, samples: [], reason: expect.stringMatching(/ENOENT.*backup/) });
    mkdirSync(path.join(baseDir, 'backup'));
    const back = await reader.read(never, {});
    expect(back.samples).toContainEqual(expect.objectContaining({ name: 'host_disk_used', labels: { path: 'backup' } }));
  });

  test.skipIf(!existsSync('/proc'))('without a size, and a path that can be none, are dead readings', async () => {
    expect(await readerOf({ path: '/proc' }).read(never, {})).toMatchObject({ alive: false, reason: expect.stringMatching(/no size/) });
    expect(await readerOf({ path: 'a\0b' }).read(never, {})).toMatchObject({ alive: false, reason: expect.stringMatching(/cannot be/) });
  });

  test('that hangs is waited for once and asked once, until it answers', async () => {
    const answers: (() => void)[] = [];
    const ask = () =>
      new Promise<{ blocks: number; bfree: number; bavail: number }>((resolve) =>
        answers.push(() => resolve({ blocks: 100, bfree: 40, bavail: 20 })),
      );
    const disk = createDisk('/mnt', { time: systemTime, ask });
    await expect(disk(20, never)).rejects.toThrow('the disk of /mnt gave no answer within 20 ms');
    await expect(disk(20, never)).rejects.toThrow('the disk of /mnt has not answered since an earlier reading');
    expect(answers).toHaveLength(1);
    answers[0]?.();
    await systemTime.sleep(1);
    const next = disk(1_000, never);
    answers[1]?.();
    expect(await next).toBeCloseTo(0.75, 6);
  });

  test('is not waited for when Belay ends', async () => {
    const disk = createDisk('/mnt', { time: systemTime, ask: () => new Promise(() => undefined) });
    const stop = new AbortController();
    const asked = disk(60_000, stop.signal);
    stop.abort();
    await expect(asked).rejects.toThrow('gave no answer');
  });
});

test('the example of the documentation loads without a problem and reads this machine', async () => {
  const page = readFileSync(path.join(import.meta.dirname, '../../../docs/sources/host.md'), 'utf8');
  const where = folder();
  writeFileSync(path.join(where, 'belay.yaml'), /```yaml\n([\s\S]+?)```/.exec(page)?.[1] ?? '');
  const loaded = lintFolder(where);
  expect(told(loaded)).toEqual([]);
  const [spec] = loaded.system?.sources ?? [];
  if (spec?.driver !== 'host') throw new Error('the example has no host source');
  const reader = createHostReader(spec, { time: systemTime, baseDir: loaded.baseDir });
  await reader.read(never, {});
  await systemTime.sleep(60);
  const batch = await reader.read(never, {});
  expect(Object.keys(values(batch)).sort()).toEqual(['host_cpu_used', 'host_disk_used', 'host_memory_used']);
  for (const name of Object.keys(values(batch))) expect(page).toContain(`| \`${name}\` |`);
});
