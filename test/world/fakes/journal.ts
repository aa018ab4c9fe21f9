// A journal in memory that survives kills on the disk of the world, with the chain of the real one and faults to switch on.
import { BelayError } from '../../../src/domain/errors.ts';
import { GENESIS } from '../../../src/domain/event.ts';
import type { JournalLine } from '../../../src/domain/journal.ts';
import type { Json } from '../../../src/domain/json.ts';
import type { Journal } from '../../../src/ports/journal.ts';
import { createFakeDigest } from './digest.ts';
import type { DurableDisk } from './durable-disk.ts';
import { throughJson } from './durable-disk.ts';
import type { KillSwitch } from './kill-switch.ts';

export interface JournalFaults {
  /** The disk is full or not writable. */
  unavailable: boolean;
}
export type FakeJournal = Journal & { readonly faults: JournalFaults };

export function createFakeJournal({ disk, kill }: { readonly disk: DurableDisk; readonly kill: KillSwitch }): FakeJournal {
  const lines = journalLinesOf(disk);
  const faults: JournalFaults = { unavailable: false };
  const digest = createFakeDigest();
  const read = async (): Promise<JournalLine[]> => {
    await kill.gate();
    return lines.map(throughJson);
  };
  return {
    faults,
    append: async (draft) => {
      await kill.at(`journal:${draft.kind}:before`);
      if (faults.unavailable) throw new BelayError('BELAY_AUDIT_UNAVAILABLE', 'the journal cannot be written', { hint: 'Free some disk.' });
      const last = lines.at(-1);
      const unsealed = { ...throughJson(draft), v: 1 as const, seq: (last?.seq ?? 0) + 1, prev: last?.hash ?? GENESIS };
      const line: JournalLine = { ...unsealed, hash: digest.of(unsealed as unknown as Json) };
      lines.push(line);
      await kill.at(`journal:${draft.kind}:after`);
      return throughJson(line);
    },
    all: read,
    ofKey: async (key) => (await read()).filter((line) => line.key === key),
    head: async () => {
      await kill.gate();
      const last = lines.at(-1);
      return { seq: last?.seq ?? 0, hash: last?.hash ?? GENESIS };
    },
  } satisfies FakeJournal;
}

/** What is on the disk, for the judge of a test: readable after any kill. */
export function journalLinesOf(disk: DurableDisk): JournalLine[] {
  return disk.part<JournalLine[]>('journal', () => []);
}
