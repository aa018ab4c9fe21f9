// The block format of snappy, unpacked within bounds. It knows no frames and no checksums: a block has neither.
import { malformed } from './refusal.ts';

/** A copy of three bytes makes 64: no block tells more than this for each of its bytes. */
const MOST_PER_BYTE = 22;
/** Eight bytes are copied at a time, which makes no BigInt; so many behind the end may be written. */
const WORD = 8;
const SLACK = WORD - 1;
/** From here on a call into the engine costs less than the words. */
const LONG = 256;
const KEPT_BYTES = 4 * 1024 * 1024;

/** Where blocks are unpacked to, one after the other: what was unpacked is there until the next one is. */
export class Room {
  #bytes = Buffer.alloc(0);
  #view = viewOf(this.#bytes);

  /** Of exactly so many bytes, and some behind them that nobody reads. */
  of(bytes: number): { readonly bytes: Buffer; readonly view: DataView } {
    if (bytes > KEPT_BYTES) return roomOf(Buffer.allocUnsafe(bytes));
    if (bytes > this.#bytes.length) {
      this.#bytes = Buffer.allocUnsafeSlow(Math.min(KEPT_BYTES, 2 * bytes));
      this.#view = roomOf(this.#bytes).view;
    }
    return { bytes: this.#bytes, view: this.#view };
  }
}

const roomOf = (bytes: Buffer): { readonly bytes: Buffer; readonly view: DataView } => ({ bytes, view: viewOf(bytes) });
const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** @throws BELAY_INPUT_INVALID; nothing is allocated for a length that the block cannot hold */
export function unpackSnappy(block: Uint8Array, mostBytes: number, room: Room = new Room()): Buffer {
  const { length, from } = declaredLength(block);
  if (length > mostBytes) throw malformed(`snappy: ${length} bytes are declared, at most ${mostBytes} are taken`);
  if (length > MOST_PER_BYTE * block.length) throw malformed(`snappy: ${block.length} bytes cannot hold the ${length} that are declared`);
  const out = room.of(length + SLACK);
  const written = unpackInto(out.bytes, out.view, length, block, from);
  if (written !== length) throw malformed(`snappy: ${length} bytes are declared, ${written} came`);
  return out.bytes.subarray(0, length);
}

function declaredLength(block: Uint8Array): { readonly length: number; readonly from: number } {
  let length = 0;
  for (let at = 0; at < 5; at += 1) {
    const byte = block[at];
    if (byte === undefined) break;
    length += (byte & 0x7f) * 2 ** (7 * at);
    if (byte < 0x80) return { length, from: at + 1 };
  }
  throw malformed('snappy: the block does not begin with its length');
}

function unpackInto(out: Buffer, view: DataView, length: number, block: Uint8Array, from: number): number {
  const packed = viewOf(block);
  const end = block.length;
  let at = from;
  let to = 0;
  while (at < end) {
    const tag = block[at] as number;
    at += 1;
    const kind = tag & 3;
    if (kind === 0) {
      let size = tag >> 2;
      if (size >= 60) {
        const bytes = size - 59;
        if (at + bytes > end) throw cutOff();
        size = littleEndian(block, at, bytes);
        at += bytes;
      }
      size += 1;
      if (at + size > end) throw cutOff();
      if (to + size > length) throw tooMuch();
      if (size > LONG || at + size + SLACK > end) copyBytes(out, to, block, at, size);
      else for (let done = 0; done < size; done += WORD) view.setBigInt64(to + done, packed.getBigInt64(at + done, true), true);
      at += size;
      to += size;
      continue;
    }
    const bytes = kind === 3 ? 4 : kind;
    if (at + bytes > end) throw cutOff();
    const size = kind === 1 ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1;
    const offset =
      kind === 1
        ? ((tag >> 5) << 8) | (block[at] as number)
        : kind === 2
          ? (block[at] as number) | ((block[at + 1] as number) << 8)
          : littleEndian(block, at, bytes);
    at += bytes;
    if (offset === 0 || offset > to) throw malformed('snappy: a copy from before the beginning');
    if (to + size > length) throw tooMuch();
    // Words from the left: a copy may read what it has just written, if that is a whole word.
    if (offset >= WORD)
      for (let done = 0; done < size; done += WORD) view.setBigInt64(to + done, view.getBigInt64(to - offset + done, true), true);
    else for (let done = 0; done < size; done += 1) out[to + done] = out[to + done - offset] as number;
    to += size;
  }
  return to;
}

function copyBytes(out: Buffer, to: number, block: Uint8Array, at: number, size: number): void {
  if (size > LONG) out.set(block.subarray(at, at + size), to);
  else for (let index = 0; index < size; index += 1) out[to + index] = block[at + index] as number;
}

function littleEndian(block: Uint8Array, at: number, bytes: number): number {
  let value = 0;
  for (let index = 0; index < bytes; index += 1) value += (block[at + index] as number) * 2 ** (8 * index);
  return value;
}

const cutOff = () => malformed('snappy: the block is cut off');
const tooMuch = () => malformed('snappy: the block holds more than it declares');
