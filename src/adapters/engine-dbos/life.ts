// One life of the engine in this process, under one executor id: its lease, its executions, its beat.
// When its lease is lost it is over for good, and the engine begins another one.
import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { hostname } from 'node:os';
import type { WorkflowQueue } from '@dbos-inc/dbos-sdk';
import { assert } from '../../domain/assert.ts';
import type { Json } from '../../domain/json.ts';
import { storeError } from '../../domain/stored-error.ts';
import type { Flow } from '../../ports/engine.ts';
import { Execution, never } from './execution.ts';
import { Lease } from './lease.ts';
import { StoredFailure, throughJson } from './outcome.ts';
import type { Notice } from './sweep.ts';
import { lookAround, sweep } from './sweep.ts';
import type { Log } from './vendor.ts';
import { isVerdict, launch, pollNow, requeueDropped, shutdown } from './vendor.ts';

export interface LifeOptions {
  readonly databaseUrl: string;
  readonly embedded: boolean;
  readonly leaseMs: number;
  readonly beatMs: number;
  readonly version: string;
  readonly useListenNotify: boolean;
  readonly log: Log;
  readonly notify: (notice: Notice) => void;
  readonly onLost: () => void;
}

/** Work of steps that is under way when the engine closes gets this long to reach its checkpoint. */
const DRAIN_MS = 5_000;
const LOOK_AROUND_EVERY_BEATS = 30;
const ADMIT_LOOK_MS = 50;
/** Failures of the store in one run, in this life, after which it is the run that is at fault. */
const MAX_DROPS = 20;

export class Life {
  readonly executorId = `${hostname()}-${randomUUID()}`;
  readonly #o: LifeOptions;
  readonly #lease: Lease;
  readonly #executions = new Set<Execution>();
  readonly #dropped = new Set<string>();
  readonly #drops = new Map<string, number>();
  /** Emits a run's id when its execution here has come to its end. */
  readonly #ends = new EventEmitter().setMaxListeners(0);
  #queue: WorkflowQueue | null = null;
  #isOver = false;
  #isAway = false;
  #beats = 0;
  #timer: NodeJS.Timeout | null = null;
  #beating: Promise<void> = Promise.resolve();

  constructor(o: LifeOptions) {
    this.#o = o;
    this.#lease = new Lease({ ...o, executorId: this.executorId, host: hostname() });
  }

  async begin(): Promise<void> {
    try {
      await this.#lease.acquire();
      this.#queue = await launch({ ...this.#o, executorId: this.executorId });
      await this.#takeOver();
    } catch (error) {
      this.#end();
      await this.#lease.drop();
      throw error;
    }
    this.#schedule();
  }

  /** What is under way may finish; nothing new begins. */
  async close(): Promise<void> {
    this.#isOver = true;
    await this.#stopBeating();
    await within(DRAIN_MS, Promise.all([...this.#executions].map((execution) => execution.idle())));
    this.#end();
    await shutdown();
    await this.#lease.release().catch(() => this.#lease.drop()); // The store is gone: the lease runs out by itself.
  }

  /** As if killed. */
  async abandon(): Promise<void> {
    this.#end();
    await this.#stopBeating();
    await shutdown();
    await this.#lease.drop();
  }

  async mayAct(): Promise<boolean> {
    if (this.#isOver) return false;
    try {
      return await this.#lease.isValid();
    } catch {
      // Nobody can say that we may.
      return false;
    }
  }

  /** @throws what `pg` throws, when the store does not answer. */
  async ping(): Promise<void> {
    await this.#lease.pool.query('select 1');
  }

  async forgetTakeovers(runId: string): Promise<void> {
    await this.#lease.pool.query('delete from belay.takeover where run = $1', [runId]);
  }

  /** Looks for queued runs at once; failing, the next poll finds them. */
  wake(): void {
    if (this.#queue === null || this.#isOver) return;
    pollNow(this.#queue).catch((error: unknown) => this.#o.log('warn', `the queue could not be polled: ${String(error)}`));
  }

  stop(runId: string): void {
    for (const execution of this.#executions) if (execution.runId === runId) execution.supersede();
  }

  /** Called by the engine below for every dispatch of a run. */
  async execute(flow: Flow, run: { readonly id: string; readonly key: string | null; readonly input: Json }): Promise<Json> {
    if (this.#isOver) return never();
    await this.#clearWay(run);
    const execution = new Execution(run, { admit: () => this.#admit(), drop: (dropped, error) => this.#drop(dropped, error) });
    this.#executions.add(execution);
    try {
      const output = throughJson(await flow(execution, run.input));
      return execution.isSuperseded ? await never() : output;
    } catch (error) {
      if (execution.isSuperseded) await never();
      throw isVerdict(error) ? error : new StoredFailure(storeError(error));
    } finally {
      this.#executions.delete(execution);
      this.#ends.emit(run.id);
      this.wake();
    }
  }

  /** True as soon as an execution of the run ends here, false after `ms`. Its outcome is written a moment later. */
  ended(runId: string, ms: number): Promise<boolean> {
    return new Promise((resolve) => {
      const settle = (isEnded: boolean): void => {
        clearTimeout(timer);
        this.#ends.off(runId, hear);
        resolve(isEnded);
      };
      const hear = (): void => settle(true);
      const timer = setTimeout(() => settle(false), ms);
      // Nobody may be waiting any more: the first look can bring the outcome.
      timer.unref();
      this.#ends.once(runId, hear);
    });
  }

  /** Ends what this process still has of the same run or key: the engine below would let both go on side by side. */
  async #clearWay(run: { readonly id: string; readonly key: string | null }): Promise<void> {
    const inTheWay = [...this.#executions].filter((other) => other.runId === run.id || (run.key !== null && other.key === run.key));
    for (const other of inTheWay) other.supersede();
    await Promise.all(inTheWay.map((other) => other.idle()));
    for (const other of inTheWay) this.#executions.delete(other);
  }

  #drop(execution: Execution, error: unknown): boolean {
    const drops = (this.#drops.get(execution.runId) ?? 0) + 1;
    this.#drops.set(execution.runId, drops);
    if (drops > MAX_DROPS) return false;
    this.#o.log('warn', `run ${execution.runId} goes back to its checkpoints: ${String(error)}`);
    this.#dropped.add(execution.runId);
    return true;
  }

  async #requeueDropped(): Promise<void> {
    for (const runId of this.#dropped) {
      await requeueDropped(runId, this.executorId);
      this.#dropped.delete(runId);
      this.wake();
    }
  }

  /** A step may begin: the lease is fresh. While it is in doubt the step waits; when it is lost the step never begins. */
  async #admit(): Promise<void> {
    while (!this.#isOver && this.#lease.isInDoubt) await new Promise((resolve) => setTimeout(resolve, ADMIT_LOOK_MS));
    if (this.#isOver) await never();
  }

  #schedule(): void {
    if (this.#isOver) return;
    this.#timer = setTimeout(() => {
      this.#beating = this.#beat().finally(() => this.#schedule());
    }, this.#o.beatMs);
    this.#timer.unref();
  }

  async #beat(): Promise<void> {
    try {
      if (!(await this.#lease.renew())) return this.#lose();
      if (this.#isAway) this.#o.notify({ kind: 'store-back' });
      this.#isAway = false;
      await this.#takeOver();
      await this.#requeueDropped();
      this.#beats += 1;
      if (this.#beats % LOOK_AROUND_EVERY_BEATS === 0) await lookAround(this.#lease.pool, this.#o.notify);
    } catch (error) {
      if (this.#isOver) return;
      const why = error instanceof Error ? error.message : String(error);
      this.#o.log('warn', `the store does not answer: ${why}`);
      if (!this.#isAway) this.#o.notify({ kind: 'store-away', why });
      this.#isAway = true;
    }
  }

  #lose(): void {
    if (this.#isOver) return;
    this.#end();
    this.#o.notify({ kind: 'lease-lost', executor: this.executorId });
    this.#o.onLost();
  }

  async #takeOver(): Promise<void> {
    await this.#lease.declareDead();
    const moved = await sweep(this.#lease.pool, this.executorId, this.#o.notify);
    if (moved > 0) this.wake();
  }

  #end(): void {
    this.#isOver = true;
    for (const execution of this.#executions) execution.supersede();
  }

  async #stopBeating(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#beating;
    assert(this.#isOver, 'a beat was scheduled after the end');
    if (this.#timer !== null) clearTimeout(this.#timer);
  }
}

async function within(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([
    work,
    new Promise<void>((resolve) => {
      timer = setTimeout(resolve, ms);
    }),
  ]);
  clearTimeout(timer);
}
