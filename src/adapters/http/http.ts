// Requests over undici: every one on its own connection, so that what was checked is what is used and it is known whether anything was
// sent. One time limit for all of it, a cap on the answer, no redirects, no retries: those belong to whoever asks.
import { Agent, type Dispatcher } from 'undici';
import { BelayError } from '../../domain/errors.ts';
import type { Http, HttpRequest, HttpResponse } from '../../ports/http.ts';
import { readAllowList } from './addresses.ts';
import { guardedConnector, type Lookup, toSocket } from './connector.ts';
import { failureOf, said } from './failure.ts';

const DEFAULT_MAX_BYTES = 1024 * 1024;
/** One for each socket and each authority: certificates are renewed now and then. */
const MOST_AGENTS = 32;

export interface HttpOptions {
  /** `network.allow`: host names, addresses or ranges that may be reached although they are private or loopback. */
  readonly allow: readonly string[];
}

/** `lookup`: the system's resolver by default. */
export function createHttp(options: HttpOptions, deps: { readonly lookup?: Lookup } = {}) {
  const allow = readAllowList(options.allow);
  const agents = new Map<string, Agent>();
  const agentFor = ({ socket, ca }: HttpRequest): Agent => {
    const key = JSON.stringify([socket, ca]);
    const agent = agents.get(key) ?? agentOf(socket === undefined ? guardedConnector(allow, { ...deps, ca }) : toSocket(socket));
    agents.delete(key);
    agents.set(key, agent);
    // They keep no connection: the one that was not used for longest is made again when it is wanted.
    for (const [old] of agents) if (agents.size > MOST_AGENTS) agents.delete(old);
    return agent;
  };
  return { request: (request: HttpRequest, signal?: AbortSignal) => send(agentFor(request), request, signal) } satisfies Http;
}

function agentOf(connect: ReturnType<typeof guardedConnector>): Agent {
  return new Agent({ connect, pipelining: 0, headersTimeout: 0, bodyTimeout: 0, maxHeaderSize: 64 * 1024 });
}

async function send(agent: Agent, request: HttpRequest, signal: AbortSignal | undefined): Promise<HttpResponse> {
  const url = urlOf(request.url);
  const exchange = new Exchange(`${request.method} ${url.origin}${url.pathname}`, request.maxBytes ?? DEFAULT_MAX_BYTES);
  const began = performance.now();
  const onAbort = (): void => exchange.stop('it was cancelled');
  signal?.addEventListener('abort', onAbort, { once: true });
  const timer = setTimeout(() => exchange.stop(`no answer within ${request.timeoutMs} ms`), request.timeoutMs);
  try {
    if (signal?.aborted === true) exchange.stop('it was cancelled');
    else dispatch(agent, url, request, exchange);
    const answer = await exchange.answer;
    return { ...answer, tookMs: performance.now() - began };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  }
}

function urlOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  const hint = 'Write it as http://host:port/path or https://host/path.';
  if (url === null) throw new BelayError('BELAY_HTTP_REFUSED', `"${text.slice(0, 200)}" is not an address`, { hint });
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new BelayError('BELAY_HTTP_REFUSED', `${url.protocol} is not http or https`, { hint });
  if (url.username !== '' || url.password !== '') {
    throw new BelayError('BELAY_HTTP_REFUSED', `the address of ${url.host} holds a user or a password`, {
      hint: 'Give them as an authorization header: addresses are written into logs.',
    });
  }
  if (hasDots(text))
    throw new BelayError('BELAY_HTTP_REFUSED', `"${text.slice(0, 200)}" holds a step of dots, which leads to another address`, {
      hint: 'A value that stands in an address may not be . or .. alone.',
    });
  return url;
}

/** What a URL drops on the way is no separator of ours: `/orgs/../delete` asks for `/delete`, whoever wrote the middle of it. */
function hasDots(text: string): boolean {
  const [path = ''] = text
    .replaceAll(/[\t\n\r]/g, '')
    .replace(/^\s*[a-z]+:[/\\]*[^/\\?#]*/i, '')
    .split(/[?#]/, 1);
  return path.split(/[/\\]/).some((part) => /^(?:\.|%2e){1,2}$/i.test(part));
}

function dispatch(agent: Agent, url: URL, { method, headers, body }: HttpRequest, exchange: Exchange): void {
  try {
    agent.dispatch(
      {
        origin: url.origin,
        path: `${url.pathname}${url.search}`,
        method,
        headers: { 'user-agent': 'belay', 'accept-encoding': 'identity', ...headers },
        body: body ?? null,
      },
      exchange,
    );
  } catch (cause) {
    // Thrown before anything leaves: a header or a method that cannot be written.
    exchange.fail(new BelayError('BELAY_HTTP_REFUSED', `${exchange.label}: ${said(cause)}`, { hint: 'Check method and headers.', cause }));
  }
}

/** What undici tells about one request. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly answer: Promise<Omit<HttpResponse, 'tookMs'>>;
  readonly label: string;
  readonly #maxBytes: number;
  #resolve: (answer: Omit<HttpResponse, 'tookMs'>) => void = () => undefined;
  #reject: (error: unknown) => void = () => undefined;
  #controller: Dispatcher.DispatchController | null = null;
  #stopped: string | null = null;
  #sent = false;
  #status = 0;
  #headers: Record<string, string> = {};
  #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(label: string, maxBytes: number) {
    this.label = label;
    this.#maxBytes = maxBytes;
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Called when a connection stands and the request is about to be written to it. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#stopped !== null) controller.abort(new Error(this.#stopped));
    else this.#sent = true;
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: Record<string, string | string[] | undefined>): void {
    if (status < 200) return;
    this.#status = status;
    this.#headers = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name.toLowerCase(), Array.isArray(value) ? value.join(', ') : (value ?? '')]),
    );
    if (Number(this.#headers['content-length'] ?? 0) > this.#maxBytes) this.#tooLong(controller);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes > this.#maxBytes) this.#tooLong(controller);
    else this.#chunks.push(chunk);
  }

  /** What is said of an answer only after it, such as the ETag of Caddy, counts as what is said before; it replaces nothing of that. */
  onResponseEnd(_controller: unknown, trailers: Record<string, string | string[] | undefined> = {}): void {
    const late = Object.entries(trailers).map(([name, value]) => [
      name.toLowerCase(),
      Array.isArray(value) ? value.join(', ') : (value ?? ''),
    ]);
    this.#resolve({
      status: this.#status,
      headers: { ...Object.fromEntries(late), ...this.#headers },
      body: Buffer.concat(this.#chunks).toString('utf8'),
    });
  }

  onResponseError(_controller: unknown, error: Error): void {
    this.fail(this.#failure(error));
  }

  fail(error: BelayError): void {
    this.#reject(error);
  }

  /** Ends it now; whether it was sent decides the effect. */
  stop(why: string): void {
    this.#stopped = why;
    this.fail(this.#failure(new Error(why)));
    this.#controller?.abort(new Error(why));
  }

  #tooLong(controller: Dispatcher.DispatchController): void {
    this.stop(`the answer is longer than ${this.#maxBytes} bytes`);
    controller.abort(new Error('too long'));
  }

  #failure(error: Error): BelayError {
    const hint = this.#sent
      ? 'It was sent: look whether it took effect before sending it again.'
      : 'Check that the service runs and listens there.';
    return failureOf(this.label, error, { effect: this.#sent ? 'unknown' : 'none', hint });
  }
}
