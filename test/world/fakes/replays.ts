// Replays for tests of the doors: the real replay over the store that it is given, in this process. A test may hold it, to look at it while
// it runs, and end it in any way.
import { replay } from '../../../src/flows/rehearse/replay.ts';
import type { ReplayEnd, ReplayOrder, Replays } from '../../../src/ports/replays.ts';
import type { SignalStore } from '../../../src/ports/signal-store.ts';

export interface FakeReplays extends Replays {
  readonly orders: readonly ReplayOrder[];
  /** From now on a replay waits for `end`. */
  hold(): void;
  tell(share: number): void;
  end(how: ReplayEnd): Promise<void>;
  /** A held one comes to its own end. */
  release(): Promise<void>;
}

export function createFakeReplays(history: SignalStore['history'], mostMs = 7_200_000): FakeReplays {
  const orders: ReplayOrder[] = [];
  let isHeld = false;
  let now: { tell(share: number): void; end(how: ReplayEnd): void; ended: Promise<ReplayEnd>; run(): Promise<ReplayEnd> } | null = null;
  return {
    mostMs,
    orders,
    start(order, onProgress) {
      orders.push(order);
      let end: (how: ReplayEnd) => void = () => undefined;
      const ended = new Promise<ReplayEnd>((resolve) => {
        end = resolve;
      });
      const run = async (): Promise<ReplayEnd> => ({ how: 'done', reports: await replay(order, { history, onProgress }) });
      now = { tell: onProgress, end, ended, run };
      if (!isHeld) void run().then(end);
      return { ended, stop: () => end({ how: 'stopped' }) };
    },
    hold: () => {
      isHeld = true;
    },
    tell: (share) => now?.tell(share),
    async end(how) {
      now?.end(how);
      await now?.ended;
    },
    async release() {
      if (now !== null) now.end(await now.run());
      await now?.ended;
    },
  };
}
