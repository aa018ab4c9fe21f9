// The machine's clocks, its timers and its random ids. It knows nothing of who waits.
import { randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import type { Time } from '../../ports/time.ts';

/** setTimeout turns longer delays into 1 ms. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export const systemTime = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: async (ms: number, signal?: AbortSignal): Promise<void> => {
    let left = ms;
    while (left > LONGEST_TIMER_MS && signal?.aborted !== true) {
      await sleepOnce(LONGEST_TIMER_MS, signal);
      left -= LONGEST_TIMER_MS;
    }
    await sleepOnce(left, signal);
  },
  uuid: () => randomUUID(),
} satisfies Time;

function sleepOnce(ms: number, signal: AbortSignal | undefined): Promise<void> {
  if (signal?.aborted === true) return Promise.resolve();
  return new Promise((resolve) => {
    const wake = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', wake);
      resolve();
    };
    const timer = setTimeout(wake, Math.max(0, ms));
    signal?.addEventListener('abort', wake, { once: true });
  });
}
