// One execution of one run in this process: the context its flow sees, and how it is told to go no further.
// A superseded execution never returns to its flow: exactly as if its process had been killed there.
import { DBOS } from '@dbos-inc/dbos-sdk';
import { assert } from '../../domain/assert.ts';
import type { Instant, Json } from '../../domain/json.ts';
import type { FlowContext } from '../../ports/engine.ts';
import type { Outcome } from './outcome.ts';
import { outcomeOf, throughJson, unwrap } from './outcome.ts';
import { isVerdict } from './vendor.ts';

export const never = <T>(): Promise<T> => new Promise<T>(() => undefined);

/** Re-read the wall clock at least this often while asleep: it may jump. */
const LONGEST_NAP_MS = 30_000;
/** How soon a waiting run notices that another process cancelled it; messages themselves come by notification. */
const RECEIVE_LOOK_MS = 1_000;
export const SLEEP_MARK = 'belay.sleep';

export class Execution implements FlowContext {
  readonly runId: string;
  readonly key: string | null;
  /** Resolves when this process may start effects; never, when its life is over. */
  readonly #admit: () => Promise<void>;
  /** The store failed this execution: it is dropped, and its run begins again from its checkpoints. False: it has failed too often. */
  readonly #drop: (execution: Execution, error: unknown) => boolean;
  readonly #names = new Set<string>();
  readonly #working = new Set<Promise<unknown>>();
  readonly #gone = new AbortController();

  constructor(
    run: { readonly id: string; readonly key: string | null },
    life: { readonly admit: () => Promise<void>; readonly drop: (execution: Execution, error: unknown) => boolean },
  ) {
    this.runId = run.id;
    this.key = run.key;
    this.#admit = life.admit;
    this.#drop = life.drop;
  }

  get isSuperseded(): boolean {
    return this.#gone.signal.aborted;
  }

  /** From now on nothing of it goes on; work under way ends, its result is dropped. */
  supersede(): void {
    this.#gone.abort();
  }

  /** Settles when no work of a step is under way. */
  async idle(): Promise<void> {
    await Promise.allSettled([...this.#working]);
  }

  async step<T extends Json>(name: string, work: () => Promise<T>): Promise<T> {
    assert(!name.startsWith('belay.') && !name.startsWith('DBOS.'), `step ${name}: this prefix is taken`);
    assert(!this.#names.has(name), `step ${name} is used twice in run ${this.runId}`);
    this.#names.add(name);
    // No await before this call: parallel steps get their places in the order of the code.
    const outcome = await this.#alive(DBOS.runStep(() => this.#work(work), { name }));
    return unwrap(outcome) as T;
  }

  async sleepUntil(at: Instant): Promise<void> {
    const until = await this.#alive(DBOS.runStep(async () => at, { name: SLEEP_MARK }));
    for (let left = until - Date.now(); left > 0; left = until - Date.now()) {
      await this.#alive(nap(Math.min(left, LONGEST_NAP_MS), this.#gone.signal));
    }
  }

  async receive(topic: string, deadline: Instant): Promise<Json> {
    const value = await this.#alive(DBOS.recv<Json>(topic, { deadlineEpochMS: deadline, pollingIntervalMs: RECEIVE_LOOK_MS }));
    return value ?? null;
  }

  async publish(key: string, value: Json): Promise<void> {
    await this.#alive(DBOS.setEvent(key, throughJson(value)));
  }

  now(): Promise<Instant> {
    return this.#alive(DBOS.now());
  }

  uuid(): Promise<string> {
    return this.#alive(DBOS.randomUUID());
  }

  patched(name: string): Promise<boolean> {
    return this.#alive(DBOS.patch(name));
  }

  async #work(work: () => Promise<Json>): Promise<Outcome> {
    await this.#alive(this.#admit());
    const working = this.#patiently(work);
    this.#working.add(working);
    try {
      return await working;
    } finally {
      this.#working.delete(working);
    }
  }

  /**
   * A store that is away is waited for, as long as it takes: its absence is nothing that a run should end with. The work itself
   * must bear repetition in any case.
   */
  async #patiently(work: () => Promise<Json>): Promise<Outcome> {
    for (;;) {
      const outcome = await outcomeOf(work);
      if (!('error' in outcome) || outcome.error.code !== 'BELAY_STORE_UNAVAILABLE' || this.isSuperseded) return outcome;
      await new Promise((resolve) => setTimeout(resolve, STORE_AWAY_MS));
    }
  }

  /** The result, or a verdict about the run. Trouble with the store is nothing a flow should see: it would end its run for good. */
  async #alive<T>(promise: Promise<T>): Promise<T> {
    try {
      const result = await promise;
      return this.isSuperseded ? await never() : result;
    } catch (error) {
      if (!this.isSuperseded && !isVerdict(error) && this.#drop(this, error)) this.supersede();
      if (this.isSuperseded) return never();
      throw error;
    }
  }
}

/** Between two tries while the store is away. */
const STORE_AWAY_MS = 500;

function nap(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const wake = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', wake);
      resolve();
    };
    const timer = setTimeout(wake, ms);
    signal.addEventListener('abort', wake, { once: true });
    if (signal.aborted) wake();
  });
}
