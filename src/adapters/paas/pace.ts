// How often a platform is looked at while a change is on its way: at once at first, then seldom enough for its hourly limit, however
// impatient whoever asks is. An order never waits.
import type { Time } from '../../ports/time.ts';

const BURST = 40;
/** 720 looks an hour. */
const EVERY_MS = 5_000;

export function pace(time: Pick<Time, 'monotonicMs' | 'sleep'>): () => Promise<void> {
  let left = BURST;
  let at = time.monotonicMs();
  return async () => {
    const now = time.monotonicMs();
    left = Math.min(BURST, left + (now - at) / EVERY_MS) - 1;
    at = now;
    if (left < 0) await time.sleep(Math.ceil(-left * EVERY_MS));
  };
}
