// A set of rows that is filled and emptied with every delivery: rows are small numbers, so membership is a byte. It knows no track.

export class RowSet {
  #rows = new Int32Array(16);
  #has = new Uint8Array(16);
  #size = 0;

  add(row: number): void {
    if (row >= this.#has.length) {
      const larger = new Uint8Array(Math.max(row + 1, 2 * this.#has.length));
      larger.set(this.#has);
      this.#has = larger;
    }
    if (this.#has[row] === 1) return;
    this.#has[row] = 1;
    if (this.#size === this.#rows.length) {
      const larger = new Int32Array(2 * this.#size);
      larger.set(this.#rows);
      this.#rows = larger;
    }
    this.#rows[this.#size] = row;
    this.#size += 1;
  }

  /** In the order in which they were added. */
  get rows(): Int32Array {
    return this.#rows.subarray(0, this.#size);
  }

  clear(): void {
    for (let index = 0; index < this.#size; index += 1) this.#has[this.#rows[index] as number] = 0;
    this.#size = 0;
  }
}
