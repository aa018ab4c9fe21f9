// Detection under a time that somebody else moves: the same detector as in production, fed with counts, over a store in memory.
// What happens when is the business of whoever moves the time: a backtest, or a scene.
import type { Instant } from '../../domain/json.ts';
import { Rings } from '../../domain/ring.ts';
import type { Sample } from '../../domain/signal.ts';
import type { System } from '../../domain/system.ts';
import type { Transition, TriggerRule, TriggerView } from '../../domain/trigger.ts';
import type { Readings } from '../../ports/readings.ts';
import type { SeriesRow } from '../../ports/signal-store.ts';
import type { Time } from '../../ports/time.ts';
import { ALIVE, INCREMENTS } from '../detect/kept-rows.ts';
import { newBook } from '../detect/track.ts';
import { createDetector, type Detector } from '../detect.ts';
import { type Counted, SampleMaker, STAND_IN, signalsOf, standIn } from './stand-in.ts';
import { createRehearsalStore, type RehearsalStore } from './store.ts';

export interface RehearsalOptions {
  readonly system: System;
  /** The trigger that matters, and those it is made of. */
  readonly rules: readonly TriggerRule[];
  /** How often counts come. */
  readonly stepMs: number;
  /** How often a source must speak, where that is slower. */
  readonly everyMs?: number;
  readonly from: Instant;
}

export class Rehearsal {
  readonly #system: System;
  readonly #store: RehearsalStore;
  readonly #maker: SampleMaker;
  #now: Instant;
  #detector: Detector;

  constructor({ system, rules, stepMs, everyMs = stepMs, from }: RehearsalOptions) {
    this.#system = standIn(system, rules, Math.max(stepMs, everyMs));
    this.#now = from;
    this.#maker = new SampleMaker(signalsOf(system, rules));
    this.#store = createRehearsalStore(this.#seed(from));
    this.#detector = this.#begin();
  }

  /** As if the source had been read before: its first counts are counts, and a scope without any has none. */
  #seed(from: Instant): readonly SeriesRow[] {
    const tracks = [...newBook(this.#system, from, []).tracks.keys()];
    const row = (series: string, total: number): SeriesRow => ({ source: STAND_IN, series, total, at: from });
    return [row(ALIVE, from), ...tracks.map((key) => row(`${INCREMENTS}${key}`, 1))];
  }

  #begin(): Detector {
    const time: Time = {
      now: () => this.#now,
      monotonicMs: () => this.#now,
      sleep: async () => undefined,
      uuid: () => '00000000-0000-4000-8000-000000000000',
    };
    return createDetector({ system: this.#system, store: this.#store, time, sources: [] });
  }

  /** Counts of [now, end) arrive at the end of it. `aheadMs`: by how much the clock of the source is off. */
  async step(end: Instant, counted: readonly Counted[], aheadMs = 0): Promise<readonly Transition[]> {
    await this.#loaded();
    const beginnings = counted.flatMap((one) => this.#maker.atBeginning(one));
    if (beginnings.length > 0) await this.#deliver(Math.max(this.#now, counted[0]?.from ?? this.#now), shifted(beginnings, aheadMs));
    const at = end - 1;
    const endings = counted.flatMap((one) => this.#maker.atEnd(one, at));
    await this.#deliver(at, shifted(endings, aheadMs));
    return this.pass(end);
  }

  /** The source cannot be read. */
  async dead(end: Instant): Promise<readonly Transition[]> {
    await this.#loaded();
    this.#now = Math.max(this.#now, end - 1);
    await this.#detector.ingest({ source: STAND_IN, at: this.#now, alive: false, reason: 'it cannot be read', samples: [] });
    return this.pass(end);
  }

  /** Nobody is heard until `end`; Belay listens. */
  async pass(end: Instant): Promise<readonly Transition[]> {
    await this.#loaded();
    this.#now = Math.max(this.#now, end - 1);
    await this.#detector.beat();
    this.#now = Math.max(this.#now, end);
    return this.#store.take();
  }

  /** Belay was away, and begins again at `at` from what it had committed. */
  restart(at: Instant): void {
    this.#now = Math.max(this.#now, at);
    this.#detector = this.#begin();
  }

  get readings(): Readings {
    return this.#detector.readings;
  }

  views(trigger: string): Promise<readonly TriggerView[]> {
    return this.#detector.readings.views(trigger);
  }

  /** What was committed is loaded before the time moves: a detector that began later would know of less. */
  async #loaded(): Promise<void> {
    await this.#detector.readings.health();
  }

  async #deliver(at: Instant, samples: readonly Sample[]): Promise<void> {
    this.#now = Math.max(this.#now, at);
    await this.#detector.ingest({ source: STAND_IN, at, alive: true, samples });
  }
}

/** As a sender with a wrong clock stamps them. */
function shifted(samples: readonly Sample[], aheadMs: number): readonly Sample[] {
  if (aheadMs === 0) return samples;
  return samples.map((one): Sample => {
    const at = one.at + aheadMs;
    return one.kind === 'total' && one.since !== undefined ? { ...one, at, since: one.since + aheadMs } : { ...one, at };
  });
}

/** The shortest slot of any of these windows. */
export const finestSlotMs = (rules: readonly TriggerRule[]): number =>
  Math.min(60_000, ...rules.map((rule) => Rings.slotMsOf(rule.breach?.overMs ?? Infinity)).filter(Number.isFinite));
