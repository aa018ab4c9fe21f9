// What feeds detection. A source hands over batches in event time until it is stopped; it judges nothing.
import type { Batch } from '../domain/signal.ts';

export interface SignalSource {
  readonly id: string;
  /** Cadence it promises, ms. */
  readonly everyMs: number;
  /**
   * Calls `deliver` for every batch and waits for it: a resolved `deliver` means the batch is durable.
   * Trouble is a batch with `alive` false, never a throw. Ends when the signal aborts.
   */
  run(deliver: (batch: Batch) => Promise<void>, signal: AbortSignal): Promise<void>;
}
