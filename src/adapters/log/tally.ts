// Adds up the lines of one reading by labels and second. It is bounded: by label sets, and by samples.
import type { Instant } from '../../domain/json.ts';
import type { Sample } from '../../domain/signal.ts';
import { OVERFLOW_SCOPE } from '../../domain/signal.ts';
import type { Meaning, Meant } from './meaning.ts';

type Labels = Readonly<Record<string, string>>;

const MOST_SETS = 2_000;
const MOST_BUCKETS = 20_000;
const SECOND_MS = 1_000;
const NONE: Labels = {};
// Values hold no control characters.
const BETWEEN = '\u0000';
const MISSING = '\u0001';

interface Bucket {
  readonly labels: Labels;
  readonly second: number | null;
  lines: number;
  sum: number;
  count: number;
}

/** Label sets of all readings, so that the same set is the same object. Beyond so many, new ones share one. */
export class LabelSets {
  readonly #names: readonly string[];
  readonly #most: number;
  readonly #sets = new Map<string, Labels>();
  readonly rest: Labels;
  /** Lines that were counted with it. */
  folded = 0;

  constructor(names: readonly string[], most = 50_000) {
    this.#names = names;
    this.#most = most;
    this.rest = Object.fromEntries(names.map((name) => [name, OVERFLOW_SCOPE]));
  }

  of(key: string, values: readonly (string | undefined)[]): Labels {
    const known = this.#sets.get(key);
    if (known !== undefined) return known;
    if (this.#sets.size >= this.#most) return this.rest;
    const labels: Labels = Object.fromEntries(
      this.#names.flatMap((name, index) => (values[index] === undefined ? [] : [[name, values[index]]])),
    );
    this.#sets.set(key, labels);
    return labels;
  }
}

export class Tally {
  readonly #sets: LabelSets;
  readonly #withNumber: boolean;
  readonly #buckets = new Map<string, Bucket>();
  readonly #seen = new Map<string, Labels>();
  readonly #now: Instant;
  #unmatched = 0;
  #dropped = 0;
  #undated = 0;
  #newest = -Infinity;
  lostRotations = 0;

  constructor(sets: LabelSets, o: { readonly withNumber: boolean; readonly now: Instant }) {
    this.#sets = sets;
    this.#withNumber = o.withNumber;
    this.#now = o.now;
  }

  get isFull(): boolean {
    return this.#buckets.size >= MOST_BUCKETS;
  }

  /** Of the newest event that is not ahead of our clock; our clock when no line told its time. */
  get newest(): Instant {
    return this.#newest === -Infinity ? this.#now : this.#newest;
  }

  add(meaning: Meaning): void {
    if (meaning === 'unmatched') this.#unmatched += 1;
    else if (meaning === 'dropped') this.#dropped += 1;
    else this.#count(meaning);
  }

  #count({ values, number, at }: Meant): void {
    if (at === null) this.#undated += 1;
    else if (at !== undefined && at <= this.#now) this.#newest = Math.max(this.#newest, at);
    const key = values.map((value) => value ?? MISSING).join(BETWEEN);
    const second = at === null || at === undefined ? null : Math.floor(at / SECOND_MS) * SECOND_MS;
    const labels = this.#labelsOf(key, values);
    if (labels === this.#sets.rest) this.#sets.folded += 1;
    const bucketKey = `${labels === this.#sets.rest ? BETWEEN : key}${BETWEEN}${MISSING}${second ?? ''}`;
    let bucket = this.#buckets.get(bucketKey);
    if (bucket === undefined) {
      bucket = { labels, second, lines: 0, sum: 0, count: 0 };
      this.#buckets.set(bucketKey, bucket);
    }
    bucket.lines += 1;
    if (number === undefined) return;
    bucket.sum += number;
    bucket.count += 1;
  }

  #labelsOf(key: string, values: readonly (string | undefined)[]): Labels {
    const seen = this.#seen.get(key);
    if (seen !== undefined) return seen;
    if (this.#seen.size >= MOST_SETS) return this.#sets.rest;
    const labels = this.#sets.of(key, values);
    this.#seen.set(key, labels);
    return labels;
  }

  /** `at` for what has no time of its own. */
  samples(at: Instant): readonly Sample[] {
    const samples: Sample[] = [];
    const tell = (name: string, labels: Labels, when: Instant, delta: number): void => {
      samples.push({ kind: 'delta', name, labels, at: when, delta });
    };
    for (const { labels, second, lines, sum, count } of this.#buckets.values()) {
      tell('log_lines', labels, second ?? at, lines);
      if (!this.#withNumber || count === 0) continue;
      tell('log_number_sum', labels, second ?? at, sum);
      tell('log_number_count', labels, second ?? at, count);
    }
    const beside = {
      log_lines_unmatched: this.#unmatched,
      log_lines_dropped: this.#dropped,
      log_lines_undated: this.#undated,
      log_rotations_lost: this.lostRotations,
    };
    for (const [name, count] of Object.entries(beside)) if (count > 0) tell(name, NONE, at, count);
    return samples;
  }
}
