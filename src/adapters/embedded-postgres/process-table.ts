// Who lives on this host, and which processes work on a cluster. A pid alone proves nothing: numbers are given out again.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';

const hasProc = existsSync('/proc/self/stat');

/** False for a zombie: it answers signals, and holds nothing. */
export function isAlive(pid: number): boolean {
  return hasProc ? !['X', 'Z'].includes(statFields(pid)?.[0] ?? 'X') : answersSignals(pid);
}

/** True for a zombie too. */
export function answersSignals(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Since boot, in ticks; tells two processes of one number apart. Empty where the system does not say. */
export function startOf(pid: number): string {
  return hasProc ? (statFields(pid)?.[19] ?? '') : '';
}

/** Living processes whose working directory is the cluster: every process of a Postgres goes there, and nobody else does. */
export function processesOn(cluster: string): readonly number[] {
  if (!hasProc) return postgresByCommand(cluster);
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => cwdOf(pid) === cluster && isAlive(pid));
}

function cwdOf(pid: number): string | null {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    // Gone, or of a user whose processes we may not see: not one that we started.
    return null;
  }
}

/** After "pid (name) ": state first, start time at 19. */
function statFields(pid: number): readonly string[] | null {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\)/s, '').trim().split(' ');
  } catch {
    return null;
  }
}

function postgresByCommand(cluster: string): readonly number[] {
  const lines = execFileSync('ps', ['-axo', 'pid=,command='], { encoding: 'utf8' }).split('\n');
  return lines.filter((line) => line.includes('postgres') && line.includes(cluster)).map((line) => Number.parseInt(line, 10));
}
