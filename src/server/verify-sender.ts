// Is a request from who it says? Signatures are checked over the bytes as they came, in constant time. It reads no body and decides
// nothing else.
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Instant } from '../domain/json.ts';
import type { SenderOptions } from '../domain/source-catalog.ts';

/** How far a sender's clock may be off, and how long a recorded request may be played again. */
const TOLERANCE_MS = 5 * 60_000;

/** A text that is no base64 would leave a key that anybody can guess. */
const SHORTEST_KEY = 16;

export interface SignedRequest {
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly raw: Uint8Array;
  readonly now: Instant;
}

/** What can be told from the headers alone, before a body is read: null when nothing speaks against the sender yet. */
export function unreadProblem(sender: SenderOptions, headers: SignedRequest['headers'], now: Instant): string | null {
  const { verify, secret, header = 'x-signature-256', timestamp } = sender;
  if (verify === 'bearer') return whyNotFrom(sender, { headers, raw: new Uint8Array(), now });
  if (verify === 'none') return null;
  if (secret === undefined) return NO_SECRET;
  if (verify === 'hmac-sha256') {
    if (headers[header.toLowerCase()] === undefined) return `there is no ${header} header`;
    return timestamp === undefined || isNear(headers[timestamp.toLowerCase()] ?? '', now) ? null : notNear(timestamp);
  }
  const names = ['id', 'timestamp', 'signature'];
  return names.every((name) => (headers[`webhook-${name}`] ?? headers[`svix-${name}`]) !== undefined) ? null : NO_STANDARD_HEADERS;
}

const NO_SECRET = 'this source has no secret to check with';
const NO_STANDARD_HEADERS = 'one of webhook-id, webhook-timestamp and webhook-signature is missing';
const notNear = (timestamp: string): string => `${timestamp} is missing, or more than five minutes away`;

/** @returns null when it is, else why not; never what would have been right. */
export function whyNotFrom(sender: SenderOptions, request: SignedRequest): string | null {
  const { verify, secret } = sender;
  if (verify === 'none') return null;
  if (secret === undefined) return NO_SECRET;
  switch (verify) {
    case 'bearer':
      return bearerProblem(secret, request);
    case 'hmac-sha256':
      return hmacProblem(secret, sender, request);
    case 'standard-webhooks':
      return standardProblem(secret, request);
  }
}

function bearerProblem(secret: string, { headers }: SignedRequest): string | null {
  const token = /^Bearer (\S+)$/i.exec(headers['authorization'] ?? '')?.[1];
  if (token === undefined) return 'there is no "Authorization: Bearer" header';
  return same(digest(secret, token), digest(secret, secret)) ? null : 'the token is another one';
}

/** Hex or base64, with or without `sha256=` before it; over the body, or over `time.body` where the sender signs its time, too. */
function hmacProblem(
  secret: string,
  { header = 'x-signature-256', timestamp }: Pick<SenderOptions, 'header' | 'timestamp'>,
  { headers, raw, now }: SignedRequest,
): string | null {
  const written = headers[header.toLowerCase()];
  if (written === undefined) return `there is no ${header} header`;
  const value = written.replace(/^sha256=/i, '').trim();
  const given = Buffer.from(value, /^[0-9a-f]{64}$/i.test(value) ? 'hex' : 'base64');
  if (timestamp === undefined) return same(given, digest(secret, raw)) ? null : 'the signature does not match the body';
  const sentAt = headers[timestamp.toLowerCase()] ?? '';
  if (!isNear(sentAt, now)) return notNear(timestamp);
  return same(given, digest(secret, Buffer.concat([Buffer.from(`${sentAt}.`), raw]))) ? null : 'the signature does not match time and body';
}

function isNear(seconds: string, now: Instant): boolean {
  const sentAt = /^\d{1,12}$/.test(seconds) ? Number(seconds) * 1_000 : Number.NaN;
  return Math.abs(now - sentAt) <= TOLERANCE_MS;
}

/** https://github.com/standard-webhooks/standard-webhooks: HMAC over `id.timestamp.body`; several signatures while a secret rotates. */
function standardProblem(secret: string, { headers, raw, now }: SignedRequest): string | null {
  const [id, timestamp, signatures] = ['id', 'timestamp', 'signature'].map((name) => headers[`webhook-${name}`] ?? headers[`svix-${name}`]);
  if (id === undefined || timestamp === undefined || signatures === undefined) return NO_STANDARD_HEADERS;
  if (!isNear(timestamp, now)) return 'its timestamp is more than five minutes away';
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  if (key.length < SHORTEST_KEY) return `its secret is no key of ${SHORTEST_KEY} bytes or more in base64`;
  const wanted = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(raw).digest();
  const given = signatures.split(' ').map((one) => Buffer.from(one.replace(/^v1,/, ''), 'base64'));
  return given.some((one) => same(one, wanted)) ? null : 'the signature does not match the body';
}

function digest(key: string, bytes: string | Uint8Array): Buffer {
  return createHmac('sha256', key).update(bytes).digest();
}

function same(given: Buffer, wanted: Buffer): boolean {
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}
