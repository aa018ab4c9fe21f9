// The Engine in memory, with virtual time and kill points: the only place where progress is recorded, so a play can die at every
// boundary without any hook in the flows. A new life is a new engine over the same disk.
import { assert } from '../../domain/assert.ts';
import { BelayError } from '../../domain/errors.ts';
import type { Json } from '../../domain/json.ts';
import { storeError } from '../../domain/stored-error.ts';
import type { Engine, Flow, RunStatus, RunSummary } from '../../ports/engine.ts';
import type { Time } from '../../ports/time.ts';
import type { DurableDisk, StoredRun } from './durable-disk.ts';
import { throughJson } from './durable-disk.ts';
import { FlowExecution, RunStopped } from './flow-execution.ts';
import { KillSwitch, never } from './kill-switch.ts';
import { outcomeOf, unwrap } from './stored-outcome.ts';
import type { VirtualTime } from './time.ts';

/** Take-overs after which a run is parked instead of tried again. */
const MAX_RECOVERIES = 10;

export interface EngineFaults {
  /** False: the lease of this process is lost. */
  mayAct: boolean;
}
export type VirtualEngine = Engine & { readonly faults: EngineFaults };

export interface VirtualEngineOptions {
  readonly disk: DurableDisk;
  readonly clock: VirtualTime;
  readonly kill?: KillSwitch;
}

export function createVirtualEngine({ disk, clock, kill = new KillSwitch() }: VirtualEngineOptions): VirtualEngine {
  return new VirtualEngineLife(disk, clock.ofLife(kill), kill) satisfies VirtualEngine;
}

class VirtualEngineLife implements Engine {
  readonly faults: EngineFaults = { mayAct: true };
  readonly #disk: DurableDisk;
  readonly #time: Time;
  readonly #kill: KillSwitch;
  readonly #executions = new Map<string, FlowExecution>();
  #flows: Readonly<Record<string, Flow>> = {};
  #closed = false;

  constructor(disk: DurableDisk, time: Time, kill: KillSwitch) {
    this.#disk = disk;
    this.#time = time;
    this.#kill = kill;
  }

  async open(flows: Readonly<Record<string, Flow>>): Promise<void> {
    await this.#kill.gate();
    this.#flows = flows;
    for (const run of this.#disk.runs.values()) {
      if (run.status !== 'running') continue;
      run.recoveries += 1;
      run.status = run.recoveries > MAX_RECOVERIES ? 'parked' : 'queued';
    }
    this.#dispatch();
  }

  async close(): Promise<void> {
    await this.#kill.gate();
    this.#closed = true;
  }

  async start(flow: string, input: Json, options: { readonly id: string; readonly key?: string }): Promise<void> {
    await this.#kill.gate();
    assert(this.#flows[flow] !== undefined, `no flow is named ${flow}`);
    await this.#kill.at(`start:${options.id}:before`);
    if (this.#disk.runs.has(options.id)) return;
    this.#disk.runs.set(options.id, newRun(flow, input, options, { seq: this.#disk.runs.size, startedAt: this.#time.now() }));
    await this.#kill.at(`start:${options.id}:recorded`);
    this.#dispatch();
  }

  async signal(runId: string, topic: string, value: Json, key: string): Promise<void> {
    await this.#kill.gate();
    const run = this.#find(runId);
    await this.#kill.at(`signal:${topic}:before`);
    if (run.signalKeys.has(key)) return;
    run.signalKeys.add(key);
    run.signals.push({ topic, value: throughJson(value), taken: false });
    this.#disk.changed();
    await this.#kill.at(`signal:${topic}:recorded`);
  }

  async cancel(runId: string): Promise<void> {
    await this.#kill.gate();
    const run = this.#find(runId);
    if (run.status === 'done' || run.status === 'failed') return;
    run.status = 'cancelled';
    this.#executions.get(runId)?.stop();
    this.#disk.changed();
  }

  async resume(runId: string): Promise<void> {
    await this.#kill.gate();
    const run = this.#find(runId);
    if (run.status !== 'cancelled' && run.status !== 'parked') return;
    run.status = 'queued';
    run.recoveries = 0;
    this.#dispatch();
  }

  async find(runId: string): Promise<RunSummary | null> {
    await this.#kill.gate();
    const run = this.#disk.runs.get(runId);
    return run === undefined ? null : summaryOf(run);
  }

  async list(filter: { readonly status?: RunStatus } = {}): Promise<readonly RunSummary[]> {
    await this.#kill.gate();
    return [...this.#disk.runs.values()].filter((run) => filter.status === undefined || run.status === filter.status).map(summaryOf);
  }

  async steps(runId: string): Promise<readonly string[]> {
    await this.#kill.gate();
    const checkpoints = [...this.#find(runId).checkpoints].sort(([a], [b]) => a - b);
    return checkpoints.map(([, checkpoint]) => checkpoint.name).filter((name) => !name.startsWith('belay.'));
  }

  async result(runId: string): Promise<Json> {
    await this.#kill.gate();
    const run = this.#find(runId);
    for (;;) {
      if (run.status === 'cancelled') throw new BelayError('BELAY_RUN_CANCELLED', `run ${runId} was cancelled`);
      if (run.status === 'parked')
        throw new BelayError('BELAY_RUN_PARKED', `run ${runId} brought its process down ${run.recoveries} times`);
      if (run.outcome !== null) return unwrap(run.outcome);
      await this.#change();
      await this.#kill.gate();
    }
  }

  async published(runId: string, key: string): Promise<Json> {
    await this.#kill.gate();
    return throughJson(this.#find(runId).published.get(key) ?? null);
  }

  async mayAct(): Promise<boolean> {
    await this.#kill.gate();
    return this.faults.mayAct && !this.#closed;
  }

  /** Starts every queued run whose key is free, oldest first. */
  #dispatch(): void {
    if (this.#closed || this.#kill.dead) return;
    for (const run of [...this.#disk.runs.values()].sort((a, b) => a.seq - b.seq)) {
      if (run.status !== 'queued' || this.#executions.has(run.id) || this.#isTaken(run.key)) continue;
      const flow = this.#flows[run.flow];
      if (flow === undefined) continue;
      run.status = 'running';
      void this.#execute(run, flow);
    }
    this.#disk.changed();
  }

  #isTaken(key: string | null): boolean {
    return key !== null && [...this.#executions.keys()].some((id) => this.#disk.runs.get(id)?.key === key);
  }

  async #execute(run: StoredRun, flow: Flow): Promise<void> {
    const { disk, time, kill } = { disk: this.#disk, time: this.#time, kill: this.#kill };
    const execution = new FlowExecution({ run, disk, time, kill, isClosed: () => this.#closed });
    this.#executions.set(run.id, execution);
    const outcome = await endOf(flow, execution, run.input);
    await kill.at(`run:${run.id}:ended`);
    if (this.#closed) return never();
    if (outcome !== null && run.status === 'running') {
      run.outcome = outcome;
      run.status = 'ok' in outcome ? 'done' : 'failed';
    }
    this.#executions.delete(run.id);
    this.#dispatch();
    await kill.at(`run:${run.id}:recorded`);
  }

  #find(runId: string): StoredRun {
    const run = this.#disk.runs.get(runId);
    if (run === undefined) throw new BelayError('BELAY_NOT_FOUND', `there is no run ${runId}`);
    return run;
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      const forget = this.#disk.onChange(() => {
        forget();
        resolve();
      });
    });
  }
}

/** Null when the run was stopped from outside. */
async function endOf(flow: Flow, execution: FlowExecution, input: Json): Promise<StoredRun['outcome']> {
  try {
    const output = await flow(execution, throughJson(input));
    return await outcomeOf(async () => output);
  } catch (error) {
    return error instanceof RunStopped ? null : { error: storeError(error) };
  }
}

function newRun(
  flow: string,
  input: Json,
  options: { readonly id: string; readonly key?: string },
  at: { readonly seq: number; readonly startedAt: number },
): StoredRun {
  return {
    ...at,
    id: options.id,
    flow,
    input: throughJson(input),
    key: options.key ?? null,
    status: 'queued',
    outcome: null,
    checkpoints: new Map(),
    signals: [],
    signalKeys: new Set(),
    published: new Map(),
    recoveries: 0,
  };
}

function summaryOf(run: StoredRun): RunSummary {
  const error = run.outcome !== null && 'error' in run.outcome ? run.outcome.error.message : undefined;
  return { id: run.id, flow: run.flow, status: run.status, startedAt: run.startedAt, ...(error === undefined ? {} : { error }) };
}
