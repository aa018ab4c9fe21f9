// Time that the test moves while the parts are real: loops sleep in it, and each step waits until all of them are asleep again.
import { setTimeout as really } from 'node:timers/promises';
import type { Instant } from '../../../src/domain/json.ts';
import type { Time } from '../../../src/ports/time.ts';

interface Sleeper {
  readonly due: Instant;
  readonly wake: () => void;
}

const PATIENCE_MS = 20_000;

export class SteppedTime implements Time {
  #now: Instant;
  readonly #began: Instant;
  #sleepers: Sleeper[] = [];
  #loops = 0;
  #ids = 0;

  constructor(start: Instant) {
    this.#now = start;
    this.#began = start;
  }

  now(): Instant {
    return this.#now;
  }

  monotonicMs(): number {
    return this.#now - this.#began;
  }

  uuid(): string {
    this.#ids += 1;
    return `00000000-0000-4000-8000-${String(this.#ids).padStart(12, '0')}`;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted === true) return resolve();
      const sleeper: Sleeper = { due: this.#now + Math.max(1, ms), wake: resolve };
      this.#sleepers.push(sleeper);
      signal?.addEventListener(
        'abort',
        () => {
          this.#sleepers = this.#sleepers.filter((one) => one !== sleeper);
          resolve();
        },
        { once: true },
      );
    });
  }

  /** To be called once all loops run: so many are expected to be asleep after every step. */
  async settle(): Promise<void> {
    for (let same = 0, before = -1; same < 5; same = this.#sleepers.length === before ? same + 1 : 0) {
      before = this.#sleepers.length;
      await really(20);
    }
    this.#loops = this.#sleepers.length;
  }

  /** Moves to the next instant at which somebody wants to wake, again and again, until `ms` have passed. */
  async pass(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      const next = Math.min(...this.#sleepers.map((one) => one.due));
      if (next > end) break;
      await this.#wakeAt(Math.max(this.#now, next));
    }
    this.#now = end;
  }

  /** All at once: whoever slept meanwhile wakes up once, late. For days, in which loops of a second would take all day. */
  async leap(ms: number): Promise<void> {
    await this.#wakeAt(this.#now + ms);
  }

  async #wakeAt(now: Instant): Promise<void> {
    this.#now = now;
    const due = this.#sleepers.filter((one) => one.due <= now);
    this.#sleepers = this.#sleepers.filter((one) => one.due > now);
    for (const one of due) one.wake();
    await this.#allAsleep();
  }

  async #allAsleep(): Promise<void> {
    for (const end = Date.now() + PATIENCE_MS; this.#sleepers.length < this.#loops; await new Promise((next) => setImmediate(next)))
      if (Date.now() > end) throw new Error(`only ${this.#sleepers.length} of ${this.#loops} loops went back to sleep`);
  }
}
