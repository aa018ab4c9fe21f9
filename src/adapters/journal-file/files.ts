// The month files of a journal directory: which there are, and reading them in order. It writes nothing.
import { open, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BelayError } from '../../domain/errors.ts';
import type { JournalLine } from '../../domain/journal.ts';
import type { Instant } from '../../domain/json.ts';
import type { Digest } from '../../ports/digest.ts';
import type { Head } from './lines.ts';
import { changed, EMPTY, parseLines, rereadLine } from './lines.ts';

const NAME = /^journal-\d{4}-\d{2}\.ndjson$/;

export function fileOfMonth(at: Instant): string {
  return `journal-${new Date(at).toISOString().slice(0, 7)}.ndjson`;
}

/** A month, and how much of it counts. */
export interface Month {
  readonly name: string;
  readonly bytes: number;
}
export interface Content {
  readonly head: Head;
  /** All but the newest. */
  readonly older: readonly Month[];
  /** The newest file, with the length of its good part; null for an empty journal. */
  readonly last: { readonly name: string; readonly goodBytes: number; readonly bytes: number } | null;
}

/** All lines of all months, verified as one chain and handed to `visit` one by one. A torn tail is left out. @throws BELAY_JOURNAL_TAMPERED */
export async function readJournal(dir: string, digest: Digest, visit: (line: JournalLine) => void): Promise<Content> {
  const names = await monthFiles(dir);
  let head = EMPTY;
  let last: Content['last'] = null;
  const older: Month[] = [];
  for (const [index, name] of names.entries()) {
    const bytes = await readFile(join(dir, name));
    const parsed = parseLines(bytes, head, digest, { file: name, isLast: index === names.length - 1, visit });
    head = parsed.head;
    if (last !== null) older.push({ name: last.name, bytes: last.bytes });
    last = { name, goodBytes: parsed.goodBytes, bytes: bytes.length };
  }
  return { head, older, last };
}

export async function allLines(dir: string, digest: Digest): Promise<readonly JournalLine[]> {
  const lines: JournalLine[] = [];
  await readJournal(dir, digest, (line) => lines.push(line));
  return lines;
}

/**
 * The lines of one key, oldest first, of files that were verified or written before: one that is gone since would say that nothing was begun.
 * @throws BELAY_JOURNAL_TAMPERED; what the system says of a file that cannot be read
 */
export async function linesOfKey(
  dir: string,
  digest: Digest,
  { key, months }: { readonly key: string; readonly months: readonly Month[] },
): Promise<readonly JournalLine[]> {
  const found: JournalLine[] = [];
  for (const month of months) {
    for await (const text of textLines(dir, month)) {
      const line = rereadLine(text, key, digest, month.name);
      if (line !== null) found.push(line);
    }
  }
  return found;
}

const CHUNK_BYTES = 64 * 1024;

/** Read by hand: a stream that cannot open its file, or read on, tells it to nobody who waits for its lines. */
async function* textLines(dir: string, { name, bytes: end }: Month): AsyncGenerator<string> {
  if (end === 0) return;
  const file = await open(join(dir, name), 'r');
  try {
    const buffer = Buffer.alloc(CHUNK_BYTES);
    let rest: Buffer = Buffer.alloc(0);
    for (let at = 0; at < end; ) {
      const { bytesRead } = await file.read(buffer, 0, Math.min(CHUNK_BYTES, end - at), at);
      if (bytesRead === 0) throw changed(name, `it ends after ${at} of ${end} bytes`);
      at += bytesRead;
      rest = Buffer.concat([rest, buffer.subarray(0, bytesRead)]);
      for (let newline = rest.indexOf(0x0a); newline !== -1; newline = rest.indexOf(0x0a)) {
        yield rest.toString('utf8', 0, newline);
        rest = rest.subarray(newline + 1);
      }
    }
    if (rest.length > 0) yield rest.toString('utf8');
  } finally {
    await file.close();
  }
}

async function monthFiles(dir: string): Promise<readonly string[]> {
  try {
    return (await readdir(dir)).filter((name) => NAME.test(name)).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new BelayError('BELAY_AUDIT_UNAVAILABLE', `the journal in ${dir} cannot be read: ${String(error)}`, { cause: error });
  }
}
