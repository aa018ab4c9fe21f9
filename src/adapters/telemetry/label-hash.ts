// A keyed hash of bytes for tables that strangers fill: HalfSipHash-1-3. Without the key nobody can choose bytes that meet.
import { randomBytes } from 'node:crypto';

/** Of the bytes from `from` to `end`. */
export type ByteHash = (view: DataView, from: number, end: number) => number;

export function keyedHash(key: Uint8Array = randomBytes(8)): ByteHash {
  const view = new DataView(key.buffer, key.byteOffset, key.byteLength);
  const [first, second] = [view.getInt32(0, true), view.getInt32(4, true)];
  return (bytes, from, end) => halfSip(bytes, from, end, first, second);
}

function halfSip(bytes: DataView, from: number, end: number, first: number, second: number): number {
  let a = first;
  let b = second;
  let c = first ^ 0x6c79_6765;
  let d = second ^ 0x7465_6462;
  const whole = end - ((end - from) & 3);
  // One round for each word, and one for the rest with the length; three behind them.
  for (let at = from, more = 3; more >= 0; at += 4) {
    let word = 0;
    if (at < whole) word = bytes.getInt32(at, true);
    else {
      if (more === 3) word = rest(bytes, whole, end, end - from);
      else if (more === 2) c ^= 0xff;
      more -= 1;
    }
    d ^= word;
    a = (a + b) | 0;
    b = ((b << 5) | (b >>> 27)) ^ a;
    a = (a << 16) | (a >>> 16);
    c = (c + d) | 0;
    d = ((d << 8) | (d >>> 24)) ^ c;
    a = (a + d) | 0;
    d = ((d << 7) | (d >>> 25)) ^ a;
    c = (c + b) | 0;
    b = ((b << 13) | (b >>> 19)) ^ c;
    c = (c << 16) | (c >>> 16);
    a ^= word;
  }
  return b ^ d;
}

function rest(bytes: DataView, whole: number, end: number, length: number): number {
  let word = length << 24;
  for (let at = whole; at < end; at += 1) word |= bytes.getUint8(at) << (8 * (at - whole));
  return word;
}
