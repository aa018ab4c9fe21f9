// The wire format of Protocol Buffers, read in place and within bounds. It knows no message: which field means what is its readers' word.
import { malformed } from './refusal.ts';

export const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/** A place in a message. Whoever reads says where the message ends: a nested one lies in the same bytes. */
export class WireReader {
  readonly bytes: Buffer;
  readonly view: DataView;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Unsigned; above 2^53 no longer exact, which is far beyond every count and time that is taken. */
  varint(end: number): number {
    const { bytes } = this;
    let { at } = this;
    let byte = at < end ? (bytes[at] as number) : 0x80;
    // Most are of one byte.
    if (byte < 0x80) {
      this.at = at + 1;
      return byte;
    }
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      if (at >= end) throw cutOff();
      byte = bytes[at] ?? 0;
      at += 1;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        this.at = at;
        return value;
      }
    }
    for (let shift = 28; shift < 70; shift += 7) {
      if (at >= end) throw cutOff();
      byte = bytes[at] ?? 0;
      at += 1;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) {
        this.at = at;
        return value;
      }
    }
    throw malformed('protobuf: a number of more than ten bytes');
  }

  /** Two's complement in ten bytes, as int64 is written: exact, and a text where no number is. */
  int64(end: number): number | string {
    const from = this.at;
    const value = this.varint(end);
    if (Number.isSafeInteger(value)) return value;
    const bits = this.bytes.subarray(from, this.at).reduceRight((sum, byte) => (sum << 7n) | BigInt(byte & 0x7f), 0n);
    const exact = BigInt.asIntN(64, bits);
    return Number.isSafeInteger(Number(exact)) ? Number(exact) : String(exact);
  }

  /** Number of the field and how it is written: `field * 8 + wire type`. */
  tag(end: number): number {
    const tag = this.varint(end);
    if (tag < 8 || tag > 0xffff_ffff) throw malformed('protobuf: a field without a number');
    return tag;
  }

  /** Where the nested message, or the text, that begins here ends. */
  length(end: number): number {
    const size = this.varint(end);
    if (size > end - this.at) throw malformed(`protobuf: ${size} bytes are told where ${end - this.at} are left`);
    return this.at + size;
  }

  double(end: number): number {
    const at = this.#eight(end);
    return this.view.getFloat64(at, true);
  }

  /** Unsigned. */
  fixed64(end: number): number {
    const at = this.#eight(end);
    return this.view.getUint32(at + 4, true) * 2 ** 32 + this.view.getUint32(at, true);
  }

  signed64(end: number): number {
    const at = this.#eight(end);
    return this.view.getInt32(at + 4, true) * 2 ** 32 + this.view.getUint32(at, true);
  }

  /** The bits of the eight bytes there. */
  bitsAre(at: number, high: number, low: number): boolean {
    return this.view.getUint32(at, true) === low && this.view.getUint32(at + 4, true) === high;
  }

  skip(tag: number, end: number): void {
    const kind = tag & 7;
    if (kind === WIRE.varint) this.varint(end);
    else if (kind === WIRE.fixed64) this.#eight(end);
    else if (kind === WIRE.bytes) this.at = this.length(end);
    else if (kind === WIRE.fixed32) {
      if (this.at + 4 > end) throw cutOff();
      this.at += 4;
    } else throw malformed(`protobuf: wire type ${kind} is not taken`);
  }

  #eight(end: number): number {
    const { at } = this;
    if (at + 8 > end) throw cutOff();
    this.at = at + 8;
    return at;
  }
}

const cutOff = () => malformed('protobuf: the message is cut off');
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** @throws BELAY_INPUT_INVALID where bytes are no UTF-8: two texts must not become one */
export function textOf(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw malformed(`protobuf: a text is not UTF-8 (${cause instanceof Error ? cause.name : 'unreadable'})`);
  }
}
