// The counts of many scopes in one minute as a few bytes each: what a store keeps for weeks. Scopes are small numbers here; their names,
// and where the bytes lie, are the store's business.
import { BelayError } from './errors.ts';

export interface BlockEntry {
  readonly id: number;
  readonly bad: number;
  readonly all: number;
  readonly sum: number;
}

const HAS_BAD = 1;
const HAS_SUM = 2;
const SUM_BYTES = 8;
/** The bytes of 2^53. */
const MOST_BYTES = 8;

/** Entries by rising id; counts are rounded to whole numbers that are not negative. */
export function packBlock(entries: readonly BlockEntry[]): Uint8Array {
  const bytes: number[] = [];
  let before = -1;
  for (const { id, bad, all, sum } of entries) {
    const flags = (whole(bad) > 0 ? HAS_BAD : 0) | (sum === 0 ? 0 : HAS_SUM);
    writeNumber(bytes, (id - before) * 4 + flags);
    writeNumber(bytes, whole(all));
    if (whole(bad) > 0) writeNumber(bytes, whole(bad));
    if (sum !== 0) writeSum(bytes, sum);
    before = id;
  }
  return Uint8Array.from(bytes);
}

const whole = (count: number): number => Math.min(Number.MAX_SAFE_INTEGER, Math.max(0, Math.round(count)));

function writeSum(bytes: number[], sum: number): void {
  const view = new DataView(new ArrayBuffer(SUM_BYTES));
  view.setFloat64(0, sum, true);
  for (let at = 0; at < SUM_BYTES; at += 1) bytes.push(view.getUint8(at));
}

/** Seven bits a byte, the lowest first; the eighth says that there are more. */
function writeNumber(bytes: number[], value: number): void {
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
}

/** @throws BELAY_STORE_UNSUPPORTED for bytes that are no block */
export function unpackBlock(bytes: Uint8Array, each: (id: number, bad: number, all: number, sum: number) => void): void {
  const cursor = { bytes, at: 0 };
  let id = -1;
  while (cursor.at < bytes.length) {
    const head = readNumber(cursor);
    if (head < 4) throw broken();
    id += Math.floor(head / 4);
    const all = readNumber(cursor);
    const bad = head % 2 === HAS_BAD ? readNumber(cursor) : 0;
    each(id, bad, all, head % 4 >= HAS_SUM ? readSum(cursor) : 0);
  }
}

interface Cursor {
  readonly bytes: Uint8Array;
  at: number;
}

function readNumber(cursor: Cursor): number {
  let value = 0;
  let scale = 1;
  for (let read = 0; read < MOST_BYTES; read += 1) {
    const byte = cursor.bytes[cursor.at];
    if (byte === undefined) throw broken();
    cursor.at += 1;
    value += (byte % 128) * scale;
    if (byte < 128) return value;
    scale *= 128;
  }
  throw broken();
}

function readSum(cursor: Cursor): number {
  if (cursor.at + SUM_BYTES > cursor.bytes.length) throw broken();
  // The bytes may be a part of a larger buffer.
  const sum = new DataView(cursor.bytes.buffer, cursor.bytes.byteOffset + cursor.at, SUM_BYTES).getFloat64(0, true);
  cursor.at += SUM_BYTES;
  return sum;
}

function broken(): BelayError {
  return new BelayError('BELAY_STORE_UNSUPPORTED', 'the kept minutes of a signal cannot be read', {
    hint: 'Drop the day they belong to: the partitions belay.minute_… of the store. Nothing else needs them.',
  });
}
