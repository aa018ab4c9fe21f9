// What survives a kill, for all parts of one virtual world. A new life is built over the same disk.
// Values are kept as JSON text, so nothing leaks from life to life by reference.
import type { Instant, Json } from '../../domain/json.ts';
import type { StoredError } from '../../domain/stored-error.ts';

/** JSON and back, as every real store does: references break, undefined properties vanish. */
export function throughJson<T>(value: T): T {
  return value === undefined ? (null as T) : (JSON.parse(JSON.stringify(value)) as T);
}

export type StoredOutcome = { readonly ok: Json } | { readonly error: StoredError };
export interface Checkpoint {
  readonly name: string;
  readonly outcome: StoredOutcome;
}
export interface StoredRun {
  readonly id: string;
  readonly flow: string;
  readonly input: Json;
  readonly key: string | null;
  readonly seq: number;
  readonly startedAt: Instant;
  status: 'queued' | 'running' | 'done' | 'failed' | 'cancelled' | 'parked';
  outcome: StoredOutcome | null;
  /** By position within the flow: the order of the calls of the context. */
  readonly checkpoints: Map<number, Checkpoint>;
  readonly signals: { readonly topic: string; readonly value: Json; taken: boolean }[];
  readonly signalKeys: Set<string>;
  readonly published: Map<string, Json>;
  recoveries: number;
}

export class DurableDisk {
  readonly runs = new Map<string, StoredRun>();
  readonly #parts = new Map<string, unknown>();
  readonly #listeners = new Set<() => void>();

  /** State of another part, made at its first use. */
  part<T>(name: string, create: () => T): T {
    if (!this.#parts.has(name)) this.#parts.set(name, create());
    return this.#parts.get(name) as T;
  }

  /** Wakes whoever waits for a change of a run, in any life. */
  changed(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
