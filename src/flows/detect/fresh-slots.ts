// Increments that are not in the store yet: what is added to a slot between two commits is one row of it.
import type { Instant } from '../../domain/json.ts';
import type { SlotRow } from '../../ports/signal-store.ts';

type Growing = { -readonly [K in keyof SlotRow]: SlotRow[K] };

/** What its slots are called in the store. */
export interface Slotted {
  readonly key: string;
  readonly slotMs: number;
  readonly scopes: readonly string[];
}

export class FreshSlots {
  #size = 0;
  /** By row: its newest entry, counted from 1; 0 where it has none. A row seldom has more than two. */
  #newest = new Int32Array(16);
  #before = new Int32Array(16);
  #row = new Int32Array(16);
  #slot = new Float64Array(16);
  #bad = new Float64Array(16);
  #all = new Float64Array(16);
  #sum = new Float64Array(16);
  readonly #results = new Map<string, Growing>();

  add(row: number, slot: number, bad: number, all: number, sum: number): void {
    if (row >= this.#newest.length) this.#newest = larger(this.#newest, row + 1);
    let entry = (this.#newest[row] as number) - 1;
    while (entry >= 0 && this.#slot[entry] !== slot) entry = (this.#before[entry] as number) - 1;
    if (entry < 0) entry = this.#made(row, slot);
    this.#bad[entry] = (this.#bad[entry] as number) + bad;
    this.#all[entry] = (this.#all[entry] as number) + all;
    this.#sum[entry] = (this.#sum[entry] as number) + sum;
  }

  /** For the history: results of a point, and by how much the failures in a row changed, which adds up to how many there are. */
  addResult(
    { key, slotMs }: Slotted,
    point: string,
    { at, ok, turned }: { readonly at: Instant; readonly ok: boolean; readonly turned: number },
  ): void {
    const slot = Math.floor(at / slotMs) * slotMs;
    const place = JSON.stringify([point, slot]);
    const fresh = this.#results.get(place) ?? { signal: key, scope: point, slot, bad: 0, all: 0, sum: 0 };
    fresh.bad += ok ? 0 : 1;
    fresh.all += 1;
    fresh.sum += turned;
    this.#results.set(place, fresh);
  }

  /** Hands everything over, in the order in which it came; nothing of it stays. */
  takeInto(rows: SlotRow[], { key, slotMs, scopes }: Slotted): void {
    for (let entry = 0; entry < this.#size; entry += 1) {
      const row = this.#row[entry] as number;
      rows.push({
        signal: key,
        scope: scopes[row] ?? '',
        slot: (this.#slot[entry] as number) * slotMs,
        bad: this.#bad[entry] as number,
        all: this.#all[entry] as number,
        sum: this.#sum[entry] as number,
      });
      this.#newest[row] = 0;
    }
    this.#size = 0;
    for (const one of this.#results.values()) rows.push(one);
    this.#results.clear();
  }

  #made(row: number, slot: number): number {
    const entry = this.#size;
    if (entry === this.#row.length) this.#grow();
    this.#size += 1;
    this.#before[entry] = this.#newest[row] as number;
    this.#newest[row] = entry + 1;
    this.#row[entry] = row;
    this.#slot[entry] = slot;
    this.#bad[entry] = 0;
    this.#all[entry] = 0;
    this.#sum[entry] = 0;
    return entry;
  }

  #grow(): void {
    const wanted = this.#row.length + 1;
    this.#before = larger(this.#before, wanted);
    this.#row = larger(this.#row, wanted);
    this.#slot = largerFloats(this.#slot, wanted);
    this.#bad = largerFloats(this.#bad, wanted);
    this.#all = largerFloats(this.#all, wanted);
    this.#sum = largerFloats(this.#sum, wanted);
  }
}

function larger(from: Int32Array<ArrayBuffer>, wanted: number): Int32Array<ArrayBuffer> {
  const to = new Int32Array(Math.max(wanted, 2 * from.length));
  to.set(from);
  return to;
}

function largerFloats(from: Float64Array<ArrayBuffer>, wanted: number): Float64Array<ArrayBuffer> {
  const to = new Float64Array(Math.max(wanted, 2 * from.length));
  to.set(from);
  return to;
}
