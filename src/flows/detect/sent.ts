// A source that somebody sends to: what is decoded is delivered, and the sender is answered when it is durable.
import { BelayError } from '../../domain/errors.ts';
import type { Batch, Samples } from '../../domain/signal.ts';
import type { PushedSource, SignalDecoder } from '../../ports/signal-source.ts';

export function sent<S extends Samples>(decoder: SignalDecoder<S>): PushedSource<S> {
  let taker: ((batch: Batch<S>) => Promise<void>) | null = null;
  const { id, everyMs } = decoder;
  return {
    id,
    everyMs,
    run: async (deliver, signal) => {
      if (signal.aborted) return;
      taker = deliver;
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
      taker = null;
    },
    receive: async (request) => {
      const { samples, reply, silent, truncated } = await decoder.decode(request);
      if (silent === true) return reply;
      if (taker === null)
        throw new BelayError('BELAY_STORE_UNAVAILABLE', `source ${id} is not being read now`, { hint: 'Send it again in a moment.' });
      await taker({ source: id, at: request.at, alive: true, samples, ...(truncated === true ? { truncated } : {}) });
      return reply;
    },
  } satisfies PushedSource<S>;
}
