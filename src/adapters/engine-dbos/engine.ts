// The Engine port on DBOS: doors ask here, flows run in a `Life`. One engine a process, because the library below knows only one.

import type { WorkflowStatus, WorkflowStatusString } from '@dbos-inc/dbos-sdk';
import { DBOS } from '@dbos-inc/dbos-sdk';
import { assert } from '../../domain/assert.ts';
import { BelayError } from '../../domain/errors.ts';
import type { Json } from '../../domain/json.ts';
import type { Engine, Flow, RunStatus, RunSummary } from '../../ports/engine.ts';
import { storeUnavailable } from './database.ts';
import { Life } from './life.ts';
import { migrateEngine } from './migrate.ts';
import { failureOf, throughJson } from './outcome.ts';
import type { Notice } from './sweep.ts';
import type { Log } from './vendor.ts';
import { MAX_DISPATCHES, outsideOfRuns, QUEUE } from './vendor.ts';

export interface DbosEngineOptions {
  readonly databaseUrl: string;
  /** The database runs on this host beside us: a life that was killed is recovered at once instead of after its lease. */
  readonly embedded: boolean;
  readonly leaseMs?: number;
  readonly beatMs?: number;
  /** Of Belay, for the lease table. */
  readonly version?: string;
  /** False behind a pooler in transaction mode: then messages are found by polling. */
  readonly useListenNotify?: boolean;
  /** Words of the library below. Default: silence; never stdout. */
  readonly log?: Log;
  /** What operators should hear of. */
  readonly onNotice?: (notice: Notice) => void;
}

export function createDbosEngine(o: DbosEngineOptions): Engine {
  return new DbosEngine(o) satisfies Engine;
}

type Registered = (input: Json, key: string | null) => Promise<Json>;
/** Registration is once a process; the function looks up the engine that is open when it runs. */
const registered = new Map<string, Registered>();
let open: DbosEngine | null = null;

const STATUS: Readonly<Record<string, RunStatus>> = {
  ENQUEUED: 'queued',
  DELAYED: 'queued',
  PENDING: 'running',
  SUCCESS: 'done',
  ERROR: 'failed',
  CANCELLED: 'cancelled',
  MAX_RECOVERY_ATTEMPTS_EXCEEDED: 'parked',
};
const RESULT_LOOK_MS = 50;
const RESULT_LOOK_MAX_MS = 500;
/** After an end in this process: its outcome is being written. */
const OUTCOME_LOOK_MS = 1;
/** Two messages of one millisecond have no order below. */
const SIGNAL_GAP_MS = 2;

class DbosEngine implements Engine {
  readonly #o: DbosEngineOptions;
  #flows: Readonly<Record<string, Flow>> = {};
  #life: Life | null = null;
  /** Settles when the life is up: at once, or after a new one has begun. */
  #ready: Promise<void> = Promise.resolve();
  #signals: Promise<unknown> = Promise.resolve();

  constructor(o: DbosEngineOptions) {
    this.#o = o;
  }

  async open(flows: Readonly<Record<string, Flow>>): Promise<void> {
    assert(open === null, 'an engine is open in this process already');
    claimProcess(this);
    try {
      await migrateEngine(this.#o.databaseUrl, this.#log);
      this.#flows = flows;
      for (const name of Object.keys(flows)) register(name);
      await this.#begin();
    } catch (error) {
      open = null;
      throw BelayError.is(error) ? error : storeUnavailable(error);
    }
  }

  async close(): Promise<void> {
    await this.#ready.catch(() => undefined); // A life that could not begin needs no end.
    const life = this.#life;
    this.#life = null;
    if (open === this) open = null;
    await life?.close();
  }

  start(flow: string, input: Json, options: { readonly id: string; readonly key?: string }): Promise<void> {
    return this.#door(async (life) => {
      assert(this.#flows[flow] !== undefined, `no flow is named ${flow}`);
      const enqueueOptions = { queuePartitionKey: options.key ?? `run:${options.id}` };
      const target = registered.get(flow) as Registered;
      await DBOS.startWorkflow(target, { workflowID: options.id, queueName: QUEUE, enqueueOptions })(
        throughJson(input),
        options.key ?? null,
      );
      life.wake();
    });
  }

  signal(runId: string, topic: string, value: Json, key: string): Promise<void> {
    return this.#door(async () => {
      await this.#find(runId);
      const sent = this.#signals.then(() => DBOS.send(runId, throughJson(value), topic, key));
      this.#signals = sent.catch(() => undefined).then(() => new Promise((resolve) => setTimeout(resolve, SIGNAL_GAP_MS)));
      await sent;
    });
  }

  cancel(runId: string): Promise<void> {
    return this.#door(async (life) => {
      await this.#find(runId);
      await DBOS.cancelWorkflow(runId);
      const { status } = await this.#find(runId);
      if (STATUS[status] === 'cancelled') life.stop(runId);
      life.wake();
    });
  }

  resume(runId: string): Promise<void> {
    return this.#door(async (life) => {
      const { status } = await this.#find(runId);
      if (STATUS[status] !== 'cancelled' && STATUS[status] !== 'parked') return;
      await life.forgetTakeovers(runId);
      // Without its queue it would run beside others of its key.
      await DBOS.resumeWorkflow(runId, { queueName: QUEUE });
      life.wake();
    });
  }

  find(runId: string): Promise<RunSummary | null> {
    return this.#door(async () => {
      const run = await DBOS.getWorkflowStatus(runId);
      return run === null ? null : summaryOf(run);
    });
  }

  list(filter: { readonly status?: RunStatus } = {}): Promise<readonly RunSummary[]> {
    return this.#door(async () => {
      const wanted = Object.keys(STATUS).filter((name) => filter.status === undefined || STATUS[name] === filter.status);
      const runs = await DBOS.listWorkflows({ status: wanted as WorkflowStatusString[], loadInput: false, loadOutput: true });
      return runs.map(summaryOf);
    });
  }

  steps(runId: string): Promise<readonly string[]> {
    return this.#door(async () => {
      await this.#find(runId);
      const steps = (await DBOS.listWorkflowSteps(runId)) ?? [];
      return steps.map((step) => step.name).filter((name) => !name.startsWith('DBOS.') && !name.startsWith('belay.'));
    });
  }

  async result(runId: string): Promise<Json> {
    for (let pause = RESULT_LOOK_MS; ; pause = Math.min(pause * 1.2, RESULT_LOOK_MAX_MS)) {
      // Listens before it looks: an end in between is heard.
      const ended = this.#life?.ended(runId, pause);
      const run = await this.#door(() => this.#find(runId));
      const status = STATUS[run.status];
      if (status === 'done') return (run.output ?? null) as Json;
      if (status === 'failed') throw failureOf(run.error);
      if (status === 'cancelled') throw new BelayError('BELAY_RUN_CANCELLED', `run ${runId} was cancelled`);
      if (status === 'parked') {
        throw new BelayError('BELAY_RUN_PARKED', `run ${runId} brought its process down again and again`, {
          hint: 'Find out why, then resume it.',
        });
      }
      if ((await ended) !== true) continue;
      await new Promise((resolve) => setTimeout(resolve, OUTCOME_LOOK_MS));
      pause = OUTCOME_LOOK_MS;
    }
  }

  published(runId: string, key: string): Promise<Json> {
    return this.#door(async () => {
      await this.#find(runId);
      return (await DBOS.getEvent<Json>(runId, key, { timeoutSeconds: 0 })) ?? null;
    });
  }

  async mayAct(): Promise<boolean> {
    return (await this.#life?.mayAct()) ?? false;
  }

  execute(flow: string, run: { readonly id: string; readonly key: string | null; readonly input: Json }): Promise<Json> {
    const [life, known] = [this.#life, this.#flows[flow]];
    assert(life !== null && known !== undefined, `no flow is named ${flow}`);
    return life.execute(known, run);
  }

  readonly #log: Log = (level, message) => this.#o.log?.(level, message);

  async #begin(): Promise<void> {
    const { databaseUrl, embedded, leaseMs = 10_000, beatMs = 2_000, version = '0', useListenNotify = true } = this.#o;
    const notify = (notice: Notice): void => this.#o.onNotice?.(notice);
    const life = new Life({
      databaseUrl,
      embedded,
      leaseMs,
      beatMs,
      version,
      useListenNotify,
      log: this.#log,
      notify,
      onLost: () => this.#comeBack(life),
    });
    // Before it begins: the first dispatch may come while it does.
    this.#life = life;
    await life.begin();
  }

  /** Declared dead: the old life ends as if killed, and a new one takes over what it left. */
  #comeBack(lost: Life): void {
    this.#ready = (async () => {
      await lost.abandon();
      for (;;) {
        if (open !== this) return;
        try {
          return await this.#begin();
        } catch (error) {
          this.#log('error', `no new life yet: ${String(error)}`);
          await new Promise((resolve) => setTimeout(resolve, this.#o.beatMs ?? 2_000));
        }
      }
    })();
  }

  /**
   * The library below would wait for a store that is away, for ever; a door asks first and says so. Doors are also called inside
   * steps: outside of the step's run they do not become part of it.
   */
  async #door<T>(work: (life: Life) => Promise<T>): Promise<T> {
    await this.#ready;
    const life = this.#life;
    if (life === null) throw new BelayError('BELAY_STORE_UNAVAILABLE', 'the engine is not open');
    return outsideOfRuns(async () => {
      await life.ping().catch((error: unknown) => {
        throw storeUnavailable(error);
      });
      return work(life);
    });
  }

  async #find(runId: string): Promise<WorkflowStatus> {
    const run = await DBOS.getWorkflowStatus(runId);
    if (run === null) throw new BelayError('BELAY_NOT_FOUND', `there is no run ${runId}`);
    return run;
  }
}

function claimProcess(engine: DbosEngine): void {
  open = engine;
}

function register(name: string): void {
  if (registered.has(name)) return;
  const dispatched = async (input: Json, key: string | null): Promise<Json> => {
    const id = DBOS.workflowID;
    assert(id !== undefined && open !== null, 'a run was dispatched outside of an open engine');
    return open.execute(name, { id, key, input });
  };
  registered.set(name, DBOS.registerWorkflow(dispatched, { name, maxRecoveryAttempts: MAX_DISPATCHES }));
}

function summaryOf(run: WorkflowStatus): RunSummary {
  const status = STATUS[run.status];
  assert(status !== undefined, `run ${run.workflowID} has the unknown status ${run.status}`);
  const error = status === 'failed' ? failureOf(run.error).message : undefined;
  return { id: run.workflowID, flow: run.workflowName, status, startedAt: run.createdAt, ...(error === undefined ? {} : { error }) };
}
