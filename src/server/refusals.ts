// What the door refused, in memory and soon after in a file: a flood of refusals costs a counter, not a write each.
import { isKept, isOneOfMany, type Refusal, withRefusal } from '../domain/refusal.ts';
import type { RefusalLog } from '../ports/refusal-log.ts';
import type { Time } from '../ports/time.ts';

/** From a refusal to the file: a kill loses no more than what came since. */
const WRITE_AFTER_MS = 200;
/** A file that takes long to write is written less often: this many times as long as it takes. */
const PAUSE_FOR_WRITE = 20;

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
  readonly time: Pick<Time, 'now' | 'sleep' | 'monotonicMs'>;
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
  let isDirty = false;
  let tookMs = 0;
  const all = (): readonly Refusal[] => [...bySource.values()].flat().filter((one) => isKept(one, time.now()));
  const write = async (): Promise<void> => {
    while (isDirty) {
      await time.sleep(Math.max(WRITE_AFTER_MS, PAUSE_FOR_WRITE * tookMs), closing.signal);
      const before = time.monotonicMs();
      isDirty = false;
      await log?.save(all()).catch((error: unknown) => onTrouble?.(error));
      tookMs = time.monotonicMs() - before;
    }
    writing = null;
  };
  return {
    add: ({ source, status }, shown) => {
      const kept = bySource.get(source) ?? [];
      const one = { source, status, at: time.now(), more: 0 };
      bySource.set(source, withRefusal(kept, { ...one, ...(isOneOfMany(kept, one) ? NOT_SHOWN : shown()) }));
      isDirty = true;
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
