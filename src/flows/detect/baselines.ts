// Two weeks of stored minutes as sums of four hours, for each scope of a trigger with `detector: cusum`: read from the store a part at a
// time, beside the deliveries and never for one of them. It counts; what is usual is domain/baseline.ts' business.
import { baselineOf } from '../../domain/baseline.ts';
import { compileRule } from '../../domain/condition.ts';
import type { Expected } from '../../domain/cusum.ts';
import type { Instant } from '../../domain/json.ts';
import { MINUTE_MS, type MinuteRow } from '../../domain/minutes.ts';
import type { System } from '../../domain/system.ts';
import type { SignalStore } from '../../ports/signal-store.ts';

const PART_MS = 4 * 3_600_000;
/** Two weeks, and the part that is being read. */
const PARTS = 84 + 1;
/** What comes later than this is in no baseline. */
const LATE_MS = 10 * MINUTE_MS;
/** In one turn: a fraction of a second each. */
const MOST_ROWS = 200_000;
const MOST_ANSWERS = 2_000;

interface Counted {
  /** First minute that counted anything. */
  first: Instant;
  /** bad, all, bad, all, …: a ring of parts. Four hours of a busy service are more than 32 bits count. */
  readonly parts: Float64Array;
}

export class Baselines {
  readonly #history: SignalStore['history'];
  readonly #triggers: ReadonlyMap<string, TriggerBaselines>;

  constructor({ system, store }: { readonly system: System; readonly store: Pick<SignalStore, 'history'> }) {
    this.#history = store.history;
    this.#triggers = new Map(
      system.triggers.flatMap((rule) => {
        const spec = system.signals.find((one) => one.id === rule.signal);
        if (rule.detector !== 'cusum' || spec === undefined) return [];
        const by = rule.scope === 'org' ? spec.by : null;
        const { limit } = compileRule(rule, spec.signal);
        return [[rule.id, new TriggerBaselines({ signal: spec.id, by, limit, countsGood: spec.signal.kind === 'fractionAbove' })] as const];
      }),
    );
  }

  /** Undefined: not read yet. Null: it does not say enough to act on. */
  of(trigger: string, scope: string): Expected | null | undefined {
    return this.#triggers.get(trigger)?.of(scope);
  }

  /** Reads what has become complete, and stops when it was enough for one turn. @returns how many rows it read */
  async refresh(now: Instant): Promise<number> {
    let rows = 0;
    for (const one of this.#triggers.values()) rows += await one.read(this.#history, now, MOST_ROWS - rows);
    return rows;
  }
}

interface Asked {
  readonly signal: string;
  readonly by: string | null;
  readonly limit: number;
  /** What the store calls bad are the events within the limit. */
  readonly countsGood: boolean;
}

class TriggerBaselines {
  readonly #asked: Asked;
  readonly #scopes = new Map<string, Counted>();
  readonly #found = new Map<string, Expected | null>();
  /** Scopes whose answers are of an earlier time. */
  #due: string[] = [];
  #readTo: Instant | null = null;
  #isWhole = false;
  #readMs = PART_MS / 4;
  /** How far it was whole when answers were last due. */
  #asOf: Instant = 0;

  constructor(asked: Asked) {
    this.#asked = asked;
  }

  of(scope: string): Expected | null | undefined {
    const known = this.#found.get(scope);
    if (known !== undefined) return known;
    // Counted, and not worked out yet.
    return this.#isWhole && !this.#scopes.has(scope) ? null : undefined;
  }

  /** Some at a time: ten thousand at once would hold up the deliveries for a second. */
  #workOut(most: number): void {
    for (const scope of this.#due.splice(-most)) {
      const counted = this.#scopes.get(scope);
      if (counted === undefined) this.#found.delete(scope);
      else this.#found.set(scope, this.#answer(counted));
    }
  }

  #answer({ parts, first }: Counted): Expected | null {
    const sums = Array.from({ length: PARTS }, (_, index) => ({ bad: parts[2 * index] ?? 0, all: parts[2 * index + 1] ?? 0 }));
    const to = this.#asOf;
    return baselineOf(sums, this.#asked.limit, { first: Math.max(first, to - PARTS * PART_MS), to });
  }

  async read(history: SignalStore['history'], now: Instant, most: number): Promise<number> {
    const whole = Math.floor((now - LATE_MS) / PART_MS) * PART_MS;
    this.#readTo ??= whole - (PARTS - 1) * PART_MS;
    // Belay was away for longer than it looks back.
    this.#readTo = Math.max(this.#readTo, whole - (PARTS - 1) * PART_MS);
    let rows = 0;
    while (this.#readTo < whole && rows < most) {
      const from = this.#readTo;
      // A part of the ring is emptied when its time begins, so that it may be filled in several turns.
      const to = Math.min(whole, from + this.#readMs, (Math.floor(from / PART_MS) + 1) * PART_MS);
      const { signal, by } = this.#asked;
      const found = await history({ signal, by, from, to });
      if (from % PART_MS === 0) this.#forget(from);
      for (const row of found) this.#add(row);
      rows += found.length;
      this.#readTo = to;
      this.#readMs = found.length > MOST_ROWS / 2 ? Math.max(MINUTE_MS, this.#readMs / 2) : Math.min(PART_MS, this.#readMs * 2);
    }
    if (this.#readTo >= whole && this.#asOf !== whole) {
      this.#asOf = whole;
      this.#isWhole = true;
      this.#due = [...new Set([...this.#found.keys(), ...this.#scopes.keys()])];
    }
    this.#workOut(MOST_ANSWERS);
    return rows;
  }

  #forget(from: Instant): void {
    const index = 2 * (Math.floor(from / PART_MS) % PARTS);
    const oldest = from - (PARTS - 1) * PART_MS;
    for (const [scope, counted] of this.#scopes) {
      counted.parts.fill(0, index, index + 2);
      // Nothing of it is left: one that comes again is as young as a new one.
      if (counted.first < oldest && counted.parts.every((count) => count === 0)) this.#scopes.delete(scope);
    }
  }

  #add({ at, scope, bad, all }: MinuteRow): void {
    if (all <= 0) return;
    const counted = this.#scopes.get(scope) ?? { first: at, parts: new Float64Array(2 * PARTS) };
    this.#scopes.set(scope, counted);
    counted.first = Math.min(counted.first, at);
    const index = 2 * (Math.floor(at / PART_MS) % PARTS);
    const wrong = this.#asked.countsGood ? all - bad : bad;
    counted.parts[index] = (counted.parts[index] ?? 0) + Math.min(all, Math.max(0, wrong));
    counted.parts[index + 1] = (counted.parts[index + 1] ?? 0) + all;
  }
}
