// `<file>.belay-memory`: for each organization the value that was last seen, how often it has changed, and what it was before. It is
// bookkeeping beside the file; only the file says what is in use.
import { readFile } from 'node:fs/promises';
import { BelayError } from '../../domain/errors.ts';
import type { Instant } from '../../domain/json.ts';
import type { FileWriter } from '../../ports/file-writer.ts';

export interface Remembered {
  readonly value: string;
  readonly changes: number;
  readonly changedAt: Instant;
  readonly previous: string | null;
  /** Of the change that made `value`, when it was ours. */
  readonly key: string | null;
  /** Our change that was about to be made: if the file holds `to`, it was. */
  readonly intent?: { readonly to: string; readonly key: string; readonly at: Instant };
}
export type Memory = Readonly<Record<string, Remembered>>;

const pathOf = (file: string): string => `${file}.belay-memory`;

export async function readMemory(file: string): Promise<Memory> {
  try {
    return JSON.parse(await readFile(pathOf(file), 'utf8')) as Memory;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw unusable(file, cause);
  }
}

/** Durable when it resolves. */
export async function writeMemory(files: FileWriter, file: string, memory: Memory): Promise<void> {
  await files.replace(pathOf(file), `${JSON.stringify(memory, null, 2)}\n`, { mode: 0o644, hint: HINT });
}

const HINT = 'Belay needs to write in that folder. If the file is damaged, remove it: only the record of earlier values is lost.';

/** What is true now, from what was remembered and what the file says. A value of somebody else's is one change more. */
export function refreshed(before: Remembered | undefined, value: string, changedAt: Instant): Remembered {
  if (before === undefined) return { value, changes: 0, changedAt, previous: null, key: null };
  if (before.value === value) return before;
  const ours = before.intent?.to === value ? before.intent : undefined;
  return { value, changes: before.changes + 1, changedAt: ours?.at ?? changedAt, previous: before.value, key: ours?.key ?? null };
}

function unusable(file: string, cause: unknown): BelayError {
  const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
  return new BelayError('BELAY_TARGET_UNREACHABLE', `${pathOf(file)} cannot be used (${code})`, {
    hint: HINT,
    cause,
  });
}
