// The month files of a journal directory: which there are, and reading them in order. It writes nothing.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BelayError } from '../../domain/errors.ts';
import type { JournalLine } from '../../domain/journal.ts';
import type { Instant } from '../../domain/json.ts';
import type { Digest } from '../../ports/digest.ts';
import type { Head } from './lines.ts';
import { EMPTY, parseLines } from './lines.ts';

const NAME = /^journal-\d{4}-\d{2}\.ndjson$/;

export function fileOfMonth(at: Instant): string {
  return `journal-${new Date(at).toISOString().slice(0, 7)}.ndjson`;
}

export interface Content {
  readonly lines: readonly JournalLine[];
  readonly head: Head;
  /** The newest file, with the length of its good part; null for an empty journal. */
  readonly last: { readonly name: string; readonly goodBytes: number; readonly bytes: number } | null;
}

/** All lines of all months, verified as one chain. A torn tail is left out. @throws BELAY_JOURNAL_TAMPERED */
export async function readJournal(dir: string, digest: Digest): Promise<Content> {
  const names = await monthFiles(dir);
  const lines: JournalLine[] = [];
  let head = EMPTY;
  let last: Content['last'] = null;
  for (const [index, name] of names.entries()) {
    const bytes = await readFile(join(dir, name));
    const parsed = parseLines(bytes, head, digest, { file: name, isLast: index === names.length - 1 });
    for (const line of parsed.lines) lines.push(line);
    head = parsed.head;
    last = { name, goodBytes: parsed.goodBytes, bytes: bytes.length };
  }
  return { lines, head, last };
}

async function monthFiles(dir: string): Promise<readonly string[]> {
  try {
    return (await readdir(dir)).filter((name) => NAME.test(name)).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new BelayError('BELAY_AUDIT_UNAVAILABLE', `the journal in ${dir} cannot be read: ${String(error)}`, { cause: error });
  }
}
