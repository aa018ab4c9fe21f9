// What the door refused, in memory and now and then in a file: a flood of refusals costs a counter, not a write each.
import { isKept, type Refusal, withRefusal } from '../domain/refusal.ts';
import type { RefusalLog } from '../ports/refusal-log.ts';
import type { Time } from '../ports/time.ts';

/** Between two writes of the file. */
const WRITE_EVERY_MS = 5_000;

export interface Refusals {
  add(one: Omit<Refusal, 'at' | 'more'>): void;
  /** Newest first, of one source or all. */
  list(source?: string): readonly Refusal[];
  /** Writes what was not written yet. */
  close(): Promise<void>;
}

export interface RefusalDeps {
  readonly time: Pick<Time, 'now' | 'sleep'>;
  /** Without it they are kept in memory alone. */
  readonly log?: RefusalLog | undefined;
  readonly onTrouble?: ((error: unknown) => void) | undefined;
}

export async function openRefusals({ time, log, onTrouble }: RefusalDeps): Promise<Refusals> {
  const bySource = new Map<string, readonly Refusal[]>();
  for (const one of (await log?.load()) ?? []) bySource.set(one.source, [...(bySource.get(one.source) ?? []), one]);
  const closing = new AbortController();
  let writing: Promise<void> | null = null;
  const all = (): readonly Refusal[] => [...bySource.values()].flat().filter((one) => isKept(one, time.now()));
  const write = async (): Promise<void> => {
    await time.sleep(WRITE_EVERY_MS, closing.signal);
    writing = null;
    await log?.save(all()).catch((error: unknown) => onTrouble?.(error));
  };
  return {
    add: (one) => {
      bySource.set(one.source, withRefusal(bySource.get(one.source) ?? [], { ...one, at: time.now(), more: 0 }));
      if (log !== undefined) writing ??= write();
    },
    list: (source) =>
      all()
        .filter((one) => source === undefined || one.source === source)
        .toSorted((a, b) => b.at - a.at),
    close: async () => {
      closing.abort();
      await writing;
    },
  };
}
