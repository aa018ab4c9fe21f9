// Columns of numbers packed into bytes: whole numbers as the difference to the one before, which mostly fits one byte, or as runs of one
// difference where it seldom changes; everything else as it is. It knows nothing of what the numbers mean.
import { assert } from '../../domain/assert.ts';

const WHOLE = 0;
const EXACT = 1;
const RUNS = 2;
/** From so many numbers a run on, on the average, runs are shorter. */
const RUN_PAYS = 4;
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
    const runs = runsIn(values, size);
    if (runs === null) this.#exact(values, size);
    else if (runs * RUN_PAYS <= size) this.#runs(values, size);
    else this.#whole(values, size);
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

  #runs(values: Float64Array, size: number): void {
    this.#bytes[this.#at++] = RUNS;
    let before = 0;
    for (let from = 0; from < size; ) {
      const step = (values[from] as number) - before;
      let to = from;
      for (; to < size && (values[to] as number) - before === step; to += 1) before = values[to] as number;
      this.#varint(to - from);
      this.#varint(step >= 0 ? step * 2 : -step * 2 - 1);
      from = to;
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

/** How many runs of one difference there are; null where not all numbers are whole. */
function runsIn(values: Float64Array, size: number): number | null {
  let before = 0;
  let last = Number.NaN;
  let runs = 0;
  for (let index = 0; index < size; index += 1) {
    const value = values[index] as number;
    if (!Number.isInteger(value) || value > MOST_WHOLE || value < -MOST_WHOLE) return null;
    const step = value - before;
    if (step !== last) runs += 1;
    last = step;
    before = value;
  }
  return runs;
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
    this.columnInto(values, size);
    return values;
  }

  /** The same into an array that may be longer. */
  columnInto(values: Float64Array, size: number): void {
    const how = this.#bytes[this.#at++];
    if (how === EXACT) {
      for (let index = 0; index < size; index += 1, this.#at += LONGEST) values[index] = this.#bytes.readDoubleLE(this.#at);
      return;
    }
    assert(how === WHOLE || how === RUNS, 'packed columns of an unknown form');
    if (how === WHOLE) this.#whole(values, size);
    else this.#runs(values, size);
  }

  #whole(values: Float64Array, size: number): void {
    const bytes = this.#bytes;
    let at = this.#at;
    let value = 0;
    for (let index = 0; index < size; index += 1) {
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

  #runs(values: Float64Array, size: number): void {
    let value = 0;
    for (let index = 0; index < size; ) {
      const end = index + this.count();
      assert(end > index && end <= size, 'packed columns of an unknown form');
      const doubled = this.count();
      const step = doubled % 2 === 0 ? doubled / 2 : -(doubled + 1) / 2;
      for (; index < end; index += 1) {
        value += step;
        values[index] = value;
      }
    }
  }
}
