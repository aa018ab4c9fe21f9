// A service of one process with a file that holds its number: begun by a program, ended by a signal or a program. It takes the word of the
// file only where that process is provably the one that was meant, and knows nothing of what it serves.
import { readFile, stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { BelayError, type Effect } from '../../domain/errors.ts';
import { labelText } from '../../domain/received.ts';
import type { ServiceOptions } from '../../domain/service-catalog.ts';
import type { Processes, ProcessSighting } from '../../ports/process.ts';
import type { ServiceControl } from '../../ports/service-control.ts';
import type { Time } from '../../ports/time.ts';

/** Clocks of files and of processes are read from different sources. */
const CLOCK_SLACK_MS = 2_000;
const LOOK_AGAIN_MS = 50;

interface Deps {
  readonly processes: Processes;
  readonly time: Pick<Time, 'now' | 'monotonicMs' | 'sleep'>;
  readonly baseDir: string;
}

/** @example createProcessService({ pidFile: 'run/web.pid', start: ['bin/web', '--daemon'], graceMs: 10_000, timeoutMs: 60_000 }, { processes, time, baseDir }) */
export function createProcessService(options: ServiceOptions<'process'>, { processes, time, baseDir }: Deps) {
  const file = resolve(baseDir, options.pidFile);
  const { graceMs, timeoutMs } = options;
  const name = basename(file).replace(/\.pid$/, '');
  const find = (): Promise<ProcessSighting | null> => proven(file, processes);
  const run = async ([program, ...args]: readonly string[]): Promise<void> => {
    const { code, stderr } = await processes.run([program ?? '', ...args], { cwd: baseDir, timeoutMs });
    if (code !== 0) throw failed(`${program} ended with ${code}: ${labelText(stderr.trim().slice(-400), 400)}`, 'unknown');
  };
  const isGone = async (was: ProcessSighting): Promise<boolean> => {
    const now = await processes.inspect(was.pid);
    return now === null || now.start !== was.start;
  };
  const end = async (): Promise<void> => {
    const was = await find();
    if (was === null) return;
    if (options.stop !== undefined) await run(options.stop);
    else await processes.signal(was, 'SIGTERM');
    for (const until = time.monotonicMs() + graceMs; time.monotonicMs() < until; await time.sleep(LOOK_AGAIN_MS))
      if (await isGone(was)) return;
    if (await isGone(was)) return;
    throw failed(`process ${was.pid} was told to end and still runs after ${graceMs} ms`, 'unknown');
  };
  const begin = async (): Promise<void> => {
    if ((await find()) === null) await run(options.start);
  };
  return {
    compareAndSet: 'none',
    verbs: ['restart', 'stop', 'start'],
    look: async () => {
      const found = await find();
      const units = found === null ? [] : [{ id: name, life: `${found.pid}@${found.start}`, ready: true, startedAt: found.startedAt }];
      return { at: time.now(), units, wanted: 1, restarts: null };
    },
    restart: async () => {
      await end();
      await begin();
    },
    stop: end,
    start: begin,
    scale: async () => {
      throw failed(`${name}: there is only one of it`, 'none');
    },
  } satisfies ServiceControl;
}

const failed = (what: string, effect: Effect): BelayError =>
  new BelayError('BELAY_ACT_FAILED', what, { effect, hint: 'Look at the process and at its own log.' });

/**
 * The process that the file names, if it is provably still that one: the second line of the file holds its start, or else it was running
 * when the file was written (a number that was given out again belongs to a younger process).
 */
async function proven(path: string, processes: Pick<Processes, 'inspect'>): Promise<ProcessSighting | null> {
  const file = await written(path);
  const seen = file === null ? null : await processes.inspect(file.pid);
  if (file === null || seen === null) return null;
  if (file.start !== '' && seen.start !== '') return file.start === seen.start ? seen : null;
  return seen.startedAt !== null && seen.startedAt <= file.writtenAt + CLOCK_SLACK_MS ? seen : null;
}

/** @throws BELAY_TARGET_UNREACHABLE */
async function written(path: string): Promise<{ readonly pid: number; readonly start: string; readonly writtenAt: number } | null> {
  try {
    const [text, { mtimeMs }] = await Promise.all([readFile(path, 'utf8'), stat(path)]);
    const [pid = '', start = ''] = text.slice(0, 1_000).split('\n');
    return /^\s*\d{1,9}\s*$/.test(pid) ? { pid: Number(pid), start: start.trim(), writtenAt: mtimeMs } : null;
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') return null;
    throw new BelayError('BELAY_TARGET_UNREACHABLE', `${path} cannot be read (${code ?? String(cause)})`, {
      hint: 'Run Belay as a user who may read it.',
      cause,
    });
  }
}
