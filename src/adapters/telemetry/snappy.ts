// The block format of snappy, unpacked within bounds. It knows no frames and no checksums: a block has neither.
import { malformed } from './refusal.ts';

/** A copy of three bytes makes 64: no block tells more than this for each of its bytes. */
const MOST_PER_BYTE = 22;
const SHORT = 16;

/** @throws BELAY_INPUT_INVALID; nothing is allocated for a length that the block cannot hold */
export function unpackSnappy(block: Uint8Array, mostBytes: number): Buffer {
  const { length, from } = declaredLength(block);
  if (length > mostBytes) throw malformed(`snappy: ${length} bytes are declared, at most ${mostBytes} are taken`);
  if (length > MOST_PER_BYTE * block.length) throw malformed(`snappy: ${block.length} bytes cannot hold the ${length} that are declared`);
  const out = Buffer.allocUnsafe(length);
  const written = unpackInto(out, block, from);
  if (written !== length) throw malformed(`snappy: ${length} bytes are declared, ${written} came`);
  return out;
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

function unpackInto(out: Buffer, block: Uint8Array, from: number): number {
  const end = block.length;
  let at = from;
  let to = 0;
  while (at < end) {
    const tag = block[at] ?? 0;
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
      if (to + size > out.length) throw tooMuch();
      copyLiteral(out, to, block, at, size);
      at += size;
      to += size;
      continue;
    }
    const bytes = kind === 3 ? 4 : kind;
    if (at + bytes > end) throw cutOff();
    const size = kind === 1 ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1;
    const offset =
      kind === 1
        ? ((tag >> 5) << 8) | (block[at] ?? 0)
        : bytes === 2
          ? (block[at] ?? 0) | ((block[at + 1] ?? 0) << 8)
          : littleEndian(block, at, bytes);
    at += bytes;
    if (offset === 0 || offset > to) throw malformed('snappy: a copy from before the beginning');
    if (to + size > out.length) throw tooMuch();
    if (size > SHORT && offset >= size) out.copyWithin(to, to - offset, to - offset + size);
    // Byte by byte: a copy may read what it has just written.
    else for (let index = 0; index < size; index += 1) out[to + index] = out[to + index - offset] ?? 0;
    to += size;
  }
  return to;
}

function copyLiteral(out: Buffer, to: number, block: Uint8Array, at: number, size: number): void {
  if (size > SHORT) out.set(block.subarray(at, at + size), to);
  else for (let index = 0; index < size; index += 1) out[to + index] = block[at + index] ?? 0;
}

function littleEndian(block: Uint8Array, at: number, bytes: number): number {
  let value = 0;
  for (let index = 0; index < bytes; index += 1) value += (block[at + index] ?? 0) * 2 ** (8 * index);
  return value;
}

const cutOff = () => malformed('snappy: the block is cut off');
const tooMuch = () => malformed('snappy: the block holds more than it declares');
