// Hashes over canonical JSON (RFC 8785). It knows no meaning of what it hashes.
import { createHash, createHmac } from 'node:crypto';
import canonicalize from 'canonicalize';
import { assert, Bug } from '../../domain/assert.ts';
import type { Json } from '../../domain/json.ts';
import type { Digest } from '../../ports/digest.ts';

/** `secretKey` keys the digests of secrets; it stays in this closure. */
export function createDigest(secretKey: string | Uint8Array): Digest {
  return {
    of: (value: Json) => sha256(canonicalText(value)),
    ofText: (text: string) => sha256(text),
    keyed: (value: string) => createHmac('sha256', secretKey).update(value, 'utf8').digest('hex'),
  } satisfies Digest;
}

function canonicalText(value: Json): string {
  refuseUndefined(value, '$');
  let text: string | undefined;
  try {
    text = canonicalize(value);
  } catch (error) {
    throw new Bug(`not canonical JSON: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  assert(text !== undefined, 'not canonical JSON: undefined');
  return text;
}

/** The package skips undefined properties; two values that differ only there must not share a hash. */
function refuseUndefined(value: unknown, path: string): void {
  assert(value !== undefined, `not canonical JSON: undefined at ${path}`);
  if (typeof value !== 'object' || value === null) return;
  for (const [key, item] of Object.entries(value)) refuseUndefined(item, `${path}.${key}`);
}

function sha256(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}
