// Who has a pid right now. It reads the system's process table and starts `ps` only where there is no /proc.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { ProcessSighting } from '../../ports/process.ts';

const hasProc = existsSync('/proc/self/stat');
/** USER_HZ: 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

export async function look(pid: number): Promise<ProcessSighting | null> {
  if (!Number.isSafeInteger(pid) || pid <= 0) return null;
  return hasProc ? lookInProc(pid) : lookWithPs(pid);
}

async function lookInProc(pid: number): Promise<ProcessSighting | null> {
  const fields = await statOf(pid);
  if (fields === null) return null;
  const [state = 'X'] = fields;
  const start = fields[19] ?? '';
  if (state === 'Z' || state === 'X') return null;
  const upSeconds = Number((await readFile('/proc/uptime', 'utf8')).split(' ')[0]);
  const startedAt = Date.now() - (upSeconds - Number(start) / TICKS_PER_SECOND) * 1000;
  return { pid, start, startedAt: Number.isFinite(startedAt) ? Math.round(startedAt) : null };
}

/** After "pid (name) ", which may hold anything: state first, start at 19. */
async function statOf(pid: number): Promise<readonly string[] | null> {
  try {
    const text = await readFile(`/proc/${pid}/stat`, 'utf8');
    return text
      .slice(text.lastIndexOf(')') + 2)
      .trim()
      .split(' ');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ESRCH') return null;
    throw error;
  }
}

async function lookWithPs(pid: number): Promise<ProcessSighting | null> {
  try {
    const { stdout } = await promisify(execFile)('ps', ['-o', 'state=,lstart=', '-p', String(pid)], { encoding: 'utf8', timeout: 5_000 });
    const [, state = 'Z', start = ''] = /^\s*(\S+)\s+(.*\S)\s*$/.exec(stdout) ?? [];
    if (state.startsWith('Z')) return null;
    const startedAt = Date.parse(start);
    return { pid, start, startedAt: Number.isNaN(startedAt) ? null : startedAt };
  } catch {
    // `ps` answers 1 when there is no such process; without a usable `ps` the system itself still says whether the pid is taken.
    return isTaken(pid) ? { pid, start: '', startedAt: null } : null;
  }
}

function isTaken(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
