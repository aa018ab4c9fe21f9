import type { IncomingHttpHeaders } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { createWebhookChannel } from '../../../src/adapters/webhook/index.ts';
import { readRetryAfter } from '../../../src/domain/delivery.ts';
import { BelayError } from '../../../src/domain/errors.ts';
import type { Http } from '../../../src/ports/http.ts';
import { channelContract, outgoing } from '../../contracts/channel.ts';

const SECRET = `whsec_${Buffer.from('thirty-two bytes of test secret!').toString('base64')}`;
const live = (): AbortSignal => new AbortController().signal;
const time = { now: () => Date.now() };

interface Call {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A receiver that drops repeats by `webhook-id`, as Standard Webhooks asks of it. */
async function startReceiver(): Promise<{
  url: string;
  calls: Call[];
  kept: Map<string, string>;
  answers: { status: number; headers?: Record<string, string> }[];
  close: () => Promise<void>;
}> {
  const calls: Call[] = [];
  const kept = new Map<string, string>();
  const answers: { status: number; headers?: Record<string, string> }[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const answer = answers.shift() ?? { status: 200 };
      const body = Buffer.concat(chunks).toString('utf8');
      if (request.method === 'POST') {
        calls.push({ headers: request.headers, body });
        if (answer.status < 300)
          kept.set(String(request.headers['webhook-id']), (JSON.parse(body) as { data: { text: string } }).data.text);
      }
      response.writeHead(answer.status, answer.headers).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = async (): Promise<void> => {
    if (!server.listening) return;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, calls, kept, answers, close };
}

/** The port over fetch: enough for a local receiver; the address checks are the real adapter's business. */
const http: Http = {
  request: async (request, signal) => {
    const startedAt = performance.now();
    try {
      const answer = await fetch(request.url, {
        method: request.method,
        redirect: 'manual',
        headers: request.headers ?? {},
        ...(request.body === undefined ? {} : { body: request.body }),
        ...(signal === undefined ? {} : { signal }),
      });
      return {
        status: answer.status,
        headers: Object.fromEntries(answer.headers),
        body: await answer.text(),
        tookMs: performance.now() - startedAt,
      };
    } catch (cause) {
      const refused = ((cause as Error).cause as NodeJS.ErrnoException | undefined)?.code === 'ECONNREFUSED';
      throw new BelayError('BELAY_HTTP_FAILED', `no answer from ${request.url}`, { effect: refused ? 'none' : 'unknown', cause });
    }
  },
};

channelContract('a signed webhook', async () => {
  const receiver = await startReceiver();
  return {
    channel: createWebhookChannel({ url: receiver.url, secret: SECRET }, { http, time }),
    to: 'ops',
    received: async (id) => [...receiver.kept].filter(([kept]) => kept === id).map(([, text]) => text),
    unplug: receiver.close,
    close: receiver.close,
  };
});

describe('the webhook channel', () => {
  const errorFor = async (answer: { status: number; headers?: Record<string, string> }): Promise<BelayError> => {
    const receiver = await startReceiver();
    receiver.answers.push(answer);
    try {
      await createWebhookChannel({ url: receiver.url, secret: SECRET }, { http, time }).send(outgoing('INC-1/x', 'ops'), live());
    } catch (error) {
      return error as BelayError;
    } finally {
      await receiver.close();
    }
    throw new Error('it was sent');
  };

  it('signs what it sends so that a receiver can verify it, and only with the right secret', async () => {
    const receiver = await startReceiver();
    await createWebhookChannel({ url: receiver.url, secret: SECRET }, { http, time }).send(
      outgoing('INC-1/tell/team/ana%40x', 'ops'),
      live(),
    );
    await receiver.close();
    const call = receiver.calls[0];
    const headers = call?.headers as Record<string, string>;
    expect(new Webhook(SECRET).verify(call?.body ?? '', headers)).toMatchObject({
      specversion: '1.0',
      id: 'INC-1/tell/team/ana%40x',
      type: 'belay.message',
      data: { to: 'ops' },
    });
    expect(() => new Webhook(`whsec_${Buffer.from('another secret').toString('base64')}`).verify(call?.body ?? '', headers)).toThrow();
    expect(() => new Webhook(SECRET).verify(`${call?.body} `, headers)).toThrow();
  });

  it('waits as long as a busy receiver asks', async () => {
    const busy = await errorFor({ status: 429, headers: { 'retry-after': '12' } });
    expect([busy.effect, readRetryAfter(busy.hint)]).toEqual(['none', 12_000]);
    const down = await errorFor({ status: 503, headers: { 'retry-after': '3' } });
    expect([down.effect, readRetryAfter(down.hint)]).toEqual(['none', 3_000]);
  });

  it('knows a refusal from a failure that may have taken the message', async () => {
    expect((await errorFor({ status: 401 })).effect).toBe('none');
    expect((await errorFor({ status: 302, headers: { location: 'http://127.0.0.1:1/' } })).effect).toBe('none');
    expect((await errorFor({ status: 500 })).effect).toBe('unknown');
  });

  it('refuses a secret that is not base64 when it is made', () => {
    expect(() => createWebhookChannel({ url: 'https://example.com', secret: '' }, { http, time })).toThrow(
      expect.objectContaining({ code: 'BELAY_CONFIG_INVALID' }),
    );
  });
});
