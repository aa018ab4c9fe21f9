// The JSON file itself: read with a digest of its bytes, replaced in one rename. What it says of other organizations stays as it is.
import { createHash } from 'node:crypto';
import { chmod, chown, open, readFile, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { BelayError } from '../../domain/errors.ts';
import { demandSameOwner, isSameOwner } from '../../domain/file-owner.ts';
import type { Instant } from '../../domain/json.ts';

export interface FlowsDocument {
  readonly flows: Readonly<Record<string, unknown>>;
  readonly sha256: string;
  readonly changedAt: Instant;
  /** Spaces that the file is indented with. */
  readonly indent: number;
}

/** @throws BELAY_TARGET_UNREACHABLE */
export async function readDocument(file: string): Promise<FlowsDocument> {
  const bytes = await onDisk(file, () => readFile(file));
  const { mtimeMs } = await onDisk(file, () => stat(file));
  const text = bytes.toString('utf8');
  return {
    flows: parse(file, text),
    sha256: createHash('sha256').update(bytes).digest('hex'),
    changedAt: Math.round(mtimeMs),
    indent: /^\{\r?\n?([ ]*)/.exec(text)?.[1]?.length ?? 2,
  };
}

function parse(file: string, text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new BelayError('BELAY_TARGET_UNREACHABLE', `${file} is not JSON: ${(cause as Error).message}`, {
      hint: 'It holds organization and flow: { "acme": "stable" }.',
      cause,
    });
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new BelayError('BELAY_TARGET_UNREACHABLE', `${file} is not a JSON object`, {
    hint: 'It holds organization and flow: { "acme": "stable" }.',
  });
}

/**
 * Replaces the file if its bytes are still those that were read; false when somebody else wrote in between. Durable when it resolves.
 * Programs that write the file without the lock have the time of one rename left to lose their write.
 */
export async function replaceDocument(file: string, was: FlowsDocument, flows: Readonly<Record<string, unknown>>): Promise<boolean> {
  const path = await onDisk(file, () => realpath(file));
  const draft = `${path}.belay-draft`;
  try {
    await onDisk(file, () => writeLike(draft, `${JSON.stringify(flows, null, was.indent)}\n`, path));
    if ((await readDocument(file)).sha256 !== was.sha256) return false;
    await onDisk(file, () => rename(draft, path));
  } finally {
    await rm(draft, { force: true });
  }
  await syncFolder(dirname(path));
  return true;
}

/** With the rights of the file that it replaces, so that the service can still read it. */
async function writeLike(draft: string, text: string, path: string): Promise<void> {
  const { mode } = await stat(path);
  const handle = await open(draft, 'w', mode & 0o777);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await keepOwner(draft, path);
  await chmod(draft, mode & 0o777);
}

/** A change of group is also open to those who are not root and are in it. Somebody else's file is not taken from its owner. */
export async function keepOwner(draft: string, path: string, give: typeof chown = chown): Promise<void> {
  const [was, now] = await Promise.all([stat(path), stat(draft)]);
  if (isSameOwner(was, now)) return;
  await give(draft, was.uid, was.gid).catch(() => undefined);
  // What counts is what is seen.
  demandSameOwner(path, was, await stat(draft));
}

export async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function onDisk<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (BelayError.is(cause)) throw cause;
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new BelayError(code === 'ENOSPC' ? 'BELAY_DISK_FULL' : 'BELAY_TARGET_UNREACHABLE', `${file} cannot be used (${code})`, {
      hint: 'Check `file` of this switch, and that Belay may read and write it.',
      cause,
    });
  }
}
