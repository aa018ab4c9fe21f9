// The fakes of journal and pause keep the contracts of the real ones.
import { describe, expect, test } from 'vitest';
import { draftOf, journalContract } from '../../contracts/journal.ts';
import { pauseContract } from '../../contracts/pause.ts';
import { DurableDisk } from './durable-disk.ts';
import { createFakeJournal } from './journal.ts';
import { KillSwitch } from './kill-switch.ts';
import { createFakePause } from './pause.ts';
import { createFakeTime } from './time.ts';

describe('the fake journal', () => {
  journalContract(async () => {
    const disk = new DurableDisk();
    return {
      journal: createFakeJournal({ disk, kill: new KillSwitch() }),
      reopen: async () => createFakeJournal({ disk, kill: new KillSwitch() }),
    };
  });

  test('takes nothing while its disk is full', async () => {
    const journal = createFakeJournal({ disk: new DurableDisk(), kill: new KillSwitch() });
    journal.faults.unavailable = true;
    await expect(journal.append(draftOf('a'))).rejects.toMatchObject({ code: 'BELAY_AUDIT_UNAVAILABLE' });
    expect(await journal.all()).toEqual([]);
  });
});

describe('the fake pause switch', () => {
  pauseContract(async () => {
    const pause = createFakePause({ disk: new DurableDisk(), kill: new KillSwitch(), time: createFakeTime(0) });
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
