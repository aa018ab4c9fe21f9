// Reads a source at a fixed cadence. The rhythm is kept when a reading takes too long; a reading that was not taken is read again.
import { BelayError } from '../../domain/errors.ts';
import type { SignalReader, SignalSource } from '../../ports/signal-source.ts';
import type { Time } from '../../ports/time.ts';

export function polled(reader: SignalReader, time: Pick<Time, 'monotonicMs' | 'sleep'>): SignalSource {
  return {
    id: reader.id,
    everyMs: reader.everyMs,
    run: async (deliver, signal, from = {}) => {
      let cursor = from;
      let due = time.monotonicMs();
      while (!signal.aborted) {
        const batch = await reader.read(signal, cursor);
        if (signal.aborted) return;
        try {
          await deliver(batch);
          cursor = batch.cursor ?? cursor;
        } catch (error) {
          // Not durable: the next reading begins where this one did. Our own mistakes are not hidden.
          if (!BelayError.is(error)) throw error;
        }
        due = nextDue(due, reader.everyMs, time.monotonicMs());
        await time.sleep(due - time.monotonicMs(), signal);
      }
    },
  } satisfies SignalSource;
}

/** Readings that were missed because one took too long are left out. */
function nextDue(due: number, everyMs: number, now: number): number {
  return due + everyMs * Math.max(1, Math.ceil((now - due) / everyMs));
}
