// The fakes of journal and pause keep the contracts of the real ones.
import { describe, expect, test } from 'vitest';
import { DurableDisk } from '../../../src/adapters/virtual/durable-disk.ts';
import { createVirtualJournal } from '../../../src/adapters/virtual/journal.ts';
import { KillSwitch } from '../../../src/adapters/virtual/kill-switch.ts';
import { createVirtualPause } from '../../../src/adapters/virtual/pause.ts';
import { createVirtualTime } from '../../../src/adapters/virtual/time.ts';
import { draftOf, journalContract } from '../../contracts/journal.ts';
import { pauseContract } from '../../contracts/pause.ts';
import { createFakeDigest } from './digest.ts';

describe('the fake journal', () => {
  journalContract(async () => {
    const disk = new DurableDisk();
    return {
      journal: createVirtualJournal({ digest: createFakeDigest(), disk, kill: new KillSwitch() }),
      reopen: async () => createVirtualJournal({ digest: createFakeDigest(), disk, kill: new KillSwitch() }),
    };
  });

  test('takes nothing while its disk is full', async () => {
    const journal = createVirtualJournal({ digest: createFakeDigest(), disk: new DurableDisk(), kill: new KillSwitch() });
    journal.faults.unavailable = true;
    await expect(journal.append(draftOf('a'))).rejects.toMatchObject({ code: 'BELAY_AUDIT_UNAVAILABLE' });
    expect(await journal.all()).toEqual([]);
  });
});

describe('the fake pause switch', () => {
  pauseContract(async () => {
    const pause = createVirtualPause({ disk: new DurableDisk(), kill: new KillSwitch(), time: createVirtualTime(0) });
    return {
      pause,
      breakStore: () => {
        pause.faults.storeDown = true;
      },
      mendStore: () => {
        pause.faults.storeDown = false;
      },
      spoilFile: async () => {
        pause.faults.fileUnreadable = true;
      },
    };
  });
});
