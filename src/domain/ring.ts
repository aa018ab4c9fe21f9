// Counts of the last window for many scopes at once: one row of slots a scope in flat arrays, running sums beside them.
// It knows no scope by name and no clock: rows are numbers, slots are numbers of slots since an origin.

export interface Counts {
  bad: number;
  all: number;
}

/** One more slot than the window has: the newest one is still filling, so the window is never shorter than it says. */
export const WINDOW_SLOTS = 60;
const SLOTS = WINDOW_SLOTS + 1;

const FULL = 2 ** 32 - 1;

/** A full cell stays full. @returns what was added, so that sums beside it stay true */
function fill(cells: Uint32Array, cell: number, count: number): number {
  const before = cells[cell] ?? 0;
  cells[cell] = Math.min(FULL, before + count);
  return (cells[cell] ?? 0) - before;
}

export class Rings {
  /** Length of the row that a window of `overMs` needs; whole milliseconds keep slot borders exact. */
  static slotMsOf(overMs: number): number {
    return Math.max(1, Math.round(overMs / WINDOW_SLOTS));
  }

  readonly #origin: number;
  readonly #withSums: boolean;
  #rows = 0;
  #bad: Uint32Array;
  #all: Uint32Array;
  #sum: Float64Array;
  #head: Int32Array;
  /** Where the window of a row ends: slots up to there are emptied when somebody looks into them. */
  #due: Int32Array;
  #runBad: Float64Array;
  #runAll: Float64Array;

  /** `originSlot` is earlier than any slot that will be told; `withSums` keeps a sum beside the counts. */
  constructor(originSlot: number, withSums = false, capacity = 16) {
    this.#origin = originSlot;
    this.#withSums = withSums;
    this.#bad = new Uint32Array(capacity * SLOTS);
    this.#all = new Uint32Array(capacity * SLOTS);
    this.#sum = new Float64Array(withSums ? capacity * SLOTS : 0);
    this.#head = new Int32Array(capacity);
    this.#due = new Int32Array(capacity);
    this.#runBad = new Float64Array(capacity);
    this.#runAll = new Float64Array(capacity);
  }

  get rows(): number {
    return this.#rows;
  }

  addRow(): number {
    if (this.#rows === this.#head.length) this.#grow();
    this.#rows += 1;
    return this.#rows - 1;
  }

  /** False when the slot has left the window already. */
  add(row: number, slot: number, bad: number, all: number, sum = 0): boolean {
    const place = slot - this.#origin;
    this.#settle(row);
    if (place > (this.#head[row] ?? 0)) this.#advance(row, place);
    else if (place < 0 || place <= (this.#head[row] ?? 0) - SLOTS) return false;
    const cell = row * SLOTS + (place % SLOTS);
    this.#runBad[row] = (this.#runBad[row] ?? 0) + fill(this.#bad, cell, bad);
    this.#runAll[row] = (this.#runAll[row] ?? 0) + fill(this.#all, cell, all);
    if (this.#withSums && sum !== 0) this.#sum[cell] = (this.#sum[cell] ?? 0) + sum;
    return true;
  }

  /** Lets the window of a row end at `slot`: what is older than the window leaves it. */
  advanceTo(row: number, slot: number): void {
    const place = Math.max(slot - this.#origin, this.#due[row] ?? 0);
    if (place > (this.#head[row] ?? 0)) this.#advance(row, place);
  }

  /** The whole window, in one read. */
  window(row: number, into: Counts): Counts {
    into.bad = this.#runBad[row] ?? 0;
    into.all = this.#runAll[row] ?? 0;
    return into;
  }

  /** The whole window that ends at `slot` holds no bad event. What leaves the window brings none into it: mostly nothing has to be moved. */
  isFaultless(row: number, slot: number): boolean {
    const place = slot - this.#origin;
    if (place > (this.#due[row] ?? 0)) this.#due[row] = place;
    if (this.#runBad[row] === 0) return true;
    this.#settle(row);
    return this.#runBad[row] === 0;
  }

  /** The newest `slots` slots and the one that is filling. */
  newest(row: number, slots: number, into: Counts): Counts {
    const head = this.#head[row] ?? 0;
    return this.#between(row, head - Math.min(slots, WINDOW_SLOTS), head, into);
  }

  /** Slots `from` to `to`, both inside, as far as the row still holds them. */
  between(row: number, from: number, to: number, into: Counts): Counts {
    const head = this.#head[row] ?? 0;
    return this.#between(row, Math.max(from - this.#origin, head - WINDOW_SLOTS), Math.min(to - this.#origin, head), into);
  }

  /** Sums of the same slots, newest last; empty slots are left out. For means: sum and count a slot. */
  slotSums(row: number, from: number, to: number): { readonly sum: number; readonly all: number }[] {
    const head = this.#head[row] ?? 0;
    const found: { sum: number; all: number }[] = [];
    for (let place = Math.max(from - this.#origin, head - WINDOW_SLOTS, 0); place <= Math.min(to - this.#origin, head); place += 1) {
      const cell = row * SLOTS + (place % SLOTS);
      if ((this.#all[cell] ?? 0) > 0) found.push({ sum: this.#sum[cell] ?? 0, all: this.#all[cell] ?? 0 });
    }
    return found;
  }

  /** Number of the newest slot of a row. */
  headOf(row: number): number {
    this.#settle(row);
    return (this.#head[row] ?? 0) + this.#origin;
  }

  #between(row: number, from: number, to: number, into: Counts): Counts {
    into.bad = 0;
    into.all = 0;
    for (let place = Math.max(0, from); place <= to; place += 1) {
      const cell = row * SLOTS + (place % SLOTS);
      into.bad += this.#bad[cell] ?? 0;
      into.all += this.#all[cell] ?? 0;
    }
    return into;
  }

  #settle(row: number): void {
    const due = this.#due[row] ?? 0;
    if (due > (this.#head[row] ?? 0)) this.#advance(row, due);
  }

  #advance(row: number, place: number): void {
    const head = this.#head[row] ?? 0;
    const base = row * SLOTS;
    if (place - head >= SLOTS) {
      this.#bad.fill(0, base, base + SLOTS);
      this.#all.fill(0, base, base + SLOTS);
      if (this.#withSums) this.#sum.fill(0, base, base + SLOTS);
      this.#runBad[row] = 0;
      this.#runAll[row] = 0;
    } else {
      for (let leaving = head + 1; leaving <= place; leaving += 1) this.#empty(row, base + (leaving % SLOTS));
    }
    this.#head[row] = place;
  }

  #empty(row: number, cell: number): void {
    this.#runBad[row] = (this.#runBad[row] ?? 0) - (this.#bad[cell] ?? 0);
    this.#runAll[row] = (this.#runAll[row] ?? 0) - (this.#all[cell] ?? 0);
    this.#bad[cell] = 0;
    this.#all[cell] = 0;
    if (this.#withSums) this.#sum[cell] = 0;
  }

  #grow(): void {
    const capacity = this.#head.length * 2;
    const larger = <T extends Uint32Array | Float64Array | Int32Array>(from: T, to: T): T => {
      to.set(from);
      return to;
    };
    this.#bad = larger(this.#bad, new Uint32Array(capacity * SLOTS));
    this.#all = larger(this.#all, new Uint32Array(capacity * SLOTS));
    if (this.#withSums) this.#sum = larger(this.#sum, new Float64Array(capacity * SLOTS));
    this.#head = larger(this.#head, new Int32Array(capacity));
    this.#due = larger(this.#due, new Int32Array(capacity));
    this.#runBad = larger(this.#runBad, new Float64Array(capacity));
    this.#runAll = larger(this.#runAll, new Float64Array(capacity));
  }
}
