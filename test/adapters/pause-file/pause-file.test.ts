// The pause switch on a real file beside a store that may be down.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { PauseMark, PausePlace } from '../../../src/adapters/pause-file/index.ts';
import { combinePause, createPauseFile } from '../../../src/adapters/pause-file/index.ts';
import { systemTime } from '../../../src/adapters/system/index.ts';
import { pauseContract } from '../../contracts/pause.ts';

const deps = { time: systemTime };

function tempDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'belay-pause-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

function memoryStore(): PausePlace & { isDown: boolean; hangs: boolean } {
  let mark: PauseMark | null = null;
  const answer = async <T>(work: () => T): Promise<T> => {
    if (store.hangs) await new Promise(() => undefined);
    if (store.isDown) throw new Error('down');
    return work();
  };
  const store = {
    isDown: false,
    hangs: false,
    read: () => answer(() => mark),
    set: (next: PauseMark) =>
      answer(() => {
        mark = next;
      }),
    clear: () =>
      answer(() => {
        mark = null;
      }),
  };
  return store;
}

describe('the contract on a file', () => {
  pauseContract(async () => {
    const dataDir = tempDir();
    const store = memoryStore();
    return {
      pause: combinePause({ file: createPauseFile({ dataDir }, deps), store }, deps),
      breakStore: () => {
        store.isDown = true;
      },
      mendStore: () => {
        store.isDown = false;
      },
      spoilFile: async () => mkdirSync(join(dataDir, 'pause')),
    };
  });
});

describe('the file', () => {
  test('made by hand it pauses, whatever it says', async () => {
    const dataDir = tempDir();
    const file = createPauseFile({ dataDir }, deps);
    for (const text of ['', 'stop!', '{"who":1}', 'null']) {
      writeFileSync(join(dataDir, 'pause'), text);
      expect(await file.read(), text).toMatchObject({ who: 'belay', reason: expect.stringContaining('counts as set') as string });
    }
  });

  test('a data directory that is gone counts as paused', async () => {
    const dataDir = tempDir();
    rmSync(dataDir, { recursive: true });
    expect(await createPauseFile({ dataDir }, deps).read()).not.toBeNull();
  });

  test('another process sees the mark, and nothing half written stays behind', async () => {
    const dataDir = tempDir();
    const mark = { who: 'ana', reason: 'x', at: 5 };
    await createPauseFile({ dataDir }, deps).set(mark);
    expect(await createPauseFile({ dataDir }, deps).read()).toEqual(mark);
    expect(readdirSync(dataDir)).toEqual(['pause']);
  });

  test('a mark that cannot be written is no pause, even with the store up', async () => {
    const dataDir = tempDir();
    mkdirSync(join(dataDir, 'pause'));
    const store = memoryStore();
    const pause = combinePause({ file: createPauseFile({ dataDir }, deps), store }, deps);
    await expect(pause.pause('ana', 'x')).rejects.toMatchObject({ code: 'BELAY_AUDIT_UNAVAILABLE' });
    expect(await store.read()).toMatchObject({ who: 'ana' });
  });

  test('it is read in well under a millisecond', async () => {
    const file = createPauseFile({ dataDir: tempDir() }, deps);
    await file.read();
    const times: number[] = [];
    for (let read = 0; read < 200; read += 1) {
      const before = performance.now();
      await file.read();
      times.push(performance.now() - before);
    }
    expect(times.toSorted((a, b) => a - b)[100]).toBeLessThan(1);
  });
});

describe('a store that hangs or is not there', () => {
  test('a hanging store delays neither pausing nor reading for long', async () => {
    const store = memoryStore();
    store.hangs = true;
    const pause = combinePause({ file: createPauseFile({ dataDir: tempDir() }, deps), store, storePatienceMs: 40 }, deps);
    const before = performance.now();
    await pause.pause('ana', 'x');
    expect((await pause.read()).by.map((mark) => mark.where)).toEqual(['file']);
    expect(performance.now() - before).toBeLessThan(2_000);
  });

  test('without a store pausing works and resuming is refused', async () => {
    const pause = combinePause({ file: createPauseFile({ dataDir: tempDir() }, deps), store: null }, deps);
    await pause.pause('ana', 'x');
    await expect(pause.resume('ana')).rejects.toMatchObject({ code: 'BELAY_STORE_UNAVAILABLE' });
    expect((await pause.read()).paused).toBe(true);
  });
});
