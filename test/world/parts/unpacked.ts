// How a program that was unpacked from Debian packages, and not installed, is begun: it finds its libraries and its Python packages beside
// itself. It knows none of these programs.
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Part } from '../../../scripts/lanes.ts';
import { findPart } from '../../../scripts/parts.ts';
import { unpackMissing } from './debian-package.ts';

const UNPACKED = path.join(import.meta.dirname, '../../../.belay/parts');

/** Unpacks them where that may be done. Null: they are all here; else why they are not. */
export function whyNot(...parts: readonly Part[]): string | null {
  const trouble = unpackMissing(parts);
  const missing = parts.find((part) => findPart(part) === null);
  if (missing === undefined) return null;
  return trouble ?? `there is no ${missing.name} (Debian: ${missing.packages.join(' ')})`;
}

export function libraryPath(): string {
  const all = ['usr/lib', 'lib'].map((one) => path.join(UNPACKED, one, `${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu`));
  return all.filter((one) => existsSync(one)).join(':');
}

/** By argv alone, for those who are given no environment. */
export function argvOf(part: Part): readonly [string, ...string[]] {
  const file = findPart(part)?.file ?? part.name;
  if (!file.startsWith(UNPACKED)) return [file];
  return ['/usr/bin/env', `LD_LIBRARY_PATH=${libraryPath()}`, file];
}

/** The same of a program written in Python. */
export function pythonArgvOf(part: Part): readonly [string, ...string[]] {
  const file = findPart(part)?.file ?? part.name;
  if (!file.startsWith(UNPACKED)) return [file];
  return ['/usr/bin/env', `PYTHONPATH=${path.join(UNPACKED, 'usr/lib/python3/dist-packages')}`, '/usr/bin/python3', file];
}
