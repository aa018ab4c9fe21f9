// What every pause switch keeps: any one place pauses, all must be clear, and a doubt about the file is a pause.
import { expect, test } from 'vitest';
import type { PauseSwitch } from '../../src/ports/pause.ts';

export interface PauseWorld {
  readonly pause: PauseSwitch;
  readonly breakStore: () => void;
  readonly mendStore: () => void;
  readonly spoilFile: () => Promise<void>;
}

export function pauseContract(make: () => Promise<PauseWorld>): void {
  test('a fresh switch is not paused', async () => {
    const { pause } = await make();
    expect(await pause.read()).toEqual({ paused: false, by: [] });
  });

  test('a pause says who, why and where, and a resume clears every place', async () => {
    const { pause } = await make();
    await pause.pause('ana', 'deploy in progress');
    const state = await pause.read();
    expect(state.paused).toBe(true);
    expect(state.by.map((mark) => [mark.where, mark.who, mark.reason])).toEqual([
      ['file', 'ana', 'deploy in progress'],
      ['store', 'ana', 'deploy in progress'],
    ]);
    await pause.resume('ana');
    expect((await pause.read()).paused).toBe(false);
  });

  test('with the store down a pause succeeds and holds', async () => {
    const { pause, breakStore } = await make();
    breakStore();
    await pause.pause('ana', 'store is down');
    expect((await pause.read()).by.map((mark) => mark.where)).toEqual(['file']);
  });

  test('a resume that cannot clear the store fails and everything stays paused', async () => {
    const { pause, breakStore, mendStore } = await make();
    await pause.pause('ana', 'x');
    breakStore();
    await expect(pause.resume('ana')).rejects.toMatchObject({ code: 'BELAY_STORE_UNAVAILABLE' });
    expect((await pause.read()).paused).toBe(true);
    mendStore();
    await pause.resume('ana');
    expect((await pause.read()).paused).toBe(false);
  });

  test('a store that is down does not pause by itself, a file that cannot be read does', async () => {
    const { pause, breakStore, spoilFile } = await make();
    breakStore();
    expect((await pause.read()).paused).toBe(false);
    await spoilFile();
    const state = await pause.read();
    expect(state.by.map((mark) => mark.where)).toEqual(['file']);
  });
}
