// A program of the story as a process of its own: it outlives us, is found again by its pid file, and is ended only when it is proven
// to be that program.
import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BelayError } from '../../domain/errors.ts';
import { isSameProcess } from '../server-file.ts';

const LOOK_AGAIN_MS = 20;
const PATIENCE_MS = 15_000;
const END_MS = 8_000;
/** What the example's programs end with when another one of them is there already. */
const RUNS_ALREADY = 97;

/** The pid of the living program that a pid file names (second line: when it started), or null. */
export function livingPid(pidFile: string): number | null {
  const named = readPidFile(pidFile);
  return named !== null && isSameProcess(named.pid, named.start) ? named.pid : null;
}

function readPidFile(pidFile: string): { readonly pid: number; readonly start: string | null } | null {
  // Read at once: the program may give its file back at any moment.
  const text = readOrNull(pidFile);
  if (text === null) return null;
  const [pid = '', start = ''] = text.split('\n');
  return /^\d+$/.test(pid) ? { pid: Number(pid), start: start.trim() === '' ? null : start.trim() } : null;
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

export interface Program {
  readonly folder: string;
  readonly argv: readonly [string, ...string[]];
  /** Under `run/`: `<name>.pid` and, for what it says, `<name>.log`. */
  readonly name: string;
}

/** @returns its pid, and whether it ran before. @throws BELAY_PROCESS_FAILED when it does not come up. */
export async function ensureProgram(
  program: Program,
  isReady: (pid: number) => boolean,
): Promise<{ readonly pid: number; readonly attached: boolean }> {
  const pidFile = join(program.folder, 'run', `${program.name}.pid`);
  const before = livingPid(pidFile);
  const code = before === null ? start(program) : () => null;
  for (const until = performance.now() + PATIENCE_MS; performance.now() < until; await sleep(LOOK_AGAIN_MS)) {
    const pid = livingPid(pidFile);
    if (pid !== null && isReady(pid)) return { pid, attached: pid === before };
    const ended = code();
    if (ended !== null && ended !== RUNS_ALREADY) break;
  }
  const log = logOf(program);
  throw new BelayError('BELAY_PROCESS_FAILED', `${program.name} of the example did not come up: ${lastWords(log)}`, {
    hint: `Look into ${log}.`,
  });
}

/** @returns a look at its exit code: null while it runs. */
function start({ folder, argv, name }: Program): () => number | null {
  mkdirSync(join(folder, 'run'), { recursive: true });
  const log = openSync(logOf({ folder, name }), 'a');
  const child = spawn(process.execPath, [...argv], { cwd: folder, env: {}, detached: true, stdio: ['ignore', log, log] });
  closeSync(log);
  child.unref();
  let failed: number | null = null;
  child.on('error', () => {
    failed = 1;
  });
  return () => failed ?? child.exitCode;
}

/** Runs a program of the story to its end, whatever happens to us. */
export async function runProgram(program: Program): Promise<{ readonly code: number; readonly said: string }> {
  const code = start(program);
  for (const until = performance.now() + 60_000; performance.now() < until; await sleep(LOOK_AGAIN_MS)) {
    const ended = code();
    if (ended !== null) return { code: ended, said: lastWords(logOf(program)) };
  }
  throw new BelayError('BELAY_TIMEOUT', `${program.argv.join(' ')} did not end within a minute`, {
    effect: 'unknown',
    hint: `Look into ${logOf(program)}.`,
  });
}

/** Resolves when it is gone: it gives its pid file back before its last request has ended. */
export async function stopProgram(pidFile: string): Promise<void> {
  const named = readPidFile(pidFile);
  if (named === null || !isSameProcess(named.pid, named.start)) return;
  const { pid, start } = named;
  process.kill(pid, 'SIGTERM');
  for (const until = performance.now() + END_MS; performance.now() < until; await sleep(LOOK_AGAIN_MS))
    if (!isSameProcess(pid, start)) return;
  if (isSameProcess(pid, start)) process.kill(pid, 'SIGKILL');
}

const logOf = ({ folder, name }: Pick<Program, 'folder' | 'name'>): string => join(folder, 'run', `${name}.log`);

function lastWords(log: string): string {
  return existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n').slice(-3).join(' ') : 'it said nothing';
}
