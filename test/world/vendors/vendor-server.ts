// What the contract servers of vendors share: real HTTP on loopback, a list of what was asked, and bad days. What a vendor answers, and
// what it refuses, is the business of each of them.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}
export interface VendorReply {
  readonly status: number;
  readonly json?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** `lie`: 200, and something else than was asked for. */
export type Mood = 'well' | 'rate-limited' | 'error-500' | 'stall' | 'cut' | 'html' | 'moved' | 'lie' | 'forbidden' | 'long' | Afterwards;
/** It is done as asked, and then: nothing is said, the answer breaks off, or a gateway answers in its place. */
export type Afterwards = 'done-then-stall' | 'done-then-cut' | 'done-then-502';
export const BAD_MOODS: readonly Mood[] = ['rate-limited', 'error-500', 'stall', 'cut', 'html', 'moved', 'lie', 'forbidden', 'long'];

export interface VendorServer {
  readonly url: string;
  readonly asked: Asked[];
  /** Requests that the vendor would have refused for their form. */
  readonly refused: string[];
  mood: Mood;
  /** The mood is for these requests; for all of them if not said. */
  moodFor: (asked: Asked) => boolean;
  close(): Promise<void>;
}

/** Thrown by a vendor for a request that breaks its description. */
export class BadRequest extends Error {
  readonly status: number;
  constructor(message: string, status = 400) {
    super(message);
    this.status = status;
  }
}

export async function startVendor(
  answer: (asked: Asked) => VendorReply,
  tls: { readonly cert: string; readonly key: string } | null = null,
): Promise<VendorServer> {
  const asked: Asked[] = [];
  const refused: string[] = [];
  const held = new Set<ServerResponse>();
  const state: { mood: Mood; moodFor: (one: Asked) => boolean } = { mood: 'well', moodFor: () => true };
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    void bodyOf(request).then((body) => {
      const url = new URL(request.url ?? '/', 'http://vendor');
      const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
      const one = { method: request.method ?? '', path: url.pathname, query: url.searchParams, headers, body };
      asked.push(one);
      const mood = state.moodFor(one) ? state.mood : 'well';
      if (mood === 'stall') return void held.add(response);
      if (mood !== 'well' && !mood.startsWith('done-then')) return badDay(mood, request, response);
      try {
        const reply = answer(one);
        if (mood === 'well') send(response, reply);
        else if (mood === 'done-then-stall') held.add(response);
        else badDay(mood, request, response);
      } catch (error) {
        if (!(error instanceof BadRequest)) throw error;
        refused.push(error.message);
        send(response, { status: error.status, json: { message: error.message } });
      }
    });
  };
  const server = tls === null ? createServer(handle) : createTlsServer(tls, handle);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `${tls === null ? 'http' : 'https'}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    refused,
    get mood() {
      return state.mood;
    },
    set mood(mood) {
      state.mood = mood;
    },
    get moodFor() {
      return state.moodFor;
    },
    set moodFor(moodFor) {
      state.moodFor = moodFor;
    },
    close: () =>
      new Promise<void>((resolve) => {
        for (const response of held) response.destroy();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function badDay(mood: Mood, request: IncomingMessage, response: ServerResponse): void {
  if (mood === 'rate-limited') send(response, { status: 429, json: { message: 'slow down' }, headers: { 'retry-after': '7' } });
  if (mood === 'done-then-502') send(response, { status: 502, json: { message: 'bad gateway' } });
  if (mood === 'error-500') send(response, { status: 500, json: { message: 'oops' } });
  if (mood === 'forbidden') send(response, { status: 403, json: { message: `not with ${request.headers.authorization}` } });
  if (mood === 'lie') send(response, { status: 200, json: { ok: true } });
  if (mood === 'moved') response.writeHead(302, { location: 'https://elsewhere.example/' }).end();
  if (mood === 'html') response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>Sign in</title>');
  if (mood === 'long') response.writeHead(200, { 'content-type': 'application/json' }).end(`["${'x'.repeat(33 * 1024 * 1024)}"]`);
  if (mood === 'cut' || mood === 'done-then-cut') {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' });
    response.write('{"a":');
    request.socket.destroySoon();
  }
}

function send(response: ServerResponse, { status, json, headers = {} }: VendorReply): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(json === undefined ? undefined : JSON.stringify(json));
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of request) chunks.push(chunk as Buffer);
  } catch {
    // The caller went away: what came is what there is.
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** @throws BadRequest */
export function demand(isSo: boolean, message: string, status = 400): asserts isSo {
  if (!isSo) throw new BadRequest(message, status);
}
