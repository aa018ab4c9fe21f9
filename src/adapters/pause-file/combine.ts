// The pause switch over its two places, the file and the row in the store: any one pauses, all must be clear.
import { BelayError } from '../../domain/errors.ts';
import type { PauseState, PauseSwitch } from '../../ports/pause.ts';
import type { Time } from '../../ports/time.ts';
import type { PauseMark, PausePlace } from './pause-file.ts';

export interface CombineOptions {
  readonly file: PausePlace;
  /** Null where no store can be reached at all (a command beside a stopped server): pausing works, resuming does not. */
  readonly store: PausePlace | null;
  /** How long the store may think before it counts as down. */
  readonly storePatienceMs?: number;
}

export function combinePause(o: CombineOptions, deps: { readonly time: Pick<Time, 'now' | 'sleep'> }): PauseSwitch {
  const patienceMs = o.storePatienceMs ?? 1_000;
  return {
    read: async () => {
      const [file, store] = await Promise.all([o.file.read(), readStore(o.store, patienceMs, deps.time)]);
      return stateOf(file, store);
    },
    pause: async (who, reason) => {
      const mark: PauseMark = { who, reason, at: deps.time.now() };
      // Both are tried whatever becomes of the other; only the file decides, because it is read even when the store is down.
      const [file] = await Promise.allSettled([o.file.set(mark), atMost(patienceMs, o.store?.set(mark), deps.time)]);
      if (file.status === 'rejected') throw file.reason;
    },
    resume: async (who) => {
      // The store first: if it fails, the file still pauses everybody.
      await clearStore(o.store, who);
      await o.file.clear(who);
    },
  } satisfies PauseSwitch;
}

async function readStore(store: PausePlace | null, patienceMs: number, time: Pick<Time, 'sleep'>): Promise<PauseMark | null> {
  // A store that is down is left out: the file carries the pause then.
  return (
    (await atMost(
      patienceMs,
      store?.read().catch(() => null),
      time,
    )) ?? null
  );
}

/** A store that hangs may not hold up a pause. */
async function atMost<T>(ms: number, work: Promise<T> | undefined, time: Pick<Time, 'sleep'>): Promise<T | undefined> {
  const enough = new AbortController();
  try {
    return await Promise.race([work, time.sleep(ms, enough.signal).then(() => undefined)]);
  } finally {
    enough.abort();
  }
}

async function clearStore(store: PausePlace | null, who: string): Promise<void> {
  const hint = 'Start Belay (or its database) and resume again; everything stays paused until then.';
  if (store === null) throw new BelayError('BELAY_STORE_UNAVAILABLE', 'the pause in the store cannot be cleared from here', { hint });
  try {
    await store.clear(who);
  } catch (error) {
    throw new BelayError('BELAY_STORE_UNAVAILABLE', 'the pause in the store could not be cleared', {
      hint,
      effect: 'unknown',
      cause: error,
    });
  }
}

function stateOf(file: PauseMark | null, store: PauseMark | null): PauseState {
  const by = [
    ...(file === null ? [] : [{ where: 'file' as const, ...file }]),
    ...(store === null ? [] : [{ where: 'store' as const, ...store }]),
  ];
  return { paused: by.length > 0, by };
}
