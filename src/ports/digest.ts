// Hashes of values: sha256 over RFC 8785 (canonical JSON), hex.
import type { Json } from '../domain/json.ts';

export interface Digest {
  /** @throws Bug for NaN, Infinity or undefined inside `value`. */
  of(value: Json): string;
  ofText(text: string): string;
  /** Keyed digest (HMAC-SHA256, hex): shows that two secrets are equal without showing them. */
  keyed(value: string): string;
}
