// Names as numbers for Postgres' advisory locks. Two names that meet by chance only wait for each other.
import type { Digest } from '../../ports/digest.ts';

/** 60 bits: always positive, so that it fits a bigint. */
export function fenceOf(digest: Digest, name: string): bigint {
  return BigInt(`0x${digest.ofText(name).slice(0, 15)}`);
}
