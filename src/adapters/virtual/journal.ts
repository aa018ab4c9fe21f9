// A journal in memory that survives kills on the disk of the world, with the chain of the real one and faults to switch on.
import { BelayError } from '../../domain/errors.ts';
import { GENESIS } from '../../domain/event.ts';
import type { JournalLine } from '../../domain/journal.ts';
import type { Json } from '../../domain/json.ts';
import type { Digest } from '../../ports/digest.ts';
import type { Journal } from '../../ports/journal.ts';
import type { DurableDisk } from './durable-disk.ts';
import { throughJson } from './durable-disk.ts';
import type { KillSwitch } from './kill-switch.ts';

export interface JournalFaults {
  /** The disk is full or not writable. */
  unavailable: boolean;
}
export type VirtualJournal = Journal & { readonly faults: JournalFaults };

export interface VirtualJournalDeps {
  readonly disk: DurableDisk;
  readonly kill: KillSwitch;
  readonly digest: Digest;
}

export function createVirtualJournal({ disk, kill, digest }: VirtualJournalDeps): VirtualJournal {
  const lines = journalLinesOf(disk);
  const faults: JournalFaults = { unavailable: false };
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
  } satisfies VirtualJournal;
}

/** What is on the disk, for the judge of a play: readable after any kill. */
export function journalLinesOf(disk: DurableDisk): JournalLine[] {
  return disk.part<JournalLine[]>('journal', () => []);
}
