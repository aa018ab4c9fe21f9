// What the door refused, in memory and now and then in a file: a flood of refusals costs a counter, not a write each.
import { isKept, isOneOfMany, type Refusal, withRefusal } from '../domain/refusal.ts';
import type { RefusalLog } from '../ports/refusal-log.ts';
import type { Time } from '../ports/time.ts';

/** Between two writes of the file. */
const WRITE_EVERY_MS = 5_000;

export type Shown = Omit<Refusal, 'source' | 'status' | 'at' | 'more'>;

export interface Refusals {
  /** `shown` is called where it is kept as an example: to look for secrets takes a while. */
  add(one: Pick<Refusal, 'source' | 'status'>, shown: () => Shown): void;
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

const NOT_SHOWN: Shown = { reason: '', method: '', path: '', bytes: null, body: null };

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
    add: ({ source, status }, shown) => {
      const kept = bySource.get(source) ?? [];
      const one = { source, status, at: time.now(), more: 0 };
      bySource.set(source, withRefusal(kept, { ...one, ...(isOneOfMany(kept, one) ? NOT_SHOWN : shown()) }));
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
