// A bounded memory of series by the bytes that their labels came in, so that they are read once. It knows nothing of what is remembered.
import { type ByteHash, keyedHash } from './label-hash.ts';

/** Bytes of which `view` shows the same. */
export interface Bytes {
  readonly bytes: Buffer;
  readonly view: DataView;
}

/** Where the bytes of a series stand. They are moved when others are forgotten. */
export interface Place {
  readonly in: Bytes;
  readonly from: number;
  readonly size: number;
}

export interface MemoryCaps {
  readonly series: number;
  /** Of all keys together. */
  readonly bytes: number;
}

const ROUNDS = 4;
const FIRST_ENTRIES = 32;
const NONE = -1;

type Moving = { -readonly [K in keyof Place]: Place[K] };

/**
 * When it is full it forgets what was not asked for lately; when that is not enough, the oldest. What is looked at for each series lies in
 * columns by its number, the oldest first: in the order in which most senders go on.
 */
export class SeriesMemory<T> {
  #size = 0;
  #values: T[] = [];
  #places: Moving[] = [];
  #kept = new Kept();
  /** Of the bytes: where they begin in all that is kept, how many, and their hash. */
  #from = new Int32Array(FIRST_ENTRIES);
  #bytes = new Int32Array(FIRST_ENTRIES);
  #hashes = new Int32Array(FIRST_ENTRIES);
  /** When it was asked for. */
  #rounds = new Int32Array(FIRST_ENTRIES);
  /** Which one came behind it the last time: senders keep their order, and comparing is far cheaper than looking up. */
  #next = new Int32Array(FIRST_ENTRIES).fill(NONE);
  /** By hash, and the next free one where it is taken: a number, counted from 1. */
  #table = new Int32Array(2 * FIRST_ENTRIES);
  readonly #caps: MemoryCaps;
  readonly #hash: ByteHash;
  #added = 0;
  /** Goes on with every quarter of what it may hold. */
  #round = 0;
  #last = NONE;

  constructor(caps: MemoryCaps, hash: ByteHash = keyedHash()) {
    this.#caps = caps;
    this.#hash = hash;
  }

  get size(): number {
    return this.#size;
  }

  /** The number of these bytes, until the next ones are asked for; `make` is asked once, and may throw. What it makes may keep the place. */
  of(told: Bytes, from: number, end: number, make: (place: Place) => T): number {
    let number = this.#last === NONE ? NONE : (this.#next[this.#last] as number);
    if (number === NONE || !this.#isAt(number, told.view, from, end)) {
      number = this.#lookedUp(told, from, end, make);
      if (this.#last !== NONE) this.#next[this.#last] = number;
    }
    this.#rounds[number] = this.#round;
    this.#last = number;
    return number;
  }

  valueOf(number: number): T {
    return this.#values[number] as T;
  }

  setValue(number: number, value: T): void {
    this.#values[number] = value;
  }

  #lookedUp(told: Bytes, from: number, end: number, make: (place: Place) => T): number {
    const hash = this.#hash(told.view, from, end);
    const most = this.#table.length - 1;
    for (let at = hash & most; ; at = (at + 1) & most) {
      const number = (this.#table[at] as number) - 1;
      if (number === NONE) return this.#remember({ in: told, from, size: end - from }, hash, make);
      if (this.#hashes[number] === hash && this.#isAt(number, told.view, from, end)) return number;
    }
  }

  /** Eight bytes at a time, which makes no BigInt: a call into the engine costs more than the comparison of a few labels. */
  #isAt(number: number, view: DataView, from: number, end: number): boolean {
    const size = this.#bytes[number] as number;
    if (size !== end - from) return false;
    const at = this.#from[number] as number;
    const mine = this.#kept.viewAt(at);
    const start = this.#kept.within(at);
    let index = 0;
    for (; index + 8 <= size; index += 8) if (mine.getBigInt64(start + index, true) !== view.getBigInt64(from + index, true)) return false;
    for (; index < size; index += 1) if (mine.getUint8(start + index) !== view.getUint8(from + index)) return false;
    return true;
  }

  #remember(place: Moving, hash: number, make: (place: Place) => T): number {
    const value = make(place);
    if (this.#size >= this.#caps.series || this.#kept.size + place.size > this.#caps.bytes) this.#clear();
    const number = this.#size;
    if (number === this.#from.length) this.#grow();
    this.#from[number] = this.#kept.take(place);
    this.#bytes[number] = place.size;
    this.#hashes[number] = hash;
    this.#next[number] = NONE;
    this.#values.push(value);
    this.#places.push(place);
    this.#size += 1;
    this.#enter(number);
    this.#added += 1;
    if (this.#added % Math.ceil(this.#caps.series / ROUNDS) === 0) this.#round += 1;
    return number;
  }

  #clear(): void {
    const lately: number[] = [];
    let bytes = 0;
    for (let number = 0; number < this.#size; number += 1) {
      if ((this.#rounds[number] as number) < this.#round - 1) continue;
      lately.push(number);
      bytes += this.#bytes[number] as number;
    }
    // A clearing that frees little would come again at once.
    let oldest = 0;
    while (oldest < lately.length && (lately.length - oldest > 0.75 * this.#caps.series || bytes > 0.75 * this.#caps.bytes)) {
      bytes -= this.#bytes[lately[oldest] as number] as number;
      oldest += 1;
    }
    this.#keepOnly(lately.slice(oldest));
  }

  /** They get new numbers, and their bytes a new place: nothing of what was forgotten stays. */
  #keepOnly(stay: readonly number[]): void {
    this.#kept = new Kept();
    this.#values = stay.map((number) => this.#values[number] as T);
    this.#places = stay.map((number) => this.#places[number] as Moving);
    for (const column of [this.#bytes, this.#hashes, this.#rounds])
      for (const [index, number] of stay.entries()) column[index] = column[number] as number;
    this.#next.fill(NONE);
    this.#last = NONE;
    this.#size = stay.length;
    for (const [number, place] of this.#places.entries()) this.#from[number] = this.#kept.take(place);
    this.#enterAll();
  }

  #grow(): void {
    const larger = (from: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> => {
      const to = new Int32Array(2 * from.length);
      to.set(from);
      return to;
    };
    this.#from = larger(this.#from);
    this.#bytes = larger(this.#bytes);
    this.#hashes = larger(this.#hashes);
    this.#rounds = larger(this.#rounds);
    this.#next = larger(this.#next);
    this.#table = new Int32Array(2 * this.#from.length);
    this.#enterAll();
  }

  #enterAll(): void {
    this.#table.fill(0);
    for (let number = 0; number < this.#size; number += 1) this.#enter(number);
  }

  #enter(number: number): void {
    const most = this.#table.length - 1;
    let at = (this.#hashes[number] as number) & most;
    while (this.#table[at] !== 0) at = (at + 1) & most;
    this.#table[at] = number + 1;
  }
}

const BLOCK_BITS = 20;
const BLOCK_BYTES = 2 ** BLOCK_BITS;

/** Bytes of many series in blocks of one size, one behind the other; longer ones in a block of their own. */
class Kept {
  readonly #blocks: Bytes[] = [];
  #used = 0;
  #size = 0;

  /** Of what was taken. */
  get size(): number {
    return this.#size;
  }

  viewAt(at: number): DataView {
    return (this.#blocks[at >>> BLOCK_BITS] as Bytes).view;
  }

  within(at: number): number {
    return at & (BLOCK_BYTES - 1);
  }

  /** Copies the bytes of a place, which stand here from then on. @returns where they begin in all that is kept */
  take(place: Moving): number {
    const end = this.#blocks.length * BLOCK_BYTES;
    if (this.#used === end || this.#used + place.size > end) {
      this.#used = end;
      this.#blocks.push(blockOf(Math.max(BLOCK_BYTES, place.size)));
      // Nothing stands behind a long one; the blocks that it takes up are counted.
      while (this.#blocks.length * BLOCK_BYTES < this.#used + place.size) this.#blocks.push(NOTHING);
    }
    const at = this.#used;
    const block = this.#blocks[at >>> BLOCK_BITS] as Bytes;
    const from = this.within(at);
    place.in.bytes.copy(block.bytes, from, place.from, place.from + place.size);
    place.in = block;
    place.from = from;
    this.#used = place.size > BLOCK_BYTES ? this.#blocks.length * BLOCK_BYTES : at + place.size;
    this.#size += place.size;
    return at;
  }
}

function blockOf(size: number): Bytes {
  const bytes = Buffer.allocUnsafeSlow(size);
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, size) };
}

const NOTHING = blockOf(0);
