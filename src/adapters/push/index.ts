// A source that others fill: the server hands over what clients sent, and answers them when it is durable.
// It reads nothing itself, makes no heartbeat of its own, and keeps nothing: a delivery that nobody takes is refused.
import { BelayError } from '../../domain/errors.ts';
import type { Batch } from '../../domain/signal.ts';
import type { SignalSource } from '../../ports/signal-source.ts';

export interface PushSource extends SignalSource {
  /** Durable when it resolves. @throws BELAY_STORE_UNAVAILABLE when it is not taken: answer 5xx, so that the client sends it again. */
  push(batch: Omit<Batch, 'source'>): Promise<void>;
}

export function createPushSource(id: string, everyMs: number): PushSource {
  let taker: ((batch: Batch) => Promise<void>) | null = null;
  return {
    id,
    everyMs,
    run: async (deliver, signal) => {
      if (signal.aborted) return;
      taker = deliver;
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
      taker = null;
    },
    push: async (batch) => {
      if (taker === null)
        throw new BelayError('BELAY_STORE_UNAVAILABLE', `source ${id} is not being read now`, { hint: 'Send it again in a moment.' });
      await taker({ ...batch, source: id });
    },
  } satisfies PushSource;
}
