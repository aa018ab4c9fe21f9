// A service account of Google: its key, and the access token that it gets for a signed assertion. The private key leaves it as a signature
// only. It sends nothing itself.
import { createPrivateKey, createSign, type KeyObject } from 'node:crypto';
import { Unusable } from '../../domain/answer.ts';
import type { Instant } from '../../domain/json.ts';
import { fieldsIn, textIn } from '../../domain/received.ts';

const SCOPE = 'https://www.googleapis.com/auth/analytics.readonly';
const GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const LIFE_S = 3_600;
/** A token is not used to its last moment. */
const SPARE_MS = 60_000;

export interface ServiceAccount {
  readonly email: string;
  readonly key: KeyObject;
}
export interface AccessToken {
  readonly text: string;
  readonly until: Instant;
}

/** The JSON that Google gives for the account. @throws Unusable, without a word of it */
export function accountIn(text: string): ServiceAccount {
  const { client_email: email, private_key: pem } = fieldsIn(parsed(text));
  if (!/^[^\s@]+@[^\s@]+$/.test(textIn(email)) || textIn(pem) === '') throw new Unusable('its key is not the JSON of a service account');
  try {
    const key = createPrivateKey(textIn(pem));
    if (key.asymmetricKeyType === 'rsa') return { email: textIn(email), key };
  } catch {
    // What OpenSSL says of a key may hold a part of it.
  }
  throw new Unusable('the private_key of its key is no RSA key');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // Told by the caller, without the text.
    return null;
  }
}

/** The body of the request for a token. */
export function assertionOf({ email, key }: ServiceAccount, audience: string, now: Instant): string {
  const issued = Math.floor(now / 1000);
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = part({ iss: email, scope: SCOPE, aud: audience, iat: issued, exp: issued + LIFE_S });
  const signed = `${part({ alg: 'RS256', typ: 'JWT' })}.${claims}`;
  const assertion = `${signed}.${createSign('RSA-SHA256').update(signed).sign(key, 'base64url')}`;
  return new URLSearchParams({ grant_type: GRANT, assertion }).toString();
}

/** @throws Unusable */
export function tokenIn(json: unknown, now: Instant): AccessToken {
  const { access_token: text, expires_in: seconds } = fieldsIn(json);
  if (typeof text !== 'string' || !/^[\x21-\x7e]{1,4096}$/.test(text)) throw new Unusable('the answer holds no access_token');
  const lifeMs = typeof seconds === 'number' && seconds > 0 ? Math.min(seconds, LIFE_S) * 1000 : 0;
  return { text, until: now + Math.max(0, lifeMs - SPARE_MS) };
}
