// The server process of one cluster: finding a living one, starting one, waiting until it answers, stopping it.
import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { BelayError } from '../../domain/errors.ts';
import { environment, identity } from './cluster.ts';
import type { Layout } from './layout.ts';
import type { Owner } from './owner.ts';
import { answersSignals, isAlive, processesOn } from './process-table.ts';

export interface Answer {
  readonly pid: number;
  readonly version: string;
}

const POLL_MS = 15;
/** Replaying the log after a crash may take long; giving up would only kill it again. */
const READY_PATIENCE_MS = 300_000;
const ATTACH_PATIENCE_MS = 60_000;
const STOP_PATIENCE_MS = 60_000;
const LOG_MAX_BYTES = 4_000_000;

const SETTINGS = [
  'fsync=on',
  'synchronous_commit=on',
  'shared_buffers=32MB',
  'max_connections=60',
  'listen_addresses=',
  'unix_socket_permissions=0700',
  // Fewer helper processes: a quiet store needs none of these.
  'io_method=sync',
  'max_wal_senders=0',
  'max_replication_slots=0',
  'max_logical_replication_workers=0',
  'max_parallel_workers_per_gather=0',
  'jit=off',
  'log_checkpoints=off',
  'log_timezone=UTC',
  'timezone=UTC',
];

/** @example postgresql://postgres@localhost/belay?host=/run/belay-0123456789ab (the form that every client here understands) */
export const urlOf = (layout: Layout, database: string): string =>
  `postgresql://postgres@localhost/${database}?host=${encodeURI(layout.socketDir)}`;

/** A server that already runs on this cluster (its parent may have been killed), or null after removing what is provably stale. */
export async function findRunning(layout: Layout): Promise<Answer | null> {
  const pidFile = readPidFile(layout);
  if (pidFile !== null && isAlive(pidFile.pid) && processesOn(layout.cluster).includes(pidFile.pid)) {
    const answer = await attach(layout, pidFile.pid);
    if (answer !== null) return answer;
  }
  // Backends outlive a killed postmaster for a moment; a second one must not start beside them.
  await waitForNobody(layout);
  // Postgres believes any process of that number, be it a stranger or a zombie. Nobody is on the cluster: it is neither.
  if (pidFile !== null && answersSignals(pidFile.pid)) rmSync(join(layout.cluster, 'postmaster.pid'), { force: true });
  removeStaleSocketLock(layout);
  return null;
}

export async function startServer(layout: Layout, owner: Owner): Promise<Answer> {
  const log = openLog(layout);
  const args = [
    '-D',
    layout.cluster,
    '-c',
    `unix_socket_directories=${layout.socketDir}`,
    ...SETTINGS.flatMap((setting) => ['-c', setting]),
  ];
  // Detached: Ctrl-C goes to the whole group in front, and Postgres would be gone before the flows have drained.
  const child = spawn(join(layout.native, 'bin', 'postgres'), args, {
    ...identity(owner),
    cwd: '/',
    env: environment(layout),
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  let ended: string | null = null;
  child.on('error', (error) => (ended ??= error.message));
  child.on('exit', (code, signal) => (ended ??= `it ended with ${signal ?? String(code)}`));
  child.unref();
  const until = performance.now() + READY_PATIENCE_MS;
  while (performance.now() < until) {
    if (ended !== null) throw unavailable(`the embedded Postgres did not start: ${String(ended)}. ${lastWords(layout)}`);
    const pidFile = readPidFile(layout);
    if (pidFile !== null && pidFile.pid === child.pid && pidFile.status === 'ready') {
      const answer = await ask(layout);
      if (answer !== null) return { pid: pidFile.pid, version: answer.version };
    }
    await sleep(POLL_MS);
  }
  throw unavailable(`the embedded Postgres is not ready after ${READY_PATIENCE_MS / 1_000} s. ${lastWords(layout)}`);
}

/** SIGINT is "fast shutdown": it ends sessions, writes a checkpoint and leaves. */
export async function stopServer(pid: number): Promise<void> {
  if (!isAlive(pid)) return;
  process.kill(pid, 'SIGINT');
  const until = performance.now() + STOP_PATIENCE_MS;
  while (isAlive(pid)) {
    if (performance.now() > until) throw unavailable(`the embedded Postgres (process ${pid}) does not stop`);
    await sleep(POLL_MS);
  }
}

/** Null while it does not take connections. */
export async function ask(
  layout: Layout,
): Promise<{ readonly dataDirectory: string; readonly version: string; readonly others: number } | null> {
  const client = new pg.Client({ connectionString: urlOf(layout, 'postgres'), connectionTimeoutMillis: 3_000, query_timeout: 3_000 });
  // An error of a connection is emitted too; unheard it would end the process.
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ dir: string; version: string; others: number }>(
      `select current_setting('data_directory') as dir, current_setting('server_version') as version,
              (select count(*)::int from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()) as others`,
    );
    const row = rows[0];
    return row === undefined ? null : { dataDirectory: row.dir, version: row.version, others: row.others };
  } catch {
    // Starting, stopping or replaying its log: the caller asks again until its own patience ends.
    return null;
  } finally {
    await client.end().catch(() => undefined); // Already gone is as good.
  }
}

async function attach(layout: Layout, pid: number): Promise<Answer | null> {
  const until = performance.now() + ATTACH_PATIENCE_MS;
  while (isAlive(pid)) {
    const answer = await ask(layout);
    if (answer !== null && answer.dataDirectory === layout.cluster) return { pid, version: answer.version };
    if (performance.now() > until) {
      throw new BelayError('BELAY_STORE_LOCKED', `process ${pid} runs on ${layout.cluster} and does not answer at ${layout.socketDir}`, {
        hint: `Look at process ${pid}; if it hangs, stop it with: kill -INT ${pid}`,
      });
    }
    await sleep(POLL_MS * 4);
  }
  return null;
}

async function waitForNobody(layout: Layout): Promise<void> {
  const until = performance.now() + ATTACH_PATIENCE_MS;
  for (;;) {
    const [pid] = processesOn(layout.cluster);
    if (pid === undefined) return;
    if (performance.now() > until) {
      throw new BelayError('BELAY_STORE_LOCKED', `process ${pid} still works on ${layout.cluster} although its server is gone`, {
        hint: `Look at process ${pid}.`,
      });
    }
    await sleep(POLL_MS);
  }
}

/**
 * Called with nobody on the cluster; the socket folder belongs to this cluster alone. The socket itself stays: a client that meets it
 * is refused and tries again, one that meets nothing may give up.
 */
function removeStaleSocketLock(layout: Layout): void {
  rmSync(join(layout.socketDir, '.s.PGSQL.5432.lock'), { force: true });
}

function readPidFile(layout: Layout): { readonly pid: number; readonly status: string } | null {
  try {
    const lines = readFileSync(join(layout.cluster, 'postmaster.pid'), 'utf8').split('\n');
    const pid = Number(lines[0]);
    return Number.isInteger(pid) && pid > 0 ? { pid, status: (lines[7] ?? '').trim() } : null;
  } catch {
    return null;
  }
}

function openLog(layout: Layout): number {
  const size = existsSync(layout.logFile) ? statSync(layout.logFile).size : 0;
  if (size > LOG_MAX_BYTES) renameSync(layout.logFile, `${layout.logFile}.1`);
  return openSync(layout.logFile, 'a', 0o600);
}

function lastWords(layout: Layout): string {
  try {
    return `Its last words: ${readFileSync(layout.logFile, 'utf8').trim().split('\n').slice(-4).join(' | ')}`;
  } catch {
    return 'It left no log.';
  }
}

function unavailable(message: string): BelayError {
  return new BelayError('BELAY_STORE_UNAVAILABLE', message, {
    hint: 'Check free space and memory, look at postgres.log in the data directory, then start again.',
  });
}
