// How many browsers there may be at once: each takes some hundreds of megabytes. It knows no browser.
import { BelayError } from '../../domain/errors.ts';
import type { Time } from '../../ports/time.ts';

const LONGEST_WAIT_MS = 60_000;

export function createSlots(atOnce: number, time: Pick<Time, 'sleep'>) {
  let free = atOnce;
  const line = new Set<() => void>();
  const taken = async (): Promise<void> => {
    if (free > 0) {
      free -= 1;
      return;
    }
    const over = new AbortController();
    let called = (): void => undefined;
    const turn = new Promise<'turn'>((resolve) => {
      called = () => resolve('turn');
    });
    line.add(called);
    const first = await Promise.race([turn, time.sleep(LONGEST_WAIT_MS, over.signal).then(() => 'late' as const)]);
    over.abort();
    // Whoever is called is no longer in line, also where both came at once.
    if (first === 'late' && line.delete(called))
      throw new BelayError('BELAY_TIMEOUT', `${atOnce} browsers were busy for ${LONGEST_WAIT_MS / 1000} s`, {
        hint: 'Look at fewer pages at once, or allow more in belay.yaml: browser: { atOnce: 4 }',
      });
  };
  const given = (): void => {
    const [next] = line;
    if (next === undefined) free += 1;
    else {
      line.delete(next);
      next();
    }
  };
  return {
    held: async <T>(work: () => Promise<T>): Promise<T> => {
      await taken();
      try {
        return await work();
      } finally {
        given();
      }
    },
  };
}
