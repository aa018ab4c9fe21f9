// Bytes to lines: complete ones only, none longer than the limit, with the place after each. What lines mean is not its business.
import type { LogFile, Place } from './place.ts';
import { markOf } from './place.ts';

export const LONGEST_LINE = 64 * 1_024;
const CHUNK = 128 * 1_024;
const LEAST_CHUNK = 1_024;
const NEWLINE = 10;
const RETURN = 13;
const NUL = 0;

/** Null for a line that was too long. */
export type Line = string | null;

interface Piece {
  /** Undefined: no line ends here, only the rest of one that was too long, or nothing. */
  readonly line: Line | undefined;
  readonly end: number;
  readonly skipping: boolean;
}

/** What one reading may still read. */
export interface Budget {
  bytes: number;
  /** It was not enough: there is more to read. */
  spent: boolean;
  readonly isOver: () => boolean;
}

/** Takes lines from the first on, and says how many it took. */
export type Take = (lines: readonly Line[]) => number;

/** Hands over the complete lines from `place` on. @returns where the next reading begins */
export async function readLines(file: LogFile, place: Place, budget: Budget, take: Take): Promise<Place> {
  const buffer = Buffer.allocUnsafe(Math.min(CHUNK, Math.max(LEAST_CHUNK, file.size - place.offset + 1)));
  let { offset, skipping } = place;
  for (;;) {
    const wanted = Math.min(buffer.length, budget.bytes);
    if (wanted === 0 || budget.spent) break;
    const { bytesRead } = await file.handle.read(buffer, 0, wanted, offset);
    const pieces = cut(buffer.subarray(0, bytesRead), skipping);
    const last = takenOf(pieces, take);
    if (last !== undefined) ({ skipping } = last);
    offset += last?.end ?? 0;
    budget.bytes -= last?.end ?? 0;
    if (bytesRead < wanted && last === pieces.at(-1)) break;
    // At least one chunk a reading, however late it is: else nothing would ever go on.
    budget.spent = last !== pieces.at(-1) || last === undefined || budget.bytes === 0 || budget.isOver();
  }
  return offset === place.offset ? place : { ...place, offset, mark: await markOf(file.handle, offset), skipping };
}

function takenOf(pieces: readonly Piece[], take: Take): Piece | undefined {
  const whole = pieces.flatMap((piece, index) => (piece.line === undefined ? [] : [{ line: piece.line, index }]));
  const taken = whole.length === 0 ? 0 : take(whole.map(({ line }) => line));
  return taken < whole.length ? pieces[(whole[taken]?.index ?? 0) - 1] : pieces.at(-1);
}

function cut(bytes: Buffer, skippingAtStart: boolean): readonly Piece[] {
  const pieces: Piece[] = [];
  let skipping = skippingAtStart;
  let start = 0;
  while (start < bytes.length) {
    // A writer that does not append leaves a hole of NULs where its file was cut off under it.
    if (!skipping) while (bytes[start] === NUL) start += 1;
    const end = bytes.indexOf(NEWLINE, start);
    if (end === -1) break;
    pieces.push({ line: skipping ? undefined : textOf(bytes, start, end), end: end + 1, skipping: false });
    skipping = false;
    start = end + 1;
  }
  const before = pieces.at(-1)?.end ?? 0;
  if (skipping) pieces.push({ line: undefined, end: bytes.length, skipping: true });
  else if (bytes.length - start > LONGEST_LINE) pieces.push({ line: null, end: bytes.length, skipping: true });
  // NULs at the end of the file may be room that its writer has yet to fill.
  else if (start > before && (start < bytes.length || bytes.length === CHUNK))
    pieces.push({ line: undefined, end: start, skipping: false });
  return pieces;
}

/** Bytes that are not UTF-8 become U+FFFD. */
function textOf(bytes: Buffer, start: number, end: number): Line {
  if (end - start > LONGEST_LINE) return null;
  const text = bytes.toString('utf8', start, end > start && bytes[end - 1] === RETURN ? end - 1 : end);
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}

/** After the last complete line: where a file is begun whose past is of no interest. */
export async function endOf(file: LogFile): Promise<Place> {
  const length = Math.min(file.size, LONGEST_LINE + 1);
  const bytes = Buffer.alloc(length);
  await file.handle.read(bytes, 0, length, file.size - length);
  const newline = bytes.lastIndexOf(NEWLINE);
  const skipping = newline === -1 && length > LONGEST_LINE;
  const offset = newline === -1 && !skipping ? 0 : skipping ? file.size : file.size - length + newline + 1;
  return { file: file.id, born: file.born, offset, mark: await markOf(file.handle, offset), skipping };
}
