// The durable engine: what doors and flows may ask of it. No vendor's word here.
// A flow is replayed after a crash: everything that is not pure goes through its context, so replays agree.
import type { Instant, Json } from '../domain/json.ts';

/** A durable sequence. It may only await its context; side effects, clock, random and secrets live inside `step`. */
export type Flow = (context: FlowContext, input: Json) => Promise<Json>;

export interface FlowContext {
  readonly runId: string;
  /**
   * Runs `work` at least once and remembers what it returned; a replay returns the memory. `name` is unique within the run.
   * `work` must tolerate being repeated after a crash (see the protocol of `do`). What it throws is remembered too and rethrown.
   */
  step<T extends Json>(name: string, work: () => Promise<T>): Promise<T>;
  /** Sleeps to an absolute instant, over restarts; returns at once when it is past. */
  sleepUntil(at: Instant): Promise<void>;
  /** Next value signalled on `topic`, or null when `deadline` passes first. Values wait in order until received. */
  receive(topic: string, deadline: Instant): Promise<Json>;
  /** Shows a value to `published`; the last write wins. */
  publish(key: string, value: Json): Promise<void>;
  /** The time when this line was first reached. */
  now(): Promise<Instant>;
  uuid(): Promise<string>;
  /** True in runs that began with this code, false in older ones: the only way to change a flow that may be in flight. */
  patched(name: string): Promise<boolean>;
}

export type RunStatus = 'queued' | 'running' | 'done' | 'failed' | 'cancelled' | 'parked';
export interface RunSummary {
  readonly id: string;
  readonly flow: string;
  readonly status: RunStatus;
  readonly startedAt: Instant;
  readonly error?: string;
}

export interface Engine {
  /** Makes the flows known, recovers what an earlier life left unfinished, and begins to take work. */
  open(flows: Readonly<Record<string, Flow>>): Promise<void>;
  /** Stops taking work; what runs is left to the next life. */
  close(): Promise<void>;
  /** Idempotent by `id`: a second start of the same id changes nothing. Runs of one `key` never overlap. */
  start(flow: string, input: Json, options: { readonly id: string; readonly key?: string }): Promise<void>;
  /** Idempotent by `key`. @throws BELAY_NOT_FOUND when there is no such run. */
  signal(runId: string, topic: string, value: Json, key: string): Promise<void>;
  /** Stops the run at its next step boundary. */
  cancel(runId: string): Promise<void>;
  resume(runId: string): Promise<void>;
  /** Null when there is no such run. */
  find(runId: string): Promise<RunSummary | null>;
  list(filter?: { readonly status?: RunStatus }): Promise<readonly RunSummary[]>;
  /** Names of the completed steps, in order. */
  steps(runId: string): Promise<readonly string[]>;
  /** Resolves when the run ends: with its output, or by throwing its error. */
  result(runId: string): Promise<Json>;
  published(runId: string, key: string): Promise<Json>;
  /** False when this process may not start new effects (its lease is lost). Read right before each act. */
  mayAct(): Promise<boolean>;
}
