// The outbox: deliveries planned by incidents' transactions, claimed and sent by one loop.
import type { Instant } from '../domain/json.ts';
import type { Delivery, DeliveryState } from '../domain/message.ts';

export interface Outbox {
  /**
   * Takes due `planned` deliveries to `sending` with the deadline, in one committed transaction before any is sent.
   * Two processes never claim the same one.
   */
  claim(now: Instant, options: { readonly limit: number; readonly deadline: Instant }): Promise<readonly Delivery[]>;
  /** `sending` rows past their deadline, and all `sending` rows of dead processes: they become `ambiguous`. */
  expire(now: Instant): Promise<readonly Delivery[]>;
  ambiguous(before: Instant): Promise<readonly Delivery[]>;
  /** Moves a delivery and appends `comms.changed` to its incident in one transaction. */
  move(id: string, to: DeliveryState, facts: { readonly at: Instant; readonly providerId?: string; readonly reason?: string; readonly dueAt?: Instant; readonly resent?: boolean }): Promise<void>;
  ofIncident(incident: string): Promise<readonly Delivery[]>;
  /** Deliveries to one recipient since an instant, for the cap. */
  countSince(channel: string, to: string, since: Instant): Promise<number>;
}
