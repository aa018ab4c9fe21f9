// The outbox: deliveries planned by incidents' transactions, claimed and sent by one loop.
import type { Instant } from '../domain/json.ts';
import type { Delivery, DeliveryState } from '../domain/message.ts';

export interface DeliveryFacts {
  readonly at: Instant;
  readonly providerId?: string;
  readonly reason?: string;
  readonly dueAt?: Instant;
  readonly resent?: boolean;
  /** The attempt that the caller was given by `claim`: a delivery that is at another attempt by now is not moved. */
  readonly attempt?: number;
}

export interface Outbox {
  /**
   * Takes due `planned` deliveries to `sending` with the deadline, in one committed transaction before any is sent.
   * What was never tried comes first, then what is due longest. Two processes never claim the same one. `attempt` counts the claims; no event is written. `except` names channels that are
   * busy: theirs are left alone, so that a kill finds at most one message a channel in the air.
   */
  claim(
    now: Instant,
    options: { readonly limit: number; readonly deadline: Instant; readonly except?: readonly string[] },
  ): Promise<readonly Delivery[]>;
  /**
   * `sending` rows past their deadline, and all `sending` rows of dead processes: they become `ambiguous`, and each incident
   * gets `comms.changed` in the same transaction. A living process whose connection broke may look dead: its own later `move`
   * out of `ambiguous` is still legal.
   */
  expire(now: Instant): Promise<readonly Delivery[]>;
  /**
   * `ambiguous` deliveries that may be looked at: deadline and `dueAt` are at or before `before`. Oldest first. How long a
   * channel needs to settle after that is the caller's business.
   */
  ambiguous(before: Instant): Promise<readonly Delivery[]>;
  /**
   * Moves a delivery (`DELIVERY_MOVES`) and appends `comms.changed` to its incident in one transaction. Moving it to the state
   * it already has changes nothing. To `planned`: due at `dueAt`, else at once.
   * @throws BELAY_NOT_FOUND; BELAY_TARGET_CONFLICT (effect none) when the automaton or `facts.attempt` forbids it.
   */
  move(id: string, to: DeliveryState, facts: DeliveryFacts): Promise<void>;
  /** In the order in which they were planned. */
  ofIncident(incident: string): Promise<readonly Delivery[]>;
  /** Messages to one recipient that left or may have left since an instant, for the cap. Exempt ones and rows in `sending` do not count. */
  countSince(channel: string, to: string, since: Instant): Promise<number>;
}
