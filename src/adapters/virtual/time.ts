// Virtual time: nothing passes until somebody says so. Waiting costs nothing, and every play is the same.
// It moves only what waits through it; work on real files or processes must be handed to `during`.
import { setImmediate } from 'node:timers';
import type { Instant } from '../../domain/json.ts';
import type { Time } from '../../ports/time.ts';
import { KillSwitch, never } from './kill-switch.ts';

interface Timer {
  readonly at: Instant;
  readonly seq: number;
  readonly kill: KillSwitch;
  readonly fire: () => void;
}

/** Rounds of the event loop without any movement that count as idle; one is enough where nothing but promises is waited for. */
const QUIET_ROUNDS = 4;

export class VirtualTime {
  #nowMs: Instant;
  #elapsedMs = 0;
  #seq = 0;
  #random: () => number;
  #moves = 0;
  #busy = 0;
  #timers: Timer[] = [];
  readonly #wakeAfterWork: (() => void)[] = [];
  readonly #kill = new KillSwitch();
  readonly #quietRounds: number;
  /** How often it went on to whoever waited next. */
  jumps = 0;

  constructor(startMs: Instant, seed: number, quietRounds: number) {
    this.#nowMs = startMs;
    this.#random = seeded(seed);
    this.#quietRounds = quietRounds;
  }

  now(): Instant {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#elapsedMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return this.#sleep(ms, signal, this.#kill);
  }

  /** An RFC 4122 shaped id from the seed. */
  uuid(): string {
    this.#moves += 1;
    const hex = Array.from({ length: 32 }, () => Math.floor(this.#random() * 16).toString(16)).join('');
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
  }

  /** The same clock as one life sees it: after its kill no sleep of it ever ends. */
  ofLife(kill: KillSwitch): Time {
    return {
      now: () => this.now(),
      monotonicMs: () => this.monotonicMs(),
      sleep: (ms, signal) => this.#sleep(ms, signal, kill),
      uuid: () => this.uuid(),
    };
  }

  /** The wall clock jumps (an operator, NTP); what waits by duration is not moved. */
  jumpWallClock(ms: number): void {
    this.#nowMs += ms;
    this.#timers = this.#timers.map((timer) => ({ ...timer, at: timer.at + ms }));
  }

  /** Somebody outside waits, and whoever waits for time is woken with the next movement. */
  pass(ms: number): void {
    this.#moveTo(this.#nowMs + ms);
  }

  /** Real work during which the world is not idle. */
  async during<T>(work: Promise<T>): Promise<T> {
    this.#busy += 1;
    try {
      return await work;
    } finally {
      this.#busy -= 1;
      this.#moves += 1;
      if (this.#busy === 0) for (const wake of this.#wakeAfterWork.splice(0)) wake();
    }
  }

  /** Lets everything run that needs no time to pass. Real work is waited for, not asked about over and over: it needs the processor itself. */
  async runUntilIdle(): Promise<void> {
    for (let quiet = 0; quiet < this.#quietRounds; ) {
      const before = this.#moves;
      await new Promise<void>((resolve) => (this.#busy > 0 ? this.#wakeAfterWork.push(resolve) : setImmediate(resolve)));
      quiet = this.#moves === before && this.#busy === 0 ? quiet + 1 : 0;
    }
  }

  async advance(ms: number): Promise<void> {
    const end = this.#nowMs + ms;
    await this.runUntilIdle();
    while (this.#jumpToNextTimer(end)) await this.runUntilIdle();
    this.#moveTo(end);
    await this.runUntilIdle();
  }

  /** Jumps from timer to timer until `condition` holds. @throws when it does not within `maxMs`, or nothing waits any more. */
  async advanceUntil(condition: () => boolean | Promise<boolean>, maxMs = 24 * 3_600_000): Promise<void> {
    const start = this.#nowMs;
    if (await this.reaches(condition, maxMs)) return;
    const next = this.#nextTimer();
    const why = next === undefined ? 'nothing waits for time any more' : `the next timer is at +${next.at - start} ms`;
    throw new Error(`the condition did not come true within ${maxMs} ms of virtual time (now +${this.#nowMs - start} ms; ${why})`);
  }

  /** The same; false when it does not. */
  async reaches(condition: () => boolean | Promise<boolean>, maxMs: number): Promise<boolean> {
    const end = this.#nowMs + maxMs;
    for (;;) {
      await this.runUntilIdle();
      if (await condition()) return true;
      if (!this.#jumpToNextTimer(end)) return false;
    }
  }

  get waiting(): number {
    this.#buryDead();
    return this.#timers.length;
  }

  #sleep(ms: number, signal: AbortSignal | undefined, kill: KillSwitch): Promise<void> {
    if (kill.dead) return never();
    this.#moves += 1;
    if (signal?.aborted === true) return Promise.resolve();
    return new Promise<void>((resolve) => {
      this.#seq += 1;
      const timer: Timer = { at: this.#nowMs + Math.max(0, ms), seq: this.#seq, kill, fire: () => end() };
      const end = (): void => {
        this.#timers = this.#timers.filter((other) => other.seq !== timer.seq);
        signal?.removeEventListener('abort', end);
        this.#moves += 1;
        if (!kill.dead) resolve();
      };
      signal?.addEventListener('abort', end, { once: true });
      this.#timers.push(timer);
    });
  }

  #nextTimer(): Timer | undefined {
    this.#buryDead();
    return this.#timers.toSorted((a, b) => a.at - b.at || a.seq - b.seq)[0];
  }

  #jumpToNextTimer(end: Instant): boolean {
    const next = this.#nextTimer();
    if (next === undefined || next.at > end) return false;
    this.#moveTo(Math.max(next.at, this.#nowMs));
    this.jumps += 1;
    next.fire();
    return true;
  }

  #moveTo(at: Instant): void {
    this.#elapsedMs += Math.max(0, at - this.#nowMs);
    this.#nowMs = at;
    this.#moves += 1;
  }

  #buryDead(): void {
    this.#timers = this.#timers.filter((timer) => !timer.kill.dead);
  }
}

/** @example const time = createVirtualTime(Date.parse('2025-03-10T12:00:00Z')); await time.advance(60_000); */
export function createVirtualTime(startMs: Instant, seed = 1, quietRounds = QUIET_ROUNDS): VirtualTime {
  return new VirtualTime(startMs, seed, quietRounds);
}

/** mulberry32: small, seeded, good enough for ids. */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
