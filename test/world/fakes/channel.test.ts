import { DurableDisk } from '../../../src/adapters/virtual/durable-disk.ts';
import { KillSwitch } from '../../../src/adapters/virtual/kill-switch.ts';
import { BelayError } from '../../../src/domain/errors.ts';
import { channelContract } from '../../contracts/channel.ts';
import { arrivalsOf, createFakeChannel } from './channel.ts';

for (const card of [
  { reconcile: true, idempotent: false },
  { reconcile: false, idempotent: true },
  { reconcile: false, idempotent: false },
]) {
  channelContract(`the fake ${JSON.stringify(card)}`, async () => {
    const disk = new DurableDisk();
    const channel = createFakeChannel({ disk, kill: new KillSwitch(), time: { now: () => 0 }, card });
    let unplugged = false;
    return {
      channel: {
        ...channel,
        send: async (message, signal) => {
          if (unplugged) throw new BelayError('BELAY_CHANNEL_FAILED', 'unplugged', { effect: 'none', hint: 'Plug it in.' });
          return channel.send(message, signal);
        },
      },
      to: 'oncall',
      received: async (id) =>
        arrivalsOf(disk)
          .filter((one) => one.id === id)
          .map((one) => one.plain),
      unplug: async () => {
        unplugged = true;
        channel.faults.cannotBeAsked = true;
      },
      close: async () => undefined,
    };
  });
}
