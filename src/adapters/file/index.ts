// A channel that appends one JSON object a line to a file, fsynced. The file itself answers whether a delivery arrived.

import type { FileHandle } from 'node:fs/promises';
import { mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { BelayError } from '../../domain/errors.ts';
import type { Channel, Outgoing } from '../../ports/channel.ts';

export interface FileOptions {
  /** Absolute path of the file; its folder is made. */
  readonly path: string;
}

export function createFileChannel(options: FileOptions, deps: { readonly now: () => number }) {
  const { path } = options;
  // One writer at a time: the look for the id and the line that follows it belong together.
  let last: Promise<unknown> = Promise.resolve();
  const alone = <T>(work: () => Promise<T>): Promise<T> => {
    const next = last.then(work, work);
    last = next.catch(() => undefined);
    return next;
  };
  return {
    card: { idempotent: true, reconcile: true, edit: false, thread: false, maxLength: 1_000_000, settleMs: 0 },
    send: (message, signal) => alone(() => append(path, message, deps.now(), signal)),
    reconcile: (message) =>
      alone(async () => {
        const file = await openFile(path);
        try {
          return (await has(file, message.id)).found ? { found: true as const, providerId: message.id } : { found: false as const };
        } finally {
          await file.close();
        }
      }),
    check: async () => {
      try {
        await (await openFile(path)).close();
        return { ok: true, why: `${path} can be written` };
      } catch (error) {
        return { ok: false, why: error instanceof Error ? error.message : String(error) };
      }
    },
  } satisfies Channel;
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    await mkdir(dirname(path), { recursive: true });
    return await open(path, 'a+');
  } catch (cause) {
    throw new BelayError('BELAY_CHANNEL_FAILED', `${path} cannot be opened: ${String(cause)}`, {
      hint: 'Check that the folder exists and may be written.',
      cause,
    });
  }
}

async function append(path: string, message: Outgoing, at: number, signal: AbortSignal): Promise<{ readonly providerId: string }> {
  const file = await openFile(path);
  try {
    const { found, torn } = await has(file, message.id);
    if (found) return { providerId: message.id };
    if (signal.aborted) throw new BelayError('BELAY_CHANNEL_FAILED', `${path}: given up before writing`, { effect: 'none' });
    const { subject, plain } = message.message;
    const line = JSON.stringify({
      id: message.id,
      at,
      to: message.to,
      thread: message.thread,
      resent: message.resent,
      subject,
      text: plain,
    });
    // A line torn by a kill is closed first, so that it cannot swallow this one.
    await writeLine(file, path, `${torn ? '\n' : ''}${line}\n`);
    return { providerId: message.id };
  } finally {
    await file.close();
  }
}

async function writeLine(file: FileHandle, path: string, text: string): Promise<void> {
  try {
    await file.appendFile(text, 'utf8');
    await file.datasync();
  } catch (cause) {
    throw new BelayError('BELAY_CHANNEL_FAILED', `${path} cannot be written: ${String(cause)}`, {
      effect: 'unknown',
      hint: 'Is the disk full?',
      cause,
    });
  }
}

async function has(file: FileHandle, id: string): Promise<{ readonly found: boolean; readonly torn: boolean }> {
  const { size } = await file.stat();
  const bytes = Buffer.alloc(size);
  await file.read(bytes, 0, size, 0);
  const text = bytes.toString('utf8');
  return { found: text.split('\n').some((line) => idOf(line) === id), torn: text !== '' && !text.endsWith('\n') };
}

function idOf(line: string): string | null {
  if (line === '') return null;
  try {
    const value = JSON.parse(line) as { readonly id?: unknown } | null;
    return typeof value?.id === 'string' ? value.id : null;
  } catch {
    // A line torn by a kill never arrived: whoever asks for it is told that it is not there.
    return null;
  }
}
