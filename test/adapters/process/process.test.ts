// Programs by argv, their groups, their output, and who a pid is. Real processes only.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { createProcesses } from '../../../src/adapters/process/index.ts';
import { eventually } from '../../world/parts/shop.ts';

const processes = createProcesses();
const script = (code: string, ...args: string[]): [string, ...string[]] => [process.execPath, '-e', code, ...args];
const dirs: string[] = [];
afterEach(() => {
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true, force: true });
});
const folder = (): string => {
  const dir = mkdtempSync(join(tmpdir(), 'belay-process-'));
  dirs.push(dir);
  return dir;
};

describe('running a program', () => {
  it('gives back code and output, and a code that is not zero is a result', async () => {
    expect(await processes.run(script('console.log("out"); console.error("err"); process.exit(3)'), { timeoutMs: 10_000 })).toEqual({
      code: 3,
      stdout: 'out\n',
      stderr: 'err\n',
    });
  });

  it('tells the end by a signal as shells do', async () => {
    expect(
      (await processes.run(script('process.kill(process.pid, "SIGTERM"); setTimeout(() => {}, 5000)'), { timeoutMs: 10_000 })).code,
    ).toBe(143);
  });

  it('runs where it is told, with nothing of our environment but a path', async () => {
    const dir = folder();
    const { stdout } = await processes.run(script('console.log(process.cwd()); console.log(Object.keys(process.env).sort().join())'), {
      cwd: dir,
      env: { WHO: 'ana' },
      timeoutMs: 10_000,
    });
    expect(stdout).toBe(`${dir}\nPATH,WHO\n`);
  });

  it('hands over every argument as it is: there is no shell', async () => {
    const argument = fc
      .string({ unit: 'binary', maxLength: 40 })
      .filter((text) => !text.includes('\0') && Buffer.from(text, 'utf8').toString('utf8') === text);
    await fc.assert(
      fc.asyncProperty(fc.array(argument, { maxLength: 20 }), async (args) => {
        const hostile = [...args, '$(touch pwned)', '; rm -rf .', '`id`', '*', '--', '-e'];
        const { stdout } = await processes.run(script('console.log(JSON.stringify(process.argv.slice(1)))', '--', ...hostile), {
          timeoutMs: 10_000,
        });
        expect(JSON.parse(stdout)).toEqual(hostile);
      }),
      { numRuns: 10 },
    );
  });

  it.each([
    ['is not there', ['belay-no-such-program'] as const],
    ['has an impossible argument', ['true', 'a\0b'] as const],
  ])('says that nothing happened when the program %s', async (_what, argv) => {
    await expect(processes.run(argv, { timeoutMs: 1_000 })).rejects.toMatchObject({ code: 'BELAY_PROCESS_FAILED', effect: 'none' });
  });

  it('ends the whole group when its time is over, those that ignore the polite signal included', async () => {
    const pids = join(folder(), 'pids');
    const deaf = `process.on("SIGTERM", () => {}); require("fs").appendFileSync(${JSON.stringify(pids)}, process.pid + "\\n"); setInterval(() => {}, 1000);`;
    const parent = `require("child_process").spawn(process.execPath, ["-e", ${JSON.stringify(deaf)}], { stdio: "inherit" }); ${deaf}`;
    await expect(processes.run(script(parent), { timeoutMs: 600 })).rejects.toMatchObject({ code: 'BELAY_TIMEOUT', effect: 'unknown' });
    const started = readFileSync(pids, 'utf8').trim().split('\n').map(Number);
    expect(started).toHaveLength(2);
    await eventually(
      () => Promise.all(started.map((pid) => processes.inspect(pid))),
      (seen) => seen.every((one) => one === null),
    );
  });

  it('does not wait for a child that stays behind with our pipes', async () => {
    const began = performance.now();
    const left =
      'const c = require("child_process").spawn(process.execPath, ["-e", "setTimeout(() => {}, 4000)"], { stdio: "inherit" }); console.log(c.pid); c.unref();';
    const { stdout } = await processes.run(script(left), { timeoutMs: 10_000 });
    expect(performance.now() - began).toBeLessThan(3_000);
    process.kill(Number(stdout), 'SIGKILL');
  });

  it('keeps the beginning and the end of endless output', async () => {
    const small = createProcesses({ maxOutputBytes: 100 });
    const { stdout } = await small.run(script('process.stdout.write("first" + "x".repeat(100000) + "last")'), { timeoutMs: 10_000 });
    expect(stdout).toMatch(/^first[x]+\n\[\d+ bytes left out\]\nx+last$/);
    expect(stdout.length).toBeLessThan(200);
  });
});

describe('who a pid is', () => {
  it('is told with its start, the same each time, and not for the dead', async () => {
    const child = spawn(...(([program, ...args]) => [program, args] as const)(script('setInterval(() => {}, 1000)')));
    const seen = await processes.inspect(child.pid ?? 0);
    expect(seen).toMatchObject({ pid: child.pid });
    expect(Math.abs(Date.now() - (seen?.startedAt ?? 0))).toBeLessThan(3_000);
    expect((await processes.inspect(child.pid ?? 0))?.start).toBe(seen?.start);
    const gone = new Promise((resolve) => child.once('exit', resolve));
    await processes.signal({ pid: child.pid ?? 0, start: seen?.start ?? '' }, 'SIGKILL');
    await gone;
    expect(await processes.inspect(child.pid ?? 0)).toBeNull();
  });

  it('is proven before a signal is sent: another process of that number gets none', async () => {
    const self = await processes.self();
    expect(self).toMatchObject({ pid: process.pid });
    await expect(processes.signal({ pid: self.pid, start: 'another' }, 'SIGKILL')).rejects.toMatchObject({
      code: 'BELAY_PROCESS_FAILED',
      effect: 'none',
    });
    await expect(processes.signal({ pid: 4_194_303, start: '' }, 'SIGHUP')).rejects.toMatchObject({ code: 'BELAY_PROCESS_FAILED' });
    await expect(processes.signal(self, 'HUP')).rejects.toMatchObject({ code: 'BELAY_PROCESS_FAILED', message: 'there is no signal HUP' });
  });

  it.each([0, -1, 1.5, Number.NaN])('is nobody for %s', async (pid) => {
    expect(await processes.inspect(pid)).toBeNull();
  });
});

describe('lock files', () => {
  it('are held by one at a time, within a process and between processes', async () => {
    const lock = join(folder(), '.belay-lock');
    let holders = 0;
    let most = 0;
    const others = [createProcesses(), createProcesses(), processes, processes];
    await Promise.all(
      others.flatMap(({ locks }) =>
        [1, 2, 3].map(() =>
          locks.hold(lock, { waitMs: 10_000 }, async () => {
            holders += 1;
            most = Math.max(most, holders);
            await new Promise((resolve) => setTimeout(resolve, 5));
            holders -= 1;
          }),
        ),
      ),
    );
    expect(most).toBe(1);
    expect(existsSync(lock)).toBe(false);
  });

  it('of a dead process are taken, by one of several who try at once', async () => {
    const lock = join(folder(), '.belay-lock');
    for (let round = 0; round < 20; round += 1) {
      writeFileSync(lock, '4194303\n12345\n');
      let holders = 0;
      const all = Array.from({ length: 4 }, () =>
        createProcesses().locks.hold(lock, { waitMs: 10_000 }, async (held) => {
          await held.assertHeld();
          holders += 1;
          expect(holders).toBe(1);
          await new Promise((resolve) => setTimeout(resolve, 1));
          holders -= 1;
        }),
      );
      await Promise.all(all);
    }
    expect(existsSync(lock)).toBe(false);
  });

  it('without a pid are never taken: only a person may remove them', async () => {
    const lock = join(folder(), '.belay-lock');
    writeFileSync(lock, '');
    const refused = processes.locks.hold(lock, { waitMs: 50 }, async () => undefined);
    await expect(refused).rejects.toMatchObject({ code: 'BELAY_LOCK_HELD', effect: 'none', hint: expect.stringContaining('Remove') });
    expect(existsSync(lock)).toBe(true);
  });

  it('that somebody has taken away are noticed before the next change', async () => {
    const lock = join(folder(), '.belay-lock');
    const work = processes.locks.hold(lock, { waitMs: 50 }, async (held) => {
      await held.assertHeld();
      rmSync(lock);
      await held.assertHeld();
    });
    await expect(work).rejects.toMatchObject({ code: 'BELAY_LOCK_HELD', effect: 'none' });
  });

  it('are let go when the work fails, and its error is told', async () => {
    const lock = join(folder(), '.belay-lock');
    await expect(processes.locks.hold(lock, { waitMs: 50 }, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    await expect(processes.locks.hold(lock, { waitMs: 50 }, async () => 'next')).resolves.toBe('next');
    await expect(processes.locks.hold(join(folder(), 'no', 'folder'), { waitMs: 50 }, async () => 1)).rejects.toMatchObject({
      code: 'BELAY_TARGET_UNREACHABLE',
    });
  });
});
