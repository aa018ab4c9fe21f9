// A small service that takes messages of customers over webhooks, answers them a moment later, and shows its agents a dashboard: real HTTP,
// state in memory, and faults that a test switches on. Who is to blame is not its business.
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Faults {
  /** The same message twice makes two conversations. */
  doubles: boolean;
  /** Takes messages and never stores them. */
  loses: boolean;
  /** The dashboard is an empty page. */
  empty: boolean;
  /** What it says to whoever logs in. */
  loginStatus: number;
}

export interface Conversation {
  readonly channel: string;
  readonly from: string;
  readonly message: string;
  readonly answer: string;
}

interface Reply {
  readonly status: number;
  readonly json?: unknown;
  readonly cookie?: string;
}

const STORED_AFTER_MS = 40;

export async function startMessageService(password: string) {
  const faults: Faults = { doubles: false, loses: false, empty: false, loginStatus: 200 };
  const conversations: Conversation[] = [];
  const seen = new Set<string>();
  const timers = new Set<NodeJS.Timeout>();

  const take = (channel: string, body: string): number => {
    const { id, from, text } = JSON.parse(body) as Readonly<Record<string, string>>;
    if (id === undefined || from === undefined || text === undefined) return 400;
    if (seen.has(id) && !faults.doubles) return 200;
    seen.add(id);
    const timer = setTimeout(() => {
      timers.delete(timer);
      if (!faults.loses) conversations.push({ channel, from, message: text, answer: `we heard: ${text}` });
    }, STORED_AFTER_MS);
    timers.add(timer);
    return 202;
  };

  const answer = (request: IncomingMessage, body: string): Reply => {
    const url = new URL(request.url ?? '/', 'http://service');
    const [, channel] = /^\/webhook\/(instagram|whatsapp)$/.exec(url.pathname) ?? [];
    if (request.method === 'POST' && channel !== undefined) return { status: take(channel, body) };
    if (url.pathname === '/conversations') {
      const found = conversations.filter((one) => one.from === url.searchParams.get('from'));
      return { status: 200, json: { count: found.length, last: found.at(-1) ?? null } };
    }
    if (request.method === 'POST' && url.pathname === '/login') {
      const right = new URLSearchParams(body).get('password') === password;
      return right ? { status: faults.loginStatus, cookie: 'session=s3ss10n; HttpOnly; Path=/' } : { status: 401 };
    }
    if (url.pathname !== '/dashboard/data') return { status: 404 };
    if (request.headers.cookie !== 'session=s3ss10n') return { status: 401 };
    return { status: 200, json: { rows: faults.empty ? [] : [{ day: 'today', messages: conversations.length }] } };
  };

  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request
      .on('data', (chunk: Buffer) => chunks.push(chunk))
      .on('end', () => {
        const { status, json = {}, cookie } = answer(request, Buffer.concat(chunks).toString('utf8'));
        const headers = { 'content-type': 'application/json', ...(cookie === undefined ? {} : { 'set-cookie': cookie }) };
        response.writeHead(status, headers).end(JSON.stringify(json));
      });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    faults,
    conversations,
    close: () =>
      new Promise<void>((resolve) => {
        for (const timer of timers) clearTimeout(timer);
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
