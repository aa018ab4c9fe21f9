// Owns finding processes that a test run left behind, by a mark in their environment. Refuses to touch a process without that mark.
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Leftover {
  readonly pid: number;
  readonly command: string;
}

/** Linux only; elsewhere nothing is known and nothing is claimed. */
export function leftovers(mark: string): readonly Leftover[] {
  if (process.platform !== 'linux') return [];
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  return pids
    .filter((pid) => read(pid, 'environ').includes(mark))
    .map((pid) => ({ pid: Number(pid), command: read(pid, 'cmdline').replaceAll('\0', ' ').trim() }))
    .filter((found) => found.command !== '');
}

/** Waits for stragglers to end on their own, then ends what is left and answers with it. */
export async function endLeftovers(mark: string, graceMs: number): Promise<readonly Leftover[]> {
  const until = Date.now() + graceMs;
  while (leftovers(mark).length > 0 && Date.now() < until) await sleep(100);
  const left = leftovers(mark);
  for (const { pid } of left) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended between the look and the signal, which is what we wanted.
    }
  }
  return left;
}

function read(pid: string, what: 'environ' | 'cmdline'): string {
  try {
    return readFileSync(`/proc/${pid}/${what}`, 'utf8');
  } catch {
    // Ended meanwhile, or another user's: not ours in either case.
    return '';
  }
}
