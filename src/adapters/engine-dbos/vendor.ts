// The only file that knows the vendor's internal paths. They are pinned by an exact version and by this folder's tests;
// each has a public way round, only slower: the queue's own polling, `resumeWorkflow` with the run's queue.
import { AsyncResource } from 'node:async_hooks';
import type { DLogger, WorkflowQueue } from '@dbos-inc/dbos-sdk';
import { DBOS, DBOSWorkflowConflictError, Error as VendorErrors } from '@dbos-inc/dbos-sdk';
import { DBOSExecutor } from '@dbos-inc/dbos-sdk/internal/dbos-executor';
import { ensureSystemDatabase } from '@dbos-inc/dbos-sdk/internal/system_database';
import type { GlobalLogger } from '@dbos-inc/dbos-sdk/internal/telemetry/logs';
import { wfQueueRunner } from '@dbos-inc/dbos-sdk/internal/wfqueue';
import { assert } from '../../domain/assert.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export type Log = (level: LogLevel, message: string) => void;

/** Scopes recovery and queues; it never changes. */
const APPLICATION = 'belay';
/** Every run goes through it, partitioned by key, so runs of one key never overlap. */
export const QUEUE = 'belay';
/** Set by `enablePatching`: one constant version, so an upgrade does not park what is in flight. */
export const VERSION = 'PATCHING_ENABLED';
const POLL_MS = 150;
const POLL_RETRY_MS = 5;
/** The vendor counts every dispatch, orderly restarts too; Belay parks poison runs itself, by crashes without progress. */
export const MAX_DISPATCHES = 10_000;

/** Made outside of any run: calls of doors made inside a step must not become part of that step's run. */
const outside = new AsyncResource('BelayEngineDoor');

export function outsideOfRuns<T>(work: () => T): T {
  return outside.runInAsyncScope(work);
}

export async function migrateVendor(databaseUrl: string, log: Log): Promise<void> {
  await ensureSystemDatabase(databaseUrl, loggerOf(log) as GlobalLogger, undefined, 'dbos');
}

/** The library schedules nothing for us and knows one engine a process. */
export async function launch(o: {
  readonly databaseUrl: string;
  readonly executorId: string;
  readonly useListenNotify: boolean;
  readonly log: Log;
}): Promise<WorkflowQueue> {
  DBOS.setConfig({
    name: APPLICATION,
    systemDatabaseUrl: withIdleLimit(o.databaseUrl, o.useListenNotify),
    systemDatabaseIdleTransactionTimeoutMs: 0,
    systemDatabasePoolSize: 10,
    executorID: o.executorId,
    enablePatching: true,
    useListenNotify: o.useListenNotify,
    runMigrations: false,
    // Its console logger writes to stdout, where only Belay's answers belong.
    logger: loggerOf(o.log),
  });
  await DBOS.launch();
  assert(DBOS.applicationVersion === VERSION, `the engine runs as version ${DBOS.applicationVersion}`);
  return DBOS.registerQueue(QUEUE, { partitionConcurrency: 1, minPollingIntervalMs: POLL_MS, onConflict: 'always_update' });
}

export async function shutdown(): Promise<void> {
  await DBOS.shutdown();
}

/** Looks into the queue now instead of at the next poll. Any process may do that at any time: claims are atomic in the database. */
export async function pollNow(queue: WorkflowQueue): Promise<void> {
  const executor = DBOSExecutor.globalInstance;
  const runner = wfQueueRunner as unknown as { readonly pollQueue?: (executor: DBOSExecutor, queue: WorkflowQueue) => Promise<boolean> };
  if (executor?.initialized !== true || runner.pollQueue === undefined) return;
  // True: another poll held the rows. What it did not see would wait for a whole interval.
  for (let pause = POLL_RETRY_MS; await runner.pollQueue(executor, queue); pause *= 2) {
    if (pause > POLL_MS) return;
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

/** One statement: only runs that are still that executor's and still running go back to their queue. */
export async function requeueRunsOf(executorId: string): Promise<number> {
  const handles = await DBOSExecutor.globalInstance?.recoverPendingWorkflows([executorId]);
  return handles?.length ?? 0;
}

/** A run of ours that this process dropped because its store failed it: back to its queue, unless somebody moved it on. */
export async function requeueDropped(runId: string, executorId: string): Promise<void> {
  const run = await DBOS.getWorkflowStatus(runId);
  if (run?.status === 'PENDING' && run.executorId === executorId) await DBOS.resumeWorkflow(runId, { queueName: QUEUE });
}

/** The library's own word about a run: cancelled, taken over, or replayed in another order. Everything else is trouble with the store. */
export function isVerdict(error: unknown): boolean {
  return (
    error instanceof DBOSWorkflowConflictError ||
    error instanceof VendorErrors.DBOSWorkflowCancelledError ||
    error instanceof VendorErrors.DBOSUnexpectedStepError
  );
}

/** Takes runs out of the queue for good, until somebody resumes them. */
export async function park(runIds: readonly string[]): Promise<void> {
  await DBOSExecutor.globalInstance?.systemDatabase.deadLetterWorkflows([...runIds], 0);
}

/**
 * A half-dead client must not hold row locks for ever. Left to itself the library sets this on each new connection while its first
 * query runs, which `pg` answers with a deprecation warning on stderr. A pooler in transaction mode refuses start-up options.
 */
function withIdleLimit(databaseUrl: string, isDirect: boolean): string {
  const url = new URL(databaseUrl);
  if (!isDirect || url.searchParams.has('options')) return databaseUrl;
  url.searchParams.set('options', '-c idle_in_transaction_session_timeout=60000');
  return url.href.replaceAll('+', '%20');
}

function loggerOf(log: Log): DLogger {
  const at =
    (level: LogLevel) =>
    (entry: unknown): void =>
      log(level, entry instanceof Error ? (entry.stack ?? entry.message) : String(entry));
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
