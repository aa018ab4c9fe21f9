// A channel to Slack by the official client. Slack has no idempotency: the delivery id travels in the message's metadata,
// so that history can be asked whether it arrived. All retries belong to the outbox; the client's own ten are off.
import { LogLevel, WebClient } from '@slack/web-api';
import type { ChannelOptions } from '../../domain/channel-catalog.ts';
import { BelayError } from '../../domain/errors.ts';
import type { Channel, Outgoing } from '../../ports/channel.ts';
import { failure } from './failure.ts';

const EVENT_TYPE = 'belay_delivery';
const PAGE = 200;
const PAGES = 5;
const MAX_LENGTH = 12_000;

interface SlackMessage {
  readonly ts?: string;
  readonly metadata?: { readonly event_type?: string; readonly event_payload?: unknown };
}

/** `to` of a message is a conversation's id (`C…`, `G…`, `D…`): history takes no names. */
export function createSlackChannel(options: ChannelOptions<'slack'>) {
  const client = new WebClient(options.token, {
    retryConfig: { retries: 0 },
    timeout: options.timeoutMs ?? 10_000,
    rejectRateLimitedCalls: true,
    // Every failure reaches the outbox as an error; the client would only repeat it on the console.
    logLevel: LogLevel.ERROR,
    logger: SILENT,
    ...(options.url === undefined ? {} : { slackApiUrl: options.url }),
  });
  return {
    card: { idempotent: false, reconcile: true, edit: true, thread: true, maxLength: MAX_LENGTH, settleMs: options.settleMs ?? 5_000 },
    send: async (message, signal) => {
      const ts = await call(message.to, signal, () => client.chat.postMessage(postOf(message)));
      if (typeof ts.ts !== 'string')
        throw new BelayError('BELAY_CHANNEL_FAILED', `slack ${message.to}: the answer has no ts`, { effect: 'unknown' });
      return { providerId: ts.ts };
    },
    reconcile: (message, signal) => find(client, message, signal),
    check: async (signal) => {
      try {
        const answer = await call('auth.test', signal, () => client.auth.test());
        return { ok: true, why: `signed in as ${answer.user ?? 'somebody'} of ${answer.team ?? 'a workspace'}` };
      } catch (error) {
        return { ok: false, why: error instanceof Error ? error.message : String(error) };
      }
    },
  } satisfies Channel;
}

const quiet = (): void => undefined;
const SILENT = { debug: quiet, info: quiet, warn: quiet, error: quiet, setLevel: quiet, getLevel: () => LogLevel.ERROR, setName: quiet };

function postOf(message: Outgoing) {
  const text = message.message.slack;
  return {
    channel: message.to,
    text: text.length <= MAX_LENGTH ? text : `${text.slice(0, MAX_LENGTH - 1)}…`,
    // No value of a message may ping, link or unfurl by itself.
    parse: 'none' as const,
    link_names: false,
    unfurl_links: false,
    unfurl_media: false,
    metadata: { event_type: EVENT_TYPE, event_payload: { delivery: message.id } },
    ...(message.replyTo === undefined ? {} : { thread_ts: message.replyTo }),
  };
}

/** Replies of a thread are not in the channel's history: they are asked of the thread. */
async function find(
  client: WebClient,
  message: Outgoing,
  signal: AbortSignal,
): Promise<{ readonly found: true; readonly providerId: string } | { readonly found: false } | 'unknown'> {
  let cursor = '';
  for (let page = 0; page < PAGES; page += 1) {
    const query = { channel: message.to, include_all_metadata: true, limit: PAGE, ...(cursor === '' ? {} : { cursor }) };
    const answer = await call(message.to, signal, () =>
      message.replyTo === undefined ? client.conversations.history(query) : client.conversations.replies({ ...query, ts: message.replyTo }),
    );
    const found = ((answer.messages ?? []) as readonly SlackMessage[]).find((one) => carries(one, message.id));
    if (found?.ts !== undefined) return { found: true, providerId: found.ts };
    cursor = answer.response_metadata?.next_cursor ?? '';
    if (cursor === '') return { found: false };
  }
  // Older than a thousand messages: nobody can say.
  return 'unknown';
}

function carries(message: SlackMessage, id: string): boolean {
  const payload = message.metadata?.event_payload;
  return (
    message.metadata?.event_type === EVENT_TYPE &&
    typeof payload === 'object' &&
    payload !== null &&
    (payload as { readonly delivery?: unknown }).delivery === id
  );
}

async function call<T>(what: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  if (signal.aborted) throw new BelayError('BELAY_CHANNEL_FAILED', `slack ${what}: given up before the call`, { effect: 'none' });
  const aborted = new Promise<never>((_resolve, reject) => {
    signal.addEventListener(
      'abort',
      () => reject(new BelayError('BELAY_CHANNEL_FAILED', `slack ${what}: no answer in time`, { effect: 'unknown' })),
      { once: true },
    );
  });
  try {
    return await Promise.race([work(), aborted]);
  } catch (error) {
    throw failure(what, error);
  }
}
