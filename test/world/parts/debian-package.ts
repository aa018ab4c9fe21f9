// A program of a Debian package for tests and benches: unpacked inside the clone, never installed, never started by apt. It says where the
// program is, in which version, or why it is not here, and knows nothing of what the program does.
import type { Part } from '../../../scripts/lanes.ts';
import { findPart, unpackPackages, whyNoApt } from '../../../scripts/parts.ts';

export interface Available {
  readonly ok: boolean;
  /** Why it is not here; empty where it is. */
  readonly why: string;
  /** Empty where it is not here. */
  readonly version: string;
}

export function availableOf(part: Part): Available {
  const found = findPart(part);
  if (found !== null) return { ok: true, why: '', version: found.version };
  return { ok: false, why: whyNoApt() ?? `${part.name} is not unpacked: npm run bootstrap does it`, version: '' };
}

/** @throws where it is not here: a test asks `available()` first and skips itself */
export function programOf(part: Part): { readonly file: string; readonly version: string } {
  const found = findPart(part);
  if (found === null) throw new Error(`${part.name} is not here: ${availableOf(part).why}`);
  return found;
}

/** Downloads and unpacks what is missing, where apt may (its signatures are checked). Null when all are here, else why they are not. */
export function unpackMissing(parts: readonly Part[]): string | null {
  const missing = parts.filter((part) => findPart(part) === null);
  if (missing.length === 0) return null;
  return whyNoApt() ?? unpackPackages([...new Set(missing.flatMap((part) => part.packages))]);
}
