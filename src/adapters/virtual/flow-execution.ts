// One execution of one run in one life of the virtual engine: replays what the disk remembers, then goes on, boundary by boundary.
// It checks what the real engine only punishes: calls in another order than before, and step names used twice.
import { assert } from '../../domain/assert.ts';
import type { Instant, Json } from '../../domain/json.ts';
import type { FlowContext } from '../../ports/engine.ts';
import type { Time } from '../../ports/time.ts';
import type { Checkpoint, DurableDisk, StoredRun } from './durable-disk.ts';
import { throughJson } from './durable-disk.ts';
import type { KillSwitch } from './kill-switch.ts';
import { never } from './kill-switch.ts';
import { outcomeOf, unwrap } from './stored-outcome.ts';

/** Ends an execution from outside: its run was cancelled. Not a BelayError, so no flow takes it for an answer of the world. */
export class RunStopped extends Error {
  override readonly name = 'RunStopped';
}

export interface ExecutionParts {
  readonly run: StoredRun;
  readonly disk: DurableDisk;
  readonly time: Time;
  readonly kill: KillSwitch;
  /** The engine of this life was closed: whoever waits, waits for ever. */
  readonly isClosed: () => boolean;
}

export class FlowExecution implements FlowContext {
  readonly runId: string;
  readonly #parts: ExecutionParts;
  readonly #names = new Set<string>();
  #position = 0;
  #stopped = false;

  constructor(parts: ExecutionParts) {
    this.#parts = parts;
    this.runId = parts.run.id;
  }

  stop(): void {
    this.#stopped = true;
  }

  async step<T extends Json>(name: string, work: () => Promise<T>): Promise<T> {
    assert(!name.startsWith('belay.'), `step ${name}: the prefix "belay." is taken`);
    assert(!this.#names.has(name), `step ${name} is used twice in run ${this.runId}`);
    this.#names.add(name);
    const slot = this.#take(name);
    await this.#proceed();
    if (slot.stored !== undefined) return unwrap(slot.stored.outcome) as T;
    await this.#parts.kill.at(`step:${name}:before`);
    const outcome = await outcomeOf(work);
    await this.#parts.kill.at(`step:${name}:worked`);
    await this.#proceed();
    this.#record(slot.position, { name, outcome });
    await this.#parts.kill.at(`step:${name}:recorded`);
    return unwrap(outcome) as T;
  }

  async sleepUntil(at: Instant): Promise<void> {
    const until = (await this.#remember('belay.sleep', () => at)) as Instant;
    await this.#waitFor(() => false, until);
    await this.#proceed();
  }

  async receive(topic: string, deadline: Instant): Promise<Json> {
    const name = `belay.receive:${topic}`;
    const slot = this.#take(name);
    await this.#proceed();
    if (slot.stored !== undefined) return unwrap(slot.stored.outcome);
    const { run, kill, time } = this.#parts;
    const first = (): StoredRun['signals'][number] | undefined => run.signals.find((signal) => signal.topic === topic && !signal.taken);
    do {
      await this.#waitFor(() => first() !== undefined, deadline);
      await kill.at(`receive:${topic}:before`);
      await this.#proceed();
    } while (first() === undefined && time.now() < deadline);
    const signal = first();
    if (signal !== undefined) signal.taken = true;
    const outcome = { ok: signal === undefined ? null : throughJson(signal.value) };
    this.#record(slot.position, { name, outcome });
    await kill.at(`receive:${topic}:recorded`);
    return unwrap(outcome);
  }

  async publish(key: string, value: Json): Promise<void> {
    await this.#remember(`belay.publish:${key}`, () => {
      this.#parts.run.published.set(key, throughJson(value));
      return null;
    });
  }

  async now(): Promise<Instant> {
    return (await this.#remember('belay.now', () => this.#parts.time.now())) as Instant;
  }

  async uuid(): Promise<string> {
    return (await this.#remember('belay.uuid', () => this.#parts.time.uuid())) as string;
  }

  async patched(name: string): Promise<boolean> {
    const mark = `belay.patch:${name}`;
    const stored = this.#parts.run.checkpoints.get(this.#position);
    // An older run has something else here: it goes on as it began, and no position is used up.
    if (stored !== undefined && stored.name !== mark) return false;
    return (await this.#remember(mark, () => true)) as boolean;
  }

  /** A call whose work is the checkpoint itself: one boundary before it. */
  async #remember(name: string, work: () => Json): Promise<Json> {
    const slot = this.#take(name);
    await this.#proceed();
    if (slot.stored !== undefined) return unwrap(slot.stored.outcome);
    await this.#parts.kill.at(`${name}:before`);
    await this.#proceed();
    const outcome = { ok: throughJson(work()) };
    this.#record(slot.position, { name, outcome });
    return unwrap(outcome);
  }

  /** Synchronous, so that parallel calls get their positions in the order of the code. */
  #take(name: string): { readonly position: number; readonly stored: Checkpoint | undefined } {
    const position = this.#position;
    this.#position += 1;
    const stored = this.#parts.run.checkpoints.get(position);
    const found = stored?.name ?? name;
    assert(found === name, `run ${this.runId} is not deterministic: call ${position} was "${found}" before and is "${name}" now`);
    return { position, stored };
  }

  #record(position: number, checkpoint: Checkpoint): void {
    this.#parts.run.checkpoints.set(position, checkpoint);
  }

  async #proceed(): Promise<void> {
    await this.#parts.kill.gate();
    if (this.#stopped) throw new RunStopped(`run ${this.runId} was cancelled`);
    if (this.#parts.isClosed()) return never();
  }

  async #waitFor(done: () => boolean, deadline: Instant): Promise<void> {
    const { time, disk } = this.#parts;
    while (!done() && !this.#stopped && time.now() < deadline) {
      const wake = new AbortController();
      const forget = disk.onChange(() => wake.abort());
      await time.sleep(deadline - time.now(), wake.signal);
      forget();
    }
  }
}
