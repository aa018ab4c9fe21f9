// A receiver of messages on the disk of a world, as a good one is: a second message of one id is dropped, and it can be asked.
import type { Channel } from '../../ports/channel.ts';
import type { DurableDisk } from './durable-disk.ts';
import type { KillSwitch } from './kill-switch.ts';

/** Ids of what arrived; readable after any kill. */
export const arrivedOn = (disk: DurableDisk): string[] => disk.part<string[]>('mailbox', () => []);

export function createMailbox({ disk, kill }: { readonly disk: DurableDisk; readonly kill: KillSwitch }): Channel {
  const arrived = arrivedOn(disk);
  return {
    card: { idempotent: true, reconcile: true, edit: false, thread: false, maxLength: 100_000, settleMs: 1_000 },
    send: async ({ id }) => {
      await kill.at('message:before');
      if (!arrived.includes(id)) arrived.push(id);
      await kill.at('message:after');
      return { providerId: id };
    },
    reconcile: async ({ id }) => {
      await kill.gate();
      return arrived.includes(id) ? { found: true, providerId: id } : { found: false };
    },
    check: async () => ({ ok: true, why: '' }),
  } satisfies Channel;
}
