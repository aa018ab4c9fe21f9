// A loop that turns for ever: at its beat, or at once when woken. A turn that fails is reported and tried again at the next beat.
import type { Time } from '../ports/time.ts';

export interface Loop {
  start(): void;
  /** Ends after the turn in progress. */
  stop(): Promise<void>;
  /** Turns as soon as possible; several calls during one turn make one more turn. */
  wake(): void;
}

export interface LoopOptions {
  readonly time: Time;
  readonly everyMs: number;
  readonly turn: () => Promise<void>;
  /** Where a failed turn is told; the loop goes on. */
  readonly onError: (error: unknown) => void;
}

export function createLoop({ time, everyMs, turn, onError }: LoopOptions): Loop {
  const stopping = new AbortController();
  let nap = new AbortController();
  let woken = false;
  let ended: Promise<void> = Promise.resolve();

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      woken = false;
      nap = new AbortController();
      try {
        await turn();
      } catch (error) {
        onError(error);
      }
      if (!woken && !stopping.signal.aborted) await time.sleep(everyMs, nap.signal);
    }
  }

  return {
    start: () => {
      ended = run();
    },
    stop: async () => {
      stopping.abort();
      nap.abort();
      await ended;
    },
    wake: () => {
      woken = true;
      nap.abort();
    },
  };
}
