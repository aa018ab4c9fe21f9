// The pm2 source against a real PM2, whose programs run, crash and are given up.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { createPm2Reader, type Pm2Spec } from '../../../src/adapters/pm2/index.ts';
import { createProcesses } from '../../../src/adapters/process/index.ts';
import { systemTime } from '../../../src/adapters/system/index.ts';
import type { Batch } from '../../../src/domain/signal.ts';
import { polled } from '../../../src/flows/detect/poll.ts';
import { lintFolder, told } from '../../config/workspace.ts';
import { signalSourceContract } from '../../contracts/signal-source.ts';
import { DetectWorld } from '../../flows/detect-world.ts';
import { createPm2, type Pm2Part, whyNoPm2 } from '../../world/parts/pm2.ts';

const NEVER = new AbortController().signal;
const PAGE = readFileSync(path.join(import.meta.dirname, '../../../docs/sources/pm2.md'), 'utf8');
const why = whyNoPm2();
const deps = { processes: createProcesses(), time: systemTime, baseDir: '/' };
const LIVES = 'setInterval(() => undefined, 1000);';
const DIES = 'process.exit(3);';

/** `name{app}` → what it says; of several instances the sum. */
function saidIn({ samples }: Batch): Readonly<Record<string, number>> {
  const said: Record<string, number> = {};
  for (const one of samples) {
    if (one.kind !== 'total' && one.kind !== 'value') throw new Error(`a ${one.kind}`);
    const key = `${one.name}{${one.labels['app']}}`;
    said[key] = (said[key] ?? 0) + (one.kind === 'total' ? one.total : one.value);
  }
  return said;
}

describe.skipIf(why !== null)(`a real PM2${why === null ? '' : `: SKIPPED, ${why}`}`, () => {
  let pm2: Pm2Part;
  beforeAll(() => {
    pm2 = createPm2();
    pm2.start('lives', LIVES, { instances: 2, exec_mode: 'cluster' });
  }, 90_000);
  afterAll(() => pm2?.stop(), 60_000);

  const specOf = (o: Partial<Pm2Spec> = {}): Pm2Spec => ({
    id: 'programs',
    driver: 'pm2',
    command: pm2.command,
    home: pm2.home,
    everyMs: 20,
    timeoutMs: 20_000,
    ...o,
  });
  const read = (o: Partial<Pm2Spec> = {}): Promise<Batch> => createPm2Reader(specOf(o), deps).read(NEVER, {});
  async function until(isSo: (said: Readonly<Record<string, number>>) => boolean): Promise<Batch> {
    for (const end = Date.now() + 60_000; ; ) {
      const batch = await read();
      if (isSo(saidIn(batch))) return batch;
      if (Date.now() > end) throw new Error(`it never was: ${JSON.stringify(batch)}`);
    }
  }

  signalSourceContract('the pm2 adapter', async () => {
    const waiting: (() => void)[] = [];
    let home = pm2.home;
    const source = polled(
      {
        id: 'programs',
        everyMs: 20,
        read: async () => {
          const batch = await read({ home });
          for (const wake of waiting.splice(0)) wake();
          return batch;
        },
      },
      systemTime,
    );
    return {
      source,
      beat: async (count) => {
        for (let n = 0; n <= count; n += 1)
          await Promise.race([new Promise<void>((resolve) => waiting.push(resolve)), systemTime.sleep(4_000)]);
      },
      trouble: async (on) => {
        home = on ? path.join(pm2.home, 'none') : pm2.home;
      },
      close: async () => undefined,
    };
  });

  test('tells of each instance of a program that runs, and nothing of its environment', async () => {
    const batch = await read();
    expect(batch).toMatchObject({ source: 'programs', alive: true });
    const labels = { app: 'lives', instance: '1', namespace: 'default' };
    expect(batch.samples).toContainEqual({ kind: 'total', name: 'pm2_restarts', labels, at: batch.at, total: 0 });
    expect(saidIn(batch)).toMatchObject({ 'pm2_online{lives}': 2, 'pm2_errored{lives}': 0, 'pm2_unstable_restarts{lives}': 0 });
    expect(saidIn(batch)['pm2_memory_bytes{lives}']).toBeGreaterThan(1_000_000);
    expect(JSON.stringify(batch)).not.toContain('hunter2');
  });

  test('counts restarts after crashes, and says that it was given up', async () => {
    pm2.start('dies', DIES, { max_restarts: 3 });
    const said = saidIn(await until((one) => one['pm2_errored{dies}'] === 1));
    expect(said).toMatchObject({ 'pm2_online{dies}': 0, 'pm2_errored{lives}': 0 });
    expect(said['pm2_restarts{dies}']).toBeGreaterThanOrEqual(2);
    pm2.run('delete', 'dies');
  }, 90_000);

  test('chooses programs by name, and says which of them is not there', async () => {
    const said = saidIn(await read({ apps: ['gone', 'lives'] }));
    expect(said).toMatchObject({ 'pm2_missing{gone}': 1, 'pm2_missing{lives}': 0, 'pm2_online{lives}': 2 });
    expect(saidIn(await read({ apps: ['gone'] }))).toEqual({ 'pm2_missing{gone}': 1 });
  });

  test('that does not run is a dead reading, and is not started by it', async () => {
    const other = createPm2();
    onTestFinished(() => rmSync(other.home, { recursive: true, force: true }));
    expect(await read({ home: other.home })).toMatchObject({
      alive: false,
      reason: expect.stringMatching(/^no PM2 runs: there is no .*pm2\.pid$/),
    });
    writeFileSync(path.join(other.home, 'pm2.pid'), '999999999');
    expect(await read({ home: other.home })).toMatchObject({ alive: false, reason: expect.stringMatching(/names is gone$/) });
    for (const junk of ['', '-1', '1 2', '\u0000'.repeat(9)]) {
      writeFileSync(path.join(other.home, 'pm2.pid'), junk);
      expect(await read({ home: other.home })).toMatchObject({ alive: false, reason: expect.stringMatching(/names is gone$/) });
    }
  });

  test('the example of the page asks about a program that crashes again and again, and says nothing of one that lives', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'belay-pm2-page-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    writeFileSync(path.join(folder, 'belay.yaml'), /```yaml\n([\s\S]+?)```/.exec(PAGE)?.[1] ?? '');
    const loaded = lintFolder(folder);
    expect(told(loaded)).toEqual([]);
    const spec = loaded.system?.sources[0];
    if (loaded.system === null || spec?.driver !== 'pm2') throw new Error('the example has no pm2 source');
    const world = new DetectWorld(loaded.system);
    const reader = createPm2Reader({ ...specOf(), ...spec, command: pm2.command, home: pm2.home }, { ...deps, time: world.clock.time() });
    const pass = async (readings: number): Promise<void> => {
      for (let n = 0; n < readings; n += 1) {
        world.clock.nowMs += spec.everyMs;
        const batch = await reader.read(NEVER, {});
        expect(batch.reason).toBeUndefined();
        for (const one of batch.samples) expect(PAGE).toContain(`| \`${'name' in one ? one.name : ''}\` |`);
        await world.detector.ingest(batch);
      }
    };
    pm2.start('crm-backend', LIVES);
    await pass(4);
    expect(await world.path('', 'crm-restarting')).toEqual([]);
    pm2.run('delete', 'crm-backend');
    pm2.start('crm-backend', DIES, { max_restarts: 6 });
    await pass(1);
    await until((said) => said['pm2_errored{crm-backend}'] === 1);
    await pass(8);
    expect(await world.path('', 'crm-restarting')).toContain('suspect→suspect!');
    expect(await world.path('', 'crm-given-up')).toContain('suspect→breached');
    pm2.run('delete', 'crm-backend');
  }, 120_000);
});

describe('a command that is no PM2', () => {
  function homeOf(pid: number): string {
    const home = mkdtempSync(path.join(tmpdir(), 'belay-pm2-'));
    onTestFinished(() => rmSync(home, { recursive: true, force: true }));
    writeFileSync(path.join(home, 'pm2.pid'), String(pid));
    return home;
  }
  const node = (code: string): readonly string[] => [process.execPath, '-e', code];

  test.each<readonly [string, readonly string[], RegExp]>([
    ['is not there', ['/nowhere/pm2'], /\/nowhere\/pm2 could not be started \(ENOENT\)/],
    ['fails', node('console.log("hunter2"); process.exit(7)'), /jlist ended with 7$/],
    ['prints nothing', node(''), /printed no list of programs/],
    ['prints something else', node('console.log("hunter2\\n[hunter2]")'), /printed no list of programs/],
    ['never ends', node('console.error("hunter2"); setInterval(() => 0, 1000)'), /did not end within 4000 ms/],
    [
      'prints without end',
      node('for (let n = 0; n < 40; n += 1) require("fs").writeSync(1, "[hunter2,".repeat(60_000))'),
      /printed no list/,
    ],
  ])('%s: a dead reading that repeats nothing', async (_what, command, reason) => {
    const spec = { id: 'programs', driver: 'pm2', command, home: homeOf(process.pid), everyMs: 1_000, timeoutMs: 4_000 } as const;
    const batch = await createPm2Reader(spec, deps).read(NEVER, {});
    expect(batch).toMatchObject({ alive: false, samples: [], reason: expect.stringMatching(reason) });
    expect(batch.reason).not.toContain('hunter2');
  });
});
