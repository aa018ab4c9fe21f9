// Whether a running service uses a secret: it signs a challenge, it hands out a token that it signed, or its file of variables holds it.
// Nothing of the secret is sent, and nothing that would help anybody to sign something else is asked for.
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { jsonOf, Unusable } from '../../domain/answer.ts';
import { BelayError } from '../../domain/errors.ts';
import { isFields } from '../../domain/received.ts';
import type { Http } from '../../ports/http.ts';
import type { SecretCheck, SecretProof } from '../../ports/secrets.ts';
import type { Time } from '../../ports/time.ts';

export interface ProofDeps {
  readonly http: Http;
  readonly time: Pick<Time, 'now'>;
  readonly baseDir: string;
}
type Proof = Omit<SecretCheck, 'digest'>;

/** Before the challenge, always: a service that signs whatever it is given would sign tokens for anybody. */
export const CHALLENGE_PREFIX = 'belay-secret-check:v1:';
const TIMEOUT_MS = 10_000;
const MOST_BYTES = 64 * 1024;
const HASHES: Readonly<Record<string, string>> = { HS256: 'sha256', HS384: 'sha384', HS512: 'sha512' };
const TOKEN_FIELDS = ['token', 'access_token', 'accessToken', 'jwt'] as const;
const TOKEN = /^([\w-]{2,4096})\.([\w-]{2,16384})\.([\w-]{2,512})$/;

/** @throws BELAY_TARGET_UNREACHABLE where the service shows nothing that can be compared */
export async function proofOf(secret: string, proof: SecretProof, deps: ProofDeps): Promise<Proof> {
  try {
    if (proof.by === 'challenge') return await byChallenge(secret, proof, deps);
    if (proof.by === 'jwt') return await byToken(secret, proof, deps);
    return await byEnvFile(secret, resolve(deps.baseDir, proof.path), proof.variable);
  } catch (error) {
    if (!(error instanceof Unusable)) throw error;
    throw new BelayError('BELAY_TARGET_UNREACHABLE', `${proof.by === 'env-file' ? proof.path : proof.url}: ${error.message}`);
  }
}

async function byChallenge(secret: string, { url }: { readonly url: string }, { http }: ProofDeps): Promise<Proof> {
  const challenge = randomBytes(24).toString('hex');
  const answer = await http.request({
    method: 'POST',
    url,
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify({ challenge }),
    timeoutMs: TIMEOUT_MS,
    maxBytes: MOST_BYTES,
  });
  const json = jsonOf(answer);
  const hmac = isFields(json) ? json['hmac'] : undefined;
  if (typeof hmac !== 'string' || !/^[0-9a-f]{64}$/i.test(hmac)) throw new Unusable('the answer has no hmac of 64 hex digits');
  const mine = createHmac('sha256', secret).update(`${CHALLENGE_PREFIX}${challenge}`).digest();
  // A service that forgets the prefix signs tokens for anybody who can reach it.
  if (isEqual(createHmac('sha256', secret).update(challenge).digest(), Buffer.from(hmac, 'hex')))
    throw new Unusable(`it signs what it is given: it must put ${CHALLENGE_PREFIX} before it, or anybody may have tokens signed`);
  return { same: isEqual(mine, Buffer.from(hmac, 'hex')), expired: false };
}

async function byToken(
  secret: string,
  { url, field }: { readonly url: string; readonly field?: string },
  { http, time }: ProofDeps,
): Promise<Proof> {
  const answer = await http.request({ method: 'GET', url, timeoutMs: TIMEOUT_MS, maxBytes: MOST_BYTES });
  if (answer.status !== 200) jsonOf(answer);
  const [, head = '', payload = '', signature = ''] = TOKEN.exec(tokenIn(answer.body, field)) ?? [];
  if (head === '') throw new Unusable('it answered no signed token');
  const hash = HASHES[String(partOf(head)['alg'])];
  if (hash === undefined) throw new Unusable('its token is not signed with a shared secret (HS256, HS384 or HS512)');
  const mine = createHmac(hash, secret).update(`${head}.${payload}`).digest();
  const { exp } = partOf(payload);
  return { same: isEqual(mine, Buffer.from(signature, 'base64url')), expired: typeof exp === 'number' && exp * 1_000 <= time.now() };
}

function tokenIn(body: string, field: string | undefined): string {
  const text = body.trim();
  if (!text.startsWith('{')) return text.replace(/^"(.*)"$/, '$1');
  const json = parsed(text);
  const names = field === undefined ? TOKEN_FIELDS : [field];
  return names.map((name) => json[name]).find((one) => typeof one === 'string') ?? '';
}

const partOf = (part: string): Readonly<Record<string, unknown>> => parsed(Buffer.from(part, 'base64url').toString('utf8'));

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    const json: unknown = JSON.parse(text);
    return isFields(json) ? json : {};
  } catch {
    // Nothing in it can be compared.
    return {};
  }
}

async function byEnvFile(secret: string, path: string, variable: string): Promise<Proof> {
  const text = await envText(path);
  const line = text.split(/\r?\n/).findLast((one) => new RegExp(`^\\s*(?:export\\s+)?${variable}\\s*=`).test(one));
  if (line === undefined) throw new Unusable(`it sets no ${variable}`);
  const written = line.slice(line.indexOf('=') + 1).trim();
  const value = /^(["'])(.*)\1$/.exec(written)?.[2] ?? written;
  const hashed = (one: string): Buffer => createHash('sha256').update(one).digest();
  return { same: isEqual(hashed(value), hashed(secret)), expired: false };
}

async function envText(path: string): Promise<string> {
  try {
    if ((await stat(path)).size > MOST_BYTES) throw new Unusable('the file is larger than 64 KiB');
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Unusable) throw error;
    throw new Unusable(`it cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`, { cause: error });
  }
}

const isEqual = (one: Buffer, other: Buffer): boolean => one.length === other.length && timingSafeEqual(one, other);
