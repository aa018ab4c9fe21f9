// What every channel promises. `make` gives a channel and a look at what its receiver has taken.
import { afterEach, describe, expect, it } from 'vitest';
import { BelayError } from '../../src/domain/errors.ts';
import type { Channel, Outgoing } from '../../src/ports/channel.ts';

export interface ChannelUnderTest {
  readonly channel: Channel;
  /** A recipient that this channel can reach. */
  readonly to: string;
  /** Texts that the receiver holds for a delivery id. */
  received(id: string): Promise<readonly string[]>;
  /** Makes the receiver unreachable for good; undefined where nothing can be unreachable. */
  readonly unplug?: () => Promise<void>;
  close(): Promise<void>;
}

export function outgoing(id: string, to: string, text = `text of ${id}`): Outgoing {
  return {
    id,
    to,
    message: { subject: `subject of ${id}`, plain: text, html: `<p>${text}</p>`, slack: text },
    thread: 'INC-1',
    resent: false,
  };
}

const live = (): AbortSignal => new AbortController().signal;

export function channelContract(name: string, make: () => Promise<ChannelUnderTest>): void {
  describe(`the channel contract, kept by ${name}`, () => {
    const open: ChannelUnderTest[] = [];
    const setUp = async (): Promise<ChannelUnderTest> => {
      const made = await make();
      open.push(made);
      return made;
    };
    afterEach(async () => {
      for (const one of open.splice(0)) await one.close();
    });

    it('delivers a message once and gives an id for it', async () => {
      const { channel, to, received } = await setUp();
      const { providerId } = await channel.send(outgoing('INC-1/tell/team/a', to), live());
      expect(providerId).not.toBe('');
      const texts = await received('INC-1/tell/team/a');
      expect(texts).toHaveLength(1);
      expect(texts[0]).toContain('text of INC-1/tell/team/a');
    });

    it('keeps two messages apart', async () => {
      const { channel, to, received } = await setUp();
      const first = await channel.send(outgoing('INC-1/a', to), live());
      const second = await channel.send(outgoing('INC-1/b', to), live());
      expect(first.providerId).not.toBe(second.providerId);
      expect(await received('INC-1/a')).toHaveLength(1);
      expect(await received('INC-1/b')).toHaveLength(1);
    });

    it('does what its card says of a repeated id', async () => {
      const { channel, to, received } = await setUp();
      await channel.send(outgoing('INC-1/again', to), live());
      await channel.send(outgoing('INC-1/again', to), live());
      expect(await received('INC-1/again')).toHaveLength(channel.card.idempotent ? 1 : 2);
    });

    it('does what its card says when asked what arrived', async () => {
      const { channel, to } = await setUp();
      const sent = outgoing('INC-1/asked', to);
      const { providerId } = await channel.send(sent, live());
      const answers = [await channel.reconcile(sent, live()), await channel.reconcile(outgoing('INC-1/never', to), live())];
      expect(answers).toEqual(channel.card.reconcile ? [{ found: true, providerId }, { found: false }] : ['unknown', 'unknown']);
    });

    it('says whether it can be reached, without sending', async () => {
      const { channel, unplug } = await setUp();
      expect((await channel.check(live())).ok).toBe(true);
      if (unplug === undefined) return;
      await unplug();
      const answer = await channel.check(live());
      expect(answer.ok).toBe(false);
      expect(answer.why).not.toBe('');
    });

    it('says that nothing happened when the receiver was never reached', async () => {
      const { channel, to, unplug } = await setUp();
      if (unplug === undefined) return;
      await unplug();
      const error = await channel.send(outgoing('INC-1/unplugged', to), live()).then(
        () => null,
        (thrown: unknown) => thrown,
      );
      expect(BelayError.is(error, 'BELAY_CHANNEL_FAILED')).toBe(true);
      expect((error as BelayError).effect).toBe('none');
      expect((error as BelayError).hint).not.toBe('');
    });
  });
}
