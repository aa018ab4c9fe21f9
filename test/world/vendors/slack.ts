// Slack's Web API as far as Belay uses it, over real HTTP: posts, history and thread replies with metadata, 429, and bad days.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface SlackPost {
  readonly channel: string;
  readonly ts: string;
  readonly text: string;
  readonly threadTs: string | null;
  readonly body: Readonly<Record<string, string>>;
  readonly delivery: string | null;
}

/** What the next post meets; `ok` when the list is empty. */
export type SlackMood = 'ok' | 'rate-limited' | 'taken-but-cut' | 'taken-but-hangs' | 'cut' | 'error-500' | 'not-in-channel';

export interface SlackServer {
  readonly url: string;
  readonly posts: SlackPost[];
  readonly moods: SlackMood[];
  readonly calls: string[];
  /** A post is shown in history this much later. */
  lateMs: number;
  close(): Promise<void>;
}

export async function startSlack(o: { readonly token: string }): Promise<SlackServer> {
  const posts: SlackPost[] = [];
  const moods: SlackMood[] = [];
  const calls: string[] = [];
  const shownAt = new Map<string, number>();
  const state = { lateMs: 0, next: 1 };

  const post = (body: Record<string, string>): SlackPost => {
    const metadata = body['metadata'] === undefined ? null : (JSON.parse(body['metadata']) as { event_payload?: { delivery?: string } });
    const ts = `1700000000.${String(state.next++).padStart(6, '0')}`;
    shownAt.set(ts, Date.now() + state.lateMs);
    const made = {
      channel: body['channel'] ?? '',
      ts,
      text: body['text'] ?? '',
      threadTs: body['thread_ts'] ?? null,
      body,
      delivery: metadata?.event_payload?.delivery ?? null,
    };
    posts.push(made);
    return made;
  };
  const page = (body: Record<string, string>, keep: (one: SlackPost) => boolean): object => {
    const all = posts
      .filter((one) => one.channel === body['channel'] && keep(one) && (shownAt.get(one.ts) ?? 0) <= Date.now())
      .toReversed();
    const from = Number(body['cursor'] ?? 0);
    const limit = Number(body['limit'] ?? 100);
    const withMetadata = body['include_all_metadata'] === 'true';
    const messages = all.slice(from, from + limit).map((one) => ({
      type: 'message',
      ts: one.ts,
      text: one.text,
      ...(withMetadata && one.delivery !== null ? { metadata: JSON.parse(one.body['metadata'] ?? '{}') as object } : {}),
    }));
    const more = from + limit < all.length;
    return { ok: true, messages, has_more: more, response_metadata: { next_cursor: more ? String(from + limit) : '' } };
  };
  const answers: Record<string, (body: Record<string, string>, request: IncomingMessage, response: ServerResponse) => object | null> = {
    'auth.test': () => ({ ok: true, user: 'belay', team: 'Test' }),
    'conversations.history': (body) => page(body, (one) => one.threadTs === null),
    'conversations.replies': (body) => page(body, (one) => one.threadTs === body['ts'] || one.ts === body['ts']),
    'chat.postMessage': (body, request, response) => {
      const mood = moods.shift() ?? 'ok';
      if (mood === 'not-in-channel') return { ok: false, error: 'not_in_channel' };
      if (mood === 'rate-limited') {
        response.writeHead(429, { 'retry-after': '7' }).end();
        return null;
      }
      if (mood === 'error-500') {
        response.writeHead(500).end('oops');
        return null;
      }
      if (mood === 'cut') {
        request.socket.destroy();
        return null;
      }
      const made = post(body);
      if (mood === 'taken-but-cut') request.socket.destroy();
      if (mood !== 'ok') return null;
      return { ok: true, channel: made.channel, ts: made.ts, message: { text: made.text } };
    },
  };
  const server = createServer((request, response) => {
    void read(request).then((text) => {
      const method = (request.url ?? '').replace(/^\/api\//, '');
      calls.push(method);
      const body = Object.fromEntries(new URLSearchParams(text));
      if (request.headers.authorization !== `Bearer ${o.token}`) return send(response, { ok: false, error: 'invalid_auth' });
      const answer = answers[method]?.(body, request, response);
      if (answer === undefined) return send(response, { ok: false, error: 'unknown_method' });
      if (answer !== null) send(response, answer);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/`,
    posts,
    moods,
    calls,
    get lateMs() {
      return state.lateMs;
    },
    set lateMs(ms) {
      state.lateMs = ms;
    },
    close: async () => {
      if (!server.listening) return;
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function send(response: ServerResponse, body: object): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of request) chunks.push(chunk as Buffer);
  } catch {
    // The caller was killed while it wrote: what came is what there is.
  }
  return Buffer.concat(chunks).toString('utf8');
}
