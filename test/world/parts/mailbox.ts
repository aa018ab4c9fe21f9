// A real mail server in the process of the test: it takes every mail, or refuses some, and keeps what it took. It judges nothing.
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';

export interface Mail {
  readonly raw: string;
  readonly to: readonly string[];
}
export interface Mailbox {
  readonly port: number;
  readonly mails: Mail[];
  close(): Promise<void>;
}

export async function startMailbox(
  o: { readonly refuse?: (to: string) => boolean; readonly hangAfterData?: boolean } = {},
): Promise<Mailbox> {
  const mails: Mail[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS', 'AUTH'],
    onRcptTo: (address, _session, done) =>
      o.refuse?.(address.address) === true ? done(Object.assign(new Error('no such user'), { responseCode: 550 })) : done(),
    onData: (stream, session, done) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        mails.push({ raw: Buffer.concat(chunks).toString('utf8'), to: session.envelope.rcptTo.map((one) => one.address) });
        if (o.hangAfterData !== true) done();
      });
    },
  });
  server.on('error', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  return {
    port: (server.server.address() as AddressInfo).port,
    mails,
    close: () => new Promise((resolve) => (server.server.listening ? server.close(() => resolve()) : resolve())),
  };
}
