// A real process with a pid file as a service: the contracts of the actions, and what must never be taken for it or killed.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createProcessService } from '../../../src/adapters/pid-file/index.ts';
import { createProcesses } from '../../../src/adapters/process/index.ts';
import { systemTime } from '../../../src/adapters/system/index.ts';
import { createActions } from '../../../src/flows/actions/index.ts';
import type { ServiceControl } from '../../../src/ports/service-control.ts';
import { actionContract } from '../../contracts/action.ts';

const processes = createProcesses();
const ARGS = { service: 'web' };
/** Begins what lives on, writes its number down, and ends. */
const START = ['/bin/sh', '-c', 'sleep 300 >/dev/null 2>&1 & echo $! > web.pid'];
const STUBBORN = ['/bin/sh', '-c', `sh -c 'trap "" TERM; while :; do sleep 0.2; done' >/dev/null 2>&1 & echo $! > web.pid`];

function serviceIn(folder: string, o: { readonly start?: readonly string[]; readonly graceMs?: number } = {}): ServiceControl {
  return createProcessService(
    { pidFile: 'web.pid', start: o.start ?? START, graceMs: o.graceMs ?? 5_000, timeoutMs: 10_000 },
    { processes, time: systemTime, baseDir: folder },
  );
}

function folderOf(): { readonly folder: string; readonly close: () => Promise<void> } {
  const folder = mkdtempSync(path.join(tmpdir(), 'belay-pid-file-'));
  const close = async (): Promise<void> => {
    for (const { life } of (await serviceIn(folder).look()).units) process.kill(Number(life.split('@')[0]), 'SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  };
  return { folder, close };
}

for (const name of ['service.restart', 'service.stop', 'service.start']) {
  actionContract(`${name} on a process`, async () => {
    const { folder, close } = folderOf();
    const service = serviceIn(folder);
    if (name !== 'service.start') await service.start(null as never);
    const action = createActions({ targets: {}, switches: {}, services: { web: service }, pause: null as never })[name];
    if (action === undefined) throw new Error(`no action ${name}`);
    return { action, args: ARGS, close };
  });
}

test('a process that has ended by itself is begun by a start, and by a restart', async () => {
  const { folder, close } = folderOf();
  onTestFinished(close);
  const service = serviceIn(folder);
  for (const begin of [service.start, service.restart]) {
    await begin(null as never);
    const [unit] = (await service.look()).units;
    expect(unit).toMatchObject({ id: 'web', ready: true });
    process.kill(Number(unit?.life.split('@')[0]), 'SIGKILL');
    await expect.poll(async () => (await service.look()).units).toEqual([]);
  }
});

test('a number that was given out again, or is none, is not the process', async () => {
  const { folder, close } = folderOf();
  onTestFinished(close);
  const service = serviceIn(folder);
  for (const text of ['', 'x', '-1', '999999999', `${process.pid}\nanother start`]) {
    writeFileSync(path.join(folder, 'web.pid'), text);
    expect((await service.look()).units, text).toEqual([]);
  }
});

test('a process that does not end is not killed: that it still runs is said, and a new one is not begun beside it', async () => {
  const { folder, close } = folderOf();
  onTestFinished(close);
  const service = serviceIn(folder, { start: STUBBORN, graceMs: 300 });
  await service.start(null as never);
  const { units } = await service.look();
  await systemTime.sleep(200);
  await expect(service.restart(null as never)).rejects.toMatchObject({
    code: 'BELAY_ACT_FAILED',
    effect: 'unknown',
    message: expect.stringContaining('still runs'),
  });
  expect((await service.look()).units.map((unit) => unit.life)).toEqual(units.map((unit) => unit.life));
});

test('a program that fails says why, and what a shell would make of an argument is only text', async () => {
  const { folder, close } = folderOf();
  onTestFinished(close);
  const failing = serviceIn(folder, { start: ['/bin/sh', '-c', 'echo no such luck >&2; exit 4'] });
  await expect(failing.start(null as never)).rejects.toMatchObject({
    code: 'BELAY_ACT_FAILED',
    message: expect.stringContaining('no such luck'),
  });
  const literal = serviceIn(folder, { start: ['/bin/echo', '; touch made'] });
  await literal.start(null as never);
  expect((await literal.look()).units).toEqual([]);
});
