// A channel to any web address: Standard Webhooks signature, CloudEvents body, `webhook-id` = delivery id, so receivers can drop repeats.
import { Webhook } from 'standardwebhooks';
import type { ChannelOptions } from '../../domain/channel-catalog.ts';
import { retryAfterHint } from '../../domain/delivery.ts';
import { BelayError } from '../../domain/errors.ts';
import type { Channel, Outgoing } from '../../ports/channel.ts';
import type { Http, HttpResponse } from '../../ports/http.ts';
import type { Time } from '../../ports/time.ts';

export function createWebhookChannel(options: ChannelOptions<'webhook'>, deps: { readonly http: Http; readonly time: Pick<Time, 'now'> }) {
  const signer = signerOf(options.secret);
  const timeoutMs = options.timeoutMs ?? 10_000;
  return {
    card: {
      idempotent: options.idempotent ?? true,
      reconcile: false,
      edit: false,
      thread: false,
      maxLength: 100_000,
      settleMs: options.settleMs ?? 5_000,
    },
    send: async (message, signal) => {
      const at = deps.time.now();
      const body = bodyOf(message, at);
      const seconds = Math.floor(at / 1000);
      const headers = {
        'content-type': 'application/cloudevents+json',
        'webhook-id': message.id,
        'webhook-timestamp': String(seconds),
        'webhook-signature': signer.sign(message.id, new Date(seconds * 1000), body),
      };
      const answer = await request(deps.http, { url: options.url, headers, body, timeoutMs }, signal);
      judge(options.url, answer, at);
      return { providerId: message.id };
    },
    reconcile: async () => 'unknown',
    check: async (signal) => {
      try {
        const answer = await deps.http.request({ method: 'HEAD', url: options.url, timeoutMs }, signal);
        return { ok: answer.status < 500, why: `${options.url} answers ${answer.status}` };
      } catch (error) {
        return { ok: false, why: error instanceof Error ? error.message : String(error) };
      }
    },
  } satisfies Channel;
}

function signerOf(secret: string): Webhook {
  try {
    return new Webhook(secret);
  } catch (cause) {
    throw new BelayError('BELAY_CONFIG_INVALID', 'driver webhook: secret: it is not base64', {
      hint: 'Give whsec_ and base64, for example of 32 random bytes.',
      cause,
    });
  }
}

function bodyOf(message: Outgoing, at: number): string {
  const { subject, plain, html } = message.message;
  return JSON.stringify({
    specversion: '1.0',
    id: message.id,
    source: 'belay',
    type: 'belay.message',
    time: new Date(at).toISOString(),
    datacontenttype: 'application/json',
    data: { to: message.to, thread: message.thread, resent: message.resent, subject, text: plain, html },
  });
}

async function request(
  http: Http,
  o: { readonly url: string; readonly headers: Record<string, string>; readonly body: string; readonly timeoutMs: number },
  signal: AbortSignal,
): Promise<HttpResponse> {
  try {
    return await http.request({ method: 'POST', ...o, maxBytes: 65_536 }, signal);
  } catch (cause) {
    const effect = BelayError.is(cause) ? cause.effect : 'unknown';
    throw new BelayError('BELAY_CHANNEL_FAILED', `${o.url}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      effect,
      hint: 'Check the address and that network.allow names it.',
      cause,
    });
  }
}

function judge(url: string, answer: HttpResponse, now: number): void {
  if (answer.status >= 200 && answer.status < 300) return;
  const waits = answer.status === 429 || answer.status === 503 ? retryAfterMs(answer.headers['retry-after'], now) : null;
  if (waits !== null || answer.status < 500) {
    throw new BelayError('BELAY_CHANNEL_FAILED', `${url} answered ${answer.status}`, {
      effect: 'none',
      hint: waits === null ? 'Check the address and the secret.' : retryAfterHint(waits),
    });
  }
  throw new BelayError('BELAY_CHANNEL_FAILED', `${url} answered ${answer.status}`, {
    effect: 'unknown',
    hint: 'The receiver failed; it may have taken the message.',
  });
}

/** Seconds or a date; a 429 or 503 without it is retried by our own backoff. */
function retryAfterMs(header: string | undefined, now: number): number | null {
  if (header === undefined) return 0;
  const seconds = Number(header);
  if (Number.isFinite(seconds)) return seconds * 1000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? 0 : Math.max(0, at - now);
}
