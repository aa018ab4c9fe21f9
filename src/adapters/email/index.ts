// A channel by SMTP. The Message-ID is made from the delivery id, so a repeat is recognisable; no mail server can be asked.
import { createHash } from 'node:crypto';
import { createTransport } from 'nodemailer';
import type { ChannelOptions } from '../../domain/channel-catalog.ts';
import { BelayError } from '../../domain/errors.ts';
import type { Channel, Outgoing } from '../../ports/channel.ts';

type EmailOptions = ChannelOptions<'email'>;
type Transport = ReturnType<typeof createTransport>;

export function createEmailChannel(options: EmailOptions) {
  return {
    card: { idempotent: false, reconcile: false, edit: false, thread: true, maxLength: 1_000_000, settleMs: options.settleMs ?? 10_000 },
    send: (message, signal) =>
      withTransport(options, signal, async (transport) => {
        const sent = await transport.sendMail(mailOf(options, message));
        return { providerId: String(sent.messageId) };
      }),
    reconcile: async () => 'unknown',
    check: async (signal) => {
      try {
        await withTransport(options, signal, (transport) => transport.verify());
        return { ok: true, why: `${options.host}:${options.port} takes mail` };
      } catch (error) {
        return { ok: false, why: error instanceof Error ? error.message : String(error) };
      }
    },
  } satisfies Channel;
}

/** @example messageIdOf('INC-1/tell/team/ana%40x', 'belay@example.com') // '<…@example.com>' */
export function messageIdOf(deliveryId: string, from: string): string {
  const domain = /@([A-Za-z0-9.-]+)/.exec(from)?.[1] ?? 'belay.invalid';
  return `<${createHash('sha256').update(deliveryId).digest('hex').slice(0, 40)}@${domain}>`;
}

function mailOf(options: EmailOptions, message: Outgoing) {
  return {
    from: options.from,
    to: { name: '', address: message.to },
    subject: message.message.subject,
    text: message.message.plain,
    html: shell(message.message.html),
    messageId: messageIdOf(message.id, options.from),
    headers: { 'X-Belay-Delivery': message.id, 'Auto-Submitted': 'auto-generated' },
    ...(message.replyTo === undefined ? {} : { inReplyTo: message.replyTo, references: [message.replyTo] }),
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}

function shell(html: string): string {
  return `<!doctype html><html><body><table role="presentation" width="100%"><tr><td style="font-family:sans-serif;font-size:16px;line-height:1.5;max-width:40em">${html}</td></tr></table></body></html>`;
}

async function withTransport<T>(options: EmailOptions, signal: AbortSignal, work: (transport: Transport) => Promise<T>): Promise<T> {
  if (signal.aborted) throw new BelayError('BELAY_CHANNEL_FAILED', `${options.host}: given up before the call`, { effect: 'none' });
  const progress: Progress = { textAsked: false };
  const transport = transportOf(options, progress);
  const aborted = new Promise<never>((_resolve, reject) => {
    const stop = (): void => reject(new Error('no answer in time'));
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([work(transport), aborted]);
  } catch (error) {
    throw failure(options, progress, error);
  } finally {
    transport.close();
  }
}

/** Whether the server was asked to take the message's text: before that nothing can have arrived. */
interface Progress {
  textAsked: boolean;
}

function transportOf(options: EmailOptions, progress: Progress): Transport {
  const timeout = options.timeoutMs ?? 10_000;
  const auth = options.user === undefined || options.password === undefined ? {} : { auth: { user: options.user, pass: options.password } };
  return createTransport({
    host: options.host,
    port: options.port,
    secure: options.secure ?? false,
    // A password never travels in clear text, whatever the server offers.
    requireTLS: options.requireTls ?? options.password !== undefined,
    connectionTimeout: timeout,
    greetingTimeout: timeout,
    socketTimeout: timeout,
    // Errors name the command CONN whenever the line breaks, at any stage: only the transcript tells how far it went.
    transactionLog: true,
    logger: transcript(progress),
    ...auth,
  });
}

function transcript(progress: Progress) {
  const nothing = (): void => undefined;
  const debug = (entry: unknown, ...message: readonly unknown[]): void => {
    const sent = (entry as { readonly tnx?: string } | null)?.tnx === 'client';
    if (sent && message.some((part) => String(part).startsWith('DATA'))) progress.textAsked = true;
  };
  return { level: nothing, trace: nothing, debug, info: nothing, warn: nothing, error: nothing, fatal: nothing };
}

function failure(options: EmailOptions, progress: Progress, error: unknown): BelayError {
  const smtp = error as { readonly responseCode?: number; readonly message?: string };
  const refused = typeof smtp.responseCode === 'number' && smtp.responseCode >= 400;
  const message = `mail by ${options.host}:${options.port}: ${smtp.message ?? String(error)}`;
  return new BelayError('BELAY_CHANNEL_FAILED', message, {
    effect: refused || !progress.textAsked ? 'none' : 'unknown',
    hint: 'Check host, port, TLS, user and the address of the recipient.',
    cause: error,
  });
}
