// Hashes for tests, written independently of the adapter so that the contract compares two implementations.
import { createHash, createHmac } from 'node:crypto';
import { assert } from '../../../src/domain/assert.ts';
import type { Json } from '../../../src/domain/json.ts';
import type { Digest } from '../../../src/ports/digest.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

export function createFakeDigest(secretKey = 'test key'): Digest {
  return {
    of: (value) => sha256(sorted(value)),
    ofText: sha256,
    keyed: (value) => createHmac('sha256', secretKey).update(value).digest('hex'),
  } satisfies Digest;
}

function sorted(value: Json): string {
  assert(value !== undefined && (typeof value !== 'number' || Number.isFinite(value)), 'not JSON');
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(sorted).join(',')}]`;
  const entries = Object.entries(value as { readonly [key: string]: Json });
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${sorted(item)}`).join(',')}}`;
}
