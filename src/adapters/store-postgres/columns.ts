// Columns of numbers packed into bytes: whole numbers as the difference to the one before, which mostly fits one byte, everything else
// as it is. It knows nothing of what the numbers mean.
import { assert } from '../../domain/assert.ts';

const WHOLE = 0;
const EXACT = 1;
/** Differences of two such numbers, doubled, are still exact. */
const MOST_WHOLE = 2 ** 51;
const LONGEST = 8;

export class ColumnWriter {
  #bytes = Buffer.allocUnsafe(4_096);
  #at = 0;

  count(value: number): void {
    this.#room(LONGEST);
    this.#varint(value);
  }

  column(values: Float64Array, size: number): void {
    this.#room(1 + LONGEST * size);
    if (isWhole(values, size)) this.#whole(values, size);
    else this.#exact(values, size);
  }

  /** What was written, as bytes of its own. */
  taken(): Buffer {
    return Buffer.from(this.#bytes.subarray(0, this.#at));
  }

  clear(): void {
    this.#at = 0;
  }

  #whole(values: Float64Array, size: number): void {
    this.#bytes[this.#at++] = WHOLE;
    let before = 0;
    for (let index = 0; index < size; index += 1) {
      const value = values[index] as number;
      const step = value - before;
      before = value;
      this.#varint(step >= 0 ? step * 2 : -step * 2 - 1);
    }
  }

  #exact(values: Float64Array, size: number): void {
    this.#bytes[this.#at++] = EXACT;
    for (let index = 0; index < size; index += 1) this.#at = this.#bytes.writeDoubleLE(values[index] as number, this.#at);
  }

  #varint(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes[this.#at++] = (rest % 0x80) | 0x80;
      rest = rest < 2 ** 31 ? rest >>> 7 : Math.floor(rest / 0x80);
    }
    this.#bytes[this.#at++] = rest;
  }

  #room(bytes: number): void {
    const wanted = this.#at + bytes;
    if (wanted <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(wanted, 2 * this.#bytes.length));
    this.#bytes.copy(larger, 0, 0, this.#at);
    this.#bytes = larger;
  }
}

function isWhole(values: Float64Array, size: number): boolean {
  for (let index = 0; index < size; index += 1) {
    const value = values[index] as number;
    if (!Number.isInteger(value) || value > MOST_WHOLE || value < -MOST_WHOLE) return false;
  }
  return true;
}

export class ColumnReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  count(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 0x80) {
      const byte = this.#bytes[this.#at++];
      assert(byte !== undefined, 'packed columns end too early');
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  }

  column(size: number): Float64Array {
    const values = new Float64Array(size);
    const how = this.#bytes[this.#at++];
    if (how === EXACT) {
      for (let index = 0; index < size; index += 1, this.#at += LONGEST) values[index] = this.#bytes.readDoubleLE(this.#at);
      return values;
    }
    assert(how === WHOLE, 'packed columns of an unknown form');
    this.#whole(values);
    return values;
  }

  #whole(values: Float64Array): void {
    const bytes = this.#bytes;
    let at = this.#at;
    let value = 0;
    for (let index = 0; index < values.length; index += 1) {
      let step = bytes[at++] as number;
      // Nearly all fit one byte or two.
      if (step >= 0x80) {
        step &= 0x7f;
        let byte: number;
        let factor = 0x80;
        do {
          byte = bytes[at++] as number;
          step += (byte & 0x7f) * factor;
          factor *= 0x80;
        } while (byte >= 0x80);
      }
      if (step < 2 ** 31) value += step & 1 ? -((step + 1) >>> 1) : step >>> 1;
      else value += step % 2 === 0 ? step / 2 : -(step + 1) / 2;
      values[index] = value;
    }
    assert(at <= bytes.length, 'packed columns end too early');
    this.#at = at;
  }
}
