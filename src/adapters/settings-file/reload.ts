// How a service is told to read its changed file: a program, or a signal to the process that a pid file proves. It judges no effect.
import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { BelayError } from '../../domain/errors.ts';
import type { Processes, ProcessSighting } from '../../ports/process.ts';

const RELOAD_TIMEOUT_MS = 60_000;
/** Clocks of files and of processes are read from different sources. */
const CLOCK_SLACK_MS = 2_000;

export interface ReloadOptions {
  readonly pidFile?: string;
  readonly signal?: string;
  readonly reload?: readonly string[];
}
interface Deps {
  readonly processes: Processes;
  readonly baseDir: string;
}

/** Undefined: nobody is told. @throws BELAY_CONFIG_INVALID */
export function reloader(driver: string, o: ReloadOptions, deps: Deps): (() => Promise<void>) | undefined {
  const wrong = (why: string) => new BelayError('BELAY_CONFIG_INVALID', `driver ${driver}: ${why}`);
  if (o.reload !== undefined && o.pidFile !== undefined) throw wrong('reload: either a program or a pid file, not both');
  if (o.signal !== undefined && o.pidFile === undefined) throw wrong('signal: say to whom with pidFile');
  if (o.signal !== undefined && !/^SIG[A-Z0-9]+$/.test(o.signal)) throw wrong('signal: write its name, such as SIGHUP');
  const [program, ...rest] = o.reload ?? [];
  if (program !== undefined) return () => runReload([program, ...rest], deps);
  if (o.pidFile === undefined) return undefined;
  const pidFile = resolve(deps.baseDir, o.pidFile);
  return () => signalOf(pidFile, o.signal ?? 'SIGHUP', deps);
}

async function runReload(argv: readonly [string, ...string[]], { processes, baseDir }: Deps): Promise<void> {
  let result: Awaited<ReturnType<Processes['run']>>;
  try {
    result = await processes.run(argv, { cwd: baseDir, timeoutMs: RELOAD_TIMEOUT_MS });
  } catch (cause) {
    throw failed(`${argv[0]} did not reload the service`, cause);
  }
  if (result.code !== 0) throw failed(`${argv.join(' ')} ended with ${result.code}: ${result.stderr.trim().slice(-500)}`, undefined);
}

/** A service that is down needs no telling: it reads the file when it starts. */
async function signalOf(pidFile: string, signal: string, { processes }: Deps): Promise<void> {
  const process = await provenProcess(pidFile, processes);
  if (process === null) return;
  try {
    await processes.signal(process, signal);
  } catch (cause) {
    if ((await provenProcess(pidFile, processes)) === null) return;
    throw failed(`${signal} could not be sent to process ${process.pid}`, cause);
  }
}

/** The process that the pid file names, if it is provably still that one and no younger owner of its number. */
async function provenProcess(path: string, processes: Processes): Promise<ProcessSighting | null> {
  let text: string;
  let writtenAt: number;
  try {
    text = await readFile(path, 'utf8');
    writtenAt = (await stat(path)).mtimeMs;
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') return null;
    throw failed(`${path} cannot be read (${code ?? String(cause)})`, cause);
  }
  const [pid = '', start = ''] = text.split('\n').map((line) => line.trim());
  if (!/^\d+$/.test(pid)) return null;
  const seen = await processes.inspect(Number(pid));
  if (seen === null) return null;
  if (start !== '' && seen.start !== '') return start === seen.start ? seen : null;
  return seen.startedAt !== null && seen.startedAt <= writtenAt + CLOCK_SLACK_MS ? seen : null;
}

function failed(what: string, cause: unknown): BelayError {
  const why = cause instanceof Error ? ` (${cause.message})` : '';
  return new BelayError('BELAY_ACT_FAILED', `the file is written, but ${what}${why}`, {
    effect: 'unknown',
    hint: 'Reload the service by hand: it reads what the file says now.',
    cause,
  });
}
