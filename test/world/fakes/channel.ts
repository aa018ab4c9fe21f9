// A receiver that counts, on the disk of a world: what arrived stays arrived whoever dies. Faults and late acceptance to switch on.

import type { DurableDisk } from '../../../src/adapters/virtual/durable-disk.ts';
import type { KillSwitch } from '../../../src/adapters/virtual/kill-switch.ts';
import { retryAfterHint } from '../../../src/domain/delivery.ts';
import { BelayError } from '../../../src/domain/errors.ts';
import type { Instant } from '../../../src/domain/json.ts';
import type { Channel, ChannelCard, Outgoing } from '../../../src/ports/channel.ts';
import type { Time } from '../../../src/ports/time.ts';

export interface Arrival {
  readonly id: string;
  readonly to: string;
  readonly resent: boolean;
  readonly plain: string;
  readonly replyTo: string | null;
  /** When the receiver shows it: a late receiver takes a message after the caller gave up. */
  readonly at: Instant;
}

/** What happens to the next sends, in order; `ok` when the list is empty. */
export type Fate = 'ok' | 'refused' | 'rate-limited' | 'lost' | 'taken-but-error' | 'hangs' | 'taken-but-hangs' | 'bug';

export interface FakeChannelOptions {
  readonly disk: DurableDisk;
  readonly kill: KillSwitch;
  readonly time: Pick<Time, 'now'>;
  readonly name?: string;
  readonly card?: Partial<ChannelCard>;
  /** The receiver shows a message this much later. */
  readonly lateMs?: number;
}

export type FakeChannel = Channel & { readonly fates: Fate[]; readonly faults: { cannotBeAsked: boolean } };

export function createFakeChannel(o: FakeChannelOptions): FakeChannel {
  const arrivals = arrivalsOf(o.disk, o.name);
  const card: ChannelCard = {
    idempotent: false,
    reconcile: true,
    edit: false,
    thread: true,
    maxLength: 10_000,
    settleMs: 2_000,
    ...o.card,
  };
  const fates: Fate[] = [];
  const faults = { cannotBeAsked: false };
  const fail = (effect: 'none' | 'unknown', what: string, hint = 'A fault of the test.'): BelayError =>
    new BelayError('BELAY_CHANNEL_FAILED', what, { effect, hint });
  const take = (message: Outgoing): void => {
    if (card.idempotent && arrivals.some((one) => one.id === message.id)) return;
    arrivals.push({
      id: message.id,
      to: message.to,
      resent: message.resent,
      plain: message.message.plain,
      replyTo: message.replyTo ?? null,
      at: o.time.now() + (o.lateMs ?? 0),
    });
  };
  return {
    card,
    fates,
    faults,
    send: async (message, signal) => {
      await o.kill.at('channel:send:before');
      const fate = fates.shift() ?? 'ok';
      if (fate === 'refused') throw fail('none', 'refused');
      if (fate === 'rate-limited') throw fail('none', 'too many', retryAfterHint(30_000));
      if (fate === 'lost') throw fail('unknown', 'connection reset');
      if (fate === 'bug') throw new TypeError('undefined is not a function');
      if (fate === 'hangs') return waitForAbort(signal);
      take(message);
      await o.kill.at('channel:send:after');
      if (fate === 'taken-but-error') throw fail('unknown', 'connection reset after the message');
      if (fate === 'taken-but-hangs') return waitForAbort(signal);
      return { providerId: `p:${message.id}` };
    },
    reconcile: async (message) => {
      await o.kill.at('channel:reconcile');
      if (faults.cannotBeAsked || !card.reconcile) return 'unknown';
      const found = arrivals.some((one) => one.id === message.id && one.at <= o.time.now());
      return found ? { found: true as const, providerId: `p:${message.id}` } : { found: false as const };
    },
    check: async () => ({ ok: !faults.cannotBeAsked, why: faults.cannotBeAsked ? 'switched off' : 'there' }),
  } satisfies FakeChannel;
}

/** For the judge of a test: what the receiver has taken, readable after any kill. */
export function arrivalsOf(disk: DurableDisk, name = 'channel'): Arrival[] {
  return disk.part<Arrival[]>(`channel ${name}`, () => []);
}

function waitForAbort(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const stop = (): void => reject(new BelayError('BELAY_CHANNEL_FAILED', 'no answer in time', { effect: 'unknown' }));
    if (signal.aborted) return stop();
    signal.addEventListener('abort', stop, { once: true });
  });
}
