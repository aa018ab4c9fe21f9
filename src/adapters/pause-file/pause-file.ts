// The pause mark as a file: it needs no server and no Postgres, and is read in well under a millisecond.
// A mark that cannot be read counts as set.
import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { BelayError } from '../../domain/errors.ts';
import type { Instant } from '../../domain/json.ts';
import type { Time } from '../../ports/time.ts';

export interface PauseMark {
  readonly who: string;
  readonly reason: string;
  readonly at: Instant;
}

/** One place where a pause can be marked. */
export interface PausePlace {
  readonly read: () => Promise<PauseMark | null>;
  readonly set: (mark: PauseMark) => Promise<void>;
  readonly clear: (who: string) => Promise<void>;
}

export function createPauseFile(o: { readonly dataDir: string }, deps: { readonly time: Pick<Time, 'now'> }): PausePlace {
  const path = join(o.dataDir, 'pause');
  return {
    read: async () => {
      try {
        return parse(await readFile(path, 'utf8')) ?? unreadable(path, 'it is not a pause mark', deps.time.now());
      } catch (error) {
        if (isMissing(error) && (await isDirectory(o.dataDir))) return null;
        return unreadable(path, String(error), deps.time.now());
      }
    },
    set: async (mark) => {
      try {
        await replace(o.dataDir, path, `${JSON.stringify(mark)}\n`);
      } catch (error) {
        throw new BelayError('BELAY_AUDIT_UNAVAILABLE', `the pause file ${path} cannot be written: ${String(error)}`, {
          hint: `Create the file ${path} by hand (any content pauses), or stop Belay.`,
          cause: error,
        });
      }
    },
    clear: async () => {
      try {
        await rm(path, { force: true });
        await syncDirectory(o.dataDir);
      } catch (error) {
        throw new BelayError('BELAY_AUDIT_UNAVAILABLE', `the pause file ${path} cannot be removed: ${String(error)}`, {
          hint: `Remove ${path} by hand.`,
          effect: 'unknown',
          cause: error,
        });
      }
    },
  };
}

function parse(text: string): PauseMark | null {
  try {
    const mark = JSON.parse(text) as Partial<PauseMark> | null;
    if (typeof mark?.who !== 'string' || typeof mark.reason !== 'string' || typeof mark.at !== 'number') return null;
    return { who: mark.who, reason: mark.reason, at: mark.at };
  } catch {
    // Made by hand (`touch`), or half written by something else: it pauses all the same.
    return null;
  }
}

const unreadable = (path: string, why: string, at: Instant): PauseMark => ({
  who: 'belay',
  reason: `the pause file ${path} counts as set: ${why}`,
  at,
});
const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT';

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    // Whatever hides the directory hides a mark in it.
    return false;
  }
}

async function replace(dir: string, path: string, text: string): Promise<void> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const draft = `${path}.${process.pid}.tmp`;
  const file = await open(draft, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, path);
  await syncDirectory(dir);
}

async function syncDirectory(dir: string): Promise<void> {
  const handle = await open(dir, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
