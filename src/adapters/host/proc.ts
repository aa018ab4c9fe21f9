// The texts of /proc and of cgroup v2 as numbers. It opens no file and trusts no text: what is not as the kernel writes it is null.

/** Ticks since the machine started, over all of its processors. */
export interface CpuTimes {
  readonly busy: number;
  readonly idle: number;
  /** Idle with a disk to wait for. The kernel lets it go back. */
  readonly waiting: number;
}

// Numbers longer than this are not written by any kernel, and would not be exact.
const COUNT = /^\d{1,18}$/;
/** user nice system idle iowait irq softirq steal; guest time after them is in user and nice already. */
const FIELDS = 8;
/** Where the path of a group of processes is longer, nobody has made it by hand. */
const DEEPEST = 32;

/** @example cpuTimes('cpu  4 0 2 90 1 0 1 0 0 0\n…') // { busy: 7, idle: 90, waiting: 1 } */
export function cpuTimes(stat: string): CpuTimes | null {
  const words = (/^cpu {1,8}([\d ]{1,400})\n/.exec(stat)?.[1] ?? '').trim().split(/ +/).slice(0, FIELDS);
  if (words.length < FIELDS || !words.every((word) => COUNT.test(word))) return null;
  const [user = 0, nice = 0, system = 0, idle = 0, waiting = 0, irq = 0, softirq = 0, steal = 0] = words.map(Number);
  return { busy: user + nice + system + irq + softirq + steal, idle, waiting };
}

/** Null where no time has passed, or the counters were set back: then nothing is known about the time between. */
export function busyShare(before: CpuTimes, after: CpuTimes): number | null {
  const [busy, idle] = [after.busy - before.busy, after.idle - before.idle];
  const all = busy + idle + Math.max(0, after.waiting - before.waiting);
  return busy < 0 || idle < 0 || all <= 0 ? null : busy / all;
}

/** In bytes. */
export interface Memory {
  readonly total: number;
  readonly available: number;
}

export function memoryOf(meminfo: string): Memory | null {
  const [total, available] = [kilobytes(meminfo, 'MemTotal'), kilobytes(meminfo, 'MemAvailable')];
  return total === null || available === null || total === 0 ? null : { total, available };
}

function kilobytes(meminfo: string, name: string): number | null {
  const found = new RegExp(`^${name}: {1,40}(\\d{1,12}) kB$`, 'm').exec(meminfo)?.[1];
  return found === undefined ? null : Number(found) * 1024;
}

/** The groups that this process is in, the innermost first, as folders below the root of cgroup v2; empty where there is no v2. */
export function groupFolders(cgroup: string): readonly string[] {
  const path = /^0::(\/.{0,4000})$/m.exec(cgroup)?.[1];
  if (path === undefined) return [];
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  // A group outside of what this process may see: its limits cannot be read from here.
  if (parts.includes('..') || parts.length > DEEPEST) return [''];
  return Array.from({ length: parts.length + 1 }, (_, up) => parts.slice(0, parts.length - up).join('/'));
}

/** `memory.max`: null where there is no limit. */
export function limitOf(max: string): number | null {
  const limit = countOf(max);
  return limit === null || limit === 0 ? null : limit;
}

/** Bytes that cannot be had back at once: all of them, less the pages of files that nobody has asked for lately. */
export function heldOf(current: string, stat: string): number | null {
  const all = countOf(current);
  const files = /^inactive_file (\d{1,18})$/m.exec(stat)?.[1];
  return all === null || files === undefined ? null : Math.max(0, all - Number(files));
}

function countOf(text: string): number | null {
  const word = text.endsWith('\n') ? text.slice(0, -1) : text;
  return COUNT.test(word) ? Number(word) : null;
}
