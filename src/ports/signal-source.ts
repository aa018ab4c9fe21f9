// What feeds detection: sources that Belay reads, and sources that somebody sends to. None of them judges anything.
import type { Instant } from '../domain/json.ts';
import type { Batch, Cursor, Sample, Samples } from '../domain/signal.ts';
import type { Ended, Standing } from '../domain/standing.ts';

export interface SignalSource<S extends Samples = readonly Sample[]> {
  readonly id: string;
  /** Cadence it promises, ms. */
  readonly everyMs: number;
  /**
   * Calls `deliver` for every batch and waits for it: a resolved `deliver` means the batch, and its cursor, are durable.
   * Trouble is a batch with `alive` false, never a throw. Ends when the signal aborts. Only events that senders wait for, which have no
   * cursor, are delivered side by side.
   * `from` is the last cursor that was durable; empty at the first start.
   */
  run(deliver: (batch: Batch<S>) => Promise<void>, signal: AbortSignal, from?: Cursor): Promise<void>;
}

/** Something that Belay reads at its own cadence. It keeps no rhythm, no history and no position: whoever holds it does. */
export interface SignalReader {
  readonly id: string;
  readonly everyMs: number;
  /**
   * One reading. Trouble is a batch with `alive` false and a reason, never a throw. `from` is the cursor of the last reading that was
   * taken: a reading that was refused is asked for again from the same place.
   */
  read(signal: AbortSignal, from: Cursor): Promise<Batch>;
}

/** One request of a sender, whose signature (where the source demands one) has been checked. */
export interface Received {
  readonly method: 'GET' | 'POST' | 'PUT';
  /** Below the address of the source: `/v1/metrics`; '' for the address itself. */
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Without its gzip, deflate or br; other encodings are left as they are. */
  readonly body: Uint8Array;
  readonly at: Instant;
}

export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array<ArrayBuffer>;
}

export interface Decoded<S extends Samples = readonly Sample[]> {
  readonly samples: S;
  /** States that hold beyond this request, for a source that holds them. */
  readonly standing?: readonly Standing[];
  readonly ended?: readonly Ended[];
  /** The sender itself says that it left something out. */
  readonly truncated?: true;
  /** Nothing is delivered, not even a sign of life: the request was refused with a status of its own, or tells nothing that is counted. */
  readonly silent?: true;
  /** Given once the samples are durable. */
  readonly reply: Reply;
}

/** What a sender's format means. It keeps nothing and delivers nothing: whoever holds it does. */
export interface SignalDecoder<S extends Samples = readonly Sample[]> {
  readonly id: string;
  readonly everyMs: number;
  /** No sample is a heartbeat. @throws BELAY_INPUT_INVALID with what is wrong and where: the whole request is refused */
  decode(request: Received): Decoded<S> | Promise<Decoded<S>>;
}

export interface PushedSource<S extends Samples = readonly Sample[]> extends SignalSource<S> {
  /**
   * Answers 2xx only when what was sent is durable.
   * @throws BELAY_INPUT_INVALID for what can never be taken (4xx), BELAY_STORE_UNAVAILABLE for what is to be sent again (5xx)
   */
  receive(request: Received): Promise<Reply>;
}
