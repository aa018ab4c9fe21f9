// The month files of a journal directory: which there are, and reading them in order. It writes nothing.
import { createReadStream } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { BelayError } from '../../domain/errors.ts';
import type { JournalLine } from '../../domain/journal.ts';
import type { Instant } from '../../domain/json.ts';
import type { Digest } from '../../ports/digest.ts';
import type { Head } from './lines.ts';
import { EMPTY, parseLines, rereadLine } from './lines.ts';

const NAME = /^journal-\d{4}-\d{2}\.ndjson$/;

export function fileOfMonth(at: Instant): string {
  return `journal-${new Date(at).toISOString().slice(0, 7)}.ndjson`;
}

export interface Content {
  readonly head: Head;
  /** The newest file, with the length of its good part; null for an empty journal. */
  readonly last: { readonly name: string; readonly goodBytes: number; readonly bytes: number } | null;
}

/** All lines of all months, verified as one chain and handed to `visit` one by one. A torn tail is left out. @throws BELAY_JOURNAL_TAMPERED */
export async function readJournal(dir: string, digest: Digest, visit: (line: JournalLine) => void): Promise<Content> {
  const names = await monthFiles(dir);
  let head = EMPTY;
  let last: Content['last'] = null;
  for (const [index, name] of names.entries()) {
    const bytes = await readFile(join(dir, name));
    const parsed = parseLines(bytes, head, digest, { file: name, isLast: index === names.length - 1, visit });
    head = parsed.head;
    last = { name, goodBytes: parsed.goodBytes, bytes: bytes.length };
  }
  return { head, last };
}

export async function allLines(dir: string, digest: Digest): Promise<readonly JournalLine[]> {
  const lines: JournalLine[] = [];
  await readJournal(dir, digest, (line) => lines.push(line));
  return lines;
}

/** The lines of one key, oldest first, of files that were verified before. `until`: how much of a file counts. */
export async function linesOfKey(
  dir: string,
  digest: Digest,
  { key, until }: { readonly key: string; readonly until: (file: string) => number },
): Promise<readonly JournalLine[]> {
  const found: JournalLine[] = [];
  for (const name of await monthFiles(dir)) {
    const end = until(name);
    if (end === 0) continue;
    const input = createReadStream(join(dir, name), end === Number.POSITIVE_INFINITY ? {} : { end: end - 1 });
    for await (const text of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
      const line = rereadLine(text, key, digest, name);
      if (line !== null) found.push(line);
    }
  }
  return found;
}

async function monthFiles(dir: string): Promise<readonly string[]> {
  try {
    return (await readdir(dir)).filter((name) => NAME.test(name)).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new BelayError('BELAY_AUDIT_UNAVAILABLE', `the journal in ${dir} cannot be read: ${String(error)}`, { cause: error });
  }
}
