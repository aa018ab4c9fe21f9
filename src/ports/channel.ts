// A way to reach people. It sends one message once; retries belong to the outbox alone.
import type { Rendered } from '../domain/message.ts';

export interface ChannelCard {
  /** The receiver drops a second message with the same delivery id. */
  readonly idempotent: boolean;
  /** The receiver can be asked whether a delivery arrived. */
  readonly reconcile: boolean;
  readonly edit: boolean;
  readonly thread: boolean;
  readonly maxLength: number;
  /** Longest time that a request may still be in flight after our time-out, ms: the settle delay is longer. */
  readonly settleMs: number;
}

export interface Outgoing {
  readonly id: string;
  readonly to: string;
  readonly message: Rendered;
  readonly thread: string;
  /** Provider id of the first message of this thread to this recipient, when known. */
  readonly replyTo?: string;
  readonly resent: boolean;
}

export interface Channel {
  readonly card: ChannelCard;
  /**
   * @returns the provider's id.
   * @throws BelayError BELAY_CHANNEL_FAILED with `effect`: `none` (refused, 429 with retry-after in the hint: send again later) or `unknown` (time-out, reset).
   */
  send(message: Outgoing, signal: AbortSignal): Promise<{ readonly providerId: string }>;
  /** Did this delivery arrive? `unknown` when the receiver cannot be asked now. */
  reconcile(
    message: Outgoing,
    signal: AbortSignal,
  ): Promise<{ readonly found: true; readonly providerId: string } | { readonly found: false } | 'unknown'>;
  /** Reaches the receiver without sending anything; says why not. */
  check(signal: AbortSignal): Promise<{ readonly ok: boolean; readonly why: string }>;
}
