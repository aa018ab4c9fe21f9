import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { createEmailChannel, messageIdOf } from '../../../src/adapters/email/index.ts';
import type { BelayError } from '../../../src/domain/errors.ts';
import { channelContract, outgoing } from '../../contracts/channel.ts';
import { startMailbox } from '../../world/parts/mailbox.ts';

const live = (): AbortSignal => new AbortController().signal;
const FROM = 'Belay <belay@example.com>';

/** nodemailer folds long lines and encodes: what a reader sees is the decoded text part. */
function textOf(raw: string): string {
  const part = raw.split(/\r?\n\r?\n/).slice(2)[0] ?? '';
  return part.replaceAll(/=\r?\n/g, '');
}

channelContract('email', async () => {
  const server = await startMailbox();
  return {
    channel: createEmailChannel({ host: '127.0.0.1', port: server.port, from: FROM }),
    to: 'ana@example.com',
    received: async (id) => server.mails.filter((mail) => mail.raw.includes(messageIdOf(id, FROM))).map((mail) => textOf(mail.raw)),
    unplug: server.close,
    close: server.close,
  };
});

async function errorOf(work: Promise<unknown>): Promise<BelayError> {
  return work.then(
    () => {
      throw new Error('it was sent');
    },
    (error: unknown) => error as BelayError,
  );
}

describe('the email channel', () => {
  it('gives a message the same Message-ID each time, and threads by it', async () => {
    const server = await startMailbox();
    const channel = createEmailChannel({ host: '127.0.0.1', port: server.port, from: FROM });
    const first = await channel.send(outgoing('INC-1/a', 'ana@example.com'), live());
    const again = await channel.send(outgoing('INC-1/a', 'ana@example.com'), live());
    await channel.send({ ...outgoing('INC-1/b', 'ana@example.com'), replyTo: first.providerId }, live());
    await server.close();
    expect(again.providerId).toBe(first.providerId);
    expect(first.providerId).toMatch(/^<[0-9a-f]{40}@example\.com>$/);
    expect(server.mails[2]?.raw).toContain(`In-Reply-To: ${first.providerId}`);
  });

  it('lets no recipient or subject add a header or another recipient', async () => {
    const server = await startMailbox();
    const channel = createEmailChannel({ host: '127.0.0.1', port: server.port, from: FROM });
    const message = outgoing('INC-1/a', 'ana@example.com');
    await channel.send({ ...message, message: { ...message.message, subject: 'Hi\r\nBcc: eve@example.com' } }, live());
    await channel.send(outgoing('INC-1/b', 'ana@example.com, eve@example.com'), live()).catch(() => undefined);
    await server.close();
    expect(server.mails.flatMap((mail) => mail.to).filter((to) => to === 'eve@example.com')).toEqual([]);
    expect(server.mails[0]?.raw).not.toMatch(/^Bcc:/im);
  });

  it('says that nothing happened when the server refuses the recipient', async () => {
    const server = await startMailbox({ refuse: () => true });
    const error = await errorOf(
      createEmailChannel({ host: '127.0.0.1', port: server.port, from: FROM }).send(outgoing('INC-1/a', 'nobody@example.com'), live()),
    );
    await server.close();
    expect([error.code, error.effect]).toEqual(['BELAY_CHANNEL_FAILED', 'none']);
  });

  it('does not know whether the mail arrived when the answer to its text never comes', async () => {
    const server = await startMailbox({ hangAfterData: true });
    const channel = createEmailChannel({ host: '127.0.0.1', port: server.port, from: FROM, timeoutMs: 300 });
    const error = await errorOf(channel.send(outgoing('INC-1/a', 'ana@example.com'), live()));
    expect([error.effect, server.mails.length]).toEqual(['unknown', 1]);
    void server.close();
  });

  it('never sends a password over a connection without TLS', async () => {
    const server = await startMailbox();
    const channel = createEmailChannel({ host: '127.0.0.1', port: server.port, from: FROM, user: 'belay', password: 'hunter2' });
    const error = await errorOf(channel.send(outgoing('INC-1/a', 'ana@example.com'), live()));
    await server.close();
    expect([error.effect, server.mails.length]).toEqual(['none', 0]);
    expect(error.message).not.toContain('hunter2');
  });

  it('gives up on a server that accepts the connection and says nothing', async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const channel = createEmailChannel({ host: '127.0.0.1', port: (silent.address() as AddressInfo).port, from: FROM, timeoutMs: 200 });
    const error = await errorOf(channel.send(outgoing('INC-1/a', 'ana@example.com'), live()));
    silent.close();
    expect([error.code, error.effect]).toEqual(['BELAY_CHANNEL_FAILED', 'none']);
  });
});
