// One line of the journal as bytes, and what is wrong with bytes that are not one. It knows no file.
import { BelayError } from '../../domain/errors.ts';
import { GENESIS } from '../../domain/event.ts';
import type { JournalDraft, JournalLine } from '../../domain/journal.ts';
import type { Json } from '../../domain/json.ts';
import type { Digest } from '../../ports/digest.ts';

export interface Head {
  readonly seq: number;
  readonly hash: string;
}
export const EMPTY: Head = { seq: 0, hash: GENESIS };

/** Chains a draft to the line before it: `hash` covers the canonical JSON of everything else, `prev` included. */
export function seal(draft: JournalDraft, before: Head, digest: Digest): JournalLine {
  const plain = JSON.parse(JSON.stringify(draft)) as JournalDraft;
  const unsealed = { ...plain, v: 1 as const, seq: before.seq + 1, prev: before.hash };
  return { ...unsealed, hash: digest.of(unsealed as unknown as Json) };
}

export interface Parsed {
  readonly head: Head;
  /** Bytes that belong to whole lines; whatever follows is the trace of a crash. */
  readonly goodBytes: number;
}

/**
 * Reads one file's bytes, continuing the chain at `before`; each line is handed to `visit` once it is verified, and kept nowhere.
 * @throws BELAY_JOURNAL_TAMPERED for a line that does not verify and cannot be explained by a crash while appending.
 */
export function parseLines(
  bytes: Buffer,
  before: Head,
  digest: Digest,
  o: { readonly file: string; readonly isLast: boolean; readonly visit: (line: JournalLine) => void },
): Parsed {
  let head = before;
  let start = 0;
  while (start < bytes.length) {
    const newline = bytes.indexOf(0x0a, start);
    const end = newline === -1 ? bytes.length : newline;
    const line = parseLine(bytes.subarray(start, end));
    if (newline === -1 || line === null) {
      if (o.isLast && isTorn(bytes, start, newline)) return { head, goodBytes: start };
      throw tampered(o.file, head.seq + 1, 'it is not a whole line');
    }
    verify(line, head, digest, o.file);
    o.visit(line);
    head = { seq: line.seq, hash: line.hash };
    start = newline + 1;
  }
  return { head, goodBytes: bytes.length };
}

/**
 * A crash while appending leaves a tail: a line without its end, a last line of garbage, or pages that never reached the disk (zeros;
 * lines after them were never acknowledged). A whole JSON line with a wrong hash is no crash.
 */
function isTorn(bytes: Buffer, start: number, newline: number): boolean {
  if (newline === -1 || newline === bytes.length - 1) return true;
  return bytes.subarray(start, newline).includes(0);
}

function parseLine(bytes: Buffer): JournalLine | null {
  try {
    const value = JSON.parse(bytes.toString('utf8')) as JournalLine | null;
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null;
  } catch {
    // Not JSON: the caller decides whether a crash explains it.
    return null;
  }
}

/**
 * A line that was verified once, read again: it must still say what its hash says. Null where it is of another key.
 * @throws BELAY_JOURNAL_TAMPERED
 */
export function rereadLine(text: string, key: string, digest: Digest, file: string): JournalLine | null {
  if (!text.includes(JSON.stringify(key))) return null;
  const line = parseLine(Buffer.from(text, 'utf8'));
  // An intent that cannot be read any more would say that nothing was begun.
  if (line === null) throw changed(file, `a line that names ${key} is no whole line any more`);
  if (line.key !== key) return null;
  const { hash, ...unsealed } = line;
  if (digest.of(unsealed as unknown as Json) !== hash) throw tampered(file, line.seq, 'its hash does not match what it says');
  return line;
}

function verify(line: JournalLine, before: Head, digest: Digest, file: string): void {
  const { hash, ...unsealed } = line;
  if (line.v !== 1) throw tampered(file, before.seq + 1, `its format ${String(line.v)} is not known`);
  if (line.seq !== before.seq + 1) throw tampered(file, before.seq + 1, `its number is ${String(line.seq)}`);
  if (line.prev !== before.hash) throw tampered(file, line.seq, 'it does not continue the line before it');
  if (digest.of(unsealed as unknown as Json) !== hash) throw tampered(file, line.seq, 'its hash does not match what it says');
}

function tampered(file: string, seq: number, why: string): BelayError {
  return new BelayError('BELAY_JOURNAL_TAMPERED', `${file}, line number ${seq} of the journal: ${why}`, {
    hint: INQUIRY,
  });
}

/** Of a file that was verified before. */
export const changed = (file: string, why: string): BelayError =>
  new BelayError('BELAY_JOURNAL_TAMPERED', `${file}: ${why}`, { hint: INQUIRY });

const INQUIRY = 'Keep the file as it is for the inquiry; automatic actions stay off until a person has looked: belay evidence verify';
