// Starts programs by argv in their own process group and ends the whole group when their time is over. No shell, no inherited
// environment, no endless output. It knows no program.
import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { BelayError } from '../../domain/errors.ts';
import type { Processes, ProcessResult } from '../../ports/process.ts';
import { createCapture } from './capture.ts';
import { createLocks } from './lock-file.ts';
import { look } from './sighting.ts';

const PATHS = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
/** Between the polite and the hard end of a group that is over its time. */
const GRACE_MS = 500;
/** A program that left a child behind may keep our pipes open: its output is not waited for longer. */
const DRAIN_MS = 200;

export interface ProcessesOptions {
  /** What every program sees; its own `env` is added. Default: a plain PATH. */
  readonly env?: Readonly<Record<string, string>>;
  /** Of stdout and of stderr each; default 1 MiB. */
  readonly maxOutputBytes?: number;
}

type Argv = readonly [string, ...string[]];
type RunOptions = Parameters<Processes['run']>[1];

export function createProcesses(options: ProcessesOptions = {}) {
  const maxBytes = options.maxOutputBytes ?? 1024 * 1024;
  const known = {
    self: async () => ({ pid: process.pid, start: (await look(process.pid))?.start ?? '' }),
    inspect: (pid: number) => look(pid),
  };
  return {
    ...known,
    locks: createLocks(known),
    run: (argv, o) => runOnce(argv, o, { maxBytes: o.maxOutputBytes ?? maxBytes, env: { PATH: PATHS, ...options.env, ...o.env } }),
    signal: async (wanted, name) => {
      if (!(name in constants.signals))
        throw new BelayError('BELAY_PROCESS_FAILED', `there is no signal ${name}`, { hint: 'Write it as SIGHUP, SIGUSR1, …' });
      const seen = await look(wanted.pid);
      if (seen === null || (wanted.start !== '' && seen.start !== wanted.start)) {
        throw new BelayError('BELAY_PROCESS_FAILED', `process ${wanted.pid} is ${seen === null ? 'gone' : 'another one by now'}`, {
          hint: 'Start the service and look at its pid file.',
        });
      }
      try {
        process.kill(wanted.pid, name);
      } catch (cause) {
        throw new BelayError('BELAY_PROCESS_FAILED', `${name} to process ${wanted.pid} was refused (${codeOf(cause)})`, {
          hint: 'Run Belay as the user of that process.',
          cause,
        });
      }
    },
  } satisfies Processes;
}

/** Once aborted it never ends: nobody waits for it any more. */
function lateAfter(ms: number, over: AbortSignal): Promise<'late'> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve('late'), ms);
    over.addEventListener('abort', () => clearTimeout(timer), { once: true });
  });
}

interface Setting {
  readonly maxBytes: number;
  readonly env: Readonly<Record<string, string>>;
}

async function runOnce(argv: Argv, o: RunOptions, { maxBytes, env }: Setting): Promise<ProcessResult> {
  const { hide = (printed: string) => printed } = o;
  const child = start(argv, o.cwd, env);
  const stdout = createCapture(child.stdout, maxBytes);
  const stderr = createCapture(child.stderr, maxBytes);
  const over = new AbortController();
  const ended = endOf(child, argv[0]).finally(() => over.abort());
  const first = await Promise.race([ended, lateAfter(o.timeoutMs, over.signal)]);
  // A program that ended as the clock struck has ended: its code is the better answer.
  const code = first === 'late' && child.exitCode === null && child.signalCode === null ? 'late' : await ended;
  if (code === 'late') {
    await endGroup(child, ended);
    const tail = (await hide(stderr.text())).trimEnd().slice(-500);
    throw new BelayError(
      'BELAY_TIMEOUT',
      `${argv[0]} did not end within ${o.timeoutMs} ms and was stopped${tail === '' ? '' : `: ${tail}`}`,
      {
        effect: 'unknown',
        hint: 'Look at what it left behind; give it more time if it is only slow.',
      },
    );
  }
  await Promise.race([Promise.all([stdout.closed, stderr.closed]), sleep(DRAIN_MS)]);
  for (const stream of [child.stdout, child.stderr]) stream?.destroy();
  return { code, stdout: stdout.text(), stderr: stderr.text() };
}

function start(argv: Argv, cwd: string | undefined, env: Readonly<Record<string, string>>): ChildProcess {
  try {
    return spawn(argv[0], argv.slice(1), {
      ...(cwd === undefined ? {} : { cwd }),
      env: { ...env },
      shell: false,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  } catch (cause) {
    throw notStarted(argv[0], cause);
  }
}

function endOf(child: ChildProcess, name: string): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', (cause) => reject(notStarted(name, cause)));
    child.once('exit', (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])));
  });
}

function notStarted(name: string, cause: unknown): BelayError {
  return new BelayError('BELAY_PROCESS_FAILED', `${name} could not be started (${codeOf(cause)})`, {
    hint: 'Name the program with its full path, and check that this user may run it. A working directory that is missing looks the same.',
    cause,
  });
}

/** The whole group, politely and then not: nothing of it may act after we have said that its outcome is unknown. */
async function endGroup(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  signalGroup(child, 'SIGTERM');
  await Promise.race([ended, sleep(GRACE_MS)]);
  signalGroup(child, 'SIGKILL');
  await ended;
  for (const stream of [child.stdout, child.stderr]) stream?.destroy();
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    if (codeOf(error) !== 'ESRCH') throw error;
  }
}

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? String(error);
