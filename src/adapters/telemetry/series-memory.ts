// A bounded memory of series by the bytes that their labels came in, so that they are read once. It knows nothing of what is remembered.

interface Remembered<T> {
  readonly value: T;
  readonly key: string;
  readonly bytes: Buffer;
  readonly view: DataView;
  round: number;
  /** Which one came behind it the last time: senders keep their order, and comparing is far cheaper than looking up. */
  next: Remembered<T> | null;
}

export interface MemoryCaps {
  readonly series: number;
  /** Of all keys together. */
  readonly bytes: number;
}

const ROUNDS = 4;

/** When it is full it forgets what was not asked for lately; when that is not enough, the oldest. */
export class SeriesMemory<T> {
  readonly #entries = new Map<string, Remembered<T>>();
  readonly #caps: MemoryCaps;
  #bytes = 0;
  #added = 0;
  /** Goes on with every quarter of what it may hold. */
  #round = 0;
  #last: Remembered<T> | null = null;

  constructor(caps: MemoryCaps) {
    this.#caps = caps;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** What is remembered of these bytes (`view` shows the same);  `make` is asked once, and may throw. */
  of(bytes: Buffer, view: DataView, from: number, end: number, make: (bytes: Buffer) => T): T {
    const last = this.#last;
    const guess = last?.next ?? null;
    let entry = guess !== null && isAt(guess, bytes, view, from, end) ? guess : null;
    if (entry === null) {
      // One character a byte: the cheapest text that holds any bytes, and its hash is seeded by the engine.
      const key = bytes.toString('latin1', from, end);
      entry = this.#entries.get(key) ?? this.#add(key, Buffer.from(bytes.subarray(from, end)), make);
      if (last !== null) last.next = entry;
    }
    entry.round = this.#round;
    this.#last = entry;
    return entry.value;
  }

  #add(key: string, bytes: Buffer, make: (bytes: Buffer) => T): Remembered<T> {
    const entry: Remembered<T> = {
      value: make(bytes),
      key,
      bytes,
      view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
      round: this.#round,
      next: null,
    };
    if (this.#entries.size >= this.#caps.series || this.#bytes + bytes.length > this.#caps.bytes) this.#clear();
    this.#entries.set(key, entry);
    this.#bytes += bytes.length;
    this.#added += 1;
    if (this.#added % Math.ceil(this.#caps.series / ROUNDS) === 0) this.#round += 1;
    return entry;
  }

  #clear(): void {
    for (const entry of this.#entries.values()) if (entry.round < this.#round - 1) this.#forget(entry);
    // A clearing that frees little would come again at once.
    for (const entry of this.#entries.values()) {
      if (this.#entries.size <= 0.75 * this.#caps.series && this.#bytes <= 0.75 * this.#caps.bytes) break;
      this.#forget(entry);
    }
  }

  #forget(entry: Remembered<T>): void {
    this.#entries.delete(entry.key);
    this.#bytes -= entry.bytes.length;
    // Nothing that was forgotten holds on to anything else.
    entry.next = null;
  }
}

/** Four bytes at a time: a call into the engine costs more than the comparison of a few labels. */
function isAt(
  { view, bytes: wanted }: Pick<Remembered<unknown>, 'view' | 'bytes'>,
  bytes: Buffer,
  at: DataView,
  from: number,
  end: number,
): boolean {
  const size = wanted.length;
  if (size !== end - from) return false;
  let index = 0;
  for (; index + 4 <= size; index += 4) if (view.getInt32(index) !== at.getInt32(from + index)) return false;
  for (; index < size; index += 1) if (wanted[index] !== bytes[from + index]) return false;
  return true;
}
