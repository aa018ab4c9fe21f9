// How many different values a window has seen, in bounded memory: exact up to a number of values, then by an even sample of them
// (Wegman's adaptive sampling). It keeps digests, never the values, and knows no signal and no limit.
import { WINDOW_SLOTS } from './ring.ts';

const SLOTS = WINDOW_SLOTS + 1;
/** Values of one scope that are counted one by one; of more, every second, fourth, eighth… is kept. */
export const EXACT_VALUES = 10_000;
/** Values of all scopes together; beyond it each scope keeps fewer, down to a few. */
const MOST_VALUES = 1_000_000;
const FEWEST_VALUES = 16;
const DEEPEST = 30;
const LOW = 2 ** 32;
const HIGH_BITS = 20;

/** 52 bits of a value, evenly spread: it tells values apart, and nobody reads the value from it. */
export function digestNumber(text: string): number {
  let high = 0x811c9dc5;
  let low = 0x9747b28c;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    high = Math.imul(high ^ unit, 0x01000193);
    low = Math.imul(low ^ unit, 0x85ebca6b) ^ (low >>> 13);
  }
  high = mixed(high ^ text.length);
  low = mixed(low ^ high);
  return (high >>> (32 - HIGH_BITS)) * LOW + low;
}

/** The end of MurmurHash3: every bit of the input changes every bit of the output. */
function mixed(hash: number): number {
  let bits = hash;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}

/** One of 2^depth digests is kept. */
const isKept = (digest: number, depth: number): boolean => depth === 0 || (digest % LOW) % 2 ** depth === 0;

/** What was noted of a value: where it was last seen, and how many values it stands for (2^depth). */
export interface Noted {
  readonly digest: number;
  readonly slot: number;
  readonly depth: number;
}

/** Values of one scope by the slot in which each was last seen. */
class ValuesOfScope {
  readonly #lastSeen = new Map<number, number>();
  readonly #counts = new Uint32Array(SLOTS);
  readonly #depths = new Uint8Array(SLOTS);
  #head = -Infinity;
  #live = 0;
  #depth = 0;

  get size(): number {
    return this.#lastSeen.size;
  }

  advanceTo(slot: number, cap: number): void {
    if (slot <= this.#head) return;
    const first = Math.max(this.#head + 1, slot - WINDOW_SLOTS);
    // Few are left of what was many: from a new slot on more of them are kept again.
    if (this.#depth > 0 && this.#live < cap / 4) this.#depth -= 1;
    for (let entering = first; entering <= slot; entering += 1) {
      this.#live -= this.#counts[entering % SLOTS] ?? 0;
      this.#counts[entering % SLOTS] = 0;
      this.#depths[entering % SLOTS] = this.#depth;
    }
    this.#head = slot;
    if (this.#lastSeen.size > 2 * this.#live + 64) this.#forgetOld();
  }

  add(digest: number, slot: number, cap: number): Noted | null {
    this.advanceTo(slot, cap);
    const oldest = this.#head - WINDOW_SLOTS;
    if (slot < oldest || !isKept(digest, this.#depths[slot % SLOTS] ?? 0)) return null;
    const last = this.#lastSeen.get(digest);
    if (last !== undefined && last >= slot) return null;
    if (last !== undefined && last >= oldest) this.#count(last, -1);
    this.#lastSeen.set(digest, slot);
    this.#count(slot, 1);
    const noted = { digest, slot, depth: this.#depths[slot % SLOTS] ?? 0 };
    this.shrinkTo(cap);
    return noted;
  }

  shrinkTo(cap: number): void {
    while (this.#live > cap && this.#depth < DEEPEST) this.deepen(this.#head, this.#depth + 1);
    if (this.#lastSeen.size > 2 * cap) this.#forgetOld();
  }

  /** From the oldest slot to this one, only so many are kept. */
  deepen(until: number, depth: number): void {
    for (let slot = this.#head - WINDOW_SLOTS; slot <= until; slot += 1)
      this.#depths[slot % SLOTS] = Math.max(this.#depths[slot % SLOTS] ?? 0, depth);
    if (until >= this.#head) this.#depth = Math.max(this.#depth, depth);
    for (const [digest, slot] of this.#lastSeen) {
      if (slot > until || isKept(digest, depth)) continue;
      this.#lastSeen.delete(digest);
      if (slot >= this.#head - WINDOW_SLOTS) this.#count(slot, -1);
    }
  }

  /** Values last seen in the slots from `from` to `to`. */
  between(from: number, to: number): Estimate {
    let count = 0;
    let kept = 0;
    for (let slot = Math.max(from, this.#head - WINDOW_SLOTS); slot <= Math.min(to, this.#head); slot += 1) {
      const here = this.#counts[slot % SLOTS] ?? 0;
      const depth = this.#depths[slot % SLOTS] ?? 0;
      count += here * 2 ** depth;
      if (depth > 0) kept += here;
    }
    return { count, error: kept === 0 ? 0 : ERROR / Math.sqrt(kept) };
  }

  #count(slot: number, by: number): void {
    this.#counts[slot % SLOTS] = (this.#counts[slot % SLOTS] ?? 0) + by;
    this.#live += by;
  }

  #forgetOld(): void {
    for (const [digest, slot] of this.#lastSeen) if (slot < this.#head - WINDOW_SLOTS) this.#lastSeen.delete(digest);
  }
}

/** Standard error of adaptive sampling, times the root of the sample's size. */
const ERROR = 1.2;

export interface Estimate {
  readonly count: number;
  /** Relative standard error; 0: exact. */
  readonly error: number;
}

const NONE: Estimate = { count: 0, error: 0 };

/** Values of all scopes of a signal, by row. */
export class DistinctValues {
  readonly #scopes: (ValuesOfScope | undefined)[] = [];
  readonly #exact: number;
  readonly #most: number;
  #cap: number;
  #total = 0;

  constructor({ exact = EXACT_VALUES, most = MOST_VALUES }: { readonly exact?: number; readonly most?: number } = {}) {
    this.#exact = exact;
    this.#most = most;
    this.#cap = exact;
  }

  /** @returns what is to be remembered; null when this value was known of the slot, or is not in the sample. */
  add(row: number, digest: number, slot: number): Noted | null {
    const scope = this.#of(row);
    const before = scope.size;
    const noted = scope.add(digest, slot, this.#cap);
    this.#total += scope.size - before;
    if (this.#total > this.#most && this.#cap > FEWEST_VALUES) this.#keepFewer();
    return noted;
  }

  /** Rows that were noted in another life; they must all be told before anything is added. */
  restore(row: number, noted: readonly Noted[]): void {
    const scope = this.#of(row);
    const before = scope.size;
    const newestFirst = noted.toSorted((a, b) => b.slot - a.slot);
    for (const { digest, slot } of newestFirst.toReversed()) scope.add(digest, slot, Infinity);
    // Since a slot was filled, fewer may have been kept: what was noted later says so.
    let deepest = 0;
    for (const { slot, depth } of newestFirst) {
      if (depth <= deepest) continue;
      deepest = depth;
      scope.deepen(slot, depth);
    }
    scope.shrinkTo(this.#cap);
    this.#total += scope.size - before;
  }

  /** Lets the window of a row end at `slot`. */
  advanceTo(row: number, slot: number): void {
    const scope = this.#scopes[row];
    if (scope === undefined) return;
    const before = scope.size;
    scope.advanceTo(slot, this.#cap);
    this.#total += scope.size - before;
    if (this.#cap < this.#exact && this.#total < this.#most / 4) this.#cap = Math.min(this.#exact, this.#cap * 2);
  }

  between(row: number, from: number, to: number): Estimate {
    return this.#scopes[row]?.between(from, to) ?? NONE;
  }

  /** Values in memory. */
  get size(): number {
    return this.#total;
  }

  #of(row: number): ValuesOfScope {
    const known = this.#scopes[row];
    if (known !== undefined) return known;
    const scope = new ValuesOfScope();
    this.#scopes[row] = scope;
    return scope;
  }

  #keepFewer(): void {
    while (this.#total > this.#most / 2 && this.#cap > FEWEST_VALUES) {
      this.#cap = Math.max(FEWEST_VALUES, this.#cap / 2);
      let total = 0;
      for (const scope of this.#scopes) {
        scope?.shrinkTo(this.#cap);
        total += scope?.size ?? 0;
      }
      this.#total = total;
    }
  }
}
