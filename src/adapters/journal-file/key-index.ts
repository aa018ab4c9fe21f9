// Which keys a journal has lines of, in memory that does not grow with it: the lines of the newest keys, and a filter that says of any other key
// either that it never was there or that the files have to be read. It reads no file.
import type { JournalLine } from '../../domain/journal.ts';

/** So many lines are kept, of the keys that were written last. */
export const MOST_LINES = 4_096;
/** One mebibyte: of a million acts the files are read for one new one in fifty. */
const FILTER_BITS = 2 ** 23;
const PLACES = 4;

export class KeyIndex {
  readonly #most: number;
  readonly #seen = new Uint8Array(FILTER_BITS / 8);
  /** Of each key all of its lines, the key that was written last at the end. */
  readonly #newest = new Map<string, JournalLine[]>();
  #kept = 0;

  constructor(most = MOST_LINES) {
    this.#most = most;
  }

  add(line: JournalLine): void {
    const { key } = line;
    const known = this.#newest.get(key) ?? (this.#mayHave(key) ? null : []);
    // Of one that was let go, or may have been, not all lines are here: the files say them.
    if (known !== null) {
      known.push(line);
      this.#newest.delete(key);
      this.#newest.set(key, known);
      this.#kept += 1;
    }
    for (const place of places(key)) this.#seen[place >>> 3] = (this.#seen[place >>> 3] ?? 0) | (1 << (place & 7));
    this.#letGo();
  }

  /** All lines of the key; null: the files have to be read. */
  linesOf(key: string): readonly JournalLine[] | null {
    const lines = this.#newest.get(key);
    if (lines !== undefined) return [...lines];
    return this.#mayHave(key) ? null : [];
  }

  get kept(): number {
    return this.#kept;
  }

  #mayHave(key: string): boolean {
    return places(key).every((place) => ((this.#seen[place >>> 3] ?? 0) & (1 << (place & 7))) !== 0);
  }

  #letGo(): void {
    for (const [key, lines] of this.#newest) {
      if (this.#kept <= this.#most) return;
      this.#newest.delete(key);
      this.#kept -= lines.length;
    }
  }
}

/** Two hashes (FNV-1a forward and backward) give them all. */
function places(key: string): readonly number[] {
  let [forward, backward] = [0x811c9dc5, 0x811c9dc5];
  for (let at = 0; at < key.length; at += 1) {
    forward = Math.imul(forward ^ key.charCodeAt(at), 0x01000193);
    backward = Math.imul(backward ^ key.charCodeAt(key.length - 1 - at), 0x01000193);
  }
  const step = ((backward ^ (backward >>> 15)) | 1) >>> 0;
  return Array.from({ length: PLACES }, (_, index) => ((forward >>> 0) + index * step) % FILTER_BITS);
}
