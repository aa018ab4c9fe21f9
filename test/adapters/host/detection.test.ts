// From the counters of the kernel to a breach: the example of docs/sources/host.md, its reader over files that the test writes, in
// virtual time. The kernel's clock ticks a hundred times a second on each of two processors.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createHostReader } from '../../../src/adapters/host/index.ts';
import { linux } from '../../../src/adapters/host/machine.ts';
import { systemTime } from '../../../src/adapters/system/index.ts';
import { DurableDisk } from '../../../src/adapters/virtual/durable-disk.ts';
import { createVirtualSignalStore } from '../../../src/adapters/virtual/signal-store.ts';
import { createDetector } from '../../../src/flows/detect.ts';
import { lintFolder } from '../../config/workspace.ts';
import { START, StillClock } from '../../flows/detect-world.ts';

const TICKS_PER_S = 200;
const never = new AbortController().signal;

function exampleMachine() {
  const folder = mkdtempSync(path.join(tmpdir(), 'belay-host-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(path.join(folder, 'self'));
  const page = readFileSync(path.join(import.meta.dirname, '../../../docs/sources/host.md'), 'utf8');
  writeFileSync(path.join(folder, 'belay.yaml'), /```yaml\n([\s\S]+?)```/.exec(page)?.[1] ?? '');
  const { system } = lintFolder(folder);
  const spec = system?.sources[0];
  if (system === null || spec?.driver !== 'host') throw new Error('the example has no host source');
  const clock = new StillClock();
  const machine = linux({ proc: folder, cgroup: path.join(folder, 'none') });
  const reader = createHostReader(spec, { time: { ...clock.time(), sleep: systemTime.sleep }, baseDir: folder, machine });
  const store = createVirtualSignalStore({ disk: new DurableDisk() });
  const detector = createDetector({ system, store, time: clock.time(), sources: [] });
  let [busy, idle] = [4_000, 9_000];

  return {
    /** Seconds pass, each with its share of busy processors and of used memory; the source is read at its cadence. */
    run: async (seconds: number, load: (second: number) => { readonly cpu?: number; readonly memory?: number }) => {
      for (let second = 1; second <= seconds; second += 1) {
        const { cpu = 0.1, memory = 0.4 } = load(second);
        clock.nowMs += 1_000;
        busy += Math.round(cpu * TICKS_PER_S);
        idle += TICKS_PER_S - Math.round(cpu * TICKS_PER_S);
        if (second % (spec.everyMs / 1_000) !== 0) continue;
        writeFileSync(path.join(folder, 'stat'), `cpu  ${busy} 0 0 ${idle} 0 0 0 0 0 0\n`);
        writeFileSync(path.join(folder, 'meminfo'), `MemTotal: 8000000 kB\nMemAvailable: ${Math.round((1 - memory) * 8_000_000)} kB\n`);
        await detector.ingest(await reader.read(never, {}));
      }
    },
    /** The source is read at its cadence, and cannot be. */
    fail: async (readings: number) => {
      writeFileSync(path.join(folder, 'stat'), 'no such thing\n');
      for (let n = 0; n < readings; n += 1) {
        clock.nowMs += spec.everyMs;
        const batch = await reader.read(never, {});
        expect(batch.alive).toBe(false);
        await detector.ingest(batch);
      }
    },
    path: async (trigger: string) => (await store.transitions({ trigger, scope: '' })).map((one) => `${one.from}→${one.to}`),
    breachedAfterS: async (trigger: string) => {
      const breach = (await store.transitions({ trigger, scope: '' })).find((one) => one.to === 'breached');
      return breach === undefined ? null : (breach.at - START) / 1_000;
    },
    view: async (trigger: string) => (await detector.readings.views(trigger))[0],
  };
}

test('processors that are busy at 85 % for three minutes are a breach, and clear when the load is gone [S2-TR-02]', async () => {
  const machine = exampleMachine();
  await machine.run(300, () => ({ cpu: 0.1 }));
  expect(await machine.path('cpu-high')).toEqual([]);
  await machine.run(150, () => ({ cpu: 0.85 }));
  expect(await machine.breachedAfterS('cpu-high')).toBeNull();
  await machine.run(60, () => ({ cpu: 0.85 }));
  const after = (await machine.breachedAfterS('cpu-high')) ?? 0;
  expect(after).toBeGreaterThanOrEqual(300 + 160);
  expect(after).toBeLessThanOrEqual(300 + 185);
  expect(await machine.view('cpu-high')).toMatchObject({ status: 'breached', overLimit: true });
  expect(await machine.path('memory-high')).toEqual([]);
  await machine.run(500, () => ({ cpu: 0.2 }));
  expect((await machine.path('cpu-high')).slice(-2)).toEqual(['breached→cleared', 'cleared→ok']);
});

test('bursts of all processors during a third of the time are no breach, for as long as they go on [S2-TR-02]', async () => {
  const machine = exampleMachine();
  await machine.run(200, () => ({ cpu: 0.5 }));
  await machine.run(1_200, (second) => ({ cpu: second % 60 <= 20 ? 1 : 0.5 }));
  expect(await machine.path('cpu-high')).toEqual([]);
  expect(await machine.view('cpu-high')).toMatchObject({ status: 'ok', unknown: false, warming: false });
  expect((await machine.view('cpu-high'))?.value).toBeCloseTo(2 / 3, 1);
});

test('memory that is used at 93 % for three minutes is a breach [S2-TR-03]', async () => {
  const machine = exampleMachine();
  await machine.run(300, () => ({ memory: 0.4 }));
  await machine.run(150, () => ({ memory: 0.93 }));
  expect(await machine.breachedAfterS('memory-high')).toBeNull();
  await machine.run(60, () => ({ memory: 0.93 }));
  expect(await machine.breachedAfterS('memory-high')).toBeGreaterThanOrEqual(300 + 160);
  expect(await machine.path('cpu-high')).toEqual([]);
});

test('memory that is full during a third of the time, or at 89 % all along, is no breach [S2-TR-03]', async () => {
  const machine = exampleMachine();
  await machine.run(600, (second) => ({ memory: second % 60 <= 20 ? 1 : 0.8 }));
  await machine.run(600, () => ({ memory: 0.89 }));
  expect(await machine.path('memory-high')).toEqual([]);
  expect(await machine.view('memory-high')).toMatchObject({ status: 'ok', unknown: false });
});

test('a machine whose counters cannot be read is unknown, never in order', async () => {
  const machine = exampleMachine();
  await machine.run(300, () => ({ cpu: 0.1 }));
  expect(await machine.view('cpu-high')).toMatchObject({ status: 'ok', unknown: false });
  await machine.fail(4);
  expect(await machine.view('cpu-high')).toMatchObject({ unknown: true });
});
