// The disk of one folder: which share of it is in use. It asks again only when the last question has been answered: a disk that hangs
// (a network file system whose server is gone) holds one of the threads that all files need, and never more.
import { statfs } from 'node:fs/promises';
import type { Time } from '../../ports/time.ts';
import { Unreadable } from './unreadable.ts';

export interface Blocks {
  readonly blocks: number;
  readonly bfree: number;
  readonly bavail: number;
}

export interface DiskDeps {
  readonly time: Pick<Time, 'sleep'>;
  readonly ask?: (path: string) => Promise<Blocks>;
}

/** @throws Unreadable, or what the file system says */
export function createDisk(path: string, { time, ask = (folder) => statfs(folder) }: DiskDeps) {
  let isAsked = false;

  return async (timeoutMs: number, signal: AbortSignal): Promise<number> => {
    if (isAsked) throw new Unreadable(`the disk of ${path} has not answered since an earlier reading`);
    if (path.includes('\0')) throw new Unreadable(`${JSON.stringify(path)} cannot be the path of a folder`);
    isAsked = true;
    const answer = ask(path).finally(() => {
      isAsked = false;
    });
    // An answer that comes too late is nobody's, also where it is an error.
    answer.catch(() => undefined);
    const stop = new AbortController();
    try {
      const late = time.sleep(timeoutMs, AbortSignal.any([signal, stop.signal])).then(() => null);
      const blocks = await Promise.race([answer, late]);
      if (blocks === null) throw new Unreadable(`the disk of ${path} gave no answer within ${timeoutMs} ms`);
      return usedShare(blocks, path);
    } finally {
      stop.abort();
    }
  };
}

/** As df says it: what is kept for root alone counts as used up. */
function usedShare({ blocks, bfree, bavail }: Blocks, path: string): number {
  const used = blocks - bfree;
  // Less than nothing is left for others than root; some systems tell it as a very large number.
  const left = bavail > bfree ? 0 : bavail;
  if (!(used >= 0 && used + left > 0)) throw new Unreadable(`${path} is on a file system that has no size`);
  return used / (used + left);
}
