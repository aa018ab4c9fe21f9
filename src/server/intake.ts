// The door for senders: `/in/<source>/…`. It knows sizes, encodings and signatures; what a body means is the business of its source.
import type { Duplex } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import type { Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { BelayError } from '../domain/errors.ts';
import type { Instant } from '../domain/json.ts';
import { masked } from '../domain/mask.ts';
import { labelText } from '../domain/received.ts';
import { bodyText } from '../domain/refusal.ts';
import type { Samples } from '../domain/signal.ts';
import type { SenderOptions, SourceSpec } from '../domain/source-catalog.ts';
import { isPulled } from '../domain/source-catalog.ts';
import type { PushedSource, Reply } from '../ports/signal-source.ts';
import type { Time } from '../ports/time.ts';
import type { AppEnv } from './guard.ts';
import { problemOf, problemResponse } from './problem.ts';
import type { Refusals } from './refusals.ts';
import { unreadProblem, whyNotFrom } from './verify-sender.ts';

export const INTAKE_CAPS = { wireBytes: 8 * 1024 * 1024, bodyBytes: 32 * 1024 * 1024 } as const;
const REASON_CHARS = 400;

export interface Refused {
  readonly source: string;
  readonly status: number;
  readonly reason: string;
  /** How many of its kind there were since it was last told, this one among them. */
  readonly times: number;
}

const TOLD_EVERY_MS = 60_000;

export interface IntakeDeps {
  readonly sources: readonly SourceSpec[];
  /** By id of the source. */
  readonly receivers: Readonly<Record<string, PushedSource<Samples>>>;
  readonly time: Pick<Time, 'now'>;
  /** Requests that were refused for good, with the reason that the sender of the last one got: told once a minute for each source and status at most. */
  readonly onRefused?: ((refused: Refused) => void) | undefined;
  /** Keeps some of them, with what was sent. */
  readonly refusals?: Pick<Refusals, 'add'> | undefined;
}

type QuietDeps = Omit<IntakeDeps, 'onRefused'> & { readonly onRefused: ReturnType<typeof nowAndThen> };

/** Before the gate of people: a sender has a secret of its own, not a person's token. */
export function mountIntake(app: Hono<AppEnv>, deps: IntakeDeps): void {
  const limit = bodyLimit({ maxSize: INTAKE_CAPS.wireBytes, onError: () => tooLarge('sent', INTAKE_CAPS.wireBytes) });
  const quiet = { ...deps, onRefused: nowAndThen(deps) };
  app.on(['GET', 'POST', 'PUT'], ['/in/:source', '/in/:source/*'], async (c) => {
    // Read once: they are many, and each reading makes them anew.
    const headers = Object.fromEntries(c.req.raw.headers);
    const taker = takerOf(c, quiet);
    if (taker === null) return nobodyTakes(c);
    // The limit reads a body that does not tell its length: a stranger's is not read where its headers are enough to tell.
    const why = unreadProblem(taker.sender, headers, deps.time.now());
    if (why !== null) return refuserOf(c, quiet, taker).refuse(notFrom(taker.id, why), null);
    const length = toldLength(headers);
    if (length === null) return (await limit(c, async () => undefined)) ?? receive(c, quiet, taker, headers);
    return length > INTAKE_CAPS.wireBytes ? tooLarge('sent', INTAKE_CAPS.wireBytes) : receive(c, quiet, taker, headers);
  });
}

type ByName = Readonly<Record<string, string>>;

/** Null where it must be counted: what is told is what comes, HTTP sees to that. */
function toldLength(headers: ByName): number | null {
  const length = headers['content-length'];
  return length === undefined || headers['transfer-encoding'] !== undefined || !/^\d{1,15}$/.test(length) ? null : Number(length);
}

interface Taker {
  readonly id: string;
  readonly sender: SourceSpec & SenderOptions;
  readonly receiver: PushedSource<Samples>;
  readonly path: string;
}

function takerOf(c: Context<AppEnv>, deps: QuietDeps): Taker | null {
  const id = c.req.param('source') ?? '';
  const spec = deps.sources.find((one) => one.id === id && !isPulled(one));
  const receiver = Object.hasOwn(deps.receivers, id) ? deps.receivers[id] : undefined;
  if (spec === undefined || receiver === undefined) return null;
  const path = new URL(c.req.url).pathname.slice(`/in/${id}`.length).replace(/\/$/, '');
  return { id, sender: spec as SourceSpec & SenderOptions, receiver, path };
}

/** Strangers may ask: it does not say which there are. */
const nobodyTakes = (c: Context<AppEnv>): Response =>
  refusal(
    new BelayError('BELAY_NOT_FOUND', `no source takes what is sent to /in/${c.req.param('source') ?? ''}`, {
      hint: 'Compare the address with "sources" in belay.yaml.',
    }),
  );

/** Tells, keeps and answers a refusal: with the size and the beginning of what was sent, and without secrets. */
function refuserOf(c: Context<AppEnv>, deps: QuietDeps, { id, sender, path }: Taker) {
  const note = (status: number, why: string, body: Uint8Array | null): void => {
    const known = sender.secret === undefined ? [] : [sender.secret, encodeURIComponent(Buffer.from(sender.secret).toString())];
    const reason = masked(why, known).slice(0, REASON_CHARS);
    deps.onRefused({ source: id, status, reason });
    deps.refusals?.add({ source: id, status }, () => ({
      reason,
      method: c.req.method,
      path: labelText(masked(path, known)),
      bytes: body === null ? null : body.length,
      body: body === null ? null : bodyText(body, known),
    }));
  };
  const refuse = (error: BelayError, body: Uint8Array | null, status?: number): Response => {
    const response = refusal(error, status);
    note(response.status, error.message, body);
    return response;
  };
  return { note, refuse };
}

/** A stranger who tries again and again fills no log. */
function nowAndThen({ onRefused, time }: IntakeDeps): (refused: Omit<Refused, 'times'>) => void {
  const last = new Map<string, { at: Instant; untold: number }>();
  return (refused) => {
    const now = time.now();
    const kind = `${refused.status} ${refused.source}`;
    const known = last.get(kind) ?? { at: Number.NEGATIVE_INFINITY, untold: 0 };
    known.untold += 1;
    last.set(kind, known);
    if (now - known.at < TOLD_EVERY_MS) return;
    onRefused?.({ ...refused, times: known.untold });
    last.set(kind, { at: now, untold: 0 });
  };
}

async function receive(c: Context<AppEnv>, deps: QuietDeps, taker: Taker, headers: ByName): Promise<Response> {
  const { note, refuse } = refuserOf(c, deps, taker);
  const raw = new Uint8Array(await c.req.arrayBuffer());
  const now = deps.time.now();
  const why = whyNotFrom(taker.sender, { headers, raw, now });
  if (why !== null) return refuse(notFrom(taker.id, why), raw);
  let body: Uint8Array | null = raw;
  try {
    body = await decoded(raw, headers['content-encoding'] ?? '');
    if (body === null) return refuse(tooMany('unpacked', INTAKE_CAPS.bodyBytes), raw, 413);
    const { path, receiver } = taker;
    const reply = await receiver.receive({ method: c.req.method as 'GET' | 'POST' | 'PUT', path, headers, body, at: now });
    if (reply.status >= 400) note(reply.status, String(reply.body ?? ''), body);
    return answer(reply);
  } catch (error) {
    if (!BelayError.is(error)) throw error;
    return refuse(error, body, error.code === 'BELAY_INPUT_INVALID' ? 400 : undefined);
  }
}

const notFrom = (id: string, why: string): BelayError =>
  new BelayError('BELAY_UNAUTHORIZED', `source ${id}: ${why}`, { hint: 'See docs/sources/README.md.' });

function answer({ status, headers, body }: Reply): Response {
  return new Response(body ?? null, { status, ...(headers === undefined ? {} : { headers }) });
}

function refusal(error: BelayError, status?: number): Response {
  const problem = problemOf(error, status === undefined ? {} : { status });
  // Whoever is told to come again is told when.
  return problemResponse(problem, problem.status === 503 ? { 'retry-after': '1' } : {});
}

const tooMany = (what: 'sent' | 'unpacked', most: number): BelayError =>
  new BelayError('BELAY_INPUT_INVALID', `more than ${most} bytes were ${what}`, { hint: 'Send smaller batches.' });

const tooLarge = (what: 'sent' | 'unpacked', most: number): Response => refusal(tooMany(what, most), 413);

const UNPACK: ReadonlyMap<string, () => Duplex> = new Map<string, () => Duplex>([
  ['gzip', createGunzip],
  ['x-gzip', createGunzip],
  ['deflate', createInflate],
  ['br', createBrotliDecompress],
]);

/** Null: it unpacks to more than is taken, which is found out without unpacking it all. @throws BELAY_INPUT_INVALID */
async function decoded(raw: Uint8Array, encoding: string): Promise<Uint8Array | null> {
  const unpack = UNPACK.get(encoding.trim().toLowerCase());
  if (unpack === undefined) return raw;
  const stream = unpack();
  const chunks: Uint8Array[] = [];
  let size = 0;
  stream.end(raw);
  try {
    for await (const chunk of stream) {
      size += (chunk as Uint8Array).length;
      if (size > INTAKE_CAPS.bodyBytes) return null;
      chunks.push(chunk as Uint8Array);
    }
  } catch (cause) {
    throw new BelayError('BELAY_INPUT_INVALID', `the body is not ${encoding}`, { cause });
  } finally {
    stream.destroy();
  }
  return Buffer.concat(chunks);
}
